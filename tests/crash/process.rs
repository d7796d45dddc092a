//! One process of the real binary, which may be killed before it ends by itself.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::small_disk;

/// No act takes nearly as long.
const HANGS_AFTER: Duration = Duration::from_secs(300);

/// How a process ended, and what it said until then.
#[derive(Debug)]
pub struct Said {
    /// The exit code; `None` where it was killed.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Said {
    /// Standard output as one document, where it is whole.
    pub fn document(&self) -> Option<Value> {
        serde_json::from_str(&self.stdout).ok()
    }

    /// Whether it ended by itself, and well.
    pub fn is_done(&self) -> bool {
        self.code == Some(0)
    }

    /// Whether it was refused since what it rests on was overtaken.
    pub fn is_stale(&self) -> bool {
        self.code == Some(4) && self.stderr.contains(" is stale: ")
    }
}

/// A process that was started.
pub struct Process {
    child: Child,
    started: Instant,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
    /// Closed with its standard output, so when it has ended.
    ended: Receiver<()>,
}

impl Process {
    pub fn start(mut command: Command) -> Self {
        let started = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (until_end, ended) = sync_channel(0);
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Self {
            child,
            started,
            stdout: thread::spawn(move || {
                let text = read(out);
                drop(until_end);
                text
            }),
            stderr: thread::spawn(move || read(err)),
            ended,
        }
    }

    /// Waits until it ends or this time is over; whether it ended.
    pub fn ends_within(&self, time: Duration) -> bool {
        self.ended.recv_timeout(time) != Err(RecvTimeoutError::Timeout)
    }

    /// Kills it with SIGKILL, unless it has ended.
    pub fn kill(mut self) -> Said {
        // One that has just ended cannot be killed, and need not be.
        drop(self.child.kill());
        self.wait()
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Said {
        let stdout = self.stdout.join().unwrap();
        let stderr = self.stderr.join().unwrap();
        let status = self.child.wait().unwrap();
        Said {
            code: status.code(),
            stdout,
            stderr,
            took: self.started.elapsed(),
        }
    }
}

/// What happens to a process while it works.
#[derive(Debug, Clone)]
pub enum Cut {
    Nothing,
    /// It is killed after this time.
    Kill(Duration),
    /// Another program fills the disk that is mounted here after this time, but for so many bytes.
    Fill {
        after: Duration,
        mounted: PathBuf,
        leaving: u64,
    },
}

/// Runs a command to its end, or until it is cut short.
pub fn run(command: Command, cut: &Cut) -> Said {
    let process = Process::start(command);
    match cut {
        Cut::Nothing => {}
        Cut::Kill(after) => {
            if !process.ends_within(*after) {
                return process.kill();
            }
        }
        Cut::Fill {
            after,
            mounted,
            leaving,
        } => {
            process.ends_within(*after);
            small_disk::stuff(mounted, *leaving);
        }
    }
    if process.ends_within(HANGS_AFTER) {
        return process.wait();
    }
    panic!("it hangs: {:#?}", process.kill());
}

fn read(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}
