//! What keys, mouse and dialogs do on the review screen.

use ratatui::layout::Rect;

use super::{Pane, Reviews, ViewedOf, judging};
use crate::domain::time::Timestamp;
use crate::tui::command::CommandId;
use crate::tui::effect::Effect;
use crate::tui::input::{Mouse, MouseKind};
use crate::tui::msg::Note;
use crate::tui::overlays::dialog::Confirmed;
use crate::tui::screens::panes::{mouse_on_list, pane_at};
use crate::tui::screens::promotion::promotion_dialog;
use crate::tui::screens::{Context, Place, Screen};
use crate::tui::widgets::diff_view::Sides;
use crate::workbench::{PromptRef, Request, Signing};

/// Rows that one step of the wheel moves by.
const WHEEL_ROWS: usize = 3;
/// Rows that a page key moves by in the change.
const PAGE_ROWS: usize = 10;

impl Reviews {
    /// Marks the change at the cursor and goes to the next one that is not viewed yet; one that is marked counts as not
    /// viewed again.
    fn toggle_viewed(&mut self) -> Vec<Effect> {
        let (Some(detail), Some(change)) = (self.shown(), self.changes.at(self.row)) else {
            return Vec::new();
        };
        let of = ViewedOf::of(detail);
        let mut changes = self.viewed.changes(&of);
        let total = self.changes.count();
        let mut said = None;
        if changes.remove(&change) {
            let number = change + 1;
            said = Some(Note::info(format!(
                "change {number} of {total} counts as not viewed again; the same key marks it"
            )));
        } else {
            changes.insert(change);
            let next = (change + 1..total).chain(0..change).find(|at| !changes.contains(at));
            if let Some(start) = next.and_then(|next| self.changes.start(next)) {
                self.row = start;
            }
        }
        self.viewed.set(of.clone(), changes.clone());
        let viewed = Effect::Viewed(of, changes);
        [viewed].into_iter().chain(said.map(Effect::Say)).collect()
    }

    /// Whether the change is among the panes that there is room for.
    fn draws_change(&self, context: &Context) -> bool {
        let areas = self.areas(Rect::default(), context);
        areas.iter().any(|(pane, _)| *pane == Pane::Change)
    }

    pub(super) fn command(&mut self, command: CommandId, context: &Context) -> Vec<Effect> {
        match command {
            // Nobody has viewed or turned what is not drawn: the change comes first, the next key is about it.
            CommandId::ProblemNext | CommandId::ProblemPrevious | CommandId::Viewed | CommandId::DiffSplit
                if !self.draws_change(context) =>
            {
                self.focus = Pane::Change;
            }
            CommandId::PaneNext => self.focus = self.focus.step(1),
            CommandId::PanePrevious => self.focus = self.focus.step(Pane::ALL.len() - 1),
            CommandId::PaneZoom => self.zoomed = !self.zoomed,
            CommandId::ProblemNext => self.row = self.changes.next_below(self.row).unwrap_or(self.row),
            CommandId::ProblemPrevious => self.row = self.changes.next_above(self.row).unwrap_or(self.row),
            CommandId::Viewed => return self.toggle_viewed(),
            CommandId::DiffSplit => {
                self.sides = if self.sides == Sides::Split {
                    Sides::Unified
                } else {
                    Sides::Split
                };
            }
            CommandId::Search => return vec![Effect::Open(Place::Decisions)],
            CommandId::Open => return self.open(),
            CommandId::Compare => return self.open_diff(),
            CommandId::Lineage => return self.open_lineage(),
            CommandId::CopyId => {
                return self
                    .wanted()
                    .map(|id| Effect::Copy(id.to_string()))
                    .into_iter()
                    .collect();
            }
            CommandId::CopyAll => return vec![Effect::Copy(self.checks_text(context.now).to_string())],
            CommandId::CopyPlain => {
                return vec![Effect::ShowPlain {
                    title: self.title(),
                    text: self.checks_text(context.now).to_string(),
                }];
            }
            CommandId::ReviewApprove | CommandId::ReviewReject | CommandId::ReviewPause | CommandId::ReleasePromote => {
                return self.confirm(command, context);
            }
            _ => return self.move_in_focus(command, context.now),
        }
        Vec::new()
    }

    fn move_in_focus(&mut self, command: CommandId, now: Timestamp) -> Vec<Effect> {
        match self.focus {
            Pane::Queue if self.queue.command(command) => return self.follow_selection().into_iter().collect(),
            Pane::Queue => {}
            Pane::Change => self.move_row(command),
            Pane::Evidence => {
                self.metrics.command(command);
            }
            Pane::Checks => {
                let text = self.checks_text(now);
                self.checks.command(command, &text);
            }
        }
        Vec::new()
    }

