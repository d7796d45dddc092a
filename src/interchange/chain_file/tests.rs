use super::*;
use crate::domain::model::{ModelConfig, Tool};
use crate::domain::prompt::{MessageTemplate, Role, Variable};

const WHOLE: &str = r#"name = "triage_flow"
description = "answers mail"
answer = "reply.text"

[[steps]]
name = "route"
version = "triage_v2"
inputs = { ticket = "input.ticket" }
parser = { kind = "choice", labels = ["billing", "technical"] }

[[steps]]
name = "refund"
version = "triage_v2"
inputs = { ticket = "input.ticket" }
when = [{ path = "route.label", equals = "billing" }, { path = "input.sum", at_least = 0.5, below = 9 }]
parser = { kind = "regex", pattern = '(?<sum>\d+)' }
tools = ["lookup"]

[[steps]]
name = "other"
version = "triage_v2"
inputs = { ticket = "input.ticket" }
when = [{ path = "input.level", one_of = ["high", 1] }, { path = "refund", exists = false }]
parser = { kind = "json", schema = '{"type": "object"}' }

[[steps]]
name = "reply"
version = "reply_v1"

[steps.inputs]
ticket = "input.ticket"
sum = { from = "refund.sum", default = 0 }
tone = { value = "kind" }
"#;

fn prompt(text: &str, variables: &[(&str, Option<&str>)], tools: &[&str]) -> PromptContent {
    let mut model = ModelConfig::new("simulated", "triage-sim-1");
    model.tools = tools
        .iter()
        .map(|name| Tool {
            name: (*name).into(),
            description: String::new(),
            parameters: crate::domain::json::SourceJson::new("{}").unwrap(),
        })
        .collect();
    PromptContent {
        messages: vec![MessageTemplate {
            role: Role::User,
            text: text.into(),
        }],
        variables: variables
            .iter()
            .map(|(name, default)| Variable {
                name: (*name).into(),
                description: String::new(),
                default: default.map(Into::into),
            })
            .collect(),
        model,
    }
}

fn find(version: &VersionId) -> Option<PromptContent> {
    match version.to_string().as_str() {
        "triage_v2" => Some(prompt("{{ ticket }} {{ documents }}", &[("ticket", None)], &["lookup"])),
        "reply_v1" => Some(prompt(
            "{{ ticket }} {{ sum }} {{ tone }} {{ style }} {% for i in range(2) %}{{ i }}{% endfor %}",
            &[
                ("ticket", None),
                ("sum", None),
                ("tone", None),
                ("style", Some("short")),
            ],
            &[],
        )),
        "open_v1" => Some(prompt("{{ input }}", &[], &[])),
        _ => None,
    }
}

fn parse(source: &str) -> Result<ChainFile, DocumentFaults> {
    ChainFile::parse(source, &mut find)
}

#[test]
fn a_whole_file_is_read_and_written_back() {
    let chain = parse(WHOLE).unwrap();
    let content = &chain.content;
    assert_eq!(content.steps.len(), 4);
    let when: Vec<String> = content.steps[1].when.iter().map(ToString::to_string).collect();
    assert_eq!(when, ["route.label = \"billing\"", "input.sum ≥ 0.5", "input.sum < 9"]);
    let printed = chain.print();
    assert_eq!(parse(&printed).unwrap(), chain, "{printed}");
}

#[test]
fn json_holds_the_same_keys() {
    let value: serde_json::Value = toml::from_str(WHOLE).unwrap();
    assert_eq!(parse(&value.to_string()), parse(WHOLE));
}

#[test]
fn a_prompt_that_reads_the_whole_input_has_it_mapped() {
    let file = |inputs: &str| format!("name = \"f\"\n[[steps]]\nname = \"a\"\nversion = \"open_v1\"\n{inputs}");
    assert!(parse(&file("inputs = { input = \"input\" }")).is_ok());
    let error = parse(&file("")).unwrap_err().to_string();
    assert!(
        error.starts_with("line 3: step a: variable 'input' of open_v1 is not mapped"),
        "{error}"
    );
}

