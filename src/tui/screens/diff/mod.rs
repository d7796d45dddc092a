//! Diff: two prompt contents beside each other, or one below the other.

pub(super) mod layout;
pub(super) mod rows;
#[cfg(test)]
pub(super) mod tests;

use std::cell::Cell;
use std::collections::BTreeSet;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use self::layout::{Wrap, lay};
use self::rows::{FoldId, Row, changes, hidden_count};
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::diff::unified_text;
use crate::domain::ids::PromptName;
use crate::text::{Printable, cut};
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::input::MouseKind;
use crate::tui::layout::WidthClass;
use crate::tui::msg::Note;
use crate::tui::overlays::choose::{Choice, Entry};
use crate::tui::widgets::diff_view::{DiffView as DiffWidget, Sides};
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::panel::Panel;
use crate::workbench::{Answer, DiffView, PromptDetail, PromptRef, Request};

/// Comes back with the version to compare with.
const AGAINST_TAG: &str = "against";
/// Rows that a page moves by before the first draw has told how many are in view.
const HEIGHT_AT_FIRST: u16 = 10;

/// The screen.
#[derive(Debug)]
pub struct Diff {
    old: PromptRef,
    new: PromptRef,
    view: Option<DiffView>,
    failure: Option<String>,
    detail: Option<PromptDetail>,
    expanded: BTreeSet<FoldId>,
    cursor: usize,
    /// The form that the user chose; none for the one that the width gives.
    chosen: Option<Sides>,
    wrap: Wrap,
    // Only drawing knows the height; it leaves here what a page is.
    height: Cell<u16>,
}

impl Diff {
    /// A diff of two contents, before it is loaded.
    pub fn new(old: PromptRef, new: PromptRef) -> Self {
        Self {
            old,
            new,
            view: None,
            failure: None,
            detail: None,
            expanded: BTreeSet::new(),
            cursor: 0,
            chosen: None,
            wrap: Wrap::default(),
            height: Cell::new(HEIGHT_AT_FIRST),
        }
    }

    fn prompt(&self) -> &PromptName {
        match &self.new {
            PromptRef::Draft(name) => name,
            PromptRef::Version(id) => &id.prompt,
        }
    }

