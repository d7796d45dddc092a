//! One process of the program: a line in, a line out.

use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longest answer that is read.
const LINE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How much of a longer one is kept as evidence.
const OVERLONG_BYTES_KEPT: usize = 64 * 1024;
/// How much of what it last said to standard error is kept.
const LAST_WORDS_BYTES_MAX: usize = 4096;
/// How long a process that closed its output may take to end.
const END_TIME: Duration = Duration::from_secs(1);

/// Why a process gave no answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// It ended, or closed a pipe.
    Ended,
    /// The line did not end within bounds; it begins so.
    TooLong(String),
}

impl From<io::Error> for Fault {
    fn from(_: io::Error) -> Self {
        // A pipe fails only when its other end is gone.
        Self::Ended
    }
}

/// A running process. Dropping it ends it and all that it started.
pub(super) struct Process {
    child: Child,
    /// The process group, which has the number of its first process.
    group: Option<u32>,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    last_words: Arc<Mutex<Vec<u8>>>,
    listening: JoinHandle<()>,
}

impl Process {
    pub(super) fn start(program: &str, arguments: &[String]) -> io::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A group of its own: Ctrl-C parks the run first, and what the program starts ends with it.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let missing = || io::Error::other("a pipe to it is missing");
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        let errors = child.stderr.take().ok_or_else(missing)?;
        let last_words = Arc::new(Mutex::default());
        Ok(Self {
            group: child.id(),
            child,
            input,
            output: BufReader::new(output),
            listening: tokio::spawn(listen(errors, Arc::clone(&last_words))),
            last_words,
        })
    }

    /// Whether it runs and has said nothing since its last answer.
    pub(super) async fn is_quiet(&mut self) -> bool {
        // Bytes or the end of the output would be there at once.
        timeout(Duration::ZERO, self.output.fill_buf()).await.is_err()
    }

    /// Sends a line, which ends with a line feed, and reads one.
    pub(super) async fn exchange(&mut self, line: &str) -> Result<String, Fault> {
        self.input.write_all(line.as_bytes()).await?;
        self.input.flush().await?;
        let mut answer = Vec::new();
        loop {
            let bytes = self.output.fill_buf().await?;
            if bytes.is_empty() {
                return Err(Fault::Ended);
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(bytes.len(), |end| end + 1);
            answer.extend(bytes.iter().take(end.unwrap_or(taken)));
            self.output.consume(taken);
            if answer.len() > LINE_BYTES_MAX {
                answer.truncate(OVERLONG_BYTES_KEPT);
                return Err(Fault::TooLong(String::from_utf8_lossy(&answer).into_owned()));
            }
            if end.is_some() {
                return Ok(String::from_utf8_lossy(&answer).into_owned());
            }
        }
    }

    /// How a process that gave no answer ended, and what it said last.
    pub(super) async fn last_words(mut self) -> String {
        let status = timeout(END_TIME, self.child.wait()).await;
        let how = match status {
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => "it closed its output and went on".to_owned(),
        };
        self.end_group();
        // What is in the pipe is read first.
        drop(timeout(END_TIME, &mut self.listening).await);
        let said = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        let said = String::from_utf8_lossy(&said).into_owned();
        if said.trim().is_empty() {
            how
        } else {
            format!("{how}: {}", said.trim())
        }
    }

    /// Ends the process and all that it started.
    fn end_group(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.group.take()
            && let Some(group) = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw)
        {
            // An error says that nothing of it runs any more.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        #[cfg(not(unix))]
        drop(self.child.start_kill());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end_group();
        self.listening.abort();
    }
}

/// Keeps the end of what the process says to standard error, which would block it if nobody read on.
async fn listen(mut errors: ChildStderr, last_words: Arc<Mutex<Vec<u8>>>) {
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = errors.read(&mut buffer).await {
        let mut kept = last_words.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(buffer.iter().take(count));
        let surplus = kept.len().saturating_sub(LAST_WORDS_BYTES_MAX);
        kept.drain(..surplus);
    }
}
