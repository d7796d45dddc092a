//! Releases: what is where, what it rests on, and the way forward and back.

mod view;

#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::finder::{Finder, Found};
use super::loaded::Loaded;
use super::panes::{mouse_on_list, offered, pane_at};
use super::promotion::{promoted_note, promotion_dialog, promotion_fault};
use super::release_facts::{diff_place, promotion_text, release_text};
use super::release_history::ReleaseRow;
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::ids::{PromotionId, PromptName, ReviewId};
use crate::domain::promotion::Promotion;
use crate::domain::release::{Release, RollbackTarget};
use crate::domain::time::Timestamp;
use crate::text::Printable;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::input::Mouse;
use crate::tui::layout::WidthClass;
use crate::tui::msg::Note;
use crate::tui::overlays::dialog::{Confirmed, Dialog, Fact, SignRule};
use crate::tui::widgets::listing::{HasId, Listing};
use crate::tui::widgets::text_view::TextView;
use crate::workbench::{Answer, EnvironmentRow, Fault, Leaving, Request, ReviewDetail, Signing};

/// What it takes of the commands that not every screen has a use for.
const TAKEN: [CommandId; 6] = [
    CommandId::PaneNext,
    CommandId::PanePrevious,
    CommandId::PaneZoom,
    CommandId::Search,
    CommandId::CopyCommand,
    CommandId::CopyPlain,
];

/// The panes, in the order of Tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pane {
    #[default]
    Environments,
    Detail,
    History,
}

/// A prompt's row.
#[derive(Debug, Clone, PartialEq)]
struct PromptRow(EnvironmentRow);

impl HasId for PromptRow {
    type Id = PromptName;

    fn id(&self) -> PromptName {
        self.0.prompt.clone()
    }
}

/// What a dialog is about, from the key that asked for it to its confirmation.
#[derive(Debug, Clone, PartialEq)]
enum Asked {
    Promote(ReviewId),
    RollBack(PromotionId),
}

/// The screen.
#[derive(Debug, Default)]
pub struct Releases {
    focus: Pane,
    zoomed: bool,
    /// Every prompt's row; the listing holds those that the finder leaves.
    all: Loaded<Vec<EnvironmentRow>>,
    finder: Finder,
    rows: Listing<PromptRow>,
    detail: TextView,
    /// Releases of the selected prompt.
    history: Loaded<PromptName>,
    earlier: Listing<ReleaseRow>,
    asked: Option<Asked>,
}

impl Releases {
    fn selected(&self) -> Option<&EnvironmentRow> {
        self.rows.selected().map(|row| &row.0)
    }

    fn detail_text(&self, now: Timestamp) -> Printable {
        let Some(row) = self.selected() else {
            return Printable::default();
        };
        match (&row.production, &row.staging) {
            (Some(release), _) if row.stale.is_empty() => release_text(release, now),
            (Some(release), _) => {
                let stale = row
                    .stale
                    .iter()
                    .map(|stale| format!("! its evidence is stale: {stale}\n"));
                let text = release_text(release, now);
                Printable::block(&format!("{}\n{text}", stale.collect::<String>()))
            }
            (None, Some(promotion)) => promotion_text(promotion, now),
            (None, None) => Printable::block("Nothing is in staging or production yet: V on Runs asks for a review."),
        }
    }

    fn live(&self) -> Option<&Release> {
        self.selected().and_then(|row| row.production.as_ref())
    }

    /// Shows the rows that the finder leaves.
    fn narrow(&mut self) -> Vec<Effect> {
        let all = self.all.ready().map(Vec::as_slice).unwrap_or_default();
        let left = all.iter().filter(|row| self.finder.matches(row.prompt.as_str()));
        let left: Vec<PromptRow> = left.cloned().map(PromptRow).collect();
        self.rows.set_all(left);
        self.follow_selection()
    }

    /// Shows the detail of what is selected from its start, and asks for its releases.
    fn follow_selection(&mut self) -> Vec<Effect> {
        let prompt = self.selected().map(|row| row.prompt.clone());
        if self.history.ready() == prompt.as_ref() {
            return Vec::new();
        }
        self.detail.reset();
        self.history = Loaded::Loading;
        self.earlier.set_all(Vec::new());
        let request = prompt.map(|prompt| Effect::Ask(Request::Releases(prompt)));
        request.into_iter().collect()
    }

