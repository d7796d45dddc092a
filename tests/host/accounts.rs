//! Other accounts of the machine at the host's socket: with really different accounts, so only where root runs it.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use portable_pty::CommandBuilder;

use crate::house::{House, open, until};
use crate::pegbox::{PROMPT, Pegbox, Said};
use crate::terminal::Terminal;

/// An account that keeps a store and its host.
const KEEPER: &str = "bin";
/// The group that the host lets in.
const GROUP: &str = "daemon";
/// An account in that group, which is dora's.
const DORA: &str = "daemon";
/// An account that nobody has.
const STRANGER: &str = "games";

/// Whether a member of the group or somebody outside of it runs a command.
#[derive(Clone, Copy)]
enum Groups {
    Member,
    Outsider,
}

/// The words that run the program as an account.
fn words(account: &str, groups: Groups) -> Vec<&str> {
    let mut words = vec!["--reuid", account, "--regid", account];
    words.extend(match groups {
        Groups::Member => ["--groups", GROUP],
        Groups::Outsider => ["--clear-groups", "--no-new-privs"],
    });
    words.push(env!("CARGO_BIN_EXE_pegbox"));
    words
}

/// The program as an account, with nothing of the person's environment.
fn program(account: &str, groups: Groups) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(words(account, groups))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null());
    command
}

/// Whether this process may become other accounts, and these may start the program.
fn can_change_accounts() -> bool {
    let tried = [KEEPER, DORA, STRANGER].map(|account| {
        let tried = program(account, Groups::Member).arg("--version").output();
        tried.is_ok_and(|output| output.status.success())
    });
    let can = tried == [true; 3];
    if !can {
        eprintln!("SKIPPED: no other accounts can be had here; run it as root where all may start the program");
    }
    can
}

/// A store that another account keeps, with its host.
struct Shared {
    house: House,
}

impl Shared {
    fn open(host_options: &[&str]) -> Self {
        let pegbox = Pegbox::with_records(1);
        let home = pegbox.home.path();
        std::fs::set_permissions(home, PermissionsExt::from_mode(0o711)).unwrap();
        pegbox.does(&["user", "add", "anna", "--role", "admin"]);
        pegbox.does(&[
            "user",
            "add",
            "dora",
            "--role",
            "author",
            "--account",
            DORA,
            "--user",
            "anna",
        ]);
        let given = Command::new("chown").args(["-R", KEEPER]).arg(home).status();
        assert!(given.unwrap().success());
        let mut host = program(KEEPER, Groups::Member);
        host.arg("host").args(host_options).arg("--store").arg(pegbox.store());
        host.env("TMPDIR", home).stdout(Stdio::piped()).stderr(Stdio::piped());
        let host: Child = open(&mut host);
        Self {
            house: House { pegbox, host },
        }
    }

    /// A command of an account, from a folder of its own.
    fn says(&self, (account, groups): (&str, Groups), arguments: &[&str]) -> Said {
        let folder = self.folder_of(account);
        let mut command = program(account, groups);
        command.args(arguments).arg("--store").arg(self.house.pegbox.store());
        Said::of(&command.current_dir(folder).output().unwrap())
    }

