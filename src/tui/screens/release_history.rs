//! A prompt's releases, forward and back, newest first.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::loaded::Loaded;
use super::panes::{draw_sentence, mouse_on_list};
use super::release_facts::{diff_place, kind_word, release_text, release_title};
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::ids::{PromotionId, PromptName};
use crate::domain::release::{Release, ReleaseKind};
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::{HasId, Listing};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::tui::widgets::text_view::TextView;
use crate::workbench::{Answer, Request};

/// Rows of the list above the detail: the share of all rows.
const LIST_SHARE: u16 = 2;
/// The share of the detail.
const DETAIL_SHARE: u16 = 3;

/// A release in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseRow(pub Release);

impl HasId for ReleaseRow {
    type Id = PromotionId;

    fn id(&self) -> PromotionId {
        self.0.promotion.id.clone()
    }
}

/// Draws releases as a table; the first is live.
pub fn draw_releases(frame: &mut Frame, area: Rect, context: &Context, releases: &Listing<ReleaseRow>, focus: Focus) {
    let theme = context.theme;
    let live = releases.rows().first().map(HasId::id);
    let columns = [
        Column::fixed("release", 9),
        Column::fixed("version", 7),
        Column::fixed("kind", 8),
        Column::number("age", 6),
        Column::fixed("by", 8),
        Column::share("because", 1),
    ];
    let cells = |row: &ReleaseRow| {
        let Release { promotion, kind, .. } = &row.0;
        let is_live = live.as_ref() == Some(&promotion.id);
        let style = if is_live { theme.focus } else { theme.text };
        let kind_style = match kind {
            ReleaseKind::Forward => theme.text,
            ReleaseKind::Rollback { .. } => theme.warn,
        };
        vec![
            TableCell::new(
                format!("{}_v{}", promotion.id.environment.short(), promotion.id.number),
                style,
            ),
            TableCell::new(format!("v{}", promotion.version.number), style),
            TableCell::new(kind_word(kind), kind_style),
            TableCell::new(promotion.promoted_at.ago_text(context.now), theme.dim),
            TableCell::plain(promotion.promoted_by.as_str()),
            TableCell::plain(promotion.reason.as_str()),
        ]
    };
    Table::new(&columns)
        .focus(focus)
        .empty("No release yet. P on Releases promotes what a review approved.")
        .draw(frame, area, theme, releases, cells);
}

/// The screen.
#[derive(Debug)]
pub struct ReleaseHistory {
    prompt: PromptName,
    loaded: Loaded<()>,
    releases: Listing<ReleaseRow>,
    detail: TextView,
}

impl ReleaseHistory {
    /// The releases of a prompt.
    pub fn new(prompt: PromptName) -> Self {
        Self {
            prompt,
            loaded: Loaded::Loading,
            releases: Listing::default(),
            detail: TextView::default(),
        }
    }

    fn selected(&self) -> Option<&Release> {
        self.releases.selected().map(|row| &row.0)
    }

    fn command(&mut self, command: CommandId) -> Vec<Effect> {
        let effect = match command {
            CommandId::Compare => self.selected().and_then(diff_place).map(Effect::Open),
            CommandId::Open | CommandId::Lineage => self
                .selected()
                .map(|release| Effect::Open(Place::Lineage(release.promotion.id.to_string()))),
            CommandId::CopyId => self
                .selected()
                .map(|release| Effect::Copy(release.promotion.id.to_string())),
            _ => {
                if self.releases.command(command) {
                    self.detail.reset();
                }
                None
            }
        };
        effect.into_iter().collect()
    }
}

