//! Datasets come in whole or not at all, and every new version says what it changed.

use std::fmt::Write as _;
#[cfg(unix)]
use std::path::Path;

use pegbox::domain::dataset::DatasetVersion;
use pegbox::domain::example::ExampleSource;
use pegbox::domain::ids::{DatasetVersionId, ExampleId, RunId};
use pegbox::domain::json::JsonText;
use pegbox::workbench::{ExampleChange, ExampleEdit, FaultKind, ImportRequest};

use super::bench::*;

const BANKING: &str = include_str!("../fixtures/data/banking77.jsonl");
const GSM: &str = include_str!("../fixtures/data/gsm8k.jsonl");

fn id(text: &str) -> ExampleId {
    text.parse().unwrap()
}

fn names(ids: &[ExampleId]) -> Vec<&str> {
    ids.iter().map(ExampleId::as_str).collect()
}

fn change(dataset: &DatasetVersionId, edit: ExampleEdit) -> ExampleChange {
    ExampleChange {
        dataset: dataset.clone(),
        label: None,
        edit,
        reason: "the label was wrong in the source".into(),
    }
}

#[test]
fn real_files_of_every_format_become_examples() {
    let as_array = format!("[{}]", BANKING.trim_end().replace('\n', ",\n"));
    let csv = "id,text,category\nc-1,\"Where is my card, please?\nIt is late\",card_arrival\nc-2,Top up,topping_up\n";
    let files: [(&str, &str, &str, u64, &str); 4] = [
        ("banking.jsonl", BANKING, "JSON Lines", 20, "card_arrival"),
        ("banking.json", &as_array, "JSON array", 20, "card_arrival"),
        ("gsm.jsonl", GSM, "JSON Lines", 20, "#### 18"),
        ("rows.csv", csv, "CSV", 2, "card_arrival"),
    ];
    let bench = Bench::new();
    for (place, (file, content, format, count, expected)) in files.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        std::fs::write(&path, content).unwrap();
        let preview = bench.workbench.preview_import(&path, "").unwrap();
        assert_eq!((preview.format.as_str(), preview.read), (format, count));
        let dataset = format!("set_{place}");
        let report = bench.import(&dataset, file, content).unwrap();
        assert_eq!(report.mapping, preview.mapping);
        let version = report.dataset.unwrap();
        assert_eq!(
            (version.example_count, version.changes.added.len() as u64),
            (count, count)
        );
        let rows = bench.workbench.dataset_rows(&version.id, "", 0, 100).unwrap().rows;
        let (_, first) = &rows[0];
        assert_eq!(first.content, preview.rows[0].content);
        let answer = first.content.expected.as_ref().unwrap().plain();
        assert!(answer.contains(expected), "{file}: {answer}");
        // Content that is there already keeps the source that it first came from.
        let origin = if file == "banking.json" { "banking.jsonl" } else { file };
        let ExampleSource::Imported { file: from, .. } = &first.source else {
            panic!("{:?}", first.source)
        };
        assert_eq!(from, origin);
        first.verify().unwrap();
    }
    let (array, lines) = ("set_1".to_owned(), "set_0".to_owned());
    let hash = |name: &str| {
        let id = bench.workbench.resolve_dataset(name).unwrap();
        bench.workbench.dataset(&id).unwrap().content_hash
    };
    assert_eq!(hash(&array), hash(&lines), "the same rows in another format");
    assert!(bench.workbench.verify().unwrap().is_sound());
}

#[cfg(unix)]
#[test]
fn what_may_never_end_is_not_read() {
    let bench = Bench::new();
    for path in ["/dev/null", "/"] {
        let preview = bench.workbench.preview_import(Path::new(path), "");
        assert_fault(preview, FaultKind::Invalid, "it is no regular file");
    }
}

