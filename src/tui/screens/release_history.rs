//! A prompt's releases, forward and back, newest first.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::list_and_detail::{Detail, ListAndDetail, copied};
use super::panes::offered;
use super::release_facts::{diff_place, kind_word, release_text, release_title};
use super::{Context, Place, Screen, ScreenEvent};
use crate::domain::ids::{PromotionId, PromptName};
use crate::domain::release::{Release, ReleaseKind};
use crate::domain::time::Timestamp;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Effect;
use crate::tui::widgets::field::Focus;
use crate::tui::widgets::listing::{HasId, Listing};
use crate::tui::widgets::panel::Panel;
use crate::tui::widgets::table::{Column, Table, TableCell};
use crate::workbench::{Answer, Request};

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
    releases: ListAndDetail<ReleaseRow>,
}

impl ReleaseHistory {
    /// The releases of a prompt.
    pub fn new(prompt: PromptName) -> Self {
        Self {
            prompt,
            releases: ListAndDetail::default(),
        }
    }

    fn selected(&self) -> Option<&Release> {
        self.releases.selected().map(|row| &row.0)
    }

    fn command(&mut self, command: CommandId, now: Timestamp) -> Vec<Effect> {
        let text = || self.selected().map(|release| release_text(release, now).to_string());
        let effect = match command {
            CommandId::Compare => self.selected().and_then(diff_place).map(Effect::Open),
            CommandId::Open | CommandId::Lineage => self
                .selected()
                .map(|release| Effect::Open(Place::Lineage(release.promotion.id.to_string()))),
            CommandId::CopyId => self
                .selected()
                .map(|release| Effect::Copy(release.promotion.id.to_string())),
            CommandId::CopyAll | CommandId::CopyPlain => copied(command, self.title(), text()),
            _ => {
                self.releases.command(command);
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

    fn update(&mut self, event: ScreenEvent, context: &Context) -> Vec<Effect> {
        match event {
            ScreenEvent::Command(command) => return self.command(command, context.now),
            ScreenEvent::Mouse(mouse, body) => self.releases.mouse(mouse, body),
            ScreenEvent::Answered {
                result: Ok(Answer::Releases(releases)),
                ..
            } => self.releases.answered(releases.into_iter().map(ReleaseRow).collect()),
            ScreenEvent::Answered { result: Err(fault), .. } => return self.releases.failed(fault),
            _ => {}
        }
        Vec::new()
    }

    fn view(&self, frame: &mut Frame, area: Rect, context: &Context) {
        let list = Panel::new(format!("Releases of {}", self.prompt)).note("newest first");
        let selected = self.selected();
        let detail = Detail {
            title: selected.map_or("Release".into(), release_title),
            text: selected.map(|release| release_text(release, context.now)),
        };
        let draw_rows = |frame: &mut Frame, area| draw_releases(frame, area, context, &self.releases.rows, Focus::Here);
        self.releases.draw(frame, area, context, list, draw_rows, detail);
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
            _ => offered(command, &[CommandId::CopyPlain]),
        }
    }
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
