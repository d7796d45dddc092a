//! The audit log: who did what, from where, by which key and why.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::finder::{Finder, Found};
use super::found_list::FoundList;
use super::list_and_detail::copied;
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::ids::{PromotionId, ReviewId, RunId, VersionId};
use crate::domain::time::Timestamp;
use crate::text::Printable;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::layout::WidthClass;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::HasId;
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{Answer, AuditPage, AuditRecord, Request};

/// Rows of the detail, borders included.
const DETAIL_ROWS: u16 = 9;
/// Entries that are asked for at first, and more of them whenever the cursor comes near the last.
const ENTRIES_PER_STEP: usize = 200;
/// Entries at most: for older ones there are words, and the command line.
const ENTRIES_MAX: usize = 4_000;
/// How near the last entry the cursor comes before more are asked for.
const ENTRIES_AHEAD: u64 = 20;

impl HasId for AuditRecord {
    type Id = u64;

    fn id(&self) -> u64 {
        self.sequence
    }
}

/// The screen.
#[derive(Debug)]
pub struct Audit {
    list: FoundList<AuditRecord>,
    /// Entries that are asked for.
    wanted: usize,
    /// How far back was looked; 1 at the beginning of the log.
    looked_back_to: u64,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            list: FoundList::new(Finder::default(), DETAIL_ROWS),
            wanted: ENTRIES_PER_STEP,
            looked_back_to: 1,
        }
    }
}

impl Audit {
    fn search(&self) -> Request {
        Request::Audit {
            words: self.list.finder.text().to_owned(),
            rows: self.wanted,
        }
    }

    fn selected(&self) -> Option<&AuditRecord> {
        self.list.selected()
    }

    fn command(&mut self, command: CommandId, now: Timestamp) -> Vec<Effect> {
        let text = || self.selected().map(|entry| entry_text(entry, now));
        let effect = match command {
            CommandId::Search => {
                self.list.finder.start();
                None
            }
            CommandId::Open => self.selected().and_then(place_of).map(Effect::Open),
            CommandId::CopyId => self.selected().map(|entry| Effect::Copy(entry.hash.clone())),
            CommandId::CopyValue => self.selected().map(|entry| Effect::Copy(entry.reason.clone())),
            CommandId::CopyAll | CommandId::CopyPlain => copied(command, self.title(), text()),
            _ => {
                self.list.rows.command(command);
                self.wants_more().then(|| Effect::Ask(self.search()))
            }
        };
        effect.into_iter().collect()
    }

    /// Whether the cursor is so near the last entry that more are wanted, if there may be some.
    fn wants_more(&mut self) -> bool {
        let is_near = self.list.rows.cursor() + ENTRIES_AHEAD >= self.list.rows.total();
        let is_full = self.list.rows.total() >= self.wanted as u64;
        let wants = is_near && is_full && self.wanted < ENTRIES_MAX;
        if wants {
            self.wanted += ENTRIES_PER_STEP;
        }
        wants
    }

    fn answered(&mut self, request: &Request, page: AuditPage) {
        // Answers to words typed before come late.
        if *request == self.search() {
            self.looked_back_to = page.looked_back_to;
            self.list.answered(page.entries);
        }
    }

    fn note(&self) -> String {
        let count = self.list.rows.total();
        if self.looked_back_to > 1 {
            format!("{count}, back to commit {}", self.looked_back_to)
        } else {
            format!("{count}, newest first")
        }
    }
}

/// Where what an entry is about is shown.
fn place_of(entry: &AuditRecord) -> Option<Place> {
    let subject = entry.subject.as_str();
    if let Ok(run) = subject.parse::<RunId>() {
        return Some(Place::Run(run));
    }
    if let Ok(review) = subject.parse::<ReviewId>() {
        return Some(Place::Review(review));
    }
    let has_lineage = subject.parse::<PromotionId>().is_ok() || subject.parse::<VersionId>().is_ok();
    has_lineage.then(|| Place::Lineage(subject.to_owned()))
}

impl Screen for Audit {
    fn place(&self) -> Place {
        Place::Audit
    }