    fn rows(&self) -> Vec<Row<'_>> {
        self.view
            .as_ref()
            .map_or_else(Vec::new, |view| rows::rows(&view.diff, &self.expanded))
    }

    fn request(&self) -> Request {
        Request::Diff {
            old: self.old.clone(),
            new: self.new.clone(),
        }
    }

    fn command(&mut self, command: CommandId, context: &Context) -> Vec<Effect> {
        match command {
            CommandId::ProblemNext | CommandId::ProblemPrevious => return self.go_to_change(command),
            CommandId::Open => self.expand(),
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
            CommandId::DraftEdit => return vec![Effect::Open(Place::Editor(self.prompt().clone()))],
            CommandId::Effects | CommandId::Blame => {
                return self.cause(command).into_iter().map(Effect::Open).collect();
            }
            CommandId::Compare => return self.choose_other().into_iter().collect(),
            CommandId::CopyValue => return vec![Effect::Copy(self.cursor_text())],
            CommandId::CopyId => return vec![Effect::Copy(self.new.to_string())],
            CommandId::CopyCommand => {
                return vec![Effect::Copy(format!(
                    "pegbox diff {} {}",
                    name_of(&self.old),
                    name_of(&self.new)
                ))];
            }
            CommandId::CopyAll => return vec![Effect::Copy(self.plain_text())],
            CommandId::CopyPlain => {
                return vec![Effect::ShowPlain {
                    title: self.title(),
                    text: self.plain_text(),
                }];
            }
            _ => self.move_cursor(command),
        }
        Vec::new()
    }

    fn move_cursor(&mut self, command: CommandId) {
        let page = usize::from(self.height.get().max(1));
        let last = self.rows().len().saturating_sub(1);
        let to = match command {
            CommandId::MoveDown => self.cursor + 1,
            CommandId::MoveUp => self.cursor.saturating_sub(1),
            CommandId::PageDown => self.cursor + page,
            CommandId::PageUp => self.cursor.saturating_sub(page),
            CommandId::HalfDown => self.cursor + page.div_ceil(2),
            CommandId::HalfUp => self.cursor.saturating_sub(page.div_ceil(2)),
            CommandId::First => 0,
            CommandId::Last => last,
            _ => self.cursor,
        };
        self.cursor = to.min(last);
    }

    /// To the next change or the one before; at the ends it says so and goes round.
    fn go_to_change(&mut self, command: CommandId) -> Vec<Effect> {
        let changes = changes(&self.rows());
        let is_forward = command == CommandId::ProblemNext;
        let (next, around, end) = if is_forward {
            let next = changes.iter().find(|change| **change > self.cursor);
            (next, changes.first(), "that was the last change; this is the first")
        } else {
            let next = changes.iter().rev().find(|change| **change < self.cursor);
            (next, changes.last(), "that was the first change; this is the last")
        };
        let Some(target) = next.or(around) else {
            return Vec::new();
        };
        self.cursor = *target;
        if next.is_none() && changes.len() > 1 {
            vec![Effect::Say(Note::info(end))]
        } else {
            Vec::new()
        }
    }

    /// Expands the fold under the cursor.
    fn expand(&mut self) {
        if let Some(Row::Folded(id, _)) = self.rows().get(self.cursor) {
            let id = *id;
            self.expanded.insert(id);
        }
    }

    /// Where the cause of the changes is shown; `None` where a side is a draft, which nothing has run.
    fn cause(&self, command: CommandId) -> Option<Place> {
        let PromptRef::Version(candidate) = self.new.clone() else {
            return None;
        };
        match (command, self.old.clone()) {
            (CommandId::Blame, _) => Some(Place::Blame(candidate)),
            (_, PromptRef::Version(base)) => Some(Place::Effects { base, candidate }),
            (_, PromptRef::Draft(_)) => None,
        }
    }

    fn choose_other(&self) -> Option<Effect> {
        let detail = self.detail.as_ref()?;
        let entries = version_entries(detail, &self.new);
        Some(Effect::Choose(Choice {
            tag: AGAINST_TAG,
            title: format!("Compare {} with", self.new),
            entries,
        }))
    }

    fn answered(&mut self, request: &Request, answer: Answer) -> Vec<Effect> {
        match answer {
            // A late answer to what was compared before is not shown.
            Answer::Diff(view) if *request == self.request() => {
                let is_first = self.view.is_none();
                self.view = Some(*view);
                self.failure = None;
                let rows = self.rows();
                let first_change = changes(&rows).first().copied();
                let last = rows.len().saturating_sub(1);
                self.cursor = first_change.filter(|_| is_first).unwrap_or(self.cursor).min(last);
            }
            Answer::PromptDetail(detail) => self.detail = Some(*detail),
            _ => {}
        }
        Vec::new()
    }

    fn sides(&self, context: &Context) -> Sides {
        self.chosen.unwrap_or(match context.size_class.width {
            WidthClass::Narrow => Sides::Unified,
            WidthClass::Normal | WidthClass::Wide => Sides::Split,
        })
    }

    /// A side's title: its number, where it is live, and where there is room who made it and how long ago.
    fn side_title(&self, side: &PromptRef, context: &Context) -> String {
        let PromptRef::Version(id) = side else {
            return "draft".into();
        };
        let short = format!("v{}", id.number);
        let found = |detail: &PromptDetail| detail.versions.iter().find(|it| it.version.id == *id).cloned();
        let Some(summary) = self.detail.as_ref().and_then(found) else {
            return short;
        };
        let live = summary.live_in.iter().map(|promotion| promotion.environment.as_str());
        let mut words: Vec<String> = vec![short];
        words.extend(live.map(str::to_owned));
        if context.size_class.width > WidthClass::Narrow {
            words.push(summary.version.author.to_string());
            words.push(summary.version.committed_at.ago_text(context.now));
        }
        words.join("  ")
    }

    fn cursor_text(&self) -> String {
        self.rows().get(self.cursor).map(row_text).unwrap_or_default()
    }

    /// The diff as text, as the command line prints it.
    fn plain_text(&self) -> String {
        self.view
            .as_ref()
            .map(|view| unified_text(&view.diff))
            .unwrap_or_default()
    }

    fn draw_message(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let inner = Panel::new(format!("{} -> {}", self.old, self.new))
            .focused(true)
            .draw(frame, area, theme);
        let (text, style) = match &self.failure {
            Some(why) => (format!("These two cannot be compared: {why}"), theme.fail),
            None => ("loading the diff".to_owned(), theme.dim),
        };
        let text = Printable::line(&text);
        let shown = cut(text.as_str(), usize::from(inner.width)).into_owned();
        frame.render_widget(Line::styled(shown, style), inner);
    }
}