    /// A folder that only the account may enter.
    fn folder_of(&self, account: &str) -> std::path::PathBuf {
        let folder = self.house.pegbox.home.path().join(format!("of_{account}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
        give(&folder, account);
        folder
    }

    fn socket_folder(&self) -> std::path::PathBuf {
        self.house.pegbox.home.path().join("store.host")
    }
}

fn give(path: &Path, account: &str) {
    let printed = Command::new("id").args(["-u", account]).output().unwrap().stdout;
    let number = String::from_utf8(printed).unwrap().trim().parse().unwrap();
    chown(path, Some(number), None).unwrap();
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_member_of_the_group_acts_as_the_person_that_lists_the_account() {
    if !can_change_accounts() {
        return;
    }
    let mut shared = Shared::open(&["--group", GROUP]);
    let dora = (DORA, Groups::Member);
    let known = shared.says(dora, &["whoami", "--json"]);
    assert_eq!(known.code, 0, "{known:?}");
    assert_eq!(known.json()["name"], "dora", "{known:?}");
    // What only her account may read is read by her process; what only the host's account may read is not.
    let own = shared.folder_of(DORA).join("prompt.md");
    std::fs::write(&own, PROMPT).unwrap();
    std::fs::set_permissions(&own, PermissionsExt::from_mode(0o600)).unwrap();
    give(&own, DORA);
    let imported = shared.says(dora, &["prompt", "import", "doras", "prompt.md"]);
    assert_eq!(imported.code, 0, "{imported:?}");
    let log = shared.house.pegbox.store().join("host/log");
    let stolen = shared.says(dora, &["prompt", "import", "stolen", log.to_str().unwrap()]);
    assert!(
        stolen.stderr.contains("cannot be read: Permission denied"),
        "{stolen:?}"
    );
    // Nothing is written with the host's rights either.
    let written = shared.says(dora, &["prompt", "export", "support_triage_v1", "--output", "out.md"]);
    assert!(
        written.stderr.contains("the host runs as another account than yours"),
        "{written:?}"
    );
    let audit = shared.says(dora, &["audit", "log", "--actor", "dora", "--json"]).json();
    assert_eq!(audit["entries"][0]["action"], "prompt.import", "{audit}");
    // The store stays closed, and with the host its folder for others goes.
    assert_eq!(mode(&shared.house.pegbox.store()), 0o700);
    assert_eq!(
        (
            mode(&shared.socket_folder()),
            mode(&shared.socket_folder().join("socket"))
        ),
        (0o710, 0o660)
    );
    shared.house.signal("TERM");
    shared.house.host.wait().unwrap();
    assert!(!shared.socket_folder().exists());
}

#[test]
fn whoever_is_not_let_in_is_told_who_they_are_and_what_to_ask_for() {
    if !can_change_accounts() {
        return;
    }
    let shared = Shared::open(&["--group", GROUP]);
    for (guest, arguments, what, hint) in [
        (
            (STRANGER, Groups::Member),
            &["status"][..],
            "you are the account games",
            "pegbox user add NAME --role ROLE",
        ),
        (
            (STRANGER, Groups::Outsider),
            &["status"],
            "lets in members of the group daemon",
            "usermod -aG",
        ),
        (
            (DORA, Groups::Member),
            &["login", "anna"],
            "cannot say that you are anna",
            "leave pegbox login out",
        ),
        (
            (DORA, Groups::Member),
            &["host", "status"],
            "which alone looks at it and stops it",
            "pegbox who",
        ),
        (
            (DORA, Groups::Member),
            &["host", "stop"],
            "which alone looks at it and stops it",
            "ask bin",
        ),
        (
            (DORA, Groups::Member),
            &["status", "--user", "anna"],
            "acts for nobody else",
            "leave --user out",
        ),
    ] {
        let said = shared.says(guest, arguments);
        assert_eq!(said.code, 4, "{arguments:?}: {said:?}");
        assert!(
            said.stderr.contains(what) && said.stderr.contains(hint),
            "{arguments:?}: {said:?}"
        );
    }
    assert!(
        shared.house.log().contains("turned away: you are the account games"),
        "{}",
        shared.house.log()
    );
}

#[test]
fn without_a_group_no_other_account_comes_near() {
    if !can_change_accounts() {
        return;
    }
    let shared = Shared::open(&[]);
    let said = shared.says((DORA, Groups::Member), &["status"]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.stderr.contains("no host lets you in at"), "{said:?}");
    assert!(
        said.stderr
            .contains("ask bin to start one that does: pegbox host --group GROUP"),
        "{said:?}"
    );
    assert!(!shared.socket_folder().exists());
}

#[test]
fn screens_end_when_their_account_is_taken_from_the_person() {
    if !can_change_accounts() {
        return;
    }
    let shared = Shared::open(&["--group", GROUP]);
    let mut command = CommandBuilder::new("setpriv");
    command.args(words(DORA, Groups::Member));
    command.arg("--store");
    command.arg(shared.house.pegbox.store());
    command.env("TERM", "xterm-256color");
    command.env("LC_ALL", "C.UTF-8");
    command.cwd(shared.folder_of(DORA));
    let mut terminal = Terminal::of(command);
    terminal.wait_for("Needs you");
    until("her presence", || {
        shared.says((DORA, Groups::Member), &["who"]).stdout.contains("dora")
    });
    let reason = "the account is another person's from today on";
    let change = [
        "user",
        "change",
        "dora",
        "--remove-account",
        DORA,
        "--reason",
        reason,
        "--user",
        "anna",
    ];
    shared.house.pegbox.does(&change);
    terminal.wait_for("you are let in no more");
    terminal.read_to_end();
    assert!(terminal.is_restored());
    let said = shared.says((DORA, Groups::Member), &["status"]);
    assert!(
        said.stderr.contains("which is nobody's among the people of this store"),
        "{said:?}"
    );
}
