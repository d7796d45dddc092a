use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::domain::json::{JsonText, SourceJson};
use crate::domain::model::{ModelConfig, NamedSchema, Setting, Tool, ToolChoice};
use crate::domain::prompt::Variable;

fn content(messages: &[(Role, &str)]) -> PromptContent {
    PromptContent {
        messages: messages
            .iter()
            .map(|(role, text)| MessageTemplate {
                role: *role,
                text: (*text).to_owned(),
            })
            .collect(),
        variables: Vec::new(),
        model: ModelConfig::new("simulated", "triage-sim-1"),
    }
}

/// Messages and the lines of their diff.
type Pairing<'a> = (&'a [(Role, &'a str)], &'a [&'a str]);

/// The lines with their signs, changed words in brackets.
fn drawn(lines: &[DiffLine]) -> Vec<String> {
    let segment = |segment: &Segment| {
        if segment.changed {
            format!("[{}]", segment.text)
        } else {
            segment.text.clone()
        }
    };
    let line = |line: &DiffLine| {
        let sign = match line.kind {
            LineKind::Equal => ' ',
            LineKind::Added => '+',
            LineKind::Removed => '-',
        };
        format!("{sign}{}", line.segments.iter().map(segment).collect::<String>())
    };
    lines.iter().map(line).collect()
}

#[test]
fn changed_words_are_marked_inside_changed_lines() {
    let old = content(&[(Role::System, "Route tickets.\nAnswer in JSON.\nBe short.")]);
    let new = content(&[(
        Role::System,
        "Route tickets.\nAnswer only in JSON.\nBe short.\nBe kind.",
    )]);
    let diff = diff(&old, &new);
    assert_eq!(
        drawn(&diff.messages[0].lines),
        [
            " Route tickets.",
            "-Answer in JSON.",
            "+Answer [only ]in JSON.",
            " Be short.",
            "+Be kind."
        ]
    );
    let numbers: Vec<_> = diff.messages[0]
        .lines
        .iter()
        .map(|line| (line.old_line, line.new_line))
        .collect();
    let wanted = [
        (Some(1), Some(1)),
        (Some(2), None),
        (None, Some(2)),
        (Some(3), Some(3)),
        (None, Some(4)),
    ];
    assert_eq!(numbers, wanted);
    let counts = diff.counts();
    assert_eq!((counts.added_lines, counts.removed_lines, counts.settings), (2, 1, 0));
}

#[test]
fn lines_without_common_words_are_not_marked_by_word() {
    let old = content(&[(Role::User, "alpha beta")]);
    let new = content(&[(Role::User, "one two three")]);
    assert_eq!(
        drawn(&diff(&old, &new).messages[0].lines),
        ["-alpha beta", "+one two three"]
    );
}

#[test]
fn messages_are_paired_by_text_and_then_by_role() {
    let old = content(&[(Role::System, "rules"), (Role::User, "{{ input }}")]);
    let table: [Pairing<'_>; 4] = [
        (
            &[
                (Role::System, "rules"),
                (Role::User, "q"),
                (Role::Assistant, "a"),
                (Role::User, "{{ input }}"),
            ],
            &["system: rules", "user:+q", "assistant:+a", "user: {{ input }}"],
        ),
        (&[(Role::User, "{{ input }}")], &["system:-rules", "user: {{ input }}"]),
        (
            &[(Role::Developer, "rules"), (Role::User, "{{ input }}")],
            &["system:-rules", "developer:+rules", "user: {{ input }}"],
        ),
        (
            &[(Role::System, "no"), (Role::User, "new")],
            &["system:-rules", "system:+no", "user:-{{ input }}", "user:+new"],
        ),
    ];
    for (messages, wanted) in table {
        let diff = diff(&old, &content(messages));
        let lines = diff.messages.iter().flat_map(|message| {
            drawn(&message.lines)
                .into_iter()
                .map(|line| format!("{}:{line}", message.role))
        });
        assert_eq!(lines.collect::<Vec<_>>(), wanted);
    }
}

fn full() -> PromptContent {
    let mut new = content(&[(Role::User, "{{ ticket }}")]);
    let schema = SourceJson::new("{\n  \"type\": \"object\"\n}").unwrap();
    new.model = ModelConfig {
        provider: "openai".into(),
        name: "gpt-4.1".into(),
        temperature: Some(0.5),
        top_p: Some(1.0),
        max_output_tokens: Some(9),
        stop: vec!["\n".into()],
        seed: Some(7),
        response_format: ResponseFormat::JsonSchema(NamedSchema {
            name: "reply".into(),
            version: 2,
            schema: schema.clone(),
        }),
        tools: vec![Tool {
            name: "lookup".into(),
            description: "finds".into(),
            parameters: schema,
        }],
        tool_choice: ToolChoice::Required,
        safety_settings: vec![Setting {
            name: "violence".into(),
            value: JsonText::string("low"),
        }],
        provider_flags: vec![Setting {
            name: "store".into(),
            value: JsonText::parse("false").unwrap(),
        }],
    };
    new.variables = vec![Variable {
        name: "ticket".into(),
        description: "what they wrote".into(),
        default: Some("none".into()),
    }];
    new
}

#[test]
fn every_setting_is_compared_by_name() {
    let old = content(&[(Role::User, "{{ ticket }}")]);
    let new = full();
    let change = diff(&old, &new);
    let names: Vec<&str> = change.settings.iter().map(|change| change.name.as_str()).collect();
    let wanted = [
        "model.provider",
        "model.name",
        "model.temperature",
        "model.top_p",
        "model.max_output_tokens",
        "model.stop",
        "model.seed",
        "model.response_format",
        "model.tool_choice",
        "model.tools",
        "model.tools.lookup.description",
        "model.tools.lookup.parameters",
        "model.safety_settings.violence",
        "model.provider_flags.store",
        "variables.ticket",
        "variables.ticket.description",
        "variables.ticket.default",
    ];
    assert_eq!(names, wanted);
    assert_eq!(change.settings[2].old, None);
    assert_eq!(change.settings[2].new.as_deref(), Some("0.5"));
    assert_eq!(drawn(&change.schema_lines), ["+{", "+  \"type\": \"object\"", "+}"]);
    let mut back: Vec<String> = diff(&new, &old)
        .settings
        .into_iter()
        .map(|change| change.name)
        .collect();
    back.sort();
    let mut wanted = wanted.map(str::to_owned).to_vec();
    wanted.sort();
    assert_eq!(back, wanted);
    assert!(diff(&new, &new).is_empty());
}

#[test]
fn the_plain_text_has_settings_first_and_leaves_far_lines_out() {
    let text = |first: &str| format!("{first}\nb\nc\nd\ne\nf\ng");
    let mut old = content(&[(Role::System, &text("a")), (Role::User, "same")]);
    let new = content(&[(Role::System, &text("z")), (Role::User, "same")]);
    old.model.temperature = Some(0.5);
    let wanted = "model.temperature: 0.5 -> (not set)\n\n-- system --\n-a\n+z\n b\n c\n d\n  ..\n";
    assert_eq!(unified_text(&diff(&old, &new)), wanted);
    assert_eq!(unified_text(&diff(&new, &new)), "");
}

#[test]
fn removed_and_added_lines_stand_side_by_side() {
    let old = content(&[(Role::User, "a\nb\nc\nd")]);
    let new = content(&[(Role::User, "a\nB\nd\ne")]);
    let lines = &diff(&old, &new).messages[0].lines;
    assert_eq!(drawn(lines), [" a", "-b", "-c", "+B", " d", "+e"]);
    let rows = [
        (Some(0), Some(0)),
        (Some(1), Some(3)),
        (Some(2), None),
        (Some(4), Some(4)),
        (None, Some(5)),
    ];
    assert_eq!(side_by_side(lines), rows);
}

#[test]
fn texts_of_very_many_lines_are_compared_as_blocks() {
    let long = |word: &str| format!("same\n{}", format!("{word}\n").repeat(20_000));
    let (old, new) = (
        content(&[(Role::User, &long("a"))]),
        content(&[(Role::User, &long("b"))]),
    );
    let counts = diff(&old, &new).counts();
    assert_eq!((counts.added_lines, counts.removed_lines), (20_001, 20_001));
}

/// The text of one side: equal lines and those of `kind`.
fn side(message: &MessageDiff, kind: LineKind) -> Option<(Role, String)> {
    let lines = message
        .lines
        .iter()
        .filter(|line| line.kind == LineKind::Equal || line.kind == kind);
    let lines: Vec<String> = lines.map(DiffLine::text).collect();
    (!lines.is_empty()).then(|| (message.role, lines.join("\n")))
}

fn any_messages() -> impl Strategy<Value = Vec<(Role, String)>> {
    let line = "(a|b|the|tick\u{e9}t| |,|\r|\u{1f469}\u{200d}\u{1f4bb}){0,5}";
    let text = vec(line, 1..6).prop_map(|lines| lines.join("\n"));
    vec((proptest::sample::select(Role::ALL[..3].to_vec()), text), 0..5)
}

proptest! {
    #[test]
    fn each_side_can_be_read_from_the_diff(old in any_messages(), new in any_messages()) {
        fn built(messages: &[(Role, String)]) -> PromptContent {
            content(&messages.iter().map(|(role, text)| (*role, text.as_str())).collect::<Vec<_>>())
        }
        let diff = diff(&built(&old), &built(&new));
        let read = |kind| diff.messages.iter().filter_map(|m| side(m, kind)).collect::<Vec<_>>();
        prop_assert_eq!(read(LineKind::Removed), old);
        prop_assert_eq!(read(LineKind::Added), new);
        for message in &diff.messages {
            let rows = side_by_side(&message.lines);
            let mut seen: Vec<usize> = rows.iter().flat_map(|(left, right)| [*left, *right]).flatten().collect();
            seen.dedup();
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(seen, (0..message.lines.len()).collect::<Vec<_>>());
        }
    }
}