/// What stands in the file, what it becomes, and the fault that this is with its line.
const FAULTS: [(&str, &str, u32, &str); 20] = [
    (
        "\"triage_flow\"",
        "\"Triage Flow\"",
        1,
        "name: chain name 'Triage Flow' is not valid",
    ),
    ("\"reply.text\"", "\"refund.sum\"", 3, "answer: refund may be skipped"),
    (
        "\"reply.text\"",
        "\"replay.text\"",
        3,
        "answer: 'replay.text' is of no step",
    ),
    (
        "name = \"refund\"",
        "name = \"route\"",
        12,
        "steps.name: 'route' is there twice",
    ),
    (
        "name = \"route\"",
        "name = \"input\"",
        6,
        "steps.name: 'input' is no name of a step",
    ),
    (
        "\"reply_v1\"",
        "\"reply_v9\"",
        28,
        "step reply.version: there is no reply_v9",
    ),
    (
        "\"reply_v1\"",
        "\"reply\"",
        28,
        "step reply.version: version 'reply' is not valid",
    ),
    (
        "tone = { value",
        "tome = { value",
        33,
        "step reply: reply_v1 has no variable 'tome'",
    ),
    (
        "tone = { value",
        "tome = { value",
        27,
        "step reply: variable 'tone' of reply_v1 is not mapped",
    ),
    (
        "tools = [\"lookup\"]",
        "tools = [\"search\"]",
        12,
        "step refund: triage_v2 has no tool 'search'",
    ),
    (
        "refund.sum\", default = 0",
        "refund.sum\"",
        32,
        "step reply: 'sum' comes from refund, which may be skipped",
    ),
    (
        "from = \"refund.sum\"",
        "from = \"refnd.sum\"",
        32,
        "step reply: 'refnd.sum' is of no step",
    ),
    (
        "route.label\", equals",
        "route.topic\", equals",
        15,
        "step refund: 'route.topic': route gives a choice",
    ),
    (
        "route.label\", equals",
        "reply\", equals",
        15,
        "step refund: 'reply' looks ahead",
    ),
    (
        "equals = \"billing\"",
        "equal = \"billing\"",
        15,
        "step refund.when.equal: unknown key: did you mean 'equals'?",
    ),
    (
        "equals = \"billing\"",
        "equals = 9007199254740993",
        15,
        "step refund.when.equals: 9007199254740993",
    ),
    (
        "at_least = 0.5, below = 9",
        "",
        15,
        "step refund.when: it tests nothing",
    ),
    (
        "'(?<sum>\\d+)'",
        "'(?<sum>\\d+'",
        16,
        "step refund.parser.pattern: regex parse error",
    ),
    (
        "\"choice\"",
        "\"choise\"",
        9,
        "step route.parser: 'choise' is unknown: did you mean 'choice'?",
    ),
    (
        "\"type\": \"object\"",
        "\"type\": 1",
        24,
        "step other.parser.schema: not a JSON Schema",
    ),
];

#[test]
fn every_fault_is_told_with_its_line() {
    for (old, new, line, message) in FAULTS {
        assert_eq!(WHOLE.matches(old).count(), 1, "{old}");
        let faults = parse(&WHOLE.replace(old, new)).unwrap_err();
        let is_told =
            |mark: &super::super::mark::LintMark| mark.line == Some(line) && mark.message.starts_with(message);
        assert!(faults.0.iter().any(is_told), "{old} -> {new}: {faults}");
    }
}

#[test]
fn hostile_files_are_refused_without_a_panic() {
    let deep = format!("name = \"f\"\nsteps = {}{}", "[".repeat(2_000), "]".repeat(2_000));
    let many = (0..60).fold("name = \"f\"\n".to_owned(), |file, at| {
        file + &format!("[[steps]]\nname = \"s{at}\"\nversion = \"triage_v2\"\ninputs = {{ ticket = \"input\" }}\n")
    });
    for source in [
        "",
        "{",
        "{}",
        "name = 1",
        "steps = 3\nname = \"f\"",
        "name = \"f\"",
        "\u{0}",
        &deep,
        &many,
    ] {
        let faults = parse(source).unwrap_err();
        assert!(!faults.0.is_empty() && faults.to_string().len() < 5_000, "{faults}");
    }
    let bomb = WHOLE.replace("(?<sum>\\d+)", "(a{1000}){1000}{1000}");
    assert!(parse(&bomb).unwrap_err().to_string().contains("exceeds size limit"));
}
