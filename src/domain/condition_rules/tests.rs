use super::super::chain::ChainContent;
use super::*;

/// A step with a parser and conditions; `Err` of the check of a chain of all.
fn step(name: &str, parser: StepParser, when: &[(&str, Test)]) -> ChainStep {
    let condition = |(path, test): &(&str, Test)| Condition {
        path: path.parse().unwrap(),
        test: test.clone(),
    };
    ChainStep {
        name: name.into(),
        version: "support_triage_v1".parse().unwrap(),
        inputs: Vec::new(),
        when: when.iter().map(condition).collect(),
        parser,
        tools: None,
    }
}

fn fault(steps: Vec<ChainStep>) -> String {
    let content = ChainContent {
        description: String::new(),
        steps,
        answer: None,
    };
    content.check().err().map(|error| error.to_string()).unwrap_or_default()
}

/// What is wrong with a second step of these conditions, after one that gives JSON.
fn beside(when: &[(&str, Test)]) -> String {
    fault(vec![
        step("route", StepParser::Json { schema: None }, &[]),
        step("reply", StepParser::Text, when),
    ])
}

fn is(text: &str) -> Test {
    Test::Equals(JsonText::string(text))
}

fn one_of(texts: &[&str]) -> Test {
    Test::OneOf(texts.iter().map(|text| JsonText::string(text)).collect())
}

fn number(text: &str) -> JsonText {
    JsonText::parse(text).unwrap()
}

#[test]
fn conditions_that_exclude_each_other_are_refused_with_their_path() {
    let topic = "route.topic";
    for when in [
        [(topic, is("a")), (topic, is("b"))],
        [(topic, is("a")), (topic, Test::NotEquals(JsonText::string("a")))],
        [(topic, one_of(&["a", "b"])), (topic, one_of(&["c"]))],
        [(topic, is("a")), (topic, Test::Missing)],
        [(topic, Test::Exists), (topic, Test::Missing)],
        [(topic, is("a")), (topic, Test::AtLeast(0.0))],
        [(topic, Test::AtLeast(2.0)), (topic, Test::Below(2.0))],
        [(topic, Test::Above(2.0)), (topic, Test::AtMost(1.0))],
        [(topic, Test::Equals(number("3"))), (topic, Test::Above(3.0))],
        [("input.mail", Test::Missing), ("input.mail.from", is("a"))],
    ] {
        let told = beside(&when);
        assert!(told.starts_with("step reply: the conditions on '"), "{when:?}: {told}");
        assert!(told.ends_with("exclude each other"), "{when:?}: {told}");
        let turned = [when[1].clone(), when[0].clone()];
        assert!(beside(&turned).ends_with("exclude each other"), "{turned:?}");
    }
}

#[test]
fn conditions_that_can_hold_together_are_kept() {
    let topic = "route.topic";
    for when in [
        [(topic, one_of(&["a", "b"])), (topic, one_of(&["b", "c"]))],
        [(topic, Test::AtLeast(2.0)), (topic, Test::AtMost(2.0))],
        [(topic, Test::Above(1.0)), (topic, Test::NotEquals(number("3")))],
        [(topic, is("a")), ("route.tone", is("b"))],
        [("input.mail", Test::Exists), ("input.mail.from", Test::Missing)],
        [("input.mail", Test::Missing), ("input.mailing", is("a"))],
        [(topic, Test::Missing), ("route.tone", Test::Missing)],
    ] {
        assert_eq!(beside(&when), "", "{when:?}");
    }
}

