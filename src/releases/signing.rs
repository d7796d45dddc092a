//! Signed decisions: what a person signs before a step is taken, and the check of it when the step is taken.

use super::{Act, ReleaseError};
use crate::domain::DomainError;
use crate::domain::decision::{Decision, DecisionKind};
use crate::domain::person::{Person, PersonKey};
use crate::domain::policy::Signatures;
use crate::domain::promotion::Promotion;
use crate::domain::signature::{Signature, Statement};
use crate::store::signature::check_signature;
use crate::store::{Change, Store};

/// Adds the signature of a decision that is about to be stored, where its act has one.
///
/// # Errors
/// It is not over this very decision, or not by a key of the person who takes it.
pub(super) fn with_signature(
    change: Change,
    store: &Store,
    decision: &Decision,
    placed: Option<&Promotion>,
    act: &Act,
) -> Result<Change, ReleaseError> {
    let expected = store.statement(decision, placed)?;
    let Some(signed) = &act.signed else {
        require_none(store, &expected)?;
        return Ok(change);
    };
    let refuse = |why: String| ReleaseError::from(DomainError::NotAllowed(format!("the signature: {why}")));
    let differences = Statement::parse(&signed.statement)?.differences(&expected);
    if !differences.is_empty() {
        let differences = differences.join("; ");
        return Err(refuse(format!(
            "what was signed is not what would be done now: {differences}. Look at it again, and sign that"
        )));
    }
    let key = check_signature(&signed.statement, &signed.signature).map_err(refuse)?;
    let person = store.person(&act.actor)?;
    require_key(person.as_ref(), act, &key.fingerprint).map_err(refuse)?;
    Ok(change.insert_signature(&Signature {
        decision: decision.id,
        statement: signed.statement.clone(),
        signature: key.armoured,
        public_key: key.public_key,
        fingerprint: key.fingerprint,
    })?)
}

/// Refuses what the policy wants signed: what lets something into an environment. Whoever stops something needs no key.
fn require_none(store: &Store, decided: &Statement) -> Result<(), ReleaseError> {
    let place = decided.environment;
    let lets_in = match &decided.decision {
        DecisionKind::Approved | DecisionKind::Promoted(_) | DecisionKind::RolledBack(_) => true,
        DecisionKind::Rejected | DecisionKind::Paused | DecisionKind::NotAPromptProblem(_) => false,
    };
    if !lets_in || store.policy()?.rules(place).signatures == Signatures::Optional {
        return Ok(());
    }
    let why = format!(
        "approvals, promotions and roll backs of {} are signed in this store, and this one is not: add --sign, or \
         --sign-key FILE, or go in two steps with --statement and --signature",
        place.as_str()
    );
    Err(DomainError::NotAllowed(why).into())
}

/// A key signs for a person whose record has it.
fn require_key(person: Option<&Person>, act: &Act, fingerprint: &str) -> Result<(), String> {
    let actor = &act.actor;
    let Some(person) = person.filter(|person| person.is_active()) else {
        return Err(format!(
            "{actor} has no key in this store: an admin adds one with pegbox user add {actor} --key FILE"
        ));
    };
    let is_theirs = |key: &&PersonKey| key.fingerprint == fingerprint;
    match person.keys.iter().find(is_theirs) {
        Some(key) if key.is_authority() => Err(format!(
            "{fingerprint} signs certificates for {actor}, and no decisions"
        )),
        Some(_) => Ok(()),
        None => {
            let known: Vec<&str> = person.keys.iter().map(|key| key.fingerprint.as_str()).collect();
            Err(format!(
                "{fingerprint} is no key of {actor}, who has {}",
                if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                }
            ))
        }
    }
}