#[test]
fn one_bad_row_and_nothing_is_imported() {
    let bench = Bench::new();
    bench.import("known", "known.jsonl", BANKING).unwrap();
    let before = bench.workbench.datasets().unwrap();
    let commits = bench.workbench.stats().unwrap().commits;
    let first = BANKING.lines().next().unwrap();
    let bad_rows: [(&str, &str); 5] = [
        ("{\"id\": \"x\", \"input\": ", "it ends before its JSON does"),
        ("[1, 2]", "it is an array, not an object"),
        (first, "b77-0002"),
        (
            "{\"id\": \"has space\", \"input\": \"i\", \"expected\": \"e\"}",
            "space",
        ),
        ("{\"id\": \"y\", \"expected\": \"e\"}", "input"),
    ];
    for (row, words) in bad_rows {
        let content = format!("{BANKING}{row}\n{{\"id\":\"z\",\"input\":\"i\",\"expected\":\"e\"}}\n");
        let report = bench.import("fresh", "bad.jsonl", &content).unwrap();
        assert_eq!((report.dataset, report.fault_count), (None, 1), "{row}");
        assert_eq!(report.faults[0].line, 21, "{row}");
        let said = report.faults[0].to_string();
        assert!(said.contains(words), "'{words}' is not in: {said}");
    }
    let not_utf8 = [BANKING.as_bytes(), b"{\"id\":\"z\",\"input\":\"\xff\"}\n"].concat();
    let report = bench.import("fresh", "bad.jsonl", not_utf8).unwrap();
    assert!(report.faults[0].reason.contains("not UTF-8"), "{:?}", report.faults);
    let cut_off = BANKING.get(..BANKING.len() - 20).unwrap();
    let report = bench.import("fresh", "cut.jsonl", cut_off).unwrap();
    assert!(report.faults[0].reason.contains("cut off"), "{:?}", report.faults);
    assert_eq!(bench.workbench.datasets().unwrap(), before);
    assert_eq!(bench.workbench.stats().unwrap().commits, commits, "nothing was written");

    let empty = bench.import("fresh", "empty.jsonl", "").unwrap();
    assert_eq!(empty.faults[0].to_string(), "line 1: the file is empty");
    let request = ImportRequest {
        path: "/nowhere/rows.jsonl".into(),
        name: "fresh".parse().unwrap(),
        label: None,
        mapping: String::new(),
        reason: REASON.into(),
    };
    let absent = bench.workbench.import_dataset(&anna(), &request);
    assert_fault(absent, FaultKind::Invalid, "/nowhere/rows.jsonl");
    assert_eq!(bench.workbench.datasets().unwrap(), before);
}

#[test]
fn labels_are_free_names_and_never_taken_twice() {
    let bench = Bench::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.jsonl");
    let import = |rows: usize, label: Option<&str>| {
        let content: String = BANKING.lines().take(rows).flat_map(|line| [line, "\n"]).collect();
        std::fs::write(&path, content).unwrap();
        let request = ImportRequest {
            path: path.clone(),
            name: "rows".parse().unwrap(),
            label: label.map(|label| label.parse().unwrap()),
            mapping: String::new(),
            reason: REASON.into(),
        };
        let report = bench.workbench.import_dataset(&anna(), &request)?;
        Ok(report.dataset.unwrap().id.label.to_string())
    };
    assert_eq!(import(1, None).unwrap(), "2026-06-01");
    assert_eq!(import(2, None).unwrap(), "2026-06-01.2");
    assert_eq!(import(3, Some("v4")).unwrap(), "v4");
    assert_eq!(import(4, None).unwrap(), "2026-06-01.3");
    assert_refused(import(5, Some("v4")), "rows@v4 exists, and versions never change");
    assert_refused(import(4, None), "the rows are those of rows@2026-06-01.3");
    assert_eq!(bench.workbench.datasets().unwrap().len(), 4);
    assert!("a b".parse::<pegbox::domain::ids::DatasetLabel>().is_err());
}

#[test]
fn every_new_version_names_what_it_changed_and_why() {
    let bench = Bench::new();
    let load = |id: &DatasetVersionId| bench.workbench.dataset(id).unwrap();
    let edit = |dataset, edit| bench.workbench.change_example(&ben(), &change(dataset, edit));
    let base = bench.dataset(&tickets());

    let mut content = bench.workbench.dataset_rows(&base, "id=t-002", 0, 1).unwrap().rows[0]
        .1
        .content
        .clone();
    content.labels.push("checked".into());
    let edited = edit(&base, ExampleEdit::Replace(Box::new(content.clone()))).unwrap();
    assert_eq!(names(&edited.changes.changed), ["t-002"]);
    assert_eq!((&edited.parent, &edited.author), (&Some(base.clone()), &ben()));
    assert_eq!(edited.reason.as_str(), "the label was wrong in the source");
    let again = edit(&edited.id, ExampleEdit::Replace(Box::new(content.clone())));
    assert_refused(again, "the rows are those of");
    content.id = id("t-999");
    let unknown = edit(&edited.id, ExampleEdit::Replace(Box::new(content)));
    assert_fault(unknown, FaultKind::NotFound, "t-999");

    let excluded = edit(&edited.id, ExampleEdit::Exclude(id("t-003"))).unwrap();
    assert_eq!(names(&excluded.changes.excluded), ["t-003"]);
    assert_eq!((excluded.example_count, excluded.exclusions.len()), (3, 1));
    assert_eq!(
        excluded.exclusions[0].reason.as_str(),
        "the label was wrong in the source"
    );
    assert_fault(
        edit(&excluded.id, ExampleEdit::Exclude(id("t-003"))),
        FaultKind::NotFound,
        "t-003",
    );

    let more = bench.import("rows", "more.jsonl", BANKING).unwrap().dataset.unwrap();
    assert_eq!(more.changes.summary(), "20 added, 0 changed, 3 removed, 0 excluded");
    assert_eq!(more.parent, Some(excluded.id.clone()));
    let diff = bench.workbench.dataset_diff(&base, &excluded.id).unwrap();
    assert_eq!(
        (names(&diff.changed), names(&diff.excluded)),
        (vec!["t-002"], vec!["t-003"])
    );
    assert_eq!(load(&base).example_count, 4);
    assert!(bench.workbench.verify().unwrap().is_sound());
}

