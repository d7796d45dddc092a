//! Carrying out what the app orders.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::{Session, Step, Surface};
use crate::domain::ids::RunId;
use crate::domain::signature::SignedStatement;
use crate::host::HostError;
use crate::host::clipboard::copy_sequence;
use crate::host::fence::fenced;
use crate::host::session::Ended;
use crate::host::signing::ToSign;
use crate::tui::effect::Order;
use crate::tui::msg::{Msg, Note};
use crate::tui::screens::ScreenId;
use crate::workbench::{Answer, Fault, Request};

/// Shortest time between two progresses of a run, and between two reloads after changes: 4 and 2 a second.
const PROGRESS_PACE: Duration = Duration::from_millis(250);
const CHANGES_PACE: Duration = Duration::from_millis(500);

impl<W: Write, S: Surface> Session<W, S> {
    pub(super) fn carry_out(&mut self, order: Order) -> Result<Step, HostError> {
        match order {
            Order::Ask { from, request } => match self.signature_of(&request) {
                Ok(None) => self.ask(from, request),
                Ok(Some(signed)) => self.ask(from, request.signed(signed)),
                Err(fault) => self.later.push_back(Msg::Answered {
                    to: from,
                    request,
                    result: Err(fault),
                }),
            },
            Order::Watch(run) => self.watch(run),
            Order::Unwatch(run) => {
                if let Some(watch) = self.watches.remove(&run) {
                    watch.abort();
                }
            }
            Order::OpenEditor { from, text } => {
                self.surface.release();
                let result = self.surface.edit(&text);
                let resized = self.take_back()?;
                self.later.extend([resized, Msg::EditorClosed { to: from, result }]);
            }
            Order::Copy(text) => {
                let note = match copy_sequence(&text, &self.surface.term()) {
                    Ok((sequence, sent)) => {
                        self.terminal.backend_mut().write_apart(sequence.as_bytes())?;
                        Note::info(sent)
                    }
                    Err(why) => Note::warning(why),
                };
                self.later.push_back(Msg::Note(note));
            }
            Order::ToggleMouse => {
                let note = Note::info(self.surface.toggle_mouse()?);
                self.later.push_back(Msg::Note(note));
            }
            Order::Redraw => self.redraw()?,
            Order::Suspend => {
                let resized = self.suspend()?;
                self.later.push_back(resized);
            }
            Order::NowAt(doing) => self.attendance.now_at(doing),
            Order::Detach if self.parking.is_some() => return Ok(Some(Ended::Detached)),
            Order::Detach => {
                let why = "nothing keeps the screens: they run in this process, and not in a host";
                self.later.push_back(Msg::Note(Note::warning(why)));
            }
            Order::Quit => return Ok(Some(Ended::Quit)),
        }
        Ok(None)
    }

    /// The signature that a request is to have. The screens wait for it: a key may wait to be touched.
    fn signature_of(&mut self, request: &Request) -> Result<Option<SignedStatement>, Fault> {
        let Some((deed, reason)) = request.deed_to_sign() else {
            return Ok(None);
        };
        let Answer::Unsigned(unsigned) = self.handler.handle(Request::Statement(deed, reason.to_owned()))? else {
            // No request but this has such an answer.
            return Ok(None);
        };
        let to_sign = ToSign {
            statement: unsigned.statement,
            keys: unsigned.keys,
            key_file: None,
        };
        let signature = self.surface.sign(&to_sign)?;
        Ok(Some(SignedStatement {
            statement: to_sign.statement,
            signature,
        }))
    }

    fn ask(&mut self, to: ScreenId, request: Request) {
        let handler = Arc::clone(&self.handler);
        let to_inbox = self.to_inbox.clone();
        self.requests.spawn_blocking(move || {
            let asked = request.clone();
            let result = fenced(|| handler.handle(asked)).unwrap_or_else(|panic| {
                Err(Fault {
                    what: format!("the workbench failed: {panic}"),
                    hint: "this is a fault of pegbox; what was saved is intact".into(),
                })
            });
            let _ = to_inbox.blocking_send(Msg::Answered { to, request, result });
        });
        // Results of those that are done are not kept.
        while self.requests.try_join_next().is_some() {}
    }

    fn watch(&mut self, run: RunId) {
        let Some(mut progress) = self.handler.progress(run) else {
            return;
        };
        while self.followers.try_join_next().is_some() {}
        let to_inbox = self.to_inbox.clone();
        let watch = self.followers.spawn(async move {
            loop {
                let latest = Box::new(progress.borrow_and_update().clone());
                if to_inbox.send(Msg::Progress(latest)).await.is_err() {
                    return;
                }
                sleep(PROGRESS_PACE).await;
                if progress.changed().await.is_err() {
                    return;
                }
            }
        });
        if let Some(before) = self.watches.insert(run, watch) {
            before.abort();
        }
    }

    pub(super) fn follow_changes(&mut self) {
        let mut changes = self.handler.changes();
        let to_inbox = self.to_inbox.clone();
        self.followers.spawn(async move {
            while changes.changed().await.is_ok() {
                if to_inbox.send(Msg::Changed).await.is_err() {
                    return;
                }
                sleep(CHANGES_PACE).await;
            }
        });
    }

    pub(super) fn follow_others(&mut self) {
        let mut others = self.attendance.others();
        let to_inbox = self.to_inbox.clone();
        self.followers.spawn(async move {
            while let Some(list) = others.next().await {
                if to_inbox.send(Msg::Others(list)).await.is_err() {
                    return;
                }
                sleep(CHANGES_PACE).await;
            }
        });
    }

    /// Draws every cell with the next frame. Nothing is cleared before it, so nothing flickers.
    pub(super) fn redraw(&mut self) -> Result<(), HostError> {
        self.terminal.clear()?;
        self.dirty = true;
        Ok(())
    }

    /// Stops until continued. The message that tells the app what the terminal is then.
    pub(super) fn suspend(&mut self) -> Result<Msg, HostError> {
        self.surface.release();
        let stopped = self.surface.stop();
        let resized = self.take_back()?;
        self.continues_ours = stopped.is_ok();
        if let Err(why) = stopped {
            self.later.push_back(Msg::Note(Note::warning(why)));
        }
        Ok(resized)
    }

    /// The terminal is ours again, and nothing is known of what it shows. The message that tells the app its size.
    pub(super) fn take_back(&mut self) -> Result<Msg, HostError> {
        let size = self.surface.take_back()?;
        self.terminal.backend_mut().set_size(size);
        self.redraw()?;
        Ok(Msg::Resize(size))
    }
}