    fn scopes(&self) -> Vec<Scope> {
        Vec::new()
    }

    fn title(&self) -> String {
        "Releases > Audit".into()
    }

    fn requests(&self) -> Vec<Request> {
        vec![self.search()]
    }

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => self.command(command, context.now),
            ScreenEvent::Answered {
                request,
                result: Ok(Answer::Audit(page)),
            } => {
                self.answered(&request, page);
                Vec::new()
            }
            event => {
                let (found, mut effects) = self.list.event(event);
                if found == Found::Changed {
                    self.wanted = ENTRIES_PER_STEP;
                    effects.push(Effect::Ask(self.search()));
                }
                effects
            }
        }
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let title = self
            .selected()
            .map_or("Entry".into(), |entry| format!("Commit {}", entry.sequence));
        let sentences = self.selected().map(|entry| entry_text(entry, context.now));
        self.list.draw(
            frame,
            area,
            context,
            Panel::new("Audit log").note(self.note()),
            |frame, area| self.draw_table(frame, area, context),
            (title, sentences),
        );
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        self.list.availability(
            command,
            "no entry has these words",
            |entry| place_of(entry).is_some(),
            "what it is about has no screen of its own",
        )
    }

    fn takes_text(&self) -> bool {
        self.list.finder.is_typing()
    }

    fn step_back(&mut self) -> bool {
        self.list.step_back()
    }
}

impl Audit {
    fn draw_table(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        // The detail below has all of it.
        let is_narrow = context.size_class.width == WidthClass::Narrow;
        let if_wide = |columns| if is_narrow { 0 } else { columns };
        let named = |name| if is_narrow { "" } else { name };
        let because = if is_narrow {
            Column::fixed("", 0)
        } else {
            Column::share("because", 1)
        };
        let columns = [
            Column::number("age", 6),
            Column::fixed("who", 10),
            Column::fixed("action", 18),
            Column::fixed(named("from"), if_wide(20)),
            Column::share("subject", 1),
            because,
            Column::number("commit", 7),
            Column::fixed(named("hash"), if_wide(8)),
        ];
        let cells = |entry: &AuditRecord| {
            vec![
                TableCell::new(entry.at.ago_text(context.now), theme.dim),
                TableCell::plain(entry.actor.as_str()),
                TableCell::plain(entry.action.as_str()),
                TableCell::plain(entry.place.as_str()),
                TableCell::plain(entry.subject.as_str()),
                TableCell::plain(entry.reason.as_str()),
                TableCell::plain(entry.sequence.to_string()),
                TableCell::new(entry.short_hash(), theme.dim),
            ]
        };
        Table::new(&columns)
            .focus(Focus::when(!self.list.finder.is_typing()))
            .empty("No entry has all of these words.")
            .draw(frame, area, theme, &self.list.rows, cells);
    }
}

