//! A review: the question whether a version may enter an environment, on the evidence of one run.

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
use super::approvals::Approvals;
use super::caveats::{Caveats, Overtaken};
use super::decision::{Decision, DecisionKind};
use super::gate::Verdict;
use super::hash::ContentHash;
use super::ids::{ReviewId, RunId, VersionId};
use super::policy::{EnvironmentRules, Policy, SelfApproval, SimulatedEvidence};
use super::promotion::{Environment, Promotion};
use super::run::{AnswerSource, Run, RunEnd};
use super::time::Timestamp;
use super::version::PromptVersion;

/// A day in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

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

/// Where a review stands, by its decisions and the rules of its environment.
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
    /// Somebody approved it, and more must.
    PartlyApproved,
}

impl ReviewState {
    /// Whether reviewers still have to say something: nobody has said the last word.
    pub fn is_undecided(self) -> bool {
        matches!(self, Self::Open | Self::Paused | Self::PartlyApproved)
    }

    /// The state that the decisions, oldest first, lead to, of a version by this author.
    pub fn after(decisions: &[Decision], author: &Actor, rules: &EnvironmentRules) -> Self {
        match decisions.last().map(|decision| &decision.kind) {
            None => Self::Open,
            Some(DecisionKind::Approved) if Approvals::of(decisions, author, rules).missing().is_some() => {
                Self::PartlyApproved
            }
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
            Self::PartlyApproved => "partly approved",
        }
    }

    /// Whether somebody may still approve it.
    pub fn awaits_approval(self) -> bool {
        matches!(self, Self::Open | Self::PartlyApproved)
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
    /// Takes a review with all the approvals that the rules ask for, for a version that is still what was reviewed.
    pub fn of(
        review: &Review,
        decisions: &[Decision],
        version: &PromptVersion,
        rules: &EnvironmentRules,
    ) -> Result<Self, DomainError> {
        if version.content_hash != review.content_hash {
            return Err(DomainError::NotAllowed(format!(
                "{} approved content {}, {} is {}",
                review.id,
                review.content_hash.short(),
                version.id,
                version.content_hash.short()
            )));
        }
        let approvals = Approvals::of(decisions, &version.author, rules);
        match (
            ReviewState::after(decisions, &version.author, rules),
            approvals.deciding(),
        ) {
            (ReviewState::Approved, Some(decision)) => Ok(Self {
                review: review.clone(),
                decision: decision.clone(),
            }),
            (state, _) => {
                let missing = match state {
                    ReviewState::PartlyApproved => approvals.fault(&[]),
                    _ => None,
                };
                let missing = missing.map_or_else(String::new, |missing| format!(": {missing}"));
                Err(DomainError::NotAllowed(format!(
                    "{} is {}, not approved{missing}",
                    review.id,
                    state.as_str()
                )))
            }
        }
    }

    /// The review.
    pub fn review(&self) -> &Review {
        &self.review
    }

    /// The decision that approved it: the last one of those that it took.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }
}

/// Why the results of a run cannot carry a release, in a sentence; `None` where they can.
fn no_evidence(run: &Run, caveats: &Caveats) -> Option<String> {
    let faults = caveats.faults(run);
    (!faults.is_empty()).then(|| format!("{} is no evidence for a release: {}", run.id, faults.join("; ")))
}

/// What the evidence of a review must be, in the order in which screens list it.
pub fn evidence_checks(
    review: &Review,
    version: &PromptVersion,
    run: &Run,
    end: Option<&RunEnd>,
    caveats: &Caveats,
    policy: &Policy,
    now: Timestamp,
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
    let mut checks = vec![
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
            if refuses_simulated || simulated_fault.is_none() {
                "answers come from a model".into()
            } else {
                "simulated answers count in this store".into()
            },
            simulated_fault.filter(|_| refuses_simulated),
        ),
        check("answers are fresh".into(), no_evidence(run, caveats)),
    ];
    if let Some(days) = policy.rules(review.environment).evidence_days_max {
        checks.push(check(
            format!("evidence is not older than {days} days"),
            age_fault(run, end, days, now),
        ));
    }
    checks
}

/// Why a run is too old to carry a decision now; `None` where it is not.
pub fn age_fault(run: &Run, end: Option<&RunEnd>, days_max: u32, now: Timestamp) -> Option<String> {
    let ended_at = end.map_or(run.started_at, |end| end.ended_at);
    let age_ms = now.0.saturating_sub(ended_at.0);
    (age_ms > i64::from(days_max) * DAY_MS).then(|| {
        let days = age_ms / DAY_MS;
        format!("{} ended {days} days ago, at {ended_at}: run it again", run.id)
    })
}

/// What must hold of somebody who wants to approve. `permitted` says why their roles do not let them; `None` where they
/// do.
pub fn approver_checks(
    review: &Review,
    decisions: &[Decision],
    author: &Actor,
    policy: &Policy,
    actor: &Actor,
    permitted: Option<String>,
) -> Vec<Check> {
    let rules = policy.rules(review.environment);
    let is_own = author == actor && rules.self_approval != SelfApproval::Refused;
    let mut checks = vec![Check {
        title: match rules.self_approval {
            _ if !is_own => "someone else than the author approves".into(),
            SelfApproval::NotAlone => format!("{actor} approves their own version, beside others as the rules ask"),
            _ => format!("{actor} approves their own version, which the rules of this store allow"),
        },
        fault: (rules.self_approval == SelfApproval::Refused && author == actor)
            .then(|| format!("{actor} wrote {} and may not be its only approver", review.version)),
    }];
    if let Some(why) = permitted {
        checks.push(Check {
            title: "a reviewer approves".into(),
            fault: Some(why),
        });
    }
    if !rules.approvers.is_empty() {
        let names: Vec<&str> = rules.approvers.iter().map(Actor::as_str).collect();
        let (place, names) = (review.environment.as_str(), names.join(", "));
        checks.push(Check {
            fault: (!rules.approvers.contains(actor))
                .then(|| format!("{actor} is not among those who approve for {place}: {names}")),
            title: format!("one of {names} approves"),
        });
    }
    let before = Approvals::of(decisions, author, rules).by(actor);
    if let Some(before) = before {
        checks.push(Check {
            title: "each person approves once".into(),
            fault: Some(format!("{actor} approved it already, in {}", before.id)),
        });
    }
    checks
}

/// That there are all the approvals that the rules ask for. Of `reviewers` may come those that are missing.
pub fn approvals_check(
    review: &Review,
    decisions: &[Decision],
    author: &Actor,
    policy: &Policy,
    reviewers: &[Actor],
) -> Check {
    let rules = policy.rules(review.environment);
    let others = if rules.self_approval == SelfApproval::NotAlone {
        ", not by the author alone"
    } else {
        ""
    };
    let noun = if rules.approvals == 1 { "approval" } else { "approvals" };
    Check {
        title: format!("{} {noun}{others}", rules.approvals),
        fault: Approvals::of(decisions, author, rules).fault(reviewers),
    }
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
