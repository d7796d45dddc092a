//! A prompt version line by line, each beside the version, author, reason and run that brought it.

#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::figures::verdict_brief;
use super::list_and_detail::{Detail, ListAndDetail, copied};
use super::panes::offered;
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::ids::VersionId;
use crate::text::Printable;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::layout::WidthClass;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::HasId;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{Answer, BlameOrigin, PromptRef, Request, VersionBlame};

/// A line, or the name of the part that follows.
#[derive(Debug, Clone, PartialEq)]
struct LineRow {
    /// Counted from 0, the names of the parts among them.
    number: usize,
    text: String,
    /// `None` for the name of a part.
    origin: Option<BlameOrigin>,
    /// Whether the line above came with the same version: then it is not said again.
    is_same: bool,
}

impl HasId for LineRow {
    type Id = usize;

    fn id(&self) -> usize {
        self.number
    }
}

/// The screen.
#[derive(Debug)]
pub struct Blame {
    version: VersionId,
    shown: Option<VersionBlame>,
    rows: ListAndDetail<LineRow>,
}

impl Blame {
    /// The blame of a version, before it is loaded.
    pub fn new(version: VersionId) -> Self {
        Self {
            version,
            shown: None,
            rows: ListAndDetail::with_long_list(),
        }
    }

    fn take(&mut self, blame: VersionBlame) {
        let mut rows = Vec::new();
        for part in &blame.parts {
            rows.push((
                part.role
                    .map_or_else(|| "settings".into(), |role| format!("-- {role} --")),
                None,
            ));
            rows.extend(part.lines.iter().map(|line| (line.text.clone(), Some(line.origin))));
        }
        let mut above = None;
        let rows = rows.into_iter().enumerate().map(|(number, (text, origin))| {
            let is_same = origin.is_some() && origin == above;
            above = origin;
            LineRow {
                number,
                text,
                origin: origin.and_then(|at| blame.origins.get(at).cloned()),
                is_same,
            }
        });
        self.rows.answered(rows.collect());
        // The first row is the name of a part.
        self.rows.command(CommandId::MoveDown);
        self.shown = Some(blame);
    }

    fn origin(&self) -> Option<&BlameOrigin> {
        self.rows.selected()?.origin.as_ref()
    }

    /// To the next line that another version brought, or the one before.
    fn go_to_origin(&mut self, command: CommandId) {
        let at = self.rows.rows.cursor();
        let starts = self
            .rows
            .rows
            .rows()
            .iter()
            .filter(|row| row.origin.is_some() && !row.is_same);
        let starts: Vec<u64> = starts.map(|row| row.number as u64).collect();
        let to = if command == CommandId::ProblemNext {
            starts.iter().find(|start| **start > at).or_else(|| starts.first())
        } else {
            starts.iter().rev().find(|start| **start < at).or_else(|| starts.last())
        };
        if let Some(to) = to {
            self.rows.rows.select_row(*to);
        }
    }

    fn command(&mut self, command: CommandId) -> Vec<Effect> {
        let effect = match command {
            CommandId::Open => self
                .origin()
                .and_then(|origin| origin.run)
                .map(|(run, _)| Effect::Open(Place::Run(run))),
            CommandId::ProblemNext | CommandId::ProblemPrevious => {
                self.go_to_origin(command);
                None
            }
            CommandId::Compare => self.diff().map(Effect::Open),
            CommandId::CopyValue => self.rows.selected().map(|row| Effect::Copy(row.text.clone())),
            CommandId::CopyId => self.origin().map(|origin| Effect::Copy(origin.version.to_string())),
            CommandId::CopyCommand => Some(Effect::Copy(format!("pegbox prompt blame {}", self.version))),
            CommandId::CopyAll | CommandId::CopyPlain => {
                copied(command, self.title(), self.shown.as_ref().map(VersionBlame::text))
            }
            _ => {
                self.rows.command(command);
                None
            }
        };
        effect.into_iter().collect()
    }

    /// From the version that brought the line to this one.
    fn diff(&self) -> Option<Place> {
        let old = self.origin()?.version.clone();
        (old != self.version).then(|| Place::Diff {
            old: PromptRef::Version(old),
            new: PromptRef::Version(self.version.clone()),
        })
    }

