//! How a run is sent, as forms ask for it: the few settings that most runs need on the first page, the others behind a
//! button, and what is recorded with it behind another.

use std::fmt::Display;
use std::str::FromStr;

use super::run_start::RunWish;
use crate::domain::money::UsdNanos;
use crate::domain::promotion::Environment;
use crate::domain::run::{Caps, NO_CAP, RunSettings, RuntimeContext, cap_or_off};
use crate::domain::time::{duration_ms, duration_short};
use crate::tui::overlays::form::{Filled, Form, FormField};

/// What comes between the parts of a list in one field.
const BETWEEN: char = ',';

/// The fields of the first page.
pub(super) fn first_fields(settings: &RunSettings) -> Vec<FormField> {
    vec![
        FormField::text("concurrency", "in flight (auto, or a number)")
            .required()
            .filled_with(settings.in_flight().to_string()),
        FormField::text("repeats", "asked how often each")
            .required()
            .filled_with(settings.repeats.to_string()),
        cost_field(&settings.caps),
        optional("base_url", "other endpoint, as URL", settings.base_url.as_ref()),
    ]
}

/// The settings with what the first page says.
pub(super) fn with_first(settings: &RunSettings, filled: &Filled) -> Result<RunSettings, String> {
    let in_flight = filled.text("concurrency").parse().map_err(said)?;
    let settings = RunSettings {
        repeats: number(filled, "repeats", "asked how often")?,
        caps: Caps {
            cost: cost(filled)?.filter(|cap| cap.0 != NO_CAP),
            ..settings.caps
        },
        base_url: text(filled, "base_url"),
        ..settings.clone()
    };
    Ok(settings.with_in_flight(in_flight))
}

/// The page of the other settings; of a run of picked examples, those that it can have.
pub(super) fn more_form(tag: &'static str, title: String, settings: &RunSettings, is_whole: bool) -> Form {
    let answers = ["asked anew", "stored ones reused: no evidence"];
    let mut fields = vec![choice("reuse", "answers", answers, settings.reuses_answers)];
    if is_whole {
        let end = ["with the last example", "once its gate is decided"];
        fields.push(choice("stops_early", "its end", end, settings.stops_early));
    }
    fields.extend(use_fields(&settings.caps));
    fields.extend([
        FormField::text("attempts", "tries for one example")
            .required()
            .filled_with(settings.attempts_max.to_string()),
        FormField::text("timeout", "time for one try")
            .required()
            .filled_with(duration_short(settings.timeout_ms)),
        optional(
            "deadline",
            "time for all its tries",
            settings.deadline_ms.map(duration_short),
        ),
    ]);
    Form {
        tag,
        title,
        notes: vec!["whether answers are streamed stands in the version: provider flag stream".into()],
        fields,
        button: "Back to the start".into(),
        more: is_whole.then(|| "What is recorded with it".into()),
    }
}

/// The settings with what that page says.
pub(super) fn with_more(settings: &RunSettings, filled: &Filled) -> Result<RunSettings, String> {
    Ok(RunSettings {
        reuses_answers: filled.choice("reuse") == 1,
        stops_early: filled.choice("stops_early") == 1,
        caps: Caps::default().changed_to(with_uses(settings.caps, filled)?),
        attempts_max: number(filled, "attempts", "tries for one example")?,
        timeout_ms: duration_ms(filled.text("timeout")).map_err(said)?,
        deadline_ms: given(filled, "deadline", duration_ms)?,
        ..settings.clone()
    })
}

/// The fields of all caps.
pub(super) fn cap_fields(caps: &Caps) -> Vec<FormField> {
    std::iter::once(cost_field(caps)).chain(use_fields(caps)).collect()
}

/// The caps that those fields say.
pub(super) fn caps(filled: &Filled) -> Result<Caps, String> {
    let caps = Caps {
        cost: cost(filled)?,
        ..Caps::default()
    };
    with_uses(caps, filled)
}

fn cost_field(caps: &Caps) -> FormField {
    let cost = caps.cost.map(UsdNanos::as_usd);
    optional("cap_cost", "pause at a cost of (dollars)", cost)
}

fn cost(filled: &Filled) -> Result<Option<UsdNanos>, String> {
    given(filled, "cap_cost", |typed| cap_or_off(typed, str::parse))
}

/// The fields of what may be used up besides money.
fn use_fields(caps: &Caps) -> [FormField; 3] {
    [
        optional("cap_tokens", "pause at so many tokens", caps.tokens),
        optional("cap_errors", "pause at outcomes unanswered", caps.errors),
        optional(
            "cap_time",
            "pause after (90s, 10m, 2h)",
            caps.elapsed_ms.map(duration_short),
        ),
    ]
}

