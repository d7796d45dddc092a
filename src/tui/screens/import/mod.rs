//! A file on its way to a dataset version: what would be read is shown before anything is stored.

mod preview;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use self::preview::{preview_lines, report_lines, summary};
use super::lines::{Scroll, wrapped_outside};
use super::panes::offered;
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::ids::{DatasetLabel, DatasetName};
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::input::{Key, KeyCode, Mouse, MouseKind};
use crate::tui::msg::Note;
use crate::tui::widgets::field::{Field, Focus};
use crate::tui::widgets::panel::Panel;
use crate::workbench::{Answer, Fault, ImportPreview, ImportReport, ImportRequest, Request};

/// What is typed, in this order.
const LABELS: [(&str, &str); 5] = [
    ("file", "JSONL, CSV or a JSON array"),
    ("dataset", "its name, as support_triage_regression"),
    ("label", "may stay empty: the day"),
    ("mapping", "may stay empty: as input.ticket=text,expected=label"),
    ("reason", "why this version"),
];
const FILE: usize = 0;
const NAME: usize = 1;
const LABEL: usize = 2;
const MAPPING: usize = 3;
const REASON: usize = 4;
/// The place of the button among the fields.
const BUTTON: usize = LABELS.len();
/// Columns of the words before the fields.
const LABEL_COLUMNS: u16 = 9;
/// Rows of the fields with the button and the borders.
const FIELDS_HEIGHT: u16 = 8;

/// What came of the file so far.
#[derive(Debug, Default)]
enum Shown {
    #[default]
    Nothing,
    Reading,
    Preview(Box<ImportPreview>),
    Report(Box<ImportReport>),
    Fault(Fault),
}

/// The screen.
#[derive(Debug)]
pub struct Import {
    fields: [Field; LABELS.len()],
    /// The field or button that takes keys; none while keys are commands.
    focus: Option<usize>,
    /// The name that was made of the path; it follows the path until somebody types another.
    named: String,
    /// What the preview was asked for.
    asked: (String, String),
    shown: Shown,
    scroll: Scroll,
}

impl Default for Import {
    fn default() -> Self {
        Self {
            fields: Default::default(),
            focus: Some(FILE),
            named: String::new(),
            asked: Default::default(),
            shown: Shown::default(),
            scroll: Scroll::default(),
        }
    }
}

impl Import {
    fn text(&self, field: usize) -> &str {
        self.fields.get(field).map(Field::text).unwrap_or_default().trim()
    }

    fn key(&mut self, key: Key) -> Vec<Effect> {
        let Some(focus) = self.focus else {
            return Vec::new();
        };
        let stops = BUTTON + 1;
        match key.code {
            KeyCode::Esc => self.focus = None,
            KeyCode::Enter if focus == BUTTON => return self.import(),
            KeyCode::Tab if key.modifiers.shift => return self.go_to((focus + stops - 1) % stops),
            KeyCode::Up => return self.go_to(focus.saturating_sub(1)),
            KeyCode::Tab => return self.go_to((focus + 1) % stops),
            KeyCode::Down | KeyCode::Enter => return self.go_to((focus + 1).min(BUTTON)),
            _ => {
                if let Some(field) = self.fields.get_mut(focus) {
                    field.key(key);
                }
            }
        }
        Vec::new()
    }

    /// Moves to a field; one that decides what is read is looked at when it is left.
    fn go_to(&mut self, field: usize) -> Vec<Effect> {
        self.focus = Some(field);
        if self.text(NAME) == self.named
            && let Some(name) = name_of(self.text(FILE))
            && let Some(field) = self.fields.get_mut(NAME)
        {
            *field = Field::with_text(name.clone());
            self.named = name;
        }
        self.ask_preview()
    }

    /// Asks what would be read, unless it is known.
    fn ask_preview(&mut self) -> Vec<Effect> {
        let now = (self.text(FILE).to_owned(), self.text(MAPPING).to_owned());
        if now.0.is_empty() || now == self.asked {
            return Vec::new();
        }
        self.asked = now;
        self.shown = Shown::Reading;
        self.scroll.reset();
        vec![Effect::Ask(Request::PreviewImport {
            path: PathBuf::from(&self.asked.0),
            mapping: self.asked.1.clone(),
        })]
    }

