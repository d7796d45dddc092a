//! Files that other people made are read, or refused with the line and the reason; none is half read or held whole.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::{self, Read};
use std::path::Path;

use pegbox::domain::json::JsonText;
use pegbox::interchange::dataset_file::{Format, Imported, Mapping, detect_format, import, preview};
use pegbox::interchange::prompt_document;
use pegbox::interchange::suite_file::SuiteFile;

fn fixture(name: &str) -> (Mapping, Imported) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/data")
        .join(name);
    let bytes = std::fs::read(&path).unwrap();
    let format = detect_format(&path, &bytes).unwrap();
    assert_eq!(format, Format::Jsonl);
    let preview = preview(bytes.as_slice(), format, name).unwrap();
    let imported = import(bytes.as_slice(), format, &preview.mapping, name).unwrap();
    (preview.mapping, imported)
}

fn read(bytes: &[u8], format: Format) -> Imported {
    let mapping = preview(bytes, format, "f").unwrap().mapping;
    import(bytes, format, &mapping, "f").unwrap()
}

fn only_fault(imported: &Imported) -> String {
    assert_eq!(imported.fault_count, 1, "{:?}", imported.faults);
    imported.faults[0].to_string()
}

#[test]
fn gsm8k_is_guessed_and_read_whole() {
    let (mapping, imported) = fixture("gsm8k.jsonl");
    let pairs = mapping.describe();
    let pairs: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(target, source)| (target.as_str(), source.as_str()))
        .collect();
    assert_eq!(pairs, [("id", "id"), ("input", "question"), ("expected", "answer")]);
    assert_eq!((imported.examples.len(), imported.fault_count), (20, 0));
    let first = &imported.examples[0].content;
    assert_eq!(first.id.as_str(), "gsm-0000");
    assert!(first.expected.as_ref().unwrap().plain().ends_with("#### 18"));
}

#[test]
fn banking77_is_guessed_and_read_whole() {
    let (mapping, imported) = fixture("banking77.jsonl");
    let pairs = mapping.describe();
    let sources: Vec<&str> = pairs.iter().map(|(_, source)| source.as_str()).collect();
    assert_eq!(sources, ["id", "input", "expected"]);
    assert_eq!((imported.examples.len(), imported.fault_count), (20, 0));
    assert_eq!(
        imported.examples[1].content.expected,
        Some(JsonText::string("card_arrival"))
    );
    let chosen = Mapping::parse("input.ticket=input,expected.intent=expected", mapping).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data/banking77.jsonl");
    let again = import(std::fs::File::open(path).unwrap(), Format::Jsonl, &chosen, "f").unwrap();
    assert_eq!(
        again.examples[1].content.expected.as_ref().unwrap().as_str(),
        r#"{"intent":"card_arrival"}"#
    );
}

/// One line of 50 MB between two good ones, made as it is read.
struct LongLine {
    before: &'static [u8],
    fill: usize,
    after: &'static [u8],
}

impl Read for LongLine {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.before.is_empty() {
            return self.before.read(buffer);
        }
        if self.fill > 0 {
            let count = self.fill.min(buffer.len());
            buffer[..count].fill(b'x');
            self.fill -= count;
            return Ok(count);
        }
        self.after.read(buffer)
    }
}

#[test]
fn a_row_of_50_mb_is_refused_and_the_next_one_read() {
    let table: [(Format, &[u8], &[u8], u64); 3] = [
        (
            Format::Jsonl,
            b"{\"input\":\"a\"}\n{\"input\":\"",
            b"\"}\n{\"input\":\"b\"}\n",
            2,
        ),
        (
            Format::JsonArray,
            b"[{\"input\":\"a\"},\n{\"input\":\"",
            b"\"},\n{\"input\":\"b\"}]",
            2,
        ),
        (Format::Csv, b"input\na\n\"", b"\"\nb\n", 3),
    ];
    for (format, before, after, line) in table {
        let reader = || LongLine {
            before,
            fill: 50_000_000,
            after,
        };
        let mapping = preview(reader(), format, "f").unwrap().mapping;
        let imported = import(reader(), format, &mapping, "f").unwrap();
        assert_eq!(only_fault(&imported), format!("line {line}: it is longer than 16 MiB"));
        assert_eq!(imported.examples.len(), 2, "{format}");
    }
}