#[test]
fn a_condition_that_says_nothing_beside_another_is_refused_unless_steps_share_it() {
    let topic = "route.topic";
    let shadowed = [
        [(topic, is("a")), (topic, one_of(&["a", "b"]))],
        [(topic, Test::AtLeast(5.0)), (topic, Test::AtLeast(3.0))],
        [(topic, Test::Above(3.0)), (topic, Test::AtLeast(3.0))],
        [(topic, Test::Below(1.0)), (topic, Test::Exists)],
        [(topic, is("a")), (topic, Test::NotEquals(JsonText::string("b")))],
    ];
    for when in shadowed {
        let told = beside(&when);
        assert!(told.contains("says nothing beside"), "{when:?}: {told}");
    }
    let twice = beside(&[(topic, is("a")), (topic, is("a"))]);
    assert_eq!(
        twice,
        r#"step reply: the condition on 'route.topic' is there twice: route.topic = "a""#
    );
    let shared = (topic, Test::AtLeast(3.0));
    let json = || StepParser::Json { schema: None };
    let steps = vec![
        step("route", json(), &[]),
        step("draft", StepParser::Text, std::slice::from_ref(&shared)),
        step("reply", StepParser::Text, &[shared, (topic, Test::AtLeast(5.0))]),
    ];
    assert_eq!(fault(steps), "");
}

#[test]
fn a_condition_fits_what_its_step_gives() {
    let labels = || StepParser::Choice {
        labels: vec!["billing".into(), "technical".into()],
    };
    let regex = || StepParser::Regex {
        pattern: "(?<sum>\\d+)".into(),
    };
    let cases = [
        (
            labels(),
            "route.label",
            is("biling"),
            "which route never gives: its labels are billing, technical",
        ),
        (
            labels(),
            "route.label",
            one_of(&["billing", "sales"]),
            "\"sales\", which route never gives",
        ),
        (
            labels(),
            "route.label",
            Test::NotEquals(JsonText::string("sales")),
            "which route never gives",
        ),
        (labels(), "route.label", Test::AtLeast(1.0), "a text stands there"),
        (
            labels(),
            "route",
            is("billing"),
            "its fields stand there: name one of them",
        ),
        (regex(), "route.sum", Test::Above(10.0), "a text stands there"),
        (
            StepParser::Text,
            "route",
            Test::Equals(number("3")),
            "a text stands there",
        ),
        (regex(), "route.sum", Test::Equals(number("null")), "compares with null"),
        (
            StepParser::Text,
            "route",
            Test::Missing,
            "never holds: route is never skipped",
        ),
        (labels(), "route.label", is("billing"), ""),
        (labels(), "route.text", is("Billing!"), ""),
        (regex(), "route.sum", is("3"), ""),
        (regex(), "route.sum", Test::Missing, ""),
        (StepParser::Json { schema: None }, "route.sum", Test::Above(1.0), ""),
    ];
    for (parser, path, test, expected) in cases {
        let told = fault(vec![
            step("route", parser, &[]),
            step("reply", StepParser::Text, &[(path, test.clone())]),
        ]);
        assert_eq!(told.is_empty(), expected.is_empty(), "{path} {test:?}: {told}");
        assert!(told.contains(expected), "{path} {test:?}: {told}");
    }
}

#[test]
fn a_step_that_needs_another_runs_on_its_route() {
    let json = || StepParser::Json { schema: None };
    let steps = |last: &[(&str, Test)]| {
        vec![
            step("route", json(), &[]),
            step("refund", json(), &[("route.topic", is("billing"))]),
            step("check", json(), &[("refund.sum", Test::Above(100.0))]),
            step("reply", StepParser::Text, last),
        ]
    };
    let other_route = fault(steps(&[("check.risk", is("high")), ("route.topic", is("technical"))]));
    assert_eq!(
        other_route,
        "step reply: the conditions on 'route.topic' never hold together: route.topic = \"technical\" and \
         route.topic = \"billing\" of refund, which it needs, exclude each other"
    );
    assert_eq!(
        fault(steps(&[("check.risk", is("high")), ("route.topic", is("billing"))])),
        ""
    );
    let skipped = fault(steps(&[("route.topic", is("billing")), ("refund", Test::Missing)]));
    assert!(
        skipped.ends_with("refund always ran where the other conditions hold"),
        "{skipped}"
    );
    assert_eq!(
        fault(steps(&[("route.topic", is("technical")), ("refund", Test::Missing)])),
        ""
    );
}
