//! Promoting what a review approved.

use super::review::{Evidence, state_of};
use super::signing::with_signature;
use super::{Act, ReleaseError, found, take_step};
use crate::domain::DomainError;
use crate::domain::action::Action;
use crate::domain::decision::{Decision, DecisionKind};
use crate::domain::ids::{DecisionId, PromotionId, PromptName, ReviewId};
use crate::domain::promotion::{Environment, Promotion};
use crate::domain::release::{Guard, Release};
use crate::domain::review::{Approval, ReviewState};
use crate::domain::signature::Statement;
use crate::domain::suite::SuiteVersion;
use crate::domain::version::PromptVersion;
use crate::store::{Change, Store};

/// What a promotion made: of the two, only production makes a release.
#[derive(Debug, Clone)]
pub enum Promoted {
    /// A promotion into another environment.
    Promotion(Promotion),
    /// A release.
    Release(Box<Release>),
}

impl Promoted {
    /// The promotion.
    pub fn promotion(&self) -> &Promotion {
        match self {
            Self::Promotion(promotion) => promotion,
            Self::Release(release) => &release.promotion,
        }
    }

    /// The release, where it is one.
    pub fn into_release(self) -> Option<Box<Release>> {
        match self {
            Self::Promotion(_) => None,
            Self::Release(release) => Some(release),
        }
    }
}

/// The newest approved review of a prompt for an environment.
pub fn approved_review(store: &Store, prompt: &PromptName, environment: Environment) -> Result<ReviewId, ReleaseError> {
    let policy = store.policy()?;
    let mut partly = None;
    let mut newest = None;
    for review in store.reviews()? {
        if &review.version.prompt != prompt || review.environment != environment {
            continue;
        }
        match state_of(store, &review, &policy)? {
            ReviewState::Approved => return Ok(review.id),
            ReviewState::PartlyApproved => partly = partly.or(Some(review.id)),
            state => newest = newest.or(Some((review.id, state))),
        }
    }
    if let Some(review) = partly {
        Evidence::load(store, review)?.require_approvals(store)?;
    }
    let none = format!("no approved review of {prompt} for {}", environment.as_str());
    let why = match newest {
        Some((review, state)) if state.is_undecided() => format!("{none}: {} first", waits(store, review, state)?),
        Some((review, ReviewState::Promoted)) => {
            format!("{none}: {review}, the newest, is promoted already; ask for one with pegbox review request")
        }
        _ => format!("{none}: ask for one with pegbox review request"),
    };
    Err(DomainError::NotAllowed(why).into())
}

/// What a review waits for, and who let it wait.
fn waits(store: &Store, review: ReviewId, state: ReviewState) -> Result<String, ReleaseError> {
    let last = store.decisions_of_review(review)?.pop();
    let since = last.filter(|_| state == ReviewState::Paused).map(|decision| {
        format!(
            " by {} at {} ({})",
            decision.actor, decision.decided_at, decision.reason
        )
    });
    Ok(format!(
        "{review} is {}{}, and has to be approved",
        state.as_str(),
        since.unwrap_or_default()
    ))
}

/// The id that promoting this review would take, and what it would replace.
pub fn next_id(store: &Store, review: ReviewId) -> Result<(PromotionId, Option<Promotion>), ReleaseError> {
    let review = found(store.review(review)?, "review", &review)?;
    let id = store.next_promotion_id(&review.version.prompt, review.environment)?;
    Ok((id, store.live(&review.version.prompt, review.environment)?))
}

/// What a promotion rests on: the evidence, the id that it takes, and what it replaces.
type Ground = (Evidence, PromotionId, Option<Promotion>);

/// Promotes what the review approved into the environment that it was for.
pub fn promote(store: &Store, review: ReviewId, act: &Act) -> Result<Promoted, ReleaseError> {
    store.permit(&act.actor, Action::ReleasePromote)?;
    let look = || look(store, review);
    take_step(store, &review, look, |ground, decision| {
        let (decision, promotion) = promotion_of(store, ground, decision, act)?;
        let audit = act.audit(store, Action::ReleasePromote, &promotion.id)?;
        let change = Change::new(audit).insert_decision(&decision)?;
        let change = with_signature(change, store, &decision, Some(&promotion), act)?;
        if promotion.id.environment != Environment::Production {
            return Ok((change.insert_promotion(&promotion)?, Promoted::Promotion(promotion)));
        }
        let release = release_of(store, promotion, &ground.0)?;
        Ok((change.insert_release(&release)?, Promoted::Release(Box::new(release))))
    })
}

/// What whoever promotes it signs.
pub fn statement(store: &Store, review: ReviewId, act: &Act) -> Result<Statement, ReleaseError> {
    store.permit(&act.actor, Action::ReleasePromote)?;
    let next = store.next_decision_id()?;
    let (decision, promotion) = promotion_of(store, &look(store, review)?, next, act)?;
    Ok(store.statement(&decision, Some(&promotion))?)
}

fn look(store: &Store, review: ReviewId) -> Result<Ground, ReleaseError> {
    let evidence = Evidence::load(store, review)?;
    let (id, replaced) = next_id(store, review)?;
    Ok((evidence, id, replaced))
}

fn promotion_of(
    store: &Store,
    (evidence, id, replaced): &Ground,
    decision: DecisionId,
    act: &Act,
) -> Result<(Decision, Promotion), ReleaseError> {
    let rules = evidence.policy.rules(evidence.review.environment);
    evidence.require_decided()?;
    evidence.require_for_promotion(store, act.at)?;
    let approval = Approval::of(&evidence.review, &evidence.decisions, &evidence.version, rules)?;
    let promotion = Promotion::new(
        id.clone(),
        &approval,
        replaced.as_ref().map(|promotion| promotion.id.clone()),
        act.actor.clone(),
        act.reason.clone(),
        act.at,
    )?;
    let decision = Decision {
        id: decision,
        kind: DecisionKind::Promoted(promotion.id.clone()),
        version: promotion.version.clone(),
        content_hash: promotion.content_hash,
        review: Some(evidence.review.id),
        run: Some(promotion.run),
        actor: act.actor.clone(),
        reason: act.reason.clone(),
        decided_at: act.at,
    };
    Ok((decision, promotion))
}

fn release_of(store: &Store, promotion: Promotion, evidence: &Evidence) -> Result<Release, ReleaseError> {
    let live: Option<(Release, PromptVersion)> = match store.live_release(&promotion.id.prompt)? {
        Some(release) => {
            let id = &release.promotion.version;
            let version = found(store.version(id)?, "version", id)?;
            Some((release, version))
        }
        None => None,
    };
    let suite = found(store.suite(&evidence.run.suite)?, "suite", &evidence.run.suite)?;
    let replaced = live.as_ref().map(|(release, version)| (release, version));
    Ok(Release::forward(
        promotion,
        &evidence.version,
        replaced,
        guards_of(&suite),
    )?)
}

/// What the gate asked for is what production is watched for.
fn guards_of(suite: &SuiteVersion) -> Vec<Guard> {
    let whole_run = suite
        .content
        .thresholds
        .iter()
        .filter(|threshold| threshold.slice.is_none());
    whole_run
        .map(|threshold| Guard {
            metric: threshold.metric.clone(),
            comparison: threshold.comparison,
            limit: threshold.value,
        })
        .collect()
}
