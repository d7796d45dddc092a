//! The hash over a run's outcomes, made while they come: only those that are ahead of a slower one are held.

use std::collections::BTreeMap;

use crate::domain::hash::{ContentHash, HashList};

/// The hash so far.
#[derive(Debug, Default)]
pub(super) struct OutcomesHash {
    list: HashList,
    /// The number of the outcome that comes next in the list.
    next: u64,
    ahead: BTreeMap<u64, ContentHash>,
}

impl OutcomesHash {
    /// Takes in the hash of an outcome; each number comes once.
    pub(super) fn push(&mut self, number: u64, hash: ContentHash) {
        if number != self.next {
            self.ahead.insert(number, hash);
            return;
        }
        self.list.push(&hash);
        self.next += 1;
        while let Some(hash) = self.ahead.remove(&self.next) {
            self.list.push(&hash);
            self.next += 1;
        }
    }

    /// The hash over all that came, in order; those that never came are left out.
    pub(super) fn finish(mut self) -> ContentHash {
        for hash in self.ahead.values() {
            self.list.push(hash);
        }
        self.list.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_order_in_which_outcomes_come_makes_no_difference(
            order in Just((0..40_u64).collect::<Vec<_>>()).prop_shuffle(),
            missing in prop::collection::hash_set(0..40_u64, 0..6),
        ) {
            let hash = |number: u64| ContentHash::of_bytes(&number.to_le_bytes());
            let came = |number: &u64| !missing.contains(number);
            let mut rolling = OutcomesHash::default();
            for number in order.into_iter().filter(came) {
                rolling.push(number, hash(number));
            }
            let bytes: Vec<u8> = (0..40).filter(came).flat_map(|number| *hash(number).as_bytes()).collect();
            prop_assert_eq!(rolling.finish(), ContentHash::of_bytes(&bytes));
        }
    }
}
