//! Help, made from the command table and the user's keys: what works here, what works everywhere, what does not now.

use std::cell::Cell;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::sheet::Sheet;
use super::{Overlay, Step};
use crate::text::{Printable, cut, pad};
use crate::tui::command::{CommandId, Scope};
use crate::tui::input::{Key, KeyCode};
use crate::tui::keymap::Keymap;
use crate::tui::screens::Context;
use crate::tui::theme::Theme;
use crate::tui::widgets::field::{Field, Focus};

/// Columns of the keys.
const KEY_COLUMNS: usize = 12;

#[derive(Debug, Clone, PartialEq)]
enum Entry {
    Heading(&'static str),
    Command {
        keys: String,
        title: &'static str,
        text: String,
    },
}

/// Help while it is open.
#[derive(Debug)]
pub struct Help {
    title: String,
    entries: Vec<Entry>,
    filter: Field,
    top: Cell<usize>,
    changed_keys: usize,
}

impl Help {
    /// Help for a screen: its commands with the reason why each is off, if it is.
    pub fn new(screen: &str, scopes: &[Scope], commands: &[(CommandId, Result<(), String>)], keymap: &Keymap) -> Self {
        let is_here = |id: CommandId| id.command().scopes.iter().any(|scope| scopes.contains(scope));
        let is_everywhere = |id: CommandId| {
            let scopes = id.command().scopes;
            scopes.contains(&Scope::Everywhere) || scopes.contains(&Scope::Always)
        };
        let entry = |id: CommandId, why: &str| Entry::Command {
            keys: keymap.all_shown(id).join(" "),
            title: id.command().title,
            text: if why.is_empty() {
                id.command().help.to_owned()
            } else {
                format!("{}: {why}", id.command().title)
            },
        };
        let mut entries = vec![Entry::Heading("This screen")];
        let on = commands.iter().filter(|(_, on)| on.is_ok());
        entries.extend(on.clone().filter(|(id, _)| is_here(*id)).map(|(id, _)| entry(*id, "")));
        entries.push(Entry::Heading("Everywhere"));
        let others = on.filter(|(id, _)| is_everywhere(*id) && !is_here(*id));
        entries.extend(others.map(|(id, _)| entry(*id, "")));
        entries.push(Entry::Heading("Not now"));
        let off = commands.iter().filter_map(|(id, on)| Some((id, on.as_ref().err()?)));
        entries.extend(off.map(|(id, why)| entry(*id, why)));
        Self {
            title: format!("Help: {screen}"),
            entries,
            filter: Field::default(),
            top: Cell::new(0),
            changed_keys: keymap.changed(),
        }
    }

    /// What matches the filter; a heading stays while something of it does.
    fn matching(&self) -> Vec<&Entry> {
        let wanted = self.filter.text().trim().to_lowercase();
        let mut shown: Vec<&Entry> = Vec::new();
        for entry in &self.entries {
            match entry {
                Entry::Heading(_) => {
                    if matches!(shown.last(), Some(Entry::Heading(_))) {
                        shown.pop();
                    }
                    shown.push(entry);
                }
                Entry::Command { keys, title, text } => {
                    let searched = format!("{keys} {title} {text}").to_lowercase();
                    if searched.contains(&wanted) {
                        shown.push(entry);
                    }
                }
            }
        }
        if matches!(shown.last(), Some(Entry::Heading(_))) {
            shown.pop();
        }
        shown
    }

    fn line(entry: &Entry, columns: usize, theme: &Theme) -> Line<'static> {
        match entry {
            Entry::Heading(title) => Line::styled(*title, theme.title),
            Entry::Command { keys, text, .. } => {
                let text = Printable::line(text);
                let room = columns.saturating_sub(KEY_COLUMNS + 3);
                Line::from(vec![
                    Span::styled(format!("  {} ", pad(keys, KEY_COLUMNS)), theme.key),
                    Span::raw(cut(text.as_str(), room).into_owned()),
                ])
            }
        }
    }
}

impl Overlay for Help {
    fn key(&mut self, key: Key) -> Step {
        let top = self.top.get();
        match key.code {
            KeyCode::Esc | KeyCode::Enter => return Step::Close,
            KeyCode::Down => self.top.set(top.saturating_add(1)),
            KeyCode::Up => self.top.set(top.saturating_sub(1)),
            KeyCode::PageDown => self.top.set(top.saturating_add(10)),
            KeyCode::PageUp => self.top.set(top.saturating_sub(10)),
            _ => {
                if self.filter.key(key) {
                    self.top.set(0);
                }
            }
        }
        Step::Stay
    }

    fn paste(&mut self, text: &str) -> Result<(), &'static str> {
        self.filter.paste(text);
        Ok(())
    }

    fn view(&self, frame: &mut Frame, area: Rect, _footer: Rect, context: &Context) {
        let theme = context.theme;
        let matching = self.matching();
        let needed = u16::try_from(self.entries.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inner = Sheet::new(&self.title, area).open(frame, theme, needed);
        let row = |y: u16| Rect::new(inner.x, inner.y + y, inner.width, 1).intersection(inner);
        let lines = inner.height.saturating_sub(2);
        let top = self.top.get().min(matching.len().saturating_sub(usize::from(lines)));
        self.top.set(top);
        self.filter.draw_boxed(frame, row(0), theme, Focus::Here);
        for (entry, y) in matching.iter().skip(top).zip(0..lines) {
            frame.render_widget(Self::line(entry, usize::from(inner.width), theme), row(1 + y));
        }
        let note = match self.changed_keys {
            0 => String::new(),
            count => format!("keys shown are your keys ({count} changed in the configuration)"),
        };
        frame.render_widget(Line::styled(note, theme.dim), row(1 + lines));
    }

    fn footer(&self) -> Option<String> {
        Some("type to filter   up/down move   esc close".into())
    }
}
