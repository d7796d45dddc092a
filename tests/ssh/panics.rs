//! A session that panics: it ends alone. The host is the real one, with a command line of the test's own behind it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use pegbox::domain::actor::Actor;
use pegbox::domain::ids::RunId;
use pegbox::domain::progress::RunProgress;
use pegbox::host::caller::{Caller, Desk, Interrupt, Screens};
use pegbox::host::home::Home;
use pegbox::host::serve::{Call, CommandLine, Server, Ways};
use pegbox::host::session::{Ended, RequestHandler};
use pegbox::host::signing::ToSign;
use pegbox::host::{Arrival, HostError, Opening, Preferences, clock, keymap, open_screens};
use pegbox::workbench::{Answer, Fault, Request, Workbench};
use portable_pty::CommandBuilder;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use crate::house::until;
use crate::pegbox::{Pegbox, REASON};
use crate::site::{Site, is_missing, keygen};
use crate::terminal::Terminal;

/// What the session says as it panics.
const WHY: &str = "the row 7 is out of cheese";

/// Opens the screens for everybody, and breaks them for whoever asks for it.
struct Guests {
    workbench: Arc<Workbench>,
    runtime: Handle,
}

impl CommandLine for Guests {
    fn carry_out(&self, call: Call) -> u8 {
        let Call { words, mut caller, .. } = call;
        assert!(words.iter().all(|word| word != "panic"), "{WHY}");
        if words.iter().any(|word| word == "breaking") {
            caller.desk = Box::new(Breaking(caller.desk));
        }
        self.open(&mut caller)
    }
}

impl Guests {
    fn open(&self, caller: &mut Caller) -> u8 {
        let preferences = Preferences::default();
        let opening = Opening {
            store: Path::new("prompts"),
            keymap: keymap(&preferences).unwrap(),
            preferences: &preferences,
            arrival: Arrival::default(),
        };
        let anna = Actor::new("anna").unwrap();
        let ended = open_screens(&self.workbench, anna, opening, caller, &self.runtime);
        u8::from(ended.is_err())
    }
}

/// A desk whose screens panic once the terminal is theirs.
struct Breaking(Box<dyn Desk>);

impl Desk for Breaking {
    fn edit(&mut self, text: &str) -> Result<String, Fault> {
        self.0.edit(text)
    }

    fn sign(&mut self, to_sign: &ToSign, runtime: &Handle) -> Result<String, Fault> {
        self.0.sign(to_sign, runtime)
    }

    fn interrupts(&mut self, runtime: &Handle) -> std::io::Result<&mut mpsc::Receiver<Interrupt>> {
        self.0.interrupts(runtime)
    }

    fn run_screens(&mut self, mut screens: Screens, runtime: &Handle) -> Result<Ended, HostError> {
        screens.handler = Arc::new(Panics(screens.handler));
        self.0.run_screens(screens, runtime)
    }
}

struct Panics(Arc<dyn RequestHandler>);

impl RequestHandler for Panics {
    fn handle(&self, request: Request) -> Result<Answer, Fault> {
        self.0.handle(request)
    }

    fn progress(&self, run: RunId) -> Option<watch::Receiver<RunProgress>> {
        self.0.progress(run)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        panic!("{WHY}")
    }
}

/// Opens a terminal with a word to the command line behind it.
type Open<'a> = &'a dyn Fn(&str) -> Terminal;

/// Hosts a store in this process, which goes on until the test's process ends.
fn host(store: &Path) -> SocketAddr {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let home = Home::of(store);
    let claim = home.claim().unwrap();
    let opened = Workbench::open_watched(store, clock::system(), runtime.handle().clone(), &mut |_| {});
    let workbench = Arc::new(opened.unwrap());
    let ways = Ways {
        ssh: vec!["127.0.0.1:0".parse().unwrap()],
        ..Ways::default()
    };
    let server = {
        let _inside = runtime.enter();
        Server::open(claim, &home, ways).unwrap()
    };
    let address = server.running.ssh.as_ref().unwrap().addresses[0];
    let guests = Guests {
        workbench: Arc::clone(&workbench),
        runtime: runtime.handle().clone(),
    };
    std::thread::spawn(move || runtime.block_on(server.run(Arc::new(guests), workbench, None)));
    address
}

#[test]
fn a_session_that_panics_ends_alone_and_gives_its_terminal_back() {
    if is_missing() {
        return;
    }
    let pegbox = Pegbox::with_records(1);
    let key = pegbox.home.path().join("anna");
    keygen(["-t", "ed25519", "-f", key.to_str().unwrap()]);
    let public = format!("{}.pub", key.display());
    pegbox.does(&[
        "user", "add", "anna", "--role", "admin", "--key", &public, "--reason", REASON,
    ]);
    let address = host(&pegbox.store());

    let over_ssh = |word: &str| {
        let ssh = Site::ssh_of(pegbox.home.path(), address, "anna", "pegbox");
        let mut command = CommandBuilder::new("ssh");
        command.args(ssh.get_args());
        command.args(["-tt", "127.0.0.1", word]);
        command.env("TERM", "xterm-256color");
        Terminal::of(command)
    };
    // The command line there is the test's own, and takes any word for what it is to do.
    let here = |word: &str| Terminal::open_as(word, &pegbox.store(), &[]);
    let mut other = over_ssh("open");
    other.wait_for("Needs you");
    let open: [(&str, Open<'_>, &str); 4] = [
        ("over SSH, in its screens", &over_ssh, "breaking"),
        ("over SSH, in its command", &over_ssh, "panic"),
        ("here, in its screens", &here, "breaking"),
        ("here, in its command", &here, "panic"),
    ];
    for (number, (what, open, word)) in open.into_iter().enumerate() {
        let mut broken = open(word);
        broken.wait_for(WHY);
        broken.wait_for("this is a fault of pegbox; what was saved is intact");
        broken.read_to_end();
        assert!(broken.is_restored(), "{what}:\n{}", broken.shown());
        assert_eq!(broken.child.wait().unwrap().exit_code(), 70, "{what}");
        let log = || std::fs::read_to_string(pegbox.store().join("host/log")).unwrap();
        until("its end in the log", || log().matches(WHY).count() == number + 1);
        // Who was there before works on, on a terminal that nobody has touched.
        other.type_in("2");
        other.wait_for("every answer is JSON");
        other.type_in("1");
        other.wait_for("Needs you");
    }
    other.type_in("q");
    other.read_to_end();
    assert!(other.child.wait().unwrap().success());
}