/// All of an entry in sentences.
fn entry_text(entry: &AuditRecord, now: Timestamp) -> String {
    let place = if entry.place.is_empty() {
        String::new()
    } else {
        format!(", from {}", Printable::line(&entry.place))
    };
    let key = if entry.key.is_empty() {
        String::new()
    } else {
        format!(", by key {}", Printable::line(&entry.key))
    };
    let subject = if entry.subject.is_empty() {
        String::new()
    } else {
        format!(" of {}", Printable::line(&entry.subject))
    };
    let reason = if entry.reason.is_empty() {
        String::new()
    } else {
        format!(" Because: {}", Printable::line(&entry.reason))
    };
    format!(
        "{}{subject} by {}{place}{key}, {} ago ({}). Hash {}.{reason}",
        Printable::line(&entry.action),
        Printable::line(&entry.actor),
        entry.at.ago_text(now),
        entry.at,
        entry.hash,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::input::{Key, KeyCode};
    use crate::tui::screens::testing::{NOW, answered, check_any_size, check_drawn, commanded, drawn, sent};

    fn entry(sequence: u64, actor: &str, action: &str, subject: &str, reason: &str) -> AuditRecord {
        AuditRecord {
            sequence,
            hash: format!("{:08x}", sequence * 0x0123_4567).repeat(8),
            at: Timestamp(NOW.0 - 60_000 * i64::try_from(500 - sequence).unwrap()),
            actor: actor.into(),
            place: "ssh 192.0.2.7".into(),
            key: "SHA256:uNiVztksCsDhcc0u9e8BrrQXVUpKZIDTMczCvj3tD2s".into(),
            action: action.into(),
            subject: subject.into(),
            reason: reason.into(),
        }
    }

    fn entries() -> Vec<AuditRecord> {
        let anonymous = AuditRecord {
            place: String::new(),
            key: String::new(),
            ..entry(417, "demo", "store.policy", "policy", "")
        };
        vec![
            entry(
                499,
                "ben",
                "release.rollback",
                "support_triage_prod_v9",
                "wrong answers in billing",
            ),
            entry(
                498,
                "mei",
                "release.promote",
                "support_triage_prod_v9",
                "support leads are on shift",
            ),
            entry(470, "ben", "review.approved", "review_88", "routing is worth one miss"),
            entry(420, "anna", "run.start", "run_421", ""),
            anonymous,
        ]
    }

    fn found(entries: Vec<AuditRecord>, looked_back_to: u64) -> Audit {
        let mut screen = Audit::default();
        let page = AuditPage {
            entries,
            newest: 499,
            looked_back_to,
        };
        let request = screen.search();
        answered(&mut screen, request, Ok(Answer::Audit(page)));
        screen
    }

    #[test]
    fn words_narrow_and_late_answers_are_dropped() {
        let mut screen = found(entries(), 1);
        commanded(&mut screen, CommandId::Search);
        let effects = sent(&mut screen, ScreenEvent::Key(Key::char('b')));
        let asked = Request::Audit {
            words: "b".into(),
            rows: ENTRIES_PER_STEP,
        };
        assert_eq!(effects, [Effect::Ask(asked.clone())]);
        let nothing = || Ok(Answer::Audit(AuditPage::default()));
        let before = Request::Audit {
            words: String::new(),
            rows: ENTRIES_PER_STEP,
        };
        answered(&mut screen, before, nothing());
        assert_eq!(screen.list.rows.total(), 5, "an answer to the words before");
        answered(&mut screen, asked, nothing());
        assert!(drawn(&screen, 80, 21).contains("No entry has all of these words."));
        sent(&mut screen, ScreenEvent::Key(Key::plain(KeyCode::Enter)));
        assert!(!screen.takes_text());
    }

    #[test]
    fn an_entry_opens_what_it_is_about() {
        let mut screen = found(entries(), 1);
        let opened = [
            Place::Lineage("support_triage_prod_v9".into()),
            Place::Lineage("support_triage_prod_v9".into()),
            Place::Review(ReviewId(88)),
            Place::Run(RunId(421)),
        ];
        for place in opened {
            assert_eq!(commanded(&mut screen, CommandId::Open), [Effect::Open(place)]);
            commanded(&mut screen, CommandId::MoveDown);
        }
        assert!(screen.availability(CommandId::Open).is_err(), "a policy");
    }

    #[test]
    fn more_are_asked_for_near_the_last() {
        let many = (0..200).map(|at| entry(499 - at, "ben", "run.start", "run_7", ""));
        let mut screen = found(many.collect(), 299);
        assert_eq!(commanded(&mut screen, CommandId::MoveDown), []);
        let asked = Request::Audit {
            words: String::new(),
            rows: 2 * ENTRIES_PER_STEP,
        };
        assert_eq!(commanded(&mut screen, CommandId::Last), [Effect::Ask(asked)]);
        assert_eq!(commanded(&mut screen, CommandId::MoveUp), [], "they are on their way");
        assert!(drawn(&screen, 80, 21).contains("200, back to commit 299"));
    }

    #[test]
    fn looks_as_designed() {
        let screen = found(entries(), 1);
        check_drawn("audit", &screen);
        check_any_size(&screen);
        assert!(drawn(&Audit::default(), 80, 21).contains("loading"));
    }
}
