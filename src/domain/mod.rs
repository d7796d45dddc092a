//! The nouns of the design, one file each, with the rules that make them valid.
//! May use: no other layer of ours.
//! Must never: do I/O, read a clock, be async, draw randomness, or keep a self-describing JSON value in a stored type.

pub mod action;
pub mod actor;
pub mod alias;
pub mod answer;
pub mod approvals;
pub mod calibration;
mod canonical;
pub mod caveats;
pub mod chain;
pub mod chain_diff;
pub mod combination;
pub mod condition;
mod condition_rules;
pub mod confusion;
pub mod dataset;
pub mod decision;
pub mod diff;
pub mod draft;
pub mod endpoint;
pub mod example;
pub mod failure_category;
pub mod gate;
pub mod grader;
pub mod grader_rules;
pub mod hash;
pub mod ids;
pub mod json;
pub mod judge;
pub mod judgement;
pub mod label;
pub mod metric;
pub mod model;
pub mod money;
pub mod origin;
pub mod outcome;
pub mod path_result;
pub mod people;
pub mod person;
pub mod person_key;
pub mod policy;
pub mod progress;
pub mod promotion;
pub mod prompt;
pub mod quarantine;
pub mod reason;
pub mod release;
pub mod review;
pub mod run;
pub mod run_end;
pub mod run_step;
pub mod same;
pub mod signature;
pub mod step;
pub mod subject;
pub mod suite;
pub mod time;
pub mod trace;
pub mod triage;
pub mod unit;
pub mod value_path;
pub mod variant;
pub mod version;

/// What a record's own rules say is wrong with it. The text reads after "refused:".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// A name or id is not written as such names are.
    #[error("{what} '{given}' is not valid: {why}")]
    BadName {
        /// What kind of name was expected, such as "prompt name".
        what: &'static str,
        /// The text that was given.
        given: String,
        /// The rule that it breaks.
        why: String,
    },
    /// A field breaks a rule of its record.
    #[error("{field}: {why}")]
    BadField {
        /// The field, as it is written in files.
        field: String,
        /// The rule that it breaks.
        why: String,
    },
    /// A record is not what its hash says.
    #[error("{record} does not match its hash: recorded {recorded}, computed {computed}")]
    HashMismatch {
        /// The id of the record.
        record: String,
        /// The hash that the record carries.
        recorded: String,
        /// The hash of what it holds.
        computed: String,
    },
    /// An act that the order of the release path does not allow.
    #[error("{0}")]
    NotAllowed(String),
    /// An act that the roles of whoever acts do not allow.
    #[error("{why}")]
    NotPermitted {
        /// What they may not do, what it takes, and what they are.
        why: String,
        /// Whom to ask; begins with a verb.
        ask: String,
    },
}

impl DomainError {
    /// A broken rule of one field.
    pub fn field(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self::BadField {
            field: field.into(),
            why: why.into(),
        }
    }
}
