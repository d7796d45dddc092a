//! Where keys, mouse and pastes go.

use ratatui::layout::{Position, Rect};

use super::leaving::Leaving;
use super::{App, Layer, Sent};
use crate::text::width;
use crate::tui::command::{CommandId, Scope};
use crate::tui::effect::Order;
use crate::tui::input::{Key, KeyCode, Mouse, MouseKind};
use crate::tui::keymap::Lookup;
use crate::tui::layout::{rows, size_class};
use crate::tui::msg::Urgency;
use crate::tui::overlays::dialog::{Dialog, OpenDialog};
use crate::tui::overlays::help::Help;
use crate::tui::overlays::palette::Palette;
use crate::tui::overlays::plain::Plain;
use crate::tui::overlays::{Outcome, Step};
use crate::tui::screens::{Place, ScreenEvent, Tab};

/// Interrupting again within this time asks to quit.
const INTERRUPT_AGAIN_MS: u64 = 2_000;
/// Longest paste: larger texts are imported as files.
const PASTE_BYTES_MAX: usize = 1_000_000;
/// What happens to a paste that no field takes: nothing, since a paste is not a series of commands.
const PASTE_DROPPED: &str = "pasted text was dropped: no field has the focus";

impl App {
    pub(super) fn key(&mut self, key: Key) {
        // Whoever presses a key has read it: the screen's own status comes back. A failure stays.
        self.note.take_if(|note| note.urgency != Urgency::Failure);
        if size_class(self.size).is_none() {
            return self.key_while_too_small(key);
        }
        if self.layer.is_some() {
            return self.key_in_layer(key);
        }
        if key.code == KeyCode::Esc && !self.pending.is_empty() {
            self.pending.clear();
            return;
        }
        self.pending.push(key);
        match self.keymap.lookup(&self.scopes(), &self.pending) {
            Lookup::Command(command) => {
                self.pending.clear();
                self.run(command);
            }
            Lookup::Pending(_) => {}
            Lookup::Unbound => {
                let keys = std::mem::take(&mut self.pending);
                let typing = self.visible().filter(|open| open.screen.takes_text());
                match typing.map(|open| open.id) {
                    Some(id) => {
                        self.deliver(id, ScreenEvent::Key(key));
                    }
                    None => self.say_where(&keys),
                }
            }
        }
    }

    /// Says where keys work that mean nothing here.
    fn say_where(&mut self, keys: &[Key]) {
        let found = self.keymap.elsewhere(&self.scopes(), keys);
        // In the editor nearly every letter is something: that is no news elsewhere.
        let outside = |scope: &&Scope| !matches!(scope, Scope::EditorNormal | Scope::EditorInsert);
        let uses: Vec<String> = found
            .iter()
            .filter_map(|id| {
                let command = id.command();
                let places: Vec<&str> = command
                    .scopes
                    .iter()
                    .filter(outside)
                    .map(|scope| scope.title())
                    .collect();
                (!places.is_empty()).then(|| format!("{} on {}", command.title, places.join(", ")))
            })
            .collect();
        if !uses.is_empty() {
            let keys: Vec<String> = keys.iter().map(Key::to_string).collect();
            self.say(format!(
                "{} does nothing here; it is {}",
                keys.join(" "),
                uses.join("; ")
            ));
        }
    }

    fn key_while_too_small(&mut self, key: Key) {
        if let Lookup::Command(command) = self.keymap.lookup(&[Scope::Always], &[key]) {
            match command {
                CommandId::Interrupt => self.quit(),
                CommandId::Suspend => self.orders.push(Order::Suspend),
                _ => {}
            }
        }
    }

    fn key_in_layer(&mut self, key: Key) {
        let always = self.keymap.lookup(&[Scope::Always], &[key]);
        let Some(layer) = &mut self.layer else {
            return;
        };
        match always {
            Lookup::Command(CommandId::Redraw) => return self.orders.push(Order::Redraw),
            Lookup::Command(CommandId::Interrupt) => {
                self.layer = None;
                return;
            }
            _ => {}
        }
        if layer.overlay.waits_for_frame() && !layer.drawn {
            return;
        }
        let step = layer.overlay.key(key);
        self.take_step(step);
    }

