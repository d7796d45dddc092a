//! Which domain records lie in the store, under which kind number. A number is never used again for another record.

use serde::{Deserialize, Serialize};

use super::envelope::{self, DecodeError, EnvelopeError, Label, Record, decode_payload};
use super::frozen::chain_1::ChainVersion1;
use super::frozen::outcome_1::Outcome1;
use super::frozen::outcome_2::Outcome2;
use super::frozen::outcome_3::Outcome3;
use super::frozen::policy_1::Policy1;
use super::frozen::run_1::{Run1, RunEnd1};
use super::frozen::run_2::Run2;
use super::frozen::run_end_2::RunEnd2;
use super::frozen::run_end_3::RunEnd3;
use super::frozen::suite_1::SuiteVersion1;
use super::frozen::trace_1::Trace1;
use crate::domain::alias::Resolution;
use crate::domain::answer::StoredAnswer;
use crate::domain::chain::ChainVersion;
use crate::domain::dataset::{DatasetVersion, RowPage};
use crate::domain::decision::Decision;
use crate::domain::draft::Draft;
use crate::domain::example::Example;
use crate::domain::label::HumanLabel;
use crate::domain::outcome::Outcome;
use crate::domain::person::Person;
use crate::domain::policy::Policy;
use crate::domain::progress::FailureLine;
use crate::domain::promotion::Promotion;
use crate::domain::prompt::Prompt;
use crate::domain::quarantine::Quarantine;
use crate::domain::release::Release;
use crate::domain::review::Review;
use crate::domain::run::{Run, RunEnd, RunStep};
use crate::domain::signature::Signature;
use crate::domain::suite::SuiteVersion;
use crate::domain::time::with_milliseconds;
use crate::domain::trace::Trace;
use crate::domain::triage::Triage;
use crate::domain::variant::Variant;
use crate::domain::version::PromptVersion;

/// `kind` is in its first layout; `kind, 2: Older = 1` is in its second, and reads the first through `Older`.
macro_rules! records {
    ($($type:ty = $kind:literal $(, $schema:literal: $($older:ty = $number:literal),+)?);+ $(;)?) => {
        $(record!($type, $kind $(, $schema, $($older = $number),+)?);)+

        /// A stored record as JSON, with its type's name and schema number; `None` for a record of no known type.
        pub(super) fn to_json(bytes: &[u8]) -> Option<Result<Plain, EnvelopeError>> {
            let label = envelope::label(bytes)?;
            $(if label == label_of::<$type>() {
                return Some(plain::<$type>(stringify!($type), bytes));
            }
            $($(if label == label_of::<$older>() {
                return Some(plain::<$older>(stringify!($type), bytes));
            })+)?)+
            None
        }

        /// The bytes that a record has in the store; `None` for a type that is not known.
        pub(super) fn from_json(plain: &Plain) -> Option<Result<Vec<u8>, String>> {
            $(if plain.name == stringify!($type) && plain.schema == <$type as Record>::SCHEMA {
                return Some(stored::<$type>(&plain.record));
            }
            $($(if plain.name == stringify!($type) && plain.schema == <$older as Record>::SCHEMA {
                return Some(stored::<$older>(&plain.record));
            })+)?)+
            None
        }

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
    ($type:ty, $kind:literal, $schema:literal, $($older:ty = $number:literal),+) => {
        impl Record for $type {
            const KIND: u16 = $kind;
            const SCHEMA: u16 = $schema;

            fn decode_older(schema: u16, payload: &[u8]) -> Option<Result<Self, DecodeError>> {
                match schema {
                    $($number => Some(decode_payload::<$older>(payload).map(Self::from)),)+
                    _ => None,
                }
            }
        }

        $(impl Record for $older {
            const KIND: u16 = $kind;
            const SCHEMA: u16 = $number;
        })+
    };
}

records! {
    Policy = 1, 2: Policy1 = 1;
    Prompt = 2;
    Draft = 3;
    PromptVersion = 4;
    ChainVersion = 5, 2: ChainVersion1 = 1;
    Example = 6;
    RowPage = 7;
    DatasetVersion = 8;
    SuiteVersion = 9, 2: SuiteVersion1 = 1;
    Run = 10, 3: Run1 = 1, Run2 = 2;
    RunEnd = 11, 4: RunEnd1 = 1, RunEnd2 = 2, RunEnd3 = 3;
    Outcome = 12, 4: Outcome1 = 1, Outcome2 = 2, Outcome3 = 3;
    FailureLine = 13;
    Review = 14;
    Decision = 15;
    Promotion = 16;
    Release = 17;
    Trace = 18, 2: Trace1 = 1;
    Mark = 19;
    OutcomeIndex = 20;
    RunStep = 21;
    Resolution = 22;
    StoredAnswer = 23;
    Quarantine = 24;
    HumanLabel = 25;
    Triage = 26;
    Variant = 27;
    Person = 28;
    Signature = 29;
}

/// A record as an export has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Plain {
    /// The name of its type.
    #[serde(rename = "type")]
    pub(super) name: String,
    pub(super) schema: u16,
    pub(super) record: serde_json::Value,
}

fn label_of<R: Record>() -> Label {
    Label {
        kind: R::KIND,
        schema: R::SCHEMA,
    }
}

fn plain<R: Record>(name: &str, bytes: &[u8]) -> Result<Plain, EnvelopeError> {
    let refused = |why: String| EnvelopeError::Encode {
        kind: R::KIND,
        schema: R::SCHEMA,
        why,
    };
    let record: R = envelope::decode(bytes)?;
    let json = with_milliseconds(|| serde_json::to_value(&record)).map_err(|error| refused(error.to_string()))?;
    // What an export cannot give back exactly would be lost by it.
    if stored::<R>(&json).map_err(refused)? != envelope::encode(&record)? {
        return Err(refused("as JSON it would be another record".into()));
    }
    Ok(Plain {
        name: name.to_owned(),
        schema: R::SCHEMA,
        record: json,
    })
}

fn stored<R: Record>(json: &serde_json::Value) -> Result<Vec<u8>, String> {
    // Through text, as an import will read it.
    let record: R = serde_json::from_str(&json.to_string()).map_err(|error| error.to_string())?;
    envelope::encode(&record).map_err(|error| error.to_string())
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
