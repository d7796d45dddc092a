//! The examples of one dataset version: a window on its rows, a filter, and the selected example whole.

mod columns;
mod edit;
#[cfg(test)]
mod tests;
mod view;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use self::columns::{RowColumns, Shown, filter_terms};
use self::edit::ExampleEditing;
use super::example_text;
use super::panes::offered;
use super::run_start::{RunStart, RunWish};
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::dataset::DatasetVersion;
use crate::domain::example::Example;
use crate::domain::ids::{DatasetVersionId, ExampleId};
use crate::text::Printable;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::input::{Key, KeyCode, Mouse, MouseKind};
use crate::tui::msg::Note;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::listing::{HasId, Listing, PAGE_ROWS};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::Table;
use crate::tui::widgets::text_view::{TextView, Wrap};
use crate::workbench::{Answer, Fault, Request, RowsWindow};

/// An example with its place in the dataset version.
#[derive(Debug, Clone)]
struct RowAt {
    place: u64,
    example: Example,
}

impl HasId for RowAt {
    type Id = ExampleId;
    fn id(&self) -> ExampleId {
        self.example.content.id.clone()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pane {
    #[default]
    Rows,
    Example,
}

/// The screen.
#[derive(Debug)]
pub struct Dataset {
    id: DatasetVersionId,
    version: Option<DatasetVersion>,
    list: Listing<RowAt>,
    columns: Option<RowColumns>,
    column: usize,
    shown_columns: Vec<Shown>,
    filter: String,
    typing: Option<Field>,
    fault: Option<Fault>,
    focus: Pane,
    zoomed: bool,
    example_view: TextView,
    example_text: Printable,
    editing: ExampleEditing,
    start: RunStart,
}

impl Dataset {
    /// The screen of a dataset version.
    pub fn new(id: DatasetVersionId) -> Self {
        Self {
            id,
            version: None,
            list: Listing::default(),
            columns: None,
            column: 0,
            shown_columns: Vec::new(),
            filter: String::new(),
            typing: None,
            fault: None,
            focus: Pane::default(),
            zoomed: false,
            example_view: TextView::default(),
            example_text: Printable::default(),
            editing: ExampleEditing::default(),
            start: RunStart::default(),
        }
    }

    fn page(&self, from: u64) -> Request {
        Request::DatasetRows {
            dataset: self.id.clone(),
            filter: self.filter.clone(),
            from,
            limit: usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX),
        }
    }

    fn take_page(&mut self, from: u64, window: RowsWindow, context: &Context) {
        let rows = window
            .rows
            .into_iter()
            .map(|(place, example)| RowAt { place, example })
            .collect();
        self.list.set_page(window.total, from, rows);
        self.version = Some(window.dataset);
        self.fault = None;
        if self.columns.is_none() && !self.list.rows().is_empty() {
            let examples: Vec<&Example> = self.list.rows().iter().map(|row| &row.example).collect();
            self.columns = Some(RowColumns::of(&examples));
        }
        self.settle_columns(context);
        self.show_selected();
    }

    /// Which columns fit changes with the size; the cursor stays on one that is shown.
    fn settle_columns(&mut self, context: &Context) {
        if let Some(columns) = &self.columns {
            self.shown_columns = columns.shown(context.size_class.width);
            self.column = self.column.min(self.shown_columns.len().saturating_sub(1));
        }
    }

    fn show_selected(&mut self) {
        let text = self
            .list
            .selected()
            .map_or_else(String::new, |row| example_text::whole(&row.example));
        let text = Printable::block(&text);
        if text != self.example_text {
            self.example_text = text;
            self.example_view.reset();
        }
    }

    fn filter_by(&mut self, filter: String) -> Vec<Effect> {
        self.filter = filter;
        self.fault = None;
        self.list.select_row(0);
        vec![Effect::Ask(self.page(0))]
    }

    fn command(&mut self, command: CommandId, context: &Context) -> Vec<Effect> {
        self.settle_columns(context);
        let reads = self.focus == Pane::Example || command == CommandId::Wrap;
        if reads && self.example_view.command(command, &self.example_text) {
            return Vec::new();
        }
        if self.list.command(command) {
            self.show_selected();
            let page = self.list.page_wanted();
            return page.map(|from| Effect::Ask(self.page(from))).into_iter().collect();
        }
        match command {
            CommandId::MoveLeft => self.column = self.column.saturating_sub(1),
            CommandId::MoveRight => self.column = (self.column + 1).min(self.shown_columns.len().saturating_sub(1)),
            CommandId::PaneNext | CommandId::PanePrevious => {
                self.focus = match self.focus {
                    Pane::Rows => Pane::Example,
                    Pane::Example => Pane::Rows,
                };
            }
            CommandId::Open => {
                self.focus = Pane::Example;
                self.zoomed = true;
            }
            CommandId::PaneZoom => self.zoomed = !self.zoomed,
            CommandId::Search => self.typing = Some(Field::with_text(self.filter.clone())),
            CommandId::Mark => return vec![Effect::Say(Note::info("one example is changed at a time"))],
            command => return self.act(command),
        }
        Vec::new()
    }

    /// Commands that need the version or the selected example.
    fn act(&mut self, command: CommandId) -> Vec<Effect> {
        match command {
            CommandId::DatasetImport => return vec![Effect::Open(Place::Import)],
            CommandId::Lineage => return vec![Effect::Open(Place::Lineage(self.id.to_string()))],
            CommandId::RunStart => {
                return self.start.begin(RunWish {
                    dataset: Some(self.id.clone()),
                    ..RunWish::default()
                });
            }
            CommandId::CopyCommand => return vec![Effect::Copy(self.command_line())],
            _ => {}
        }
        let Some(row) = self.list.selected() else {
            return Vec::new();
        };
        let content = &row.example.content;
        match command {
            CommandId::History => {
                let place = Place::ExampleHistory(self.id.name.clone(), content.id.clone());
                vec![Effect::Open(place)]
            }
            CommandId::ExampleEdit => vec![self.editing.open_form(&row.example)],
            CommandId::ExampleEditExternal => vec![self.editing.open_editor(&row.example)],
            CommandId::ExampleExclude => vec![self.editing.open_exclusion(&self.id, &row.example)],
            CommandId::FilterKeep | CommandId::FilterDrop => {
                let sign = if command == CommandId::FilterKeep { "=" } else { "!=" };
                let shown = self.shown_columns.get(self.column).unwrap_or(&Shown::Id);
                match filter_terms(content, shown, sign) {
                    Ok(terms) => self.filter_by(format!("{} {terms}", self.filter).trim().to_owned()),
                    Err(why) => vec![Effect::Say(Note::info(why))],
                }
            }
            CommandId::CopyId => vec![Effect::Copy(content.id.to_string())],
            CommandId::CopyValue => vec![Effect::Copy(content.input.plain())],
            CommandId::CopyJson => match serde_json::to_string_pretty(content) {
                Ok(json) => vec![Effect::Copy(json)],
                Err(error) => vec![Effect::Say(Note::warning(format!("{} as JSON: {error}", content.id)))],
            },
            CommandId::CopyAll => vec![Effect::Copy(example_text::whole(&row.example))],
            CommandId::CopyPlain => vec![Effect::ShowPlain {
                title: content.id.to_string(),
                text: example_text::whole(&row.example),
            }],
            _ => Vec::new(),
        }
    }

    fn command_line(&self) -> String {
        let filter = match self.filter.as_str() {
            "" => String::new(),
            filter => format!(" --where '{}'", filter.replace('\'', "'\\''")),
        };
        format!("pegbox dataset rows {}{filter}", self.id)
    }

    fn key(&mut self, key: Key) -> Vec<Effect> {
        let Some(field) = &mut self.typing else {
            return Vec::new();
        };
        match key.code {
            KeyCode::Enter => {
                let filter = field.text().trim().to_owned();
                self.typing = None;
                self.filter_by(filter)
            }
            KeyCode::Esc => {
                self.typing = None;
                self.fault = None;
                Vec::new()
            }
            _ => {
                field.key(key);
                Vec::new()
            }
        }
    }

    fn answered(&mut self, request: Request, result: Result<Answer, Fault>, context: &Context) -> Vec<Effect> {
        match (request, result) {
            (
                Request::DatasetRows {
                    dataset, filter, from, ..
                },
                result,
            ) => {
                if dataset == self.id && filter == self.filter {
                    match result {
                        Ok(Answer::DatasetRows(window)) => self.take_page(from, window, context),
                        Ok(_) => {}
                        Err(fault) => self.page_failed(fault),
                    }
                }
                Vec::new()
            }
            (_, Ok(Answer::DatasetChanged(version))) => {
                let note = Note::info(format!("{} is the new version, shown here", version.id));
                self.id = version.id;
                vec![Effect::Say(note), Effect::Ask(self.page(self.list.page_start()))]
            }
            (_, Ok(Answer::Run(id))) => vec![
                Effect::Say(Note::info(format!("{id} started"))),
                Effect::Open(Place::Run(id)),
            ],
            (_, Ok(answer)) => self.start.answered(&answer),
            (_, Err(fault)) => vec![Effect::Say(Note::failure(&fault))],
        }
    }

    /// A filter that cannot be read is typed on, with the error beside it.
    fn page_failed(&mut self, fault: Fault) {
        if !self.filter.is_empty() {
            self.typing = Some(Field::with_text(self.filter.clone()));
        }
        self.fault = Some(fault);
    }

    fn mouse(&mut self, mouse: Mouse, area: Rect, context: &Context) -> Vec<Effect> {
        let panes = view::split(area, self.zoomed, context);
        let at = Position::new(mouse.column, mouse.row);
        if panes.example.contains(at) {
            self.focus = Pane::Example;
            self.example_view.wheel(mouse);
            return Vec::new();
        }
        if !panes.rows.contains(at) {
            return Vec::new();
        }
        self.focus = Pane::Rows;
        let command = match mouse.kind {
            MouseKind::ScrollDown => CommandId::MoveDown,
            MouseKind::ScrollUp => CommandId::MoveUp,
            MouseKind::Press => {
                Table::new(&[]).click(&mut self.list, Panel::inner(panes.rows), mouse.row);
                self.show_selected();
                return Vec::new();
            }
        };
        self.command(command, context)
    }
}

impl Screen for Dataset {
    fn place(&self) -> Place {
        Place::Dataset(self.id.clone())
    }

