//! How Home looks at each size.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use super::rows::{self, ActiveRow, NeedRow, PromptRow};
use super::{Home, Pane};
use crate::domain::gate::LabelledVerdict;
use crate::domain::ids::VersionId;
use crate::domain::run::{AnswerSource, RunState};
use crate::text::{cut, cut_start, pad};
use crate::tui::layout::WidthClass;
use crate::tui::screens::Context;
use crate::tui::screens::figures::{VERDICT_COLUMNS, verdict_brief, verdict_cell, verdict_style};
use crate::tui::screens::panes::{Areas, count_text, draw_lines, draw_sentence, duration_text, line};
use crate::tui::session_info::Link;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::gauge::{gauge, percent};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::RunSummary;

/// From this width inside the pane a run fits on one line.
const RUN_LINE_COLUMNS: u16 = 70;
/// Columns of a run's subject on such a line.
const SUBJECT_COLUMNS: usize = 18;
/// Columns of a run's gauge on such a line, and on one of its own.
const GAUGE_COLUMNS: [usize; 2] = [7, 12];
/// From this height inside the pane the selected need is told in full below the list.
const NEED_REST_FROM: u16 = 11;
/// Rows of that text, and of the gap above it.
const NEED_REST_ROWS: u16 = 5;
/// Columns of a finished run beside its subject: its id, gate and age.
const RECENT_OTHER_COLUMNS: usize = 8 + 1 + VERDICT_COLUMNS as usize + 1 + 6 + 1;
/// From this width inside the pane prompts show what is in staging, and gates their words.
const PROMPT_WIDE: u16 = 60;
/// From this width inside the pane a need has its age in a column of its own.
const NEED_AGE_COLUMNS: u16 = 60;

impl Home {
    /// Which panes are seen, and where.
    pub(super) fn areas(&self, area: Rect, context: &Context) -> Areas<Pane> {
        let class = context.size_class;
        if self.zoomed || (class.width == WidthClass::Narrow && class.short) {
            return vec![(self.focus, area)];
        }
        match class.width {
            WidthClass::Narrow => {
                let [needs, active, prompts, health] = Layout::vertical([
                    Constraint::Fill(3),
                    Constraint::Fill(2),
                    Constraint::Fill(2),
                    Constraint::Length(3),
                ])
                .areas(area);
                vec![
                    (Pane::NeedsYou, needs),
                    (Pane::ActiveRuns, active),
                    (Pane::Prompts, prompts),
                    (Pane::Health, health),
                ]
            }
            WidthClass::Normal => {
                let [top, bottom] = Layout::vertical([Constraint::Fill(1); 2]).areas(area);
                let [needs, active] = Layout::horizontal([Constraint::Fill(1); 2]).areas(top);
                let [prompts, health] = Layout::horizontal([Constraint::Fill(1); 2]).areas(bottom);
                vec![
                    (Pane::NeedsYou, needs),
                    (Pane::ActiveRuns, active),
                    (Pane::Prompts, prompts),
                    (Pane::Health, health),
                ]
            }
            WidthClass::Wide => {
                let [left, middle, right] = Layout::horizontal([Constraint::Fill(1); 3]).areas(area);
                let [active, recent] = Layout::vertical([Constraint::Fill(1); 2]).areas(middle);
                let [prompts, health] = Layout::vertical([Constraint::Fill(1), Constraint::Length(8)]).areas(right);
                vec![
                    (Pane::NeedsYou, left),
                    (Pane::ActiveRuns, active),
                    (Pane::RecentRuns, recent),
                    (Pane::Prompts, prompts),
                    (Pane::Health, health),
                ]
            }
        }
    }

    pub(super) fn draw(&self, frame: &mut Frame, area: Rect, context: &Context) {
        for (pane, area) in self.areas(area, context) {
            let count = |total: u64| self.facts.ready().map_or(String::new(), |_| total.to_string());
            let (title, note) = match pane {
                Pane::NeedsYou => ("Needs you", count(self.needs.total())),
                Pane::ActiveRuns => ("Active runs", count(self.active.total())),
                Pane::Prompts => ("Prompts", "newest change first".into()),
                Pane::RecentRuns => ("Recent runs", String::new()),
                Pane::Health => ("Health", String::new()),
            };
            let panel = Panel::new(title).note(note).focused(self.focus == pane);
            let inner = panel.draw(frame, area, context.theme);
            if let Some(text) = self.facts.absence() {
                draw_sentence(frame, inner, &text, context.theme.dim);
                continue;
            }
            match pane {
                Pane::NeedsYou => self.draw_needs(frame, inner, context),
                Pane::ActiveRuns => self.draw_active(frame, inner, context),
                Pane::Prompts => self.draw_prompts(frame, inner, context),
                Pane::RecentRuns => draw_lines(frame, inner, self.recent_lines(inner.width, context)),
                Pane::Health => draw_lines(frame, inner, self.health_lines(inner.height, context)),
            }
        }
    }

