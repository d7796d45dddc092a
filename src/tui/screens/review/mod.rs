//! Reviews: the queue, the change, what must hold before approval, and the evidence.

mod changes;
mod commands;
mod evidence;
mod judging;
mod view;
mod viewed;

#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::layout::Rect;

use self::changes::Changes;
use self::evidence::MetricRow;
use self::judging::ViewedCount;
pub use self::viewed::{Viewed, ViewedOf};
use super::loaded::Loaded;
use super::panes::offered;
use super::promotion::{promoted_note, promotion_fault};
use super::{Context, Place, Screen, ScreenEvent, Tab};
use crate::domain::ids::ReviewId;
use crate::domain::review::ReviewState;
use crate::domain::time::Timestamp;
use crate::text::Printable;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::widgets::diff_view::Sides;
use crate::tui::widgets::listing::{HasId, Listing};
use crate::tui::widgets::text_view::TextView;
use crate::workbench::{Answer, Doing, Fault, Request, ReviewDetail, ReviewSummary};

/// What it takes of the commands that not every screen has a use for.
const TAKEN: [CommandId; 7] = [
    CommandId::PaneNext,
    CommandId::PanePrevious,
    CommandId::PaneZoom,
    CommandId::ProblemNext,
    CommandId::ProblemPrevious,
    CommandId::Search,
    CommandId::CopyPlain,
];

/// The panes, in the order of Tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pane {
    Queue,
    Change,
    Evidence,
    Checks,
}

impl Pane {
    const ALL: [Pane; 4] = [Pane::Queue, Pane::Change, Pane::Evidence, Pane::Checks];

    /// The pane that many steps further, round and round.
    fn step(self, steps: usize) -> Self {
        let at = Self::ALL.iter().position(|pane| *pane == self).unwrap_or(0);
        Self::ALL.get((at + steps) % Self::ALL.len()).copied().unwrap_or(self)
    }
}

/// A review in the queue.
#[derive(Debug, Clone, PartialEq)]
struct QueueRow(ReviewSummary);

impl HasId for QueueRow {
    type Id = ReviewId;

    fn id(&self) -> ReviewId {
        self.0.review.id
    }
}

/// The screen.
#[derive(Debug)]
pub struct Reviews {
    /// The review that it was opened on, rather than the queue.
    opened_on: Option<ReviewId>,
    focus: Pane,
    zoomed: bool,
    queue_loaded: Loaded<()>,
    queue: Listing<QueueRow>,
    /// Of the selected review.
    detail: Loaded<Box<ReviewDetail>>,
    changes: Changes,
    row: usize,
    sides: Sides,
    viewed: Viewed,
    metrics: Listing<MetricRow>,
    checks: TextView,
    /// What the open dialog is about: the selection may move below it.
    asked: Option<ReviewId>,
}

impl Reviews {
    /// The queue.
    pub fn queue() -> Self {
        Self {
            opened_on: None,
            focus: Pane::Queue,
            zoomed: false,
            queue_loaded: Loaded::Loading,
            queue: Listing::default(),
            detail: Loaded::Loading,
            changes: Changes::default(),
            row: 0,
            sides: Sides::Unified,
            viewed: Viewed::default(),
            metrics: Listing::default(),
            checks: TextView::default(),
            asked: None,
        }
    }

    /// One review.
    pub fn one(id: ReviewId) -> Self {
        Self {
            opened_on: Some(id),
            focus: Pane::Change,
            ..Self::queue()
        }
    }

    /// The review whose detail is wanted: the selected one, before the queue is there the one that was opened.
    fn wanted(&self) -> Option<ReviewId> {
        self.queue.selected().map(HasId::id).or(self.opened_on)
    }

    /// The detail, where it is the selected review's.
    fn shown(&self) -> Option<&ReviewDetail> {
        self.detail.ready().map(Box::as_ref)
    }

    fn take_queue(&mut self, mut reviews: Vec<ReviewSummary>) -> Vec<Effect> {
        let waiting = reviews.iter().filter(|summary| summary.state.awaits_approval()).count();
        reviews.sort_by_key(|summary| queue_rank(summary.state));
        let is_first = self.queue_loaded.ready().is_none();
        self.queue_loaded = Loaded::Ready(());
        self.queue.set_all(reviews.into_iter().map(QueueRow).collect());
        if let Some(id) = self.opened_on.filter(|_| is_first) {
            self.queue.select(&id);
        }
        let mut effects = vec![Effect::Count(Tab::Review, waiting)];
        // On opening one, its detail was asked for together with the queue.
        if !(is_first && self.opened_on.is_some()) {
            effects.extend(self.follow_selection());
        }
        effects
    }

    /// Asks for the detail of what is selected, unless it is there.
    fn follow_selection(&mut self) -> Option<Effect> {
        let wanted = self.wanted()?;
        if self.shown().is_some_and(|detail| detail.review.id == wanted) {
            return None;
        }
        self.detail = Loaded::Loading;
        self.changes = Changes::default();
        self.row = 0;
        Some(Effect::Ask(Request::ReviewDetail(wanted)))
    }

    fn take_detail(&mut self, detail: Box<ReviewDetail>, viewed: &Viewed) {
        if self.wanted() != Some(detail.review.id) {
            return;
        }
        // What was viewed on another screen of this session counts here too.
        self.viewed.adopt(&ViewedOf::of(&detail), viewed);
        let is_same = self.shown().is_some_and(|shown| shown.review.id == detail.review.id);
        self.metrics.set_all(evidence::metric_rows(&detail));
        self.changes = Changes::of(&detail);
        self.row = self.row.min(self.changes.last_row());
        self.detail = Loaded::Ready(detail);
        if !is_same {
            self.row = self.changes.start(0).unwrap_or(0);
            self.checks.reset();
            self.metrics.command(CommandId::First);
        }
    }

