//! What keys and commands do in the editor.

use ratatui::layout::Rect;
use tui_textarea::CursorMove;

use super::document::{Direction, Side};
use super::try_form::{TRY_TAG, TryForm};
use super::{Editor, Loading, Mode, OnceSaved, Pane};
use crate::tui::command::CommandId;
use crate::tui::effect::Effect;
use crate::tui::input::{Key, KeyCode, Mouse, MouseKind};
use crate::tui::msg::Note;
use crate::tui::overlays::form::Filled;
use crate::tui::screens::run_start::RunWish;
use crate::tui::screens::{Context, commit_form};
use crate::tui::widgets::field::Field;
use crate::workbench::Request;

/// Lines that one step of the wheel moves by.
const WHEEL_LINES: isize = 3;

impl Editor {
    pub(super) fn command(&mut self, command: CommandId) -> Vec<Effect> {
        if self.loading != Loading::Ready {
            return Vec::new();
        }
        match command {
            CommandId::VersionCommit => {
                let mut effects = self.save_now();
                effects.push(Effect::Fill(commit_form::form(&self.prompt, self.reason.as_ref())));
                return effects;
            }
            CommandId::VersionCompare => return self.once_saved(OnceSaved::Compare),
            CommandId::EditorLeave => return self.once_saved(OnceSaved::Close),
            CommandId::RunStart => return self.run_or_try(),
            CommandId::DraftTry => return self.try_draft(),
            CommandId::DraftEditExternal => return vec![Effect::OpenEditor(self.document.source())],
            CommandId::Search => self.search.field = Some(Field::default()),
            CommandId::MatchNext => self.find(Direction::Forward),
            CommandId::MatchPrevious => self.find(Direction::Backward),
            CommandId::ProblemNext => self.go_to_mark(Direction::Forward),
            CommandId::ProblemPrevious => self.go_to_mark(Direction::Backward),
            CommandId::PaneNext => self.turn_focus(Direction::Forward),
            CommandId::PanePrevious => self.turn_focus(Direction::Backward),
            CommandId::PaneZoom => self.is_zoomed = !self.is_zoomed,
            CommandId::CopyValue => return vec![Effect::Copy(self.cursor_line())],
            CommandId::CopyAll => return vec![Effect::Copy(self.document.source())],
            CommandId::CopyId => return vec![Effect::Copy(self.prompt.to_string())],
            CommandId::CopyCommand => return vec![Effect::Copy(format!("pegbox prompt show {}", self.prompt))],
            CommandId::CopyPlain => {
                return vec![Effect::ShowPlain {
                    title: self.heading(),
                    text: self.document.source(),
                }];
            }
            _ if self.focus != Pane::Text && self.scroll_side(command) => {}
            _ => {
                self.edit(command);
            }
        }
        Vec::new()
    }

    /// Commands that edit or move in the text.
    fn edit(&mut self, command: CommandId) {
        let height = isize::try_from(self.viewport.height()).unwrap_or(isize::MAX);
        let half = height / 2 + 1;
        let document = &mut self.document;
        match command {
            CommandId::EditorDone => {
                self.stop_typing();
                self.refresh_summary();
            }
            CommandId::EditorInsert => self.start_typing(),
            CommandId::EditorAppend => {
                // Behind the last character there is nothing to step over.
                let (line, column) = document.cursor();
                document.jump(line, column + 1);
                self.start_typing();
            }
            CommandId::EditorOpenBelow => self.open_line(Side::Below),
            CommandId::EditorOpenAbove => self.open_line(Side::Above),
            CommandId::EditorWordNext => document.go(CursorMove::WordForward),
            CommandId::EditorWordPrevious => document.go(CursorMove::WordBack),
            CommandId::EditorLineStart => document.go(CursorMove::Head),
            CommandId::EditorLineEnd => document.go(CursorMove::End),
            CommandId::EditorDeleteChar => document.delete_char(),
            CommandId::EditorDeleteLine => document.delete_line(),
            CommandId::EditorCopyLine => document.copy_line(),
            CommandId::EditorPut => {
                document.put_line();
            }
            CommandId::EditorUndo | CommandId::EditorUndoTyping => {
                document.undo();
            }
            CommandId::EditorRedo => {
                document.redo();
            }
            CommandId::MoveLeft => document.go(CursorMove::Back),
            CommandId::MoveRight => document.go(CursorMove::Forward),
            CommandId::MoveDown => document.go(CursorMove::Down),
            CommandId::MoveUp => document.go(CursorMove::Up),
            CommandId::PageDown => document.go_lines(height),
            CommandId::PageUp => document.go_lines(-height),
            CommandId::HalfDown => document.go_lines(half),
            CommandId::HalfUp => document.go_lines(-half),
            CommandId::First => document.jump(0, 0),
            CommandId::Last => document.go(CursorMove::Bottom),
            _ => {}
        }
    }