    fn draw_needs(&self, frame: &mut Frame, area: Rect, context: &Context) {
        if self.prompts.total() == 0 && self.needs.total() == 0 {
            let text = "No prompt yet. a makes one. pegbox demo fills a sample store.";
            return draw_sentence(frame, area, text, context.theme.dim);
        }
        let has_age = area.width >= NEED_AGE_COLUMNS;
        let rest_rows = if area.height >= NEED_REST_FROM {
            NEED_REST_ROWS
        } else {
            0
        };
        let [list, rest] = Layout::vertical([Constraint::Fill(1), Constraint::Length(rest_rows)]).areas(area);
        let about = if has_age { 24 } else { 18 };
        let columns = [
            Column::fixed("what", 8),
            Column::fixed("about", about),
            Column::number(if has_age { "age" } else { "" }, if has_age { 6 } else { 0 }),
            Column::share("why", 1),
        ];
        let theme = context.theme;
        let cells = |row: &NeedRow| {
            let subject = rows::subject(&row.0);
            let age = rows::since(&row.0).map(|since| since.ago_text(context.now));
            vec![
                TableCell::new(rows::kind_word(&row.0), theme.focus),
                TableCell::plain(cut_start(&subject, usize::from(about))),
                TableCell::new(age.unwrap_or_default(), theme.dim),
                TableCell::plain(rows::fact(&row.0)),
            ]
        };
        Table::new(&columns)
            .focus(Focus::when(self.focus == Pane::NeedsYou))
            .empty("Nothing waits for you.")
            .draw(frame, list, theme, &self.needs, cells);
        if let Some(row) = self.needs.selected().filter(|_| rest_rows > 1) {
            let subject = rows::subject(&row.0);
            let text = format!("{subject}: {}. {}", rows::fact(&row.0), rows::rest(&row.0));
            let below = Rect::new(rest.x, rest.y + 1, rest.width, rest.height.saturating_sub(1));
            draw_sentence(frame, below, &text, theme.dim);
        }
    }

    /// A run takes one line where the pane is wide, else two, and one more where something slows it down.
    fn draw_active(&self, frame: &mut Frame, area: Rect, context: &Context) {
        if self.active.total() == 0 {
            return draw_sentence(frame, area, "No run is active. r starts one.", context.theme.dim);
        }
        let cursor = usize::try_from(self.active.cursor()).unwrap_or(usize::MAX);
        let mut lines: Vec<Line<'static>> = Vec::new();
        let mut cursor_end = 0;
        for (at, row) in self.active.rows().iter().enumerate() {
            let is_selected = at == cursor;
            lines.extend(active_lines(row, is_selected, area.width, context));
            if is_selected {
                cursor_end = lines.len();
            }
        }
        let top = cursor_end.saturating_sub(usize::from(area.height));
        draw_lines(frame, area, lines.into_iter().skip(top));
    }

    fn draw_prompts(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let is_wide = area.width >= PROMPT_WIDE;
        let gate_columns = if is_wide { VERDICT_COLUMNS } else { 8 };
        let columns = [
            Column::share("prompt", 1),
            Column::fixed("newest", 6),
            Column::fixed(if is_wide { "staging" } else { "" }, if is_wide { 7 } else { 0 }),
            Column::fixed("prod", 4),
            Column::fixed("gate", gate_columns),
        ];
        let theme = context.theme;
        let number =
            |version: Option<&VersionId>| version.map_or("--".into(), |version| format!("v{}", version.number));
        let cells = |row: &PromptRow| {
            let summary = &row.0;
            let draft = if summary.has_draft { " *" } else { "" };
            vec![
                TableCell::plain(summary.prompt.name.as_str()),
                TableCell::plain(format!("{}{draft}", number(summary.newest.as_ref()))),
                TableCell::plain(number(summary.staging.as_ref())),
                TableCell::plain(number(summary.production.as_ref())),
                verdict_cell(summary.verdict, gate_columns, theme),
            ]
        };
        Table::new(&columns)
            .focus(Focus::when(self.focus == Pane::Prompts))
            .empty("No prompt yet. a makes one.")
            .draw(frame, area, theme, &self.prompts, cells);
    }