    fn draw_list(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let is_narrow = context.size_class.width == WidthClass::Narrow;
        let mut columns = vec![
            Column::fixed("from", 4),
            Column::fixed("by", if is_narrow { 6 } else { 10 }),
            Column::fixed("why", if is_narrow { 12 } else { 24 }),
            Column::fixed("run", if is_narrow { 7 } else { 16 }),
            Column::share("line", 1),
        ];
        if !is_narrow {
            columns.insert(2, Column::number("made", 7));
        }
        let cells = |row: &LineRow| {
            let said = row.origin.as_ref().filter(|_| !row.is_same);
            let of =
                |text: &dyn Fn(&BlameOrigin) -> String| TableCell::new(said.map(text).unwrap_or_default(), theme.dim);
            let line = if row.origin.is_some() { theme.text } else { theme.dim };
            let mut cells = vec![
                of(&|origin| format!("v{}", origin.version.number)),
                of(&|origin| origin.author.to_string()),
                of(&|origin| origin.reason.text.to_string()),
                of(&|origin| run_text(origin, is_narrow)),
                TableCell::new(row.text.as_str(), line),
            ];
            if !is_narrow {
                cells.insert(2, of(&|origin| origin.committed_at.ago_text(context.now)));
            }
            cells
        };
        Table::new(&columns).focus(Focus::Here).empty("It has no line.").draw(
            frame,
            area,
            theme,
            &self.rows.rows,
            cells,
        );
    }
}

/// The newest run of the version, with its gate where there is room.
fn run_text(origin: &BlameOrigin, is_narrow: bool) -> String {
    match origin.run {
        None => "--".into(),
        Some((run, _)) if is_narrow => run.to_string(),
        Some((run, verdict)) => format!("{run} {}", verdict_brief(verdict)),
    }
}

impl Screen for Blame {
    fn place(&self) -> Place {
        Place::Blame(self.version.clone())
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Blame]
    }

    fn title(&self) -> String {
        format!("Prompts > {} > Blame", self.version)
    }

    fn requests(&self) -> Vec<Request> {
        vec![Request::Blame(self.version.clone())]
    }

    fn update(&mut self, event: ScreenEvent, _context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => return self.command(command),
            ScreenEvent::Mouse(mouse, body) => self.rows.mouse(mouse, body),
            ScreenEvent::Answered {
                result: Ok(Answer::Blame(blame)),
                ..
            } => self.take(*blame),
            ScreenEvent::Answered { result: Err(fault), .. } => return self.rows.failed(fault),
            _ => {}
        }
        Vec::new()
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let count = self.shown.as_ref().map_or(0, |blame| blame.origins.len());
        let plural = if count == 1 { "" } else { "s" };
        let title = format!("What brought each line of {}", self.version);
        let list = Panel::new(title).note(format!("{count} version{plural}"));
        let text = self.origin().map(|origin| {
            let line = self.rows.selected().map_or("", |row| row.text.as_str());
            Printable::block(&format!("{line}\n\n{}", origin.sentence()))
        });
        let detail = Detail {
            title: self.origin().map_or("Line".into(), |origin| origin.version.to_string()),
            text,
        };
        let draw_rows = |frame: &mut Frame, area| self.draw_list(frame, area, context);
        self.rows.draw(frame, area, context, list, draw_rows, detail);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            CommandId::ProblemNext | CommandId::ProblemPrevious if self.shown.is_none() => {
                Err("it is still loading".into())
            }
            CommandId::ProblemNext | CommandId::ProblemPrevious => Ok(()),
            CommandId::Open if self.origin().is_none_or(|origin| origin.run.is_none()) => {
                Err("no run has tested the version of this line".into())
            }
            CommandId::Compare if self.diff().is_none() => Err("the line came with this version".into()),
            CommandId::Search => Err("J and K go to the next line of another version".into()),
            _ => offered(
                command,
                &[CommandId::CopyValue, CommandId::CopyCommand, CommandId::CopyPlain],
            ),
        }
    }
}
