use super::super::samples::{dataset, dataset_id};
use super::super::testing::{drawn, with_context};
use super::*;

fn send(screen: &mut Datasets, event: ScreenEvent) -> Vec<Effect> {
    with_context(100, 30, |context| screen.update(event, context))
}

fn loaded() -> Datasets {
    let older = DatasetVersion {
        id: "support_triage_regression@2026-05-15".parse().unwrap(),
        parent: None,
        created_at: super::super::samples::ago(20 * 86_400_000),
        ..dataset()
    };
    let mut screen = Datasets::default();
    let event = ScreenEvent::Answered {
        request: Request::Datasets,
        result: Ok(Answer::Datasets(vec![older, dataset()])),
    };
    assert_eq!(send(&mut screen, event), []);
    screen
}

#[test]
fn the_newest_stands_first_and_opens() {
    let mut screen = loaded();
    assert_eq!(
        send(&mut screen, ScreenEvent::Command(CommandId::Open)),
        [Effect::Open(Place::Dataset(dataset_id()))]
    );
    assert_eq!(
        send(&mut screen, ScreenEvent::Command(CommandId::DatasetImport)),
        [Effect::Open(Place::Import)]
    );
}

#[test]
fn a_run_begins_with_the_selected_dataset() {
    let mut screen = loaded();
    let effects = send(&mut screen, ScreenEvent::Command(CommandId::RunStart));
    assert_eq!(effects.len(), 3, "prompts, datasets and suites: {effects:?}");
}

#[test]
fn an_empty_list_says_how_to_begin() {
    let mut screen = Datasets::default();
    assert!(drawn(&screen, 80, 21).contains("loading datasets"));
    let event = ScreenEvent::Answered {
        request: Request::Datasets,
        result: Ok(Answer::Datasets(Vec::new())),
    };
    send(&mut screen, event);
    assert!(drawn(&screen, 80, 21).contains("No dataset yet. a imports"));
    assert!(screen.availability(CommandId::Open).is_err());
}

#[test]
fn list_with_details() {
    insta::assert_snapshot!("datasets_80x24", drawn(&loaded(), 80, 21));
    insta::assert_snapshot!("datasets_100x30", drawn(&loaded(), 100, 27));
    insta::assert_snapshot!("datasets_160x50", drawn(&loaded(), 160, 47));
    for (width, height) in [(0, 0), (1, 1), (2, 2), (60, 13)] {
        drawn(&loaded(), width, height);
    }
}
