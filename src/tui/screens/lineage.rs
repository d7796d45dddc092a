//! Lineage: the records behind an id as a tree, each with the result of its hash check.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;

use super::loaded::Loaded;
use super::panes::{draw_sentence, mouse_on_list};
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::ids::{OutcomeId, PromotionId};
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::layout::WidthClass;
use crate::tui::msg::Note;
use crate::tui::theme::Theme;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::{HasId, Listing};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{Answer, HashCheck, Lineage, LineageNode, Request};

/// Rows of the detail, borders included.
const DETAIL_ROWS: u16 = 6;
/// Deepest step that is still indented: below, the ids need the room.
const INDENT_STEPS_MAX: usize = 10;

/// A record in the tree; the same id may stand for a version and for a run's subject, so the kind belongs to it.
#[derive(Debug, Clone, PartialEq)]
struct NodeRow(LineageNode);

impl HasId for NodeRow {
    type Id = (&'static str, String);

    fn id(&self) -> Self::Id {
        (self.0.kind, self.0.id.clone())
    }
}

/// The screen.
#[derive(Debug)]
pub struct LineageScreen {
    id: String,
    loaded: Loaded<()>,
    nodes: Listing<NodeRow>,
}

impl LineageScreen {
    /// The records behind an id.
    pub fn new(id: String) -> Self {
        Self {
            id,
            loaded: Loaded::Loading,
            nodes: Listing::default(),
        }
    }

    fn selected(&self) -> Option<&LineageNode> {
        self.nodes.selected().map(|row| &row.0)
    }

    fn take(&mut self, lineage: Lineage) {
        self.loaded = Loaded::Ready(());
        self.nodes.set_all(lineage.nodes.into_iter().map(NodeRow).collect());
    }

    fn command(&mut self, command: CommandId) -> Vec<Effect> {
        let effect = match command {
            CommandId::Open => self.selected().and_then(place_of).map(Effect::Open),
            CommandId::CopyId => self.selected().map(|node| Effect::Copy(node.id.clone())),
            CommandId::CopyValue => self.selected().map(|node| Effect::Copy(node.summary.clone())),
            CommandId::CopyCommand => Some(Effect::Copy(format!("pegbox lineage {}", self.id))),
            CommandId::MoveLeft => {
                self.go(self.parent());
                None
            }
            CommandId::MoveRight => {
                self.go(self.first_child());
                None
            }
            CommandId::ProblemNext => {
                self.go(self.broken(Way::Down));
                None
            }
            CommandId::ProblemPrevious => {
                self.go(self.broken(Way::Up));
                None
            }
            _ => {
                self.nodes.command(command);
                None
            }
        };
        effect.into_iter().collect()
    }

    fn go(&mut self, row: Option<usize>) {
        if let Some(row) = row {
            self.nodes.select_row(row as u64);
        }
    }

    fn cursor(&self) -> usize {
        usize::try_from(self.nodes.cursor()).unwrap_or(usize::MAX)
    }

    /// The record that names the selected one.
    fn parent(&self) -> Option<usize> {
        let depth = self.selected()?.depth;
        let above = self.nodes.rows().get(..self.cursor())?;
        above.iter().rposition(|row| row.0.depth < depth)
    }

    /// The first record that the selected one names.
    fn first_child(&self) -> Option<usize> {
        let depth = self.selected()?.depth;
        let below = self.cursor() + 1;
        self.nodes
            .rows()
            .get(below)
            .filter(|row| row.0.depth > depth)
            .map(|_| below)
    }

    /// The nearest broken record in a direction.
    fn broken(&self, way: Way) -> Option<usize> {
        let cursor = self.cursor();
        let mut broken = self
            .nodes
            .rows()
            .iter()
            .enumerate()
            .filter(|(_, row)| is_broken(&row.0));
        match way {
            Way::Down => broken.find(|(at, _)| *at > cursor),
            Way::Up => broken.rfind(|(at, _)| *at < cursor),
        }
        .map(|(at, _)| at)
    }

    /// Whether every record is unchanged, in words.
    fn summary(&self) -> String {
        let broken = self.nodes.rows().iter().filter(|row| is_broken(&row.0)).count();
        match (self.loaded.ready(), broken) {
            (None, _) => String::new(),
            (Some(()), 0) => "all hashes match".into(),
            (Some(()), broken) => format!("{broken} BROKEN"),
        }
    }
}

#[derive(Clone, Copy)]
enum Way {
    Up,
    Down,
}

fn is_broken(node: &LineageNode) -> bool {
    matches!(node.check, HashCheck::Broken(_))
}

fn check_word(check: &HashCheck) -> &'static str {
    match check {
        HashCheck::Matches => "ok",
        HashCheck::Broken(_) => "BROKEN",
        HashCheck::Chained => "chained",
    }
}