    fn take_releases(&mut self, prompt: PromptName, releases: Vec<Release>) {
        if self.selected().is_some_and(|row| row.prompt == prompt) {
            self.earlier.set_all(releases.into_iter().map(ReleaseRow).collect());
            self.history = Loaded::Ready(prompt);
        }
    }

    fn command(&mut self, command: CommandId, context: &Context) -> Vec<Effect> {
        match command {
            CommandId::PaneNext | CommandId::PanePrevious => self.focus = self.next_pane(command, context),
            CommandId::PaneZoom => self.zoomed = !self.zoomed,
            CommandId::Search => self.finder.start(),
            CommandId::Open if self.focus == Pane::Environments => self.focus = Pane::Detail,
            CommandId::Open | CommandId::Lineage => return self.open_lineage(),
            CommandId::Compare => {
                let place = self.live().and_then(diff_place);
                return place.map(Effect::Open).into_iter().collect();
            }
            CommandId::History => {
                let place = self.selected().map(|row| Place::ReleaseHistory(row.prompt.clone()));
                return place.map(Effect::Open).into_iter().collect();
            }
            CommandId::ReleasePromote => return self.ask_before_promotion(),
            CommandId::ReleaseRollBack => return self.confirm_roll_back(context.now),
            CommandId::CopyId => {
                let id = self.live().map(|release| release.promotion.id.to_string());
                return id.map(Effect::Copy).into_iter().collect();
            }
            CommandId::CopyAll => return vec![Effect::Copy(self.detail_text(context.now).to_string())],
            CommandId::CopyPlain => {
                return vec![Effect::ShowPlain {
                    title: self.title(),
                    text: self.detail_text(context.now).to_string(),
                }];
            }
            CommandId::CopyCommand => {
                let target = self.live().and_then(|release| release.rollback_target.as_ref());
                return target
                    .map(|target| Effect::Copy(target.command.clone()))
                    .into_iter()
                    .collect();
            }
            _ => return self.move_in_focus(command, context.now),
        }
        Vec::new()
    }

    fn next_pane(&self, command: CommandId, context: &Context) -> Pane {
        let panes: &[Pane] = match context.size_class.width {
            WidthClass::Wide => &[Pane::Environments, Pane::Detail, Pane::History],
            WidthClass::Narrow | WidthClass::Normal => &[Pane::Environments, Pane::Detail],
        };
        let at = panes.iter().position(|pane| *pane == self.focus).unwrap_or(0);
        let steps = if command == CommandId::PaneNext {
            1
        } else {
            panes.len() - 1
        };
        panes.get((at + steps) % panes.len()).copied().unwrap_or_default()
    }

    fn move_in_focus(&mut self, command: CommandId, now: Timestamp) -> Vec<Effect> {
        match self.focus {
            Pane::Environments if self.rows.command(command) => return self.follow_selection(),
            Pane::Environments => {}
            Pane::Detail => {
                let text = self.detail_text(now);
                self.detail.command(command, &text);
            }
            Pane::History => {
                self.earlier.command(command);
            }
        }
        Vec::new()
    }

    /// The lineage of the release under the cursor: in the history that one, else the live one.
    fn open_lineage(&self) -> Vec<Effect> {
        let earlier = self.earlier.selected().filter(|_| self.focus == Pane::History);
        let release = earlier.map(|row| &row.0).or_else(|| self.live());
        let staged = || self.selected().and_then(|row| row.staging.as_ref());
        let id = release.map(|release| &release.promotion).or_else(staged);
        id.map(|promotion| Effect::Open(Place::Lineage(promotion.id.to_string())))
            .into_iter()
            .collect()
    }

    /// Asks for what the promotion's dialog says; it opens when the answer is there.
    fn ask_before_promotion(&mut self) -> Vec<Effect> {
        let review = self.selected().and_then(|row| row.approved).map(|(review, _)| review);
        self.asked = review.map(Asked::Promote);
        let request = review.map(|review| Effect::Ask(Request::ReviewDetail(review)));
        request.into_iter().collect()
    }

