//! Lineage by messages and as it is drawn.

use super::*;
use crate::domain::ids::{PromptName, ReviewId, RunId};
use crate::tui::screens::testing::{answered, check_any_size, check_drawn, commanded, drawn};
use crate::workbench::Fault;

fn node(depth: usize, kind: &'static str, id: &str, summary: &str, check: HashCheck) -> NodeRow {
    NodeRow(LineageNode {
        depth,
        kind,
        id: id.into(),
        summary: summary.into(),
        check,
    })
}

fn nodes(run: HashCheck) -> Lineage {
    use HashCheck::{Chained, Matches};
    let made = "support_triage_v13 by mei at 2026-05-26T12:00:00Z: shorter answers, accuracy 226/240";
    let rows = vec![
        node(0, "release", "support_triage_prod_v8", made, Chained),
        node(
            1,
            "version",
            "support_triage_v13",
            "bug by ben: shorter answers",
            Matches,
        ),
        node(
            1,
            "review",
            "review_79",
            "support_triage_v13 for production by anna",
            Matches,
        ),
        node(
            2,
            "decision",
            "decision_18",
            "approved by ben: accuracy is proven",
            Chained,
        ),
        node(2, "run", "run_417", "support_triage_v13 by anna, gate pass", run),
        node(
            3,
            "dataset",
            "support_triage_regression@2026-06-01",
            "240 examples by anna",
            Matches,
        ),
        node(3, "suite", "triage_quality@v8", "4 thresholds by anna", Matches),
    ];
    Lineage {
        nodes: rows.into_iter().map(|row| row.0).collect(),
    }
}

fn lineage(run: HashCheck) -> LineageScreen {
    let mut screen = LineageScreen::new("support_triage_prod_v8".into());
    let request = Request::Lineage("support_triage_prod_v8".into());
    answered(&mut screen, request, Ok(Answer::Lineage(nodes(run))));
    screen
}

fn shown(screen: &LineageScreen) -> &str {
    screen.selected().map_or("", |node| node.id.as_str())
}

#[test]
fn moves_along_the_tree_and_to_what_is_broken() {
    let mut screen = lineage(HashCheck::Broken("outcomes hash to 12, not 13".into()));
    assert_eq!(screen.status(), "7 records, 1 BROKEN");
    commanded(&mut screen, CommandId::ProblemNext);
    assert_eq!(shown(&screen), "run_417");
    commanded(&mut screen, CommandId::MoveRight);
    assert_eq!(shown(&screen), "support_triage_regression@2026-06-01");
    commanded(&mut screen, CommandId::MoveRight);
    assert_eq!(
        shown(&screen),
        "support_triage_regression@2026-06-01",
        "nothing below it"
    );
    for parent in [
        "run_417",
        "review_79",
        "support_triage_prod_v8",
        "support_triage_prod_v8",
    ] {
        commanded(&mut screen, CommandId::MoveLeft);
        assert_eq!(shown(&screen), parent);
    }
    commanded(&mut screen, CommandId::ProblemPrevious);
    assert_eq!(shown(&screen), "support_triage_prod_v8");
}

#[test]
fn enter_opens_the_screen_of_a_record_where_there_is_one() {
    let mut screen = lineage(HashCheck::Matches);
    assert_eq!(screen.status(), "7 records, all hashes match");
    assert_eq!(
        screen.availability(CommandId::ProblemNext),
        Err("no record is broken".into())
    );
    let copied = commanded(&mut screen, CommandId::CopyAll);
    assert!(matches!(&copied[..], [Effect::Copy(text)] if text.lines().count() == 7));
    let prompt = PromptName::new("support_triage").unwrap();
    let places = [
        Some(Place::ReleaseHistory(prompt)),
        None,
        Some(Place::Review(ReviewId(79))),
        None,
        Some(Place::Run(RunId(417))),
    ];
    for place in places {
        let is_off = screen.availability(CommandId::Open).is_err();
        assert_eq!(is_off, place.is_none());
        let effects = commanded(&mut screen, CommandId::Open);
        assert_eq!(effects, place.map(Effect::Open).into_iter().collect::<Vec<_>>());
        commanded(&mut screen, CommandId::MoveDown);
    }
}

#[test]
fn says_why_there_is_none() {
    let mut screen = LineageScreen::new("run_9".into());
    assert!(drawn(&screen, 80, 21).contains("loading"));
    let fault = Fault {
        what: "no record named run_9".into(),
        hint: "check the id".into(),
    };
    answered(&mut screen, Request::Lineage("run_9".into()), Err(fault));
    assert!(drawn(&screen, 80, 21).contains("no record named run_9. check the id"));
}

#[test]
fn looks_as_designed() {
    let mut screen = lineage(HashCheck::Broken("outcomes hash to 12, not 13".into()));
    commanded(&mut screen, CommandId::ProblemNext);
    check_drawn("lineage", &screen);
    check_any_size(&screen);
}