fn check_style(check: &HashCheck, theme: &Theme) -> Style {
    match check {
        HashCheck::Matches => theme.ok,
        HashCheck::Broken(_) => theme.fail,
        HashCheck::Chained => theme.dim,
    }
}

fn check_sentence(check: &HashCheck) -> String {
    match check {
        HashCheck::Matches => "ok: its content is the one that was hashed".into(),
        HashCheck::Broken(why) => format!("BROKEN: {why}"),
        HashCheck::Chained => "chained: it carries no hash of its own, the audit chain covers it".into(),
    }
}

/// The screen that shows a record; none for those that no screen is about.
fn place_of(node: &LineageNode) -> Option<Place> {
    match node.kind {
        "review" => node.id.parse().ok().map(Place::Review),
        "run" => node.id.parse().ok().map(Place::Run),
        "dataset" => node.id.parse().ok().map(Place::Dataset),
        "outcome" => node
            .id
            .parse()
            .ok()
            .map(|outcome: OutcomeId| Place::Failures(outcome.run)),
        "release" => node
            .id
            .parse()
            .ok()
            .map(|release: PromotionId| Place::ReleaseHistory(release.prompt)),
        _ => None,
    }
}

impl Screen for LineageScreen {
    fn place(&self) -> Place {
        Place::Lineage(self.id.clone())
    }

    fn scopes(&self) -> Vec<Scope> {
        Vec::new()
    }

    fn title(&self) -> String {
        format!("Lineage of {}", self.id)
    }

    fn requests(&self) -> Vec<Request> {
        vec![Request::Lineage(self.id.clone())]
    }

    fn update(&mut self, event: ScreenEvent, _context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => return self.command(command),
            ScreenEvent::Mouse(mouse, body) => {
                let [tree, _] = areas(body);
                if tree.contains((mouse.column, mouse.row).into()) {
                    mouse_on_list(&mut self.nodes, mouse, tree);
                }
            }
            ScreenEvent::Answered {
                result: Ok(Answer::Lineage(lineage)),
                ..
            } => self.take(lineage),
            ScreenEvent::Answered { result: Err(fault), .. } => {
                let note = Note::failure(&fault);
                self.loaded.fail(fault);
                return vec![Effect::Say(note)];
            }
            _ => {}
        }
        Vec::new()
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let [tree, detail] = areas(area);
        let inner = Panel::new(format!("Lineage of {}", self.id))
            .note(self.summary())
            .focused(true)
            .draw(frame, tree, theme);
        match self.loaded.absence() {
            Some(text) => draw_sentence(frame, inner, &text, theme.dim),
            None => self.draw_tree(frame, inner, context),
        }
        let title = self
            .selected()
            .map_or("Record".into(), |node| format!("{} {}", node.kind, node.id));
        let inner = Panel::new(title).draw(frame, detail, theme);
        if let Some(node) = self.selected() {
            let [check, summary] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
            draw_sentence(
                frame,
                check,
                &check_sentence(&node.check),
                check_style(&node.check, theme),
            );
            draw_sentence(frame, summary, &node.summary, theme.text);
        }
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        let node = self.selected();
        match command {
            CommandId::Open | CommandId::CopyId | CommandId::CopyValue if node.is_none() => {
                Err("no record is selected".into())
            }
            CommandId::Open if node.and_then(place_of).is_none() => {
                Err(format!("no screen shows a {}", node.map_or("record", |node| node.kind)))
            }
            CommandId::Search => Err("the tree is short: J and K go to broken records".into()),
            _ => Ok(()),
        }
    }

    fn status(&self) -> String {
        match self.loaded.ready() {
            Some(()) => format!("{} records, {}", self.nodes.total(), self.summary()),
            None => String::new(),
        }
    }
}

impl LineageScreen {
    fn draw_tree(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let theme = context.theme;
        let shares = if context.size_class.width == WidthClass::Narrow {
            [3, 2]
        } else {
            [1, 1]
        };
        let columns = [
            Column::fixed("hash", 7),
            Column::share("record", shares[0]),
            Column::share("who, when, why", shares[1]),
        ];
        let cells = |row: &NodeRow| {
            let node = &row.0;
            let indent = "  ".repeat(node.depth.min(INDENT_STEPS_MAX));
            vec![
                TableCell::new(check_word(&node.check), check_style(&node.check, theme)),
                TableCell::plain(format!("{indent}{} {}", node.kind, node.id)),
                TableCell::new(&node.summary, theme.dim),
            ]
        };
        Table::new(&columns)
            .focus(Focus::Here)
            .empty("Nothing stands behind this id.")
            .draw(frame, area, theme, &self.nodes, cells);
    }
}