impl Screen for ReleaseHistory {
    fn place(&self) -> Place {
        Place::ReleaseHistory(self.prompt.clone())
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Releases]
    }

    fn title(&self) -> String {
        format!("Releases > {} > History", self.prompt)
    }

    fn requests(&self) -> Vec<Request> {
        vec![Request::Releases(self.prompt.clone())]
    }

    fn update(&mut self, event: ScreenEvent, _context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => return self.command(command),
            ScreenEvent::Mouse(mouse, body) => {
                let [list, detail] = areas(body);
                if list.contains((mouse.column, mouse.row).into()) {
                    mouse_on_list(&mut self.releases, mouse, list);
                } else if detail.contains((mouse.column, mouse.row).into()) {
                    self.detail.wheel(mouse);
                }
            }
            ScreenEvent::Answered {
                result: Ok(Answer::Releases(releases)),
                ..
            } => {
                self.releases.set_all(releases.into_iter().map(ReleaseRow).collect());
                self.loaded = Loaded::Ready(());
            }
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
        let [list, detail] = areas(area);
        let inner = Panel::new(format!("Releases of {}", self.prompt))
            .note("newest first")
            .focused(true)
            .draw(frame, list, theme);
        match self.loaded.absence() {
            Some(text) => draw_sentence(frame, inner, &text, theme.dim),
            None => draw_releases(frame, inner, context, &self.releases, Focus::Here),
        }
        let title = self.selected().map(release_title);
        let inner = Panel::new(title.unwrap_or("Release".into())).draw(frame, detail, theme);
        if let Some(release) = self.selected() {
            let text = release_text(release, context.now);
            self.detail.draw(frame, inner, theme, &text, theme.text);
        }
    }

    fn availability(&self, command: CommandId) -> Result<(), String> {
        match command {
            CommandId::ReleasePromote | CommandId::ReleaseRollBack => {
                Err("what is live changes on Releases: esc goes there".into())
            }
            CommandId::History => Err("this is the history".into()),
            CommandId::Search => Err("the history is short: g g and G go to its ends".into()),
            CommandId::Open | CommandId::Lineage | CommandId::CopyId if self.selected().is_none() => {
                Err("there is no release".into())
            }
            CommandId::Compare if self.selected().and_then(diff_place).is_none() => {
                Err("it is the first release: nothing to compare it with".into())
            }
            _ => Ok(()),
        }
    }
}

fn areas(area: Rect) -> [Rect; 2] {
    Layout::vertical([Constraint::Fill(LIST_SHARE), Constraint::Fill(DETAIL_SHARE)]).areas(area)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::screens::release_samples::release;
    use crate::tui::screens::testing::{answered, check_any_size, check_drawn, commanded, drawn};

    fn history(releases: Vec<Release>) -> ReleaseHistory {
        let prompt = PromptName::new("support_triage").unwrap();
        let mut screen = ReleaseHistory::new(prompt.clone());
        assert!(drawn(&screen, 80, 21).contains("loading"));
        answered(&mut screen, Request::Releases(prompt), Ok(Answer::Releases(releases)));
        screen
    }

    /// Forward to v13, then back to v12.
    fn three() -> Vec<Release> {
        let mut back = release(9, 12, 2);
        back.replaced_bundle = Some(release(8, 13, 146).bundle);
        back.kind = ReleaseKind::Rollback {
            from: "support_triage_prod_v8".parse().unwrap(),
            to: "support_triage_prod_v7".parse().unwrap(),
        };
        vec![back, release(8, 13, 146), release(1, 12, 900)]
    }

    #[test]
    fn each_release_leads_to_its_change_and_its_lineage() {
        let mut screen = history(three());
        commanded(&mut screen, CommandId::MoveDown);
        assert_eq!(
            commanded(&mut screen, CommandId::Open),
            [Effect::Open(Place::Lineage("support_triage_prod_v8".into()))]
        );
        assert!(matches!(
            commanded(&mut screen, CommandId::Compare)[..],
            [Effect::Open(Place::Diff { .. })]
        ));
        commanded(&mut screen, CommandId::MoveDown);
        assert!(screen.availability(CommandId::Compare).is_err(), "the first one");
        assert!(screen.availability(CommandId::ReleaseRollBack).is_err());
    }

    #[test]
    fn looks_as_designed() {
        let screen = history(three());
        check_drawn("release_history", &screen);
        check_any_size(&screen);
        assert!(drawn(&history(Vec::new()), 80, 21).contains("No release yet."));
    }
}