    fn take_step(&mut self, step: Step) {
        match step {
            Step::Stay => {}
            Step::Close => self.layer = None,
            Step::Done(outcome) => {
                if let Some(layer) = self.layer.take() {
                    self.closed_with(layer, outcome);
                }
            }
        }
    }

    fn closed_with(&mut self, layer: Layer, outcome: Outcome) {
        let event = match outcome {
            Outcome::Run(command) => return self.run(command),
            Outcome::Confirmed(confirmed) if confirmed.command() == CommandId::Quit => return self.quit(),
            Outcome::Confirmed(_) if layer.owner.is_none() => return self.quit_now(),
            Outcome::Confirmed(confirmed) => ScreenEvent::Confirmed(confirmed),
            Outcome::Chosen(chosen) => ScreenEvent::Chosen(chosen),
            Outcome::Filled(filled) => ScreenEvent::Filled(filled),
        };
        let Some(owner) = layer.owner else {
            return;
        };
        let before = self.orders.len();
        self.deliver(owner, event);
        let sent = self.orders.iter().skip(before).find_map(|order| match order {
            Order::Ask { from, request } if *from == owner => Some(request.clone()),
            _ => None,
        });
        self.sent = sent.map(|request| Sent { layer, request });
    }

    pub(super) fn run(&mut self, command: CommandId) {
        if let Err(why) = self.availability(command) {
            return self.say(format!("{} is off: {why}", command.command().title));
        }
        match command {
            CommandId::GoHome => self.go_to_first(Tab::Home),
            CommandId::GoPrompts => self.go_to_first(Tab::Prompts),
            CommandId::GoData => self.go_to_first(Tab::Data),
            CommandId::GoRuns => self.go_to_first(Tab::Runs),
            CommandId::GoReview => self.go_to_first(Tab::Review),
            CommandId::GoReleases => self.go_to_first(Tab::Releases),
            CommandId::GoModels => {
                self.go_to_first(Tab::Runs);
                self.open(&Place::Models);
            }
            CommandId::GoChains => {
                self.go_to_first(Tab::Runs);
                self.open(&Place::Chains);
            }
            CommandId::GoAudit => {
                self.go_to_first(Tab::Releases);
                self.open(&Place::Audit);
            }
            CommandId::GoPeople => {
                self.go_to_first(Tab::Releases);
                self.open(&Place::People);
            }
            CommandId::Palette => {
                let palette = Palette::new(self.availabilities(), &self.keymap);
                self.lay(Box::new(palette), None);
            }
            CommandId::Help => {
                let screen = self.visible().map(|open| (open.screen.title(), open.screen.scopes()));
                let (title, scopes) = screen.unwrap_or_default();
                let help = Help::new(&title, &scopes, &self.availabilities(), &self.keymap);
                self.lay(Box::new(help), None);
            }
            CommandId::Back => self.step_back(),
            CommandId::Leave => {
                if !self.leave() {
                    self.quit();
                }
            }
            CommandId::Quit => self.quit(),
            CommandId::Interrupt => self.interrupt(),
            CommandId::Redraw => self.orders.push(Order::Redraw),
            CommandId::Suspend => self.orders.push(Order::Suspend),
            CommandId::Mouse => self.orders.push(Order::ToggleMouse),
            CommandId::Who => {
                let everybody = Plain::new("Who is here", &self.everybody());
                self.lay(Box::new(everybody), None);
            }
            CommandId::Detach => self.orders.push(Order::Detach),
            _ => {
                if let Some(id) = self.visible().map(|open| open.id) {
                    self.deliver(id, ScreenEvent::Command(command));
                }
            }
        }
    }

