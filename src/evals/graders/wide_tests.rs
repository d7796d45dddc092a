//! Graders that look at more than the answer's text, negation and combinations.

use super::tests::{example, observed, prompt, suite, wait_for};
use super::*;
use crate::domain::example::{Document, ExampleContent};
use crate::domain::grader::{
    ArgumentRule, CallOrder, CaseRule, CitationSource, ExpectedDocuments, Grader, GraderKind, RefusalRule, Weight,
};
use crate::domain::json::SourceJson;
use crate::domain::model::ResponseFormat;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::ToolCall;
use crate::evals::judges::Judges;
use crate::evals::parse::Answer;

/// The verdict as a sign, with the explanation, and what a failure blames.
fn said(kind: GraderKind, observed: Observed, example: &ExampleContent) -> (String, Option<Cause>) {
    let graders = Graders::compile(&suite(kind), &prompt(ResponseFormat::Text), &Judges::default()).unwrap();
    let grades = wait_for(graders.grade(observed, example));
    let score = &grades.scores[0];
    let sign = if score.passed { '+' } else { '-' };
    (format!("{sign}{}", score.explanation), grades.cause)
}

fn text_said(kind: GraderKind, text: &str, example: &ExampleContent) -> (String, Option<Cause>) {
    let answer = Answer::new(text);
    said(kind, observed(&answer), example)
}

fn not(kind: GraderKind) -> GraderKind {
    GraderKind::Not(Box::new(kind))
}

fn contains(text: &str) -> GraderKind {
    GraderKind::Contains {
        text: Some(text.into()),
        case: CaseRule::Sensitive,
    }
}