    fn checks_text(&self, now: Timestamp) -> Printable {
        let text = self
            .shown()
            .map(|detail| view::checks_text(detail, self.viewed_count(detail), now));
        Printable::block(&text.unwrap_or_default())
    }

    fn viewed_count(&self, detail: &ReviewDetail) -> ViewedCount {
        ViewedCount {
            viewed: self.viewed.changes(&ViewedOf::of(detail)).len(),
            total: self.changes.count(),
        }
    }

    fn answered(&mut self, answer: Answer, viewed: &Viewed) -> Vec<Effect> {
        match answer {
            Answer::Reviews(reviews) => self.take_queue(reviews),
            Answer::ReviewDetail(detail) => {
                self.take_detail(detail, viewed);
                Vec::new()
            }
            Answer::Decided(decision) => {
                let text = format!("{}: {} {}", decision.id, decision.version, decision.kind);
                vec![Effect::Say(Note::info(text))]
            }
            Answer::Promoted(promotion, release) => {
                vec![Effect::Say(promoted_note(&promotion, release.as_deref()))]
            }
            _ => Vec::new(),
        }
    }

    fn failed(&mut self, request: &Request, fault: Fault) -> Vec<Effect> {
        let note = Note::failure(&fault);
        match request {
            Request::Reviews => self.queue_loaded.fail(fault),
            Request::ReviewDetail(id) if self.wanted() == Some(*id) => self.detail.fail(fault),
            _ => {}
        }
        vec![Effect::Say(note)]
    }
}

/// What waits comes first: for a decision, for a promotion, for better times.
fn queue_rank(state: ReviewState) -> u8 {
    match state {
        ReviewState::Open | ReviewState::PartlyApproved => 0,
        ReviewState::Approved => 1,
        ReviewState::Paused => 2,
        ReviewState::Rejected | ReviewState::NotAPromptProblem | ReviewState::Promoted => 3,
    }
}

impl Screen for Reviews {
    fn place(&self) -> Place {
        self.opened_on.map_or(Place::Reviews, Place::Review)
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Review]
    }

    fn title(&self) -> String {
        self.opened_on.map_or("Review".into(), |id| format!("Review > {id}"))
    }

    fn doing(&self) -> Doing {
        self.wanted()
            .map_or_else(|| Doing::Looking(self.title()), Doing::Reviewing)
    }

    fn requests(&self) -> Vec<Request> {
        let mut requests = vec![Request::Reviews];
        requests.extend(self.wanted().map(Request::ReviewDetail));
        requests
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => self.command(command, context),
            ScreenEvent::Mouse(mouse, body) => self.mouse(mouse, body, context),
            ScreenEvent::Confirmed(confirmed) => self.act(confirmed),
            ScreenEvent::Answered { result: Ok(answer), .. } => self.answered(answer, context.viewed),
            ScreenEvent::Answered {
                request,
                result: Err(fault),
            } => self.failed(&request, fault),
            _ => Vec::new(),
        }
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        self.draw(frame, area, context);
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        let needs_detail = matches!(
            command,
            CommandId::ReviewApprove
                | CommandId::ReviewReject
                | CommandId::ReviewPause
                | CommandId::ReleasePromote
                | CommandId::Viewed
                | CommandId::Compare
        );
        let Some(detail) = self.shown() else {
            return if !needs_detail {
                offered(command, &TAKEN)
            } else if self.queue_loaded.ready().is_some() && self.queue.total() == 0 {
                Err("there is no review".into())
            } else {
                Err("the review is not loaded yet".into())
            };
        };
        match command {
            CommandId::ReviewApprove => judging::approval_fault(detail, self.viewed_count(detail)),
            CommandId::ReviewReject => judging::refusal_fault(detail, ReviewState::Rejected),
            CommandId::ReviewPause => judging::refusal_fault(detail, ReviewState::Paused),
            CommandId::ReleasePromote => promotion_fault(detail),
            CommandId::Compare if detail.review.base.is_none() => {
                Err("it is the first version there: nothing to compare it with".into())
            }
            CommandId::ProblemNext | CommandId::ProblemPrevious | CommandId::Viewed if self.changes.count() == 0 => {
                Err("there is no change".into())
            }
            CommandId::Viewed => judging::viewed_fault(detail),
            _ => offered(command, &TAKEN),
        }
    }

    fn step_back(&mut self) -> bool {
        if std::mem::take(&mut self.zoomed) {
            return true;
        }
        let is_inside = self.opened_on.is_none() && self.focus != Pane::Queue;
        if is_inside {
            self.focus = Pane::Queue;
        }
        is_inside
    }

    fn status(&self) -> String {
        let Some(detail) = self.shown() else {
            return String::new();
        };
        let is_undecided = matches!(
            detail.state,
            ReviewState::Open | ReviewState::PartlyApproved | ReviewState::Paused | ReviewState::NotAPromptProblem
        );
        match (is_undecided, self.availability(CommandId::ReviewApprove)) {
            (true, Ok(())) => "all checks hold: A approves".into(),
            (true, Err(why)) => format!("approve is off: {why}"),
            (false, Err(why)) => why,
            (false, Ok(())) => String::new(),
        }
    }
}
