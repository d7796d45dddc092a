//! Which domain records lie in the store, under which kind number. A number is never used again for another record.

use serde::{Deserialize, Serialize};

use super::envelope::Record;
use crate::domain::chain::ChainVersion;
use crate::domain::dataset::{DatasetVersion, RowPage};
use crate::domain::decision::Decision;
use crate::domain::draft::Draft;
use crate::domain::example::Example;
use crate::domain::outcome::Outcome;
use crate::domain::policy::Policy;
use crate::domain::progress::FailureLine;
use crate::domain::promotion::Promotion;
use crate::domain::prompt::Prompt;
use crate::domain::release::Release;
use crate::domain::review::Review;
use crate::domain::run::{Run, RunEnd};
use crate::domain::suite::SuiteVersion;
use crate::domain::trace::Trace;
use crate::domain::version::PromptVersion;

macro_rules! records {
    ($($type:ty = $kind:literal),+ $(,)?) => {
        $(impl Record for $type {
            const KIND: u16 = $kind;
            const SCHEMA: u16 = 1;
        })+

        /// Every kind number in use.
        #[cfg(test)]
        pub(super) const KINDS: &[u16] = &[$($kind),+];
    };
}

records! {
    Policy = 1,
    Prompt = 2,
    Draft = 3,
    PromptVersion = 4,
    ChainVersion = 5,
    Example = 6,
    RowPage = 7,
    DatasetVersion = 8,
    SuiteVersion = 9,
    Run = 10,
    RunEnd = 11,
    Outcome = 12,
    FailureLine = 13,
    Review = 14,
    Decision = 15,
    Promotion = 16,
    Release = 17,
    Trace = 18,
    Mark = 19,
    OutcomeIndex = 20,
}

/// The value of a key that says all by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark;

/// Where the outcome of an example lies in its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OutcomeIndex(pub(super) u64);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn every_kind_has_its_own_number() {
        let distinct: HashSet<_> = super::KINDS.iter().collect();
        assert_eq!(distinct.len(), super::KINDS.len());
    }
}
