//! Data: every version of every dataset, the newest first.

#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::Line;

use super::lines::wrapped_outside;
use super::panes::offered;
use super::run_start::{RunStart, RunWish};
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::dataset::DatasetVersion;
use crate::domain::ids::{DatasetVersionId, ExampleId};
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::input::{Mouse, MouseKind};
use crate::tui::layout::WidthClass;
use crate::tui::msg::Note;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::{HasId, Listing};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{Answer, Fault, Request};

/// Rows of the details under the list, borders included.
const DETAILS_HEIGHT: u16 = 9;
/// Columns of the details beside the list on a wide terminal.
const DETAILS_COLUMNS: u16 = 60;
/// Columns of a dataset version's id: `support_triage_regression@2026-06-01` and a little more.
const ID_COLUMNS: u16 = 38;
/// Changed examples that are named; the others are counted.
const NAMED_EXAMPLES_MAX: usize = 8;
/// Exclusions that are shown with their reasons; the others are counted.
const SHOWN_EXCLUSIONS_MAX: usize = 20;

impl HasId for DatasetVersion {
    type Id = DatasetVersionId;
    fn id(&self) -> DatasetVersionId {
        self.id.clone()
    }
}

/// The screen.
#[derive(Debug, Default)]
pub struct Datasets {
    list: Listing<DatasetVersion>,
    loaded: bool,
    fault: Option<Fault>,
    start: RunStart,
}

impl Datasets {
    fn take(&mut self, mut versions: Vec<DatasetVersion>) {
        versions.sort_by_key(|version| std::cmp::Reverse(version.created_at));
        self.list.set_all(versions);
        self.loaded = true;
        self.fault = None;
    }

    fn command(&mut self, command: CommandId) -> Vec<Effect> {
        if self.list.command(command) {
            return Vec::new();
        }
        if command == CommandId::DatasetImport {
            return vec![Effect::Open(Place::Import)];
        }
        let Some(version) = self.list.selected() else {
            return Vec::new();
        };
        let id = &version.id;
        match command {
            CommandId::Open | CommandId::MoveRight => vec![Effect::Open(Place::Dataset(id.clone()))],
            CommandId::RunStart => {
                let wish = RunWish {
                    dataset: Some(id.clone()),
                    ..RunWish::default()
                };
                self.start.begin(wish)
            }
            CommandId::Lineage => vec![Effect::Open(Place::Lineage(id.to_string()))],
            CommandId::CopyId | CommandId::CopyValue => vec![Effect::Copy(id.to_string())],
            CommandId::CopyCommand => vec![Effect::Copy(format!("pegbox dataset show {id}"))],
            CommandId::CopyJson => match serde_json::to_string_pretty(version) {
                Ok(json) => vec![Effect::Copy(json)],
                Err(error) => vec![Effect::Say(Note::warning(format!("{id} as JSON: {error}")))],
            },
            CommandId::CopyAll => vec![Effect::Copy(details_text(version))],
            CommandId::CopyPlain => vec![Effect::ShowPlain {
                title: id.to_string(),
                text: details_text(version),
            }],
            _ => Vec::new(),
        }
    }

    fn answered(&mut self, request: &Request, result: Result<Answer, Fault>) -> Vec<Effect> {
        match (request, result) {
            (_, Ok(answer)) => {
                let effects = self.start.answered(&answer);
                match answer {
                    Answer::Datasets(versions) => self.take(versions),
                    Answer::Run(id) => {
                        return vec![
                            Effect::Say(Note::info(format!("{id} started"))),
                            Effect::Open(Place::Run(id)),
                        ];
                    }
                    _ => {}
                }
                effects
            }
            (Request::Datasets, Err(fault)) => {
                self.fault = Some(fault);
                Vec::new()
            }
            (_, Err(fault)) => vec![Effect::Say(Note::failure(&fault))],
        }
    }

    fn mouse(&mut self, mouse: Mouse, area: Rect, context: &Context) {
        let [list, _] = split(area, context);
        match mouse.kind {
            MouseKind::ScrollDown => self.list.command(CommandId::MoveDown),
            MouseKind::ScrollUp => self.list.command(CommandId::MoveUp),
            MouseKind::Press if list.contains(Position::new(mouse.column, mouse.row)) => {
                Table::new(&columns()).click(&mut self.list, Panel::inner(list), mouse.row)
            }
            MouseKind::Press => false,
        };
    }
}