    fn import(&mut self) -> Vec<Effect> {
        let complain = |screen: &mut Self, field: usize, why: String| {
            screen.focus = Some(field);
            vec![Effect::Say(Note::warning(why))]
        };
        if self.text(FILE).is_empty() {
            return complain(self, FILE, "which file? type its path".into());
        }
        let name = match DatasetName::new(self.text(NAME)) {
            Ok(name) => name,
            Err(error) => return complain(self, NAME, error.to_string()),
        };
        let label = match self.text(LABEL) {
            "" => None,
            label => match DatasetLabel::new(label) {
                Ok(label) => Some(label),
                Err(error) => return complain(self, LABEL, error.to_string()),
            },
        };
        if self.text(REASON).is_empty() {
            return complain(self, REASON, "a reason is needed: say what this version is for".into());
        }
        vec![Effect::Ask(Request::ImportDataset(Box::new(ImportRequest {
            path: PathBuf::from(self.text(FILE)),
            name,
            label,
            mapping: self.text(MAPPING).to_owned(),
            reason: self.text(REASON).to_owned(),
        })))]
    }

    fn answered(&mut self, request: &Request, result: Result<Answer, Fault>) -> Vec<Effect> {
        match (request, result) {
            (Request::PreviewImport { path, mapping }, result) => {
                if (path.to_str(), mapping.as_str()) == (Some(self.asked.0.as_str()), self.asked.1.as_str()) {
                    self.shown = match result {
                        Ok(Answer::Preview(preview)) => Shown::Preview(Box::new(preview)),
                        Ok(_) => Shown::Nothing,
                        Err(fault) => Shown::Fault(fault),
                    };
                }
                Vec::new()
            }
            (_, Ok(Answer::Imported(report))) => self.imported(report),
            (_, Ok(_)) => Vec::new(),
            (_, Err(fault)) => vec![Effect::Say(Note::failure(&fault))],
        }
    }

    fn imported(&mut self, report: ImportReport) -> Vec<Effect> {
        if let Some(dataset) = &report.dataset {
            let id = dataset.id.clone();
            let note = Note::info(format!("{id}: {} examples imported", dataset.example_count));
            return vec![Effect::Say(note), Effect::Back, Effect::Open(Place::Dataset(id))];
        }
        let note = Note::warning(format!(
            "NOT imported: {} malformed rows; correct the file or the mapping",
            report.fault_count
        ));
        self.scroll.reset();
        // The file is going to be corrected: leaving its field reads it again.
        self.asked = Default::default();
        self.shown = Shown::Report(Box::new(report));
        vec![Effect::Say(note)]
    }

    fn lines(&self, columns: usize, context: &Context) -> Vec<Line<'static>> {
        let theme = context.theme;
        match &self.shown {
            Shown::Nothing => wrapped_outside(
                "Type the path of a file, then enter: its format, columns, mapping and first rows are shown here, \
                 and rows that cannot be used with their lines. Nothing is stored before you say so.",
                columns,
                0,
                theme.dim,
            ),
            Shown::Reading => vec![Line::styled("reading the file", theme.dim)],
            Shown::Preview(preview) => preview_lines(preview, columns, theme),
            Shown::Report(report) => report_lines(report, columns, theme),
            Shown::Fault(fault) => {
                let mut lines = wrapped_outside(&fault.what, columns, 0, theme.fail);
                lines.extend(wrapped_outside(&fault.hint, columns, 0, theme.text));
                lines
            }
        }
    }

    fn draw_fields(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        for (at, ((label, help), y)) in LABELS.iter().zip(area.y..area.bottom()).enumerate() {
            let focused = self.focus == Some(at);
            let style = if focused { theme.focus } else { theme.text };
            let row = Rect::new(area.x, y, area.width, 1);
            let sign = if focused { '>' } else { ' ' };
            frame.render_widget(Line::styled(format!("{sign} {label}"), style), row);
            let start = area.x.saturating_add(LABEL_COLUMNS + 1);
            let room = area.width.saturating_sub(LABEL_COLUMNS + 2);
            let field_area = Rect::new(start, y, room, 1).intersection(area);
            let Some(field) = self.fields.get(at) else {
                continue;
            };
            field.draw_boxed(frame, field_area, theme, Focus::when(focused));
            if field.text().is_empty() && room > 6 {
                let inner = Rect::new(start + 3, y, room - 6, 1).intersection(area);
                frame.render_widget(Line::styled(*help, theme.dim), inner);
            }
        }
        let y = area.y.saturating_add(u16::try_from(BUTTON).unwrap_or(0));
        if y < area.bottom() {
            let focused = self.focus == Some(BUTTON);
            let style = if focused { theme.selected } else { theme.text };
            let sign = if focused { "> " } else { "  " };
            let button = Line::from(vec![Span::raw(sign), Span::styled("[ Import ]", style)]);
            frame.render_widget(button, Rect::new(area.x, y, area.width, 1));
        }
    }

    fn mouse(&mut self, mouse: Mouse, area: Rect) -> Vec<Effect> {
        let [fields, _] = split(area);
        if mouse.kind != MouseKind::Press {
            self.scroll.wheel(mouse);
            return Vec::new();
        }
        let line = mouse.row.checked_sub(fields.y + 1).map(usize::from);
        match line.filter(|line| *line <= BUTTON) {
            Some(BUTTON) => self.import(),
            Some(line) => self.go_to(line),
            None => Vec::new(),
        }
    }
}

