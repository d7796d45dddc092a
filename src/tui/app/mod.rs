//! The app: a stack of screens for each tab, one overlay, and who gets which event.

mod leaving;
mod present;
mod route;
#[cfg(test)]
mod tests;
mod view;

use ratatui::layout::Size;

use self::leaving::Leaving;
use super::command::{COMMANDS, CommandId, Scope};
use super::danger::danger_of;
use super::effect::{Effect, Order};
use super::input::Key;
use super::keymap::Keymap;
use super::layout::{SizeClass, WidthClass, size_class};
use super::msg::{Msg, Note};
use super::overlays::Overlay;
use super::overlays::choose::OpenChoice;
use super::overlays::dialog::OpenDialog;
use super::overlays::form::OpenForm;
use super::overlays::plain::Plain;
use super::screens::review::Viewed;
use super::screens::{Context, Place, Screen, ScreenEvent, ScreenId, Tab};
use super::session_info::SessionInfo;
use super::theme::Theme;
use crate::domain::ids::RunId;
use crate::domain::time::Timestamp;
use crate::workbench::{Doing, Fault, Presence, Request};

/// Screens on one stack: a person loses the way long before.
const STACK_SCREENS_MAX: usize = 32;

/// What sizes that are too small count as while nothing is drawn.
const SMALLEST: SizeClass = SizeClass {
    width: WidthClass::Narrow,
    short: true,
};

/// One session's screens.
#[derive(Debug)]
pub struct App {
    session: SessionInfo,
    theme: Theme,
    keymap: Keymap,
    size: Size,
    now: Timestamp,
    tab: Tab,
    stacks: [Vec<Open>; Tab::ALL.len()],
    next_screen: u64,
    layer: Option<Layer>,
    sent: Option<Sent>,
    leaving: Option<Leaving>,
    pending: Vec<Key>,
    note: Option<Note>,
    counts: [usize; Tab::ALL.len()],
    reloads: Vec<Reload>,
    watched: Vec<RunId>,
    viewed: Viewed,
    interrupted: Option<Timestamp>,
    others: Vec<Presence>,
    /// What others were told last that the person is at.
    told_doing: Option<Doing>,
    orders: Vec<Order>,
}

/// A screen on a stack.
#[derive(Debug)]
struct Open {
    id: ScreenId,
    screen: Box<dyn Screen>,
    /// Whether the store may know more than it shows.
    stale: bool,
}

/// The overlay and whom its outcome is for.
#[derive(Debug)]
struct Layer {
    overlay: Box<dyn Overlay>,
    owner: Option<ScreenId>,
    /// Whether the user can have seen it.
    drawn: bool,
}

/// An overlay that closed with a request which is not answered yet. It comes back if the answer is a refusal, so that
/// what was typed into it is not lost.
#[derive(Debug)]
struct Sent {
    layer: Layer,
    request: Request,
}

/// A reload that was not answered yet; one more is sent behind it if the store changed meanwhile.
#[derive(Debug)]
struct Reload {
    from: ScreenId,
    request: Request,
    again: bool,
}

impl App {
    /// An app that shows Home and has asked nothing yet; see [`App::start`].
    pub fn new(session: SessionInfo, keymap: Keymap, size: Size) -> Self {
        Self {
            theme: Theme::new(&session),
            session,
            keymap,
            size,
            now: Timestamp(0),
            tab: Tab::Home,
            stacks: Default::default(),
            next_screen: 0,
            layer: None,
            sent: None,
            leaving: None,
            pending: Vec::new(),
            note: None,
            counts: [0; Tab::ALL.len()],
            reloads: Vec::new(),
            watched: Vec::new(),
            viewed: Viewed::default(),
            interrupted: None,
            others: Vec::new(),
            told_doing: None,
            orders: Vec::new(),
        }
    }

