//! The chains: each version with its steps, where their prompt versions are live, and its runs.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::figures::{verdict_style, verdict_word};
use super::list_and_detail::{Detail, ListAndDetail, copied};
use super::panes::offered;
use super::run_start::{RunStart, RunWish};
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::chain::ChainVersion;
use crate::domain::ids::ChainVersionId;
use crate::domain::promotion::Environment;
use crate::domain::time::Timestamp;
use crate::text::Printable;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::overlays::choose::{Choice, Chosen, Entry};
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::HasId;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{Answer, ChainDetail, Fault, Request, RunSummary, SubjectId};

/// Comes back with the version to compare with.
const AGAINST_TAG: &str = "chains.against";

/// A chain version in the list.
#[derive(Debug, Clone, PartialEq)]
struct ChainRow(ChainDetail);

impl HasId for ChainRow {
    type Id = ChainVersionId;

    fn id(&self) -> ChainVersionId {
        self.0.chain.id.clone()
    }
}

/// The screen.
#[derive(Debug, Default)]
pub struct Chains {
    list: ListAndDetail<ChainRow>,
    start: RunStart,
}

impl Chains {
    fn selected(&self) -> Option<&ChainDetail> {
        self.list.selected().map(|row| &row.0)
    }

    /// A run of the selected version, on what its newest run was on.
    fn start_run(&mut self) -> Vec<Effect> {
        let Some(detail) = self.selected() else {
            return Vec::new();
        };
        let newest = detail.runs.first().map(|run| &run.run);
        let wish = RunWish {
            subject: Some(SubjectId::Chain(detail.chain.id.clone())),
            dataset_first: newest.map(|run| run.dataset.clone()),
            suite_first: newest.map(|run| run.suite.clone()),
            ..RunWish::default()
        };
        self.start.begin(wish)
    }

    /// The chain versions that the selected one can be compared with: those of its chain first.
    fn choose_other(&self) -> Option<Effect> {
        let chosen = &self.selected()?.chain.id;
        let others = self.list.rows.rows().iter().map(|row| &row.0.chain);
        let mut others: Vec<_> = others.filter(|chain| &chain.id != chosen).collect();
        others.sort_by_key(|chain| chain.id.name != chosen.name);
        let entry = |chain: &&ChainVersion| Entry::new(chain.id.to_string()).note(chain.reason.as_str());
        Some(Effect::Choose(Choice {
            tag: AGAINST_TAG,
            title: format!("Compare {chosen} with"),
            entries: others.iter().map(entry).collect(),
        }))
    }

    fn chosen(&mut self, chosen: &Chosen) -> Vec<Effect> {
        if chosen.tag != AGAINST_TAG {
            return self.start.chosen(chosen).unwrap_or_default();
        }
        let (Ok(old), Some(detail)) = (chosen.id.parse(), self.selected()) else {
            return Vec::new();
        };
        let new = detail.chain.id.clone();
        vec![Effect::Open(Place::ChainDiff { old, new })]
    }

    fn answered(&mut self, request: &Request, result: Result<Answer, Fault>) -> Vec<Effect> {
        match result {
            Ok(Answer::Chains(chains)) => self.list.answered(chains.into_iter().map(ChainRow).collect()),
            Ok(Answer::Run(id)) => {
                return vec![
                    Effect::Say(Note::info(format!("{id} started"))),
                    Effect::Open(Place::Run(id)),
                ];
            }
            Ok(answer) => return self.start.answered(&answer),
            Err(fault) if matches!(request, Request::EstimateRun(_)) => return self.start.unestimated(&fault),
            Err(fault) if *request == Request::Chains => return self.list.failed(fault),
            Err(fault) => return vec![Effect::Say(Note::failure(&fault))],
        }
        Vec::new()
    }

    fn command(&mut self, command: CommandId, now: Timestamp) -> Vec<Effect> {
        match command {
            CommandId::RunStart => return self.start_run(),
            CommandId::Compare => return self.choose_other().into_iter().collect(),
            _ => {}
        }
        let text = || self.selected().map(|chain| text(chain, now));
        let effect = match command {
            CommandId::Open => self
                .selected()
                .and_then(|chain| chain.runs.first())
                .map(|run| Effect::Open(Place::Run(run.run.id))),
            CommandId::CopyId => self.selected().map(|chain| Effect::Copy(chain.chain.id.to_string())),
            CommandId::CopyCommand => self
                .selected()
                .map(|chain| Effect::Copy(format!("pegbox run start {}", chain.chain.id))),
            CommandId::CopyAll | CommandId::CopyPlain => copied(command, self.title(), text()),
            _ => {
                self.list.command(command);
                None
            }
        };
        effect.into_iter().collect()
    }
}

