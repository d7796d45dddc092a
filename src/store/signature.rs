//! Signatures of decisions in the store: what each is over, and whether it is good.

use russh::keys::ssh_key::{HashAlg, LineEnding, PublicKey, SshSig};

use super::engine::Scan;
use super::keys;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::decision::{Decision, DecisionKind};
use crate::domain::ids::DecisionId;
use crate::domain::promotion::{Environment, Promotion};
use crate::domain::signature::{Evidence, NAMESPACE, Placed, STATEMENT, Signature, Statement};

/// Bit 0 of the flags that a security key signs with: somebody touched it.
const TOUCHED: u8 = 1;
/// Where those flags stand, counted from the end of such a signature: a counter of four bytes follows.
const FLAGS_FROM_END: usize = 5;

/// A key whose signature was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Algorithm and key as in an `authorized_keys` file.
    pub public_key: String,
    /// Its SHA-256 fingerprint.
    pub fingerprint: String,
    /// The signature, armoured as every program writes it.
    pub armoured: String,
}

/// Checks an armoured SSH signature over a statement, byte for byte, and gives the key that made it. Whose key that is
/// the caller asks.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check_signature(statement: &str, armoured: &str) -> Result<SigningKey, String> {
    let unreadable = |error| format!("the SSH signature cannot be read: {error}");
    let signature = SshSig::from_pem(armoured.trim_end()).map_err(unreadable)?;
    if signature.namespace() != NAMESPACE {
        return Err(format!(
            "the signature is for the namespace {}, not {NAMESPACE}: sign with ssh-keygen -Y sign -n {NAMESPACE}",
            signature.namespace().escape_debug()
        ));
    }
    let key = PublicKey::from(signature.public_key().clone());
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    key.verify(NAMESPACE, statement.as_bytes(), &signature)
        .map_err(|_error| format!("the signature by {fingerprint} is not over this statement, byte for byte"))?;
    let flags = signature.signature_bytes().iter().rev().nth(FLAGS_FROM_END - 1);
    if key.algorithm().as_str().starts_with("sk-") && flags.is_none_or(|flags| flags & TOUCHED == 0) {
        return Err(format!(
            "nobody touched the security key {fingerprint} for this signature"
        ));
    }
    Ok(SigningKey {
        public_key: key.to_openssh().map_err(unreadable)?.trim_end().to_owned(),
        armoured: signature.to_pem(LineEnding::LF).map_err(unreadable)?,
        fingerprint,
    })
}

impl Store {
    /// What tells this store from every other: the hash of its first commit. `None` while it is empty.
    pub fn store_id(&self) -> Result<Option<String>, StoreError> {
        let first = self.engine().audit_page(1, 1)?.into_iter().next();
        Ok(first.map(|(_, hash, _)| blake3::Hash::from_bytes(hash).to_hex().to_string()))
    }

    /// The signature of a decision, where it was signed.
    pub fn signature(&self, decision: DecisionId) -> Result<Option<Signature>, StoreError> {
        self.load(&keys::signature(decision))
    }

    /// All signatures, oldest decision first.
    pub fn signatures(&self) -> Result<Vec<Signature>, StoreError> {
        self.load_all(&Scan::prefix(keys::SIGNATURES, NO_LIMIT))
    }

    /// What whoever takes this decision signs. `placed` is the promotion that it makes, where it makes one.
    pub fn statement(&self, decision: &Decision, placed: Option<&Promotion>) -> Result<Statement, StoreError> {
        let review = match decision.review {
            Some(review) => self.review(review)?,
            None => None,
        };
        let follows = match decision.review {
            Some(review) => self.decisions_of_review(review)?,
            None => Vec::new(),
        };
        let follows = follows.iter().rev().find(|earlier| earlier.id < decision.id);
        let in_review = review.as_ref().map(|review| review.environment);
        let environment = placed.map(|placed| placed.id.environment).or(in_review);
        let run = decision.run.or(placed.map(|placed| placed.run));
        let evidence = match run {
            Some(run) => self.run(run)?,
            None => None,
        };
        let evidence = match evidence {
            Some(run) => {
                let end = self.run_end(run.id)?;
                Some(Evidence {
                    run: run.id,
                    outcomes_hash: end.as_ref().map(|end| end.outcomes_hash),
                    gate: end.and_then(|end| end.gate).map(|gate| gate.verdict),
                    dataset: run.dataset,
                    dataset_hash: run.dataset_hash,
                    suite: run.suite,
                    suite_hash: run.suite_hash,
                })
            }
            None => None,
        };
        Ok(Statement {
            statement: STATEMENT.into(),
            store: self.store_id()?.unwrap_or_default(),
            decision: decision.kind.clone(),
            version: decision.version.clone(),
            content_hash: decision.content_hash,
            // A decision is in a review or makes a promotion.
            environment: environment.unwrap_or(Environment::Draft),
            review: decision.review,
            follows: follows.map(|earlier| earlier.id),
            base: review.and_then(|review| review.base),
            placed: placed.map(|placed| Placed {
                promotion: placed.id.clone(),
                version: placed.version.clone(),
                content_hash: placed.content_hash,
                replaces: placed.replaces.clone(),
                approved_by: placed.approved_by,
            }),
            evidence,
            person: decision.actor.clone(),
            reason: decision.reason.clone(),
            at: decision.decided_at,
        })
    }

    /// The statement of a decision that was taken.
    pub fn statement_of(&self, decision: &Decision) -> Result<Statement, StoreError> {
        let placed = match &decision.kind {
            DecisionKind::Promoted(id) | DecisionKind::RolledBack(id) => self.promotion(id)?,
            _ => None,
        };
        self.statement(decision, placed.as_ref())
    }
}

impl Change {
    /// Adds the signature of a decision.
    pub fn insert_signature(self, signature: &Signature) -> Result<Self, StoreError> {
        self.insert(keys::signature(signature.decision), signature)
    }
}