#[test]
fn bytes_that_are_no_text_are_named_by_their_offset() {
    let table: [(Format, &[u8], &str); 4] = [
        (
            Format::Jsonl,
            b"{\"input\":\"a\"}\n{\"input\":\"\xff\"}\n",
            "line 2: it is not UTF-8: the byte at offset 24",
        ),
        (
            Format::JsonArray,
            b"[{\"input\":\"a\"},\n{\"input\":\n\"\xff\"}]",
            "line 3: it is not UTF-8: the byte at offset 27",
        ),
        (
            Format::Csv,
            b"input\na\n\xff\n",
            "line 3: it is not UTF-8: the byte at offset 8",
        ),
        (
            Format::Csv,
            b"\xef\xbb\xbfinput\xff\na\n",
            "line 1: it is not UTF-8: the byte at offset 8",
        ),
    ];
    for (format, bytes, wanted) in table {
        let fault = only_fault(&read(bytes, format));
        assert!(fault.starts_with(wanted), "{fault}");
    }
}

#[test]
fn a_byte_order_mark_and_line_ends_of_windows_change_nothing() {
    let table = [
        (
            Format::Jsonl,
            "{\"id\":\"1\",\"input\":\"a\"}\n{\"id\":\"2\",\"input\":\"b\"}\n",
        ),
        (
            Format::JsonArray,
            "[{\"id\":\"1\",\"input\":\"a\"},\n{\"id\":\"2\",\"input\":\"b\"}]\n",
        ),
        (Format::Csv, "id,input\n1,a\n2,b\n"),
        (Format::Csv, "id\tinput\n1\ta\n2\tb"),
    ];
    for (format, text) in table {
        let plain = read(text.as_bytes(), format);
        assert_eq!((plain.examples.len(), plain.fault_count), (2, 0), "{text}");
        let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        assert_eq!(read(windows.as_bytes(), format), plain, "{text}");
    }
}

#[test]
fn a_column_that_is_not_there_is_named_with_those_that_are() {
    let text = b"number,review\n1,good\n";
    let guessed = preview(text.as_slice(), Format::Csv, "f").unwrap().mapping;
    let wrong = Mapping::parse("input=text", guessed).unwrap();
    let imported = import(text.as_slice(), Format::Csv, &wrong, "f").unwrap();
    assert_eq!(
        only_fault(&imported),
        "line 2: the field 'text' is missing; the row has: number, review"
    );
}

#[test]
fn deep_nesting_is_refused_without_running_out_of_stack() {
    let deep = format!("{{\"input\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let fault = only_fault(&read(deep.as_bytes(), Format::Jsonl));
    assert!(fault.contains("recursion limit exceeded"), "{fault}");
    let array = format!("[{deep}]");
    assert!(only_fault(&read(array.as_bytes(), Format::JsonArray)).contains("recursion limit"));
    let open = "[".repeat(10_000);
    assert!(read(open.as_bytes(), Format::JsonArray).fault_count > 0);
    for text in [format!("a = {open}"), format!("{{\"a\": {open}")] {
        assert!(SuiteFile::parse(&text).is_err());
    }
    assert!(prompt_document::parse(&format!("+++\na = {open}\n+++\n")).is_err());
    let template = format!(
        "+++\n[model]\nprovider=\"p\"\nname=\"n\"\n+++\n-- user --\n{{{{ {}",
        "(".repeat(10_000)
    );
    assert!(
        prompt_document::parse(&template)
            .unwrap_err()
            .to_string()
            .contains("line 7: template")
    );
    let schema = format!("type=\"json_schema\"\nname=\"n\"\nschema='{open}'");
    let document =
        format!("+++\n[model]\nprovider=\"p\"\nname=\"n\"\n[model.response_format]\n{schema}\n+++\n-- user --\nx");
    assert!(
        prompt_document::parse(&document)
            .unwrap_err()
            .to_string()
            .contains("not JSON")
    );
}

/// Fails in the middle.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

#[test]
fn a_file_that_cannot_be_read_on_is_an_error_not_a_short_dataset() {
    let mapping = preview("{\"input\":1}".as_bytes(), Format::Jsonl, "f").unwrap().mapping;
    let reader = "{\"input\":\"a\"}\n".as_bytes().chain(Broken);
    let error = import(reader, Format::Jsonl, &mapping, "tickets.jsonl").unwrap_err();
    assert_eq!(error.to_string(), "cannot read tickets.jsonl: the disk is gone");
}