    fn scopes(&self) -> Vec<Scope> {
        if self.takes_text() {
            Vec::new()
        } else {
            vec![Scope::Data]
        }
    }

    fn title(&self) -> String {
        format!("Data > {}", self.id)
    }

    fn requests(&self) -> Vec<Request> {
        vec![self.page(self.list.page_start())]
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => self.command(command, context),
            ScreenEvent::Key(key) => self.key(key),
            ScreenEvent::Paste(text) => {
                if let Some(field) = &mut self.typing {
                    field.paste(&text);
                }
                Vec::new()
            }
            ScreenEvent::Mouse(mouse, area) => self.mouse(mouse, area, context),
            ScreenEvent::Answered { request, result } => self.answered(request, result, context),
            ScreenEvent::EditorClosed(Ok(text)) => self.editing.editor_closed(&text),
            ScreenEvent::EditorClosed(Err(fault)) => vec![Effect::Say(Note::failure(&fault))],
            ScreenEvent::Confirmed(confirmed) => self.editing.confirmed(&self.id, confirmed),
            ScreenEvent::Chosen(chosen) => self.start.chosen(&chosen).unwrap_or_default(),
            ScreenEvent::Filled(filled) => match self.start.filled(&filled) {
                Some(effects) => effects,
                None => self.editing.filled(&self.id, &filled),
            },
            ScreenEvent::Progress(_) | ScreenEvent::Tick => Vec::new(),
        }
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        self.draw(frame, area, context);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        let needs_example = matches!(
            command,
            CommandId::ExampleEdit
                | CommandId::ExampleEditExternal
                | CommandId::ExampleExclude
                | CommandId::FilterKeep
                | CommandId::FilterDrop
                | CommandId::History
        );
        match command {
            _ if needs_example && self.list.selected().is_none() => Err("no example is selected".into()),
            CommandId::ProblemNext | CommandId::ProblemPrevious => offered(command, &[]),
            CommandId::Sort => Err("rows stand in the order of the dataset".into()),
            CommandId::Mark => Err("one example is changed at a time".into()),
            CommandId::Compare => Err("esc: the list of versions says what changed".into()),
            _ => Ok(()),
        }
    }

    fn takes_text(&self) -> bool {
        self.typing.is_some()
    }

    fn step_back(&mut self) -> bool {
        if self.zoomed {
            self.zoomed = false;
            self.focus = Pane::Rows;
            return true;
        }
        if self.focus == Pane::Example {
            self.focus = Pane::Rows;
            return true;
        }
        let has_filter = !self.filter.is_empty();
        self.filter.clear();
        self.fault = None;
        has_filter
    }

    fn status(&self) -> String {
        let Some(version) = &self.version else {
            return String::new();
        };
        let row = self.list.selected().map_or_else(String::new, |row| {
            format!("   row {} of {}", row.place + 1, version.example_count)
        });
        let wrap = if self.example_view.wrap() == Wrap::On {
            ""
        } else {
            "   wrap off"
        };
        format!("content {}{row}{wrap}", version.content_hash.short())
    }
}
