//! Reviews by messages and as they are drawn.

use super::*;
use crate::domain::decision::{DecisionKind, OtherCause};
use crate::domain::gate::Verdict;
use crate::domain::ids::RunId;
use crate::domain::review::Check;
use crate::tui::command::Danger;
use crate::tui::overlays::dialog::{Confirmed, Dialog};
use crate::tui::screens::release_samples::{decision, promotion, review_detail, review_summary};
use crate::tui::screens::testing::{answered, check_any_size, check_drawn, commanded, drawn, sent, with_context};
use crate::workbench::{Judgement, PromptRef, Signing};

const ID: ReviewId = ReviewId(88);

fn summaries() -> Vec<ReviewSummary> {
    vec![
        review_summary(86, "router", ReviewState::Promoted, Verdict::Pass),
        review_summary(88, "support_triage", ReviewState::Open, Verdict::CannotTell),
        review_summary(85, "search_tool", ReviewState::Approved, Verdict::Pass),
        review_summary(87, "sales_intro", ReviewState::Open, Verdict::Pass),
    ]
}

/// The queue with the detail of its first review.
fn reviews(state: ReviewState, verdict: Verdict) -> Reviews {
    let mut screen = Reviews::queue();
    answered(&mut screen, Request::Reviews, Ok(Answer::Reviews(summaries())));
    show(&mut screen, state, verdict);
    screen
}

fn show(screen: &mut Reviews, state: ReviewState, verdict: Verdict) {
    let detail = Box::new(review_detail(state, verdict));
    answered(screen, Request::ReviewDetail(ID), Ok(Answer::ReviewDetail(detail)));
}

fn confirmed_dialog(effects: &[Effect]) -> &Dialog {
    match effects {
        [Effect::Confirm(dialog)] => dialog,
        other => panic!("a dialog was expected: {other:?}"),
    }
}

#[test]
fn the_queue_begins_with_what_waits_and_asks_for_its_detail() {
    let mut screen = Reviews::queue();
    assert_eq!(screen.requests(), [Request::Reviews]);
    let effects = answered(&mut screen, Request::Reviews, Ok(Answer::Reviews(summaries())));
    assert_eq!(
        effects,
        [Effect::Count(Tab::Review, 2), Effect::Ask(Request::ReviewDetail(ID))]
    );
    let order: Vec<u32> = screen.queue.rows().iter().map(|row| row.0.review.id.0).collect();
    assert_eq!(order, [88, 87, 85, 86]);
    let effects = commanded(&mut screen, CommandId::MoveDown);
    assert_eq!(effects, [Effect::Ask(Request::ReviewDetail(ReviewId(87)))]);
    show(&mut screen, ReviewState::Open, Verdict::Pass);
    assert!(
        screen.shown().is_none(),
        "a late answer about another review is dropped"
    );
}

#[test]
fn opened_on_one_review_it_shows_that_one() {
    let mut screen = Reviews::one(ReviewId(85));
    assert_eq!(
        screen.requests(),
        [Request::Reviews, Request::ReviewDetail(ReviewId(85))]
    );
    let effects = answered(&mut screen, Request::Reviews, Ok(Answer::Reviews(summaries())));
    assert_eq!(effects, [Effect::Count(Tab::Review, 2)]);
    assert_eq!(screen.wanted(), Some(ReviewId(85)));
    assert!(!screen.step_back(), "esc leaves it");
}

#[test]
fn approval_waits_for_every_check_and_every_change() {
    let screen = reviews(ReviewState::Open, Verdict::CannotTell);
    let fault = screen.availability(CommandId::ReviewApprove).unwrap_err();
    assert!(fault.contains("the gate says cannot tell yet"), "{fault}");
    assert!(fault.contains("3 of 3 changes not viewed"), "{fault}");

    let mut screen = reviews(ReviewState::Open, Verdict::Pass);
    commanded(&mut screen, CommandId::Viewed);
    let fault = screen.availability(CommandId::ReviewApprove).unwrap_err();
    assert_eq!(fault, "2 of 3 changes not viewed");
    let effects = commanded(&mut screen, CommandId::ReviewApprove);
    assert!(matches!(&effects[..], [Effect::Say(note)] if note.text == fault));
    assert_eq!(screen.status(), format!("approve is off: {fault}"));
}

