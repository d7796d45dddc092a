//! What answers of the workbench change in the editor.

use super::autosave::LastSave;
use super::document::Document;
use super::marks::Marks;
use super::summary::role_of;
use super::{Editor, Loading, Mode, OnceSaved};
use crate::domain::draft::DraftSeen;
use crate::domain::time::Timestamp;
use crate::domain::version::PromptVersion;
use crate::tui::command::CommandId;
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::overlays::dialog::Dialog;
use crate::tui::screens::Place;
use crate::workbench::{Answer, DraftView, Fault, PromptRef, Request};

impl Editor {
    pub(super) fn answered(&mut self, request: &Request, result: Result<Answer, Fault>) -> Vec<Effect> {
        match result {
            Ok(answer) => {
                if let (Request::SaveDraft { source, .. }, Answer::DraftSaved(..)) = (request, &answer) {
                    self.seen = DraftSeen::text(source);
                }
                self.took(answer)
            }
            Err(fault) => self.refused(request, &fault),
        }
    }

    fn took(&mut self, answer: Answer) -> Vec<Effect> {
        let next_question = self.run_start.answered(&answer);
        if !next_question.is_empty() {
            return next_question;
        }
        match self.targets.take(answer) {
            Some(Answer::Draft(view)) => {
                self.adopt(view);
                Vec::new()
            }
            Some(Answer::DraftSaved(at, marks)) => {
                self.marks = Marks::new(marks);
                self.saved(at)
            }
            Some(Answer::DraftOvertaken(why, found)) => self.overtaken(why, *found),
            Some(Answer::Committed(version)) => self.committed(*version),
            Some(Answer::Tried(outcome)) => {
                self.tried.done(*outcome);
                Vec::new()
            }
            Some(Answer::Run(run)) => {
                let note = Note::info(format!("{run} started"));
                vec![Effect::Say(note), Effect::Open(Place::Run(run))]
            }
            _ => Vec::new(),
        }
    }

    /// Takes the stored draft, unless the text on the screen is newer.
    pub(super) fn adopt(&mut self, view: DraftView) {
        let seen = view.seen();
        let DraftView {
            draft,
            is_stored,
            marks,
        } = view;
        let is_first = self.loading != Loading::Ready;
        let is_older = match self.save.last() {
            LastSave::Kept(at) => is_stored && draft.saved_at < *at,
            _ => false,
        };
        if !is_first && (self.save.is_unsaved() || is_older) {
            return;
        }
        let saved = self.saved_version().cloned();
        if is_first {
            self.document = Document::new(&draft.source);
            self.loading = Loading::Ready;
            self.go_to_first_message();
        } else if self.document.source() != draft.source {
            self.document.replace(&draft.source);
        }
        self.save.adopt(self.document.revision());
        // A version that was just saved comes back as it is printed, which is still that version.
        self.committed = saved
            .filter(|_| !is_stored)
            .map(|version| (version, self.document.revision()));
        self.base = draft.base;
        self.seen = seen;
        self.is_stored = is_stored;
        self.marks = Marks::new(marks);
        self.refresh_summary();
    }

    /// Settings seldom change: the first text of a message comes into view, under its role line.
    fn go_to_first_message(&mut self) {
        let role_line = self.document.lines().iter().position(|line| role_of(line).is_some());
        if let Some(line) = role_line {
            self.document.jump(line + 1, 0);
            self.viewport.show_from(line);
        }
    }

    fn saved(&mut self, at: Timestamp) -> Vec<Effect> {
        self.save.kept(at);
        self.is_stored = true;
        self.refresh_summary();
        match self.once_saved.take() {
            Some(next) => self.once_saved(next),
            None => Vec::new(),
        }
    }

    /// Does `next` when the text on the screen is the stored one: at once, or after a save.
    pub(super) fn once_saved(&mut self, next: OnceSaved) -> Vec<Effect> {
        self.save.changed(self.document.revision());
        if self.save.is_unsaved() {
            self.once_saved = Some(next);
            return self.save_now();
        }
        match next {
            OnceSaved::Close => vec![Effect::Back],
            OnceSaved::Commit(reason) => vec![Effect::Ask(Request::Commit {
                prompt: self.prompt.clone(),
                seen: Some(self.seen.clone()),
                reason,
            })],
            OnceSaved::Compare => self
                .base
                .clone()
                .map(|base| {
                    Effect::Open(Place::Diff {
                        old: PromptRef::Version(base),
                        new: PromptRef::Draft(self.prompt.clone()),
                    })
                })
                .into_iter()
                .collect(),
        }
    }

    fn committed(&mut self, version: PromptVersion) -> Vec<Effect> {
        // What one does next with a version are commands: run it, ask for a review.
        self.mode = Mode::Normal;
        let note = Note::info(format!("{} saved. r runs it", version.id));
        self.base = Some(version.id.clone());
        self.seen = DraftSeen::Version(self.base.clone());
        self.is_stored = false;
        self.reason = None;
        self.committed = Some((version.id, self.document.revision()));
        vec![Effect::Say(note)]
    }

    fn refused(&mut self, request: &Request, fault: &Fault) -> Vec<Effect> {
        match request {
            Request::OpenDraft(_) if self.loading != Loading::Ready => {
                self.loading = Loading::Failed(fault.what.clone());
                Vec::new()
            }
            Request::SaveDraft { .. } => self.not_kept(fault),
            Request::Try { .. } => {
                self.tried.failed(fault);
                vec![Effect::Say(Note::failure(fault))]
            }
            _ => vec![Effect::Say(Note::failure(fault))],
        }
    }

    fn not_kept(&mut self, fault: &Fault) -> Vec<Effect> {
        self.save.failed(fault.what.clone());
        match self.once_saved.take() {
            Some(OnceSaved::Close) => {
                let question = format!(
                    "The draft could NOT be kept: {}. Leave and lose what is not kept?",
                    fault.what
                );
                vec![Effect::Confirm(Dialog::question(CommandId::DraftDrop, question))]
            }
            Some(_) | None => vec![Effect::Say(Note::failure(fault))],
        }
    }

    /// The external editor ended: its text is one step of undo.
    pub(super) fn external_closed(&mut self, result: Result<String, Fault>) -> Vec<Effect> {
        match result {
            Ok(text) => {
                if text != self.document.source() {
                    self.document.replace(&text);
                    self.refresh_summary();
                }
                Vec::new()
            }
            Err(fault) => vec![Effect::Say(Note::failure(&fault))],
        }
    }
}
