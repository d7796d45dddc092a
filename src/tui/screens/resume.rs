//! Going on with a run that waits: at once, or with higher caps where it has any.

use super::run_settings;
use crate::domain::ids::RunId;
use crate::domain::run::Caps;
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::overlays::form::{Filled, Form};
use crate::workbench::{Pause, Request};

const RESUME: &str = "run.resume";

/// The question while it is open.
#[derive(Debug, Default)]
pub(super) struct Resume(Option<(RunId, Pause)>);

impl Resume {
    /// Goes on with a run. One that has caps asks for them first: the one that paused it would do so again at once.
    pub(super) fn begin(&mut self, run: RunId, pause: Option<&Pause>) -> Effect {
        self.0 = pause
            .filter(|pause| pause.caps != Caps::default())
            .map(|pause| (run, pause.clone()));
        self.form().map_or_else(|| resume(run, Caps::default()), Effect::Fill)
    }

    fn form(&self) -> Option<Form> {
        let (run, pause) = self.0.as_ref()?;
        Some(Form {
            tag: RESUME,
            title: format!("Go on with {run}"),
            notes: vec![
                format!("paused: {}", pause.reason),
                "caps count what was used before too; an empty one stays as it was, off takes it away".to_owned(),
            ],
            fields: run_settings::cap_fields(&pause.caps),
            button: "Go on".into(),
            more: None,
        })
    }

    /// Takes the form; `None` for another one.
    pub(super) fn filled(&mut self, filled: &Filled) -> Option<Vec<Effect>> {
        let form = self.form().filter(|_| filled.tag == RESUME)?;
        let (run, _) = self.0.as_ref()?;
        Some(match run_settings::caps(filled) {
            Ok(caps) => vec![resume(*run, caps)],
            Err(why) => vec![Effect::Say(Note::warning(why)), Effect::Fill(form)],
        })
    }
}

fn resume(run: RunId, caps: Caps) -> Effect {
    Effect::Ask(Request::ResumeRun { run, caps })
}
