//! What a reviewer may say, the dialogs that ask, and the sentences that say why not.

use super::super::promotion::{evidence_text, replaced_text};
use crate::domain::decision::OtherCause;
use crate::domain::promotion::Environment;
use crate::domain::review::ReviewState;
use crate::domain::time::Timestamp;
use crate::tui::command::CommandId;
use crate::tui::overlays::dialog::{Dialog, Fact, ReasonRule};
use crate::workbench::{Judgement, ReviewDetail};

/// How many of the changes were viewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ViewedCount {
    pub(super) viewed: usize,
    pub(super) total: usize,
}

impl ViewedCount {
    pub(super) fn is_whole(self) -> bool {
        self.viewed >= self.total
    }
}

/// Everything that stands between this person and the approval, in one sentence.
pub(super) fn approval_fault(detail: &ReviewDetail, viewed: ViewedCount) -> Result<(), String> {
    let id = detail.review.id;
    match detail.state {
        ReviewState::Approved => return Err(format!("{id} is approved already: P promotes it")),
        ReviewState::Promoted => return Err(format!("{id} led to a promotion already")),
        ReviewState::Rejected => return Err(format!("{id} was rejected: ask for a new review")),
        ReviewState::Open | ReviewState::PartlyApproved | ReviewState::Paused | ReviewState::NotAPromptProblem => {}
    }
    let mut faults: Vec<String> = detail.checks.iter().filter_map(|check| check.fault.clone()).collect();
    if !viewed.is_whole() {
        let missing = viewed.total - viewed.viewed;
        faults.push(format!("{missing} of {} changes not viewed", viewed.total));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("; "))
    }
}

/// Why the review cannot be rejected or paused.
pub(super) fn refusal_fault(detail: &ReviewDetail, refused: ReviewState) -> Result<(), String> {
    let id = detail.review.id;
    match detail.state {
        ReviewState::Promoted => Err(format!(
            "{id} led to a promotion already: roll it back with B on Releases"
        )),
        state if state == refused => Err(format!("{id} is {} already", state.as_str())),
        _ => Ok(()),
    }
}

/// Why marking changes as viewed is of no use any more.
pub(super) fn viewed_fault(detail: &ReviewDetail) -> Result<(), String> {
    let id = detail.review.id;
    match detail.state {
        ReviewState::Promoted => Err(format!("{id} led to a promotion already: nothing waits for it")),
        ReviewState::Approved | ReviewState::Rejected => Err(format!("{id} is {} already", detail.state.as_str())),
        ReviewState::Open | ReviewState::PartlyApproved | ReviewState::Paused | ReviewState::NotAPromptProblem => {
            Ok(())
        }
    }
}

pub(super) fn approve_dialog(detail: &ReviewDetail, now: Timestamp) -> Dialog {
    let version = &detail.review.version;
    let environment = detail.review.environment;
    let (promotion, replaced) = &detail.promotion;
    let facts = vec![
        Fact::new("makes", format!("an approval; P then makes {promotion} of it")),
        Fact::new(
            "replaces",
            format!("{} (once promoted)", replaced_text(replaced.as_ref(), now)),
        ),
        Fact::new("affects", unaffected_text(environment)),
        Fact::new("rests on", evidence_text(detail)),
        Fact::new("undo", "X rejects it until it is promoted"),
    ];
    Dialog::reason(
        CommandId::ReviewApprove,
        format!("Approve {version} for {}", environment.as_str()),
        facts,
        format!("Approve {version}"),
        ReasonRule::Required,
    )
}

fn unaffected_text(environment: Environment) -> String {
    format!("nothing yet: {} changes with the promotion", environment.as_str())
}

pub(super) fn reject_dialog(detail: &ReviewDetail) -> Dialog {
    let version = &detail.review.version;
    let facts = vec![
        Fact::new("makes", "a decision that names the cause; it stays in the record"),
        Fact::new("rests on", evidence_text(detail)),
        Fact::new("undo", "none: a rejected version needs a new review"),
        Fact::new("cause", "what has to change:"),
    ];
    let mut causes = vec!["prompt: the version is rejected".to_owned()];
    causes.extend(OtherCause::ALL.map(|cause| format!("{}: not a prompt problem", cause.as_str())));
    Dialog::reason(
        CommandId::ReviewReject,
        format!("Reject {version}"),
        facts,
        format!("Reject {version}"),
        ReasonRule::Required,
    )
    .with_choices(causes)
}

pub(super) fn pause_dialog(detail: &ReviewDetail) -> Dialog {
    let version = &detail.review.version;
    let facts = vec![
        Fact::new("makes", "a decision to decide later"),
        Fact::new("rests on", evidence_text(detail)),
        Fact::new("undo", "A, X: both still work"),
    ];
    Dialog::reason(
        CommandId::ReviewPause,
        format!("Pause the review of {version}"),
        facts,
        "Pause",
        ReasonRule::Required,
    )
}

/// What was said in a dialog: `choice` is the cause in [`reject_dialog`].
pub(super) fn judgement(command: CommandId, choice: Option<usize>) -> Option<Judgement> {
    match command {
        CommandId::ReviewApprove => Some(Judgement::Approve),
        CommandId::ReviewPause => Some(Judgement::Pause),
        CommandId::ReviewReject => {
            let other = choice.and_then(|choice| choice.checked_sub(1));
            let cause = other.and_then(|other| OtherCause::ALL.get(other));
            Some(cause.map_or(Judgement::Reject, |cause| Judgement::NotAPromptProblem(*cause)))
        }
        _ => None,
    }
}