#[test]
fn space_goes_to_the_next_change_that_is_not_viewed() {
    let mut screen = reviews(ReviewState::Open, Verdict::Pass);
    let at = |screen: &Reviews| screen.changes.at(screen.row);
    assert_eq!(at(&screen), Some(0));
    commanded(&mut screen, CommandId::Viewed);
    assert_eq!(at(&screen), Some(1));
    commanded(&mut screen, CommandId::ProblemNext);
    commanded(&mut screen, CommandId::Viewed);
    assert_eq!(at(&screen), Some(1), "round to the one that was passed over");
    commanded(&mut screen, CommandId::Viewed);
    assert_eq!(screen.availability(CommandId::ReviewApprove), Ok(()));
    show(&mut screen, ReviewState::Open, Verdict::Pass);
    assert_eq!(screen.status(), "all checks hold: A approves", "marks survive a reload");
}

#[test]
fn unmarking_a_change_says_so() {
    let mut screen = reviews(ReviewState::Open, Verdict::Pass);
    assert!(matches!(
        commanded(&mut screen, CommandId::Viewed)[..],
        [Effect::Viewed(..)]
    ));
    commanded(&mut screen, CommandId::ProblemPrevious);
    let effects = commanded(&mut screen, CommandId::Viewed);
    let [Effect::Viewed(_, left), Effect::Say(note)] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert!(left.is_empty());
    assert_eq!(
        note.text,
        "change 1 of 3 counts as not viewed again; the same key marks it"
    );
}

#[test]
fn the_strip_says_what_approvals_are_missing_beside_the_checks() {
    let mut screen = reviews(ReviewState::Open, Verdict::Pass);
    screen.focus = Pane::Change;
    assert!(drawn(&screen, 80, 21).contains("checks hold   [ ] 0 of 3 changes viewed"));
    let mut detail = screen.shown().unwrap().clone();
    detail.approvals = Some(Check {
        title: "2 approvals, not by the author alone".into(),
        fault: Some("2 more approvals are needed".into()),
    });
    answered(
        &mut screen,
        Request::ReviewDetail(ID),
        Ok(Answer::ReviewDetail(Box::new(detail))),
    );
    let shown = drawn(&screen, 80, 21);
    assert!(
        shown.contains("checks hold   [ ] 2 approvals   [ ] 0 of 3 changes viewed"),
        "{shown}"
    );
}

#[test]
fn approving_sends_the_reason_about_the_review_of_the_dialog() {
    let mut screen = reviews(ReviewState::Open, Verdict::Pass);
    (0..3).for_each(|_| drop(commanded(&mut screen, CommandId::Viewed)));
    let effects = commanded(&mut screen, CommandId::ReviewApprove);
    assert_eq!(confirmed_dialog(&effects).level(), Danger::Reason);
    // The queue changes below the dialog.
    let others = vec![review_summary(87, "sales_intro", ReviewState::Open, Verdict::Pass)];
    answered(&mut screen, Request::Reviews, Ok(Answer::Reviews(others)));
    let confirmed = Confirmed::for_test(CommandId::ReviewApprove, None, "accuracy 227/240 is proven");
    let request = Request::Decide {
        review: ID,
        judgement: Judgement::Approve,
        reason: "accuracy 227/240 is proven".into(),
        signing: Signing::Unsigned,
    };
    assert_eq!(
        sent(&mut screen, ScreenEvent::Confirmed(confirmed.clone())),
        [Effect::Act(request.clone(), confirmed.clone())]
    );
    let signing = confirmed.clone().signing();
    let signed = Request::Decide {
        review: ID,
        judgement: Judgement::Approve,
        reason: "accuracy 227/240 is proven".into(),
        signing: Signing::Wanted,
    };
    assert_eq!(
        sent(&mut screen, ScreenEvent::Confirmed(signing.clone())),
        [Effect::Act(signed, signing)]
    );
    // A refused dialog comes back, and is about the same review still.
    assert_eq!(
        sent(&mut screen, ScreenEvent::Confirmed(confirmed.clone())),
        [Effect::Act(request, confirmed)]
    );
}

