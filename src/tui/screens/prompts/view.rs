//! How the prompts screen is laid out and drawn.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use ratatui::text::Line;

use super::{Order, Pane, PromptRow, Prompts, VersionRow, short};
use crate::domain::draft::Draft;
use crate::domain::ids::VersionId;
use crate::domain::version::PromptVersion;
use crate::text::{Printable, wrap_lines};
use crate::tui::input::Mouse;
use crate::tui::layout::WidthClass;
use crate::tui::screens::Context;
use crate::tui::screens::figures::{SIMULATED, VERDICT_COLUMNS, verdict_cell, verdict_text};
use crate::tui::screens::panes::draw_lines;
use crate::tui::theme::Theme;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::VersionSummary;

/// Rows of the list of prompts, with border and header, where versions stand below it.
const PROMPTS_ROWS: (u16, u16) = (6, 10);
/// Rows of the details, with their border.
const DETAIL_ROWS: u16 = 7;
/// Columns of the list of prompts where versions stand beside it.
const PROMPTS_COLUMNS: u16 = 72;
/// Rows above the first of a table: border and header.
const ROWS_ABOVE: u16 = 2;

/// Where the panes are. A pane that has no room is not drawn.
struct Areas {
    prompts: Rect,
    versions: Rect,
    detail: Rect,
}

impl Prompts {
    fn areas(&self, area: Rect, context: &Context) -> Areas {
        let none = Rect::new(area.x, area.y, 0, 0);
        if self.is_zoomed {
            let (prompts, versions) = match self.focus {
                Pane::Prompts => (area, none),
                Pane::Versions => (none, area),
            };
            return Areas {
                prompts,
                versions,
                detail: none,
            };
        }
        let detail_rows = Constraint::Length(if context.size_class.short { 0 } else { DETAIL_ROWS });
        if context.size_class.width == WidthClass::Wide {
            let columns = [Constraint::Length(PROMPTS_COLUMNS), Constraint::Min(0)];
            let [prompts, right] = Layout::horizontal(columns).areas(area);
            let [versions, detail] = Layout::vertical([Constraint::Min(0), detail_rows]).areas(right);
            return Areas {
                prompts,
                versions,
                detail,
            };
        }
        let (fewest, most) = PROMPTS_ROWS;
        let wanted = u16::try_from(self.list.total()).unwrap_or(most).saturating_add(3);
        let prompt_rows = Constraint::Length(wanted.clamp(fewest, most).min(area.height / 2));
        let [prompts, versions, detail] = Layout::vertical([prompt_rows, Constraint::Min(0), detail_rows]).areas(area);
        Areas {
            prompts,
            versions,
            detail,
        }
    }

    /// The pane under the mouse, and how many rows below its first.
    pub(super) fn row_under(&self, mouse: Mouse, area: Rect, context: &Context) -> Option<(Pane, Option<u16>)> {
        let areas = self.areas(area, context);
        let at = (mouse.column, mouse.row).into();
        let panes = [(Pane::Prompts, areas.prompts), (Pane::Versions, areas.versions)];
        let (pane, area) = panes.into_iter().find(|(_, area)| area.contains(at))?;
        Some((pane, mouse.row.checked_sub(area.y + ROWS_ABOVE)))
    }

    pub(super) fn draw(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let areas = self.areas(area, context);
        if areas.prompts.height > 0 {
            self.draw_prompts(frame, areas.prompts, context);
        }
        if areas.versions.height > 0 {
            self.draw_versions(frame, areas.versions, context);
        }
        if areas.detail.height > 0 {
            self.draw_detail(frame, areas.detail, context);
        }
    }

