//! One session: events in, one frame out, and what the screens order carried out in between.

mod local;
mod orders;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::layout::Size;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

pub(super) use local::rescue_typed;
pub use local::run_local;

use super::caller::Screens;
use super::fence::fenced;
use super::parking::Parking;
use super::rescue::Rescue;
use super::screen_out::ScreenOut;
use super::signing::ToSign;
use super::{HostError, clock};
use crate::domain::actor::Actor;
use crate::domain::ids::RunId;
use crate::domain::progress::RunProgress;
use crate::tui::app::App;
use crate::tui::effect::Order;
use crate::tui::msg::{Msg, Note};
use crate::tui::screens::UnsavedText;
use crate::tui::session_info::Link;
use crate::workbench::{Answer, Attendance, Fault, Request};

/// Answers that wait for the session.
const INBOX_MAX: usize = 64;
/// Shortest time between two frames on this machine: 30 a second.
const FRAME_LOCAL: Duration = Duration::from_millis(33);
/// Shortest time between two frames over a network: 10 a second.
const FRAME_REMOTE: Duration = Duration::from_millis(100);
/// How often a terminal is looked at whether it is still there.
const ALIVE_CHECK: Duration = Duration::from_secs(1);
/// How long requests under way, such as keeping a draft, may take when the session ends.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// Carries out what screens ask. Called on threads that may block.
pub trait RequestHandler: Send + Sync + 'static {
    /// Carries out one request.
    fn handle(&self, request: Request) -> Result<Answer, Fault>;

    /// The progress of a run that is at work in this process.
    fn progress(&self, run: RunId) -> Option<watch::Receiver<RunProgress>>;

    /// Counts the commits of the store.
    fn changes(&self) -> watch::Receiver<u64>;
}

/// What a session needs of its terminal beside bytes in and out.
pub trait Surface {
    /// Whether the terminal is still there.
    fn is_there(&self) -> bool;

    /// Unsets every mode and takes no more input, for another program.
    fn release(&mut self);

    /// Sets the modes again and takes input. The size may have changed.
    fn take_back(&mut self) -> Result<Size, HostError>;

    /// Stops until the shell continues us; the terminal is released. Why that cannot be, as a sentence.
    fn stop(&mut self) -> Result<(), String>;

    /// Turns mouse reports on or off. What to tell the user.
    fn toggle_mouse(&mut self) -> Result<&'static str, HostError>;

    /// Opens a text in the user's editor and waits; the terminal is released.
    fn edit(&mut self, text: &str) -> Result<String, Fault>;

    /// Signs a decision with a key of the user, and waits.
    fn sign(&mut self, to_sign: &ToSign) -> Result<String, Fault>;

    /// The kind of terminal, as `TERM` says.
    fn term(&self) -> String;

    /// Waits until the frame before has been taken, so that a slow line loses frames and queues none.
    fn taken(&mut self) -> impl Future<Output = ()> {
        std::future::ready(())
    }
}

/// What reaches a session from outside of its terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// End now.
    Terminate,
    /// The line is gone.
    HangUp,
    /// Stop, as by Ctrl-Z.
    Stop,
    /// Somebody continued us.
    Continued,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The user quit.
    Quit,
    /// It was told to.
    Terminated,
    /// Its terminal is gone.
    TerminalLost,
    /// The user left, to come back.
    Detached,
}

/// A session on a terminal.
pub struct Session<W: Write, S: Surface> {
    app: App,
    terminal: Terminal<ScreenOut<W>>,
    surface: S,
    handler: Arc<dyn RequestHandler>,
    person: Actor,
    attendance: Attendance,
    parking: Option<Arc<Parking>>,
    /// Where what could not be stored goes.
    rescue: Rescue,
    inbox: mpsc::Receiver<Msg>,
    to_inbox: mpsc::Sender<Msg>,
    requests: JoinSet<()>,
    /// Messages for the app that carrying out its orders gave.
    later: VecDeque<Msg>,
    watches: HashMap<RunId, AbortHandle>,
    followers: JoinSet<()>,
    frame_time: Duration,
    next_frame: Instant,
    next_tick: Option<Instant>,
    dirty: bool,
    /// Whether the next [`Control::Continued`] is the end of our own suspension.
    continues_ours: bool,
}

/// What ends the loop of a session.
type Step = Option<Ended>;