    /// The digit of the tab one is on goes to its first screen.
    pub(super) fn go_to_first(&mut self, tab: Tab) {
        if self.tab == tab {
            if self.keeps_first(Leaving::ToFirst) {
                return;
            }
            while self.stack().len() > 1 {
                self.leave();
            }
        }
        self.go_to(tab);
    }

    fn step_back(&mut self) {
        if let Some(open) = self.stack_mut().last_mut()
            && open.screen.step_back()
        {
            // A step such as clearing a filter shows other rows.
            open.stale = true;
            return self.shown();
        }
        if self.leave() {
            return;
        }
        if self.note.take().is_none() {
            self.say("this is the first screen; q quits");
        }
    }

    fn interrupt(&mut self) {
        let again = self
            .interrupted
            .is_some_and(|before| self.now.since_ms(before) < INTERRUPT_AGAIN_MS);
        self.interrupted = (!again).then_some(self.now);
        if again {
            let question = Dialog::question(CommandId::Quit, "Quit?  What is saved stays.");
            return self.lay(Box::new(OpenDialog::new(question)), None);
        }
        if let Some(id) = self.visible().map(|open| open.id) {
            self.deliver(id, ScreenEvent::Command(CommandId::Interrupt));
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.pending.clear();
        if text.len() > PASTE_BYTES_MAX {
            return self.say(format!(
                "pasted text was dropped: it is longer than {PASTE_BYTES_MAX} bytes"
            ));
        }
        if size_class(self.size).is_none() {
            return;
        }
        if let Some(layer) = &mut self.layer {
            if let Err(why) = layer.overlay.paste(text) {
                self.say(why);
            }
            return;
        }
        match self
            .visible()
            .filter(|open| open.screen.takes_text())
            .map(|open| open.id)
        {
            Some(id) => {
                self.deliver(id, ScreenEvent::Paste(text.to_owned()));
            }
            None => self.say(PASTE_DROPPED),
        }
    }

    pub(super) fn mouse(&mut self, mouse: Mouse) {
        if size_class(self.size).is_none() {
            return;
        }
        let rows = rows(self.size);
        let at = Position::new(mouse.column, mouse.row);
        if let Some(layer) = &mut self.layer {
            if layer.overlay.waits_for_frame() && !layer.drawn {
                return;
            }
            let pressed = (mouse.kind == MouseKind::Press && rows.footer.contains(at)).then_some(at.x);
            let key = pressed.and_then(|x| footer_key(&layer.overlay.footer()?, x.saturating_sub(rows.footer.x)));
            let step = match key {
                Some(key) => layer.overlay.key(key),
                None => layer.overlay.mouse(mouse, rows.body, rows.footer, &self.theme),
            };
            return self.take_step(step);
        }
        if rows.body.contains(at) {
            if let Some(id) = self.visible().map(|open| open.id) {
                self.deliver(id, ScreenEvent::Mouse(mouse, rows.body));
            }
        } else if mouse.kind == MouseKind::Press {
            let command = if rows.title.contains(at) {
                under(at, &self.tab_targets(rows.title))
            } else {
                under(at, &self.footer_targets(rows.footer))
            };
            if let Some(command) = command {
                self.run(command);
            }
        }
    }
}

/// The key under a column of an overlay's footer, which lists keys before what they do, three spaces apart.
fn footer_key(footer: &str, column: u16) -> Option<Key> {
    let mut x = 1;
    for part in footer.split("   ") {
        let columns = width(part);
        if (x..x + columns).contains(&usize::from(column)) {
            return part.split(' ').next().and_then(|name| Key::parse(name).ok());
        }
        x += columns + 3;
    }
    None
}

/// The command whose place on the screen holds a cell.
fn under(at: Position, targets: &[(Rect, CommandId)]) -> Option<CommandId> {
    targets
        .iter()
        .find(|(area, _)| area.contains(at))
        .map(|(_, command)| *command)
}