#[test]
fn a_rejection_names_its_cause() {
    for (choice, judgement) in [
        (0, Judgement::Reject),
        (1, Judgement::NotAPromptProblem(OtherCause::Retrieval)),
        (4, Judgement::NotAPromptProblem(OtherCause::InstructionTuning)),
    ] {
        let mut screen = reviews(ReviewState::Open, Verdict::CannotTell);
        let effects = commanded(&mut screen, CommandId::ReviewReject);
        confirmed_dialog(&effects);
        let confirmed = Confirmed::for_test(CommandId::ReviewReject, Some(choice), "4 escalations were missed");
        let effects = sent(&mut screen, ScreenEvent::Confirmed(confirmed));
        let [Effect::Act(Request::Decide { judgement: sent, .. }, _)] = &effects[..] else {
            panic!("a decision was expected: {effects:?}");
        };
        assert_eq!(*sent, judgement);
    }
}

#[test]
fn an_approved_review_is_promoted_by_typing_the_new_id() {
    let mut screen = reviews(ReviewState::Open, Verdict::Pass);
    let fault = screen.availability(CommandId::ReleasePromote).unwrap_err();
    assert_eq!(fault, "review_88 is open: only an approved review is promoted");
    show(&mut screen, ReviewState::Approved, Verdict::Pass);
    assert_eq!(screen.status(), "review_88 is approved already: P promotes it");
    let effects = commanded(&mut screen, CommandId::ReleasePromote);
    let dialog = confirmed_dialog(&effects);
    assert_eq!(dialog.level(), Danger::Typed);
    let confirmed = Confirmed::for_test(CommandId::ReleasePromote, None, "legal asked for it");
    let request = Request::Promote {
        review: ID,
        reason: "legal asked for it".into(),
        signing: Signing::Unsigned,
    };
    assert_eq!(
        sent(&mut screen, ScreenEvent::Confirmed(confirmed.clone())),
        [Effect::Act(request.clone(), confirmed)]
    );
    let effects = answered(&mut screen, request, Ok(Answer::Promoted(promotion(9, 14, 0), None)));
    assert!(matches!(&effects[..], [Effect::Say(note)] if note.text.contains("support_triage_prod_v9")));
}

#[test]
fn what_was_decided_cannot_be_decided_the_same_way_again() {
    for (state, command, why) in [
        (
            ReviewState::Rejected,
            CommandId::ReviewReject,
            "review_88 is rejected already",
        ),
        (
            ReviewState::Paused,
            CommandId::ReviewPause,
            "review_88 is paused already",
        ),
        (
            ReviewState::Rejected,
            CommandId::ReviewApprove,
            "review_88 was rejected: ask for a new review",
        ),
    ] {
        let screen = reviews(state, Verdict::Pass);
        assert_eq!(screen.availability(command), Err(why.into()));
    }
    let mut screen = reviews(ReviewState::Open, Verdict::Pass);
    let request = Request::Decide {
        review: ID,
        judgement: Judgement::Pause,
        reason: String::new(),
        signing: Signing::Unsigned,
    };
    let effects = answered(
        &mut screen,
        request,
        Ok(Answer::Decided(decision(12, DecisionKind::Paused))),
    );
    assert_eq!(
        effects,
        [Effect::Say(Note::info("decision_12: support_triage_v14 paused"))]
    );
}

