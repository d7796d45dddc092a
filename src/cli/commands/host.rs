//! `pegbox host`: one process that owns the store, for many people.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{Context, Hosting, answer, door, is_for_host, open_workbench, refuse_json_screens, who};
use crate::cli::args::{Arguments, Command as Subcommands, Global};
use crate::cli::config::Config;
use crate::cli::exit::{CliError, Exit};
use crate::cli::output::{Out, Plain, Reply};
use crate::cli::{format_of, parse, report};
use crate::domain::time::{duration_ms, duration_short};
use crate::host::asking::ask;
use crate::host::caller::Caller;
use crate::host::detach::{leave_session, start_detached};
use crate::host::guest::GuestError;
use crate::host::home::{Home, Running};
use crate::host::join::{find_host, join, stop_host};
use crate::host::parking::Parking;
use crate::host::serve::{Call, CommandLine, Server, Ways};
use crate::host::shared::Group;
use crate::host::ssh::SshPlace;
use crate::host::{self, Arrival};
use crate::workbench::{Presence, Workbench};

/// The host.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct HostArgs {
    /// What to do with a host that runs
    #[command(subcommand)]
    pub command: Option<HostCommand>,
    /// Start the host in the background, and come back when it is ready; it ends when nobody needs it
    #[arg(long)]
    detach: bool,
    /// End after so long without a guest and a run: `90s`, `2h`; where not given never, with --detach and without --ssh
    /// and --group after `10m`
    #[arg(long, value_name = "TIME", value_parser = duration_ms)]
    idle: Option<u64>,
    /// Let people in over SSH at this address, such as `127.0.0.1:2222` or `[::]:2222`; once more for another
    #[arg(long, value_name = "ADDRESS:PORT")]
    ssh: Vec<SocketAddr>,
    /// Let in other accounts of this machine too, where they are in this group and `pegbox user` lists them with
    /// --account; the socket is then in `STORE.host`, beside the store, which stays closed to them
    #[arg(long)]
    group: Option<Group>,
    /// The process is the one that --detach started
    #[arg(long, hide = true, conflicts_with = "detach")]
    detached: bool,
}

/// How long a host in the background stays when nobody needs it, in milliseconds.
const IDLE_DETACHED_MS: u64 = 10 * 60 * 1_000;

/// What to do with a host that runs.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum HostCommand {
    /// Say whether the store has a host, which process, which version, and where its socket is
    Status,
    /// Stop the store's host: its runs are parked, and its guests are sent away
    Stop,
}

/// Hosts the store until the process is told to stop, or carries out a command about its host.
pub fn host(
    args: &HostArgs,
    folder: &Path,
    global: &Global,
    out: &mut Out,
    runtime: &Handle,
) -> Result<Exit, CliError> {
    match args.command {
        Some(HostCommand::Status) => status(folder, out),
        Some(HostCommand::Stop) => stop(folder, out),
        None if args.detach => detach(args, folder, global, out),
        None => serve(args, folder, global, out, runtime),
    }
}

/// Makes a store where there is none. The host's folder goes into it, and a folder with anything in it is not taken for
/// a new store.
fn make_store(folder: &Path, runtime: &Handle) -> Result<(), CliError> {
    let is_empty = |mut entries: std::fs::ReadDir| entries.next().is_none();
    if std::fs::read_dir(folder).map_or(true, is_empty) {
        Workbench::open(folder, host::clock::system(), runtime.clone())?;
    }
    Ok(())
}

/// Starts this program again as the host, and waits until it is ready.
fn detach(args: &HostArgs, folder: &Path, global: &Global, out: &mut Out) -> Result<Exit, CliError> {
    let ways = Ways {
        ssh: args.ssh.clone(),
        group: args.group.clone(),
        is_detached: true,
    };
    start_in_background(folder, args.idle, &ways, global.prices.as_deref())?;
    match find_host(folder)? {
        Some(running) => ready(folder, &running, Vec::new(), out),
        None => Err(CliError::invalid(
            "the host has ended already",
            "look at host/log in the store's folder",
        )),
    }
}

