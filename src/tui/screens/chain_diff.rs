//! Two chain versions: their steps, and below them what changed in the selected one and in its prompt.

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::BTreeSet;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use super::diff::layout::{Wrap, lay};
use super::diff::rows::{self, Row};
use super::list_and_detail::copied;
use super::panes::{draw_sentence, mouse_on_list, offered};
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::chain_diff::{StepChange, StepDiff};
use crate::domain::diff::PromptDiff;
use crate::domain::ids::ChainVersionId;
use crate::text::Printable;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::layout::WidthClass;
use crate::tui::msg::Note;
use crate::tui::widgets::diff_view::{DiffView as DiffWidget, Sides};
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::{HasId, Listing};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{Answer, ChainDiffView, PromptRef, Request, step_text};

/// Lines around the list: its border, the names of its columns, and what changed beside the steps.
const LIST_FRAME: u16 = 4;

/// A step in the list.
#[derive(Debug, Clone, PartialEq)]
struct StepRow {
    step: StepDiff,
    prompt: Option<PromptDiff>,
}

impl HasId for StepRow {
    type Id = (String, &'static str);

    fn id(&self) -> Self::Id {
        (self.step.name.clone(), self.step.change.as_str())
    }
}

/// The screen.
#[derive(Debug)]
pub struct ChainDiff {
    old: ChainVersionId,
    new: ChainVersionId,
    view: Option<ChainDiffView>,
    failure: Option<String>,
    steps: Listing<StepRow>,
    /// The row of the selected step's changes that the view scrolls to.
    cursor: usize,
    /// The form that the user chose; none for the one that the width gives.
    chosen: Option<Sides>,
    wrap: Wrap,
    // Only drawing knows the height; it leaves here what a page is.
    height: Cell<u16>,
}

impl ChainDiff {
    /// A diff of two chain versions, before it is loaded.
    pub fn new(old: ChainVersionId, new: ChainVersionId) -> Self {
        Self {
            old,
            new,
            view: None,
            failure: None,
            steps: Listing::default(),
            cursor: 0,
            chosen: None,
            wrap: Wrap::default(),
            height: Cell::new(1),
        }
    }

    fn take(&mut self, view: ChainDiffView) {
        let rows = view.steps().map(|(step, prompt)| StepRow {
            step: step.clone(),
            prompt: prompt.cloned(),
        });
        self.steps.set_all(rows.collect());
        self.view = Some(view);
        self.failure = None;
        let is_same = |row: &StepRow| row.step.change == StepChange::Same;
        if self.steps.selected().is_some_and(is_same) {
            self.go_to_change(CommandId::ProblemNext);
        }
    }

    /// To the next step that changed or the one before, and round at the ends.
    fn go_to_change(&mut self, command: CommandId) {
        let is_changed = |(_, row): &(usize, &StepRow)| row.step.change != StepChange::Same;
        let at = usize::try_from(self.steps.cursor()).unwrap_or_default();
        let changed: Vec<usize> = self
            .steps
            .rows()
            .iter()
            .enumerate()
            .filter(is_changed)
            .map(|(at, _)| at)
            .collect();
        let found = if command == CommandId::ProblemNext {
            changed.iter().find(|place| **place > at).or_else(|| changed.first())
        } else {
            changed
                .iter()
                .rev()
                .find(|place| **place < at)
                .or_else(|| changed.last())
        };
        if let Some(place) = found {
            self.steps.select_row(*place as u64);
            self.cursor = 0;
        }
    }

    fn scroll(&mut self, command: CommandId) {
        let rows = self.steps.selected().map_or(0, |row| change_rows(row).len());
        let page = usize::from(self.height.get().max(1));
        let to = match command {
            CommandId::PageDown => self.cursor + page,
            CommandId::HalfDown => self.cursor + page.div_ceil(2),
            CommandId::PageUp => self.cursor.saturating_sub(page),
            _ => self.cursor.saturating_sub(page.div_ceil(2)),
        };
        self.cursor = to.min(rows.saturating_sub(1));
    }

