//! Going back: one command, at once, and itself a release and a decision.

use super::signing::with_signature;
use super::{Act, ReleaseError, found, take_step};
use crate::domain::DomainError;
use crate::domain::action::Action;
use crate::domain::decision::{Decision, DecisionKind};
use crate::domain::ids::{DecisionId, PromotionId, PromptName};
use crate::domain::promotion::Environment;
use crate::domain::release::{Release, ReleaseKind, RollbackAct};
use crate::domain::signature::Statement;
use crate::store::{Change, Store};

/// What is to be left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaving {
    /// Whatever is live for this prompt.
    Live(PromptName),
    /// This release, if it is still live: after a colleague's roll back a second one must not go back further.
    Release(PromotionId),
}

impl Leaving {
    /// The prompt whose release is left.
    fn prompt(&self) -> &PromptName {
        match self {
            Self::Live(prompt) => prompt,
            Self::Release(id) => &id.prompt,
        }
    }
}

/// The live release and the one that a roll back would go to.
pub fn target(store: &Store, leaving: &Leaving) -> Result<(Release, Release), ReleaseError> {
    let prompt = leaving.prompt();
    let refuse = |why: String| Err(DomainError::NotAllowed(why).into());
    let Some(live) = store.live_release(prompt)? else {
        return refuse(format!("{prompt} has no release: there is nothing to roll back"));
    };
    if let Leaving::Release(id) = leaving
        && id != &live.promotion.id
    {
        return refuse(format!("{id} is not live: {} is", live.promotion.id));
    }
    let Some(back_to) = &live.rollback_target else {
        let id = &live.promotion.id;
        return refuse(match &live.kind {
            ReleaseKind::Forward => format!("{id} is the first release of {prompt}: there is none to go back to"),
            ReleaseKind::Rollback { to, .. } => {
                format!("{id} went back to {to}, the first release of {prompt}: there is none before it")
            }
        });
    };
    let earlier = found(store.release(&back_to.release)?, "release", &back_to.release)?;
    Ok((live, earlier))
}

/// Goes back from the live release to its rollback target.
pub fn roll_back(store: &Store, leaving: &Leaving, act: &Act) -> Result<Release, ReleaseError> {
    store.permit(&act.actor, Action::ReleaseRollback)?;
    take_step(
        store,
        leaving.prompt(),
        || look(store, leaving),
        |ground, decision| {
            let (decision, release) = release_of(ground, decision, act);
            let audit = act.audit(store, Action::ReleaseRollback, &ground.1.promotion.id)?;
            let change = Change::new(audit)
                .insert_decision(&decision)?
                .insert_release(&release)?;
            let change = with_signature(change, store, &decision, Some(&release.promotion), act)?;
            Ok((change, release))
        },
    )
}

/// What whoever goes back so signs.
pub fn statement(store: &Store, leaving: &Leaving, act: &Act) -> Result<Statement, ReleaseError> {
    store.permit(&act.actor, Action::ReleaseRollback)?;
    let next = store.next_decision_id()?;
    let (decision, release) = release_of(&look(store, leaving)?, next, act);
    Ok(store.statement(&decision, Some(&release.promotion))?)
}

/// What a roll back rests on: the id that it takes, what is live, and where it goes.
type Ground = (PromotionId, Release, Release);

fn look(store: &Store, leaving: &Leaving) -> Result<Ground, ReleaseError> {
    let id = store.next_promotion_id(leaving.prompt(), Environment::Production)?;
    let (live, earlier) = target(store, leaving)?;
    Ok((id, live, earlier))
}

fn release_of((id, live, earlier): &Ground, decision: DecisionId, act: &Act) -> (Decision, Release) {
    let rollback_act = RollbackAct {
        actor: act.actor.clone(),
        reason: act.reason.clone(),
        at: act.at,
    };
    let decision = Decision {
        id: decision,
        kind: DecisionKind::RolledBack(id.clone()),
        version: live.promotion.version.clone(),
        content_hash: live.promotion.content_hash,
        review: None,
        run: None,
        actor: act.actor.clone(),
        reason: act.reason.clone(),
        decided_at: act.at,
    };
    (decision, Release::back(live, earlier, id, rollback_act))
}
