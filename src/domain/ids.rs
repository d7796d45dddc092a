//! Names and ids as people type and read them: `support_triage_v12`, `support_triage_prod_v9`,
//! `support_triage_regression@2026-06-01`, `triage_quality@v8`, `run_421`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::promotion::Environment;

/// Longest name of a prompt, dataset, suite or chain, in bytes: three names and their suffixes fit one store key.
pub const NAME_BYTES_MAX: usize = 64;
/// Longest id of an example, in bytes.
pub const EXAMPLE_ID_BYTES_MAX: usize = 128;

/// Why `name` is not a plain name: lower-case letters, digits and underscores, beginning with a letter.
fn plain_name_fault(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("it is empty".into());
    }
    if name.len() > NAME_BYTES_MAX {
        return Some(format!("it is longer than {NAME_BYTES_MAX} bytes"));
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Some("it must begin with a lower-case letter".into());
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (!name.chars().all(allowed)).then(|| "use lower-case letters, digits and underscores, as in support_triage".into())
}

/// Why `name` would be read as an id rather than as a prompt's name.
fn id_suffix_fault(name: &str) -> Option<String> {
    if let Some((_, tail)) = name.rsplit_once("_v")
        && !tail.is_empty()
        && tail.bytes().all(|b| b.is_ascii_digit())
    {
        return Some(format!("it ends like a version number (_v{tail})"));
    }
    Environment::ALL
        .iter()
        .find(|environment| name.ends_with(&format!("_{}", environment.short())))
        .map(|environment| format!("it ends like an environment (_{})", environment.short()))
}

macro_rules! plain_name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $fault:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $type(String);

        impl $type {
            /// Checks the text against the rule for such names.
            pub fn new(text: impl Into<String>) -> Result<Self, DomainError> {
                let text = text.into();
                let fault: fn(&str) -> Option<String> = $fault;
                match fault(&text) {
                    None => Ok(Self(text)),
                    Some(why) => Err(DomainError::BadName { what: $what, given: text, why }),
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl_text_id!($type, $what);
    };
}

/// `Display` and `FromStr` are the one way to write and read an id; serde uses the same text.
macro_rules! impl_text_id {
    ($type:ident, $what:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl FromStr for $type {
            type Err = DomainError;
            fn from_str(text: &str) -> Result<Self, DomainError> {
                Self::new(text)
            }
        }
        impl From<$type> for String {
            fn from(id: $type) -> String {
                id.0
            }
        }
        impl TryFrom<String> for $type {
            type Error = DomainError;
            fn try_from(text: String) -> Result<Self, DomainError> {
                Self::new(text)
            }
        }
    };
}

plain_name!(
    /// The name of a prompt, such as `support_triage`.
    PromptName, "prompt name", |name| plain_name_fault(name).or_else(|| id_suffix_fault(name))
);
plain_name!(
    /// The name of a dataset, such as `support_triage_regression`.
    DatasetName, "dataset name", plain_name_fault
);
plain_name!(
    /// The name of a suite, such as `triage_quality`.
    SuiteName, "suite name", plain_name_fault
);
plain_name!(
    /// The name of a chain, such as `triage_flow`.
    ChainName, "chain name", plain_name_fault
);
plain_name!(
    /// The label of a dataset version: `v4` or a date such as `2026-05-15`.
    DatasetLabel, "dataset label", |label| {
        let ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if label.is_empty() || label.len() > NAME_BYTES_MAX || !label.chars().all(ok) {
            Some("use letters, digits, dots, dashes and underscores, as in v4 or 2026-05-15".into())
        } else {
            None
        }
    }
);
plain_name!(
    /// The id of an example inside its dataset: any printable text without spaces, slashes or control characters.
    ExampleId, "example id", |id| {
        if id.is_empty() {
            Some("it is empty".into())
        } else if id.len() > EXAMPLE_ID_BYTES_MAX {
            Some(format!("it is longer than {EXAMPLE_ID_BYTES_MAX} bytes"))
        } else if id.chars().any(|c| c.is_control() || c.is_whitespace() || c == '/') {
            Some("it holds a space, a slash or a control character".into())
        } else {
            None
        }
    }
);
plain_name!(
    /// The id of a trace, as the application gave it.
    TraceId, "trace id", |id| {
        if id.is_empty() || id.len() > NAME_BYTES_MAX || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            Some("use letters, digits and dashes".into())
        } else {
            None
        }
    }
);

