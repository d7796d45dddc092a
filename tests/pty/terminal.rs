//! A terminal with the real binary in it.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Parser;

/// Bytes that a test reads at most: a screen that never shows what is waited for must not hang the suite.
const BYTES_MAX: usize = 4_000_000;

/// After so long without a byte nothing more will come: a broken screen must fail, not hang the suite.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Reads that wait to be looked at.
const READS_MAX: usize = 64;

/// A terminal of 80x24 that runs the screens on a store.
pub struct Terminal {
    parser: Parser,
    output: Receiver<Vec<u8>>,
    writer: Box<dyn Write + Send>,
    pub child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Opens the screens on a store as anna. They start no host where there is none.
    pub fn open(store: &Path) -> Self {
        Self::open_as("anna", store, &["--no-host"])
    }

    /// Opens the screens on a store as somebody.
    pub fn open_as(person: &str, store: &Path, options: &[&str]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_pegbox"));
        command.args(["--user", person, "--store"]);
        command.arg(store);
        command.args(options);
        // What could not be saved lies in the temporary folder, and is said to whoever opens screens there.
        command.env("TMPDIR", store.parent().expect("a folder of the test's own"));
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        Self::of(command)
    }

    /// Runs a command.
    pub fn of(command: CommandBuilder) -> Self {
        let pair = native_pty_system().openpty(size(80, 24)).expect("a pseudo-terminal");
        let child = pair.slave.spawn_command(command).expect("the binary starts");
        Self {
            parser: Parser::new(24.try_into().expect("not zero"), 80.try_into().expect("not zero"), 0),
            output: read_along(pair.master.try_clone_reader().expect("a reader")),
            writer: pair.master.take_writer().expect("a writer"),
            child,
            master: pair.master,
        }
    }

    /// Makes it another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.claim_size(columns, rows);
        let columns = columns.try_into().expect("not zero");
        self.parser
            .screen_mut()
            .set_size(rows.try_into().expect("not zero"), columns);
    }

    /// Tells the program another size than the screen's.
    pub fn claim_size(&mut self, columns: u16, rows: u16) {
        self.master.resize(size(columns, rows)).expect("another size");
    }

    /// Sends bytes as if they were typed.
    pub fn type_in(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.writer.flush().expect("the terminal takes keys");
    }

    /// Reads until the screen shows a text.
    pub fn wait_for(&mut self, text: &str) {
        let mut read = 0;
        while !self.shown().contains(text) {
            let count = self.read_some();
            read += count;
            assert!(count > 0 && read < BYTES_MAX, "'{text}' never came:\n{}", self.shown());
        }
    }

    /// Reads until the screen does not show a text any more.
    pub fn wait_until_gone(&mut self, text: &str) {
        let mut read = 0;
        while self.shown().contains(text) {
            let count = self.read_some();
            read += count;
            assert!(count > 0 && read < BYTES_MAX, "'{text}' never went:\n{}", self.shown());
        }
    }

    /// Reads until the program has closed its side.
    pub fn read_to_end(&mut self) {
        while self.read_some() > 0 {}
    }

    fn read_some(&mut self) -> usize {
        let bytes = self.output.recv_timeout(SILENCE_MAX).unwrap_or_default();
        self.parser.process(&bytes);
        bytes.len()
    }

    /// What the screen shows.
    pub fn shown(&self) -> String {
        self.parser.screen().contents()
    }

    /// Whether every mode that the screens set is unset again.
    pub fn is_restored(&self) -> bool {
        let screen = self.parser.screen();
        !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

/// Reads on a thread of its own, since a read of a terminal cannot be given up.
fn read_along(mut reader: Box<dyn Read + Send>) -> Receiver<Vec<u8>> {
    let (sender, output) = sync_channel(READS_MAX);
    thread::spawn(move || {
        let mut bytes = [0; 4_096];
        // A pseudo-terminal whose other side is gone answers with an error on Linux.
        while let Ok(count @ 1..) = reader.read(&mut bytes) {
            if sender.send(bytes[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    output
}