impl Screen for Import {
    fn place(&self) -> Place {
        Place::Import
    }

    fn scopes(&self) -> Vec<Scope> {
        if self.takes_text() {
            Vec::new()
        } else {
            vec![Scope::Data]
        }
    }

    fn title(&self) -> String {
        "Data > Import".into()
    }

    /// Nothing of the store is shown here, and a large file is not read again because of a change there.
    fn requests(&self) -> Vec<Request> {
        Vec::new()
    }

    fn update(&mut self, event: ScreenEvent, _context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Key(key) => self.key(key),
            ScreenEvent::Paste(text) => {
                if let Some(field) = self.focus.and_then(|at| self.fields.get_mut(at)) {
                    field.paste(&text);
                }
                Vec::new()
            }
            ScreenEvent::Command(CommandId::Open) => {
                self.focus = Some(FILE);
                Vec::new()
            }
            ScreenEvent::Command(CommandId::DatasetImport) => self.import(),
            ScreenEvent::Command(command) => {
                self.scroll.command(command);
                Vec::new()
            }
            ScreenEvent::Mouse(mouse, area) => self.mouse(mouse, area),
            ScreenEvent::Answered { request, result } => self.answered(&request, result),
            _ => Vec::new(),
        }
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let [fields, below] = split(area);
        let inner = Panel::new("Import a file")
            .note("tab next field, esc leave")
            .focused(self.focus.is_some())
            .draw(frame, fields, context.theme);
        self.draw_fields(frame, inner, context);
        let title = match &self.shown {
            Shown::Report(_) => "NOT imported",
            _ => "What would be read",
        };
        let inner = Panel::new(title)
            .focused(self.focus.is_none())
            .draw(frame, below, context.theme);
        let inner = Rect::new(
            inner.x.saturating_add(1).min(inner.right()),
            inner.y,
            inner.width.saturating_sub(2),
            inner.height,
        );
        let lines = self.lines(usize::from(inner.width), context);
        self.scroll.draw(frame, inner, context.theme, lines);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        let of_screen = matches!(command, CommandId::Open | CommandId::DatasetImport);
        let is_data = command.command().scopes == [Scope::Data] || command == CommandId::RunStart;
        let elsewhere = matches!(command, CommandId::Lineage | CommandId::Compare | CommandId::History);
        if (is_data && !of_screen) || elsewhere || command == CommandId::Sort {
            return Err("a file is being imported here".into());
        }
        match command {
            CommandId::ProblemNext | CommandId::ProblemPrevious => offered(command, &[]),
            _ => Ok(()),
        }
    }

    fn takes_text(&self) -> bool {
        self.focus.is_some()
    }

    fn status(&self) -> String {
        match &self.shown {
            Shown::Preview(preview) => summary(preview),
            _ => String::new(),
        }
    }
}

fn split(area: Rect) -> [Rect; 2] {
    Layout::vertical([Constraint::Length(FIELDS_HEIGHT), Constraint::Min(0)]).areas(area)
}

/// A dataset name from a file's name, where one can be made of it.
fn name_of(path: &str) -> Option<String> {
    let stem = Path::new(path).file_stem()?.to_str()?.to_lowercase();
    let name: String = stem
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let name = name.trim_matches('_').to_owned();
    DatasetName::new(&*name).is_ok().then_some(name)
}
