//! Signed decisions: what is signed, and the signature over it.
//!
//! What is signed is the canonical JSON (RFC 8785) of a [`Statement`], with nothing before or after it, as an SSH
//! signature (`PROTOCOL.sshsig` of OpenSSH) in the namespace [`NAMESPACE`]. So whoever has the statement, the signature
//! and the person's public key checks it with `ssh-keygen -Y verify`.

use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
use super::canonical;
use super::decision::DecisionKind;
use super::gate::Verdict;
use super::hash::ContentHash;
use super::ids::{DatasetVersionId, DecisionId, PromotionId, ReviewId, RunId, SuiteVersionId, VersionId};
use super::promotion::Environment;
use super::reason::Reason;
use super::time::Timestamp;

/// What the signature is for: one for something else, such as a commit of git, is none for a decision.
pub const NAMESPACE: &str = "decision@pegbox";

/// What a statement is of, by its first member.
pub const STATEMENT: &str = "pegbox decision 1";

/// A decision in full, as the person who takes it signs it: it names all that the decision rests on, by hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// [`STATEMENT`].
    pub statement: String,
    /// In which store: the hash of its first commit, as hexadecimal digits.
    pub store: String,
    /// What is decided.
    pub decision: DecisionKind,
    /// About which version.
    pub version: VersionId,
    /// Of which content.
    pub content_hash: ContentHash,
    /// For which environment.
    pub environment: Environment,
    /// In which review; none for a rollback.
    pub review: Option<ReviewId>,
    /// The last decision in that review before this one.
    pub follows: Option<DecisionId>,
    /// The version that the reviewers read the change against.
    pub base: Option<VersionId>,
    /// What goes live by it.
    pub placed: Option<Placed>,
    /// What it rests on.
    pub evidence: Option<Evidence>,
    /// Who decides.
    pub person: Actor,
    /// Why.
    pub reason: Reason,
    /// When, in whole seconds.
    pub at: Timestamp,
}

/// What goes live by a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placed {
    /// The promotion that it makes.
    pub promotion: PromotionId,
    /// The version that goes live.
    pub version: VersionId,
    /// Its content.
    pub content_hash: ContentHash,
    /// What it replaces.
    pub replaces: Option<PromotionId>,
    /// The decision that approved that version.
    pub approved_by: DecisionId,
}

/// The run that a decision rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The run.
    pub run: RunId,
    /// The hash over all of its outcomes.
    pub outcomes_hash: Option<ContentHash>,
    /// What its gate says.
    pub gate: Option<Verdict>,
    /// The dataset version that it asked.
    pub dataset: DatasetVersionId,
    /// Its content.
    pub dataset_hash: ContentHash,
    /// The suite version that graded it.
    pub suite: SuiteVersionId,
    /// Its content.
    pub suite_hash: ContentHash,
}

impl Statement {
    /// What is signed: the canonical JSON, byte for byte.
    ///
    /// # Errors
    /// None that can happen with such fields.
    pub fn text(&self) -> Result<String, DomainError> {
        text(self)
    }

    /// Reads what [`text`](Self::text) has written, and only that: a statement has one way to be written.
    ///
    /// # Errors
    /// It is something else.
    pub fn parse(statement: &str) -> Result<Self, DomainError> {
        let not_one = |why: &str| DomainError::field("statement", format!("not a statement of a decision: {why}"));
        let parsed: Self = serde_json::from_str(statement).map_err(|error| not_one(&error.to_string()))?;
        if parsed.statement != STATEMENT {
            return Err(not_one("it is of another kind or version"));
        }
        if parsed.text()? != statement {
            return Err(not_one("its JSON is not canonical"));
        }
        Ok(parsed)
    }

    /// In which members two statements differ, in words, with what each says.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let members = [
            difference("store", &self.store, &other.store),
            difference("decision", &self.decision, &other.decision),
            difference("version", &self.version, &other.version),
            difference("content_hash", &self.content_hash, &other.content_hash),
            difference("environment", &self.environment, &other.environment),
            difference("review", &self.review, &other.review),
            difference("follows", &self.follows, &other.follows),
            difference("base", &self.base, &other.base),
            difference("placed", &self.placed, &other.placed),
            difference("evidence", &self.evidence, &other.evidence),
            difference("person", &self.person, &other.person),
            difference("reason", &self.reason, &other.reason),
            difference("at", &self.at, &other.at),
        ];
        members.into_iter().flatten().collect()
    }
}