    fn move_row(&mut self, command: CommandId) {
        let last = self.changes.last_row();
        let row = match command {
            CommandId::MoveDown => self.row + 1,
            CommandId::MoveUp => self.row.saturating_sub(1),
            CommandId::PageDown | CommandId::HalfDown => self.row + PAGE_ROWS,
            CommandId::PageUp | CommandId::HalfUp => self.row.saturating_sub(PAGE_ROWS),
            CommandId::First => 0,
            CommandId::Last => last,
            _ => return,
        };
        self.row = row.min(last);
    }

    fn open(&mut self) -> Vec<Effect> {
        match self.focus {
            Pane::Queue => {
                self.focus = Pane::Change;
                Vec::new()
            }
            Pane::Change => self.open_diff(),
            Pane::Evidence => self.open_evidence(),
            Pane::Checks => self
                .shown()
                .map(|detail| Effect::Open(Place::Run(detail.run.id)))
                .into_iter()
                .collect(),
        }
    }

    /// Both runs example by example, or what failed in the one that there is.
    fn open_evidence(&self) -> Vec<Effect> {
        let place = self.shown().map(|detail| match &detail.comparison {
            Some(comparison) => Place::Comparison {
                base: comparison.base,
                candidate: comparison.candidate,
            },
            None => Place::Failures(detail.run.id),
        });
        place.map(Effect::Open).into_iter().collect()
    }

    fn open_diff(&self) -> Vec<Effect> {
        let Some(detail) = self.shown() else {
            return Vec::new();
        };
        let Some(base) = detail.review.base.clone() else {
            return Vec::new();
        };
        vec![Effect::Open(Place::Diff {
            old: PromptRef::Version(base),
            new: PromptRef::Version(detail.review.version.clone()),
        })]
    }

    fn open_lineage(&self) -> Vec<Effect> {
        let id = self.wanted().map(|id| Place::Lineage(id.to_string()));
        id.map(Effect::Open).into_iter().collect()
    }

    fn confirm(&mut self, command: CommandId, context: &Context) -> Vec<Effect> {
        let Some(detail) = self.detail.ready() else {
            return Vec::new();
        };
        if let Err(why) = self.availability(command) {
            return vec![Effect::Say(Note::warning(why))];
        }
        let dialog = match command {
            CommandId::ReviewApprove => judging::approve_dialog(detail, context.now),
            CommandId::ReviewReject => judging::reject_dialog(detail),
            CommandId::ReviewPause => judging::pause_dialog(detail),
            _ => promotion_dialog(detail, context.now),
        };
        self.asked = Some(detail.review.id);
        vec![Effect::Confirm(dialog)]
    }

    /// Sends what was confirmed, about the review that the dialog was about.
    pub(super) fn act(&mut self, confirmed: Confirmed) -> Vec<Effect> {
        let Some(review) = self.asked else {
            return Vec::new();
        };
        let (reason, signing) = (confirmed.reason().to_owned(), Signing::wished(confirmed.signs()));
        let request = match judging::judgement(confirmed.command(), confirmed.choice()) {
            Some(judgement) => Request::Decide {
                review,
                judgement,
                reason,
                signing,
            },
            None if confirmed.command() == CommandId::ReleasePromote => Request::Promote {
                review,
                reason,
                signing,
            },
            None => return Vec::new(),
        };
        vec![Effect::Act(request, confirmed)]
    }

    pub(super) fn mouse(&mut self, mouse: Mouse, body: Rect, context: &Context) -> Vec<Effect> {
        let Some((pane, area)) = pane_at(&self.areas(body, context), mouse) else {
            return Vec::new();
        };
        self.focus = pane;
        match (pane, mouse.kind) {
            (Pane::Queue, _) => {
                mouse_on_list(&mut self.queue, mouse, area);
                return self.follow_selection().into_iter().collect();
            }
            (Pane::Change, MouseKind::ScrollDown) => {
                self.row = (self.row + WHEEL_ROWS).min(self.changes.last_row());
            }
            (Pane::Change, MouseKind::ScrollUp) => self.row = self.row.saturating_sub(WHEEL_ROWS),
            (Pane::Checks, _) => {
                self.checks.wheel(mouse);
            }
            (Pane::Change | Pane::Evidence, _) => {}
        }
        Vec::new()
    }
}