    fn recent_lines(&self, width: u16, context: &Context) -> Vec<Line<'static>> {
        let recent = self
            .facts
            .ready()
            .map(|facts| facts.recent.as_slice())
            .unwrap_or_default();
        let ended = recent.iter().filter(|run| run.state != RunState::Running);
        ended.map(|run| recent_line(run, width, context)).collect()
    }

    fn health_lines(&self, height: u16, context: &Context) -> Vec<Line<'static>> {
        let Some(facts) = self.facts.ready() else {
            return Vec::new();
        };
        let theme = context.theme;
        let link = match context.session.link {
            Link::Local => "on this machine",
            Link::Remote => "over the network",
        };
        let entries = count_text(facts.audit_entries);
        let of_state = |state| facts.recent.iter().filter(|run| run.state == state).count();
        let stopped = of_state(RunState::Interrupted) + of_state(RunState::Paused);
        let texts = [
            format!("store {}, {link}", context.session.store),
            format!("audit log {entries} entries"),
            format!(
                "runs {} finished, {} cancelled, {stopped} stopped",
                of_state(RunState::Finished) + of_state(RunState::Decided),
                of_state(RunState::Cancelled)
            ),
        ];
        if height < 4 {
            let text = format!(
                "store {}   audit log {entries} entries   runs stopped {stopped}",
                context.session.store
            );
            return vec![line(text, theme.text)];
        }
        let mut lines: Vec<_> = texts.iter().map(|text| line(text, theme.text)).collect();
        lines.push(line(format!("     of the newest {}", facts.recent.len()), theme.dim));
        lines.push(line("pegbox store verify checks every record", theme.dim));
        lines
    }
}

fn active_lines(row: &ActiveRow, is_selected: bool, width: u16, context: &Context) -> Vec<Line<'static>> {
    let theme = context.theme;
    let progress = &row.progress;
    let totals = progress.totals;
    let sign = if is_selected { ">" } else { " " };
    let [short, long] = GAUGE_COLUMNS;
    let bar = |columns| gauge(totals.saved, progress.outcome_count, columns, &theme.glyphs);
    let done = percent(totals.saved, progress.outcome_count);
    let fail = totals.failed + totals.errored;
    let eta = progress.eta_ms.map_or("--".into(), duration_text);
    let run = progress.run.to_string();
    let name = |columns| pad(&cut_start(&row.subject, columns), columns);
    let mut lines = if width >= RUN_LINE_COLUMNS {
        let numbers = format!("fail {fail} ETA {eta} {} {}", totals.cost, row.source);
        let name = name(SUBJECT_COLUMNS);
        vec![line(
            format!("{sign} {run:8} {name} {} {done:>3}%  {numbers}", bar(short)),
            theme.text,
        )]
    } else {
        let name = name(usize::from(width).saturating_sub(long + 17));
        let saved = format!("{}/{}", totals.saved, progress.outcome_count);
        let numbers = format!("  {saved}  fail {fail}  ETA {eta}  {}  {}", totals.cost, row.source);
        vec![
            line(format!("{sign} {run:8} {name} {} {done:>3}%", bar(long)), theme.text),
            line(numbers, theme.dim),
        ]
    };
    if let Some(notice) = &progress.notice {
        lines.push(line(format!("    ! {notice}"), theme.warn));
    }
    lines
}

fn recent_line(run: &RunSummary, width: u16, context: &Context) -> Line<'static> {
    let verdict = run.verdict.as_ref().map(|(verdict, _)| *verdict);
    // Every verdict says whose answers it is about.
    let state = match run.state {
        RunState::Finished if verdict.is_some() => verdict_brief(verdict.map(|verdict| LabelledVerdict {
            verdict,
            answers: run.run.answers,
        })),
        other if run.run.answers == AnswerSource::Simulated => format!("{} sim", other.as_str()),
        other => other.as_str().to_owned(),
    };
    let columns = usize::from(width).saturating_sub(RECENT_OTHER_COLUMNS);
    let subject = cut_start(&run.run.subject.label(), columns).into_owned();
    line(
        format!(
            "{:8} {} {} {:>6}",
            run.run.id.to_string(),
            pad(&subject, columns),
            pad(&cut(&state, usize::from(VERDICT_COLUMNS)), usize::from(VERDICT_COLUMNS)),
            run.run.started_at.ago_text(context.now)
        ),
        verdict_style(verdict, context.theme),
    )
}
