//! Asking examples of a run again: which, and how. Offered by Runs and Failures.

use super::{Place, run_settings};
use crate::domain::ids::{ExampleId, RunId};
use crate::domain::run::{Run, RunSettings};
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::overlays::form::{Filled, Form, FormField};
use crate::workbench::{Pick, Request, Rerun};

const RERUN: &str = "run.rerun";
const MORE: &str = "run.rerun.more";

/// The question while it is open.
#[derive(Debug)]
pub(super) struct RerunStart {
    of: RunId,
    /// The one that can be picked alone.
    example: Option<ExampleId>,
    /// Which of the options is selected.
    pick: usize,
    settings: RunSettings,
}

impl RerunStart {
    /// With an example, that one alone can be picked, and comes first.
    pub(super) fn new(of: &Run, example: Option<ExampleId>) -> Self {
        Self {
            of: of.id,
            example,
            pick: 0,
            settings: of.settings.clone().for_picked(),
        }
    }

    /// The first page.
    pub(super) fn form(&self) -> Form {
        let failed = "all that failed".to_owned();
        let options = match &self.example {
            Some(example) => vec![format!("only {example}"), failed],
            None => vec![failed],
        };
        let mut notes = vec!["a run of its own: no evidence for a release, since its examples are picked".to_owned()];
        notes.extend(run_settings::more_text(&self.settings));
        let mut fields = vec![FormField::choice("pick", "which", options).selected(self.pick)];
        fields.extend(run_settings::first_fields(&self.settings));
        Form {
            tag: RERUN,
            title: self.title(),
            notes,
            fields,
            button: "Start".into(),
            more: Some("More settings".into()),
        }
    }

    fn title(&self) -> String {
        format!("Ask examples of {} again", self.of)
    }

    fn more_form(&self) -> Form {
        run_settings::more_form(MORE, format!("{}: more settings", self.title()), &self.settings, false)
    }

    /// Takes a page; `None` for another form.
    pub(super) fn filled(&mut self, filled: &Filled) -> Option<Vec<Effect>> {
        let read = match filled.tag {
            RERUN => {
                self.pick = filled.choice("pick");
                run_settings::with_first(&self.settings, filled)
            }
            MORE => run_settings::with_more(&self.settings, filled),
            _ => return None,
        };
        let is_first = filled.tag == RERUN;
        let page = || if is_first { self.form() } else { self.more_form() };
        self.settings = match read {
            Ok(settings) => settings,
            Err(why) => return Some(vec![Effect::Say(Note::warning(why)), Effect::Fill(page())]),
        };
        Some(vec![match (is_first, filled.wants_more) {
            (true, true) => Effect::Fill(self.more_form()),
            (true, false) => Effect::Ask(Request::Rerun(self.rerun())),
            (false, _) => Effect::Fill(self.form()),
        }])
    }

    fn rerun(&self) -> Rerun {
        let pick = match &self.example {
            Some(example) if self.pick == 0 => Pick::Marked(vec![example.clone()]),
            _ => Pick::Failed,
        };
        Rerun {
            of: self.of,
            pick,
            settings: self.settings.clone(),
        }
    }
}

/// What is done once it runs.
pub(super) fn started(id: RunId) -> Vec<Effect> {
    vec![
        Effect::Say(Note::info(format!("{id} asks them again"))),
        Effect::Open(Place::Run(id)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::{AnswerSource, Caps};
    use crate::tui::overlays::form::FieldValue;
    use crate::tui::screens::samples::run;

    fn filled(tag: &'static str, fields: &[(&'static str, &str)]) -> Filled {
        let text = |(name, text): &(&'static str, &str)| (*name, FieldValue::Text((*text).to_owned()));
        Filled::for_test(tag, fields.iter().map(text).collect())
    }

    #[test]
    fn both_pages_reach_the_request() {
        let example = ExampleId::new("t-117").unwrap();
        let mut start = RerunStart::new(&run(3, 12, AnswerSource::Model), Some(example.clone()));
        let first = filled(RERUN, &[("repeats", "5"), ("concurrency", "4")]);
        let effects = start.filled(&first.clone().with_more()).unwrap();
        let [Effect::Fill(more)] = &effects[..] else {
            panic!("{effects:?}");
        };
        assert!(
            more.fields.iter().all(|field| field.name != "stops_early"),
            "it settles no gate"
        );
        let typed = |timeout| filled(MORE, &[("cap_time", "10m"), ("attempts", "2"), ("timeout", timeout)]);
        let effects = start.filled(&typed("soon")).unwrap();
        assert!(
            matches!(&effects[..], [Effect::Say(_), Effect::Fill(form)] if form.tag == MORE),
            "{effects:?}"
        );
        let effects = start.filled(&typed("30s")).unwrap();
        assert!(
            matches!(&effects[..], [Effect::Fill(form)] if form.tag == RERUN
                && form.notes[1] == "more settings: pauses after 10m, 2 tries each, 30s a try"),
            "{effects:?}"
        );
        let settings = RunSettings {
            repeats: 5,
            concurrency: 4,
            caps: Caps {
                elapsed_ms: Some(600_000),
                ..Caps::default()
            },
            attempts_max: 2,
            timeout_ms: 30_000,
            ..RunSettings::default()
        };
        let (of, pick) = (RunId(3), Pick::Marked(vec![example]));
        assert_eq!(
            start.filled(&first).unwrap(),
            [Effect::Ask(Request::Rerun(Rerun { of, pick, settings }))]
        );
    }
}