    fn start_typing(&mut self) {
        self.focus = Pane::Text;
        self.mode = Mode::Insert;
    }

    pub(super) fn stop_typing(&mut self) {
        self.mode = Mode::Normal;
        self.save.try_again();
    }

    fn open_line(&mut self, side: Side) {
        self.document.open_line(side);
        self.start_typing();
    }

    /// A key of typing, in the search's field while that is open.
    pub(super) fn key(&mut self, key: Key) -> Vec<Effect> {
        let Some(field) = &mut self.search.field else {
            self.type_key(key);
            return Vec::new();
        };
        match key.code {
            KeyCode::Esc => self.search.field = None,
            KeyCode::Enter => {
                self.search.query = field.text().to_owned();
                self.search.field = None;
                self.find(Direction::Forward);
            }
            _ => {
                field.key(key);
            }
        }
        Vec::new()
    }

    fn type_key(&mut self, key: Key) {
        if self.mode != Mode::Insert || self.loading != Loading::Ready {
            return;
        }
        let height = isize::try_from(self.viewport.height()).unwrap_or(isize::MAX);
        match key.code {
            KeyCode::PageDown => self.document.go_lines(height),
            KeyCode::PageUp => self.document.go_lines(-height),
            _ => {
                self.document.key(key);
            }
        }
    }

    /// A paste: into the search's field, else into the text.
    pub(super) fn paste(&mut self, text: &str) -> Vec<Effect> {
        match &mut self.search.field {
            Some(field) => field.paste(text),
            None if self.mode == Mode::Insert && self.loading == Loading::Ready => self.document.paste(text),
            None => {}
        }
        Vec::new()
    }

    /// A click sets the cursor, the wheel moves it.
    pub(super) fn mouse(&mut self, mouse: Mouse, area: Rect, context: &Context) {
        let inside = self.text_area(area, context);
        let is_inside = inside.contains((mouse.column, mouse.row).into());
        match mouse.kind {
            _ if !is_inside => {}
            MouseKind::Press => {
                self.focus = Pane::Text;
                let line = self.viewport.line_at(&self.document, mouse.row - inside.y);
                let (_, column) = self.document.cursor();
                self.document.jump(line, column);
            }
            MouseKind::ScrollDown => self.document.go_lines(WHEEL_LINES),
            MouseKind::ScrollUp => self.document.go_lines(-WHEEL_LINES),
        }
    }

    fn find(&mut self, direction: Direction) {
        self.search.found = self.document.find(&self.search.query, direction);
    }

    fn go_to_mark(&mut self, direction: Direction) {
        if let Some(mark) = self.marks.next_from(self.document.cursor(), direction) {
            let (line, column) = (mark.line(), mark.column());
            self.document.jump(line, column);
        }
    }

    fn turn_focus(&mut self, direction: Direction) {
        let (next, previous) = match self.focus {
            Pane::Text => (Pane::Model, Pane::Try),
            Pane::Model => (Pane::Try, Pane::Text),
            Pane::Try => (Pane::Text, Pane::Model),
        };
        self.focus = if direction == Direction::Forward {
            next
        } else {
            previous
        };
        self.side_view.reset();
    }

