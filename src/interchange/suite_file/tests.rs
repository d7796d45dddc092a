use super::*;
use crate::domain::gate::GatePolicy;

const WHOLE: &str = r#"name = "triage_quality"
description = "routing of tickets"
slices = ["topic"]

[[graders]]
name = "route"
kind = "field_match"
field = "route"
expected_field = "labels.route"
[[graders]]
name = "same"
kind = "exact_match"
case_sensitive = false
[[graders]]
name = "json"
kind = "json_valid"
[[graders]]
name = "shape"
kind = "json_schema"
schema = '''{"type": "object"}'''
[[graders]]
name = "own_shape"
kind = "json_schema"
[[graders]]
name = "number"
kind = "numeric_tolerance"
absolute = 1
relative = 0.05
[[graders]]
name = "digits"
kind = "regex"
pattern = '^\d+$'
field = "total"
[[graders]]
name = "says"
kind = "contains"
text = "refund"

[[metrics]]
name = "routing_accuracy"
kind = "accuracy"
grader = "route"
[[metrics]]
name = "json_validity"
kind = "validity_rate"
grader = "json"
[[metrics]]
name = "escalation_recall"
kind = "recall"
field = "escalate"
class = true
[[metrics]]
name = "escalation_precision"
kind = "precision"
field = "escalate"
class = "true"
[[metrics]]
name = "f1"
kind = "f1"
field = "escalate"
class = "true"
[[metrics]]
name = "p95"
kind = "latency_percentile"
percentile = 95
[[metrics]]
name = "cost"
kind = "cost_per_example"

[[thresholds]]
metric = "routing_accuracy"
at_least = 0.94
slice = "topic=billing dispute"
min_samples = 20
[[thresholds]]
metric = "json_validity"
equals = 1
[[thresholds]]
metric = "p95"
at_most = 900

[pass_rule]
policy = "proven"
"#;

#[test]
fn a_whole_file_is_read_and_written_back() {
    let suite = SuiteFile::parse(WHOLE).unwrap();
    let content = &suite.content;
    assert_eq!((content.graders.len(), content.metrics.len()), (8, 7));
    assert_eq!(content.policy, GatePolicy::Proven);
    assert_eq!(
        content.thresholds[0].to_string(),
        "routing_accuracy[topic=billing dispute] >= 0.94"
    );
    assert_eq!(
        (content.thresholds[0].min_samples, content.thresholds[1].min_samples),
        (20, 1)
    );
    let printed = suite.print();
    assert_eq!(SuiteFile::parse(&printed).unwrap(), suite, "{printed}");
}

#[test]
fn a_grader_names_the_step_that_it_looks_at() {
    let source = WHOLE.replace("kind = \"json_valid\"", "kind = \"json_valid\"\nstep = \"draft\"");
    let suite = SuiteFile::parse(&source).unwrap();
    assert_eq!(suite.content.graders[2].step.as_deref(), Some("draft"));
    assert!(suite.print().contains("step = \"draft\""));
}

#[test]
fn json_holds_the_same_keys() {
    let value: serde_json::Value = toml::from_str(WHOLE).unwrap();
    assert_eq!(SuiteFile::parse(&value.to_string()), SuiteFile::parse(WHOLE));
}

/// A line, what it becomes, and the fault that this is.
const FAULTS: [(&str, &str, u32, &str); 15] = [
    (
        "\"triage_quality\"",
        "\"Triage\"",
        1,
        "suite name 'Triage' is not valid",
    ),
    ("field = \"route\"\n", "", 5, "grader route.field: it is missing"),
    (
        "field = \"route\"",
        "feild = \"route\"",
        8,
        "grader route.feild: unknown key: did you mean 'field'?",
    ),
    (
        "\"field_match\"",
        "\"field_mach\"",
        7,
        "grader route.kind: 'field_mach' is unknown: did you mean",
    ),
    (
        "'''{\"type\": \"object\"}'''",
        "'{\"type\": 1}'",
        20,
        "grader shape.schema: not a JSON Schema",
    ),
    ("'^\\d+$'", "'(\\d+$'", 32, "grader digits.pattern: regex parse error"),
    (
        "absolute = 1",
        "absolute = -1",
        25,
        "grader number: a tolerance is a number of 0 or more",
    ),
    (
        "text = \"refund\"",
        "pattern = \"refund\"",
        37,
        "grader says.pattern: unknown key",
    ),
    (
        "grader = \"route\"",
        "grader = \"rout\"",
        42,
        "metric routing_accuracy: no grader is named 'rout'",
    ),
    ("percentile = 95\n", "", 62, "metric p95.percentile: it is missing"),
    (
        "at_least = 0.94\n",
        "",
        70,
        "exactly one of at_least, at_most, equals, no_worse_by, at_most_ratio (0 found)",
    ),
    (
        "at_least = 0.94",
        "at_least = 94",
        71,
        "threshold routing_accuracy: 94 is not between 0 and 1",
    ),
    (
        "\"topic=billing dispute\"",
        "\"billing\"",
        73,
        "threshold routing_accuracy.slice: write it as field=value",
    ),
    (
        "\"proven\"",
        "\"prove\"",
        83,
        "pass_rule.policy: 'prove' is unknown: did you mean 'proven'?",
    ),
    ("min_samples = 20", "min_samples = 20 20", 74, ""),
];

