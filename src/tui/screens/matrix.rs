//! A prompt's runs over one dataset and suite by quality, cost and latency, with those marked that no other beats.

#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::figures::{interval_text, measure_text};
use super::list_and_detail::{Detail, ListAndDetail, copied};
use super::panes::offered;
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::ids::RunId;
use crate::domain::unit::Unit;
use crate::text::Printable;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::layout::WidthClass;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::HasId;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{Answer, Matrix, MatrixCell, Request, Standing};

/// A run in the list, with what is to be said of it.
#[derive(Debug, Clone, PartialEq)]
struct CellRow {
    cell: MatrixCell,
    unit: Unit,
    note: String,
}

impl HasId for CellRow {
    type Id = RunId;

    fn id(&self) -> RunId {
        self.cell.run
    }
}

/// The screen.
#[derive(Debug)]
pub struct MatrixScreen {
    around: RunId,
    /// What the matrix is of, once it is there.
    title: String,
    rows: ListAndDetail<CellRow>,
}

impl MatrixScreen {
    /// The matrix that a run is in.
    pub fn new(around: RunId) -> Self {
        Self {
            around,
            title: "Matrix".into(),
            rows: ListAndDetail::default(),
        }
    }

    fn take(&mut self, matrix: &Matrix) {
        self.title = format!("{} on {} with {}", matrix.metric, matrix.dataset, matrix.suite);
        let rows = matrix.cells.iter().map(|cell| CellRow {
            note: matrix.note(cell),
            unit: matrix.unit,
            cell: cell.clone(),
        });
        self.rows.answered(rows.collect());
    }

    fn command(&mut self, command: CommandId) -> Vec<Effect> {
        let selected = self.rows.selected();
        let run = selected.map(|row| row.cell.run);
        let effect = match command {
            CommandId::Open => run.map(|run| Effect::Open(Place::Run(run))),
            CommandId::CopyId => run.map(|run| Effect::Copy(run.to_string())),
            CommandId::CopyValue => selected.map(|row| Effect::Copy(row.cell.subject.clone())),
            CommandId::CopyCommand => Some(Effect::Copy(format!("pegbox run matrix {}", self.around))),
            CommandId::CopyAll | CommandId::CopyPlain => copied(command, self.title(), selected.map(text)),
            _ => {
                self.rows.command(command);
                None
            }
        };
        effect.into_iter().collect()
    }

    fn draw_list(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let is_narrow = context.size_class.width == WidthClass::Narrow;
        let mut columns = vec![
            Column::fixed("", 1),
            Column::fixed("run", 7),
            Column::share("subject", 2),
            Column::number("quality", 7),
            Column::number("cost", 9),
            Column::number("p95 ms", 7),
        ];
        if !is_narrow {
            columns.insert(3, Column::share("model", 1));
            columns.insert(5, Column::fixed("95 %", 14));
        }
        let cells = |row: &CellRow| cells(row, is_narrow, context);
        Table::new(&columns)
            .focus(Focus::Here)
            .empty("No run over this dataset and suite has finished.")
            .draw(frame, area, context.theme, &self.rows.rows, cells);
    }
}

fn cells(row: &CellRow, is_narrow: bool, context: &Context) -> Vec<TableCell> {
    let (cell, theme) = (&row.cell, context.theme);
    let is_front = matches!(cell.standing, Standing::Front { .. });
    let style = if is_front { theme.ok } else { theme.text };
    let number = |value: Option<String>| TableCell::plain(value.unwrap_or_else(|| "--".into()));
    let mut cells = vec![
        TableCell::new(if is_front { "*" } else { "" }, style),
        TableCell::new(cell.run.to_string(), style),
        TableCell::new(cell.subject.as_str(), style),
        TableCell::plain(measure_text(row.unit, cell.quality)),
        number(cell.figures.cost_usd.map(|usd| Unit::UsDollars.text(usd))),
        number(cell.figures.latency_p95_ms.map(|ms| Unit::Milliseconds.number(ms))),
    ];
    if !is_narrow {
        cells.insert(3, TableCell::plain(cell.model.as_str()));
        let interval = interval_text(row.unit, cell.quality, cell.interval);
        cells.insert(5, TableCell::new(interval, theme.dim));
    }
    cells
}

/// Everything about one cell.
fn text(row: &CellRow) -> String {
    let cell = &row.cell;
    let ms = |ms: Option<f64>| ms.map_or_else(|| "unknown".to_owned(), |ms| Unit::Milliseconds.text(ms));
    let cost = cell
        .figures
        .cost_usd
        .map_or_else(|| "unknown".to_owned(), |usd| Unit::UsDollars.text(usd));
    let standing = match cell.standing {
        Standing::Front { .. } => "on the front: no other is at least as good, as cheap and as fast, and better in one",
        Standing::Dominated { .. } => "not on the front",
        Standing::Unknown => "not ranked",
    };
    let parts = [
        format!("{}  {}", cell.run, cell.subject),
        format!("model     {}", cell.model),
        format!(
            "quality   {} ({})",
            measure_text(row.unit, cell.quality),
            cell.quality.counts_text()
        ),
        format!("cost      {cost} an example"),
        format!(
            "latency   p50 {}, p95 {}",
            ms(cell.latency_p50_ms),
            ms(cell.figures.latency_p95_ms)
        ),
        standing.to_owned(),
        row.note.clone(),
    ];
    parts.join("\n")
}

impl Screen for MatrixScreen {
    fn place(&self) -> Place {
        Place::Matrix(self.around)
    }

    fn scopes(&self) -> Vec<Scope> {
        Vec::new()
    }

    fn title(&self) -> String {
        format!("Runs > {} > Matrix", self.around)
    }

    fn requests(&self) -> Vec<Request> {
        vec![Request::Matrix(self.around)]
    }

    fn update(&mut self, event: ScreenEvent, _context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => return self.command(command),
            ScreenEvent::Mouse(mouse, body) => self.rows.mouse(mouse, body),
            ScreenEvent::Answered {
                result: Ok(Answer::Matrix(matrix)),
                ..
            } => self.take(&matrix),
            ScreenEvent::Answered { result: Err(fault), .. } => return self.rows.failed(fault),
            _ => {}
        }
        Vec::new()
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let list = Panel::new(&self.title);
        let list = if self.rows.is_ready() {
            list.note(self.rows.rows.total().to_string())
        } else {
            list
        };
        let selected = self.rows.selected();
        let detail = Detail {
            title: selected.map_or("Run".into(), |row| row.cell.run.to_string()),
            text: selected.map(|row| Printable::block(&text(row))),
        };
        let draw_rows = |frame: &mut Frame, area| self.draw_list(frame, area, context);
        self.rows.draw(frame, area, context, list, draw_rows, detail);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            CommandId::Open | CommandId::CopyId | CommandId::CopyValue if self.rows.selected().is_none() => {
                Err("no run is selected".into())
            }
            CommandId::Search => Err("the list is short: g g and G go to its ends".into()),
            _ => offered(
                command,
                &[CommandId::CopyValue, CommandId::CopyCommand, CommandId::CopyPlain],
            ),
        }
    }
}