#[test]
fn a_failed_case_becomes_an_example_with_the_right_answer() {
    let bench = Bench::new();
    let version = bench.version(&document("one"));
    let tickets = bench.dataset(&tickets());
    let (run, end) = bench.run(&start(
        &version,
        &tickets,
        &bench.suite(&suite("failing", FAILING, "point")),
    ));
    assert_eq!(end.totals.failed, 4);
    let cases: DatasetVersion = bench.import("cases", "rows.jsonl", BANKING).unwrap().dataset.unwrap();
    let right = JsonText::parse(r#"{"route":"privacy","escalate":true}"#).unwrap();
    let add = |run, example: &str, expected| ExampleEdit::AddFailedCase {
        run,
        example: id(example),
        expected,
    };
    let edit = |dataset: &DatasetVersionId, edit| bench.workbench.change_example(&ben(), &change(dataset, edit));
    let added = edit(&cases.id, add(run, "t-002", Some(right.clone()))).unwrap();
    assert_eq!(names(&added.changes.added), ["t-002"]);
    let rows = bench.workbench.dataset_rows(&added.id, "id=t-002", 0, 5).unwrap().rows;
    let (place, example) = &rows[0];
    assert_eq!((*place, &example.content.expected), (20, &Some(right)));
    let source = ExampleSource::FailedCase {
        run,
        example: id("t-002"),
    };
    assert_eq!(example.source, source);

    // An excluded example that comes back as a case is excluded no longer.
    let excluded = edit(&added.id, ExampleEdit::Exclude(id("t-002"))).unwrap();
    let back = edit(&excluded.id, add(run, "t-002", None)).unwrap();
    assert_eq!((back.exclusions.len(), back.example_count), (0, 21));
    assert_eq!(names(&back.changes.added), ["t-002"]);

    for edit_of in [add(run, "t-999", None), add(RunId(77), "t-001", None)] {
        assert_fault(edit(&cases.id, edit_of), FaultKind::NotFound, "run_");
    }
}

#[test]
fn windows_and_filters_show_the_rows_that_they_should() {
    let bench = Bench::new();
    let rows = (0..1_203).fold(String::new(), |mut rows, place| {
        let parity = if place % 2 == 0 { "even" } else { "odd" };
        writeln!(
            rows,
            "{{\"id\":\"n-{place:04}\",\"input\":\"number {place}\",\"expected\":\"{parity}\",\
             \"metadata\":{{\"third\":\"{}\"}}}}",
            place % 3
        )
        .unwrap();
        rows
    });
    let dataset = bench.dataset(&rows);
    let window = |filter: &str, from, limit| {
        let window = bench.workbench.dataset_rows(&dataset, filter, from, limit).unwrap();
        let places: Vec<u64> = window.rows.iter().map(|(place, _)| *place).collect();
        for (place, example) in &window.rows {
            assert_eq!(example.content.id.as_str(), format!("n-{place:04}"));
        }
        (window.total, places)
    };
    // Pages of rows hold 500, so these cross their borders.
    let cases: [(&str, u64, usize, u64, &[u64]); 9] = [
        ("", 0, 2, 1_203, &[0, 1]),
        ("", 499, 3, 1_203, &[499, 500, 501]),
        ("", 1_201, 10, 1_203, &[1_201, 1_202]),
        ("", 5_000, 10, 1_203, &[]),
        ("third=1 expected=odd", 0, 2, 201, &[1, 7]),
        ("third=1 expected=odd", 199, 5, 201, &[1_195, 1_201]),
        ("third!=0", 1, 2, 802, &[2, 4]),
        ("\"NUMBER 1202\"", 0, 5, 1, &[1_202]),
        ("nothing", 0, 5, 0, &[]),
    ];
    for (filter, from, limit, total, places) in cases {
        assert_eq!(window(filter, from, limit), (total, places.to_vec()), "{filter} {from}");
    }
    let open_quote = bench.workbench.dataset_rows(&dataset, "\"open", 0, 1);
    assert_fault(open_quote, FaultKind::Invalid, "quote");
    let unknown = bench.workbench.dataset_rows(&"rows@never".parse().unwrap(), "", 0, 1);
    assert_fault(unknown, FaultKind::NotFound, "rows@never");
}
