//! What each hunk of the diff between two versions did: its lines, with the effect and its interval beside them.

#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::list_and_detail::{Detail, ListAndDetail, copied};
use super::panes::offered;
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::ids::VersionId;
use crate::text::Printable;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::layout::WidthClass;
use crate::tui::widgets::bars::interval_bar;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::HasId;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{Ablation, Answer, Effect as Measured, HunkEffect, PromptRef, Request};

/// Columns of a drawn interval in a narrow terminal, and in a wider one.
const BAR_COLUMNS: [u16; 2] = [17, 31];
/// The scale reaches this far at least, as a share: a point of nothing must not fill it.
const SCALE_MIN: f64 = 0.01;

/// A line of the diff, with what its hunk did where it is the first of it.
#[derive(Debug, Clone, PartialEq)]
struct LineRow {
    /// The hunk and the line of it, from 0; the line before its first is where it stands.
    place: (usize, usize),
    text: String,
    effect: Option<HunkEffect>,
}

impl HasId for LineRow {
    type Id = (usize, usize);

    fn id(&self) -> Self::Id {
        self.place
    }
}

/// The screen.
#[derive(Debug)]
pub struct Effects {
    base: VersionId,
    candidate: VersionId,
    /// The metric; whether every grader passed, where not given.
    metric: Option<String>,
    ablation: Option<Ablation>,
    rows: ListAndDetail<LineRow>,
}

impl Effects {
    /// The effects between two versions, before they are loaded.
    pub fn new(base: VersionId, candidate: VersionId) -> Self {
        Self {
            base,
            candidate,
            metric: None,
            ablation: None,
            rows: ListAndDetail::with_long_list(),
        }
    }

    fn take(&mut self, ablation: Ablation) {
        let rows = ablation.hunks.iter().enumerate().flat_map(|(at, (hunk, effect))| {
            let head = LineRow {
                place: (at, 0),
                text: format!("hunk {} of {}", at + 1, hunk.place()),
                effect: Some(*effect),
            };
            let lines = hunk.lines().into_iter().zip(1..).map(move |(text, line)| LineRow {
                place: (at, line),
                text,
                effect: None,
            });
            std::iter::once(head).chain(lines)
        });
        self.rows.answered(rows.collect());
        self.ablation = Some(ablation);
    }

    /// The hunk that the selected line is of.
    fn hunk(&self) -> Option<usize> {
        self.rows.selected().map(|row| row.place.0)
    }

    /// To the hunk after or before, and round at the ends.
    fn go_to_hunk(&mut self, command: CommandId) {
        let count = self.ablation.as_ref().map_or(0, |ablation| ablation.hunks.len());
        let Some(at) = self.hunk().filter(|_| count > 0) else {
            return;
        };
        let to = if command == CommandId::ProblemNext {
            (at + 1) % count
        } else {
            at.checked_sub(1).unwrap_or(count - 1)
        };
        self.rows.rows.select(&(to, 0));
    }

    /// To the next metric of the suite, and after the last one to whether every grader passed.
    fn next_metric(&mut self) {
        let Some(ablation) = &self.ablation else { return };
        let at = ablation.metrics.iter().position(|metric| *metric == ablation.measured);
        self.metric = ablation.metrics.get(at.map_or(0, |at| at + 1)).cloned();
    }

    /// Which key shows the effects on another metric.
    fn others_line(&self, context: &Context) -> String {
        let key = context.keymap.shown(CommandId::Options);
        let key = key.filter(|_| self.availability(CommandId::Options).is_ok());
        key.map(|key| format!("{key} shows the effects on the next metric"))
            .unwrap_or_default()
    }

    fn command(&mut self, command: CommandId) -> Vec<Effect> {
        let effect = match command {
            CommandId::Open => {
                let [old, new] = [&self.base, &self.candidate].map(|id| PromptRef::Version(id.clone()));
                Some(Effect::Open(Place::Diff { old, new }))
            }
            CommandId::ProblemNext | CommandId::ProblemPrevious => {
                self.go_to_hunk(command);
                None
            }
            CommandId::Options => {
                self.next_metric();
                None
            }
            CommandId::CopyValue => self.hunk_text().map(Effect::Copy),
            CommandId::CopyId => Some(Effect::Copy(self.candidate.to_string())),
            CommandId::CopyCommand => {
                let (base, candidate) = (&self.base, &self.candidate);
                let metric = self.metric.as_ref().map(|metric| format!(" --metric {metric}"));
                Some(Effect::Copy(format!(
                    "pegbox ablate {base} {candidate}{} --dataset NAME --suite NAME",
                    metric.unwrap_or_default()
                )))
            }
            CommandId::CopyAll | CommandId::CopyPlain => {
                copied(command, self.title(), self.ablation.as_ref().map(Ablation::text))
            }
            _ => {
                self.rows.command(command);
                None
            }
        };
        effect.into_iter().collect()
    }

    fn hunk_text(&self) -> Option<String> {
        let lines = self.ablation.as_ref()?.hunk_lines(self.hunk()?);
        Some(lines.join("\n"))
    }

    /// How far the drawn intervals reach from 0, either way.
    fn scale(&self) -> f64 {
        let effects = self.rows.rows.rows().iter().filter_map(|row| row.effect?.alone);
        let ends = effects.flat_map(|effect| {
            let (low, _, high) = effect.distances();
            [low.abs(), high.abs()]
        });
        ends.fold(SCALE_MIN, f64::max)
    }

