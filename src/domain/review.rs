//! A review: the question whether a version may enter an environment, on the evidence of one run.

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
use super::caveats::{Caveats, Overtaken};
use super::decision::{Decision, DecisionKind};
use super::gate::Verdict;
use super::hash::ContentHash;
use super::ids::{ReviewId, RunId, VersionId};
use super::policy::{Policy, SelfApproval, SimulatedEvidence};
use super::promotion::{Environment, Promotion};
use super::run::{AnswerSource, Run, RunEnd};
use super::time::Timestamp;
use super::version::PromptVersion;

/// A request for review. Never changes; what was decided is in its decisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// What is to enter.
    pub version: VersionId,
    /// The content that the reviewers see; another hash needs another review.
    pub content_hash: ContentHash,
    /// Where it is to enter.
    pub environment: Environment,
    /// The finished run that it rests on.
    pub run: RunId,
    /// The version that stood there when it was asked for: what the reviewers read the change against.
    pub base: Option<VersionId>,
    /// What the author wants the reviewers to know.
    pub note: String,
    /// Who asks.
    pub requested_by: Actor,
    /// When.
    pub requested_at: Timestamp,
}

impl Review {
    /// A review needs a finished run of this very content with a known gate, and nothing that keeps its results from
    /// being evidence.
    #[expect(clippy::too_many_arguments, reason = "each is a field of the record")]
    pub fn request(
        id: ReviewId,
        version: &PromptVersion,
        environment: Environment,
        run: &Run,
        end: Option<&RunEnd>,
        caveats: &Caveats,
        base: Option<VersionId>,
        note: String,
        requested_by: Actor,
        requested_at: Timestamp,
    ) -> Result<Self, DomainError> {
        let refuse = |why: String| Err(DomainError::NotAllowed(why));
        if !environment.needs_review() {
            return refuse(format!(
                "{} needs no review: reviews are for staging and production",
                environment.as_str()
            ));
        }
        if base.as_ref() == Some(&version.id) {
            // Its way back would lead to itself.
            return refuse(format!("{} is in {} already", version.id, environment.as_str()));
        }
        if run.subject.content_hash() != version.content_hash {
            return refuse(format!(
                "{} tested {} with content {}, not {} with content {}",
                run.id,
                run.subject.label(),
                run.subject.content_hash().short(),
                version.id,
                version.content_hash.short()
            ));
        }
        if let Some(why) = no_evidence(run, caveats) {
            return refuse(why);
        }
        let known = end.is_some_and(|end| end.state.settles_gate() && end.gate.is_some());
        if !known {
            return refuse(format!("{} has not finished with a known gate", run.id));
        }
        Ok(Self {
            id,
            version: version.id.clone(),
            content_hash: version.content_hash,
            environment,
            run: run.id,
            base,
            note,
            requested_by,
            requested_at,
        })
    }
}

/// Where a review stands, by its last decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// Nobody decided yet.
    Open,
    /// It may be promoted.
    Approved,
    /// It may not.
    Rejected,
    /// Later.
    Paused,
    /// The prompt is not what has to change.
    NotAPromptProblem,
    /// It was promoted.
    Promoted,
}

impl ReviewState {
    /// The state that the decisions, oldest first, lead to.
    pub fn after(decisions: &[Decision]) -> Self {
        match decisions.last().map(|decision| &decision.kind) {
            None => Self::Open,
            Some(DecisionKind::Approved) => Self::Approved,
            Some(DecisionKind::Rejected) => Self::Rejected,
            Some(DecisionKind::Paused) => Self::Paused,
            Some(DecisionKind::NotAPromptProblem(_)) => Self::NotAPromptProblem,
            Some(DecisionKind::Promoted(_) | DecisionKind::RolledBack(_)) => Self::Promoted,
        }
    }

    /// The word on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Paused => "paused",
            Self::NotAPromptProblem => "not a prompt problem",
            Self::Promoted => "promoted",
        }
    }
}

/// One thing that stands between a review and its approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What is asked for.
    pub title: String,
    /// Why it does not hold; `None` where it holds.
    pub fault: Option<String>,
}

/// Proof that a review was approved: the only way to build a promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    review: Review,
    decision: Decision,
}

