use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::domain::json::{JsonText, SourceJson};
use crate::domain::model::{ModelConfig, NamedSchema, ResponseFormat, Setting, Tool, ToolChoice};
use crate::domain::prompt::{MessageTemplate, Role, Variable};
use crate::interchange::mark::Severity;

const WHOLE: &str = r#"+++
[model]
provider = "simulated"
name = "triage-sim-1"
temperature = 0
max_output_tokens = 200
seed = 7
stop = []
tool_choice = "lookup"
[model.response_format]
type = "json_schema"
name = "triage_reply"
version = 3
schema = '''
{ "type": "object" }
'''
[[model.tools]]
name = "lookup"
description = "finds an order"
parameters = '''{"type": "object"}'''
[model.safety_settings]
violence = "low"
[model.provider_flags]
store = false
user = { json = "null" }
[[variables]]
name = "ticket"
description = "what the customer wrote"
default = "none"
+++

-- system --

Route the ticket.
\-- user --

-- user --
{{ ticket }}
"#;

/// The document with one line changed.
fn changed(from: &str, to: &str) -> String {
    assert!(WHOLE.contains(from), "{from}");
    WHOLE.replacen(from, to, 1)
}

fn errors(source: &str) -> Vec<(u32, String)> {
    let marks = parse(source).unwrap_err().0;
    marks
        .into_iter()
        .map(|mark| (mark.line.unwrap(), mark.message))
        .collect()
}

#[test]
fn a_whole_document_is_read() {
    let content = parse(WHOLE).unwrap();
    let model = &content.model;
    assert_eq!(model.temperature, Some(0.0));
    assert_eq!(model.seed, Some(7));
    assert_eq!(model.tool_choice, ToolChoice::Named("lookup".into()));
    assert_eq!(model.response_format.label(), "triage_reply v3");
    assert_eq!(model.safety_settings[0].value.as_str(), "\"low\"");
    let flags: Vec<_> = model
        .provider_flags
        .iter()
        .map(|f| format!("{}={}", f.name, f.value))
        .collect();
    assert_eq!(flags, ["store=false", "user=null"]);
    assert_eq!(content.variables[0].default.as_deref(), Some("none"));
    let texts: Vec<_> = content.messages.iter().map(|m| (m.role, m.text.as_str())).collect();
    assert_eq!(
        texts,
        [
            (Role::System, "Route the ticket.\n-- user --"),
            (Role::User, "{{ ticket }}")
        ]
    );
    assert_eq!(parse(&print(&content)).unwrap(), content);
    assert_eq!(lint(WHOLE), []);
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_change_nothing() {
    let windows = format!("\u{feff}{}", WHOLE.replace('\n', "\r\n"));
    assert_eq!(parse(&windows).unwrap(), parse(WHOLE).unwrap());
}

#[test]
fn a_starter_document_parses_without_a_mark() {
    let source = blank("support_triage");
    assert_eq!(lint(&source), []);
    assert_eq!(parse(&source).unwrap().messages.len(), 2);
}

/// A line, what it becomes, and the fault that this is.
const FAULTS: [(&str, &str, u32, &str); 20] = [
    (
        "temperature = 0",
        "temperatur = 0",
        5,
        "model.temperatur: unknown key: did you mean 'temperature'?",
    ),
    (
        "temperature = 0",
        "temperature = \"0\"",
        5,
        "model.temperature: must be a number, not a string",
    ),
    (
        "temperature = 0",
        "temperature = 3",
        5,
        "model.temperature: 3 is not between",
    ),
    ("temperature = 0", "temperature =", 5, ""),
    ("seed = 7", "seed = -7", 7, "model.seed: -7 is out of range"),
    ("stop = []", "stop = [1]", 8, "model.stop: must be a list of strings"),
    (
        "\"lookup\"",
        "\"absent\"",
        9,
        "model.tool_choice: no tool is named 'absent'",
    ),
    ("\"json_schema\"", "\"json_shema\"", 11, "did you mean 'json_schema'?"),
    (
        "{ \"type\": \"object\" }",
        "{ \"type\": ",
        14,
        "model.response_format.schema: schema: not JSON",
    ),
    (
        "{ \"type\": \"object\" }",
        "{ \"type\": 5 }",
        14,
        "not a JSON Schema: at /type",
    ),
    (
        "{ \"type\": \"object\" }",
        "{ \"$ref\": \"http://localhost/x\" }",
        14,
        "not a JSON Schema",
    ),
    (
        "name = \"lookup\"",
        "name = \"look up\"",
        18,
        "model.tools.name: 'look up'",
    ),
    (
        "name = \"ticket\"",
        "name = \"tick-et\"",
        27,
        "variables.name: 'tick-et'",
    ),
    (
        "name = \"ticket\"",
        "nam = \"ticket\"",
        27,
        "variables.nam: unknown key: did you mean 'name'?",
    ),
    (
        "-- system --",
        "-- sytem --",
        32,
        "unknown role 'sytem': did you mean 'system'?",
    ),
    (
        "-- system --",
        "hello\n-- system --",
        32,
        "text before the first role line",
    ),
    (
        "Route the ticket.",
        "Route the {{ tone }}.",
        34,
        "variable 'tone' is not declared",
    ),
    ("Route the ticket.", "Route\n{% if %}", 35, "template: "),
    ("{{ ticket }}", "", 37, "message 2 (user): it is empty"),
    ("provider = \"simulated\"\n", "", 2, "model.provider: it is missing"),
];

#[test]
fn each_fault_is_named_with_its_line() {
    for (from, to, line, message) in FAULTS {
        let found = errors(&changed(from, to));
        let hit = found.iter().any(|(at, text)| *at == line && text.contains(message));
        assert!(hit, "{to}: wanted line {line} '{message}', found {found:?}");
    }
}

#[test]
fn faults_of_both_parts_are_collected() {
    let source = changed("seed = 7", "sed = 7").replace("{{ ticket }}", "{{ ticke }}");
    let lines: Vec<u32> = errors(&source).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [7, 38]);
}