    fn scroll_side(&mut self, command: CommandId) -> bool {
        let text = self.side_text();
        self.side_view.command(command, &text)
    }

    fn cursor_line(&self) -> String {
        let (line, _) = self.document.cursor();
        self.document.lines().get(line).cloned().unwrap_or_default()
    }

    fn run_or_try(&mut self) -> Vec<Effect> {
        let Some(version) = self.saved_version().cloned() else {
            return self.try_draft();
        };
        self.run_start.begin(RunWish {
            subject: Some(version.into()),
            ..RunWish::default()
        })
    }

    fn try_draft(&mut self) -> Vec<Effect> {
        let form = TryForm::new(&self.targets, self.tried.target().cloned());
        let effect = Effect::Fill(form.form());
        self.try_form = Some(form);
        vec![effect]
    }

    /// A form of this screen was sent.
    pub(super) fn filled(&mut self, filled: &Filled) -> Vec<Effect> {
        match filled.tag {
            commit_form::COMMIT_TAG => self.commit_filled(filled),
            TRY_TAG => self.try_filled(filled),
            _ => self.run_start.filled(filled).unwrap_or_default(),
        }
    }

    fn commit_filled(&mut self, filled: &Filled) -> Vec<Effect> {
        let reason = commit_form::reason(filled);
        self.reason = Some(reason.clone());
        if let Err(why) = commit_form::check(&reason) {
            let again = commit_form::form(&self.prompt, Some(&reason));
            return vec![Effect::Say(Note::warning(why)), Effect::Fill(again)];
        }
        self.once_saved(OnceSaved::Commit(reason))
    }

    fn try_filled(&mut self, filled: &Filled) -> Vec<Effect> {
        let Some(form) = self.try_form.take() else {
            return Vec::new();
        };
        match form.target(filled) {
            Ok(target) => {
                self.refresh_summary();
                let is_simulated = self.summary.as_ref().is_ok_and(super::Summary::is_simulated);
                let request = Request::Try {
                    source: self.document.source(),
                    dataset: target.dataset.clone(),
                    place: target.place,
                    suite: Some(target.suite.clone()),
                };
                self.tried.start(target, is_simulated);
                self.side_view.reset();
                vec![Effect::Ask(request)]
            }
            Err(why) => {
                let effects = vec![Effect::Say(Note::warning(why)), Effect::Fill(form.form())];
                self.try_form = Some(form);
                effects
            }
        }
    }

    /// Why a command is off.
    pub(super) fn why_off(&self, command: CommandId) -> Result<(), String> {
        match &self.loading {
            Loading::Ready => {}
            Loading::Waiting => return Err("the draft is not loaded yet".into()),
            Loading::Failed(why) => return Err(why.clone()),
        }
        let off_if = |is_off: bool, why: &str| if is_off { Err(why.to_owned()) } else { Ok(()) };
        match command {
            CommandId::VersionCommit => self.why_no_commit(),
            CommandId::VersionCompare => off_if(self.base.is_none(), "a first draft has no base to compare with"),
            CommandId::RunStart if self.saved_version().is_some() => Ok(()),
            CommandId::RunStart | CommandId::DraftTry => self.targets.availability(),
            CommandId::ProblemNext | CommandId::ProblemPrevious => {
                off_if(self.marks.counts() == (0, 0), "nothing is marked")
            }
            CommandId::MatchNext | CommandId::MatchPrevious => {
                off_if(self.search.query.is_empty(), "nothing is searched for: / searches")
            }
            CommandId::CopyJson => Err("a draft is text: y a copies it".into()),
            _ => Ok(()),
        }
    }

    fn why_no_commit(&self) -> Result<(), String> {
        if self.save.is_unsaved() {
            // The marks are of an older text: the workbench judges this one.
            return Ok(());
        }
        if let Some(mark) = self.marks.first_error() {
            return Err(format!("line {}: {}", mark.line() + 1, mark.message()));
        }
        match &self.base {
            Some(base) if !self.is_stored => Err(format!("nothing changed since {base}")),
            _ => Ok(()),
        }
    }
}
