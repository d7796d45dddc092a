//! Asking for a review, and deciding it.

use super::chains::chain_checks;
use super::evidence::{caveats, faults, overtaken};
use super::quarantines::quarantine_check;
use super::signing::with_signature;
use super::suites::suite_checks;
use super::{Act, ReleaseError, found, take_step};
use crate::domain::DomainError;
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::approvals::Approvals;
use crate::domain::caveats::Caveats;
use crate::domain::decision::{Decision, DecisionKind, OtherCause};
use crate::domain::ids::{DecisionId, ReviewId, RunId, VersionId};
use crate::domain::people::People;
use crate::domain::person::Role;
use crate::domain::policy::{Policy, SelfApproval, Signatures};
use crate::domain::promotion::Environment;
use crate::domain::review::{
    Check, Review, ReviewState, approvals_check, approver_checks, base_check, currency_check, evidence_checks,
    no_longer_current,
};
use crate::domain::run::{Run, RunEnd};
use crate::domain::signature::Statement;
use crate::domain::time::Timestamp;
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
    /// The rules of the store.
    pub policy: Policy,
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
            policy: store.policy()?,
            run,
            end,
            review,
        })
    }

    /// Where the review stands, by the rules of its environment.
    pub fn state(&self) -> ReviewState {
        let rules = self.policy.rules(self.review.environment);
        ReviewState::after(&self.decisions, &self.version.author, rules)
    }

    /// What must hold before `actor` may approve.
    pub fn checks(&self, store: &Store, actor: &Actor, now: Timestamp) -> Result<Vec<Check>, ReleaseError> {
        let permitted = match People::new(store.people()?).permit(actor, Action::ReviewApprove) {
            Ok(()) => None,
            Err(why) => Some(why.to_string()),
        };
        let (review, author) = (&self.review, &self.version.author);
        let mut checks = self.evidence_checks(now);
        checks.extend(approver_checks(
            review,
            &self.decisions,
            author,
            &self.policy,
            actor,
            permitted,
        ));
        checks.extend(self.checks_of_others(store, now)?);
        Ok(checks)
    }

    /// The check of the approvals, where the rules ask for more than one of anybody.
    pub fn approvals_beside_one(&self, store: &Store) -> Result<Option<Check>, ReleaseError> {
        let rules = self.policy.rules(self.review.environment);
        let asks = rules.approvals > 1 || rules.self_approval == SelfApproval::NotAlone || !rules.approvers.is_empty();
        if asks && self.state() != ReviewState::Promoted {
            return Ok(Some(self.approvals(store)?));
        }
        Ok(None)
    }

    /// That there are all the approvals that the rules ask for, with the names of those who could give what is missing.
    fn approvals(&self, store: &Store) -> Result<Check, ReleaseError> {
        let people = People::new(store.people()?);
        let reviewers: Vec<Actor> = people
            .active()
            .filter(|person| person.acts_as(Role::Reviewer))
            .map(|person| person.name.clone())
            .collect();
        let (review, author) = (&self.review, &self.version.author);
        Ok(approvals_check(
            review,
            &self.decisions,
            author,
            &self.policy,
            &reviewers,
        ))
    }

    /// Refuses, in words, while a check does not hold for who wants to approve.
    fn require_for_approval(&self, store: &Store, approver: &Actor, now: Timestamp) -> Result<(), ReleaseError> {
        self.require(self.checks(store, approver, now)?, "cannot be approved")
    }

    /// Refuses, in words, while a check of the promotion does not hold. Since the approvals the rules may have become
    /// stricter, the evidence has grown older, and something else may have gone live.
    pub(super) fn require_for_promotion(&self, store: &Store, now: Timestamp) -> Result<(), ReleaseError> {
        let mut checks = self.evidence_checks(now);
        checks.extend(self.checks_of_others(store, now)?);
        checks.push(self.approvals(store)?);
        checks.push(self.signed_approvals(store)?);
        self.require(checks, "cannot be promoted")
    }

    /// That the approvals that count are signed, where the rules ask for it. They may not have when those were given.
    fn signed_approvals(&self, store: &Store) -> Result<Check, ReleaseError> {
        let (place, rules) = (self.review.environment, self.policy.rules(self.review.environment));
        let mut unsigned = Vec::new();
        if rules.signatures == Signatures::Required {
            for approval in Approvals::of(&self.decisions, &self.version.author, rules).counting() {
                if store.signature(approval.id)?.is_none() {
                    unsigned.push(format!("{} by {}", approval.id, approval.actor));
                }
            }
        }
        let fault = (!unsigned.is_empty()).then(|| {
            format!(
                "{} is not signed, which {} asks for now: pause the review, and approve it again with --sign",
                unsigned.join(", "),
                place.as_str()
            )
        });
        Ok(Check {
            title: "the approvals are signed".into(),
            fault,
        })
    }

    /// Refuses what nobody approved, or somebody decided otherwise since.
    pub(super) fn require_decided(&self) -> Result<(), ReleaseError> {
        match self.state() {
            ReviewState::Approved | ReviewState::PartlyApproved => Ok(()),
            state => {
                let why = format!("{} is {}, not approved", self.review.id, state.as_str());
                Err(DomainError::NotAllowed(why).into())
            }
        }
    }

    /// Refuses, in words that say who could give them, while approvals are missing.
    pub(super) fn require_approvals(&self, store: &Store) -> Result<(), ReleaseError> {
        self.require(vec![self.approvals(store)?], "cannot be promoted")
    }

    fn evidence_checks(&self, now: Timestamp) -> Vec<Check> {
        evidence_checks(
            &self.review,
            &self.version,
            &self.run,
            self.end.as_ref(),
            &self.caveats,
            &self.policy,
            now,
        )
    }

    /// Checks of what else is in the store: other runs, what is live, and chains.
    fn checks_of_others(&self, store: &Store, now: Timestamp) -> Result<Vec<Check>, ReleaseError> {
        let mut checks = suite_checks(store, &self.review, &self.policy, now)?;
        checks.extend(quarantine_check(store, &self.run, self.end.as_ref())?);
        // Once it is promoted it is itself what is live, and later others are.
        if self.state() != ReviewState::Promoted {
            let live = store.live(&self.version.id.prompt, self.review.environment)?;
            checks.push(currency_check(self.run.id, &overtaken(store, &self.run)?));
            checks.push(base_check(&self.review, live.as_ref()));
            if self.review.environment == Environment::Production {
                checks.extend(chain_checks(store, &self.version.id, &self.policy)?);
            }
        }
        Ok(checks)
    }

    fn require(&self, checks: Vec<Check>, refusal: &str) -> Result<(), ReleaseError> {
        let faults: Vec<String> = checks.into_iter().filter_map(|check| check.fault).collect();
        if faults.is_empty() {
            return Ok(());
        }
        let why = format!("{} {refusal}: {}", self.review.id, faults.join("; "));
        Err(DomainError::NotAllowed(why).into())
    }
}

