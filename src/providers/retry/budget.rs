//! What a run may try again: a bucket that empties while nothing is answered, so that a dead provider gets one request
//! for each example and no more.

use std::sync::atomic::{AtomicU32, Ordering};

/// Retries of a full bucket: a bad minute of a provider that lives costs less.
const RETRIES_MAX: u32 = 100;
/// Answers that pay for one retry.
const ANSWERS_PER_RETRY: u32 = 2;
const FULL: u32 = RETRIES_MAX * ANSWERS_PER_RETRY;

/// The bucket, full at the start.
#[derive(Debug)]
pub struct RetryBudget {
    /// In parts of which [`ANSWERS_PER_RETRY`] make one retry.
    parts: AtomicU32,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self {
            parts: AtomicU32::new(FULL),
        }
    }
}

impl RetryBudget {
    /// Takes one retry; false where none is left.
    pub(super) fn take(&self) -> bool {
        self.change(|parts| parts.checked_sub(ANSWERS_PER_RETRY))
    }

    /// Puts back what an answer pays for.
    pub(super) fn give(&self) {
        self.change(|parts| (parts < FULL).then(|| parts + 1));
    }

    fn change(&self, change: impl FnMut(u32) -> Option<u32>) -> bool {
        self.parts
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_empties_without_answers_and_fills_up_to_the_brim() {
        let budget = RetryBudget::default();
        let taken = (0..RETRIES_MAX * 2).filter(|_| budget.take()).count();
        assert_eq!(taken, 100);
        budget.give();
        assert!(!budget.take(), "one answer pays for half a retry");
        budget.give();
        assert!(budget.take() && !budget.take());
        (0..FULL * 2).for_each(|_| budget.give());
        assert_eq!((0..RETRIES_MAX * 2).filter(|_| budget.take()).count(), 100);
    }
}