    fn command(&mut self, command: CommandId, context: &Context) -> Vec<Effect> {
        match command {
            CommandId::ProblemNext | CommandId::ProblemPrevious => self.go_to_change(command),
            CommandId::PageDown | CommandId::PageUp | CommandId::HalfDown | CommandId::HalfUp => self.scroll(command),
            CommandId::DiffSplit => {
                self.chosen = Some(match self.sides(context) {
                    Sides::Unified => Sides::Split,
                    Sides::Split => Sides::Unified,
                });
            }
            CommandId::Wrap => {
                self.wrap = match self.wrap {
                    Wrap::On => Wrap::Off,
                    Wrap::Off => Wrap::On,
                }
            }
            CommandId::Open => return self.prompt_diff().map(Effect::Open).into_iter().collect(),
            CommandId::CopyId => return vec![Effect::Copy(self.new.to_string())],
            CommandId::CopyValue => {
                let text = |row: &StepRow| step_text(&row.step, row.prompt.as_ref(), "");
                return self.steps.selected().map(text).map(Effect::Copy).into_iter().collect();
            }
            CommandId::CopyCommand => {
                return vec![Effect::Copy(format!("pegbox chain diff {} {}", self.old, self.new))];
            }
            CommandId::CopyAll | CommandId::CopyPlain => {
                let text = self.view.as_ref().map(ChainDiffView::text);
                return copied(command, self.title(), text).into_iter().collect();
            }
            _ => {
                if self.steps.command(command) {
                    self.cursor = 0;
                }
            }
        }
        Vec::new()
    }

    /// The whole diff of the selected step's prompt.
    fn prompt_diff(&self) -> Option<Place> {
        let (old, new) = self.steps.selected()?.step.versions.clone()?;
        Some(Place::Diff {
            old: PromptRef::Version(old),
            new: PromptRef::Version(new),
        })
    }

    fn sides(&self, context: &Context) -> Sides {
        self.chosen.unwrap_or(match context.size_class.width {
            WidthClass::Narrow => Sides::Unified,
            WidthClass::Normal | WidthClass::Wide => Sides::Split,
        })
    }

    fn draw_list(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let inner = Panel::new(format!("{} -> {}", self.old, self.new))
            .note(format!("{} steps", self.steps.total()))
            .focused(true)
            .draw(frame, area, theme);
        let Some(view) = &self.view else {
            let (text, style) = match &self.failure {
                Some(why) => (format!("These two cannot be compared: {why}"), theme.fail),
                None => ("loading the diff".to_owned(), theme.dim),
            };
            return draw_sentence(frame, inner, &text, style);
        };
        let [list, below] = Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(inner);
        let columns = [
            Column::fixed("", 1),
            Column::share("step", 2),
            Column::share("version", 3),
            Column::share("what changed", 3),
        ];
        let cells = |row: &StepRow| {
            let step = &row.step;
            let style = match step.change {
                StepChange::Added => theme.added,
                StepChange::Removed => theme.removed,
                StepChange::Changed => theme.warn,
                StepChange::Same => theme.dim,
            };
            let version = match &step.versions {
                Some((old, new)) if old.prompt == new.prompt => format!("{old} -> v{}", new.number),
                Some((old, new)) => format!("{old} -> {new}"),
                None => String::new(),
            };
            vec![
                TableCell::new(step.change.sign().to_string(), style),
                TableCell::new(step.name.as_str(), style),
                TableCell::plain(version),
                TableCell::plain(step.summary()),
            ]
        };
        Table::new(&columns)
            .focus(Focus::Here)
            .empty("Neither has a step.")
            .draw(frame, list, theme, &self.steps, cells);
        let fields: Vec<String> = view
            .diff
            .fields
            .iter()
            .map(|field| format!("{} changed", field.name))
            .collect();
        let said = match (view.diff.is_empty(), fields.is_empty()) {
            (true, _) => "no difference".to_owned(),
            (false, true) => String::new(),
            (false, false) => fields.join(", "),
        };
        frame.render_widget(
            Line::styled(Printable::line(&said).as_str().to_owned(), theme.dim),
            below,
        );
    }

