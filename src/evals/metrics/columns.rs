//! What is kept of [`BLOCK`] examples that stand next to each other, in as little room as what they came to allows.

use super::entry::Cell;

/// Examples in a block: one for each bit of a word.
pub(super) const BLOCK: usize = 64;

/// A number for each example of a block.
#[derive(Debug, Clone)]
pub(super) enum Numbers {
    /// The same for all.
    Same(u32),
    /// One for each.
    Each(Box<[u32; BLOCK]>),
}

impl Numbers {
    pub(super) fn get(&self, at: usize) -> u32 {
        match self {
            Self::Same(number) => *number,
            Self::Each(numbers) => numbers.get(at).copied().unwrap_or_default(),
        }
    }

    pub(super) fn set(&mut self, at: usize, number: u32) {
        match self {
            Self::Same(same) if *same == number => {}
            Self::Same(same) => {
                *self = Self::Each(Box::new([*same; BLOCK]));
                self.set(at, number);
            }
            Self::Each(numbers) => {
                if let Some(old) = numbers.get_mut(at) {
                    *old = number;
                }
            }
        }
    }
}

/// A metric's cells of a block.
#[derive(Debug, Clone)]
pub(super) enum Column {
    /// One trial of each example at most, a hit or none: a bit for each that has one, and a bit for each hit.
    Trials { counted: u64, hits: u64 },
    /// One whole number of each example at most, such as a latency: 0 for none, otherwise one more than the number.
    Wholes(Box<[u32; BLOCK]>),
    /// Anything.
    Any(Box<[Cell; BLOCK]>),
}

impl Column {
    pub(super) fn empty() -> Self {
        Self::Trials { counted: 0, hits: 0 }
    }

    pub(super) fn get(&self, at: usize) -> Cell {
        match self {
            Self::Trials { counted, hits } => Cell {
                sum: if has(*hits, at) { 1.0 } else { 0.0 },
                count: u32::from(has(*counted, at)),
            },
            Self::Wholes(codes) => match codes.get(at).copied().unwrap_or_default().checked_sub(1) {
                Some(number) => Cell {
                    sum: f64::from(number),
                    count: 1,
                },
                None => Cell::default(),
            },
            Self::Any(cells) => cells.get(at).copied().unwrap_or_default(),
        }
    }

    pub(super) fn set(&mut self, at: usize, cell: Cell) {
        while !self.holds(at, cell) {
            *self = self.wider();
        }
    }

    /// Sets a cell where it can be told in this form.
    fn holds(&mut self, at: usize, cell: Cell) -> bool {
        match (self, code(cell)) {
            (Self::Trials { counted, hits }, Some(code @ 0..=2)) => {
                put(counted, at, code > 0);
                put(hits, at, code == 2);
                true
            }
            (Self::Wholes(codes), Some(code)) => {
                if let Some(old) = codes.get_mut(at) {
                    *old = code;
                }
                true
            }
            (Self::Any(cells), _) => {
                if let Some(old) = cells.get_mut(at) {
                    *old = cell;
                }
                true
            }
            _ => false,
        }
    }

    fn wider(&self) -> Self {
        let cells: [Cell; BLOCK] = std::array::from_fn(|at| self.get(at));
        match self {
            Self::Trials { .. } => Self::Wholes(Box::new(cells.map(|cell| code(cell).unwrap_or_default()))),
            Self::Wholes(_) | Self::Any(_) => Self::Any(Box::new(cells)),
        }
    }
}

/// A cell as a column of whole numbers tells it; `None` for one that it cannot tell.
fn code(cell: Cell) -> Option<u32> {
    let Cell { sum, count } = cell;
    let is_whole = sum.fract() == 0.0 && (0.0..f64::from(u32::MAX)).contains(&sum);
    match count {
        0 if sum == 0.0 => Some(0),
        1 if is_whole => Some(whole(sum) + 1),
        _ => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number from 0 to below the largest that fits"
)]
fn whole(sum: f64) -> u32 {
    sum as u32
}

/// Whether a bit is set.
pub(super) fn has(bits: u64, at: usize) -> bool {
    (bits >> at) & 1 == 1
}

/// Sets a bit, or takes it away.
pub(super) fn put(bits: &mut u64, at: usize, is_set: bool) {
    let bit = 1 << at;
    *bits = if is_set { *bits | bit } else { *bits & !bit };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What metrics make: trials, latencies, costs, scores, sums over repeats.
    fn cell() -> impl Strategy<Value = Cell> {
        let sum = prop_oneof![
            Just(0.0),
            Just(1.0),
            Just(2.0),
            Just(0.25),
            Just(-1.0),
            Just(f64::from(u32::MAX)),
            Just(f64::from(u32::MAX) - 1.0),
            (0..10_000_u32).prop_map(f64::from),
        ];
        (sum, 0..3_u32).prop_map(|(sum, count)| Cell { sum, count })
    }

    proptest! {
        #[test]
        fn cells_come_back_as_they_were_set(cells in prop::collection::vec((0..BLOCK, cell()), 0..200)) {
            let mut column = Column::empty();
            let mut plain = [Cell::default(); BLOCK];
            for (at, cell) in cells {
                column.set(at, cell);
                plain[at] = cell;
                for (at, cell) in plain.iter().enumerate() {
                    prop_assert_eq!(column.get(at), *cell);
                }
            }
        }

        #[test]
        fn numbers_come_back_as_they_were_set(set in prop::collection::vec((0..BLOCK, 0..3_u32), 0..200)) {
            let mut numbers = Numbers::Same(0);
            let mut plain = [0; BLOCK];
            for (at, number) in set {
                numbers.set(at, number);
                plain[at] = number;
                prop_assert!((0..BLOCK).all(|at| numbers.get(at) == plain[at]));
            }
        }
    }

    #[test]
    fn passed_and_failed_examples_take_two_bits() {
        let mut column = Column::empty();
        for at in 0..BLOCK {
            column.set(
                at,
                Cell {
                    sum: if at % 3 == 0 { 1.0 } else { 0.0 },
                    count: 1,
                },
            );
        }
        assert!(matches!(column, Column::Trials { .. }));
    }
}
