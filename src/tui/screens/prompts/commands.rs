//! What commands do on the prompts screen.

use ratatui::layout::Rect;

use super::{Order, Pane, Prompts, VersionRow};
use crate::domain::draft::Draft;
use crate::domain::ids::{PromptName, VersionId};
use crate::tui::command::CommandId;
use crate::tui::effect::Effect;
use crate::tui::input::{Key, KeyCode, Mouse, MouseKind};
use crate::tui::overlays::choose::{Choice, Chosen};
use crate::tui::overlays::dialog::{Confirmed, Dialog};
use crate::tui::screens::diff::version_entries;
use crate::tui::screens::run_start::RunWish;
use crate::tui::screens::{Context, Place};
use crate::tui::widgets::field::Field;
use crate::workbench::{PromptRef, Request};

/// Comes back with the version to compare with.
const AGAINST_TAG: &str = "against";

/// What the open dialog asks.
#[derive(Debug, Clone)]
pub(super) enum Question {
    /// Whether a draft from this version replaces the one there is.
    Replace(VersionId),
    /// Whether the draft of this prompt goes.
    Drop(PromptName),
}

impl Prompts {
    pub(super) fn command(&mut self, command: CommandId) -> Vec<Effect> {
        match command {
            CommandId::PaneNext | CommandId::PanePrevious => {
                self.focus = match self.focus {
                    Pane::Prompts => Pane::Versions,
                    Pane::Versions => Pane::Prompts,
                };
            }
            CommandId::PaneZoom => self.is_zoomed = !self.is_zoomed,
            CommandId::History | CommandId::MoveRight => self.focus = Pane::Versions,
            CommandId::MoveLeft => self.focus = Pane::Prompts,
            CommandId::Search => self.filter_field = Some(Field::with_text(self.filter.clone())),
            CommandId::Sort => {
                self.order = match self.order {
                    Order::NewestChange => Order::Name,
                    Order::Name => Order::NewestChange,
                };
                return self.arrange();
            }
            CommandId::Open => return self.open(),
            CommandId::DraftEdit => return self.edit(),
            CommandId::DraftDrop => return self.drop_draft(),
            CommandId::PromptNew => return vec![Effect::Fill(self.forms.new_prompt())],
            CommandId::VersionCommit => {
                let name = self.selected_prompt().map(|summary| summary.prompt.name.clone());
                return name
                    .map(|name| Effect::Fill(self.forms.commit(name)))
                    .into_iter()
                    .collect();
            }
            CommandId::RunStart => {
                let Some(subject) = self.subject() else {
                    return Vec::new();
                };
                let wish = RunWish {
                    subject: Some(subject.version.id.clone().into()),
                    ..RunWish::default()
                };
                return self.run_start.begin(wish);
            }
            CommandId::ReviewRequest => {
                let subject = self.subject().cloned();
                return subject
                    .map(|subject| Effect::Fill(self.forms.review(&subject)))
                    .into_iter()
                    .collect();
            }
            CommandId::Compare => return self.compare().into_iter().collect(),
            CommandId::Lineage => return self.lineage().into_iter().collect(),
            CommandId::Blame => {
                let version = self.subject().map(|subject| subject.version.id.clone());
                return version.map(|id| Effect::Open(Place::Blame(id))).into_iter().collect();
            }
            _ => return self.copy(command).unwrap_or_else(|| self.move_selection(command)),
        }
        Vec::new()
    }

    /// Commands that copy; none for any other.
    fn copy(&self, command: CommandId) -> Option<Vec<Effect>> {
        let effect = match command {
            CommandId::CopyId | CommandId::CopyValue => self.subject_id().map(Effect::Copy),
            CommandId::CopyCommand => {
                let id = self.subject_id();
                id.map(|id| Effect::Copy(format!("pegbox prompt show {id}")))
            }
            CommandId::CopyJson => {
                let json = self
                    .subject()
                    .map(|subject| serde_json::to_string_pretty(&subject.version));
                json.and_then(Result::ok).map(Effect::Copy)
            }
            CommandId::CopyAll => self.text().map(Effect::Copy),
            CommandId::CopyPlain => self.show_plain(),
            _ => return None,
        };
        Some(effect.into_iter().collect())
    }

