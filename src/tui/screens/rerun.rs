//! Asking examples of a run again: how many, how often. Offered by Runs and Failures.

use super::Place;
use crate::domain::ids::{ExampleId, RunId};
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::overlays::form::{Filled, Form, FormField};
use crate::workbench::{Pick, Request, Rerun};

const RERUN: &str = "run.rerun";

/// The question. With an example, that one alone can be picked, and comes first.
pub fn form(run: RunId, example: Option<&ExampleId>) -> Form {
    let failed = "all that failed".to_owned();
    let options = match example {
        Some(example) => vec![format!("only {example}"), failed],
        None => vec![failed],
    };
    Form {
        tag: RERUN,
        title: format!("Ask examples of {run} again"),
        notes: vec!["a run of its own: no evidence for a release, since its examples are picked".into()],
        fields: vec![
            FormField::choice("pick", "which", options),
            FormField::text("repeats", "how often each").required().filled_with("1"),
        ],
        button: "Start".into(),
    }
}

/// Takes the form; `example` is the one that it offered. `None` for another form.
pub fn filled(filled: &Filled, run: RunId, example: Option<ExampleId>) -> Option<Vec<Effect>> {
    if filled.tag != RERUN {
        return None;
    }
    let typed = filled.text("repeats");
    let Ok(repeats) = typed.parse() else {
        let note = Note::warning(format!("how often each: '{typed}' is no number; write one such as 5"));
        return Some(vec![Effect::Say(note), Effect::Fill(form(run, example.as_ref()))]);
    };
    let pick = match example {
        Some(example) if filled.choice("pick") == 0 => Pick::Marked(vec![example]),
        _ => Pick::Failed,
    };
    Some(vec![Effect::Ask(Request::Rerun(Rerun { of: run, pick, repeats }))])
}

/// What is done once it runs.
pub fn started(id: RunId) -> Vec<Effect> {
    vec![
        Effect::Say(Note::info(format!("{id} asks them again"))),
        Effect::Open(Place::Run(id)),
    ]
}
