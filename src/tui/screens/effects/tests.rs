use super::*;
use crate::domain::diff::{Hunk, SettingHunk};
use crate::domain::prompt::Role;
use crate::tui::screens::testing::{answered, check_any_size, check_drawn, commanded, drawn};
use crate::workbench::{Fault, PairEffect};

fn effect(points: f64, half: f64) -> Measured {
    Measured::sample(0.9, 0.9 + points / 100.0, half / 100.0, Some(0.01))
}

fn lines(message: usize, removed: &[&str], added: &[&str]) -> Hunk {
    let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    Hunk::Lines {
        role: Role::System,
        message,
        lines: vec![4, 5],
        removed: owned(removed),
        added: owned(added),
    }
}

fn ablation() -> Ablation {
    let hunk = |alone: Option<Measured>, p: f64, left_out: Option<Measured>| HunkEffect {
        alone,
        p_holm: alone.map(|_| p),
        left_out,
        left_out_p_holm: left_out.map(|_| p),
    };
    Ablation {
        base: "support_triage_v11".parse().unwrap(),
        candidate: "support_triage_v12".parse().unwrap(),
        measured: "routing_accuracy".into(),
        metrics: vec!["routing_accuracy".into(), "escalation_recall".into()],
        whole: Some(effect(-4.2, 2.5)),
        hunks: vec![
            (
                lines(0, &["- a disputed charge, a chargeback"], &[]),
                hunk(Some(effect(-5.0, 2.4)), 0.002, Some(effect(-4.6, 2.4))),
            ),
            (
                lines(
                    0,
                    &["- be brief"],
                    &["- be brief, and name the plan of the customer where the ticket says it"],
                ),
                hunk(Some(effect(0.8, 1.6)), 1.0, Some(effect(0.4, 1.9))),
            ),
            (
                Hunk::Setting {
                    setting: SettingHunk::Temperature,
                    old: "0.7".into(),
                    new: "0.2".into(),
                },
                hunk(None, 1.0, None),
            ),
        ],
        unpaired: Vec::new(),
        pairs: vec![PairEffect {
            one: 0,
            other: 1,
            together: Some(effect(-4.1, 2.6)),
            interaction: None,
            p_holm: None,
        }],
    }
}

fn screen() -> Effects {
    let ablation = ablation();
    let mut screen = Effects::new(ablation.base.clone(), ablation.candidate.clone());
    assert!(drawn(&screen, 80, 21).contains("loading"));
    let request = screen.requests().remove(0);
    answered(&mut screen, request, Ok(Answer::Ablation(Box::new(ablation))));
    screen
}

#[test]
fn looks_as_designed() {
    let screen = screen();
    check_drawn("effects", &screen);
    check_any_size(&screen);
}

#[test]
fn one_goes_from_hunk_to_hunk() {
    let mut screen = screen();
    assert!(drawn(&screen, 100, 27).contains("hunks 1 and 2: together -4.1 points"));
    let hunks: Vec<_> = (0..4)
        .map(|_| {
            let at = screen.hunk();
            commanded(&mut screen, CommandId::ProblemNext);
            at
        })
        .collect();
    assert_eq!(hunks, [Some(0), Some(1), Some(2), Some(0)]);
    commanded(&mut screen, CommandId::ProblemPrevious);
    commanded(&mut screen, CommandId::ProblemPrevious);
    assert!(drawn(&screen, 100, 27).contains("not run, or undefined"));
    let [Effect::Open(Place::Diff { .. })] = &commanded(&mut screen, CommandId::Open)[..] else {
        panic!("back to the diff");
    };
}

#[test]
fn what_was_not_ablated_says_how() {
    let mut screen = Effects::new("a_v1".parse().unwrap(), "a_v2".parse().unwrap());
    let request = screen.requests().remove(0);
    let fault = Fault {
        what: "no hunk between a_v1 and a_v2 was run alone yet".into(),
        hint: "run pegbox ablate a_v1 a_v2 --dataset NAME --suite NAME".into(),
    };
    answered(&mut screen, request, Err(fault));
    assert!(drawn(&screen, 100, 27).contains("run pegbox ablate a_v1 a_v2"));
    assert!(screen.availability(CommandId::ProblemNext).is_err());
}

#[test]
fn every_metric_of_the_suite_is_shown_in_turn() {
    let mut screen = screen();
    let asked = |screen: &Effects| match screen.requests().remove(0) {
        Request::Ablation { metric, .. } => metric,
        other => panic!("{other:?}"),
    };
    assert_eq!(screen.availability(CommandId::Options), Ok(()));
    for measured in ["escalation_recall", "every grader"] {
        commanded(&mut screen, CommandId::Options);
        let metric = asked(&screen);
        assert_eq!(metric.as_deref().unwrap_or("every grader"), measured);
        let answer = Ablation {
            measured: measured.into(),
            ..ablation()
        };
        let request = screen.requests().remove(0);
        answered(&mut screen, request, Ok(Answer::Ablation(Box::new(answer))));
        assert!(drawn(&screen, 80, 21).contains(&format!("Effects on {measured}")));
    }
    commanded(&mut screen, CommandId::Options);
    assert_eq!(asked(&screen).as_deref(), Some("routing_accuracy"));
}