fn areas(area: Rect) -> [Rect; 2] {
    Layout::vertical([Constraint::Fill(1), Constraint::Length(DETAIL_ROWS)]).areas(area)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{PromptName, ReviewId, RunId};
    use crate::tui::screens::testing::{answered, check_any_size, check_drawn, commanded, drawn};
    use crate::workbench::Fault;

    fn node(depth: usize, kind: &'static str, id: &str, summary: &str, check: HashCheck) -> NodeRow {
        NodeRow(LineageNode {
            depth,
            kind,
            id: id.into(),
            summary: summary.into(),
            check,
        })
    }

    fn nodes(run: HashCheck) -> Lineage {
        use HashCheck::{Chained, Matches};
        let made = "support_triage_v13 by mei at 2026-05-26T12:00:00Z: shorter answers, accuracy 226/240";
        let rows = vec![
            node(0, "release", "support_triage_prod_v8", made, Chained),
            node(
                1,
                "version",
                "support_triage_v13",
                "bug by ben: shorter answers",
                Matches,
            ),
            node(
                1,
                "review",
                "review_79",
                "support_triage_v13 for production by anna",
                Matches,
            ),
            node(
                2,
                "decision",
                "decision_18",
                "approved by ben: accuracy is proven",
                Chained,
            ),
            node(2, "run", "run_417", "support_triage_v13 by anna, gate pass", run),
            node(
                3,
                "dataset",
                "support_triage_regression@2026-06-01",
                "240 examples by anna",
                Matches,
            ),
            node(3, "suite", "triage_quality@v8", "4 thresholds by anna", Matches),
        ];
        Lineage {
            nodes: rows.into_iter().map(|row| row.0).collect(),
        }
    }

    fn lineage(run: HashCheck) -> LineageScreen {
        let mut screen = LineageScreen::new("support_triage_prod_v8".into());
        let request = Request::Lineage("support_triage_prod_v8".into());
        answered(&mut screen, request, Ok(Answer::Lineage(nodes(run))));
        screen
    }

    fn shown(screen: &LineageScreen) -> &str {
        screen.selected().map_or("", |node| node.id.as_str())
    }

    #[test]
    fn moves_along_the_tree_and_to_what_is_broken() {
        let mut screen = lineage(HashCheck::Broken("outcomes hash to 12, not 13".into()));
        assert_eq!(screen.status(), "7 records, 1 BROKEN");
        commanded(&mut screen, CommandId::ProblemNext);
        assert_eq!(shown(&screen), "run_417");
        commanded(&mut screen, CommandId::MoveRight);
        assert_eq!(shown(&screen), "support_triage_regression@2026-06-01");
        commanded(&mut screen, CommandId::MoveRight);
        assert_eq!(
            shown(&screen),
            "support_triage_regression@2026-06-01",
            "nothing below it"
        );
        for parent in [
            "run_417",
            "review_79",
            "support_triage_prod_v8",
            "support_triage_prod_v8",
        ] {
            commanded(&mut screen, CommandId::MoveLeft);
            assert_eq!(shown(&screen), parent);
        }
        commanded(&mut screen, CommandId::ProblemPrevious);
        assert_eq!(shown(&screen), "support_triage_prod_v8");
    }

    #[test]
    fn enter_opens_the_screen_of_a_record_where_there_is_one() {
        let mut screen = lineage(HashCheck::Matches);
        assert_eq!(screen.status(), "7 records, all hashes match");
        let prompt = PromptName::new("support_triage").unwrap();
        let places = [
            Some(Place::ReleaseHistory(prompt)),
            None,
            Some(Place::Review(ReviewId(79))),
            None,
            Some(Place::Run(RunId(417))),
        ];
        for place in places {
            let is_off = screen.availability(CommandId::Open).is_err();
            assert_eq!(is_off, place.is_none());
            let effects = commanded(&mut screen, CommandId::Open);
            assert_eq!(effects, place.map(Effect::Open).into_iter().collect::<Vec<_>>());
            commanded(&mut screen, CommandId::MoveDown);
        }
    }

    #[test]
    fn says_why_there_is_none() {
        let mut screen = LineageScreen::new("run_9".into());
        assert!(drawn(&screen, 80, 21).contains("loading"));
        let fault = Fault {
            what: "no record named run_9".into(),
            hint: "check the id".into(),
        };
        answered(&mut screen, Request::Lineage("run_9".into()), Err(fault));
        assert!(drawn(&screen, 80, 21).contains("no record named run_9. check the id"));
    }

    #[test]
    fn looks_as_designed() {
        let mut screen = lineage(HashCheck::Broken("outcomes hash to 12, not 13".into()));
        commanded(&mut screen, CommandId::ProblemNext);
        check_drawn("lineage", &screen);
        check_any_size(&screen);
    }
}