    fn move_selection(&mut self, command: CommandId) -> Vec<Effect> {
        match self.focus {
            Pane::Prompts if self.list.command(command) => self.load_detail(),
            Pane::Prompts => Vec::new(),
            Pane::Versions => {
                self.versions.command(command);
                Vec::new()
            }
        }
    }

    /// A prompt or draft opens in the editor; a version shows what it changed, the first one its text.
    fn open(&self) -> Vec<Effect> {
        let Some(VersionRow::Version(summary)) = self.versions.selected().filter(|_| self.focus == Pane::Versions)
        else {
            return self.open_editor().into_iter().collect();
        };
        let version = &summary.version;
        match &version.base {
            Some(base) => vec![Effect::Open(Place::Diff {
                old: PromptRef::Version(base.clone()),
                new: PromptRef::Version(version.id.clone()),
            })],
            None => self.show_plain().into_iter().collect(),
        }
    }

    fn open_editor(&self) -> Option<Effect> {
        let name = self.selected_prompt()?.prompt.name.clone();
        Some(Effect::Open(Place::Editor(name)))
    }

    /// Opens the draft; on an older version it begins one from there, and asks if that replaces another.
    fn edit(&mut self) -> Vec<Effect> {
        let selected = self.versions.selected().filter(|_| self.focus == Pane::Versions);
        let (Some(VersionRow::Version(summary)), Some(detail)) = (selected, self.selected_detail()) else {
            return self.open_editor().into_iter().collect();
        };
        let id = summary.version.id.clone();
        let newest = detail.versions.first().map(|newest| &newest.version.id);
        match &detail.draft {
            Some(draft) if draft.base.as_ref() == Some(&id) => self.open_editor().into_iter().collect(),
            Some(draft) => {
                let question = format!(
                    "Replace the draft {} by a new one from {id}?  Its changes go.",
                    begun_from(draft)
                );
                self.question = Some(Question::Replace(id));
                vec![Effect::Confirm(Dialog::question(CommandId::DraftEdit, question))]
            }
            None if newest == Some(&id) => self.open_editor().into_iter().collect(),
            None => vec![Effect::Ask(Request::DraftFrom(id))],
        }
    }

    fn drop_draft(&mut self) -> Vec<Effect> {
        let Some(draft) = self.selected_detail().and_then(|detail| detail.draft.clone()) else {
            return Vec::new();
        };
        let question = format!(
            "Drop the draft of {} {}?  Its changes go.",
            draft.prompt,
            begun_from(&draft)
        );
        self.question = Some(Question::Drop(draft.prompt));
        vec![Effect::Confirm(Dialog::question(CommandId::DraftDrop, question))]
    }

    pub(super) fn confirmed(&mut self, confirmed: Confirmed) -> Vec<Effect> {
        match self.question.take() {
            Some(Question::Replace(id)) => {
                let request = Request::DiscardDraft(id.prompt.clone());
                self.draft_from = Some(id);
                vec![Effect::Act(request, confirmed)]
            }
            Some(Question::Drop(prompt)) => vec![Effect::Act(Request::DiscardDraft(prompt), confirmed)],
            None => Vec::new(),
        }
    }

    fn compare(&self) -> Option<Effect> {
        let subject = self.compared()?;
        Some(Effect::Choose(Choice {
            tag: AGAINST_TAG,
            title: format!("Compare {subject} with"),
            entries: version_entries(self.selected_detail()?, &subject),
        }))
    }

    pub(super) fn chosen(&mut self, chosen: &Chosen) -> Vec<Effect> {
        if let Some(effects) = self.run_start.chosen(chosen) {
            return effects;
        }
        match (chosen.tag, PromptRef::parse(&chosen.id), self.compared()) {
            (AGAINST_TAG, Ok(old), Some(new)) => vec![Effect::Open(Place::Diff { old, new })],
            _ => Vec::new(),
        }
    }

    fn lineage(&self) -> Option<Effect> {
        let id = self.subject()?.version.id.to_string();
        Some(Effect::Open(Place::Lineage(id)))
    }

    fn subject_id(&self) -> Option<String> {
        let version = self.subject().map(|summary| summary.version.id.to_string());
        version.or_else(|| Some(self.selected_prompt()?.prompt.name.to_string()))
    }