    /// Opens Home; after [`App::move_to`], what was open. The first orders.
    pub fn start(&mut self, now: Timestamp) -> Vec<Order> {
        self.now = now;
        if self.stack().is_empty() {
            self.go_to(Tab::Home);
        } else {
            self.changed();
        }
        self.finish()
    }

    /// Takes the screens to another terminal of the same person, as they are; [`App::start`] loads anew what they show.
    pub fn move_to(&mut self, session: SessionInfo, keymap: Keymap, size: Size) {
        self.theme = Theme::new(&session);
        self.session = session;
        self.keymap = keymap;
        self.size = size;
        // Nobody answers any more what was asked from the terminal before.
        self.sent = None;
        self.leaving = None;
        self.reloads.clear();
        self.watched.clear();
        self.others.clear();
        self.told_doing = None;
        self.pending.clear();
        self.note = None;
        if let Some(layer) = &mut self.layer {
            layer.drawn = false;
        }
    }

    /// Takes one event. What the session has to do about it.
    pub fn update(&mut self, now: Timestamp, msg: Msg) -> Vec<Order> {
        self.now = now;
        match msg {
            Msg::Key(key) => self.key(key),
            Msg::Mouse(mouse) => self.mouse(mouse),
            Msg::Paste(text) => self.paste(&text),
            Msg::Resize(size) => self.size = size,
            Msg::Tick => self.tick(),
            Msg::Answered { to, request, result } => {
                self.reload_answered(to, &request);
                let fault = result.as_ref().err().cloned();
                let sent = self
                    .sent
                    .take_if(|sent| sent.layer.owner == Some(to) && sent.request == request);
                let delivered = self.deliver(to, ScreenEvent::Answered { request, result });
                if let Some(fault) = fault.as_ref().filter(|_| !delivered) {
                    self.note = Some(Note::failure(fault));
                }
                if let (Some(sent), Some(fault)) = (sent, &fault) {
                    self.come_back(sent.layer, fault);
                }
                self.go_on_leaving(to, fault.as_ref());
            }
            Msg::Progress(progress) => {
                if let Some(id) = self.visible().map(|open| open.id) {
                    self.deliver(id, ScreenEvent::Progress(progress));
                }
            }
            Msg::Changed => self.changed(),
            Msg::EditorClosed { to, result } => {
                self.deliver(to, ScreenEvent::EditorClosed(result));
            }
            Msg::Drawn => {
                if let Some(layer) = &mut self.layer {
                    layer.drawn = true;
                }
            }
            Msg::End => self.quit(),
            Msg::Keep => self.keep(),
            Msg::Others(others) => self.others = others,
            Msg::Note(note) => self.note = Some(note),
        }
        self.finish()
    }

    /// How often a [`Msg::Tick`] is wanted, in milliseconds.
    pub fn tick_ms(&self) -> Option<u64> {
        self.stacks
            .iter()
            .flatten()
            .filter_map(|open| open.screen.tick_ms())
            .min()
    }

    fn finish(&mut self) -> Vec<Order> {
        let wanted = self.visible().map(|open| open.screen.watches()).unwrap_or_default();
        for run in &self.watched {
            if !wanted.contains(run) {
                self.orders.push(Order::Unwatch(*run));
            }
        }
        for run in &wanted {
            if !self.watched.contains(run) {
                self.orders.push(Order::Watch(*run));
            }
        }
        self.watched = wanted;
        let doing = self.doing();
        if let Some(doing) = doing.filter(|doing| self.told_doing.as_ref() != Some(doing)) {
            self.told_doing = Some(doing.clone());
            self.orders.push(Order::NowAt(doing));
        }
        std::mem::take(&mut self.orders)
    }

    fn stack(&self) -> &Vec<Open> {
        &self.stacks[self.tab as usize]
    }

    fn stack_mut(&mut self) -> &mut Vec<Open> {
        &mut self.stacks[self.tab as usize]
    }

    fn visible(&self) -> Option<&Open> {
        self.stack().last()
    }

