use super::super::samples::{dataset, dataset_id, examples};
use super::super::testing::{drawn, with_context};
use super::*;
use crate::workbench::RowFault;

fn send(screen: &mut Import, event: ScreenEvent) -> Vec<Effect> {
    with_context(100, 30, |context| screen.update(event, context))
}

fn keys(screen: &mut Import, text: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for c in text.chars() {
        let key = if c == '\n' {
            Key::plain(KeyCode::Enter)
        } else {
            Key::char(c)
        };
        effects.extend(send(screen, ScreenEvent::Key(key)));
    }
    effects
}

fn faults() -> Vec<RowFault> {
    [
        (7, "not JSON: EOF while parsing a string"),
        (31, "the id t-030 is there twice"),
    ]
    .map(|(line, reason)| RowFault {
        line,
        reason: reason.into(),
    })
    .into()
}

fn preview(faults: Vec<RowFault>) -> Answer {
    Answer::Preview(ImportPreview {
        format: "JSON Lines".into(),
        columns: ["id", "input", "expected", "labels", "metadata"]
            .map(str::to_owned)
            .into(),
        mapping: [
            ("id", "id"),
            ("input", "input"),
            ("expected", "expected"),
            ("metadata.topic", "metadata.topic"),
        ]
        .map(|(target, source)| (target.to_owned(), source.to_owned()))
        .into(),
        rows: examples(),
        read: 240,
        fault_count: faults.len() as u64,
        faults,
    })
}

fn with_preview(faults: Vec<RowFault>) -> Import {
    let mut screen = Import::default();
    let effects = keys(&mut screen, "/data/Support-tickets.jsonl\n");
    let [Effect::Ask(request)] = &effects[..] else {
        panic!("{effects:?}");
    };
    let event = ScreenEvent::Answered {
        request: request.clone(),
        result: Ok(preview(faults)),
    };
    send(&mut screen, event);
    screen
}

#[test]
fn leaving_the_path_reads_the_file_and_names_the_dataset() {
    let mut screen = with_preview(Vec::new());
    assert_eq!(screen.text(NAME), "support_tickets");
    screen.focus = Some(FILE);
    screen.fields[FILE] = Field::with_text("/data/other.csv");
    assert_eq!(keys(&mut screen, "\n").len(), 1);
    assert_eq!(screen.text(NAME), "other", "the name follows until somebody types one");
    assert_eq!(keys(&mut screen, "\n\n"), [], "the same file is not read again");
    let effects = keys(&mut screen, "input=text\n");
    assert!(
        matches!(&effects[..], [Effect::Ask(Request::PreviewImport { mapping, .. })] if mapping == "input=text"),
        "{effects:?}"
    );
}

#[test]
fn importing_asks_for_what_is_missing_then_opens_the_dataset() {
    let mut screen = with_preview(Vec::new());
    keys(&mut screen, "\n\n\n");
    assert_eq!(screen.focus, Some(REASON));
    let effects = keys(&mut screen, "\n\n");
    assert!(
        matches!(&effects[..], [Effect::Say(note)] if note.text.contains("reason")),
        "{effects:?}"
    );
    let effects = keys(&mut screen, "tickets of May for the regression\n\n");
    let [Effect::Ask(Request::ImportDataset(request))] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (request.name.as_str(), request.label.as_ref()),
        ("support_tickets", None)
    );
    let event = ScreenEvent::Answered {
        request: Request::ImportDataset(request.clone()),
        result: Ok(Answer::Imported(ImportReport {
            dataset: Some(dataset()),
            mapping: Vec::new(),
            faults: Vec::new(),
            fault_count: 0,
            read: 240,
        })),
    };
    let effects = send(&mut screen, event);
    assert_eq!(effects[1..], [Effect::Back, Effect::Open(Place::Dataset(dataset_id()))]);
}

#[test]
fn a_refused_file_is_reported_by_line_and_read_again() {
    let mut screen = with_preview(Vec::new());
    let effects = screen.imported(ImportReport {
        dataset: None,
        mapping: Vec::new(),
        faults: faults(),
        fault_count: 9,
        read: 231,
    });
    assert!(matches!(&effects[..], [Effect::Say(note)] if note.text.starts_with("NOT imported: 9")));
    let text = drawn(&screen, 100, 27);
    for part in ["9 rows are malformed, 231", "line      31  the id t-030", "and 7 more"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    screen.focus = Some(FILE);
    assert_eq!(keys(&mut screen, "\n").len(), 1, "the corrected file is read again");
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let mut screen = Import::default();
    let effects = keys(&mut screen, "/none\n");
    let [Effect::Ask(request)] = &effects[..] else {
        panic!("{effects:?}");
    };
    let event = ScreenEvent::Answered {
        request: request.clone(),
        result: Err(Fault {
            what: "/none: no such file".into(),
            hint: "check the path".into(),
        }),
    };
    send(&mut screen, event);
    assert!(drawn(&screen, 80, 21).contains("/none: no such file"));
}

#[test]
fn escape_leaves_the_fields_and_keys_are_commands_again() {
    let mut screen = with_preview(Vec::new());
    send(&mut screen, ScreenEvent::Key(Key::plain(KeyCode::Esc)));
    assert!(!screen.takes_text());
    assert_eq!(screen.availability(CommandId::DatasetImport), Ok(()));
    assert!(screen.availability(CommandId::ExampleExclude).is_err());
    send(&mut screen, ScreenEvent::Command(CommandId::Open));
    assert!(screen.takes_text());
}

#[test]
fn fields_and_what_would_be_read() {
    insta::assert_snapshot!("import_empty_80x24", drawn(&Import::default(), 80, 21));
    insta::assert_snapshot!("import_80x24", drawn(&with_preview(Vec::new()), 80, 21));
    insta::assert_snapshot!("import_faults_100x30", drawn(&with_preview(faults()), 100, 27));
    insta::assert_snapshot!("import_160x50", drawn(&with_preview(Vec::new()), 160, 47));
    for (width, height) in [(0, 0), (1, 1), (2, 2), (9, 30), (60, 13)] {
        drawn(&with_preview(faults()), width, height);
    }
}
