//! Editor: the draft of a prompt as one document, kept while it is typed.

mod answers;
mod autosave;
mod commands;
mod document;
mod marks;
mod overtaken;
#[cfg(test)]
mod samples;
mod summary;
#[cfg(test)]
mod tests;
mod text_pane;
mod tried;
mod try_form;
mod view;

use ratatui::Frame;
use ratatui::layout::Rect;

use self::autosave::{Autosave, LastSave, TICK_MS};
use self::document::Document;
use self::marks::Marks;
use self::overtaken::OVERTAKEN_TAG;
use self::summary::Summary;
use self::text_pane::Viewport;
use self::tried::Tried;
use self::try_form::{TryForm, TryTargets};
use super::run_start::RunStart;
use super::{Context, Place, Screen, ScreenEvent, UnsavedText};
use crate::domain::draft::DraftSeen;
use crate::domain::ids::{PromptName, VersionId};
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::text_view::TextView;
use crate::workbench::{CommitReason, Doing, DraftView, Request};

/// Whether keys are text or commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mode {
    #[default]
    Normal,
    Insert,
}

/// The panes that take the focus, in the order of Tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pane {
    #[default]
    Text,
    Model,
    Try,
}

/// Whether the draft is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Loading {
    #[default]
    Waiting,
    Ready,
    Failed(String),
}

/// What is done once the text on the screen is the stored one.
#[derive(Debug, Clone, PartialEq)]
enum OnceSaved {
    Commit(CommitReason),
    Compare,
    Close,
}

/// The search of the text.
#[derive(Debug, Clone, Default)]
struct Search {
    /// What is being typed.
    field: Option<Field>,
    /// What was searched for last.
    query: String,
    /// Which match the cursor is on, and how many there are; none where nothing was found.
    found: Option<(usize, usize)>,
}

/// The screen.
#[derive(Debug)]
pub struct Editor {
    prompt: PromptName,
    base: Option<VersionId>,
    /// What the text on the screen was typed over.
    seen: DraftSeen,
    /// What somebody else put there meanwhile, while the user chooses.
    theirs: Option<DraftView>,
    loading: Loading,
    document: Document,
    mode: Mode,
    focus: Pane,
    is_zoomed: bool,
    save: Autosave,
    /// Whether a draft is stored, so that there is something to make a version of.
    is_stored: bool,
    once_saved: Option<OnceSaved>,
    marks: Marks,
    summary: Result<Summary, String>,
    search: Search,
    viewport: Viewport,
    side_view: TextView,
    targets: TryTargets,
    run_start: RunStart,
    try_form: Option<TryForm>,
    tried: Tried,
    reason: Option<CommitReason>,
    /// The version that the text was saved as, and the revision of the text then.
    committed: Option<(VersionId, u64)>,
}

impl Editor {
    /// The editor of a prompt's draft, before the draft is loaded.
    pub fn new(prompt: PromptName) -> Self {
        Self {
            prompt,
            base: None,
            seen: DraftSeen::Version(None),
            theirs: None,
            loading: Loading::Waiting,
            document: Document::new(""),
            mode: Mode::Normal,
            focus: Pane::Text,
            is_zoomed: false,
            save: Autosave::default(),
            is_stored: false,
            once_saved: None,
            marks: Marks::default(),
            summary: Ok(Summary::default()),
            search: Search::default(),
            viewport: Viewport::default(),
            side_view: TextView::default(),
            targets: TryTargets::default(),
            run_start: RunStart::default(),
            try_form: None,
            tried: Tried::default(),
            reason: None,
            committed: None,
        }
    }

    /// The version that the text on the screen is, since it was saved and not changed.
    fn saved_version(&self) -> Option<&VersionId> {
        let (version, revision) = self.committed.as_ref()?;
        (*revision == self.document.revision()).then_some(version)
    }

    /// Asks for a save, unless the text is stored or a save is under way.
    fn save_now(&mut self) -> Vec<Effect> {
        self.save.changed(self.document.revision());
        if !self.save.begin() {
            return Vec::new();
        }
        vec![Effect::Ask(Request::SaveDraft {
            prompt: self.prompt.clone(),
            over: self.seen.clone(),
            source: self.document.source(),
        })]
    }

    fn is_closing(&self) -> bool {
        self.once_saved == Some(OnceSaved::Close)
    }