/// Serde through the text form.
macro_rules! serde_as_text {
    ($type:ident) => {
        impl From<$type> for String {
            fn from(id: $type) -> String {
                id.to_string()
            }
        }
        impl TryFrom<String> for $type {
            type Error = DomainError;
            fn try_from(text: String) -> Result<Self, DomainError> {
                text.parse()
            }
        }
    };
}

/// A positive number without leading zeros, as ids carry it.
fn id_number(digits: &str) -> Option<u32> {
    if digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// A version of a prompt: `support_triage_v12`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct VersionId {
    /// The prompt.
    pub prompt: PromptName,
    /// Counts from 1 within the prompt.
    pub number: u32,
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_v{}", self.prompt, self.number)
    }
}

impl FromStr for VersionId {
    type Err = DomainError;
    fn from_str(text: &str) -> Result<Self, DomainError> {
        let fault = || DomainError::BadName {
            what: "version",
            given: text.into(),
            why: "write prompt and number, as in support_triage_v12".into(),
        };
        let (prompt, digits) = text.rsplit_once("_v").ok_or_else(fault)?;
        let number = id_number(digits).ok_or_else(fault)?;
        Ok(Self {
            prompt: PromptName::new(prompt)?,
            number,
        })
    }
}
serde_as_text!(VersionId);

/// A promotion of a version into an environment, numbered by each environment for itself: `support_triage_staging_v5`.
/// A production promotion is a release: `support_triage_prod_v9`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PromotionId {
    /// The prompt.
    pub prompt: PromptName,
    /// Where the version was put.
    pub environment: Environment,
    /// Counts from 1 within prompt and environment.
    pub number: u32,
}

impl fmt::Display for PromotionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_v{}", self.prompt, self.environment.short(), self.number)
    }
}

impl FromStr for PromotionId {
    type Err = DomainError;
    fn from_str(text: &str) -> Result<Self, DomainError> {
        let fault = || DomainError::BadName {
            what: "promotion",
            given: text.into(),
            why: "write prompt, environment and number, as in support_triage_prod_v9".into(),
        };
        let (place, digits) = text.rsplit_once("_v").ok_or_else(fault)?;
        let number = id_number(digits).ok_or_else(fault)?;
        let (prompt, short) = place.rsplit_once('_').ok_or_else(fault)?;
        let environment = Environment::from_short(short).ok_or_else(fault)?;
        Ok(Self {
            prompt: PromptName::new(prompt)?,
            environment,
            number,
        })
    }
}
serde_as_text!(PromotionId);

macro_rules! versioned_name {
    ($(#[$doc:meta])* $type:ident, $name:ident, $what:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $type {
            /// What is versioned.
            pub name: $name,
            /// Counts from 1 within the name.
            pub number: u32,
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}@v{}", self.name, self.number)
            }
        }
        impl FromStr for $type {
            type Err = DomainError;
            fn from_str(text: &str) -> Result<Self, DomainError> {
                let fault = || DomainError::BadName {
                    what: $what,
                    given: text.into(),
                    why: concat!("write name and number, as in ", $example).into(),
                };
                let (name, digits) = text.rsplit_once("@v").ok_or_else(fault)?;
                let number = id_number(digits).ok_or_else(fault)?;
                Ok(Self { name: $name::new(name)?, number })
            }
        }
        serde_as_text!($type);
    };
}
versioned_name!(
    /// A version of a suite: `triage_quality@v8`.
    SuiteVersionId, SuiteName, "suite version", "triage_quality@v8"
);
versioned_name!(
    /// A version of a chain: `triage_flow@v3`.
    ChainVersionId, ChainName, "chain version", "triage_flow@v3"
);

/// A version of a dataset: `support_triage_regression@2026-06-01`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct DatasetVersionId {
    /// The dataset.
    pub name: DatasetName,
    /// Which of its versions.
    pub label: DatasetLabel,
}

impl fmt::Display for DatasetVersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.label)
    }
}