    fn open(&mut self, place: &Place) {
        if self.visible().is_none_or(|open| open.screen.place() != *place) {
            self.push(place.build());
        }
    }

    fn push(&mut self, screen: Box<dyn Screen>) {
        if self.stack().len() >= STACK_SCREENS_MAX {
            self.say("too many screens on top of each other; esc goes back");
            return;
        }
        let id = ScreenId(self.next_screen);
        self.next_screen += 1;
        let stale = true;
        self.stack_mut().push(Open { id, screen, stale });
        self.shown();
    }

    fn go_to(&mut self, tab: Tab) {
        self.tab = tab;
        if self.stack().is_empty() {
            self.open(&tab.place());
        } else {
            self.shown();
        }
    }

    /// Lays a refused overlay over its screen again.
    fn come_back(&mut self, mut layer: Layer, fault: &Fault) {
        let is_in_view = self.visible().is_some_and(|open| Some(open.id) == layer.owner);
        let why = Note::failure(fault).text;
        if is_in_view && self.layer.is_none() && layer.overlay.refused(&why) {
            self.note = None;
            layer.drawn = false;
            self.layer = Some(layer);
        }
    }

    /// The visible screen came into view: what it shows is loaded if it may be old.
    fn shown(&mut self) {
        self.pending.clear();
        let stack = &mut self.stacks[self.tab as usize];
        let Some(open) = stack.last_mut().filter(|open| open.stale) else {
            return;
        };
        open.stale = false;
        let id = open.id;
        for request in open.screen.requests() {
            self.reload(id, request);
        }
    }

    fn changed(&mut self) {
        for open in self.stacks.iter_mut().flatten() {
            open.stale = true;
        }
        self.shown();
    }

    /// Asks for what a screen shows, but not twice at once.
    fn reload(&mut self, from: ScreenId, request: Request) {
        let same = |reload: &&mut Reload| reload.from == from && reload.request == request;
        if let Some(reload) = self.reloads.iter_mut().find(same) {
            reload.again = true;
            return;
        }
        self.reloads.push(Reload {
            from,
            request: request.clone(),
            again: false,
        });
        self.orders.push(Order::Ask { from, request });
    }

    fn reload_answered(&mut self, from: ScreenId, request: &Request) {
        let place = self
            .reloads
            .iter()
            .position(|reload| reload.from == from && reload.request == *request);
        if let Some(reload) = place.map(|at| self.reloads.swap_remove(at))
            && reload.again
        {
            self.reload(from, reload.request);
        }
    }

    fn tick(&mut self) {
        let ticking: Vec<ScreenId> = self
            .stacks
            .iter()
            .flatten()
            .filter(|open| open.screen.tick_ms().is_some())
            .map(|open| open.id)
            .collect();
        for id in ticking {
            self.deliver(id, ScreenEvent::Tick);
        }
    }

    /// Gives an event to a screen, if it is still open. Whether it is.
    fn deliver(&mut self, to: ScreenId, event: ScreenEvent) -> bool {
        let context = Context {
            theme: &self.theme,
            size_class: size_class(self.size).unwrap_or(SMALLEST),
            now: self.now,
            session: &self.session,
            viewed: &self.viewed,
            keymap: &self.keymap,
        };
        let Some(open) = self.stacks.iter_mut().flatten().find(|open| open.id == to) else {
            return false;
        };
        let effects = open.screen.update(event, &context);
        for effect in effects {
            self.apply(to, effect);
        }
        true
    }

