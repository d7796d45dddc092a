//! What became of an example in each run that asked it, newest first.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::list_and_detail::{Detail, ListAndDetail, copied};
use super::panes::offered;
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::ids::{DatasetName, ExampleId, RunId};
use crate::text::Printable;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::HasId;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{Answer, ExampleInRun, Request};

/// Runs that are shown.
const RUNS_SHOWN: usize = 100;

/// A run in the list.
#[derive(Debug, Clone, PartialEq)]
struct HistoryRow(ExampleInRun);

impl HasId for HistoryRow {
    type Id = RunId;

    fn id(&self) -> RunId {
        self.0.run
    }
}

/// The screen.
#[derive(Debug)]
pub struct ExampleHistory {
    dataset: DatasetName,
    example: ExampleId,
    runs: ListAndDetail<HistoryRow>,
}

impl ExampleHistory {
    /// The outcomes of an example of a dataset, whatever its version.
    pub fn new(dataset: DatasetName, example: ExampleId) -> Self {
        Self {
            dataset,
            example,
            runs: ListAndDetail::default(),
        }
    }

    fn selected(&self) -> Option<&ExampleInRun> {
        self.runs.selected().map(|row| &row.0)
    }

    fn command(&mut self, command: CommandId) -> Vec<Effect> {
        let run = self.selected().map(|row| row.run);
        let effect = match command {
            CommandId::Open => run.map(|run| Effect::Open(Place::Run(run))),
            CommandId::Lineage => run.map(|run| Effect::Open(Place::Lineage(format!("{run}/{}", self.example)))),
            CommandId::CopyId => run.map(|run| Effect::Copy(format!("{run}/{}", self.example))),
            CommandId::CopyCommand => Some(Effect::Copy(format!(
                "pegbox dataset history {} {}",
                self.dataset, self.example
            ))),
            CommandId::CopyAll | CommandId::CopyPlain => {
                let text = self.selected().map(row_text);
                copied(command, self.title(), text.map(|text| text.to_string()))
            }
            _ => {
                self.runs.command(command);
                None
            }
        };
        effect.into_iter().collect()
    }

    fn draw_rows(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let columns = [
            Column::fixed("run", 9),
            Column::fixed("verdict", 7),
            Column::number("age", 6),
            Column::share("subject", 2),
            Column::share("why", 3),
        ];
        let cells = |HistoryRow(row): &HistoryRow| {
            let (word, style) = if row.passed {
                ("passed", theme.ok)
            } else {
                ("FAILED", theme.fail)
            };
            vec![
                TableCell::plain(row.run.to_string()),
                TableCell::new(word, style),
                TableCell::new(row.finished_at.ago_text(context.now), theme.dim),
                TableCell::plain(&row.subject),
                TableCell::new(row.why.as_deref().unwrap_or_default(), theme.dim),
            ]
        };
        Table::new(&columns)
            .focus(Focus::Here)
            .empty("No run asked this example.")
            .draw(frame, area, theme, &self.runs.rows, cells);
    }
}

/// All of a row.
fn row_text(row: &ExampleInRun) -> Printable {
    let passed = row.repeats.iter().filter(|repeat| repeat.passed).count();
    let verdict = match &row.why {
        Some(why) => format!("failed: {why}"),
        None => "passed".to_owned(),
    };
    let lines = [
        format!("verdict  {verdict}"),
        format!("repeats  {passed} of {} passed", row.repeats.len()),
        format!("subject  {}", row.subject),
        format!("answers  from {}", row.answers.as_str()),
        format!("model    {}", row.resolved_model.as_deref().unwrap_or("unknown")),
        format!("dataset  {}", row.dataset),
        format!("content  {}", row.example_hash.short()),
        format!("suite    {}", row.suite),
        format!("done     {}", row.finished_at),
    ];
    Printable::block(&lines.join("\n"))
}

impl Screen for ExampleHistory {
    fn place(&self) -> Place {
        Place::ExampleHistory(self.dataset.clone(), self.example.clone())
    }