    fn draw_step(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let Some(row) = self.steps.selected() else {
            Panel::new("Step").draw(frame, area, context.theme);
            return;
        };
        let sides = self.sides(context);
        let rows = change_rows(row);
        let laid = lay(&rows, sides, self.wrap, area.width);
        self.height.set(area.height.saturating_sub(2));
        let widget = DiffWidget {
            rows: &laid.rows,
            cursor: laid.starts.get(self.cursor).copied().unwrap_or(0),
            sides,
        };
        let (old, new) = match &row.step.versions {
            Some((old, new)) => (format!("{}  {old}", row.step.name), new.to_string()),
            None => (row.step.name.clone(), row.step.name.clone()),
        };
        widget.draw(frame, area, context.theme, [&old, &new], Focus::Elsewhere);
    }
}

/// What changed in the step, then in its prompt.
fn change_rows(row: &StepRow) -> Vec<Row<'_>> {
    let mut out = Vec::new();
    if !row.step.fields.is_empty() {
        out.push(Row::Heading("the step"));
        out.extend(row.step.fields.iter().map(Row::Setting));
    }
    if let Some(prompt) = &row.prompt {
        out.extend(rows::rows(prompt, &BTreeSet::new()));
    }
    if out.is_empty() {
        out.push(Row::Same);
    }
    out
}

/// The list takes what it needs, and at most half.
fn areas(area: Rect, steps: u64) -> [Rect; 2] {
    let wanted = u16::try_from(steps).unwrap_or(u16::MAX).saturating_add(LIST_FRAME);
    let list = wanted.min(area.height / 2).max(area.height.min(LIST_FRAME + 1));
    Layout::vertical([Constraint::Length(list), Constraint::Min(0)]).areas(area)
}

impl Screen for ChainDiff {
    fn place(&self) -> Place {
        Place::ChainDiff {
            old: self.old.clone(),
            new: self.new.clone(),
        }
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::ChainDiff]
    }

    fn title(&self) -> String {
        format!("Chains > {} -> {}", self.old, self.new)
    }

    fn requests(&self) -> Vec<Request> {
        vec![Request::DiffChains {
            old: self.old.clone(),
            new: self.new.clone(),
        }]
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => return self.command(command, context),
            ScreenEvent::Mouse(mouse, body) => {
                let [list, _] = areas(body, self.steps.total());
                mouse_on_list(&mut self.steps, mouse, list);
                self.cursor = 0;
            }
            ScreenEvent::Answered {
                result: Ok(Answer::ChainDiff(view)),
                ..
            } => self.take(*view),
            ScreenEvent::Answered { result: Err(fault), .. } => {
                if self.view.is_none() {
                    self.failure = Some(fault.what.clone());
                }
                return vec![Effect::Say(Note::failure(&fault))];
            }
            _ => {}
        }
        Vec::new()
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let [list, step] = areas(area, self.steps.total());
        self.draw_list(frame, list, context);
        self.draw_step(frame, step, context);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            CommandId::ProblemNext | CommandId::ProblemPrevious
                if self.view.as_ref().is_none_or(|view| view.diff.is_empty()) =>
            {
                Err("there is no change".into())
            }
            CommandId::ProblemNext | CommandId::ProblemPrevious | CommandId::Wrap => Ok(()),
            CommandId::Open if self.prompt_diff().is_none() => {
                Err("both chains run the same prompt version here".into())
            }
            CommandId::CopyJson => Err("pegbox chain diff --json prints it".into()),
            CommandId::Search => Err("J and K go from change to change here".into()),
            _ => offered(
                command,
                &[CommandId::CopyValue, CommandId::CopyCommand, CommandId::CopyPlain],
            ),
        }
    }
}