fn with_uses(caps: Caps, filled: &Filled) -> Result<Caps, String> {
    Ok(Caps {
        tokens: given(filled, "cap_tokens", |typed| {
            cap_or_off(typed, |typed| whole(typed, "a cap in tokens"))
        })?,
        errors: given(filled, "cap_errors", |typed| {
            whole(typed, "a cap of unanswered outcomes")
        })?,
        elapsed_ms: given(filled, "cap_time", duration_ms)?,
        ..caps
    })
}

/// What is set on the page of the other settings, in a line; `None` where all is as usual.
pub(super) fn more_text(settings: &RunSettings) -> Option<String> {
    let usual = RunSettings::default();
    let caps = &settings.caps;
    let parts = [
        settings
            .reuses_answers
            .then(|| "reuses stored answers: no evidence for a release".into()),
        settings.stops_early.then(|| "ends once its gate is decided".into()),
        caps.tokens.map(|tokens| format!("pauses at {tokens} tokens")),
        caps.errors.map(|errors| format!("pauses at {errors} unanswered")),
        caps.elapsed_ms.map(|ms| format!("pauses after {}", duration_short(ms))),
        (settings.attempts_max != usual.attempts_max).then(|| format!("{} tries each", settings.attempts_max)),
        (settings.timeout_ms != usual.timeout_ms).then(|| format!("{} a try", duration_short(settings.timeout_ms))),
        settings
            .deadline_ms
            .map(|ms| format!("{} an example", duration_short(ms))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("more settings: {}", parts.join(", ")))
}

/// The page of what is recorded with a run, so that it can be told apart from others.
pub(super) fn recorded_form(tag: &'static str, title: String, wish: &RunWish) -> Form {
    let RuntimeContext {
        retrieval_index,
        documents,
        tools,
        agent_state,
        memory,
        feature_flags,
        code_revision,
    } = &wish.context;
    Form {
        tag,
        title,
        notes: vec!["all of it may stay empty; several of one kind stand behind commas".into()],
        fields: vec![
            optional("base", "compare with version", wish.base.as_ref()),
            optional(
                "environment",
                "counts as tested in",
                wish.environment.map(Environment::as_str),
            ),
            optional("code_revision", "revision of the code", code_revision.as_ref()),
            optional("flags", "feature flags (name=value)", list(feature_flags)),
            optional("index", "retrieval index", retrieval_index.as_ref()),
            optional("documents", "documents with versions", list(documents)),
            optional("tools", "tools with versions", list(tools)),
            optional("agent_state", "agent's state at the start", agent_state.as_ref()),
            optional("memory", "memory at the start", memory.as_ref()),
        ],
        button: "Back to the start".into(),
        more: None,
    }
}

/// The wish with what that page says.
pub(super) fn with_recorded(wish: RunWish, filled: &Filled) -> Result<RunWish, String> {
    let feature_flags = parts(filled.text("flags"));
    let is_named = |flag: &String| flag.split_once('=').is_some_and(|(name, _)| !name.is_empty());
    if let Some(flag) = feature_flags.iter().find(|flag| !is_named(flag)) {
        return Err(format!(
            "the feature flag '{flag}' has no value: write it as name=value"
        ));
    }
    Ok(RunWish {
        base: given(filled, "base", str::parse)?,
        environment: given(filled, "environment", str::parse)?,
        context: RuntimeContext {
            retrieval_index: text(filled, "index"),
            documents: parts(filled.text("documents")),
            tools: parts(filled.text("tools")),
            agent_state: text(filled, "agent_state"),
            memory: text(filled, "memory"),
            feature_flags,
            code_revision: text(filled, "code_revision"),
        },
        ..wish
    })
}

fn optional(name: &'static str, label: &str, value: Option<impl Display>) -> FormField {
    FormField::text(name, label).filled_with(value.map(|value| value.to_string()).unwrap_or_default())
}

fn choice(name: &'static str, label: &str, options: [&str; 2], is_second: bool) -> FormField {
    FormField::choice(name, label, options.map(str::to_owned).into()).selected(usize::from(is_second))
}

fn text(filled: &Filled, name: &str) -> Option<String> {
    Some(filled.text(name).to_owned()).filter(|text| !text.is_empty())
}

/// What a field says; `None` where it is empty.
fn given<T, E: Display>(filled: &Filled, name: &str, read: impl Fn(&str) -> Result<T, E>) -> Result<Option<T>, String> {
    text(filled, name).map(|typed| read(&typed).map_err(said)).transpose()
}

fn number<T: FromStr>(filled: &Filled, name: &str, what: &str) -> Result<T, String> {
    whole(filled.text(name), what)
}

fn whole<T: FromStr>(typed: &str, what: &str) -> Result<T, String> {
    typed
        .parse()
        .map_err(|_not_a_number| format!("{what}: '{typed}' is no number; write one such as 5"))
}

fn said(error: impl Display) -> String {
    error.to_string()
}

fn list(parts: &[String]) -> Option<String> {
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn parts(typed: &str) -> Vec<String> {
    let parts = typed.split(BETWEEN).map(str::trim);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