impl<W: Write, S: Surface> Session<W, S> {
    /// A session that draws to `sink`. Called inside a runtime.
    pub fn new(screens: Screens, surface: S, sink: W, size: Size) -> Result<Self, HostError> {
        let Screens {
            handler,
            info,
            keymap,
            attendance,
            note,
            parking,
            rescue,
            ..
        } = screens;
        let frame_time = match info.link {
            Link::Local => FRAME_LOCAL,
            Link::Remote => FRAME_REMOTE,
        };
        let (to_inbox, inbox) = mpsc::channel(INBOX_MAX);
        let person = info.user.clone();
        let parked = parking
            .as_ref()
            .and_then(|parking| parking.take(&person, Instant::now().into_std()));
        let mut later: VecDeque<Msg> = note.map(Msg::Note).into_iter().collect();
        let app = match parked {
            None => App::new(info, keymap, size),
            Some((mut app, ago)) => {
                app.move_to(info, keymap, size);
                later.push_back(Msg::Note(back_note(ago)));
                app
            }
        };
        Ok(Self {
            app,
            terminal: Terminal::new(ScreenOut::new(sink, size))?,
            surface,
            handler,
            person,
            attendance,
            parking,
            rescue,
            inbox,
            to_inbox,
            requests: JoinSet::new(),
            later,
            watches: HashMap::new(),
            followers: JoinSet::new(),
            frame_time,
            next_frame: Instant::now(),
            next_tick: None,
            dirty: true,
            continues_ours: false,
        })
    }

    /// Runs until the user quits or detaches, the terminal is gone, or `control` ends it. Unless the user quit, what
    /// was typed is stored then; [`Session::unsaved_texts`] is what could not be.
    pub async fn run(
        &mut self,
        input: mpsc::Receiver<Msg>,
        control: mpsc::Receiver<Control>,
    ) -> Result<Ended, HostError> {
        let ended = self.run_until_ended(input, control).await;
        self.followers.abort_all();
        match &ended {
            Ok(Ended::Quit) => {}
            Ok(ended) if self.can_wait(*ended) => self.keep_typed(Msg::Keep).await,
            _ => self.keep_typed(Msg::End).await,
        }
        self.finish_requests().await;
        ended
    }

    /// Whether the screens outlive a session that ended so.
    fn can_wait(&self, ended: Ended) -> bool {
        self.parking.is_some() && matches!(ended, Ended::TerminalLost | Ended::Detached)
    }

    /// Leaves the screens for the person's next terminal, if the session ended so that there may be one.
    pub fn park(self, ended: Ended) {
        if self.can_wait(ended)
            && let Some(parking) = self.parking
        {
            parking.park(self.person, self.app, Instant::now().into_std());
        }
    }

    /// What was typed and is not stored.
    pub fn unsaved_texts(&self) -> Vec<UnsavedText> {
        fenced(|| self.app.unsaved_texts()).unwrap_or_default()
    }

    /// Stores what was typed last, until it is stored, refused, or takes too long.
    async fn keep_typed(&mut self, last: Msg) {
        let deadline = Instant::now() + LAST_REQUESTS;
        let mut step = self.take(last);
        while matches!(step, Ok(None)) {
            step = tokio::select! {
                biased;
                Some(msg) = self.inbox.recv() => self.take(msg),
                // Every answer was taken and nothing is under way: the last save was refused.
                done = self.requests.join_next() => match done {
                    Some(_) => Ok(None),
                    None => return,
                },
                () = sleep_until(deadline) => return,
            };
        }
    }

    async fn run_until_ended(
        &mut self,
        mut input: mpsc::Receiver<Msg>,
        mut control: mpsc::Receiver<Control>,
    ) -> Result<Ended, HostError> {
        self.follow_changes();
        self.follow_others();
        let orders = fenced(|| self.app.start(clock::now())).map_err(HostError::Panicked)?;
        let mut ended = self.carry_out_all(orders)?;
        let mut alive = tokio::time::interval(ALIVE_CHECK);
        while ended.is_none() {
            ended = tokio::select! {
                biased;
                Some(control) = control.recv() => self.controlled(control)?,
                msg = input.recv() => match msg {
                    Some(msg) => self.take_all(msg, &mut input)?,
                    None => Some(Ended::TerminalLost),
                },
                Some(msg) = self.inbox.recv() => self.take_answers(msg)?,
                () = until(self.next_tick) => {
                    self.next_tick = None;
                    self.take(Msg::Tick)?
                }
                () = async { sleep_until(self.next_frame).await; self.surface.taken().await }, if self.dirty => {
                    self.draw()?;
                    self.take(Msg::Drawn)?
                }
                _ = alive.tick() => (!self.surface.is_there()).then_some(Ended::TerminalLost),
            };
        }
        Ok(ended.unwrap_or(Ended::Quit))
    }

