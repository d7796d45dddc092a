use std::path::Path;

use super::super::chain_file::ChainFile;
use super::super::format::SourceText;
use super::super::suite_file::SuiteFile;
use super::super::table::Table;
use super::*;

/// The faults of a text, by line.
fn faults(source: &str) -> String {
    let mut marks = Marks::default();
    assert!(parse(source, &mut marks).is_none(), "{source}");
    marks.into_faults().to_string()
}

/// The value of the key `a`, as JSON, or why it has none.
fn value(source: &str) -> String {
    let mut marks = Marks::default();
    let entries = parse(source, &mut marks).unwrap();
    let node = Table::new("", None, &entries).node("a", &mut marks).unwrap();
    node.json().map_or_else(|why| why, |value| value.to_string())
}

#[test]
fn scalars_are_those_of_yaml_1_2() {
    for (source, expected) in [
        ("a: no", r#""no""#),
        ("a: on", r#""on""#),
        ("a: False", "false"),
        ("a: 'false'", r#""false""#),
        ("a: 007", r#""007""#),
        ("a: 1_000", r#""1_000""#),
        ("a: 0x1F", "31"),
        ("a: 0o17", "15"),
        ("a: 12:30:45", r#""12:30:45""#),
        ("a: 2026-01-01", r#""2026-01-01""#),
        ("a: ~", "null"),
        ("a:", "null"),
        ("a: -3", "-3"),
        ("a: 2.5e3", "2500.0"),
        ("a: 9223372036854775807", "9223372036854775807"),
        ("a: 9223372036854775808", "an integer above 2^63 is not a value of JSON"),
        (
            "a: -99999999999999999999",
            "an integer above 2^63 is not a value of JSON",
        ),
        ("a: 1e999", "inf is not a value of JSON"),
        ("a: .nan", "NaN is not a value of JSON"),
        ("a: !!str 1", r#""1""#),
        ("a: !!int 1", "1"),
        ("a: !!binary aGk=", r#""hi""#),
        ("a: !!seq [1]", "[1]"),
        ("a: |\n  two\n  lines\n", r#""two\nlines\n""#),
        ("b: &one {c: [1]}\na: *one", r#"{"c":[1]}"#),
        ("a: {1: x, yes: y}", r#"{"1":"x","yes":"y"}"#),
        ("a: \u{1f600}", "\"\u{1f600}\""),
    ] {
        assert_eq!(value(source), expected, "{source}");
    }
}

#[test]
fn what_is_unclear_is_refused_by_line() {
    for (source, expected) in [
        ("a: 1\nb: 2\na: 3", "line 3, column 1: the key 'a' is there twice"),
        ("b: {x: 1, x: 2}", "line 1, column 11: the key 'x' is there twice"),
        ("a: &x {b: 1}\nc:\n  <<: *x", "line 3, column 3: '<<' merges tables"),
        ("a: 1\nb: !!python/object x", "line 2, column 20: unsupported tag"),
        ("a: !own x", "line 1, column 9: unsupported tag"),
        ("a: !!set {x}", "line 1, column 10: unsupported tag"),
        (
            "a: !!timestamp 2026-01-01",
            "line 1, column 16: cannot deserialize tagged scalar",
        ),
        ("null", "line 1: it holds no table"),
        ("[]", "line 1: it holds no table"),
        ("a: *x", "line 1, column 4: the alias names no anchor above"),
        ("a: &x [*x]", "line 1, column 8: the alias stands within its own anchor"),
        ("---\n[1, 2]: 3", "line 2, column 1: a key must be a string"),
        ("a: 1\nnull: 3", "line 2, column 1: a key must be a string, not null"),
        ("a: 1\n---\nb: 2", "line 2, column 1: a second document begins here"),
        ("- a\n- b", "line 1: it holds no table"),
        ("---", "line 1: it holds no table"),
        ("a: 1\nb: 'x", "line 2, column 4: unclosed quote"),
        ("a: x: y", "line 1, column 5: mapping values are not allowed"),
        (
            "a: 1\n\tb: 2",
            "line 1, column 4: while scanning a plain scalar, found a tab",
        ),
        ("a: x\u{0}y", "line 1, column 5: unexpected character"),
    ] {
        let faults = faults(source);
        assert!(faults.starts_with(expected), "{source}: {faults}");
        assert!(!faults.contains(" at line ") && !faults.contains("Policy"), "{faults}");
    }
}

#[test]
fn bombs_are_refused() {
    let letters = "bcdefghi".chars().zip("abcdefgh".chars());
    let bomb = letters.fold(
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned(),
        |text, (this, before)| {
            let ten = vec![format!("*{before}"); 10].join(", ");
            format!("{text}{this}: &{this} [{ten}]\n")
        },
    );
    assert!(faults(&bomb).contains("too large: at most 100000 values"));
    let wide = format!("a: [{}1]", "1, ".repeat(VALUES_MAX));
    assert!(faults(&wide).contains("too large"));
    let steps = (0..5_000).map(|depth| format!("{}a:\n", " ".repeat(depth)));
    assert!(faults(&steps.collect::<String>()).contains("line 33, column 33: it is nested deeper than 32 levels"));
    assert!(faults(&format!("a: {}", "[".repeat(100_000))).contains("recursion limit exceeded"));
    assert!(faults(&format!("a: {}{}", "[".repeat(40), "]".repeat(40))).contains("nested deeper"));
}

const CHAIN: &str = "\
# Answers mail
name: triage_flow
description: answers mail
steps:
  - name: route
    version: triage_v2
    inputs: {ticket: input.ticket}
    parser: {kind: choice, labels: [yes, no]}
  - name: reply
    version: triage_v2
    inputs:
      ticket: {from: route.label, default: no}
    when:
      - {path: route.label, equals: no}
";

fn chain(source: &str) -> Result<ChainFile, String> {
    ChainFile::parse(source, &mut |_| None).map_err(|faults| faults.to_string())
}

#[test]
fn a_chain_file_is_yaml_with_its_lines() {
    let unknown = chain(CHAIN).unwrap_err();
    assert_eq!(
        unknown,
        "line 6: step route.version: there is no triage_v2\nline 10: step reply.version: there is no triage_v2"
    );
    let misspelt = chain(&CHAIN.replace("    when:", "    wenn:")).unwrap_err();
    assert!(
        misspelt.contains("line 13: step reply.wenn: unknown key: did you mean 'when'?"),
        "{misspelt}"
    );
}

#[test]
fn a_suite_file_is_yaml_and_the_same_as_in_toml() {
    let yaml = "
name: quality
graders:
- name: same
  kind: exact_match
metrics:
- name: right
  kind: accuracy
  grader: same
thresholds:
- metric: right
  at_least: 0.9
";
    let toml = r#"
name = "quality"
graders = [{ name = "same", kind = "exact_match" }]
metrics = [{ name = "right", kind = "accuracy", grader = "same" }]
thresholds = [{ metric = "right", at_least = 0.9 }]
"#;
    let [yaml, toml] = [yaml, toml].map(SuiteFile::parse);
    assert_eq!(yaml.unwrap(), toml.unwrap());
}

/// The faults of a suite file of this name.
fn named(name: &str, text: &str) -> String {
    let source = SourceText::of_file(Path::new(name), text);
    SuiteFile::parse(source).unwrap_err().to_string()
}

#[test]
fn the_name_of_a_file_decides_its_format_and_a_text_without_one_its_content() {
    assert_eq!(
        named("a.yaml", "null"),
        "line 1: it holds no table: begin with a key, as in `name: ..`"
    );
    assert_eq!(
        named("a.yml", "[]"),
        "line 1: it holds no table: begin with a key, as in `name: ..`"
    );
    assert_eq!(
        named("a.yaml", "? key"),
        "name: it is missing\nline 1: key: unknown key: known here: name, description, slices, cluster, graders, \
         metrics, thresholds, crossings, bins, pass_rule"
    );
    for text in ["null", "[]", "", "# nothing"] {
        assert_eq!(
            named("a", text),
            "line 1: it holds no table: begin with a key, as in `name = \"..\"` (TOML) or `name: ..` (YAML), or with \
             `{` (JSON)",
            "{text}"
        );
    }
    let as_toml = named("a.toml", "name: x");
    assert!(
        as_toml.contains("read as TOML, as its name says, and begins like YAML"),
        "{as_toml}"
    );
    let as_json = named("a.json", "[]");
    assert!(as_json.starts_with("line 1"), "{as_json}");
    let json = "{\"nam\": 1}";
    assert!(named("a.yaml", json).contains("line 1: nam: unknown key"));
    assert!(named("a", json).contains("nam: unknown key"));
}
