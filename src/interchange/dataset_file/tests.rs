use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::example::{Document, ExampleContent, ExampleContext, ExampleSource, ToolResult};
use crate::domain::json::JsonText;

fn sample(row: serde_json::Value) -> Vec<Row> {
    let serde_json::Value::Object(fields) = row else {
        panic!("not an object")
    };
    vec![Row {
        line: 1,
        bytes: 0,
        fields,
    }]
}

fn described(mapping: &Mapping) -> String {
    let pairs = mapping
        .describe()
        .into_iter()
        .map(|(target, source)| format!("{target}={source}"));
    pairs.collect::<Vec<_>>().join(" ")
}

/// Reads text with the mapping that is guessed from it.
fn read(text: &str, format: Format) -> Imported {
    let mapping = preview(text.as_bytes(), format, "f").unwrap().mapping;
    import(text.as_bytes(), format, &mapping, "f").unwrap()
}

fn faults(imported: &Imported) -> Vec<String> {
    imported.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_mapping_is_guessed_from_the_names() {
    let table = [
        (
            json!({"question": "q", "answer": "a"}),
            "input=question expected=answer",
        ),
        (
            json!({"ID": 1, "Text": "t", "Label": 3}),
            "id=ID input=Text expected=Label",
        ),
        (
            json!({"_id": "1", "utterance": "u", "intent": "i", "lang": "en"}),
            "id=_id input=utterance expected=intent metadata.lang=lang",
        ),
        (
            json!({"uuid": "1", "prompt": "p", "ideal": "x", "tags": ["a"], "metadata": {"lang": "en"}, "context": []}),
            "id=uuid input=prompt expected=ideal labels=tags metadata.*=metadata context=context",
        ),
        (
            json!({"input": {"ticket": "t"}, "expected": {"route": "r"}}),
            "input=input expected=expected",
        ),
        (
            json!({"review": "good", "category": "pos", "stars": 5}),
            "input=review expected=category metadata.stars=stars",
        ),
        (
            json!({"question": "q", "text": "t", "answer": "a", "label": "l", "parts": [1]}),
            "input=question expected=answer metadata.text=text metadata.label=label",
        ),
    ];
    for (row, wanted) in table {
        assert_eq!(described(&guess(&sample(row.clone()))), wanted, "{row}");
    }
}

#[test]
fn a_person_changes_the_guess() {
    let guessed = || guess(&sample(json!({"id": 1, "text": "t", "label": "l", "lang": "en"})));
    let table = [
        ("", "id=id input=text expected=label metadata.lang=lang"),
        (
            "input.ticket=text",
            "id=id input.ticket=text expected=label metadata.lang=lang",
        ),
        (
            "expected.route=label, id=key",
            "id=key input=text expected.route=label metadata.lang=lang",
        ),
        ("expected=,metadata=", "id=id input=text"),
        (
            "metadata.tongue=lang,labels=a.b",
            "id=id input=text expected=label labels=a.b metadata.tongue=lang",
        ),
    ];
    for (text, wanted) in table {
        assert_eq!(described(&Mapping::parse(text, guessed()).unwrap()), wanted, "{text}");
    }
    let wrong = [
        ("text", "mapping 'text': write it as part=field"),
        (
            "imput=text",
            "mapping 'imput=text': an example has no part 'imput': did you mean 'input'?",
        ),
        ("input=", "mapping 'input=': an example needs an input"),
        (
            "input=a,input.b=c",
            "mapping 'input=a': 'input' is mapped whole and by its fields",
        ),
        ("input.a=b,input.a=c", "mapping 'input.a=c': 'input.a' is mapped twice"),
        ("id.x=a", "mapping 'id.x=a': 'id' has no parts"),
        ("metadata=lang", "mapping 'metadata=lang': name it: metadata.lang=lang"),
    ];
    for (text, wanted) in wrong {
        assert_eq!(Mapping::parse(text, guessed()).unwrap_err().to_string(), wanted);
    }
}

#[test]
fn paths_lead_into_objects_and_lists() {
    let rows = sample(json!({"a": {"b": [10, {"c": 1}]}, "a.b": "literal", "x": {"y.z": 2}}));
    let table = [
        ("a.b", Some(json!("literal"))),
        ("a.b.1.c", Some(json!(1))),
        ("a.b.0", Some(json!(10))),
        ("x.y.z", Some(json!(2))),
        ("a.c", None),
        ("", None),
    ];
    for (path, wanted) in table {
        assert_eq!(FieldPath::new(path).find(&rows[0].fields).cloned(), wanted, "{path}");
    }
}

#[test]
fn formats_are_told_by_ending_or_first_character() {
    let table: [(&str, &[u8], Format); 9] = [
        ("a.jsonl", b"[", Format::Jsonl),
        ("a.csv", b"{", Format::Csv),
        ("a.TSV", b"", Format::Csv),
        ("a.json", b"\xef\xbb\xbf [", Format::JsonArray),
        ("a.json", b"{", Format::Jsonl),
        ("a", b"\n[", Format::JsonArray),
        ("a.txt", b"{", Format::Jsonl),
        ("a", b"id,text", Format::Csv),
        ("a", b"", Format::Csv),
    ];
    for (path, bytes, format) in table {
        assert_eq!(detect_format(Path::new(path), bytes).unwrap(), format, "{path}");
    }
}

#[test]
fn files_that_hold_no_text_are_told_by_what_they_are() {
    let table: [(&str, &[u8], &str); 4] = [
        ("a.jsonl", b"\x1f\x8b\x08\x00", "a.jsonl is compressed with gzip"),
        ("a.csv", b"\xff\xfei\0d\0", "a.csv is UTF-16 text"),
        ("a.csv", b"PK\x03\x04\x14", "a.csv is a zip archive or a spreadsheet"),
        ("a", b"PAR1\x15", "a is a Parquet file"),
    ];
    for (path, bytes, wanted) in table {
        let error = detect_format(Path::new(path), bytes).unwrap_err();
        assert_eq!(error.to_string(), wanted);
    }
}

#[test]
fn cells_of_csv_stay_text_and_nested_json_is_read() {
    let text = "id;text;label;extra\r\n1;\"a \"\"b\"\"\r\nc; d\";007;{\"k\": 1}\r\n2;5\" pipe;;[x\r\n";
    let imported = read(text, Format::Csv);
    assert_eq!(faults(&imported), [""; 0]);
    let contents: Vec<&ExampleContent> = imported.examples.iter().map(|e| &e.content).collect();
    assert_eq!(contents[0].input.plain(), "a \"b\"\r\nc; d");
    assert_eq!(contents[0].expected, Some(JsonText::string("007")));
    assert_eq!(contents[1].input.plain(), "5\" pipe");
    assert_eq!(contents[1].expected, None);
    let source = ExampleSource::Imported {
        file: "f".into(),
        line: 4,
    };
    assert_eq!(imported.examples[1].source, source);
}

#[test]
fn rows_without_an_id_are_called_by_their_number() {
    let imported = read("{\"text\":\"a\"}\n\n{\"text\":\"b\"}", Format::Jsonl);
    let ids: Vec<String> = imported.examples.iter().map(|e| e.content.id.to_string()).collect();
    assert_eq!(ids, ["row-000001", "row-000002"]);
}

#[test]
fn the_context_is_read_in_the_shapes_that_datasets_use() {
    let document = |id: &str, version: &str, text: &str| Document {
        id: id.into(),
        version: version.into(),
        text: text.into(),
    };
    let table = [
        (json!("one"), vec![document("doc-1", "", "one")]),
        (
            json!(["a", {"id": 7, "version": "v2", "content": "b"}]),
            vec![document("doc-1", "", "a"), document("7", "v2", "b")],
        ),
        (json!({"documents": [{"text": "c"}]}), vec![document("doc-1", "", "c")]),
        (json!(null), vec![]),
    ];
    for (context, wanted) in table {
        let line = json!({"input": "x", "context": context}).to_string();
        let imported = read(&line, Format::Jsonl);
        assert_eq!(imported.examples[0].content.context.documents, wanted, "{context}");
    }
    let bad = read(r#"{"input": "x", "context": [{"id": 1}]}"#, Format::Jsonl);
    assert_eq!(faults(&bad), ["line 1: document 1 of the context has no text"]);
    let with_arguments =
        r#"{"input": "x", "context": {"tool_results": [{"tool": "t", "arguments": {}, "result": 1}]}}"#;
    let bad = read(with_arguments, Format::Jsonl);
    assert!(
        faults(&bad)[0].contains("has 'arguments', which nothing reads"),
        "{:?}",
        faults(&bad)
    );
}

/// A file with the faults that it has.
const BAD_ROWS: [(Format, &str, &str); 24] = [
    (
        Format::Jsonl,
        "{\"input\":{\"n\":[9007199254740993]}}\n",
        "line 1: 9007199254740993: a whole number beyond 2^53 is not kept exactly: write it as text",
    ),
    (
        Format::Jsonl,
        "{\n",
        "line 1: it ends before its JSON does: each row must be one whole object, on one line in JSON Lines",
    ),
    (
        Format::Jsonl,
        "{\"input\":1}\n[1]\n\"x\"\n",
        "line 2: it is an array, not an object|line 3: it is a string, not an object",
    ),
    (
        Format::Jsonl,
        "{\"input\":\"a\"}\n{\"input\" 1}\n",
        "line 2: not JSON: expected `:` at column 10",
    ),
    (
        Format::Jsonl,
        "{\"input\":\"a\"}\n{\"inp",
        "line 2: the file ends within this row: it may be cut off",
    ),
    (
        Format::Jsonl,
        "{\"input\":\"a\"}\n{\"x\":\"b\"}\n",
        "line 2: the field 'input' is missing; the row has: x",
    ),
    (Format::Jsonl, "{\"input\":\" \"}\n", "line 1: the input is empty"),
    (
        Format::Jsonl,
        "{\"id\":\"a\",\"input\":\"a\"}\n{\"id\":\"b\",\"input\":\"a\"}\n{\"id\":\"a\",\"input\":\"b\"}\n",
        "line 3: the id 'a' is there twice, first on line 1",
    ),
    (
        Format::Jsonl,
        "{\"id\":\"a b\",\"input\":\"a\"}\n",
        "line 1: example id 'a b' is not valid: it holds a space, a slash or a control character",
    ),
    (
        Format::Jsonl,
        "{\"input\":\"a\"}\n{\"input\":\"b\",\"input\":\"c\"}\n",
        "line 2: the field 'input' is there twice",
    ),
    (
        Format::JsonArray,
        "[{\"input\":\"a\",\n\"input\":\"b\"}]",
        "line 2: the field 'input' is there twice",
    ),
    (
        Format::Jsonl,
        "{\"input\":\"a\"}\n{\"input\":123456789012345678901234567890}\n",
        "line 2: 123456789012345678901234567890 is a whole number beyond 2^53, which is not kept exactly: write it as \
         text",
    ),
    (Format::Jsonl, "\n \n", "line 1: the file is empty"),
    (Format::JsonArray, "[]", "line 1: the array is empty"),
    (
        Format::JsonArray,
        "[{\"input\":\"a\"},\n{\"input\":\n\"b\",}]",
        "line 3: not JSON: trailing comma at column 5",
    ),
    (
        Format::JsonArray,
        "[{\"input\":\"a\"},\n{\"input\":\"b\"}",
        "line 2: the file ends within this row: it may be cut off",
    ),
    (
        Format::JsonArray,
        "[{\"input\":\"a\"},\n",
        "line 2: the array is not closed: the file may be cut off",
    ),
    (
        Format::JsonArray,
        "[{\"input\":\"a,]\\\"\"}]\nx",
        "line 2: there is text after the end of the array",
    ),
    (
        Format::JsonArray,
        "{\"input\":1}",
        "line 1: the file is no JSON array: it does not begin with '['",
    ),
    (
        Format::Csv,
        "text,label\na,b\nc\n",
        "line 3: it has 1 cells, the header has 2",
    ),
    (
        Format::Csv,
        "text,text\na,b\n",
        "line 1: the header has the column 'text' twice",
    ),
    (
        Format::Csv,
        "text,label\n\"a,b\nc,d\n",
        "line 2: a quote in it is never closed: the file may be cut off",
    ),
    (
        Format::Csv,
        "text,label\r\n",
        "line 1: there is a header but no row below it",
    ),
    (Format::Csv, "", "line 1: the file is empty"),
];

#[test]
fn each_bad_row_is_named_by_its_line() {
    for (format, text, wanted) in BAD_ROWS {
        let imported = read(text, format);
        assert_eq!(faults(&imported).join("|"), wanted, "{text}");
        assert_eq!(imported.fault_count, imported.faults.len() as u64);
    }
}

#[test]
fn faults_beyond_the_limit_are_counted() {
    let text = "x\n".repeat(FAULTS_MAX + 5);
    let imported = read(&text, Format::Jsonl);
    assert_eq!(
        (imported.faults.len(), imported.fault_count),
        (FAULTS_MAX, FAULTS_MAX as u64 + 5)
    );
}

fn any_example() -> impl Strategy<Value = Example> {
    let text = "[a-z\u{e9}\"\\\\\n,;\\[{\u{1b}]{0,8}[a-z]";
    let value = prop_oneof![
        text.prop_map(serde_json::Value::from),
        any::<i32>().prop_map(serde_json::Value::from),
        (text, any::<bool>()).prop_map(|(key, flag)| json!({ key: [flag, null] })),
    ];
    let documents = proptest::collection::vec((text, text, text), 0..3);
    let parts = (
        "[a-z0-9:-]{1,9}",
        value.clone(),
        proptest::option::of(value.clone()),
        proptest::collection::vec(text, 0..3),
        proptest::collection::btree_map(text, text, 0..3),
        documents,
        proptest::collection::vec((text, value), 0..2),
    );
    parts.prop_map(|(id, input, expected, labels, metadata, documents, results)| {
        let document = |(id, version, text)| Document { id, version, text };
        let result = |(tool, result)| ToolResult {
            tool,
            result: JsonText::from_value(&result),
        };
        let content = ExampleContent {
            id: ExampleId::new(id).unwrap(),
            input: JsonText::from_value(&input),
            expected: expected.as_ref().map(JsonText::from_value),
            labels,
            metadata,
            context: ExampleContext {
                documents: documents.into_iter().map(document).collect(),
                tool_results: results.into_iter().map(result).collect(),
            },
        };
        let source = ExampleSource::Imported {
            file: "f".into(),
            line: 1,
        };
        Example::new(content, source).unwrap()
    })
}

proptest! {
    #[test]
    fn an_exported_example_comes_back_the_same(example in any_example()) {
        let line = print_jsonl(&example);
        let imported = read(&line, Format::Jsonl);
        prop_assert_eq!(&imported.faults, &[]);
        prop_assert_eq!(&imported.examples, &[example]);
    }

    #[test]
    fn every_csv_that_the_usual_writer_makes_is_read(
        cells in proptest::collection::vec("[a-z,;\t\"\r\n ]{0,6}[a-z]", 1..6),
    ) {
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer.write_record(["text", "label"]).unwrap();
        for cell in &cells {
            writer.write_record([cell.as_str(), "l"]).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let imported = read(std::str::from_utf8(&bytes).unwrap(), Format::Csv);
        prop_assert_eq!(&imported.faults, &[]);
        let inputs: Vec<String> = imported.examples.iter().map(|e| e.content.input.plain()).collect();
        prop_assert_eq!(inputs, cells);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        text in "[\\[\\]{}\",:;\n\r\\\\a ]{0,60}",
    ) {
        for format in [Format::Jsonl, Format::JsonArray, Format::Csv] {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                let mapping = preview(bytes, format, "f").unwrap().mapping;
                let imported = import(bytes, format, &mapping, "f").unwrap();
                prop_assert!(imported.fault_count > 0 || !imported.examples.is_empty());
            }
        }
    }
}