/// Starts this program again as the host of a store, which is made where there is none, and waits until it is ready.
/// It ends after so many milliseconds in which nobody needs it; where it lets in people who could not start it again,
/// only if that was asked for.
pub fn start_in_background(
    folder: &Path,
    idle_ms: Option<u64>,
    ways: &Ways,
    prices: Option<&Path>,
) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    make_store(folder, runtime.handle())?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["host", "--detached", "--store"]);
    command.arg(std::path::absolute(folder)?);
    if let Some(idle_ms) = idle_ms.or((ways.ssh.is_empty() && ways.group.is_none()).then_some(IDLE_DETACHED_MS)) {
        command.args(["--idle", &duration_short(idle_ms)]);
    }
    for address in &ways.ssh {
        command.args(["--ssh", &address.to_string()]);
    }
    if let Some(group) = &ways.group {
        command.args(["--group", &group.name]);
    }
    if let Some(prices) = prices {
        command.arg("--prices").arg(std::path::absolute(prices)?);
    }
    Ok(start_detached(command, &Home::of(folder))?)
}

fn status(folder: &Path, out: &mut Out) -> Result<Exit, CliError> {
    let log = Home::of(folder).log();
    let Some(running) = find_host(folder)? else {
        let text = Plain::of(format!("{} has no host", folder.display()));
        let mut reply = Reply::done(json!({ "host": null, "log": log, "present": [] }), text);
        reply.exit = Exit::NotFound;
        return out.reply(&reply);
    };
    let present = present(folder);
    let mut fields = vec![
        ("process", running.pid.to_string()),
        ("version", running.version.clone()),
        ("protocol", running.protocol.to_string()),
        ("socket", running.socket.display().to_string()),
        ("log", log.display().to_string()),
    ];
    if let Some(ssh) = &running.ssh {
        fields.push(("ssh", addresses(ssh)));
        fields.push(("host key", ssh.host_key.clone()));
    }
    if let Some(group) = &running.group {
        fields.push(("group", group.clone()));
    }
    let text = match &present {
        Ok(present) => Plain::new()
            .fields(fields)
            .blank()
            .table(&who::table(present), "nobody is here"),
        Err(error) => Plain::new()
            .fields(fields)
            .blank()
            .line(format!("who is here cannot be told: {error}")),
    };
    let document = json!({ "host": running, "log": log, "present": present.ok() });
    out.reply(&Reply::done(document, text))
}

/// Who is at the host, as it says itself.
fn present(folder: &Path) -> Result<Vec<Presence>, GuestError> {
    #[derive(serde::Deserialize)]
    struct Said {
        present: Vec<Presence>,
    }
    let Some(joined) = join(folder)? else {
        return Ok(Vec::new());
    };
    let answer = ask(joined, &["pegbox", "who", "--json"])?;
    let said: Said = serde_json::from_slice(&answer).map_err(io::Error::from)?;
    Ok(said.present)
}

fn stop(folder: &Path, out: &mut Out) -> Result<Exit, CliError> {
    let Some(running) = find_host(folder)? else {
        let text = Plain::of(format!("{} has no host", folder.display()));
        return out.reply(&Reply::done(json!({ "stopped": null }), text));
    };
    out.note(&format!("stopping process {}: its runs are parked first", running.pid));
    stop_host(folder, &running)?;
    let text = Plain::of(format!("the host of {} has stopped", folder.display()));
    out.reply(&Reply::done(json!({ "stopped": running }), text))
}

fn serve(args: &HostArgs, folder: &Path, global: &Global, out: &mut Out, runtime: &Handle) -> Result<Exit, CliError> {
    if args.detached {
        leave_session();
    }
    make_store(folder, runtime)?;
    let home = Home::of(folder);
    let claim = home.claim().map_err(GuestError::from)?;
    // Found out before anybody is served: guests are told again where it concerns them.
    Config::load(folder, &host::command_names())?;
    let workbench = open_workbench(folder, global, out, runtime.clone(), Workbench::open_watched)?;
    let workbench = Arc::new(workbench);
    let server = {
        let _inside = runtime.enter();
        let ways = Ways {
            ssh: args.ssh.clone(),
            group: args.group.clone(),
            is_detached: args.detached,
        };
        Server::open(claim, &home, ways).map_err(GuestError::from)?
    };
    let advice = nobody_advice(args, &workbench)?;
    ready(folder, &server.running, advice, out)?;
    let guests = Guests {
        workbench: Arc::clone(&workbench),
        store: folder.to_owned(),
        runtime: runtime.clone(),
        parking: Arc::default(),
        note: Mutex::new(server.left()),
    };
    let idle_max = args.idle.map(Duration::from_millis);
    let claim = runtime.block_on(server.run(Arc::new(guests), workbench, idle_max));
    // A guest that did not leave in time still has the store open: both are released with the process.
    std::mem::forget(claim);
    Ok(Exit::Done)
}