#[test]
fn each_fault_names_its_entry_and_line() {
    for (from, to, line, message) in FAULTS {
        assert!(WHOLE.contains(from), "{from}");
        let faults = SuiteFile::parse(&WHOLE.replacen(from, to, 1)).unwrap_err().0;
        let hit = faults
            .iter()
            .any(|fault| fault.line == Some(line) && fault.message.contains(message));
        assert!(hit, "{to}: wanted line {line} '{message}', found {faults:?}");
    }
}

#[test]
fn faults_in_json_name_their_entry() {
    let source = r#"{"name": "q", "graders": [{"name": "r", "kind": "regex", "pattern": "("}]}"#;
    let faults = SuiteFile::parse(source).unwrap_err().to_string();
    assert!(faults.starts_with("grader r.pattern: regex parse error"), "{faults}");
    let cut = SuiteFile::parse("{\"name\":").unwrap_err().0;
    assert_eq!(cut[0].line, Some(1));
    let deep = format!("{{\"name\": {}", "[".repeat(10_000));
    assert!(
        SuiteFile::parse(&deep)
            .unwrap_err()
            .to_string()
            .contains("recursion limit")
    );
}

/// The graders that look at more than the text, negation and combinations.
const WIDE: &str = r#"name = "wide"
[[graders]]
name = "near"
kind = "edit_distance"
at_least = 0.8
field = "reply"
case_sensitive = false
[[graders]]
name = "words"
kind = "token_f1"
at_least = 0.5
expected_field = "answer"
[[graders]]
name = "calls"
kind = "tool_calls"
arguments = "named"
order = "contained"
calls = '''[{"name": "find", "arguments": {"id": 5}}]'''
[[graders]]
name = "labelled_calls"
kind = "tool_calls"
expected_field = "calls"
order = "any"
[[graders]]
name = "cites"
kind = "citations"
pattern = '\[(\w+)\]'
at_least = 1
cites_expected = true
[[graders]]
name = "sources"
kind = "citations"
field = "sources"
expected_field = "docs"
[[graders]]
name = "polite"
kind = "contains"
text = "sorry"
negate = true
[[graders]]
name = "refuses"
kind = "refusal"
expected = true
[[graders]]
name = "refuses_as_labelled"
kind = "refusal"
expected_field = "refuse"
[[graders]]
name = "fast"
kind = "latency"
at_most_ms = 900
[[graders]]
name = "cheap"
kind = "cost"
at_most_usd = 0.0025
[[graders]]
name = "program"
kind = "command"
command = ["python3", "grade.py"]
[[graders]]
name = "both"
kind = "all_of"
graders = ["near", "words"]
[[graders]]
name = "either"
kind = "any_of"
graders = ["both", "fast"]
negate = true
[[graders]]
name = "mix"
kind = "weighted"
weights = { cheap = 2, program = 0.5 }
at_least = 0.75
[[metrics]]
name = "accuracy"
kind = "accuracy"
grader = "mix"
"#;

#[test]
fn wide_graders_are_read_and_written_back() {
    let suite = SuiteFile::parse(WIDE).unwrap();
    let printed = suite.print();
    assert_eq!(SuiteFile::parse(&printed).unwrap(), suite, "{printed}");
    assert_eq!(suite.content.graders.len(), 15);
    let value: serde_json::Value = toml::from_str(WIDE).unwrap();
    let from_json = SuiteFile::parse(&value.to_string()).unwrap();
    // A parsed TOML table sorts its keys; a suite file keeps them as they are written.
    assert_eq!(from_json.content.graders[..14], suite.content.graders[..14]);
}

