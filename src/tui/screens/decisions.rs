//! Decisions, found by their words: what was decided, by whom, why, on which run.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::finder::{Finder, Found};
use super::found_list::FoundList;
use super::list_and_detail::copied;
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::decision::{Decision, DecisionKind};
use crate::domain::ids::DecisionId;
use crate::domain::time::Timestamp;
use crate::text::{Printable, cut_start};
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::layout::WidthClass;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::HasId;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{Answer, Request};

/// Rows of the detail, borders included.
const DETAIL_ROWS: u16 = 8;
/// Columns of a decision's version.
const VERSION_COLUMNS: usize = 18;

/// A decision in a list.
#[derive(Debug, Clone, PartialEq)]
struct DecisionRow(Decision);

impl HasId for DecisionRow {
    type Id = DecisionId;

    fn id(&self) -> DecisionId {
        self.0.id
    }
}

/// The screen. It opens with the words to type.
#[derive(Debug)]
pub struct Decisions {
    list: FoundList<DecisionRow>,
}

impl Default for Decisions {
    fn default() -> Self {
        Self {
            list: FoundList::new(Finder::typing(), DETAIL_ROWS),
        }
    }
}

impl Decisions {
    fn search(&self) -> Request {
        Request::Decisions(self.list.finder.text().to_owned())
    }

    fn selected(&self) -> Option<&Decision> {
        self.list.selected().map(|row| &row.0)
    }

    fn command(&mut self, command: CommandId, now: Timestamp) -> Vec<Effect> {
        let text = || self.selected().map(|decision| decision_text(decision, now));
        let effect = match command {
            CommandId::Search => {
                self.list.finder.start();
                None
            }
            CommandId::Open => self.selected().and_then(place_of).map(Effect::Open),
            CommandId::CopyId => self.selected().map(|decision| Effect::Copy(decision.id.to_string())),
            CommandId::CopyValue => self
                .selected()
                .map(|decision| Effect::Copy(decision.reason.to_string())),
            CommandId::CopyAll | CommandId::CopyPlain => copied(command, self.title(), text()),
            _ => {
                self.list.rows.command(command);
                None
            }
        };
        effect.into_iter().collect()
    }

    fn answered(&mut self, request: &Request, decisions: Vec<Decision>) {
        // Answers to words typed before come late.
        if *request == self.search() {
            self.list.answered(decisions.into_iter().map(DecisionRow).collect());
        }
    }
}

/// The review that it was about; for a roll back the lineage of the release that it made.
fn place_of(decision: &Decision) -> Option<Place> {
    match (&decision.kind, decision.review, decision.run) {
        (DecisionKind::RolledBack(release), _, _) => Some(Place::Lineage(release.to_string())),
        (_, Some(review), _) => Some(Place::Review(review)),
        (_, None, Some(run)) => Some(Place::Run(run)),
        (_, None, None) => None,
    }
}

impl Screen for Decisions {
    fn place(&self) -> Place {
        Place::Decisions
    }

    fn scopes(&self) -> Vec<Scope> {
        Vec::new()
    }

    fn title(&self) -> String {
        "Review > Decisions".into()
    }

    fn requests(&self) -> Vec<Request> {
        vec![self.search()]
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => self.command(command, context.now),
            ScreenEvent::Answered {
                request,
                result: Ok(Answer::Decisions(decisions)),
            } => {
                self.answered(&request, decisions);
                Vec::new()
            }
            event => {
                let (found, mut effects) = self.list.event(event);
                if found == Found::Changed {
                    effects.push(Effect::Ask(self.search()));
                }
                effects
            }
        }
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let title = self
            .selected()
            .map_or("Decision".into(), |decision| decision.id.to_string());
        let sentences = self.selected().map(|decision| decision_text(decision, context.now));
        self.list.draw(
            frame,
            area,
            context,
            Panel::new("Decisions").note(format!("{}, newest first", self.list.rows.total())),
            |frame, area| self.draw_table(frame, area, context),
            (title, sentences),
        );
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        self.list.availability(
            command,
            "no decision has these words",
            |row| place_of(&row.0).is_some(),
            "it was made outside of a review and rests on no run",
        )
    }

    fn takes_text(&self) -> bool {
        self.list.finder.is_typing()
    }

    fn step_back(&mut self) -> bool {
        self.list.step_back()
    }
}