/// Where a review stands, by the rules of its environment.
pub fn state_of(store: &Store, review: &Review, policy: &Policy) -> Result<ReviewState, ReleaseError> {
    let version = found(store.version(&review.version)?, "version", &review.version)?;
    let decisions = store.decisions_of_review(review.id)?;
    Ok(ReviewState::after(
        &decisions,
        &version.author,
        policy.rules(review.environment),
    ))
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
    if let Some(why) = no_longer_current(run.id, &overtaken(store, &run)?) {
        return Err(DomainError::NotAllowed(why).into());
    }
    store.commit_numbered(|| {
        // Before what others may add to: a review that comes in between takes this number.
        let id = store.next_review_id()?;
        let base = store.live(&version.id.prompt, environment)?.map(|live| live.version);
        refuse_twice(store, &version.id, environment, run.id, base.as_ref())?;
        let review = Review::request(
            id,
            &version,
            environment,
            &run,
            end.as_ref(),
            &caveats,
            base,
            act.reason.to_string(),
            act.actor.clone(),
            act.at,
        )?;
        let change = Change::new(act.audit(store, Action::ReviewRequest, &review.id)?).insert_review(&review)?;
        Ok((change, review))
    })
}

/// Refuses a second review of the same version for the same environment, on the same evidence and against the same
/// base, while the first one can still be decided or promoted.
fn refuse_twice(
    store: &Store,
    version: &VersionId,
    environment: Environment,
    run: RunId,
    base: Option<&VersionId>,
) -> Result<(), ReleaseError> {
    let policy = store.policy()?;
    for review in store.reviews()? {
        let is_same = &review.version == version && review.environment == environment && review.run == run;
        if !is_same || review.base.as_ref() != base {
            continue;
        }
        let state = state_of(store, &review, &policy)?;
        if state.is_undecided() || state == ReviewState::Approved {
            let why = format!(
                "{} asks this already, and is {}: {version} for {}, on {run}, asked by {} at {}",
                review.id,
                state.as_str(),
                environment.as_str(),
                review.requested_by,
                review.requested_at
            );
            return Err(DomainError::NotAllowed(why).into());
        }
    }
    Ok(())
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
        let decision = decision_in(store, evidence, &kind, decision, act)?;
        let change = Change::new(act.audit(store, action, &id)?).insert_decision(&decision)?;
        let change = with_signature(change, store, &decision, None, act)?;
        Ok((change, decision))
    })
}

/// What whoever decides so signs.
pub fn statement(store: &Store, id: ReviewId, judgement: Judgement, act: &Act) -> Result<Statement, ReleaseError> {
    store.permit(&act.actor, judgement.action())?;
    let next = store.next_decision_id()?;
    let decision = decision_in(store, &Evidence::load(store, id)?, &judgement.kind(), next, act)?;
    Ok(store.statement(&decision, None)?)
}

fn decision_in(
    store: &Store,
    evidence: &Evidence,
    kind: &DecisionKind,
    decision: DecisionId,
    act: &Act,
) -> Result<Decision, ReleaseError> {
    require_open(evidence, kind)?;
    if *kind == DecisionKind::Approved {
        evidence.require_for_approval(store, &act.actor, act.at)?;
    }
    Ok(Decision {
        id: decision,
        kind: kind.clone(),
        version: evidence.review.version.clone(),
        content_hash: evidence.review.content_hash,
        review: Some(evidence.review.id),
        run: Some(evidence.review.run),
        actor: act.actor.clone(),
        reason: act.reason.clone(),
        decided_at: act.at,
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
