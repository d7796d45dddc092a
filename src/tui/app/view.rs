//! The rows around a screen: tabs, status and footer. What is drawn there is also where the mouse acts.

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use super::App;
use super::present::Company;
use crate::text::{Printable, cut, width};
use crate::tui::command::{COMMANDS, CommandId, Scope};
use crate::tui::keymap::Lookup;
use crate::tui::layout::{HEIGHT_MIN, WIDTH_MIN, rows, size_class};
use crate::tui::msg::Urgency;
use crate::tui::screens::{Context, Tab};
use crate::tui::session_info::{Link, SessionInfo};

impl App {
    /// Draws everything. Any size is fine.
    pub fn view(&self, frame: &mut Frame) {
        let area = frame.area();
        let Some(size_class) = size_class(area.as_size()) else {
            return self.draw_too_small(frame);
        };
        let context = Context {
            theme: &self.theme,
            size_class,
            now: self.now,
            session: &self.session,
            viewed: &self.viewed,
            keymap: &self.keymap,
        };
        let rows = rows(area.as_size());
        self.draw_title(frame, rows.title);
        if let Some(open) = self.visible() {
            open.screen.view(frame, rows.body, &context);
        }
        self.draw_status(frame, rows.status);
        match self.layer.as_ref() {
            None => self.draw_footer(frame, rows.footer),
            Some(layer) => {
                if let Some(keys) = layer.overlay.footer() {
                    let keys = cut(&keys, usize::from(rows.footer.width).saturating_sub(1)).into_owned();
                    frame.render_widget(Line::raw(format!(" {keys}")), rows.footer);
                }
                layer.overlay.view(frame, rows.body, rows.footer, &context);
            }
        }
    }

    fn draw_too_small(&self, frame: &mut Frame) {
        let area = frame.area();
        let status = self.visible().map(|open| open.screen.status()).unwrap_or_default();
        let lines = [
            format!("too small: {} x {}", area.width, area.height),
            format!("needs {WIDTH_MIN} x {HEIGHT_MIN}"),
            String::new(),
            "keys are off until it fits".into(),
            "^c quit    ^z suspend".into(),
            String::new(),
            Printable::line(&status).to_string(),
        ];
        frame.render_widget(Clear, area);
        for (line, y) in lines.into_iter().zip(area.y..area.bottom()) {
            frame.render_widget(Line::raw(line), Rect::new(area.x, y, area.width, 1));
        }
    }

    /// The tabs as they stand in the title line, each with its command.
    fn tabs(&self) -> Vec<(String, Tab)> {
        let tab_text = |tab: Tab| {
            let count = match self.counts[tab as usize] {
                0 => String::new(),
                count => format!("({count})"),
            };
            let (open, close) = if tab == self.tab { ('[', ']') } else { (' ', ' ') };
            format!("{open}{} {}{count}{close}", tab.digit(), tab.title())
        };
        Tab::ALL.iter().map(|tab| (tab_text(*tab), *tab)).collect()
    }

    /// Where the tabs are.
    pub(super) fn tab_targets(&self, area: Rect) -> Vec<(Rect, CommandId)> {
        let mut x = area.x;
        self.tabs()
            .into_iter()
            .map(|(text, tab)| {
                let columns = u16::try_from(width(&text)).unwrap_or(u16::MAX);
                let target = Rect::new(x, area.y, columns, 1).intersection(area);
                x = x.saturating_add(columns);
                (target, go(tab))
            })
            .collect()
    }