impl Approval {
    /// Takes a review whose last decision is an approval, for a version that is still what was reviewed.
    pub fn of(review: &Review, decisions: &[Decision], version: &PromptVersion) -> Result<Self, DomainError> {
        if version.content_hash != review.content_hash {
            return Err(DomainError::NotAllowed(format!(
                "{} approved content {}, {} is {}",
                review.id,
                review.content_hash.short(),
                version.id,
                version.content_hash.short()
            )));
        }
        match decisions.last() {
            Some(decision) if decision.kind == DecisionKind::Approved => Ok(Self {
                review: review.clone(),
                decision: decision.clone(),
            }),
            _ => Err(DomainError::NotAllowed(format!(
                "{} is {}, not approved",
                review.id,
                ReviewState::after(decisions).as_str()
            ))),
        }
    }

    /// The review.
    pub fn review(&self) -> &Review {
        &self.review
    }

    /// The decision that approved it.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }
}

/// Why the results of a run cannot carry a release, in a sentence; `None` where they can.
fn no_evidence(run: &Run, caveats: &Caveats) -> Option<String> {
    let faults = caveats.faults(run);
    (!faults.is_empty()).then(|| format!("{} is no evidence for a release: {}", run.id, faults.join("; ")))
}

/// What must hold before `actor` may approve, in the order in which screens list it.
pub fn approval_checks(
    review: &Review,
    version: &PromptVersion,
    run: &Run,
    end: Option<&RunEnd>,
    caveats: &Caveats,
    policy: Policy,
    actor: &Actor,
) -> Vec<Check> {
    let check = |title: String, fault: Option<String>| Check { title, fault };
    let verdict = end
        .and_then(|end| end.gate.as_ref())
        .map(|gate| (gate.verdict, gate.reason.clone()));
    let gate_fault = match &verdict {
        Some((Verdict::Pass, _)) => None,
        Some((verdict, reason)) => Some(format!("the gate says {verdict}: {reason}")),
        None => Some("the gate is not known".into()),
    };
    let refuses_simulated = policy.simulated_evidence == SimulatedEvidence::Refused;
    let simulated = run.answers == AnswerSource::Simulated;
    let judges_simulated = end.is_some_and(|end| end.totals.judging.simulated > 0);
    let simulated_fault = match (simulated, judges_simulated) {
        (true, _) => Some("the run used the simulated model, which is no evidence for a release".to_owned()),
        (false, true) => Some("its judges are simulated, which is no evidence for a release".to_owned()),
        (false, false) => None,
    };
    let own = policy.self_approval == SelfApproval::Refused && &version.author == actor;
    vec![
        check(
            format!("{} finished", run.id),
            end.is_none_or(|end| !end.state.settles_gate())
                .then(|| format!("{} is not finished", run.id)),
        ),
        check("gate passes".into(), gate_fault),
        check(
            format!("content {} unchanged", review.content_hash.short()),
            (version.content_hash != review.content_hash).then(|| "the content is not the reviewed one".into()),
        ),
        check(
            "answers come from a model".into(),
            simulated_fault.filter(|_| refuses_simulated),
        ),
        check("answers are fresh".into(), no_evidence(run, caveats)),
        check(
            "someone else than the author approves".into(),
            own.then(|| format!("{actor} wrote {} and may not be its only approver", version.id)),
        ),
    ]
}

/// That a run's dataset and suite are what a run of today would use.
pub fn currency_check(run: RunId, overtaken: &[Overtaken]) -> Check {
    Check {
        title: "dataset and suite newest".into(),
        fault: no_longer_current(run, overtaken),
    }
}

/// Why the results of a run are no evidence for a release any more; `None` where nothing followed what it rests on.
pub fn no_longer_current(run: RunId, overtaken: &[Overtaken]) -> Option<String> {
    let texts: Vec<String> = overtaken.iter().map(ToString::to_string).collect();
    (!texts.is_empty()).then(|| format!("{run} is stale: {}; run the newest and ask on that", texts.join("; ")))
}

/// That what a version would replace is still what its reviewers read it against.
pub fn base_check(review: &Review, live: Option<&Promotion>) -> Check {
    let place = review.environment.as_str();
    let or_nothing = |version: Option<&VersionId>| version.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let base = or_nothing(review.base.as_ref());
    let holds = live.map(|live| &live.version);
    let fault = (holds != review.base.as_ref()).then(|| {
        let since = live.map_or_else(String::new, |live| {
            format!(" ({} by {} at {})", live.id, live.promoted_by, live.promoted_at)
        });
        format!(
            "{place} holds {} now{since}, and the change was read against {base}: ask for a new review",
            or_nothing(holds)
        )
    });
    Check {
        title: format!("{place} still holds {base}"),
        fault,
    }
}