    fn draw_list(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let is_narrow = context.size_class.width == WidthClass::Narrow;
        let bar_columns = BAR_COLUMNS[usize::from(!is_narrow)];
        let mut columns = vec![
            Column::share("the diff", 1),
            Column::number("alone", 6),
            Column::fixed("95 % around 0", bar_columns),
            Column::number("p Holm", 6),
        ];
        let rows = self.rows.rows.rows();
        let has_last = !is_narrow
            || rows
                .iter()
                .any(|row| row.effect.is_some_and(|effect| effect.left_out.is_some()));
        if has_last {
            columns.push(Column::number("last", 6));
        }
        let scale = self.scale();
        let cells = |row: &LineRow| cells(row, scale, bar_columns, has_last, context);
        Table::new(&columns)
            .focus(Focus::Here)
            .empty("The two versions do not differ.")
            .draw(frame, area, context.theme, &self.rows.rows, cells);
    }
}

fn cells(row: &LineRow, scale: f64, bar_columns: u16, has_last: bool, context: &Context) -> Vec<TableCell> {
    let theme = context.theme;
    let style = match row.text.chars().next() {
        _ if row.place.1 == 0 => theme.dim,
        Some('+') => theme.added,
        Some('-') => theme.removed,
        _ => theme.text,
    };
    let effect = row.effect.unwrap_or_default();
    let alone = effect.alone;
    let points = |measured: Option<Measured>| match (row.effect, measured) {
        (None, _) => String::new(),
        (Some(_), None) => "--".into(),
        (Some(_), Some(measured)) => measured.change_text(),
    };
    let bar = alone.and_then(|alone| {
        alone.interval?;
        let ends = alone.distances();
        let drawn = interval_bar(ends, Some(0.0), (-scale, scale), bar_columns.into(), &theme.glyphs);
        Some(drawn)
    });
    let sure = if effect.is_flagged() { theme.warn } else { theme.text };
    let p = alone.and(effect.p_holm).map(|p| format!("{p:.3}"));
    // As `pegbox ablate` marks it: also one that does something only as the last to be added.
    let mark = if effect.is_flagged() { " !" } else { "" };
    let mut cells = vec![
        TableCell::new(format!("{}{mark}", row.text), style),
        TableCell::new(points(alone), sure),
        TableCell::new(bar.unwrap_or_default(), sure),
        TableCell::new(p.unwrap_or_default(), sure),
    ];
    if has_last {
        cells.push(TableCell::new(points(effect.left_out), sure));
    }
    cells
}

impl Screen for Effects {
    fn place(&self) -> Place {
        Place::Effects {
            base: self.base.clone(),
            candidate: self.candidate.clone(),
        }
    }

    fn scopes(&self) -> Vec<Scope> {
        Vec::new()
    }

    fn title(&self) -> String {
        format!("Prompts > {} -> {} > Effects", self.base, self.candidate)
    }

    fn requests(&self) -> Vec<Request> {
        vec![Request::Ablation {
            base: self.base.clone(),
            candidate: self.candidate.clone(),
            metric: self.metric.clone(),
        }]
    }

    fn update(&mut self, event: ScreenEvent, _context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => return self.command(command),
            ScreenEvent::Mouse(mouse, body) => self.rows.mouse(mouse, body),
            ScreenEvent::Answered {
                result: Ok(Answer::Ablation(ablation)),
                ..
            } => self.take(*ablation),
            ScreenEvent::Answered { result: Err(fault), .. } => return self.rows.failed(fault),
            _ => {}
        }
        Vec::new()
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let list = match &self.ablation {
            Some(ablation) => Panel::new(format!("Effects on {}", ablation.measured)).note(ablation.whole_text()),
            None => Panel::new("Effects"),
        };
        let text = self.ablation.as_ref().and_then(|ablation| {
            let pairs = ablation.pair_lines(self.hunk()?);
            let lines = ablation.hunk_lines(self.hunk()?).into_iter().chain(pairs).chain([
                String::new(),
                ablation.verdict_line(),
                self.others_line(context),
            ]);
            Some(Printable::block(&lines.collect::<Vec<_>>().join("\n")))
        });
        let detail = Detail {
            title: self.hunk().map_or("Hunk".into(), |at| format!("Hunk {}", at + 1)),
            text,
        };
        let draw_rows = |frame: &mut Frame, area| self.draw_list(frame, area, context);
        self.rows.draw(frame, area, context, list, draw_rows, detail);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            CommandId::ProblemNext | CommandId::ProblemPrevious if self.hunk().is_none() => {
                Err("there is no hunk".into())
            }
            CommandId::Options
                if self
                    .ablation
                    .as_ref()
                    .is_none_or(|ablation| ablation.metrics.is_empty()) =>
            {
                Err("there is no other metric".into())
            }
            CommandId::ProblemNext | CommandId::ProblemPrevious | CommandId::Options => Ok(()),
            CommandId::CopyValue if self.hunk().is_none() => Err("there is no hunk".into()),
            CommandId::Search => Err("J and K go from hunk to hunk here".into()),
            _ => offered(
                command,
                &[CommandId::CopyValue, CommandId::CopyCommand, CommandId::CopyPlain],
            ),
        }
    }
}