    fn draw_title(&self, frame: &mut Frame, area: Rect) {
        let theme = &self.theme;
        let tabs = self.tabs();
        let used: usize = tabs.iter().map(|(text, _)| width(text)).sum();
        let styled = |(text, tab): (String, Tab)| {
            let style = if tab == self.tab { theme.focus } else { theme.text };
            Span::styled(text, style)
        };
        let line: Line = tabs.into_iter().map(styled).collect();
        frame.render_widget(line, area);
        let link = match self.session.link {
            Link::Local => "",
            Link::Remote => " ssh",
        };
        let room = usize::from(area.width).saturating_sub(used + 1);
        let SessionInfo { user, store, roles, .. } = &self.session;
        let with_roles = Printable::line(&format!("{user} ({roles})@{store}{link} "));
        let who = if roles.is_empty() || width(with_roles.as_str()) > room {
            Printable::line(&format!("{user}@{store}{link} "))
        } else {
            with_roles
        };
        let who = cut(who.as_str(), room).into_owned();
        frame.render_widget(
            Line::styled(who, theme.dim).alignment(Alignment::Right),
            right_of(area, used),
        );
    }

    fn draw_status(&self, frame: &mut Frame, area: Rect) {
        let theme = &self.theme;
        let own = self.visible().map(|open| open.screen.status()).unwrap_or_default();
        let (text, style) = match &self.note {
            None => (own, theme.text),
            Some(note) => {
                let style = match note.urgency {
                    Urgency::Info => theme.text,
                    Urgency::Warning => theme.warn,
                    Urgency::Failure => theme.fail,
                };
                let sign = if note.urgency == Urgency::Info { "" } else { "! " };
                (format!("{sign}{}", note.text), style)
            }
        };
        let text = Printable::line(&text);
        let room = usize::from(area.width).saturating_sub(2);
        let company = self
            .company(room.saturating_sub(width(text.as_str()) + GAP))
            .filter(|company| self.note.is_none() && company.comes_first || fits(text.as_str(), company, room));
        let taken = company
            .as_ref()
            .map_or(0, |company| width(&company.text).min(room) + GAP);
        let text = cut(text.as_str(), room.saturating_sub(taken)).into_owned();
        frame.render_widget(Line::styled(format!(" {text}"), style), area);
        if let Some(Company { text, style, .. }) = company {
            let text = format!("{} ", cut(&text, room));
            let columns = u16::try_from(width(&text)).unwrap_or(u16::MAX).min(area.width);
            let end = Rect {
                x: area.right() - columns,
                width: columns,
                ..area
            };
            frame.render_widget(Line::styled(text, style), end);
        }
    }

    /// What stands in the footer: keys and labels of the commands that can be used now, the most useful first.
    fn footer_entries(&self, columns: usize) -> Vec<(CommandId, String, &'static str)> {
        let scopes = self.scopes();
        let own: Vec<Scope> = scopes.iter().copied().filter(|scope| *scope != Scope::Always).collect();
        let mut ranked: Vec<(u8, CommandId)> = COMMANDS
            .iter()
            .filter(|command| command.scopes.iter().any(|scope| own.contains(scope)))
            .filter_map(|command| Some((command.footer?, command.id)))
            .filter(|(_, id)| self.availability(*id).is_ok())
            .collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        let mut entries = Vec::new();
        let mut used = 0;
        for (_, id) in ranked {
            let Some(keys) = self.keymap.shown(id) else {
                continue;
            };
            let label = id.command().label;
            let columns_needed = width(&keys) + 1 + width(label) + 2;
            // A command that an inner scope hides behind the same key is not reachable by it.
            if !self.reaches(id) {
                continue;
            }
            if used + columns_needed > columns {
                break;
            }
            used += columns_needed;
            entries.push((id, keys, label));
        }
        entries
    }

    fn reaches(&self, id: CommandId) -> bool {
        let scopes = self.scopes();
        let keys = self.keymap.first_keys(id);
        keys.is_some_and(|keys| self.keymap.lookup(&scopes, keys) == Lookup::Command(id))
    }