#[test]
fn a_document_without_its_parts_says_which() {
    let table = [
        ("", 1, "the document is empty"),
        ("hello", 1, "the settings are missing"),
        ("\n+++\n[model]\n", 2, "the settings do not end"),
        ("+++\n+++\n", 2, "model: it is missing"),
        ("+++\n+++\n", 3, "messages: there is none"),
    ];
    for (source, line, message) in table {
        let found = errors(source);
        assert!(
            found.iter().any(|(at, text)| *at == line && text.contains(message)),
            "{source:?}: {found:?}"
        );
    }
}

#[test]
fn what_is_allowed_but_suspicious_is_a_warning() {
    let table = [
        (
            "Route the ticket.",
            "Route\u{200b} the ticket.",
            34,
            "hidden character U+200B",
        ),
        (
            "Route the ticket.",
            "Route \u{1b}[1m\u{202e}.",
            34,
            "hidden character U+001B and 1 more",
        ),
        ("Route the ticket.", "--User--", 34, "this is read as text"),
        (
            "{{ ticket }}",
            "{{ input }}",
            27,
            "variable 'ticket' is declared but no message uses it",
        ),
    ];
    for (from, to, line, message) in table {
        let source = changed(from, to);
        assert!(parse(&source).is_ok(), "{to}");
        let marks = lint(&source);
        let [mark] = marks.as_slice() else {
            panic!("{to}: {marks:?}")
        };
        assert_eq!((mark.line, mark.severity), (Some(line), Severity::Warning));
        assert!(mark.message.contains(message), "{}", mark.message);
    }
}

