//! Going back: one command, at once, and itself a release and a decision.

use super::{Act, ReleaseError, found, take_step};
use crate::domain::DomainError;
use crate::domain::action::Action;
use crate::domain::decision::{Decision, DecisionKind};
use crate::domain::ids::{PromotionId, PromptName};
use crate::domain::promotion::Environment;
use crate::domain::release::{Release, ReleaseKind, RollbackAct};
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
    let prompt = leaving.prompt();
    let look = || {
        let id = store.next_promotion_id(prompt, Environment::Production)?;
        let (live, earlier) = target(store, leaving)?;
        Ok((id, live, earlier))
    };
    take_step(store, prompt, look, |(id, live, earlier), decision| {
        let rollback_act = RollbackAct {
            actor: act.actor.clone(),
            reason: act.reason.clone(),
            at: act.at,
        };
        let release = Release::back(live, earlier, id, rollback_act);
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
        let change = Change::new(act.audit(store, Action::ReleaseRollback, &live.promotion.id)?)
            .insert_decision(&decision)?
            .insert_release(&release)?;
        Ok((change, release))
    })
}
