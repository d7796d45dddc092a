//! What one does with the failure that is shown.

use super::keep::KeptCase;
use super::{Failures, case};
use crate::domain::ids::{ExampleId, OutcomeId};
use crate::tui::command::CommandId;
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::screens::Place;
use crate::tui::screens::rerun::RerunStart;
use crate::workbench::Request;

impl Failures {
    fn outcome_id(&self) -> Option<OutcomeId> {
        let example: ExampleId = self.current.as_ref()?.line.example.clone();
        Some(OutcomeId { run: self.run, example })
    }

    pub(super) fn act(&mut self, command: CommandId) -> Vec<Effect> {
        match command {
            CommandId::Options => return self.options_form(),
            CommandId::Mark => {
                self.list.toggle_mark();
                return Vec::new();
            }
            _ => {}
        }
        let Some(id) = self.outcome_id() else {
            return Vec::new();
        };
        match (command, &self.case) {
            (CommandId::Lineage, _) => vec![Effect::Open(Place::Lineage(id.to_string()))],
            (CommandId::CopyId, _) => vec![Effect::Copy(id.to_string())],
            (CommandId::CopyCommand, _) => vec![Effect::Copy(format!("pegbox run failures {}", self.run))],
            (CommandId::CaseLabel, _) => self.label_form(),
            (CommandId::CaseTriage, _) => self.triage_form(),
            (CommandId::RunDecide, _) => self.decide_form(),
            (CommandId::DraftEdit, _) => {
                let version = self.detail.as_ref().and_then(|detail| detail.run.subject.version());
                version
                    .map(|version| Effect::Open(Place::Editor(version.prompt.clone())))
                    .into_iter()
                    .collect()
            }
            (CommandId::RunRepeat, _) => {
                let Some(detail) = &self.detail else { return Vec::new() };
                let rerun = self.rerun.insert(RerunStart::new(&detail.run, Some(id.example)));
                vec![Effect::Fill(rerun.form())]
            }
            (CommandId::ExampleKeep, Some(case)) => {
                self.kept = Some(KeptCase::new(case));
                vec![Effect::Ask(Request::Datasets)]
            }
            (CommandId::Compare, Some(case)) => {
                let candidate = self.run;
                let base = case.before.map(|(base, _)| base);
                base.map(|base| Effect::Open(Place::Comparison { base, candidate }))
                    .into_iter()
                    .collect()
            }
            (CommandId::CopyValue, Some(case)) => {
                vec![Effect::Copy(case.outcome.text.clone().unwrap_or_default())]
            }
            (CommandId::CopyJson, Some(case)) => match serde_json::to_string_pretty(&case.outcome) {
                Ok(json) => vec![Effect::Copy(json)],
                Err(error) => vec![Effect::Say(Note::warning(format!("{id} as JSON: {error}")))],
            },
            (CommandId::CopyAll, _) => vec![Effect::Copy(case::whole(&self.texts))],
            (CommandId::CopyPlain, _) => vec![Effect::ShowPlain {
                title: id.to_string(),
                text: case::whole(&self.texts),
            }],
            _ => Vec::new(),
        }
    }
}