    /// The messages of the selected version, under their role lines.
    fn text(&self) -> Option<String> {
        let messages = &self.subject()?.version.content.messages;
        let texts = messages
            .iter()
            .map(|message| format!("-- {} --\n{}", message.role, message.text));
        Some(texts.collect::<Vec<_>>().join("\n"))
    }

    fn show_plain(&self) -> Option<Effect> {
        Some(Effect::ShowPlain {
            title: self.subject_id()?,
            text: self.text()?,
        })
    }

    pub(super) fn filter_key(&mut self, key: Key) -> Vec<Effect> {
        let Some(field) = &mut self.filter_field else {
            return Vec::new();
        };
        match key.code {
            KeyCode::Esc | KeyCode::Enter => {
                self.filter_field = None;
                Vec::new()
            }
            _ => {
                field.key(key);
                self.apply_filter()
            }
        }
    }

    pub(super) fn apply_filter(&mut self) -> Vec<Effect> {
        let Some(field) = &self.filter_field else {
            return Vec::new();
        };
        field.text().clone_into(&mut self.filter);
        self.arrange()
    }

    /// A click selects, the wheel moves the selection of the pane under it.
    pub(super) fn mouse(&mut self, mouse: Mouse, area: Rect, context: &Context) -> Vec<Effect> {
        let Some((pane, row)) = self.row_under(mouse, area, context) else {
            return Vec::new();
        };
        self.focus = pane;
        match (mouse.kind, pane) {
            (MouseKind::ScrollDown, _) => self.move_selection(CommandId::MoveDown),
            (MouseKind::ScrollUp, _) => self.move_selection(CommandId::MoveUp),
            (MouseKind::Press, Pane::Versions) => {
                row.map(|row| self.versions.click(row));
                Vec::new()
            }
            (MouseKind::Press, Pane::Prompts) => match row.map(|row| self.list.click(row)) {
                Some(true) => self.load_detail(),
                _ => Vec::new(),
            },
        }
    }

    /// Why a command is off.
    pub(super) fn why_off(&self, command: CommandId) -> Result<(), String> {
        let off_if = |is_off: bool, why: &str| if is_off { Err(why.to_owned()) } else { Ok(()) };
        let has_draft = self.selected_prompt().is_some_and(|summary| summary.has_draft);
        match command {
            CommandId::Open
            | CommandId::DraftEdit
            | CommandId::CopyId
            | CommandId::CopyValue
            | CommandId::CopyCommand => off_if(self.selected_prompt().is_none(), "no prompt is selected: a makes one"),
            CommandId::DraftDrop | CommandId::VersionCommit => {
                off_if(!has_draft, "the prompt has no draft: e begins one")
            }
            CommandId::Compare => off_if(self.compared().is_none(), "there is no version to compare"),
            CommandId::RunStart
            | CommandId::Lineage
            | CommandId::Blame
            | CommandId::CopyAll
            | CommandId::CopyJson
            | CommandId::CopyPlain => self.needs_version(),
            CommandId::ReviewRequest => self.why_no_review(),
            CommandId::ProblemNext | CommandId::ProblemPrevious | CommandId::Wrap | CommandId::Options => {
                Err("there is nothing of the kind on this screen".into())
            }
            CommandId::MatchNext | CommandId::MatchPrevious => Err("/ filters the list here".into()),
            _ => Ok(()),
        }
    }

    fn needs_version(&self) -> Result<(), String> {
        match (self.subject(), self.selected_prompt()) {
            (Some(_), _) => Ok(()),
            (None, None) => Err("no prompt is selected: a makes one".into()),
            (None, Some(summary)) if summary.newest.is_none() => {
                Err("there is no version yet: ^s saves the draft as one".into())
            }
            (None, Some(_)) => Err("a draft is no version yet: ^s saves it as one".into()),
        }
    }

    fn why_no_review(&self) -> Result<(), String> {
        self.needs_version()?;
        match self.subject().and_then(|summary| summary.newest_run.as_ref()) {
            Some((_, Some(_))) => Ok(()),
            Some((run, None)) => Err(format!("{run} has no gate yet: a review rests on a finished run")),
            None => Err("no run tested this version: r starts one".into()),
        }
    }
}

fn begun_from(draft: &Draft) -> String {
    draft
        .base
        .as_ref()
        .map_or_else(|| "without a base".to_owned(), |base| format!("on {base}"))
}