impl Screen for Diff {
    fn place(&self) -> Place {
        Place::Diff {
            old: self.old.clone(),
            new: self.new.clone(),
        }
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Diff]
    }

    fn title(&self) -> String {
        format!("Prompts > {} -> {}", self.old, self.new)
    }

    fn requests(&self) -> Vec<Request> {
        vec![self.request(), Request::PromptDetail(self.prompt().clone())]
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => self.command(command, context),
            ScreenEvent::Mouse(mouse, _) => {
                match mouse.kind {
                    MouseKind::ScrollDown => self.move_cursor(CommandId::MoveDown),
                    MouseKind::ScrollUp => self.move_cursor(CommandId::MoveUp),
                    MouseKind::Press => {}
                }
                Vec::new()
            }
            ScreenEvent::Answered {
                request,
                result: Ok(answer),
            } => self.answered(&request, answer),
            ScreenEvent::Answered {
                request,
                result: Err(fault),
            } => {
                if request == self.request() && self.view.is_none() {
                    self.failure = Some(fault.what.clone());
                }
                vec![Effect::Say(Note::failure(&fault))]
            }
            ScreenEvent::Chosen(chosen) if chosen.tag == AGAINST_TAG => {
                let Ok(other) = PromptRef::parse(&chosen.id) else {
                    return Vec::new();
                };
                self.old = other;
                self.view = None;
                self.expanded.clear();
                vec![Effect::Ask(self.request())]
            }
            _ => Vec::new(),
        }
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        if self.view.is_none() {
            return self.draw_message(frame, area, context);
        }
        let sides = self.sides(context);
        let rows = self.rows();
        let laid = lay(&rows, sides, self.wrap, area.width);
        let cursor = laid.starts.get(self.cursor).copied().unwrap_or(0);
        self.height.set(area.height.saturating_sub(2));
        let old = self.side_title(&self.old, context);
        let mut new = self.side_title(&self.new, context);
        let is_fallback = sides == Sides::Unified && self.chosen.is_none();
        if is_fallback {
            new.push_str("  (too narrow for two sides: S forces them)");
        }
        let widget = DiffWidget {
            rows: &laid.rows,
            cursor,
            sides,
        };
        widget.draw(frame, area, context.theme, [&old, &new], Focus::Here);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            CommandId::ProblemNext | CommandId::ProblemPrevious if changes(&self.rows()).is_empty() => {
                Err("there is no change".into())
            }
            CommandId::Effects | CommandId::Blame if self.cause(command).is_none() => {
                Err("a draft is no version: nothing has run it".into())
            }
            CommandId::Compare if self.detail.is_none() => Err("the versions are still loading".into()),
            CommandId::CopyJson => Err("pegbox diff --json prints it".into()),
            CommandId::Search | CommandId::MatchNext | CommandId::MatchPrevious => {
                Err("J and K go from change to change here".into())
            }
            CommandId::PaneNext | CommandId::PanePrevious | CommandId::PaneZoom | CommandId::Options => {
                Err("there is one pane".into())
            }
            _ => Ok(()),
        }
    }

    fn status(&self) -> String {
        let Some(view) = &self.view else {
            return String::new();
        };
        let changes = changes(&self.rows());
        let counts = view.diff.counts();
        if changes.is_empty() {
            return "no difference".into();
        }
        let at = changes.iter().filter(|change| **change <= self.cursor).count();
        let place = if at == 0 {
            format!("{} changes", changes.len())
        } else {
            format!("change {at} of {}", changes.len())
        };
        let mut words = vec![
            place,
            format!("+{} -{} lines", counts.added_lines, counts.removed_lines),
        ];
        words.extend(counted(counts.settings, "setting"));
        words.extend(counted(hidden_count(&view.diff), "hidden character"));
        words.join("   ")
    }
}

