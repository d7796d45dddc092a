//! Prompts: the list of prompts, and the draft and versions of the selected one.

mod commands;
mod forms;
#[cfg(test)]
mod tests;
mod view;

use ratatui::Frame;
use ratatui::layout::Rect;

use self::commands::Question;
use self::forms::Forms;
use super::run_start::RunStart;
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::draft::Draft;
use crate::domain::ids::{PromptName, VersionId};
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::listing::{HasId, Listing};
use crate::workbench::{Answer, Fault, PromptDetail, PromptRef, PromptSummary, Request, VersionSummary};

/// The panes that take the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pane {
    #[default]
    Prompts,
    Versions,
}

/// How the prompts are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Order {
    #[default]
    NewestChange,
    Name,
}

/// A prompt in the list.
#[derive(Debug, Clone)]
struct PromptRow(PromptSummary);

impl HasId for PromptRow {
    type Id = PromptName;

    fn id(&self) -> PromptName {
        self.0.prompt.name.clone()
    }
}

/// The draft or a version in the list of versions.
#[derive(Debug, Clone)]
enum VersionRow {
    Draft(Box<Draft>),
    Version(Box<VersionSummary>),
}

impl HasId for VersionRow {
    /// The version's number; none for the draft.
    type Id = Option<u32>;

    fn id(&self) -> Option<u32> {
        match self {
            VersionRow::Draft(_) => None,
            VersionRow::Version(summary) => Some(summary.version.id.number),
        }
    }
}

/// The screen.
#[derive(Debug, Default)]
pub struct Prompts {
    /// Every prompt, as it was answered; none before the first answer.
    all: Option<Vec<PromptSummary>>,
    failure: Option<String>,
    list: Listing<PromptRow>,
    order: Order,
    filter: String,
    filter_field: Option<Field>,
    detail: Option<PromptDetail>,
    versions: Listing<VersionRow>,
    focus: Pane,
    is_zoomed: bool,
    run_start: RunStart,
    forms: Forms,
    question: Option<Question>,
    /// The version that a draft begins from once the other draft is gone.
    draft_from: Option<VersionId>,
}

impl Prompts {
    fn selected_prompt(&self) -> Option<&PromptSummary> {
        self.list.selected().map(|row| &row.0)
    }

    /// The detail of the selected prompt, once it is loaded.
    fn selected_detail(&self) -> Option<&PromptDetail> {
        let name = &self.selected_prompt()?.prompt.name;
        self.detail.as_ref().filter(|detail| detail.prompt.name == *name)
    }

    /// The version that commands are about: the selected one, or the newest while the prompts have the focus.
    fn subject(&self) -> Option<&VersionSummary> {
        let detail = self.selected_detail()?;
        match (self.focus, self.versions.selected()) {
            (Pane::Prompts, _) => detail.versions.first(),
            (Pane::Versions, Some(VersionRow::Version(summary))) => Some(summary),
            (Pane::Versions, _) => None,
        }
    }

    /// The draft or version that a comparison begins from.
    fn compared(&self) -> Option<PromptRef> {
        match (self.focus, self.versions.selected()) {
            (Pane::Versions, Some(VersionRow::Version(summary))) => {
                Some(PromptRef::Version(summary.version.id.clone()))
            }
            (Pane::Versions, Some(VersionRow::Draft(draft))) => Some(PromptRef::Draft(draft.prompt.clone())),
            _ => self
                .subject()
                .map(|summary| PromptRef::Version(summary.version.id.clone())),
        }
    }

    /// Sorts and filters what was answered; the selection stays on its prompt.
    fn arrange(&mut self) -> Vec<Effect> {
        let mut rows = self.all.clone().unwrap_or_default();
        let words: Vec<String> = self.filter.split_whitespace().map(str::to_lowercase).collect();
        rows.retain(|row| {
            let text = format!("{} {}", row.prompt.name, row.prompt.description).to_lowercase();
            words.iter().all(|word| text.contains(word))
        });
        match self.order {
            Order::NewestChange => rows.sort_by_key(|row| std::cmp::Reverse(row.changed_at)),
            Order::Name => rows.sort_by(|a, b| a.prompt.name.cmp(&b.prompt.name)),
        }
        self.list.set_all(rows.into_iter().map(PromptRow).collect());
        self.load_detail()
    }

    /// Asks for the selected prompt's versions, unless they are there.
    fn load_detail(&mut self) -> Vec<Effect> {
        let Some(name) = self.selected_prompt().map(|summary| summary.prompt.name.clone()) else {
            self.versions = Listing::default();
            return Vec::new();
        };
        if self.selected_detail().is_some() {
            return Vec::new();
        }
        self.versions = Listing::default();
        vec![Effect::Ask(Request::PromptDetail(name))]
    }