/// Says that guests can come, for whoever started the host and waits.
fn ready(
    folder: &Path,
    running: &Running,
    advice: impl IntoIterator<Item = String>,
    out: &mut Out,
) -> Result<Exit, CliError> {
    let text = Plain::of(format!(
        "ready: process {} hosts {} at {}",
        running.pid,
        folder.display(),
        running.socket.display()
    ));
    let text = match &running.ssh {
        Some(ssh) => text.line(format!("ssh: {}, host key {}", addresses(ssh), ssh.host_key)),
        None => text,
    };
    let text = advice.into_iter().fold(text, Plain::line);
    let document: Value = json!({ "ready": running });
    out.reply(&Reply::done(document, text))
}

fn addresses(ssh: &SshPlace) -> String {
    let addresses: Vec<String> = ssh.addresses.iter().map(ToString::to_string).collect();
    addresses.join(" ")
}

/// What to do where nobody is let in yet by a way that was opened for others.
fn nobody_advice(args: &HostArgs, workbench: &Workbench) -> Result<Vec<String>, CliError> {
    let people = workbench.people()?;
    let mut advice = Vec::new();
    if !args.ssh.is_empty() && people.active().all(|person| person.keys.is_empty()) {
        advice.push(
            "nobody has a key yet, so SSH lets nobody in: pegbox user add NAME --key FILE --role ROLE".to_owned(),
        );
    }
    if let Some(group) = &args.group
        && people.active().all(|person| person.accounts.is_empty())
    {
        advice.push(format!(
            "nobody has an account yet, so nobody of {} is let in: pegbox user add NAME --account LOGIN --role ROLE",
            group.name
        ));
    }
    Ok(advice)
}

/// Carries out what guests ask, on one workbench.
struct Guests {
    workbench: Arc<Workbench>,
    store: PathBuf,
    runtime: Handle,
    /// Screens whose terminal is gone.
    parking: Arc<Parking>,
    /// What the first screens say, where the host before did not end as it should.
    note: Mutex<Option<String>>,
}

impl Guests {
    fn answer(&self, arguments: Arguments, out: &mut Out, caller: &mut Caller) -> Result<Exit, CliError> {
        let Arguments { global, command, .. } = arguments;
        if !is_for_host(command.as_ref()) {
            return Err(CliError::invalid(
                "this command is not for a host",
                "give it on the machine where the files are",
            ));
        }
        if global.store.is_some() && caller.files.are_elsewhere() {
            return Err(CliError::invalid(
                "over SSH there is the store of this host and no other: --store cannot name one",
                "leave it out, or go to the host of the store that you mean",
            ));
        }
        if global.prices.is_some() {
            return Err(CliError::invalid(
                "the host of this store has its prices already: --prices cannot change them",
                "start the host with it: pegbox host --prices FILE",
            ));
        }
        refuse_json_screens(command.as_ref(), out)?;
        let (workbench, known) = door(&self.workbench, &global, caller)?;
        let context = Context {
            workbench: Arc::new(workbench),
            actor: known.actor,
            proof: known.proof,
            config: Config::load(&self.store, &host::command_names())?,
            store: self.store.clone(),
            out,
            caller,
            runtime: self.runtime.clone(),
            hosting: Hosting::Host,
            arrival: self.arrival(command.as_ref()),
        };
        answer(command, context)
    }
}

impl Guests {
    /// What screens begin with.
    fn arrival(&self, command: Option<&Subcommands>) -> Arrival {
        if command.is_some() {
            return Arrival::default();
        }
        Arrival {
            parking: Some(Arc::clone(&self.parking)),
            note: self.note.lock().unwrap_or_else(PoisonError::into_inner).take(),
        }
    }
}

impl CommandLine for Guests {
    fn carry_out(&self, call: Call) -> u8 {
        let Call {
            words,
            streams,
            mut caller,
        } = call;
        let mut out = Out::new(format_of(&words), streams);
        let result = parse(words).and_then(|arguments| self.answer(arguments, &mut out, &mut caller));
        result.unwrap_or_else(|error| report(&error, &mut out)) as u8
    }
}
