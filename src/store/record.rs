//! Which domain records lie in the store, under which kind number. A number is never used again for another record.

use serde::{Deserialize, Serialize};

use super::envelope::{DecodeError, Record, decode_payload};
use super::frozen::outcome_1::Outcome1;
use super::frozen::run_1::{Run1, RunEnd1};
use crate::domain::alias::Resolution;
use crate::domain::answer::StoredAnswer;
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
use crate::domain::run::{Run, RunEnd, RunStep};
use crate::domain::suite::SuiteVersion;
use crate::domain::trace::Trace;
use crate::domain::version::PromptVersion;

/// `kind` is in its first layout; `kind, 2: Older` is in its second, and reads the first through `Older`.
macro_rules! records {
    ($($type:ty = $kind:literal $(, $schema:literal: $older:ty)?);+ $(;)?) => {
        $(record!($type, $kind $(, $schema, $older)?);)+

        /// Every kind number in use.
        #[cfg(test)]
        pub(super) const KINDS: &[u16] = &[$($kind),+];
    };
}

macro_rules! record {
    ($type:ty, $kind:literal) => {
        impl Record for $type {
            const KIND: u16 = $kind;
            const SCHEMA: u16 = 1;
        }
    };
    ($type:ty, $kind:literal, $schema:literal, $older:ty) => {
        impl Record for $type {
            const KIND: u16 = $kind;
            const SCHEMA: u16 = $schema;

            fn decode_older(schema: u16, payload: &[u8]) -> Option<Result<Self, DecodeError>> {
                (schema + 1 == $schema).then(|| decode_payload::<$older>(payload).map(Self::from))
            }
        }
    };
}

records! {
    Policy = 1;
    Prompt = 2;
    Draft = 3;
    PromptVersion = 4;
    ChainVersion = 5;
    Example = 6;
    RowPage = 7;
    DatasetVersion = 8;
    SuiteVersion = 9;
    Run = 10, 2: Run1;
    RunEnd = 11, 2: RunEnd1;
    Outcome = 12, 2: Outcome1;
    FailureLine = 13;
    Review = 14;
    Decision = 15;
    Promotion = 16;
    Release = 17;
    Trace = 18;
    Mark = 19;
    OutcomeIndex = 20;
    RunStep = 21;
    Resolution = 22;
    StoredAnswer = 23;
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
