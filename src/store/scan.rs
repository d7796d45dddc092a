//! Which keys a scan reads, and in which order.

use std::ops::Bound;

/// The order of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Ascending keys.
    #[default]
    Forward,
    /// Descending keys.
    Backward,
}

/// The lower and the upper bound of some keys.
pub type KeyRange = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// Which keys to read: those with a prefix, in order, from a start, at most so many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Only keys that begin with these bytes.
    pub prefix: Vec<u8>,
    /// Where the scan starts, in its own direction: a backward scan yields this key and smaller ones.
    pub start: Bound<Vec<u8>>,
    /// The order of the keys.
    pub direction: Direction,
    /// The most entries to return; they are held in memory together.
    pub limit: usize,
}

impl Scan {
    /// The first `limit` entries with this prefix, in ascending order.
    pub fn prefix(prefix: impl Into<Vec<u8>>, limit: usize) -> Self {
        Self {
            prefix: prefix.into(),
            start: Bound::Unbounded,
            direction: Direction::Forward,
            limit,
        }
    }

    /// Starts at this key, itself included.
    #[must_use]
    pub fn from(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.start = Bound::Included(key.into());
        self
    }

    /// Starts after this key, itself left out: the last key of a page gives the next page.
    #[must_use]
    pub fn after(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.start = Bound::Excluded(key.into());
        self
    }

    /// Descending order.
    #[must_use]
    pub fn backward(mut self) -> Self {
        self.direction = Direction::Backward;
        self
    }

    /// The range of keys that the scan may yield, in either direction; `None` when there can be none.
    pub fn range(&self) -> Option<KeyRange> {
        let mut low = Bound::Included(self.prefix.clone());
        let mut high = prefix_end(&self.prefix).map_or(Bound::Unbounded, Bound::Excluded);
        let start = self.start.clone();
        match self.direction {
            Direction::Forward if starts_above(&start, &self.prefix) => low = start,
            Direction::Backward if ends_below(&start, &high) => high = start,
            Direction::Forward | Direction::Backward => {}
        }
        let empty = match (&low, &high) {
            (Bound::Included(low), Bound::Included(high)) => low > high,
            (Bound::Included(low) | Bound::Excluded(low), Bound::Included(high) | Bound::Excluded(high)) => low >= high,
            _ => false,
        };
        (!empty).then_some((low, high))
    }
}

fn starts_above(start: &Bound<Vec<u8>>, prefix: &[u8]) -> bool {
    match start {
        Bound::Included(key) | Bound::Excluded(key) => key.as_slice() >= prefix,
        Bound::Unbounded => false,
    }
}

fn ends_below(start: &Bound<Vec<u8>>, high: &Bound<Vec<u8>>) -> bool {
    match (start, high) {
        (Bound::Unbounded, _) => false,
        (Bound::Included(key) | Bound::Excluded(key), Bound::Included(high) | Bound::Excluded(high)) => key < high,
        (_, Bound::Unbounded) => true,
    }
}

/// The first part of a key, up to its first slash: what kind of thing lies under it.
pub(super) fn space_of(key: &[u8]) -> &[u8] {
    key.split(|byte| *byte == b'/').next().unwrap_or(key)
}

/// The smallest key above every key with the prefix, or nothing when there is no such key.
fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_follows_prefix_start_and_direction() {
        use Bound::{Excluded, Included, Unbounded};
        let key = |text: &str| text.as_bytes().to_vec();
        let cases = [
            (Scan::prefix("", 1), Included(key("")), Unbounded),
            (Scan::prefix("a/", 1), Included(key("a/")), Excluded(key("a0"))),
            (
                Scan::prefix("a/", 1).from("a/5"),
                Included(key("a/5")),
                Excluded(key("a0")),
            ),
            (
                Scan::prefix("a/", 1).after("a/"),
                Excluded(key("a/")),
                Excluded(key("a0")),
            ),
            (
                Scan::prefix("a/", 1).from("A"),
                Included(key("a/")),
                Excluded(key("a0")),
            ),
            (
                Scan::prefix("a/", 1).backward(),
                Included(key("a/")),
                Excluded(key("a0")),
            ),
            (
                Scan::prefix("a/", 1).from("a/5").backward(),
                Included(key("a/")),
                Included(key("a/5")),
            ),
            (
                Scan::prefix("a/", 1).after("a/5").backward(),
                Included(key("a/")),
                Excluded(key("a/5")),
            ),
            (
                Scan::prefix("a/", 1).from("z").backward(),
                Included(key("a/")),
                Excluded(key("a0")),
            ),
            (Scan::prefix([255, 255], 1), Included(vec![255, 255]), Unbounded),
            (Scan::prefix([1, 255], 1), Included(vec![1, 255]), Excluded(vec![2])),
        ];
        for (scan, low, high) in cases {
            assert_eq!(scan.range(), Some((low, high)), "{scan:?}");
        }
        let empty = [
            Scan::prefix("a/", 1).from("b"),
            Scan::prefix("a/", 1).after("a0"),
            Scan::prefix("a/", 1).from("A").backward(),
            Scan::prefix("a/", 1).after("a/").backward(),
            Scan::prefix("", 1).after("").backward(),
        ];
        for scan in empty {
            assert_eq!(scan.range(), None, "{scan:?}");
        }
    }
}