#[test]
fn blank_lines_at_the_ends_count_only_behind_a_backslash() {
    let texts = [
        "\nx",
        "x\n",
        "\n\nx\n\n",
        "\\",
        "\\\\\nx",
        " \nx",
        "x\n\\",
        "\\-- user --",
        "\\\n\\\n\\",
    ];
    for text in texts {
        let mut content = parse(WHOLE).unwrap();
        content.messages[0].text = text.into();
        assert_eq!(parse(&print(&content)).unwrap(), content, "{text:?}");
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n".to_owned()),
        Just("\\".to_owned()),
        Just("+++".to_owned()),
        Just("-- user --".to_owned()),
        Just("-- end -- ".to_owned()),
        Just("'''".to_owned()),
        Just("\"\"\"".to_owned()),
        Just("\t ".to_owned()),
        Just("{{ input }}".to_owned()),
        "[a-zà-ü#\u{1b}\u{200b}\u{7f}]{1,4}",
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        (-(1i64 << 53)..=1 << 53).prop_map(serde_json::Value::from),
        (-1e300..1e300).prop_map(serde_json::Value::from),
        any_text().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(serde_json::Value::from),
            vec(("json|b|a key|", inner), 0..3)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_schema() -> impl Strategy<Value = SourceJson> {
    (any_text(), "[ \n\t]{0,3}").prop_map(|(text, gap)| {
        let described = format!("{{{gap}\"description\":{gap}{}}}", serde_json::Value::from(text));
        SourceJson::new(&described).unwrap()
    })
}

fn any_settings() -> impl Strategy<Value = Vec<Setting>> {
    proptest::collection::btree_map(any_text(), any_json(), 0..3).prop_map(|settings| {
        let setting = |(name, value)| Setting {
            name,
            value: JsonText::from_value(&value),
        };
        // Not in the order of names, which must not matter.
        settings.into_iter().rev().map(setting).collect()
    })
}

fn any_format() -> impl Strategy<Value = ResponseFormat> {
    prop_oneof![
        Just(ResponseFormat::Text),
        Just(ResponseFormat::JsonObject),
        (any::<u32>(), any_schema()).prop_map(|(version, schema)| {
            ResponseFormat::JsonSchema(NamedSchema {
                name: "reply".into(),
                version,
                schema,
            })
        }),
    ]
}

prop_compose! {
    fn any_model()(
        (provider, name) in ("[a-z]{1,5}", "[a-z\"']{1,5}"),
        temperature in proptest::option::of(0.0..=2.0),
        top_p in proptest::option::of(0.0..=1.0),
        max_output_tokens in proptest::option::of(1u32..),
        stop in vec(any_text(), 0..=4),
        seed in proptest::option::of(0u64..=1 << 53),
        response_format in any_format(),
        tool in (any_text(), any_schema()),
        tool_choice in prop_oneof![
            Just(ToolChoice::Auto), Just(ToolChoice::None), Just(ToolChoice::Required),
            Just(ToolChoice::Named("lookup".into())), Just(ToolChoice::Named("auto".into())),
        ],
        safety_settings in any_settings(),
        provider_flags in any_settings(),
    ) -> ModelConfig {
        let tool = |name: &str| Tool { name: name.into(), description: tool.0.clone(), parameters: tool.1.clone() };
        ModelConfig {
            provider, name, temperature, top_p, max_output_tokens, stop, seed, response_format,
            tools: vec![tool("lookup"), tool("auto")],
            tool_choice, safety_settings, provider_flags,
        }
    }
}

fn any_content() -> impl Strategy<Value = PromptContent> {
    let message = (proptest::sample::select(Role::ALL.to_vec()), any_text())
        .prop_filter("a message is not empty", |(_, text)| !text.trim().is_empty())
        .prop_map(|(role, text)| MessageTemplate { role, text });
    let variable = (any_text(), proptest::option::of(any_text())).prop_map(|(description, default)| Variable {
        name: "ticket".into(),
        description,
        default,
    });
    (vec(message, 1..4), vec(variable, 0..2), any_model()).prop_map(|(messages, variables, model)| PromptContent {
        messages,
        variables,
        model,
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_the_same(content in any_content()) {
        let document = print(&content);
        let read = parse(&document);
        prop_assert_eq!(read.as_ref(), Ok(&content), "{}", document);
    }

    #[test]
    fn no_text_makes_the_reader_panic(head in any_text(), body in any_text()) {
        lint(&format!("+++\n{head}\n+++\n{body}"));
        lint(&head);
    }
}