    fn refresh_summary(&mut self) {
        self.summary = summary::read(self.document.lines());
    }
}

impl Screen for Editor {
    fn place(&self) -> Place {
        Place::Editor(self.prompt.clone())
    }

    fn scopes(&self) -> Vec<Scope> {
        match (&self.search.field, self.mode) {
            (Some(_), _) => Vec::new(),
            (None, Mode::Normal) => vec![Scope::EditorNormal],
            (None, Mode::Insert) => vec![Scope::EditorInsert],
        }
    }

    fn title(&self) -> String {
        format!("Prompts > {}", self.heading())
    }

    fn doing(&self) -> Doing {
        Doing::Editing(self.prompt.clone())
    }

    fn requests(&self) -> Vec<Request> {
        if self.mode == Mode::Insert {
            // Every save changes the store; nothing of it matters until typing stops.
            return Vec::new();
        }
        let mut requests = vec![Request::OpenDraft(self.prompt.clone())];
        requests.extend(TryTargets::requests());
        requests
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        let mut effects = match event {
            ScreenEvent::Command(command) => self.command(command),
            ScreenEvent::Key(key) => self.key(key),
            ScreenEvent::Paste(text) => self.paste(&text),
            ScreenEvent::Mouse(mouse, area) => {
                self.mouse(mouse, area, context);
                Vec::new()
            }
            ScreenEvent::Answered { request, result } => self.answered(&request, result),
            ScreenEvent::EditorClosed(result) => self.external_closed(result),
            ScreenEvent::Filled(filled) => self.filled(&filled),
            ScreenEvent::Confirmed(_) => {
                // The one question of this screen: whether to leave without what could not be kept.
                self.save.adopt(self.document.revision());
                vec![Effect::Back]
            }
            ScreenEvent::Tick if self.is_closing() || self.save.tick_is_due() => self.save_now(),
            ScreenEvent::Chosen(chosen) if chosen.tag == OVERTAKEN_TAG => {
                self.overtaken_chosen(&chosen.id);
                Vec::new()
            }
            ScreenEvent::Chosen(chosen) => self.run_start.chosen(&chosen).unwrap_or_default(),
            ScreenEvent::Tick | ScreenEvent::Progress(_) => Vec::new(),
        };
        self.save.changed(self.document.revision());
        // A command is a whole change; only typing is waited for.
        if self.mode == Mode::Normal && self.save.tick_ms().is_some() {
            effects.extend(self.save_now());
        }
        effects
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        self.draw(frame, area, context);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        self.why_off(command)
    }

    fn takes_text(&self) -> bool {
        self.search.field.is_some() || self.mode == Mode::Insert
    }

    fn step_back(&mut self) -> bool {
        if self.search.field.take().is_some() {
            return true;
        }
        if self.mode == Mode::Insert {
            self.stop_typing();
            return true;
        }
        if self.is_zoomed || self.focus != Pane::Text {
            self.is_zoomed = false;
            self.focus = Pane::Text;
            return true;
        }
        if !self.search.query.is_empty() {
            self.search = Search::default();
            return true;
        }
        self.save.changed(self.document.revision());
        if self.save.is_unsaved() {
            // It stays until the store has the text: the next tick saves, and the answer closes it.
            self.once_saved = Some(OnceSaved::Close);
            return true;
        }
        false
    }

    fn is_unsaved(&self) -> bool {
        self.save.is_unsaved()
    }

    fn unsaved_text(&self) -> Option<UnsavedText> {
        self.save.is_unsaved().then(|| UnsavedText {
            what: format!("the draft of {}", self.prompt),
            text: self.document.source(),
        })
    }

    fn close(&mut self) -> Vec<Effect> {
        self.save_now()
    }

    fn status(&self) -> String {
        match self.save.last() {
            LastSave::Kept(at) => format!("draft kept {}", at.clock_text()),
            LastSave::NotKept(why) => format!("NOT kept: {why}. The text is in memory; the next change tries again"),
            LastSave::None => match (&self.base, self.is_stored) {
                (_, true) => "draft loaded".into(),
                (Some(base), false) => format!("no change since {base}"),
                (None, false) => String::new(),
            },
        }
    }

    fn tick_ms(&self) -> Option<u64> {
        let is_waiting_to_save = self.is_closing() && !self.save.is_under_way();
        self.save.tick_ms().or(is_waiting_to_save.then_some(TICK_MS))
    }
}