/// `1 setting`, `2 settings`; nothing for none.
fn counted(count: usize, word: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ => Some(format!("{count} {word}s")),
    }
}

/// As the command line takes it.
fn name_of(side: &PromptRef) -> String {
    match side {
        PromptRef::Draft(name) => name.to_string(),
        PromptRef::Version(id) => id.to_string(),
    }
}

fn row_text(row: &Row<'_>) -> String {
    let text = |line: &crate::domain::diff::DiffLine| -> String {
        line.segments.iter().map(|segment| segment.text.as_str()).collect()
    };
    match row {
        Row::Heading(title) => format!("-- {title} --"),
        Row::Setting(change) => {
            let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".into());
            format!("~ {}  {} -> {}", change.name, value(&change.old), value(&change.new))
        }
        Row::Lines {
            left: Some(left),
            right: Some(_),
        } if !row.is_change() => format!("  {}", text(left)),
        Row::Lines { left, right } => {
            let left = left.map(|line| format!("- {}", text(line)));
            let right = right.map(|line| format!("+ {}", text(line)));
            left.into_iter().chain(right).collect::<Vec<_>>().join("\n")
        }
        Row::Folded(_, count) => format!("... {count} equal lines"),
        Row::Hidden(count) => format!("! {count} hidden characters in the line above"),
        Row::Same => "no difference".into(),
    }
}

/// What a content can be compared with: its base and what is live first, then the draft and every other version.
pub fn version_entries(detail: &PromptDetail, subject: &PromptRef) -> Vec<Entry> {
    let base = match subject {
        PromptRef::Draft(_) => detail.draft.as_ref().and_then(|draft| draft.base.clone()),
        PromptRef::Version(id) => {
            let summary = detail.versions.iter().find(|it| it.version.id == *id);
            summary.and_then(|summary| summary.version.base.clone())
        }
    };
    let mut entries: Vec<(u8, Entry)> = Vec::new();
    for summary in &detail.versions {
        let id = &summary.version.id;
        if *subject == PromptRef::Version(id.clone()) {
            continue;
        }
        let is_base = base.as_ref() == Some(id);
        let mut words: Vec<String> = summary.live_in.iter().map(ToString::to_string).collect();
        if is_base {
            words.insert(0, "its base".into());
        }
        words.push(summary.version.reason.text.to_string());
        let rank = match (is_base, summary.live_in.is_empty()) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        };
        entries.push((rank, Entry::new(id.to_string()).note(words.join("  "))));
    }
    if let Some(draft) = detail
        .draft
        .as_ref()
        .filter(|draft| *subject != PromptRef::Draft(draft.prompt.clone()))
    {
        let side = PromptRef::Draft(draft.prompt.clone());
        entries.push((1, Entry::new(side.to_string()).note("what is being written")));
    }
    entries.sort_by_key(|(rank, _)| *rank);
    entries.into_iter().map(|(_, entry)| entry).collect()
}