impl Screen for Datasets {
    fn place(&self) -> Place {
        Place::Data
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Data]
    }

    fn title(&self) -> String {
        "Data".into()
    }

    fn requests(&self) -> Vec<Request> {
        vec![Request::Datasets]
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => self.command(command),
            ScreenEvent::Answered { request, result } => self.answered(&request, result),
            ScreenEvent::Chosen(chosen) => self.start.chosen(&chosen).unwrap_or_default(),
            ScreenEvent::Filled(filled) => self.start.filled(&filled).unwrap_or_default(),
            ScreenEvent::Mouse(mouse, area) => {
                self.mouse(mouse, area, context);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let [list, details] = split(area, context);
        let inner = Panel::new("Datasets")
            .note("newest first")
            .focused(true)
            .draw(frame, list, context.theme);
        let empty = match (&self.fault, self.loaded) {
            (Some(fault), _) => format!("{}. {}", fault.what, fault.hint),
            (None, false) => "loading datasets".into(),
            (None, true) => format!(
                "No dataset yet. {} imports a JSONL, CSV or JSON file.",
                context.keymap.shown(CommandId::DatasetImport).unwrap_or_default()
            ),
        };
        Table::new(&columns()).focus(Focus::Here).empty(&empty).draw(
            frame,
            inner,
            context.theme,
            &self.list,
            |version| {
                vec![
                    TableCell::plain(version.id.to_string()),
                    TableCell::plain(version.example_count.to_string()),
                    TableCell::plain(version.created_at.ago_text(context.now)),
                    TableCell::new(version.reason.as_str(), context.theme.dim),
                ]
            },
        );
        if let Some(version) = self.list.selected() {
            draw_details(frame, details, version, context);
        }
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        let off = |why: &str| Err(why.to_owned());
        match command {
            CommandId::ExampleEdit
            | CommandId::ExampleEditExternal
            | CommandId::ExampleExclude
            | CommandId::FilterKeep
            | CommandId::FilterDrop
            | CommandId::Mark => off("open the dataset first"),
            CommandId::ProblemNext | CommandId::ProblemPrevious => offered(command, &[]),
            CommandId::Sort => off("versions stand newest first"),
            CommandId::Search => off("the list is short; inside a dataset / filters its examples"),
            CommandId::Compare => off("what changed since the version before stands in the details"),
            CommandId::History => off("all versions are in this list"),
            CommandId::Open | CommandId::RunStart | CommandId::Lineage if self.list.selected().is_none() => {
                off("no dataset is selected")
            }
            _ => Ok(()),
        }
    }

    fn status(&self) -> String {
        self.list
            .selected()
            .map_or_else(String::new, |version| format!("content {}", version.content_hash))
    }
}

/// The list, and the details of the selected version below it or beside it.
fn split(area: Rect, context: &Context) -> [Rect; 2] {
    if context.size_class.width == WidthClass::Wide {
        return Layout::horizontal([Constraint::Min(0), Constraint::Length(DETAILS_COLUMNS)]).areas(area);
    }
    let details = if context.size_class.short { 0 } else { DETAILS_HEIGHT };
    Layout::vertical([Constraint::Min(0), Constraint::Length(details)]).areas(area)
}

fn columns() -> [Column; 4] {
    [
        Column::fixed("dataset", ID_COLUMNS),
        Column::number("examples", 9),
        Column::fixed("made", 7),
        Column::share("reason", 1),
    ]
}

fn draw_details(frame: &mut Frame, area: Rect, version: &DatasetVersion, context: &Context) {
    let inner = Panel::new(version.id.to_string())
        .note(format!("sha {}", version.content_hash.short()))
        .draw(frame, area, context.theme);
    let columns = usize::from(inner.width.saturating_sub(1));
    let lines = wrapped_outside(&details_text(version), columns, 1, context.theme.text);
    for (line, y) in lines.into_iter().zip(inner.y..inner.bottom()) {
        let line: Line = line;
        frame.render_widget(line, Rect::new(inner.x, y, inner.width, 1));
    }
}

fn details_text(version: &DatasetVersion) -> String {
    let changes = &version.changes;
    let mut lines = vec![
        format!("reason    {}", version.reason),
        format!("made      by {} at {}", version.author, version.created_at),
        version.parent.as_ref().map_or_else(
            || "parent    none: the first version".to_owned(),
            |parent| format!("parent    {parent}: {}", changes.summary()),
        ),
    ];
    for (title, ids) in [
        ("added     ", &changes.added),
        ("changed   ", &changes.changed),
        ("removed   ", &changes.removed),
    ] {
        if version.parent.is_some() && !ids.is_empty() {
            lines.push(format!("{title}{}", named(ids)));
        }
    }
    for exclusion in version.exclusions.iter().take(SHOWN_EXCLUSIONS_MAX) {
        lines.push(format!("excluded  {}: {}", exclusion.row.example, exclusion.reason));
    }
    let more = version.exclusions.len().saturating_sub(SHOWN_EXCLUSIONS_MAX);
    if more > 0 {
        lines.push(format!("excluded  {more} more"));
    }
    lines.join("\n")
}

fn named(ids: &[ExampleId]) -> String {
    let shown: Vec<&str> = ids.iter().take(NAMED_EXAMPLES_MAX).map(ExampleId::as_str).collect();
    let more = ids.len().saturating_sub(NAMED_EXAMPLES_MAX);
    if more == 0 {
        shown.join(", ")
    } else {
        format!("{} and {more} more", shown.join(", "))
    }
}