    /// Opens the dialog at once: the live release says where it goes back to.
    fn confirm_roll_back(&mut self, now: Timestamp) -> Vec<Effect> {
        let Some((live, target)) = self
            .live()
            .and_then(|live| Some((live, live.rollback_target.as_ref()?)))
        else {
            return Vec::new();
        };
        let earlier = self.earlier.rows().iter().map(|row| &row.0.promotion);
        let earlier = earlier.into_iter().find(|promotion| promotion.id == target.release);
        let sign = self
            .selected()
            .map_or(SignRule::Offered, |row| SignRule::from(row.signatures));
        let dialog = roll_back_dialog(&live.promotion, target, earlier, sign, now);
        self.asked = Some(Asked::RollBack(live.promotion.id.clone()));
        vec![Effect::Confirm(dialog)]
    }

    fn confirm_promotion(&self, detail: &ReviewDetail, now: Timestamp) -> Vec<Effect> {
        if self.asked != Some(Asked::Promote(detail.review.id)) {
            return Vec::new();
        }
        match promotion_fault(detail) {
            Ok(()) => vec![Effect::Confirm(promotion_dialog(detail, now))],
            Err(why) => vec![Effect::Say(Note::warning(why))],
        }
    }

    fn act(&mut self, confirmed: Confirmed) -> Vec<Effect> {
        let (reason, signing) = (confirmed.reason().to_owned(), Signing::wished(confirmed.signs()));
        let request = match self.asked.clone() {
            Some(Asked::Promote(review)) => Request::Promote {
                review,
                reason,
                signing,
            },
            Some(Asked::RollBack(id)) => Request::RollBack {
                leaving: Leaving::Release(id),
                reason,
                signing,
            },
            None => return Vec::new(),
        };
        vec![Effect::Act(request, confirmed)]
    }

    fn answered(&mut self, request: Request, answer: Answer, context: &Context) -> Vec<Effect> {
        match (request, answer) {
            (_, Answer::Environments(rows)) => {
                self.all = Loaded::Ready(rows);
                return self.narrow();
            }
            (Request::Releases(prompt), Answer::Releases(releases)) => self.take_releases(prompt, releases),
            (_, Answer::ReviewDetail(detail)) => return self.confirm_promotion(&detail, context.now),
            (_, Answer::Promoted(promotion, release)) => {
                return vec![Effect::Say(promoted_note(&promotion, release.as_deref()))];
            }
            (_, Answer::RolledBack(release)) => {
                let promotion = &release.promotion;
                let text = format!("rolled back: {} = {} is live", promotion.id, promotion.version);
                return vec![Effect::Say(Note::info(text))];
            }
            _ => {}
        }
        Vec::new()
    }

    fn failed(&mut self, request: &Request, fault: Fault) -> Vec<Effect> {
        let note = Note::failure(&fault);
        match request {
            Request::Environments => self.all.fail(fault),
            Request::Releases(_) => self.history.fail(fault),
            _ => {}
        }
        vec![Effect::Say(note)]
    }

    fn mouse(&mut self, mouse: Mouse, body: Rect, context: &Context) -> Vec<Effect> {
        let Some((pane, area)) = pane_at(&self.areas(body, context), mouse) else {
            return Vec::new();
        };
        self.focus = pane;
        match pane {
            Pane::Environments => {
                mouse_on_list(&mut self.rows, mouse, area);
                return self.follow_selection();
            }
            Pane::History => mouse_on_list(&mut self.earlier, mouse, area),
            Pane::Detail => {
                self.detail.wheel(mouse);
            }
        }
        Vec::new()
    }
}

