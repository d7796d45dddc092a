//! Signed decisions: what to sign, and taking a decision that was signed.

use std::collections::BTreeMap;

use super::{Judgement, Leaving, Request, Workbench, WorkbenchError};
use crate::domain::actor::Actor;
use crate::domain::decision::{Decision, DecisionKind};
use crate::domain::ids::{DecisionId, ReviewId};
use crate::domain::person::{Person, PersonKey};
use crate::domain::promotion::Promotion;
use crate::domain::reason::Reason;
use crate::domain::signature::{Signature, SignedStatement, Statement};
use crate::domain::time::{Timestamp, duration_short};
use crate::releases::{Act, promote, review, rollback};

/// How long after it was made a statement can be handed in, in milliseconds: time to look at it and to sign it.
const STATEMENT_AGE_MS_MAX: u64 = 15 * 60_000;
/// How far the clock of whoever made a statement may be ahead, in milliseconds.
const CLOCK_AHEAD_MS_MAX: u64 = 60_000;

/// What somebody is about to do, and signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// They decide a review.
    Decide(ReviewId, Judgement),
    /// They promote what a review approved.
    Promote(ReviewId),
    /// They go back.
    RollBack(Leaving),
}

/// A statement that is to be signed, and the keys that may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    /// What is signed, byte for byte.
    pub statement: String,
    /// The keys of the person in this store: algorithm and key as in an `authorized_keys` file.
    pub keys: Vec<String>,
}

/// Whether a request is signed by whoever makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signing {
    /// It is not.
    Unsigned,
    /// It is to be: the session has that done before it asks.
    Wanted,
    /// It is.
    Signed(SignedStatement),
}

impl Signing {
    /// As somebody wishes.
    pub fn wished(is_wished: bool) -> Self {
        if is_wished { Self::Wanted } else { Self::Unsigned }
    }

    /// What was signed, where it was.
    pub(super) fn signed(&self) -> Result<Option<&SignedStatement>, WorkbenchError> {
        match self {
            Self::Unsigned => Ok(None),
            Self::Signed(signed) => Ok(Some(signed)),
            Self::Wanted => Err(WorkbenchError::invalid(
                "it was to be signed, and was not",
                "report this as a bug of pegbox",
            )),
        }
    }
}

impl Request {
    /// What is to be signed before this is asked, and for which reason it is done; `None` where nothing is.
    pub fn deed_to_sign(&self) -> Option<(Deed, &str)> {
        let (deed, reason, signing) = match self {
            Self::Decide {
                review,
                judgement,
                reason,
                signing,
            } => (Deed::Decide(*review, *judgement), reason, signing),
            Self::Promote {
                review,
                reason,
                signing,
            } => (Deed::Promote(*review), reason, signing),
            Self::RollBack {
                leaving,
                reason,
                signing,
            } => (Deed::RollBack(leaving.clone()), reason, signing),
            _ => return None,
        };
        (*signing == Signing::Wanted).then_some((deed, reason.as_str()))
    }

    /// The same with what was signed.
    #[must_use]
    pub fn signed(mut self, signed: SignedStatement) -> Self {
        if let Self::Decide { signing, .. } | Self::Promote { signing, .. } | Self::RollBack { signing, .. } = &mut self
        {
            *signing = Signing::Signed(signed);
        }
        self
    }
}

impl Workbench {
    /// What somebody signs who is about to do this; refused where they could not do it.
    pub fn statement(&self, actor: &Actor, deed: &Deed, reason: &str) -> Result<Unsigned, WorkbenchError> {
        let mut act = self.act(actor, Reason::new(reason)?);
        act.at = whole_seconds(act.at);
        let statement = match deed {
            Deed::Decide(id, judgement) => review::statement(&self.store, *id, *judgement, &act)?,
            Deed::Promote(id) => promote::statement(&self.store, *id, &act)?,
            Deed::RollBack(leaving) => rollback::statement(&self.store, leaving, &act)?,
        };
        let person = self.store.person(actor)?;
        let person = person.filter(Person::is_active);
        let keys = person.into_iter().flat_map(|person| person.keys);
        let signing = keys.filter(|key| !PersonKey::is_authority(key));
        Ok(Unsigned {
            statement: statement.text()?,
            keys: signing.map(|key| key.public_key).collect(),
        })
    }

    /// The signature of a decision, where it was signed.
    pub fn signature(&self, decision: DecisionId) -> Result<Option<Signature>, WorkbenchError> {
        Ok(self.store.signature(decision)?)
    }

    /// The keys that signed those of these decisions that are signed, by their SHA-256 fingerprints.
    pub fn signing_keys(&self, decisions: &[Decision]) -> Result<BTreeMap<DecisionId, String>, WorkbenchError> {
        let mut keys = BTreeMap::new();
        for decision in decisions {
            if let Some(signature) = self.store.signature(decision.id)? {
                keys.insert(decision.id, signature.fingerprint);
            }
        }
        Ok(keys)
    }

    /// The decisions by which a version came to where it is: its approvals, and the promotion or roll back itself.
    pub fn decisions_behind(&self, promotion: &Promotion) -> Result<Vec<Decision>, WorkbenchError> {
        let of_review = self.store.decisions_of_review(promotion.review)?;
        let own = self.store.decisions()?.into_iter().filter(|decision| {
            matches!(&decision.kind, DecisionKind::Promoted(id) | DecisionKind::RolledBack(id) if id == &promotion.id)
        });
        let approvals = of_review
            .into_iter()
            .filter(|decision| decision.kind == DecisionKind::Approved);
        Ok(approvals.chain(own).collect())
    }

    /// An act with what was signed of it, which says when it is.
    pub(super) fn signed_act(
        &self,
        actor: &Actor,
        reason: Reason,
        signed: Option<&SignedStatement>,
    ) -> Result<Act, WorkbenchError> {
        let act = self.act(actor, reason);
        let Some(signed) = signed else { return Ok(act) };
        let at = Statement::parse(&signed.statement)?.at;
        if act.at.since_ms(at) > STATEMENT_AGE_MS_MAX || at.since_ms(act.at) > CLOCK_AHEAD_MS_MAX {
            return Err(WorkbenchError::Refused {
                why: format!(
                    "the statement is of {at}, and it is {}: one counts for {}",
                    act.at,
                    duration_short(STATEMENT_AGE_MS_MAX)
                ),
                hint: "make a new one with --statement, and sign that".into(),
            });
        }
        Ok(Act {
            at,
            signed: Some(signed.clone()),
            ..act
        })
    }
}

/// Statements have moments as text, which has no milliseconds.
fn whole_seconds(moment: Timestamp) -> Timestamp {
    Timestamp(moment.0 - moment.0.rem_euclid(1_000))
}
