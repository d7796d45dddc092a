//! One run of a local program: bytes in, bytes out, within bounds.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::words::cut;

/// Longest output, in bytes.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;
/// How much of the end of what it says to standard error is kept, in bytes.
const LAST_WORDS_BYTES_MAX: usize = 4096;
/// How much of that is shown, in characters.
const LAST_WORDS_CHARS_MAX: usize = 160;
/// The variables that it gets. Keys stand in others.
const VARIABLES: [&str; 3] = ["PATH", "HOME", "LANG"];

/// A running program. Dropping it before its end ends it and all that it started.
struct Process {
    child: Child,
    /// The process group, which has the number of its first process; `None` once it ended.
    group: Option<u32>,
}

/// Gives `input` to a program and takes what it says; the error says in words why there is nothing to take.
pub(super) async fn run(words: &[String], input: &[u8], time_limit: Duration) -> Result<String, String> {
    let Some((program, arguments)) = words.split_first() else {
        return Err("no program is named".into());
    };
    let mut process =
        Process::start(program, arguments).map_err(|error| format!("{program} cannot be started: {error}"))?;
    match timeout(time_limit, process.exchange(input)).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(why)) => Err(format!("{program} {why}")),
        Err(_elapsed) => Err(format!(
            "{program} gave no verdict within {} ms and was ended",
            time_limit.as_millis()
        )),
    }
}

impl Process {
    fn start(program: &str, arguments: &[String]) -> io::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(
                VARIABLES
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A group of its own: Ctrl-C parks the run first, and what the program starts ends with it.
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn()?;
        Ok(Self {
            group: child.id(),
            child,
        })
    }

    async fn exchange(&mut self, input: &[u8]) -> Result<String, String> {
        let (stdin, stdout, stderr) = (
            self.child.stdin.take(),
            self.child.stdout.take(),
            self.child.stderr.take(),
        );
        let (Some(mut stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            return Err("cannot be talked to: a pipe to it is missing".into());
        };
        // All at once: a program that speaks before it has read everything would wait for ever.
        let write = async {
            // One that can tell without reading on closes the pipe early.
            drop(stdin.write_all(input).await);
            drop(stdin);
            Ok(())
        };
        let ((), output, said) = tokio::try_join!(write, bounded(stdout), last_words(stderr))?;
        let status = self
            .child
            .wait()
            .await
            .map_err(|error| format!("cannot be waited for: {error}"))?;
        self.group = None;
        if !status.success() {
            let said = said.trim();
            let colon = if said.is_empty() { "" } else { ": " };
            return Err(format!("ended with {status}{colon}{}", tail(said)));
        }
        String::from_utf8(output).map_err(|_not_text| "answered with bytes that are not UTF-8".into())
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
    }
}

async fn bounded(stdout: impl AsyncRead + Unpin) -> Result<Vec<u8>, String> {
    let mut output = Vec::new();
    let read = stdout.take(OUTPUT_BYTES_MAX as u64 + 1).read_to_end(&mut output).await;
    read.map_err(|error| format!("cannot be read: {error}"))?;
    if output.len() > OUTPUT_BYTES_MAX {
        return Err(format!("said more than {} KiB and was ended", OUTPUT_BYTES_MAX / 1024));
    }
    Ok(output)
}

/// The end of what it says to standard error, which would block it if nobody read on.
async fn last_words(mut stderr: impl AsyncRead + Unpin) -> Result<String, String> {
    let mut kept = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        kept.extend(buffer.iter().take(count));
        let surplus = kept.len().saturating_sub(LAST_WORDS_BYTES_MAX);
        kept.drain(..surplus);
    }
    Ok(String::from_utf8_lossy(&kept).into_owned())
}

/// The last characters, where programs say what went wrong.
fn tail(text: &str) -> String {
    let surplus = text.chars().count().saturating_sub(LAST_WORDS_CHARS_MAX);
    if surplus == 0 {
        return text.to_owned();
    }
    let rest: String = text.chars().skip(surplus).collect();
    format!("…{}", cut(&rest, LAST_WORDS_CHARS_MAX))
}