#[test]
fn leads_to_diff_lineage_failures_and_decisions() {
    let mut screen = reviews(ReviewState::Open, Verdict::Pass);
    let version = |number: u32| PromptRef::Version(format!("support_triage_v{number}").parse().unwrap());
    let diff = Place::Diff {
        old: version(13),
        new: version(14),
    };
    assert_eq!(commanded(&mut screen, CommandId::Compare), [Effect::Open(diff)]);
    assert_eq!(
        commanded(&mut screen, CommandId::Lineage),
        [Effect::Open(Place::Lineage("review_88".into()))]
    );
    assert_eq!(
        commanded(&mut screen, CommandId::Search),
        [Effect::Open(Place::Decisions)]
    );
    screen.focus = Pane::Evidence;
    assert_eq!(
        commanded(&mut screen, CommandId::Open),
        [Effect::Open(Place::Comparison {
            base: RunId(417),
            candidate: RunId(421)
        })]
    );
    screen.focus = Pane::Checks;
    assert_eq!(
        commanded(&mut screen, CommandId::Open),
        [Effect::Open(Place::Run(RunId(421)))]
    );
    assert!(screen.step_back() && screen.focus == Pane::Queue);
}

#[test]
fn says_what_is_missing() {
    let mut screen = Reviews::queue();
    assert!(drawn(&screen, 80, 21).contains("loading"));
    answered(&mut screen, Request::Reviews, Ok(Answer::Reviews(Vec::new())));
    assert!(drawn(&screen, 80, 21).contains("No review yet. V on Runs asks for one."));
    assert_eq!(
        screen.availability(CommandId::ReviewApprove),
        Err("there is no review".into())
    );
    let mut first = review_detail(ReviewState::Open, Verdict::Pass);
    first.diff = None;
    first.review.base = None;
    let mut screen = Reviews::one(ID);
    answered(
        &mut screen,
        Request::ReviewDetail(ID),
        Ok(Answer::ReviewDetail(Box::new(first))),
    );
    assert!(drawn(&screen, 100, 27).contains("nothing -> support_triage_v14"));
    assert!(screen.availability(CommandId::Compare).is_err());
}

#[test]
fn looks_as_designed() {
    let mut screen = reviews(ReviewState::Paused, Verdict::CannotTell);
    check_drawn("review_queue", &screen);
    check_any_size(&screen);
    screen.focus = Pane::Change;
    commanded(&mut screen, CommandId::Viewed);
    check_drawn("review", &screen);
    check_any_size(&screen);
}

#[test]
fn evidence_and_checks_fill_a_narrow_terminal() {
    let mut screen = reviews(ReviewState::Open, Verdict::CannotTell);
    screen.focus = Pane::Evidence;
    insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "../snapshots"}, {
        insta::assert_snapshot!("review_evidence_80x24", drawn(&screen, 80, 21));
    });
    screen.focus = Pane::Checks;
    insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "../snapshots"}, {
        insta::assert_snapshot!("review_checks_80x24", drawn(&screen, 80, 21));
    });
}

#[test]
fn a_change_that_is_not_drawn_cannot_be_marked_as_viewed() {
    let mut screen = reviews(ReviewState::Open, Verdict::Pass);
    let narrow = |screen: &mut Reviews, command| {
        with_context(80, 24, |context| screen.update(ScreenEvent::Command(command), context));
        let detail = screen.shown().unwrap();
        screen.viewed.changes(&ViewedOf::of(detail)).len()
    };
    assert_eq!(
        narrow(&mut screen, CommandId::Viewed),
        0,
        "the queue has the whole screen"
    );
    assert_eq!(screen.focus, Pane::Change);
    assert_eq!(narrow(&mut screen, CommandId::Viewed), 1);
    narrow(&mut screen, CommandId::PaneNext);
    narrow(&mut screen, CommandId::PaneZoom);
    assert_eq!(narrow(&mut screen, CommandId::Viewed), 1, "another pane is zoomed");
}

#[test]
fn what_is_decided_needs_no_viewing() {
    let screen = reviews(ReviewState::Promoted, Verdict::Pass);
    let why = screen.availability(CommandId::Viewed).unwrap_err();
    assert!(why.contains("promotion already"), "{why}");
    let open = reviews(ReviewState::Open, Verdict::Pass);
    assert_eq!(open.availability(CommandId::Viewed), Ok(()));
}