fn gate_word(run: &RunSummary) -> &'static str {
    verdict_word(run.verdict.as_ref().map(|(verdict, _)| *verdict))
}

/// The steps, then the runs.
fn text(detail: &ChainDetail, now: Timestamp) -> String {
    let chain = &detail.chain;
    let mut out = format!(
        "{}\n{} by {}\n\n",
        chain.content.description, chain.reason, chain.author
    );
    let steps = chain.content.steps.iter().zip(&detail.live).zip(&detail.newer);
    // Writing to a String cannot fail.
    for ((step, live), newer) in steps {
        let live: Vec<&str> = live
            .iter()
            .map(|environment| Environment::as_str(*environment))
            .collect();
        let live = if live.is_empty() {
            "live nowhere".to_owned()
        } else {
            format!("live in {}", live.join(", "))
        };
        let newer = newer
            .as_ref()
            .map_or_else(String::new, |newest| format!("  newest {newest}"));
        let _ = writeln!(
            out,
            "{}  {}  {live}{newer}  gives {}",
            step.name,
            step.version,
            step.parser.as_str()
        );
        if !step.when.is_empty() {
            let when: Vec<String> = step.when.iter().map(ToString::to_string).collect();
            let _ = writeln!(out, "  when {}", when.join(" and "));
        }
    }
    match &chain.content.answer {
        Some(answer) => _ = writeln!(out, "answer  {answer}\n"),
        None => _ = writeln!(out, "answer  of the last step that ran\n"),
    }
    if detail.runs.is_empty() {
        let _ = writeln!(out, "No run yet: pegbox run start {}", chain.id);
    }
    for run in &detail.runs {
        let _ = writeln!(
            out,
            "{}  {}  {}  gate {}  {} ago",
            run.run.id,
            run.run.dataset,
            run.state.as_str(),
            gate_word(run),
            run.run.started_at.ago_text(now)
        );
    }
    out
}

impl Screen for Chains {
    fn place(&self) -> Place {
        Place::Chains
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Chains]
    }

    fn title(&self) -> String {
        "Runs > Chains".into()
    }

    fn requests(&self) -> Vec<Request> {
        vec![Request::Chains]
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => return self.command(command, context.now),
            ScreenEvent::Mouse(mouse, body) => self.list.mouse(mouse, body),
            ScreenEvent::Answered { request, result } => return self.answered(&request, result),
            ScreenEvent::Chosen(chosen) => return self.chosen(&chosen),
            ScreenEvent::Filled(filled) => return self.start.filled(&filled).unwrap_or_default(),
            _ => {}
        }
        Vec::new()
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let list = Panel::new("Chains").note(self.list.rows.total().to_string());
        let selected = self.selected();
        let detail = Detail {
            title: selected.map_or("Chain".into(), |detail| detail.chain.id.to_string()),
            text: selected.map(|detail| Printable::block(&text(detail, context.now))),
        };
        let draw_rows = |frame: &mut Frame, area| self.draw_list(frame, area, context);
        self.list.draw(frame, area, context, list, draw_rows, detail);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            CommandId::CopyId | CommandId::RunStart if self.selected().is_none() => Err("there is no chain yet".into()),
            CommandId::Compare if self.list.rows.total() < 2 => Err("there is no other chain version".into()),
            CommandId::Open if self.selected().is_none_or(|chain| chain.runs.is_empty()) => {
                Err("no run has tested it yet".into())
            }
            CommandId::Search => Err("the list is short: g g and G go to its ends".into()),
            _ => offered(command, &[CommandId::CopyCommand, CommandId::CopyPlain]),
        }
    }
}

impl Chains {
    fn draw_list(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let columns = [
            Column::share("chain", 1),
            Column::number("steps", 5),
            Column::fixed("newest run", 10),
            Column::fixed("gate", 12),
            Column::number("made", 7),
        ];
        let cells = |row: &ChainRow| {
            let detail = &row.0;
            let run = detail.runs.first();
            let verdict = run.and_then(|run| run.verdict.as_ref()).map(|(verdict, _)| *verdict);
            let gate = match run {
                Some(run) => TableCell::new(gate_word(run), verdict_style(verdict, theme)),
                None => TableCell::new("", theme.text),
            };
            vec![
                TableCell::plain(detail.chain.id.to_string()),
                TableCell::plain(detail.chain.content.steps.len().to_string()),
                TableCell::plain(run.map(|run| run.run.id.to_string()).unwrap_or_default()),
                gate,
                TableCell::new(detail.chain.committed_at.ago_text(context.now), theme.dim),
            ]
        };
        Table::new(&columns)
            .focus(Focus::Here)
            .empty("No chain yet: pegbox chain import FILE makes one.")
            .draw(frame, area, theme, &self.list.rows, cells);
    }
}