    /// The end of the footer, which is never cut away.
    fn footer_end(&self) -> String {
        if self.visible().is_some_and(|open| open.screen.takes_text()) {
            return "esc: cmd, help ".into();
        }
        let part = |id: CommandId| {
            self.keymap
                .shown(id)
                .map(|keys| format!("{keys} {}", id.command().label))
        };
        let parts: Vec<String> = [CommandId::Palette, CommandId::Help]
            .into_iter()
            .filter_map(part)
            .collect();
        format!("{} ", parts.join("  "))
    }

    fn footer_columns(&self, area: Rect) -> usize {
        usize::from(area.width).saturating_sub(width(&self.footer_end()) + 1)
    }

    /// Where the footer's commands are.
    pub(super) fn footer_targets(&self, area: Rect) -> Vec<(Rect, CommandId)> {
        let mut x = area.x.saturating_add(1);
        let mut targets = Vec::new();
        for (id, keys, label) in self.footer_entries(self.footer_columns(area)) {
            let columns = u16::try_from(width(&keys) + 1 + width(label)).unwrap_or(u16::MAX);
            targets.push((Rect::new(x, area.y, columns, 1).intersection(area), id));
            x = x.saturating_add(columns).saturating_add(2);
        }
        let end = u16::try_from(width(&self.footer_end())).unwrap_or(u16::MAX);
        let end_x = area.right().saturating_sub(end).max(area.x);
        targets.push((
            Rect::new(end_x, area.y, end / 2, 1).intersection(area),
            CommandId::Palette,
        ));
        targets.push((
            Rect::new(end_x + end / 2, area.y, end, 1).intersection(area),
            CommandId::Help,
        ));
        targets
    }

    fn draw_footer(&self, frame: &mut Frame, area: Rect) {
        let theme = &self.theme;
        if !self.pending.is_empty() {
            return self.draw_chord(frame, area);
        }
        let mut spans = vec![Span::raw(" ")];
        for (_, keys, label) in self.footer_entries(self.footer_columns(area)) {
            spans.push(Span::styled(keys, theme.key));
            spans.push(Span::raw(format!(" {label}  ")));
        }
        frame.render_widget(Line::from(spans), area);
        let end = self.footer_end();
        frame.render_widget(Line::raw(end).alignment(Alignment::Right), area);
    }

    /// After the first key of a chord: the keys that may follow.
    fn draw_chord(&self, frame: &mut Frame, area: Rect) {
        let theme = &self.theme;
        let begun: Vec<String> = self.pending.iter().map(ToString::to_string).collect();
        let mut spans = vec![Span::styled(format!(" {}:", begun.join(" ")), theme.focus)];
        if let Lookup::Pending(following) = self.keymap.lookup(&self.scopes(), &self.pending) {
            for (keys, id) in following {
                spans.push(Span::styled(format!("  {keys}"), theme.key));
                spans.push(Span::raw(format!(" {}", id.command().label)));
            }
        }
        frame.render_widget(Line::from(spans), area);
        let end = Rect {
            x: area.right().saturating_sub(5),
            width: area.width.min(5),
            ..area
        };
        frame.render_widget(Line::raw(" esc "), end);
    }
}

/// Columns between what the status line says and who is here.
const GAP: usize = 2;

/// Whether who is here stands beside all of the text.
fn fits(text: &str, company: &Company, room: usize) -> bool {
    width(text) + GAP + width(&company.text) <= room
}

/// What is left of a row behind `used` columns.
fn right_of(area: Rect, used: usize) -> Rect {
    let used = u16::try_from(used).unwrap_or(u16::MAX).min(area.width);
    Rect {
        x: area.x + used,
        width: area.width - used,
        ..area
    }
}

fn go(tab: Tab) -> CommandId {
    match tab {
        Tab::Home => CommandId::GoHome,
        Tab::Prompts => CommandId::GoPrompts,
        Tab::Data => CommandId::GoData,
        Tab::Runs => CommandId::GoRuns,
        Tab::Review => CommandId::GoReview,
        Tab::Releases => CommandId::GoReleases,
    }
}