impl FromStr for DatasetVersionId {
    type Err = DomainError;
    fn from_str(text: &str) -> Result<Self, DomainError> {
        let (name, label) = text.split_once('@').ok_or_else(|| DomainError::BadName {
            what: "dataset version",
            given: text.into(),
            why: "write name and label, as in support_triage_regression@2026-06-01".into(),
        })?;
        Ok(Self {
            name: DatasetName::new(name)?,
            label: DatasetLabel::new(label)?,
        })
    }
}
serde_as_text!(DatasetVersionId);

macro_rules! numbered {
    ($(#[$doc:meta])* $type:ident, $prefix:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $type(pub u32);
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }
        impl FromStr for $type {
            type Err = DomainError;
            /// The prefix may be left out: `421` is `run_421` where a run is meant.
            fn from_str(text: &str) -> Result<Self, DomainError> {
                let digits = text.strip_prefix(concat!($prefix, "_")).unwrap_or(text);
                id_number(digits).map(Self).ok_or_else(|| DomainError::BadName {
                    what: $what,
                    given: text.into(),
                    why: concat!("write its number, as in ", $prefix, "_7").into(),
                })
            }
        }
        serde_as_text!($type);
    };
}
numbered!(
    /// A run: `run_421`.
    RunId, "run", "run"
);
numbered!(
    /// A review: `review_88`.
    ReviewId, "review", "review"
);
numbered!(
    /// A decision: `decision_12`.
    DecisionId, "decision", "decision"
);

/// One outcome of one run: `run_421/t-031`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct OutcomeId {
    /// The run.
    pub run: RunId,
    /// The example.
    pub example: ExampleId,
}

impl fmt::Display for OutcomeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.run, self.example)
    }
}

impl FromStr for OutcomeId {
    type Err = DomainError;
    fn from_str(text: &str) -> Result<Self, DomainError> {
        let (run, example) = text.split_once('/').ok_or_else(|| DomainError::BadName {
            what: "outcome",
            given: text.into(),
            why: "write run and example, as in run_421/t-031".into(),
        })?;
        Ok(Self {
            run: run.parse()?,
            example: ExampleId::new(example)?,
        })
    }
}
serde_as_text!(OutcomeId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_as_they_are_written() {
        let version: VersionId = "support_triage_v12".parse().unwrap();
        assert_eq!((version.prompt.as_str(), version.number), ("support_triage", 12));
        let release: PromotionId = "support_triage_prod_v9".parse().unwrap();
        assert_eq!((release.environment, release.number), (Environment::Production, 9));
        let dataset: DatasetVersionId = "support_triage_regression@2026-06-01".parse().unwrap();
        assert_eq!(dataset.label.as_str(), "2026-06-01");
        for text in ["support_triage_v12", "a_v1"] {
            assert_eq!(text.parse::<VersionId>().unwrap().to_string(), text);
        }
        for text in ["support_triage_staging_v5", "support_triage_prod_v9"] {
            assert_eq!(text.parse::<PromotionId>().unwrap().to_string(), text);
        }
        assert_eq!(
            "triage_quality@v8".parse::<SuiteVersionId>().unwrap().to_string(),
            "triage_quality@v8"
        );
        assert_eq!("421".parse::<RunId>().unwrap(), "run_421".parse::<RunId>().unwrap());
        assert_eq!("run_3/t-031".parse::<OutcomeId>().unwrap().to_string(), "run_3/t-031");
    }

    #[test]
    fn a_prompt_name_cannot_be_read_as_an_id() {
        for name in [
            "",
            "Upper",
            "9lives",
            "a b",
            "a-b",
            "triage_v2",
            "triage_prod",
            "triage_staging",
            "émile",
        ] {
            assert!(PromptName::new(name).is_err(), "{name}");
        }
        for name in ["support_triage", "a", "triage_v", "triage_v2x"] {
            assert!(PromptName::new(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn numbers_have_one_spelling() {
        for text in [
            "support_triage_v0",
            "support_triage_v01",
            "support_triage_v",
            "support_triage_v-1",
            "_v1",
            "v1",
        ] {
            assert!(text.parse::<VersionId>().is_err(), "{text}");
        }
        for text in ["run_0", "run_", "", "run_1x", "99999999999"] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }
}