    fn show_detail(&mut self, detail: PromptDetail) {
        let is_selected = self
            .selected_prompt()
            .is_some_and(|summary| summary.prompt.name == detail.prompt.name);
        if !is_selected {
            // Late: another prompt was selected since.
            return;
        }
        let draft = detail
            .draft
            .iter()
            .map(|draft| VersionRow::Draft(Box::new(draft.clone())));
        let versions = detail
            .versions
            .iter()
            .map(|it| VersionRow::Version(Box::new(it.clone())));
        // What is newest stays in view while nobody reads further down.
        let follows = self.focus == Pane::Prompts;
        self.versions.set_all(draft.chain(versions).collect());
        if follows {
            self.versions.select_row(0);
        }
        self.detail = Some(detail);
    }

    fn answered(&mut self, answer: Answer) -> Vec<Effect> {
        let mut effects = self.run_start.answered(&answer);
        effects.extend(self.took(answer));
        effects
    }

    fn took(&mut self, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::Prompts(all) => {
                self.all = Some(all);
                self.failure = None;
                self.arrange()
            }
            Answer::PromptDetail(detail) => {
                self.show_detail(*detail);
                Vec::new()
            }
            Answer::PromptCreated(prompt) => {
                self.forms.prompt_created();
                self.filter.clear();
                vec![
                    Effect::Say(Note::info(format!(
                        "{} made. i types, ^s saves its first version",
                        prompt.name
                    ))),
                    Effect::Open(Place::Editor(prompt.name)),
                ]
            }
            Answer::Draft(view) => vec![Effect::Open(Place::Editor(view.draft.prompt))],
            Answer::DraftDiscarded => match self.draft_from.take() {
                Some(id) => vec![Effect::Ask(Request::DraftFrom(id))],
                None => vec![Effect::Say(Note::info("draft dropped"))],
            },
            Answer::Committed(version) => {
                self.forms.committed();
                vec![Effect::Say(Note::info(format!("{} saved. r runs it", version.id)))]
            }
            Answer::Run(run) => vec![
                Effect::Say(Note::info(format!("{run} started"))),
                Effect::Open(Place::Run(run)),
            ],
            Answer::ReviewRequested(review) => {
                let text = format!(
                    "{} asks for {} in {}; 5 shows it",
                    review.id,
                    review.version,
                    review.environment.as_str()
                );
                vec![Effect::Say(Note::info(text))]
            }
            _ => Vec::new(),
        }
    }

    fn refused(&mut self, request: &Request, fault: &Fault) -> Vec<Effect> {
        self.draft_from = None;
        if *request == Request::Prompts && self.all.is_none() {
            self.failure = Some(fault.what.clone());
        }
        vec![Effect::Say(Note::failure(fault))]
    }
}

impl Screen for Prompts {
    fn place(&self) -> Place {
        Place::Prompts
    }

    fn scopes(&self) -> Vec<Scope> {
        if self.filter_field.is_some() {
            Vec::new()
        } else {
            vec![Scope::Prompts]
        }
    }

    fn title(&self) -> String {
        "Prompts".into()
    }

    fn requests(&self) -> Vec<Request> {
        let mut requests = vec![Request::Prompts];
        let selected = self.selected_prompt().map(|summary| summary.prompt.name.clone());
        requests.extend(selected.map(Request::PromptDetail));
        requests
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => self.command(command),
            ScreenEvent::Key(key) => self.filter_key(key),
            ScreenEvent::Paste(text) => {
                if let Some(field) = &mut self.filter_field {
                    field.paste(&text);
                }
                self.apply_filter()
            }
            ScreenEvent::Mouse(mouse, area) => self.mouse(mouse, area, context),
            ScreenEvent::Answered { result: Ok(answer), .. } => self.answered(answer),
            ScreenEvent::Answered {
                request,
                result: Err(fault),
            } => self.refused(&request, &fault),
            ScreenEvent::Confirmed(confirmed) => self.confirmed(confirmed),
            ScreenEvent::Chosen(chosen) => self.chosen(&chosen),
            ScreenEvent::Filled(filled) => match self.run_start.filled(&filled) {
                Some(effects) => effects,
                None => self.forms.filled(&filled),
            },
            ScreenEvent::Progress(_) | ScreenEvent::EditorClosed(_) | ScreenEvent::Tick => Vec::new(),
        }
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        self.draw(frame, area, context);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        self.why_off(command)
    }

    fn takes_text(&self) -> bool {
        self.filter_field.is_some()
    }

    fn step_back(&mut self) -> bool {
        if self.filter_field.take().is_some() {
            return true;
        }
        if self.is_zoomed {
            self.is_zoomed = false;
            return true;
        }
        if !self.filter.is_empty() {
            self.filter.clear();
            // The selected prompt stays in the longer list, so that nothing has to be loaded.
            self.arrange();
            return true;
        }
        let was_inside = self.focus == Pane::Versions;
        self.focus = Pane::Prompts;
        was_inside
    }

    fn status(&self) -> String {
        match &self.all {
            None => String::new(),
            Some(all) if self.filter.is_empty() => {
                format!("{} prompt{}", all.len(), if all.len() == 1 { "" } else { "s" })
            }
            Some(all) => format!("{} of {} prompts  /{}", self.list.total(), all.len(), self.filter),
        }
    }
}

/// The words for a version in a list: its number.
fn short(id: &VersionId) -> String {
    format!("v{}", id.number)
}