#[test]
fn similarity_is_to_the_nearest_expected_text_and_is_kept() {
    let kind = |at_least| GraderKind::EditDistance {
        field: None,
        expected_field: None,
        case: CaseRule::Insensitive,
        at_least,
    };
    let sitting = example(Some(r#"["Sitting", "cat"]"#));
    let (why, cause) = text_said(kind(0.5), " kitten\n", &sitting);
    assert_eq!((&*why, cause), ("+edit similarity 0.571, at least 0.5", None));
    let (why, cause) = text_said(kind(0.6), "kitten", &sitting);
    let expected = "-edit similarity 0.571 is below 0.6: expected \"Sitting\", got \"kitten\"";
    assert_eq!((&*why, cause), (expected, Some(Cause::Answer)));
    let (why, cause) = text_said(kind(0.6), "x", &example(Some("[]")));
    assert!(why.contains("is empty") && cause == Some(Cause::Label), "{why}");
    let (_, cause) = text_said(kind(0.6), "x", &example(None));
    assert_eq!(cause, Some(Cause::Label));
    let (why, cause) = text_said(
        kind(0.6),
        &"x".repeat(5_001),
        &example(Some(&format!("{:?}", "y".repeat(5_001)))),
    );
    assert!(why.contains("too long") && cause == Some(Cause::Grader), "{why}");

    let f1 = GraderKind::TokenF1 {
        field: Some("reply".into()),
        expected_field: Some("answer".into()),
        at_least: 0.9,
    };
    let paris = example(Some(r#"{"answer": "in Paris"}"#));
    let (why, _) = text_said(f1.clone(), r#"{"reply": "Paris"}"#, &paris);
    assert!(why.starts_with("-token F1 0.666 is below 0.9"), "{why}");
    let graders = Graders::compile(&suite(f1), &prompt(ResponseFormat::Text), &Judges::default()).unwrap();
    let answer = Answer::new(r#"{"reply": "The Paris, in!"}"#);
    let grades = wait_for(graders.grade(observed(&answer), &paris));
    assert_eq!(
        grades.scores[0].value.map(|value| value.get().to_bits()),
        Some(1.0_f64.to_bits())
    );
    assert!(graders.reads_json());
}

fn call(name: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: "c".into(),
        name: name.into(),
        arguments: arguments.into(),
        result: None,
        round: 0,
    }
}

fn tools(arguments: ArgumentRule, order: CallOrder) -> GraderKind {
    GraderKind::ToolCalls {
        calls: None,
        expected_field: None,
        arguments,
        order,
    }
}

fn calls_said(kind: GraderKind, calls: &[ToolCall], expected: &str) -> (String, Option<Cause>) {
    let answer = Answer::new("");
    let observed = Observed {
        tool_calls: calls,
        ..observed(&answer)
    };
    said(kind, observed, &example(Some(expected)))
}

#[test]
fn tool_calls_are_compared_by_tool_and_arguments() {
    let expected = r#"[{"name": "find", "arguments": {"id": 5, "who": "Zoë"}}]"#;
    let (exact, named) = (ArgumentRule::Exact, ArgumentRule::Named);
    for (rule, arguments, why) in [
        (
            exact,
            r#"{"who":"Zoë","id":5.0}"#,
            "+called find({\"who\":\"Zoë\",\"id\":5.0})",
        ),
        (exact, r#"{"id":5}"#, "-call 1: find: argument 'who' is missing"),
        (
            exact,
            r#"{"id":6,"who":"Zoë"}"#,
            "-call 1: find: argument 'id': expected 5, got 6",
        ),
        (
            exact,
            r#"{"id":5,"who":"Zoë","x":1}"#,
            "-call 1: find: argument 'x' was not expected",
        ),
        (
            named,
            r#"{"id":5,"who":"Zoë","x":1}"#,
            "+called find({\"id\":5,\"who\":\"Zoë\",\"x\":1})",
        ),
        (
            exact,
            "{\"id\":",
            "-call 1: the arguments of find are no JSON object: \"{\\\"id\\\":\"",
        ),
    ] {
        let order = CallOrder::Exact;
        let (got, cause) = calls_said(tools(rule, order), &[call("find", arguments)], expected);
        assert_eq!(got, why);
        assert_eq!(cause, got.starts_with('-').then_some(Cause::Tool));
    }
    let exactly = || tools(exact, CallOrder::Exact);
    let (why, _) = calls_said(exactly(), &[call("search", "{}")], expected);
    assert!(why.starts_with("-call 1: expected find({"), "{why}");
    let (why, _) = calls_said(exactly(), &[], expected);
    assert!(why.ends_with("but no tool was called"), "{why}");
    assert_eq!(calls_said(exactly(), &[], "[]").0, "+no tool was called");
    assert_eq!(
        calls_said(exactly(), &[call("a", "")], "[]").0,
        "-call 1, a({}), was not expected"
    );
    // Without arguments any will do, whatever they are.
    let (why, _) = calls_said(exactly(), &[call("a", "{")], r#"[{"name": "a"}]"#);
    assert_eq!(why, "+called a({)");
    let (why, cause) = calls_said(exactly(), &[], r#"{"route": "a"}"#);
    assert!(
        why.starts_with("-a label problem: ") && cause == Some(Cause::Label),
        "{why}"
    );
}

#[test]
fn the_order_of_tool_calls_counts_as_asked() {
    let (a, b, c) = (call("a", "{}"), call("b", "{}"), call("c", "{}"));
    let expected = r#"[{"name": "a", "arguments": {}}, {"name": "b", "arguments": {}}]"#;
    let (exact, any, contained) = (CallOrder::Exact, CallOrder::Any, CallOrder::Contained);
    for (order, calls, why) in [
        (exact, vec![&a, &b], "+2 calls, the first a({})"),
        (exact, vec![&b, &a], "-call 1: expected a({}), got b({})"),
        (exact, vec![&a], "-call 2, b({}), was not made"),
        (exact, vec![&a, &b, &c], "-call 3, c({}), was not expected"),
        (any, vec![&b, &a], "+2 calls, the first b({})"),
        (any, vec![&a, &a], "-b({}) was not called"),
        (any, vec![&b, &c, &a], "-c({}) was not expected"),
        (contained, vec![&c, &a, &c, &b, &c], "+5 calls, the first c({})"),
        (contained, vec![&b, &a], "-b({}) was not called after a({})"),
        (contained, vec![&a, &c], "-b({}) was not called"),
    ] {
        let calls: Vec<ToolCall> = calls.into_iter().cloned().collect();
        let (got, _) = calls_said(tools(ArgumentRule::Exact, order), &calls, expected);
        assert_eq!(got, why, "{order:?}");
    }
    let own = GraderKind::ToolCalls {
        calls: Some(SourceJson::new(r#"[{"name": "a"}]"#).unwrap()),
        expected_field: None,
        arguments: ArgumentRule::Exact,
        order: exact,
    };
    assert_eq!(calls_said(own, &[a], "\"whatever\"").0, "+called a({})");
}

fn with_documents(expected: Option<&str>, ids: &[&str]) -> ExampleContent {
    let mut example = example(expected);
    example.context.documents = ids
        .iter()
        .map(|id| Document {
            id: (*id).into(),
            version: String::new(),
            text: String::new(),
        })
        .collect();
    example
}

#[test]
fn citations_name_documents_of_the_context() {
    let kind = |at_least, expected| GraderKind::Citations {
        source: CitationSource::Pattern(r"\[(\w+)\]".into()),
        at_least,
        expected,
    };
    let free = || ExpectedDocuments::Free;
    let context = with_documents(Some(r#"["d2"]"#), &["d1", "d2"]);
    for (kind, text, why) in [
        (kind(0, free()), "so [d1] and [d1], [d2]", "+cites 'd1', 'd2'"),
        (kind(0, free()), "", "+cites nothing"),
        (
            kind(0, free()),
            "see [d1] and [d9]",
            "-cites 'd9', not in the context, which has 'd1', 'd2'",
        ),
        (
            kind(2, free()),
            "[d1] [d1]",
            "-cites 'd1': at least 2 different documents must be cited",
        ),
        (kind(0, ExpectedDocuments::Whole), "[d2]", "+cites 'd2'"),
        (
            kind(0, ExpectedDocuments::Whole),
            "[d1]",
            "-does not cite 'd2', but 'd1'",
        ),
    ] {
        let (got, cause) = text_said(kind, text, &context);
        assert_eq!(got, why);
        assert_eq!(cause, got.starts_with('-').then_some(Cause::Answer));
    }
    let (why, cause) = text_said(
        kind(0, ExpectedDocuments::Whole),
        "[d1]",
        &with_documents(Some("\"d7\""), &["d1"]),
    );
    let missing = "-'d7' should be cited, but is not in the context: a retrieval problem";
    assert_eq!((&*why, cause), (missing, Some(Cause::Retrieval)));
    let (why, _) = text_said(kind(0, free()), "[d1]", &with_documents(None, &[]));
    assert_eq!(why, "-cites 'd1', not in the context, which has nothing");
    let (why, cause) = text_said(
        kind(0, ExpectedDocuments::Whole),
        "[d1]",
        &with_documents(Some("true"), &["d1"]),
    );
    assert!(why.contains("holds no ids") && cause == Some(Cause::Label), "{why}");
}

#[test]
fn citations_may_stand_in_a_field() {
    let kind = || GraderKind::Citations {
        source: CitationSource::Field("sources".into()),
        at_least: 0,
        expected: ExpectedDocuments::Field("docs".into()),
    };
    let context = with_documents(Some(r#"{"docs": 7}"#), &["7", "é"]);
    for (text, why) in [
        (r#"{"sources": ["é", 7]}"#, "+cites 'é', '7'"),
        (r#"{"sources": 7}"#, "+cites '7'"),
        (r#"{"sources": null}"#, "-does not cite '7', but nothing"),
        (
            r#"{"sources": [{"id": 7}]}"#,
            "-'sources' holds no ids of documents: [{\"id\":7}]",
        ),
        (r#"{"other": 7}"#, "-the answer has no field 'sources'; it has 'other'"),
        ("[7]", "-the answer has no field 'sources'; it is a list of 1"),
        ("prose", "-not JSON: plain text"),
    ] {
        assert_eq!(text_said(kind(), text, &context).0, why);
    }
    let two_groups = GraderKind::Citations {
        source: CitationSource::Pattern("(a)(b)".into()),
        at_least: 0,
        expected: ExpectedDocuments::Free,
    };
    assert!(Graders::compile(&suite(two_groups), &prompt(ResponseFormat::Text), &Judges::default()).is_err());
}

#[test]
fn refusals_are_told_by_the_provider() {
    let answer = Answer::new("Sure.");
    let plain = observed(&answer);
    let refused = Observed {
        refusal: Some("I cannot"),
        ..plain
    };
    let withheld = Observed {
        finish_reason: Some("SAFETY"),
        ..plain
    };
    let fixed = |expected| GraderKind::Refusal {
        expected: RefusalRule::Fixed(expected),
    };
    let nothing = example(None);
    for (kind, observed, why) in [
        (fixed(false), plain, "+did not refuse"),
        (fixed(false), refused, "-refused: \"I cannot\""),
        (fixed(false), withheld, "-refused: the answer ended with \"SAFETY\""),
        (fixed(true), refused, "+refused, as it should: \"I cannot\""),
        (fixed(true), plain, "-did not refuse, as it should, but said \"Sure.\""),
    ] {
        assert_eq!(said(kind, observed, &nothing).0, why);
    }
    let labelled = || GraderKind::Refusal {
        expected: RefusalRule::Field("refuse".into()),
    };
    let should = example(Some(r#"{"refuse": true}"#));
    assert_eq!(said(labelled(), plain, &should).1, Some(Cause::Answer));
    assert_eq!(said(labelled(), refused, &should).1, None);
    for no_label in [None, Some("true"), Some(r#"{"refuse": "yes"}"#)] {
        assert_eq!(said(labelled(), refused, &example(no_label)).1, Some(Cause::Label));
    }
}

#[test]
fn limits_hold_up_to_the_limit_and_an_unknown_cost_does_not_pass() {
    let answer = Answer::new("x");
    let plain = observed(&answer);
    let nothing = example(None);
    let latency = |at_most_ms| GraderKind::Latency { at_most_ms };
    assert_eq!(said(latency(1_500), plain, &nothing).0, "+took 1500 ms, at most 1500");
    let (why, cause) = said(latency(1_499), plain, &nothing);
    assert_eq!((&*why, cause), ("-took 1500 ms, more than 1499", Some(Cause::Limit)));
    let cost = |nanos| GraderKind::Cost {
        at_most: UsdNanos(nanos),
    };
    assert_eq!(said(cost(3_000_000), plain, &nothing).0, "+cost $0.003, at most $0.003");
    assert_eq!(
        said(cost(2_999_999), plain, &nothing).0,
        "-cost $0.003, more than $0.002999999"
    );
    let unpriced = Observed { cost: None, ..plain };
    for kind in [cost(3_000_000), not(cost(3_000_000))] {
        let (why, cause) = said(kind, unpriced, &nothing);
        assert!(
            why.starts_with("-no verdict: the price is unknown") && cause == Some(Cause::Grader),
            "{why}"
        );
    }
    let reused = Observed {
        cost: Some(UsdNanos(0)),
        reused_from: Some(crate::domain::ids::RunId(3)),
        ..plain
    };
    let (why, _) = said(cost(3_000_000), reused, &nothing);
    assert!(why.starts_with("-no verdict: the answer is that of run_3"), "{why}");
}

#[test]
fn negation_turns_verdicts_round_and_nothing_else() {
    let nothing = example(None);
    for (kind, text, why) in [
        (contains("sorry"), "so sorry", "-must not be so: contains \"sorry\""),
        (
            contains("sorry"),
            "fine",
            "+rightly not so: \"sorry\" is not in \"fine\"",
        ),
        (GraderKind::JsonValid, "prose", "+rightly not so: not JSON: plain text"),
        (GraderKind::JsonValid, "1", "-must not be so: it is JSON"),
        (
            not(contains("a")),
            "a",
            "+rightly not so: must not be so: contains \"a\"",
        ),
    ] {
        // Two negations are none.
        if let GraderKind::Not(_) = kind {
            assert_eq!(text_said(not(kind), text, &nothing).0, "+contains \"a\"");
        } else {
            assert_eq!(text_said(not(kind), text, &nothing).0, why);
        }
    }
    let regex = GraderKind::Regex {
        pattern: "x".into(),
        field: Some("reply".into()),
    };
    for text in ["prose", "{}"] {
        assert!(
            text_said(not(regex.clone()), text, &nothing).0.starts_with('-'),
            "{text}"
        );
    }
    let exact = GraderKind::ExactMatch {
        case: CaseRule::Sensitive,
    };
    assert_eq!(text_said(not(exact), "x", &nothing).1, Some(Cause::Label));
}

/// The last grader of a suite whose others are its parts.
fn combined(kind: GraderKind, parts: &[(&str, GraderKind)], text: &str, example: &ExampleContent) -> (String, Grades) {
    let mut suite = suite(kind);
    // Parts may stand before or after what they are parts of.
    let parts = parts.iter().map(|(name, kind)| Grader::new(*name, kind.clone()));
    suite.graders.extend(parts);
    let graders = Graders::compile(&suite, &prompt(ResponseFormat::Text), &Judges::default()).unwrap();
    let answer = Answer::new(text);
    let grades = wait_for(graders.grade(observed(&answer), example));
    let whole = &grades.scores[0];
    let sign = if whole.passed { '+' } else { '-' };
    (format!("{sign}{}", whole.explanation), grades)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn combinations_decide_for_their_parts() {
    let parts = [("a", contains("a")), ("b", contains("b"))];
    let all = || GraderKind::AllOf {
        graders: names(&["a", "b"]),
    };
    let any = || GraderKind::AnyOf {
        graders: names(&["b", "a"]),
    };
    let nothing = example(None);
    for (kind, text, why) in [
        (all(), "ab", "+all 2 passed"),
        (all(), "a", "-1 of 2 failed: b: \"b\" is not in \"a\""),
        (any(), "a", "+a passed"),
        (
            any(),
            "",
            "-none of 2 passed: b: \"b\" is not in \"\"; a: \"a\" is not in \"\"",
        ),
        (not(any()), "a", "-must not be so: a passed"),
        (
            not(all()),
            "a",
            "+rightly not so: 1 of 2 failed: b: \"b\" is not in \"a\"",
        ),
    ] {
        let (got, grades) = combined(kind, &parts, text, &nothing);
        assert_eq!(got, why);
        // A failed part blames nothing where the whole passed.
        assert_eq!(grades.cause, got.starts_with('-').then_some(Cause::Answer));
        assert_eq!(grades.scores[1].part_of, ["check"]);
        assert!(grades.scores[0].counts() && !grades.scores[2].counts());
    }
}

#[test]
fn what_gave_no_verdict_may_be_either_way() {
    let exact = GraderKind::ExactMatch {
        case: CaseRule::Sensitive,
    };
    // Without an expected value `unknown` gives no verdict.
    let parts = [("a", contains("a")), ("unknown", exact)];
    let graders = || names(&["a", "unknown"]);
    let weighted = |at_least| GraderKind::Weighted {
        weights: vec![
            Weight {
                grader: "a".into(),
                weight: 3.0,
            },
            Weight {
                grader: "unknown".into(),
                weight: 1.0,
            },
        ],
        at_least,
    };
    let all = || GraderKind::AllOf { graders: graders() };
    let any = || GraderKind::AnyOf { graders: graders() };
    for (kind, text, passes, opposite_passes) in [
        (any(), "a", true, false),
        (any(), "", false, false),
        (all(), "a", false, false),
        (all(), "", false, true),
        (weighted(0.75), "a", true, false),
        (weighted(0.8), "a", false, false),
        (weighted(0.3), "", false, true),
        (weighted(0.25), "", false, false),
    ] {
        let nothing = example(None);
        let (why, _) = combined(kind.clone(), &parts, text, &nothing);
        assert_eq!(why.starts_with('+'), passes, "{kind:?} {text}: {why}");
        let (why, _) = combined(not(kind.clone()), &parts, text, &nothing);
        assert_eq!(why.starts_with('+'), opposite_passes, "not {kind:?} {text}: {why}");
    }
    let (why, grades) = combined(weighted(0.8), &parts, "a", &example(None));
    let expected = "-weighted score 0.75 is below 0.8: unknown: the example has no expected value: a label problem";
    assert_eq!((&*why, grades.cause), (expected, Some(Cause::Label)));
}