/// The dialog: a digit picks the reason, Enter acts. `earlier` is the promotion that it goes back to, where loaded.
fn roll_back_dialog(
    live: &Promotion,
    target: &RollbackTarget,
    earlier: Option<&Promotion>,
    sign: SignRule,
    now: Timestamp,
) -> Dialog {
    let approval = earlier.map_or(String::new(), |earlier| {
        format!(": {}, {}", earlier.review, earlier.run)
    });
    let facts = vec![
        Fact::new(
            "from",
            format!(
                "{} = {}, live for {}",
                live.id,
                live.version,
                live.promoted_at.ago_text(now)
            ),
        ),
        Fact::new("to", format!("{} = {}", target.release, target.version)),
        Fact::new("affects", "all of production's requests, at once"),
        Fact::new("rests on", format!("the approval of {}{approval}", target.release)),
        Fact::new("undo", "another review and promotion"),
    ];
    Dialog::pick(
        CommandId::ReleaseRollBack,
        format!("Roll back {}", live.id),
        facts,
        format!("Roll back to {}", target.version),
        roll_back_reasons(&live.id),
    )
    .with_signature(sign)
}

/// Reasons that say what happened to which release; the last is typed.
fn roll_back_reasons(live: &PromotionId) -> Vec<String> {
    vec![
        format!("wrong answers in {live}"),
        format!("unsafe answers in {live}"),
        format!("errors or schema failures in {live}"),
        format!("cost or latency too high in {live}"),
        "other, type it".into(),
    ]
}

impl Screen for Releases {
    fn place(&self) -> Place {
        Place::Releases
    }

    fn scopes(&self) -> Vec<Scope> {
        if self.finder.is_typing() {
            Vec::new()
        } else {
            vec![Scope::Releases]
        }
    }

    fn title(&self) -> String {
        "Releases".into()
    }

    fn requests(&self) -> Vec<Request> {
        let mut requests = vec![Request::Environments];
        requests.extend(self.selected().map(|row| Request::Releases(row.prompt.clone())));
        requests
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => self.command(command, context),
            ScreenEvent::Key(key) if self.finder.key(key) == Found::Changed => self.narrow(),
            ScreenEvent::Paste(text) if self.finder.paste(&text) == Found::Changed => self.narrow(),
            ScreenEvent::Mouse(mouse, body) => self.mouse(mouse, body, context),
            ScreenEvent::Confirmed(confirmed) => self.act(confirmed),
            ScreenEvent::Answered {
                request,
                result: Ok(answer),
            } => self.answered(request, answer, context),
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
        let Some(row) = self.selected() else {
            let needs_row = matches!(
                command,
                CommandId::ReleasePromote
                    | CommandId::ReleaseRollBack
                    | CommandId::Compare
                    | CommandId::History
                    | CommandId::Lineage
            );
            return if needs_row {
                Err("no prompt is selected".into())
            } else {
                offered(command, &TAKEN)
            };
        };
        let prompt = &row.prompt;
        match command {
            CommandId::ReleasePromote if row.approved.is_none() => {
                Err(format!("no approved review of {prompt} waits to be promoted"))
            }
            CommandId::ReleaseRollBack => match &row.production {
                None => Err(format!("{prompt} has no release: there is nothing to roll back")),
                Some(release) if release.rollback_target.is_none() => Err(format!(
                    "{} is the first release: there is none to go back to",
                    release.promotion.id
                )),
                Some(_) => Ok(()),
            },
            CommandId::Compare if row.production.as_ref().and_then(diff_place).is_none() => {
                Err(format!("{prompt} has no two releases to compare"))
            }
            CommandId::Lineage if row.production.is_none() && row.staging.is_none() => {
                Err(format!("nothing of {prompt} is in staging or production"))
            }
            _ => offered(command, &TAKEN),
        }
    }

    fn takes_text(&self) -> bool {
        self.finder.is_typing()
    }

    fn step_back(&mut self) -> bool {
        if std::mem::take(&mut self.zoomed) {
            return true;
        }
        if self.finder.step_back() {
            // The selection stays on its id, so nothing has to be asked for.
            self.narrow();
            return true;
        }
        std::mem::take(&mut self.focus) != Pane::Environments
    }

    fn status(&self) -> String {
        let Some(row) = self.selected() else {
            return String::new();
        };
        match (&row.approved, &row.production) {
            (Some((review, environment)), _) => {
                format!(
                    "{review} approved {} for {}: P promotes it",
                    row.prompt,
                    environment.as_str()
                )
            }
            (None, Some(release)) => format!("{} is live", release.promotion.id),
            (None, None) => String::new(),
        }
    }
}