    fn draw_prompts(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let note = match self.order {
            Order::NewestChange => "newest change first",
            Order::Name => "by name",
        };
        let is_focused = self.focus == Pane::Prompts;
        let mut inner = Panel::new("Prompts")
            .note(note)
            .focused(is_focused)
            .draw(frame, area, theme);
        if self.filter_field.is_some() || !self.filter.is_empty() {
            let [rest, last] = Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(inner);
            self.draw_filter(frame, last, theme);
            inner = rest;
        }
        let empty = match (&self.failure, &self.all) {
            (Some(why), _) => Printable::line(&format!("The prompts cannot be read: {why}")).to_string(),
            (None, None) => "loading the prompts".into(),
            (None, Some(all)) if all.is_empty() => {
                "No prompt yet. a makes one. pegbox demo fills a sample store.".into()
            }
            (None, Some(_)) => "No prompt matches. esc clears the filter.".into(),
        };
        let columns = [
            Column::share("prompt", 1),
            Column::fixed("newest", 6),
            Column::fixed("draft", 5),
            Column::fixed("production", 10),
            Column::fixed("staging", 7),
            Column::fixed("gate", VERDICT_COLUMNS),
            Column::fixed("changed", 7),
        ];
        Table::new(&columns)
            .focus(Focus::when(is_focused && self.filter_field.is_none()))
            .empty(&empty)
            .draw(frame, inner, theme, &self.list, |row| prompt_cells(row, context));
    }

    fn draw_filter(&self, frame: &mut Frame, area: Rect, theme: &Theme) {
        let [sign, rest] = Layout::horizontal([Constraint::Length(2), Constraint::Min(0)]).areas(area);
        frame.render_widget(Line::styled("/ ", theme.key), sign);
        if let Some(field) = &self.filter_field {
            return field.draw(frame, rest, theme.text, Focus::Here);
        }
        let text = Printable::line(&self.filter);
        frame.render_widget(Line::styled(text.as_str(), theme.text), rest);
    }

    fn draw_versions(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let is_focused = self.focus == Pane::Versions;
        let (title, note) = match (self.selected_prompt(), self.selected_detail()) {
            (None, _) => ("Versions".to_owned(), String::new()),
            (Some(summary), None) => (format!("{} versions", summary.prompt.name), String::new()),
            (Some(summary), Some(detail)) => {
                let count = detail.versions.len();
                let plural = if count == 1 { "" } else { "s" };
                (summary.prompt.name.to_string(), format!("{count} version{plural}"))
            }
        };
        let inner = Panel::new(title)
            .note(note)
            .focused(is_focused)
            .draw(frame, area, theme);
        let empty = match (self.selected_prompt(), self.selected_detail()) {
            (None, _) => "Select a prompt to see its versions.",
            (Some(_), None) => "loading the versions",
            (Some(_), Some(_)) => "No version yet. e opens the editor, ^s saves the first.",
        };
        let is_narrow = context.size_class.width == WidthClass::Narrow;
        let mut columns = vec![
            Column::fixed("version", 7),
            Column::fixed("live", 12),
            Column::share("reason", 1),
            Column::fixed("author", 8),
            Column::fixed("run", 7),
            Column::fixed("gate", VERDICT_COLUMNS),
        ];
        // Where there is no room for the age, the details have the moment.
        if !is_narrow {
            columns.push(Column::fixed("age", 6));
        }
        Table::new(&columns).focus(Focus::when(is_focused)).empty(empty).draw(
            frame,
            inner,
            theme,
            &self.versions,
            |row| match row {
                VersionRow::Draft(draft) => draft_cells(draft, context),
                VersionRow::Version(summary) => version_cells(summary, context),
            },
        );
    }

    /// What there is to know about the version that commands are about.
    fn draw_detail(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let (title, lines) = match (self.focus, self.versions.selected(), self.subject()) {
            (Pane::Versions, Some(VersionRow::Draft(draft)), _) => ("draft".to_owned(), draft_lines(draft)),
            (_, _, Some(summary)) => (summary.version.id.to_string(), version_lines(summary)),
            _ => match self.selected_prompt() {
                Some(summary) => (
                    summary.prompt.name.to_string(),
                    vec![summary.prompt.description.clone()],
                ),
                None => (String::new(), Vec::new()),
            },
        };
        let inner = Panel::new(title).draw(frame, area, theme).inner(Margin::new(1, 0));
        let columns = usize::from(inner.width);
        let lines = lines
            .iter()
            .flat_map(|line| wrap_lines(Printable::line(line).as_str(), columns));
        draw_lines(frame, inner, lines.map(|line| Line::styled(line, theme.text)));
    }
}

