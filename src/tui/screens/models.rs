//! What model names stand for, since when, and which runs rest on an older model.

use std::fmt::Write as _;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::list_and_detail::{Detail, ListAndDetail, copied};
use super::panes::offered;
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::alias::Alias;
use crate::domain::time::Timestamp;
use crate::text::Printable;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::layout::WidthClass;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::HasId;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{AliasUse, Answer, Request};

/// A name in the list.
#[derive(Debug, Clone, PartialEq)]
struct ModelRow(AliasUse);

impl HasId for ModelRow {
    type Id = Alias;

    fn id(&self) -> Alias {
        self.0.ledger.alias.clone()
    }
}

/// The screen.
#[derive(Debug, Default)]
pub struct Models(ListAndDetail<ModelRow>);

impl Models {
    fn selected(&self) -> Option<&AliasUse> {
        self.0.selected().map(|row| &row.0)
    }

    fn command(&mut self, command: CommandId, now: Timestamp) -> Vec<Effect> {
        let text = || self.selected().map(|model| text(model, now));
        let effect = match command {
            CommandId::Open => self.selected().and_then(place_of).map(Effect::Open),
            CommandId::CopyId | CommandId::CopyValue => self
                .selected()
                .and_then(|model| model.ledger.lines.last())
                .map(|line| Effect::Copy(line.model.clone())),
            CommandId::CopyCommand => self
                .selected()
                .map(|model| Effect::Copy(format!("pegbox model show {}", model.ledger.alias.name))),
            CommandId::CopyAll | CommandId::CopyPlain => copied(command, self.title(), text()),
            _ => {
                self.0.command(command);
                None
            }
        };
        effect.into_iter().collect()
    }
}

/// The newest run that rests on an older model; else the one that saw what the name stands for now.
fn place_of(model: &AliasUse) -> Option<Place> {
    let stale = model.stale_runs.first().map(|summary| summary.run.id);
    stale.or(model.ledger.lines.last().map(|line| line.run)).map(Place::Run)
}

/// The ledger, newest line first, and what rests on an older one.
fn text(model: &AliasUse, now: Timestamp) -> String {
    let ledger = &model.ledger;
    let mut out = format!("asked for   {}\n\n", ledger.alias);
    // Writing to a String cannot fail.
    for (at, line) in ledger.lines.iter().rev().enumerate() {
        let word = if at == 0 { "stands for" } else { "stood for" };
        let fingerprint = line.system_fingerprint.as_ref();
        let fingerprint = fingerprint.map_or_else(String::new, |mark| format!("  {mark}"));
        let _ = writeln!(
            out,
            "{word:<10}  {}  since {} ({} ago)  {}{fingerprint}",
            line.model,
            line.seen_at.date_text(),
            line.seen_at.ago_text(now),
            line.run
        );
    }
    out.push('\n');
    out.push_str(if model.stale_runs.is_empty() {
        "No run of late rests on an older model.\n"
    } else {
        "Stale: these runs rest on an older model, and so do their gates and releases.\n"
    });
    for summary in &model.stale_runs {
        for stale in summary.caveats.stale_of(&ledger.alias) {
            let (run, subject) = (summary.run.id, summary.run.subject.label());
            let _ = writeln!(out, "  {run}  {subject}  {}", stale.answered_text());
        }
    }
    out
}

impl Screen for Models {
    fn place(&self) -> Place {
        Place::Models
    }

    fn scopes(&self) -> Vec<Scope> {
        Vec::new()
    }

    fn title(&self) -> String {
        "Runs > Models".into()
    }

    fn requests(&self) -> Vec<Request> {
        vec![Request::Models]
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => return self.command(command, context.now),
            ScreenEvent::Mouse(mouse, body) => self.0.mouse(mouse, body),
            ScreenEvent::Answered {
                result: Ok(Answer::Models(models)),
                ..
            } => self.0.answered(models.into_iter().map(ModelRow).collect()),
            ScreenEvent::Answered { result: Err(fault), .. } => return self.0.failed(fault),
            _ => {}
        }
        Vec::new()
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let list = Panel::new("Models").note(self.0.rows.total().to_string());
        let selected = self.selected();
        let detail = Detail {
            title: selected.map_or("Model".into(), |model| model.ledger.alias.name.clone()),
            text: selected.map(|model| Printable::block(&text(model, context.now))),
        };
        let draw_rows = |frame: &mut Frame, area| self.draw_list(frame, area, context);
        self.0.draw(frame, area, context, list, draw_rows, detail);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            CommandId::Open | CommandId::CopyId | CommandId::CopyValue if self.selected().is_none() => {
                Err("no model is listed yet".into())
            }
            CommandId::Search => Err("the list is short: g g and G go to its ends".into()),
            _ => offered(
                command,
                &[CommandId::CopyValue, CommandId::CopyCommand, CommandId::CopyPlain],
            ),
        }
    }
}

