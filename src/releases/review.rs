//! Asking for a review, and deciding it.

use super::chains::chain_checks;
use super::evidence::{caveats, faults};
use super::{Act, ReleaseError, found, take_step};
use crate::domain::DomainError;
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::caveats::Caveats;
use crate::domain::decision::{Decision, DecisionKind, OtherCause};
use crate::domain::ids::{ReviewId, RunId, VersionId};
use crate::domain::promotion::Environment;
use crate::domain::review::{Check, Review, ReviewState, approval_checks, base_check};
use crate::domain::run::{Run, RunEnd};
use crate::domain::version::PromptVersion;
use crate::store::{Change, Store};

/// What a reviewer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It may be promoted.
    Approve,
    /// It may not.
    Reject,
    /// Later.
    Pause,
    /// The prompt is not what has to change.
    NotAPromptProblem(OtherCause),
}

impl Judgement {
    /// The decision that it makes.
    pub fn kind(self) -> DecisionKind {
        match self {
            Self::Approve => DecisionKind::Approved,
            Self::Reject => DecisionKind::Rejected,
            Self::Pause => DecisionKind::Paused,
            Self::NotAPromptProblem(cause) => DecisionKind::NotAPromptProblem(cause),
        }
    }

    /// What somebody does who says it.
    pub fn action(self) -> Action {
        match self {
            Self::Approve => Action::ReviewApprove,
            Self::Reject => Action::ReviewReject,
            Self::Pause => Action::ReviewPause,
            Self::NotAPromptProblem(_) => Action::ReviewOtherCause,
        }
    }
}

/// Everything that a review rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The review.
    pub review: Review,
    /// What was decided so far, oldest first.
    pub decisions: Vec<Decision>,
    /// The version.
    pub version: PromptVersion,
    /// The run.
    pub run: Run,
    /// What the run came to.
    pub end: Option<RunEnd>,
    /// What weakens its results.
    pub caveats: Caveats,
}

impl Evidence {
    /// Loads a review with all that it rests on.
    pub fn load(store: &Store, id: ReviewId) -> Result<Self, ReleaseError> {
        let review = found(store.review(id)?, "review", &id)?;
        let run = found(store.run(review.run)?, "run", &review.run)?;
        let end = store.run_end(review.run)?;
        Ok(Self {
            decisions: store.decisions_of_review(id)?,
            version: found(store.version(&review.version)?, "version", &review.version)?,
            caveats: caveats(store, &run, end.as_ref())?,
            run,
            end,
            review,
        })
    }

    /// Where the review stands.
    pub fn state(&self) -> ReviewState {
        ReviewState::after(&self.decisions)
    }

    /// What must hold before `actor` may approve, and still when it is promoted.
    pub fn checks(&self, store: &Store, actor: &Actor) -> Result<Vec<Check>, ReleaseError> {
        let mut checks = approval_checks(
            &self.review,
            &self.version,
            &self.run,
            self.end.as_ref(),
            &self.caveats,
            store.policy()?,
            actor,
        );
        // Once it is promoted it is itself what is live, and later others are.
        if self.state() != ReviewState::Promoted {
            let live = store.live(&self.version.id.prompt, self.review.environment)?;
            checks.push(base_check(&self.review, live.as_ref()));
            if self.review.environment == Environment::Production {
                checks.extend(chain_checks(store, &self.version.id, store.policy()?)?);
            }
        }
        Ok(checks)
    }

    /// Refuses, in words, while a check does not hold for `approver`.
    pub(super) fn require_checks(&self, store: &Store, approver: &Actor, refusal: &str) -> Result<(), ReleaseError> {
        let checks = self.checks(store, approver)?;
        let faults: Vec<String> = checks.into_iter().filter_map(|check| check.fault).collect();
        if faults.is_empty() {
            return Ok(());
        }
        let why = format!("{} {refusal}: {}", self.review.id, faults.join("; "));
        Err(DomainError::NotAllowed(why).into())
    }
}

/// Asks whether a version may enter an environment, on the evidence of a run; of its newest finished run that can carry
/// a release where none is named.
pub fn request(
    store: &Store,
    version: &VersionId,
    environment: Environment,
    run: Option<RunId>,
    act: &Act,
) -> Result<Review, ReleaseError> {
    store.permit(&act.actor, Action::ReviewRequest)?;
    let version = found(store.version(version)?, "version", version)?;
    let run = match run {
        Some(id) => id,
        None => newest_finished_run(store, &version)?,
    };
    let run = found(store.run(run)?, "run", &run)?;
    let end = store.run_end(run.id)?;
    let caveats = caveats(store, &run, end.as_ref())?;
    store.commit_numbered(|| {
        let review = Review::request(
            store.next_review_id()?,
            &version,
            environment,
            &run,
            end.as_ref(),
            &caveats,
            store.live(&version.id.prompt, environment)?.map(|live| live.version),
            act.reason.to_string(),
            act.actor.clone(),
            act.at,
        )?;
        let change = Change::new(act.audit(store, Action::ReviewRequest, &review.id)?).insert_review(&review)?;
        Ok((change, review))
    })
}

/// The newest one that can carry a release, or else the newest at all, so that the refusal says why that one cannot.
fn newest_finished_run(store: &Store, version: &PromptVersion) -> Result<RunId, ReleaseError> {
    let mut newest = None;
    for id in store.runs_of(&version.id)? {
        if store.run_end(id)?.is_some_and(|end| end.gate.is_some()) {
            if faults(store, id)?.is_empty() {
                return Ok(id);
            }
            newest = newest.or(Some(id));
        }
    }
    if let Some(id) = newest {
        return Ok(id);
    }
    let why = format!(
        "no finished run of {} with a known gate: start one with pegbox run start",
        version.id
    );
    Err(DomainError::NotAllowed(why).into())
}

/// Records a decision about a review. An approval is refused, in words, while a check does not hold.
pub fn decide(store: &Store, id: ReviewId, judgement: Judgement, act: &Act) -> Result<Decision, ReleaseError> {
    let (kind, action) = (judgement.kind(), judgement.action());
    // Whether somebody may decide at all comes before what stands against it.
    store.permit(&act.actor, action)?;
    let look = || Evidence::load(store, id);
    take_step(store, &id, look, |evidence, decision| {
        require_open(evidence, &kind)?;
        if kind == DecisionKind::Approved {
            evidence.require_checks(store, &act.actor, "cannot be approved")?;
        }
        let decision = Decision {
            id: decision,
            kind: kind.clone(),
            version: evidence.review.version.clone(),
            content_hash: evidence.review.content_hash,
            review: Some(id),
            run: Some(evidence.review.run),
            actor: act.actor.clone(),
            reason: act.reason.clone(),
            decided_at: act.at,
        };
        let change = Change::new(act.audit(store, action, &id)?).insert_decision(&decision)?;
        Ok((change, decision))
    })
}

fn require_open(evidence: &Evidence, kind: &DecisionKind) -> Result<(), ReleaseError> {
    let id = evidence.review.id;
    let refuse = |why: String| Err(DomainError::NotAllowed(why).into());
    match evidence.state() {
        ReviewState::Promoted => refuse(format!("{id} led to a promotion already: ask for a new review")),
        ReviewState::Rejected if *kind == DecisionKind::Approved => {
            refuse(format!("{id} was rejected: ask for a new review"))
        }
        _ => Ok(()),
    }
}