    fn scopes(&self) -> Vec<Scope> {
        Vec::new()
    }

    fn title(&self) -> String {
        format!("Data > {} > {} > History", self.dataset, self.example)
    }

    fn requests(&self) -> Vec<Request> {
        vec![Request::ExampleHistory {
            dataset: self.dataset.clone(),
            example: self.example.clone(),
            limit: RUNS_SHOWN,
        }]
    }

    fn update(&mut self, event: ScreenEvent, _context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => return self.command(command),
            ScreenEvent::Mouse(mouse, body) => self.runs.mouse(mouse, body),
            ScreenEvent::Answered {
                result: Ok(Answer::ExampleHistory(history)),
                ..
            } => self.runs.answered(history.into_iter().map(HistoryRow).collect()),
            ScreenEvent::Answered { result: Err(fault), .. } => return self.runs.failed(fault),
            _ => {}
        }
        Vec::new()
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let list = Panel::new(format!("{} over all runs", self.example)).note("newest first");
        let selected = self.selected();
        let detail = Detail {
            title: selected.map_or("Run".into(), |row| row.run.to_string()),
            text: selected.map(row_text),
        };
        let draw_rows = |frame: &mut Frame, area| self.draw_rows(frame, area, context);
        self.runs.draw(frame, area, context, list, draw_rows, detail);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            CommandId::History => Err("this is the history".into()),
            CommandId::Search => Err("the newest runs are shown: g g and G go to the ends".into()),
            CommandId::Open | CommandId::Lineage | CommandId::CopyId if self.selected().is_none() => {
                Err("no run asked this example".into())
            }
            _ => offered(command, &[CommandId::CopyPlain, CommandId::CopyCommand]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hash::ContentHash;
    use crate::domain::run::AnswerSource;
    use crate::tui::screens::testing::{NOW, answered, check_any_size, check_drawn, commanded, drawn};
    use crate::workbench::RepeatVerdict;

    fn in_run(number: u32, why: Option<&str>) -> ExampleInRun {
        ExampleInRun {
            run: RunId(number),
            subject: format!("support_triage_v{number}"),
            dataset: "tickets@2026-05-15".parse().unwrap(),
            suite: "shape@v1".parse().unwrap(),
            answers: AnswerSource::Simulated,
            example_hash: ContentHash::of_bytes(b"t1"),
            repeats: vec![RepeatVerdict {
                repeat: 1,
                passed: why.is_none(),
            }],
            passed: why.is_none(),
            why: why.map(str::to_owned),
            resolved_model: Some("triage-sim-1".into()),
            finished_at: NOW,
        }
    }

    fn history(rows: Vec<ExampleInRun>) -> ExampleHistory {
        let mut screen = ExampleHistory::new(DatasetName::new("tickets").unwrap(), ExampleId::new("t1").unwrap());
        assert!(drawn(&screen, 80, 21).contains("loading"));
        let request = screen.requests().pop().unwrap();
        answered(&mut screen, request, Ok(Answer::ExampleHistory(rows)));
        screen
    }

    #[test]
    fn each_run_leads_to_itself_and_to_the_lineage_of_its_answer() {
        let mut screen = history(vec![in_run(7, Some("route: billing, not refund")), in_run(4, None)]);
        assert_eq!(
            commanded(&mut screen, CommandId::Open),
            [Effect::Open(Place::Run(RunId(7)))]
        );
        commanded(&mut screen, CommandId::MoveDown);
        assert_eq!(
            commanded(&mut screen, CommandId::Lineage),
            [Effect::Open(Place::Lineage("run_4/t1".into()))]
        );
        assert!(screen.availability(CommandId::History).is_err());
    }

    #[test]
    fn looks_as_designed() {
        let screen = history(vec![in_run(7, Some("route: billing, not refund")), in_run(4, None)]);
        check_drawn("example_history", &screen);
        check_any_size(&screen);
        let none = history(Vec::new());
        assert!(drawn(&none, 80, 21).contains("No run asked this example."));
        assert!(none.availability(CommandId::Open).is_err());
    }
}
