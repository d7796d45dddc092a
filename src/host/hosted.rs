//! What the host's guests have in common, whatever way they came.

use std::io;
use std::panic;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::HostError;
use super::fence::fenced;
use super::serve::{Call, CommandLine};
use super::session::{Control, Ended};
use crate::text::Printable;
use crate::workbench::Fault;

/// The exit code of a command that panicked, as of `sysexits.h`.
pub const PANICKED: u8 = 70;
/// Why Ctrl-Z does nothing for whoever is elsewhere.
pub const NO_STOP: &str = "cannot suspend over SSH: your own shell is there with ~^Z";

/// Refuses an editor to whoever is elsewhere: one of this machine would be a way in.
pub fn no_editor_over_ssh() -> Fault {
    Fault {
        what: "over SSH there is no editor of your own".into(),
        hint: "type in the screens, or send a file with prompt import NAME - < FILE".into(),
    }
}

/// What a guest that is gone answers.
pub fn gone() -> io::Error {
    io::Error::from(io::ErrorKind::BrokenPipe)
}

/// What to say of a command that panicked.
pub fn failed(why: &str) -> String {
    let why = Printable::line(why);
    format!("error: the command failed: {why}\nhint: this is a fault of pegbox; what was saved is intact\n")
}

/// Lets a panic of the screens end the command too, once the terminal is given back: then the log names it.
pub fn passed_on(ended: Result<Ended, HostError>) -> Result<Ended, HostError> {
    match ended {
        Err(HostError::Panicked(why)) => panic::resume_unwind(Box::new(why)),
        ended => ended,
    }
}

/// What the log says of a command, beside whose it was.
pub fn told(ended: &Result<u8, String>) -> String {
    match ended {
        Ok(code) => format!("ended with {code}"),
        Err(why) => format!("ended with {PANICKED}, by a fault of pegbox: {why}"),
    }
}

/// Runs a command on a thread of its own, and gives its exit code; a panic of it ends it alone, and comes back as its
/// message.
pub async fn run_apart(call: Call, commands: Arc<dyn CommandLine>) -> Result<u8, String> {
    let (ended, end) = oneshot::channel();
    let thread = std::thread::Builder::new().name("guest".into()).spawn(move || {
        // Nobody waits for the end where the host is at its own.
        let _ = ended.send(fenced(|| commands.carry_out(call)));
    });
    thread.map_err(|error| error.to_string())?;
    end.await.map_err(|error| error.to_string())?
}

/// Ends the screens when the host stops.
pub async fn stop_session(mut stop: watch::Receiver<bool>, control: mpsc::Sender<Control>) {
    while !*stop.borrow_and_update() {
        tokio::select! {
            changed = stop.changed() => if changed.is_err() { return },
            () = control.closed() => return,
        }
    }
    let _ = control.send(Control::Terminate).await;
}