    /// Takes a message and all input that waits behind it, so that a burst of keys is one frame.
    fn take_all(&mut self, first: Msg, input: &mut mpsc::Receiver<Msg>) -> Result<Step, HostError> {
        let mut next = Some(first);
        while let Some(msg) = next {
            if let Msg::Resize(size) = &msg {
                self.terminal.backend_mut().set_size(*size);
            }
            if let Some(ended) = self.take(msg)? {
                return Ok(Some(ended));
            }
            next = input.try_recv().ok();
        }
        Ok(None)
    }

    fn take_answers(&mut self, first: Msg) -> Result<Step, HostError> {
        let mut next = Some(first);
        while let Some(msg) = next {
            if let Some(ended) = self.take(msg)? {
                return Ok(Some(ended));
            }
            next = self.inbox.try_recv().ok();
        }
        Ok(None)
    }

    /// Gives the app one message, carries out what it orders, and gives it what comes of that.
    fn take(&mut self, msg: Msg) -> Result<Step, HostError> {
        self.later.push_back(msg);
        while let Some(msg) = self.later.pop_front() {
            self.dirty |= !matches!(msg, Msg::Drawn);
            let orders = fenced(|| self.app.update(clock::now(), msg)).map_err(HostError::Panicked)?;
            if let Some(ended) = self.carry_out_all(orders)? {
                return Ok(Some(ended));
            }
        }
        let tick = self.app.tick_ms().map(Duration::from_millis);
        self.next_tick = match (self.next_tick, tick) {
            (_, None) => None,
            (Some(next), Some(_)) => Some(next),
            (None, Some(tick)) => Some(Instant::now() + tick),
        };
        Ok(None)
    }

    fn carry_out_all(&mut self, orders: Vec<Order>) -> Result<Step, HostError> {
        for order in orders {
            if let Some(ended) = self.carry_out(order)? {
                return Ok(Some(ended));
            }
        }
        Ok(None)
    }

    fn draw(&mut self) -> Result<(), HostError> {
        self.dirty = false;
        self.next_frame = Instant::now() + self.frame_time;
        let (app, terminal) = (&self.app, &mut self.terminal);
        let drawn = fenced(|| terminal.draw(|frame| app.view(frame)).map(drop));
        drawn.map_err(HostError::Panicked)?.map_err(HostError::Terminal)
    }

    fn controlled(&mut self, control: Control) -> Result<Step, HostError> {
        let resized = match control {
            Control::Terminate => return Ok(Some(Ended::Terminated)),
            Control::HangUp => return Ok(Some(Ended::TerminalLost)),
            Control::Stop => self.suspend()?,
            Control::Continued if std::mem::take(&mut self.continues_ours) => return Ok(None),
            Control::Continued => {
                // Whoever stopped us may have changed the modes: all are unset and set again.
                self.surface.release();
                self.take_back()?
            }
        };
        self.take(resized)
    }

    /// Waits for requests that are under way, so that nothing typed last is lost.
    async fn finish_requests(&mut self) {
        let deadline = Instant::now() + LAST_REQUESTS;
        loop {
            tokio::select! {
                done = self.requests.join_next() => if done.is_none() { return },
                // Answers are not wanted any more, but must not hold up those who send them.
                Some(_) = self.inbox.recv() => {}
                () = sleep_until(deadline) => return,
            }
        }
    }
}

/// What is said to whoever comes back to their screens.
fn back_note(ago: Duration) -> Note {
    let ago = match (ago.as_secs(), ago.as_secs() / 60) {
        (seconds, 0) => format!("{seconds} s"),
        (_, minutes) => format!("{minutes} min"),
    };
    Note::info(format!("back where you were {ago} ago; q ends a session for good"))
}

/// Waits for a moment, or for ever where there is none.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