fn prompt_cells(row: &PromptRow, context: &Context) -> Vec<TableCell> {
    let theme = context.theme;
    let summary = &row.0;
    let version = |id: &Option<VersionId>| match id {
        Some(id) => TableCell::plain(short(id)),
        None => TableCell::new("--", theme.dim),
    };
    vec![
        TableCell::plain(summary.prompt.name.as_str()),
        version(&summary.newest),
        TableCell::plain(if summary.has_draft { "*" } else { "" }),
        version(&summary.production),
        version(&summary.staging),
        verdict_cell(summary.verdict, VERDICT_COLUMNS, theme),
        TableCell::new(summary.changed_at.ago_text(context.now), theme.dim),
    ]
}

fn draft_cells(draft: &Draft, context: &Context) -> Vec<TableCell> {
    let theme = context.theme;
    let base = draft
        .base
        .as_ref()
        .map_or_else(|| "a first draft".to_owned(), |base| format!("on {}", short(base)));
    vec![
        TableCell::plain("draft *"),
        TableCell::plain(""),
        TableCell::new(base, theme.dim),
        TableCell::plain(draft.saved_by.as_str()),
        TableCell::plain(""),
        TableCell::plain(""),
        TableCell::new(draft.saved_at.ago_text(context.now), theme.dim),
    ]
}

fn version_cells(summary: &VersionSummary, context: &Context) -> Vec<TableCell> {
    let theme = context.theme;
    let version = &summary.version;
    let live = summary.live_in.iter().map(|promotion| promotion.environment.as_str());
    let (run, verdict) = match &summary.newest_run {
        Some((run, verdict)) => (run.to_string(), *verdict),
        None => ("--".to_owned(), None),
    };
    vec![
        TableCell::plain(short(&version.id)),
        TableCell::plain(live.collect::<Vec<_>>().join(",")),
        TableCell::plain(version.reason.text.as_str()),
        TableCell::plain(version.author.as_str()),
        TableCell::plain(run),
        verdict_cell(verdict, VERDICT_COLUMNS, theme),
        TableCell::new(version.committed_at.ago_text(context.now), theme.dim),
    ]
}

fn is_simulated(version: &PromptVersion) -> bool {
    version.content.model.provider == "simulated"
}

fn draft_lines(draft: &Draft) -> Vec<String> {
    let base = draft
        .base
        .as_ref()
        .map_or_else(|| "a first draft".to_owned(), |base| format!("began from {base}"));
    vec![
        format!("{base}   kept {} by {}", draft.saved_at, draft.saved_by),
        format!(
            "{} lines. e edits it, ^s saves it as a version, x drops it",
            draft.source.lines().count()
        ),
    ]
}

fn version_lines(summary: &VersionSummary) -> Vec<String> {
    let version = &summary.version;
    let kind = version.reason.kind.as_str().replace('_', " ");
    let link = version
        .reason
        .link
        .as_ref()
        .map_or_else(String::new, |link| format!("   {link}"));
    let base = version
        .base
        .as_ref()
        .map_or_else(|| "none, it is the first".to_owned(), ToString::to_string);
    let live = summary.live_in.iter().map(ToString::to_string).collect::<Vec<_>>();
    let live = if live.is_empty() {
        "nowhere".to_owned()
    } else {
        live.join(", ")
    };
    let model = &version.content.model;
    let temperature = model
        .temperature
        .map_or_else(String::new, |value| format!("  temp {value}"));
    let source = if is_simulated(version) { SIMULATED } else { "" };
    let run = match &summary.newest_run {
        Some((run, Some(verdict))) => format!("{run} gate {}", verdict_text(Some(*verdict))),
        Some((run, None)) => format!("{run}, no gate yet"),
        None => "no run yet: r starts one".to_owned(),
    };
    vec![
        format!("{kind}: {}{link}", version.reason.text),
        format!("base {base}   live {live}   {run}"),
        format!(
            "{}{temperature}  format {}  {source}",
            model.name,
            model.response_format.label()
        ),
        format!(
            "{} by {}   content {}",
            version.committed_at,
            version.author,
            version.content_hash.short()
        ),
    ]
}
