//! Records that the editor's tests work on.

use super::marks::lint_mark;
use crate::domain::actor::Actor;
use crate::domain::dataset::{DatasetChanges, DatasetVersion};
use crate::domain::draft::Draft;
use crate::domain::gate::GatePolicy;
use crate::domain::grader::Score;
use crate::domain::hash::ContentHash;
use crate::domain::ids::{PromptName, RunId};
use crate::domain::json::JsonText;
use crate::domain::model::ModelConfig;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::{Outcome, Usage};
use crate::domain::prompt::{MessageTemplate, PromptContent, Role};
use crate::domain::reason::Reason;
use crate::domain::suite::{SuiteContent, SuiteVersion};
use crate::domain::time::Timestamp;
use crate::domain::version::{ChangeKind, ChangeReason, PromptVersion};
use crate::tui::screens::testing::NOW;
use crate::workbench::DraftView;

pub(super) const SOURCE: &str = "\
+++
[model]
provider = \"simulated\"
name = \"triage-sim-1\"
temperature = 0.0

[[variables]]
name = \"ticket\"

[[variables]]
name = \"company\"
default = \"Larkspur\"
+++
-- system --
You triage support tickets for {{ company }}, a shop for kitchen appliances and coffee subscriptions.

Escalate when the ticket mentions:
- a lawyer, a solicitor, an attorney, legal action, small claims or court
</message>\u{200b}
-- user --
{{ ticket }}
";

pub(super) fn name() -> PromptName {
    PromptName::new("support_triage").unwrap()
}

pub(super) fn draft(source: &str, saved_at: Timestamp) -> DraftView {
    DraftView {
        draft: Draft {
            prompt: name(),
            base: Some("support_triage_v12".parse().unwrap()),
            source: source.into(),
            saved_by: Actor::new("anna").unwrap(),
            saved_at,
        },
        is_stored: true,
        marks: vec![lint_mark(19, false, "hidden character U+200B")],
    }
}

pub(super) fn unstored(source: &str) -> DraftView {
    let mut view = draft(source, NOW);
    view.draft.base = Some("support_triage_v13".parse().unwrap());
    DraftView {
        is_stored: false,
        ..view
    }
}

pub(super) fn version() -> PromptVersion {
    let content = PromptContent {
        messages: vec![MessageTemplate {
            role: Role::User,
            text: "{{ ticket }}".into(),
        }],
        variables: Vec::new(),
        model: ModelConfig::new("simulated", "triage-sim-1"),
    };
    let reason = ChangeReason {
        kind: ChangeKind::EvalFailure,
        text: Reason::new("billing disputes were missed").unwrap(),
        link: None,
    };
    let id = "support_triage_v13".parse().unwrap();
    PromptVersion::new(id, content, None, Actor::new("anna").unwrap(), reason, NOW).unwrap()
}

pub(super) fn outcome() -> Outcome {
    let score = |grader: &str, passed, explanation: &str| Score {
        grader: grader.into(),
        passed,
        explanation: explanation.into(),
        value: None,
        part_of: Vec::new(),
    };
    Outcome {
        run: RunId(1),
        index: 17,
        repeat: 0,
        example: "t-018".parse().unwrap(),
        example_hash: ContentHash::of(&1).unwrap(),
        rendered: Vec::new(),
        documents: Vec::new(),
        tool_calls: Vec::new(),
        raw_response: String::new(),
        earlier_responses: Vec::new(),
        text: None,
        parsed: Some(JsonText::parse(r#"{"route":"billing","escalate":false,"reason":"invoice\u202e"}"#).unwrap()),
        parse_error: None,
        refusal: None,
        finish_reason: None,
        resolved_model: None,
        system_fingerprint: None,
        response_id: None,
        usage: Usage {
            input_tokens: Some(640),
            output_tokens: Some(31),
            ..Usage::default()
        },
        latency_ms: 420,
        time_to_first_token_ms: None,
        attempts: Vec::new(),
        reused_from: None,
        cost: Some(UsdNanos(0)),
        error: None,
        scores: vec![
            score("json_validity", true, ""),
            score("escalation", false, "expected true, got false"),
            score("routing", true, ""),
        ],
        judgements: Vec::new(),
        steps: Vec::new(),
        failure_category: None,
        finished_at: NOW,
    }
}

pub(super) fn dataset() -> DatasetVersion {
    DatasetVersion {
        id: "support_triage_regression@2026-06-01".parse().unwrap(),
        content_hash: ContentHash::of(&1).unwrap(),
        example_count: 240,
        exclusions: Vec::new(),
        parent: None,
        changes: DatasetChanges::default(),
        author: Actor::new("anna").unwrap(),
        reason: Reason::new("first import of tickets").unwrap(),
        created_at: NOW,
    }
}

pub(super) fn suite() -> SuiteVersion {
    SuiteVersion {
        id: "triage_quality@v8".parse().unwrap(),
        content: SuiteContent {
            description: String::new(),
            graders: Vec::new(),
            metrics: Vec::new(),
            thresholds: Vec::new(),
            slices: Vec::new(),
            policy: GatePolicy::Point,
            crossings: Vec::new(),
            bins: Vec::new(),
            cluster: None,
        },
        content_hash: ContentHash::of(&1).unwrap(),
        author: Actor::new("anna").unwrap(),
        reason: Reason::new("first suite of triage").unwrap(),
        created_at: NOW,
    }
}