fn text(value: &impl Serialize) -> Result<String, DomainError> {
    let bytes = canonical::to_vec(value, &[])?;
    String::from_utf8(bytes).map_err(|error| DomainError::field("statement", error.to_string()))
}

fn difference<T: Serialize + PartialEq>(member: &str, one: &T, other: &T) -> Option<String> {
    let shown = |value| text(value).unwrap_or_default();
    (one != other).then(|| format!("{member} is {}, not {}", shown(other), shown(one)))
}

/// A statement with the signature over it, as a person hands it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatement {
    /// The statement, byte for byte as it was signed.
    pub statement: String,
    /// The signature, armoured as `ssh-keygen -Y sign` writes it.
    pub signature: String,
}

/// Where the armour of a signature begins.
const ARMOUR: &str = "-----BEGIN SSH SIGNATURE-----";

impl SignedStatement {
    /// Takes apart a statement that its signature follows.
    ///
    /// # Errors
    /// One of the two is missing.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let missing = |what: &str| {
            let why = format!("no {what} in it: it holds the statement, byte for byte, and then its signature");
            DomainError::field("signature", why)
        };
        let at = text.find(ARMOUR).ok_or_else(|| missing("SSH signature"))?;
        let (statement, signature) = text.split_at(at);
        if statement.trim().is_empty() {
            return Err(missing("statement"));
        }
        Ok(Self {
            statement: statement.to_owned(),
            signature: signature.trim_end().to_owned() + "\n",
        })
    }
}

/// A signature that was checked when its decision was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The decision that it is over.
    pub decision: DecisionId,
    /// What was signed, byte for byte.
    pub statement: String,
    /// The signature, armoured.
    pub signature: String,
    /// The key that made it: algorithm and key as in an `authorized_keys` file.
    pub public_key: String,
    /// The SHA-256 fingerprint of that key, such as `SHA256:...`.
    pub fingerprint: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Statement {
        Statement {
            statement: STATEMENT.into(),
            store: "ab".repeat(32),
            decision: DecisionKind::Approved,
            version: "triage_v2".parse().unwrap(),
            content_hash: ContentHash::of_bytes(b"v2"),
            environment: Environment::Production,
            review: Some(ReviewId(4)),
            follows: None,
            base: Some("triage_v1".parse().unwrap()),
            placed: None,
            evidence: None,
            person: Actor::new("anna").unwrap(),
            reason: Reason::new("fewer \"wrong\" refunds: été").unwrap(),
            at: Timestamp(1_780_315_200_000),
        }
    }

    #[test]
    fn a_statement_has_one_text_and_comes_back_from_it() {
        let text = statement().text().unwrap();
        assert!(
            text.starts_with(r#"{"at":"2026-06-01T12:00:00Z","base":"triage_v1","content_hash":""#),
            "{text}"
        );
        assert_eq!(Statement::parse(&text), Ok(statement()));
        for other in [
            format!("{text}\n"),
            text.replace("\":", "\": "),
            text.replace("decision 1", "decision 2"),
            text.replace("{\"at\"", "{\"a\":1,\"at\""),
            text.replace("\\\"wrong", "\\u0022wrong"),
        ] {
            assert!(Statement::parse(&other).is_err(), "{other}");
        }
    }

    #[test]
    fn differences_are_named_with_both_values() {
        let other = Statement {
            follows: Some(DecisionId(7)),
            environment: Environment::Staging,
            ..statement()
        };
        assert_eq!(
            statement().differences(&other),
            [
                "environment is \"staging\", not \"production\"",
                "follows is \"decision_7\", not null"
            ]
        );
        assert!(statement().differences(&statement()).is_empty());
    }

    #[test]
    fn a_statement_and_its_signature_come_apart() {
        let armour = "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n";
        let signed = SignedStatement::parse(&format!("{{\"a\":1}}{armour}\n\n")).unwrap();
        assert_eq!(
            (signed.statement.as_str(), signed.signature.as_str()),
            ("{\"a\":1}", armour)
        );
        for text in ["", "{}", armour, "\n-----BEGIN SSH"] {
            assert!(SignedStatement::parse(text).is_err(), "{text}");
        }
    }
}