    fn apply(&mut self, from: ScreenId, effect: Effect) {
        match effect {
            Effect::Ask(request) => self.ask(from, request),
            Effect::Act(request, confirmed) => {
                if confirmed.level() >= danger_of(&request) {
                    self.orders.push(Order::Ask { from, request });
                } else {
                    self.say("refused: this needs a stronger confirmation than was given");
                }
            }
            Effect::Open(place) => self.open(&place),
            Effect::GoTo(tab) => self.go_to(tab),
            Effect::Back => self.close(from),
            Effect::Confirm(dialog) => self.lay(Box::new(OpenDialog::new(dialog)), Some(from)),
            Effect::Choose(choice) => self.lay(Box::new(OpenChoice::new(choice)), Some(from)),
            Effect::Fill(form) => self.lay(Box::new(OpenForm::new(form)), Some(from)),
            Effect::ShowPlain { title, text } => self.lay(Box::new(Plain::new(&title, &text)), Some(from)),
            Effect::OpenEditor(text) => self.orders.push(Order::OpenEditor { from, text }),
            Effect::Copy(text) => self.orders.push(Order::Copy(text)),
            Effect::Say(note) => self.note = Some(note),
            Effect::Count(tab, count) => self.counts[tab as usize] = count,
            Effect::Viewed(of, changes) => {
                self.viewed.set(of, changes);
                // Another screen may show the same review.
                for open in self.stacks.iter_mut().flatten().filter(|open| open.id != from) {
                    open.stale = true;
                }
            }
        }
    }

    /// What a screen that is being left may still do.
    fn apply_last(&mut self, from: ScreenId, effects: Vec<Effect>) {
        for effect in effects {
            if matches!(effect, Effect::Ask(_) | Effect::Say(_)) {
                self.apply(from, effect);
            }
        }
    }

    fn ask(&mut self, from: ScreenId, request: Request) {
        if danger_of(&request) == super::command::Danger::None {
            self.orders.push(Order::Ask { from, request });
        } else {
            self.say("refused: this needs a confirmation");
        }
    }

    fn lay(&mut self, overlay: Box<dyn Overlay>, owner: Option<ScreenId>) {
        self.pending.clear();
        self.layer = Some(Layer {
            overlay,
            owner,
            drawn: false,
        });
    }

    fn say(&mut self, text: impl Into<String>) {
        self.note = Some(Note::warning(text));
    }

    /// Where keys are looked up now, innermost first.
    fn scopes(&self) -> Vec<Scope> {
        let Some(open) = self.visible() else {
            return vec![Scope::Everywhere, Scope::Always];
        };
        let mut scopes = open.screen.scopes();
        if !open.screen.takes_text() {
            scopes.push(Scope::Everywhere);
        }
        scopes.push(Scope::Always);
        scopes
    }

    /// Whether a command can be used now, or why not.
    fn availability(&self, id: CommandId) -> Result<(), String> {
        let scopes = self.scopes();
        let command = id.command();
        if !command.scopes.iter().any(|scope| scopes.contains(scope)) {
            let places: Vec<&str> = command.scopes.iter().map(|scope| scope.title()).collect();
            return Err(format!("only on {}", places.join(", ")));
        }
        match self.visible() {
            Some(open) if !is_of_app(id) => open.screen.availability(id),
            _ => Ok(()),
        }
    }

    fn availabilities(&self) -> Vec<(CommandId, Result<(), String>)> {
        COMMANDS
            .iter()
            .map(|command| (command.id, self.availability(command.id)))
            .collect()
    }
}

/// Whether the app itself carries a command out, on every screen.
fn is_of_app(id: CommandId) -> bool {
    matches!(
        id,
        CommandId::GoHome
            | CommandId::GoPrompts
            | CommandId::GoData
            | CommandId::GoRuns
            | CommandId::GoReview
            | CommandId::GoReleases
            | CommandId::GoModels
            | CommandId::GoChains
            | CommandId::GoAudit
            | CommandId::GoPeople
            | CommandId::Palette
            | CommandId::Help
            | CommandId::Back
            | CommandId::Leave
            | CommandId::Quit
            | CommandId::Interrupt
            | CommandId::Redraw
            | CommandId::Suspend
            | CommandId::Mouse
            | CommandId::Who
            | CommandId::Detach
    )
}