impl Models {
    fn draw_list(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let is_wide = context.size_class.width != WidthClass::Narrow;
        let columns = [
            Column::share("name", 1),
            Column::fixed("provider", if is_wide { 16 } else { 10 }),
            Column::share("stands for", 1),
            Column::number("since", 7),
            Column::number("changes", 7),
            Column::fixed("evidence", 9),
        ];
        let cells = |row: &ModelRow| {
            let AliasUse { ledger, stale_runs } = &row.0;
            let now = ledger.lines.last();
            let stale = match stale_runs.len() {
                0 => TableCell::new("", theme.text),
                count => TableCell::new(format!("stale ({count})"), theme.warn),
            };
            vec![
                TableCell::plain(&ledger.alias.name),
                TableCell::plain(&ledger.alias.provider),
                TableCell::plain(now.map_or("", |line| &line.model)),
                TableCell::new(
                    now.map_or(String::new(), |line| line.seen_at.ago_text(context.now)),
                    theme.dim,
                ),
                TableCell::plain(ledger.lines.len().saturating_sub(1).to_string()),
                stale,
            ]
        };
        Table::new(&columns)
            .focus(Focus::Here)
            .empty("No model has answered yet; the simulated one is not listed. r on Runs starts a run.")
            .draw(frame, area, theme, &self.0.rows, cells);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alias::{Resolution, Stale};
    use crate::domain::ids::RunId;
    use crate::domain::run::{AnswerSource, RunState};
    use crate::tui::screens::samples::{ago, run, summary};
    use crate::tui::screens::testing::{answered, check_any_size, check_drawn, commanded, drawn};
    use crate::workbench::AliasLedger;

    fn line(model: &str, run: u32, age_h: i64) -> Resolution {
        Resolution {
            alias: Alias {
                provider: "openai".into(),
                name: "gpt-4.1".into(),
                endpoint: Some("https://api.openai.com/v1".into()),
            },
            number: 1,
            model: model.into(),
            system_fingerprint: Some(format!("fp_{run}")),
            run: RunId(run),
            seen_at: ago(age_h * 3_600_000),
        }
    }

    fn models(uses: Vec<AliasUse>) -> Models {
        let mut screen = Models::default();
        assert!(drawn(&screen, 80, 21).contains("loading"));
        answered(&mut screen, Request::Models, Ok(Answer::Models(uses)));
        screen
    }

    fn moved() -> AliasUse {
        let lines = vec![line("gpt-4.1-2025-04-14", 3, 900), line("gpt-4.1-2026-05-01", 9, 20)];
        let mut stale = summary(run(7, 12, AnswerSource::Model), RunState::Finished, 240, 3);
        stale.caveats.stale = Vec::from_iter(Stale::of(&["gpt-4.1-2025-04-14".to_owned()], lines[1].clone()));
        AliasUse {
            ledger: AliasLedger {
                alias: lines[0].alias.clone(),
                lines,
            },
            stale_runs: vec![stale],
        }
    }

    #[test]
    fn a_name_that_moved_leads_to_what_rests_on_the_old_model() {
        let mut screen = models(vec![moved()]);
        assert_eq!(
            commanded(&mut screen, CommandId::Open),
            [Effect::Open(Place::Run(RunId(7)))]
        );
        let mut fresh = moved();
        fresh.stale_runs.clear();
        let mut screen = models(vec![fresh]);
        assert_eq!(
            commanded(&mut screen, CommandId::Open),
            [Effect::Open(Place::Run(RunId(9)))]
        );
        assert!(models(Vec::new()).availability(CommandId::Open).is_err());
    }

    #[test]
    fn looks_as_designed() {
        let screen = models(vec![moved()]);
        check_drawn("models", &screen);
        check_any_size(&screen);
        assert!(drawn(&models(Vec::new()), 80, 21).contains("the simulated one is not listed"));
    }
}