/// What a text of the file becomes, the text with which the wrong line begins, and the fault.
const WIDE_FAULTS: [(&str, &str, &str, &str); 21] = [
    (
        "at_least = 0.8",
        "at_least = 80",
        "at_least = 80",
        "80 is not above 0 and at most 1: write 80 % as 0.8",
    ),
    ("at_least = 0.5", "at_least = 0", "at_least = 0", "0 is not above 0"),
    (
        "at_least = 0.8\n",
        "",
        "[[graders]]",
        "grader near.at_least: it is missing",
    ),
    (
        "field = \"reply\"",
        "field = \"\"",
        "field = \"\"",
        "the field is empty",
    ),
    ("\"named\"", "\"name\"", "arguments =", "did you mean 'named'?"),
    (
        "\"any\"",
        "\"sorted\"",
        "order = \"sorted\"",
        "use exact, any, contained",
    ),
    (
        "{\"id\": 5}",
        "[5]",
        "calls =",
        "the arguments of 'find' are not an object",
    ),
    (
        "\"name\": \"find\"",
        "\"tool\": \"find\"",
        "calls =",
        "unknown field `tool`",
    ),
    ("{\"id\": 5}}]", "{\"id\": 5}}", "calls =", "grader calls.calls: "),
    ("(\\w+)", "(\\w)(.)", "pattern =", "it has 2 groups"),
    (
        "field = \"sources\"",
        "",
        "[[graders]]",
        "grader sources: give exactly one of field, pattern",
    ),
    (
        "\nexpected = true",
        "\nexpected = true\nexpected_field = \"x\"",
        "[[graders]]",
        "give expected or expected_field",
    ),
    (
        "at_most_ms = 900",
        "at_most_ms = 0",
        "at_most_ms",
        "no answer comes in 0 ms",
    ),
    (
        "at_most_ms = 900",
        "at_most_ms = -1",
        "at_most_ms",
        "-1 is out of range",
    ),
    ("0.0025", "-1", "[[graders]]", "-1 is not between 0 and 1000000 dollars"),
    ("[\"python3\", \"grade.py\"]", "[]", "command =", "it names no program"),
    (
        "[\"python3\", \"grade.py\"]",
        "[\"a\"]\ntime_limit_ms = 0",
        "time_limit_ms",
        "0 is not between 1 and",
    ),
    (
        "[\"near\", \"words\"]",
        "[\"near\", \"word\"]",
        "graders = [\"near",
        "grader both.graders: no grader is named",
    ),
    (
        "[\"near\", \"words\"]",
        "[\"either\"]",
        "graders = [\"either",
        "it is a part of itself: both -> either -> both",
    ),
    ("[\"near\", \"words\"]", "[]", "graders = []", "there is none"),
    (
        "cheap = 2",
        "cheap = 0",
        "weights =",
        "the weight of 'cheap' is 0: give one above 0",
    ),
];

#[test]
fn each_fault_of_a_wide_grader_names_its_line() {
    for (from, to, at, message) in WIDE_FAULTS {
        assert!(WIDE.contains(from), "{from}");
        let source = WIDE.replacen(from, to, 1);
        let faults = SuiteFile::parse(&source).unwrap_err().0;
        let is_at = |line: u32| {
            source
                .lines()
                .nth(line as usize - 1)
                .is_some_and(|text| text.starts_with(at))
        };
        let hit = faults
            .iter()
            .any(|fault| fault.line.is_some_and(is_at) && fault.message.contains(message));
        assert!(hit, "{to}: wanted '{message}' at '{at}', found {faults:?}");
    }
}

#[test]
fn rules_that_clash_are_told_with_both_lines() {
    let file = |second: &str| {
        format!(
            "name = \"q\"\ngraders = [{{ name = \"same\", kind = \"exact_match\" }}]\n\
             metrics = [{{ name = \"right\", kind = \"accuracy\", grader = \"same\" }}]\n\n\
             [[thresholds]]\nmetric = \"right\"\nat_least = 0.95\n\n[[thresholds]]\nmetric = \"right\"\n{second}\n"
        )
    };
    let told = |second: &str| SuiteFile::parse(&file(second)).unwrap_err().to_string();
    assert_eq!(
        told("at_most = 0.9"),
        "line 9: threshold right: 'right <= 0.9' beside 'right >= 0.95' of line 5: no value satisfies both"
    );
    assert_eq!(
        told("at_least = 0.9"),
        "line 9: threshold right: 'right >= 0.9' beside 'right >= 0.95' of line 5: the stricter one alone decides"
    );
    assert!(SuiteFile::parse(&file("at_least = 0.9\npolicy = \"proven\"")).is_ok());
}