impl Decisions {
    fn draw_table(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        // The detail below names it: in a narrow terminal the reason needs the room more.
        let id_columns = if context.size_class.width == WidthClass::Narrow {
            0
        } else {
            12
        };
        let columns = [
            Column::fixed(if id_columns > 0 { "decision" } else { "" }, id_columns),
            Column::fixed("what", 20),
            Column::fixed("version", 18),
            Column::fixed("by", 8),
            Column::number("age", 6),
            Column::share("because", 1),
        ];
        let cells = |row: &DecisionRow| {
            let decision = &row.0;
            vec![
                TableCell::plain(decision.id.to_string()),
                TableCell::plain(decision.kind.as_str().replace('_', " ")),
                TableCell::plain(cut_start(&decision.version.to_string(), VERSION_COLUMNS)),
                TableCell::plain(decision.actor.as_str()),
                TableCell::new(decision.decided_at.ago_text(context.now), theme.dim),
                TableCell::plain(decision.reason.as_str()),
            ]
        };
        let empty = if self.list.finder.text().trim().is_empty() {
            "No decision yet. A, X and p on Review make them."
        } else {
            "No decision has all of these words."
        };
        Table::new(&columns)
            .focus(Focus::when(!self.list.finder.is_typing()))
            .empty(empty)
            .draw(frame, area, theme, &self.list.rows, cells);
    }
}

/// All of a decision in sentences.
fn decision_text(decision: &Decision, now: Timestamp) -> String {
    let review = decision.review.map_or("no review".into(), |review| review.to_string());
    let run = decision.run.map_or("no run".into(), |run| run.to_string());
    format!(
        "{} {}, content {}, by {}, {} ago ({}), in {review}, on {run}. Because: {}",
        decision.version,
        decision.kind,
        decision.content_hash.short(),
        decision.actor,
        decision.decided_at.ago_text(now),
        decision.decided_at,
        Printable::line(decision.reason.as_str())
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decision::OtherCause;
    use crate::domain::ids::ReviewId;
    use crate::tui::input::{Key, KeyCode};
    use crate::tui::screens::release_samples::decision;
    use crate::tui::screens::testing::{answered, check_any_size, check_drawn, commanded, drawn, sent};

    fn all() -> Vec<Decision> {
        let mut back = decision(21, DecisionKind::RolledBack("support_triage_prod_v9".parse().unwrap()));
        (back.review, back.run) = (None, None);
        vec![
            back,
            decision(20, DecisionKind::Promoted("support_triage_prod_v8".parse().unwrap())),
            decision(19, DecisionKind::Approved),
            decision(18, DecisionKind::NotAPromptProblem(OtherCause::Retrieval)),
        ]
    }

    fn found() -> Decisions {
        let mut screen = Decisions::default();
        let request = screen.search();
        answered(&mut screen, request, Ok(Answer::Decisions(all())));
        screen
    }

    #[test]
    fn every_letter_searches_and_late_answers_are_dropped() {
        let mut screen = found();
        assert!(screen.takes_text());
        let effects = sent(&mut screen, ScreenEvent::Key(Key::char('b')));
        assert_eq!(effects, [Effect::Ask(Request::Decisions("b".into()))]);
        answered(
            &mut screen,
            Request::Decisions(String::new()),
            Ok(Answer::Decisions(Vec::new())),
        );
        assert_eq!(screen.list.rows.total(), 4, "an answer to the words before");
        answered(
            &mut screen,
            Request::Decisions("b".into()),
            Ok(Answer::Decisions(Vec::new())),
        );
        assert!(drawn(&screen, 80, 21).contains("No decision has all of these words."));
    }

    #[test]
    fn enter_leaves_the_words_and_then_opens() {
        let mut screen = found();
        sent(&mut screen, ScreenEvent::Key(Key::plain(KeyCode::Enter)));
        assert!(!screen.takes_text());
        assert_eq!(
            commanded(&mut screen, CommandId::Open),
            [Effect::Open(Place::Lineage("support_triage_prod_v9".into()))]
        );
        commanded(&mut screen, CommandId::MoveDown);
        assert_eq!(
            commanded(&mut screen, CommandId::Open),
            [Effect::Open(Place::Review(ReviewId(88)))]
        );
        assert!(!screen.step_back(), "esc leaves the screen");
    }

    #[test]
    fn looks_as_designed() {
        let screen = found();
        check_drawn("decisions", &screen);
        check_any_size(&screen);
        assert!(drawn(&Decisions::default(), 80, 21).contains("loading"));
    }
}
