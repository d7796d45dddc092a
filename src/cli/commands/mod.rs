//! One file for each group of commands: its arguments, and what it says. Each calls the workbench and gives a reply.

pub mod ablate;
mod answers;
pub mod audit;
mod audit_export;
pub mod bisect;
mod blame;
mod calibrate;
mod case;
pub mod case_command;
pub mod chain;
mod chain_text;
mod compare;
pub mod dataset;
mod demo;
mod diff;
mod evidence;
mod failures;
mod flaky;
mod follow;
#[cfg(unix)]
mod history;
pub mod host;
pub mod label;
mod lineage;
#[cfg(unix)]
pub mod login;
mod measures;
pub mod model;
pub mod policy;
mod power;
pub mod prompt;
mod recover;
pub mod release;
mod report;
mod reproduce;
pub mod review;
mod roles;
pub mod run;
mod run_start;
mod screens;
mod sign;
mod status;
pub mod store;
mod study;
pub mod suite;
mod sweep;
pub mod user;
mod who;
mod whoami;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::args::{Arguments, Command, Global};
use super::command_tree;
use super::config::Config;
use super::exit::{CliError, Exit};
use super::identity::{self, Known, Proof};
use super::input;
use super::output::{Format, Out, Plain, Reply};
use super::store_path::{self, Missing};
use crate::domain::actor::Actor;
use crate::host::Arrival;
use crate::host::caller::Caller;
use crate::workbench::{Advance, Clock, Workbench, WorkbenchError};

/// The name of a price table in the store's folder and in the configuration folder.
const PRICES_FILE: &str = "prices.toml";

/// How a folder becomes an open store.
type OpenStore = fn(&Path, Clock, Handle, &mut dyn FnMut(Advance)) -> Result<Workbench, WorkbenchError>;

/// What every command works with.
pub struct Context<'a> {
    /// The door to everything.
    pub workbench: Arc<Workbench>,
    /// Who acts.
    pub actor: Actor,
    /// What proves that.
    pub proof: Proof,
    /// What the configuration says.
    pub config: Config,
    /// The store's folder.
    pub store: PathBuf,
    /// Where progress, files and the reply go.
    pub out: &'a mut Out,
    /// Who gave the command.
    pub caller: &'a mut Caller,
    /// Where runs live.
    pub runtime: Handle,
    /// Whose the runs are.
    pub hosting: Hosting,
    /// What the screens begin with.
    pub arrival: Arrival,
}

/// Whose process carries the command out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hosting {
    /// One that lives as long as the command, and so do the runs that it starts.
    Command,
    /// The host: runs outlive the command.
    Host,
}

impl<'a> Context<'a> {
    /// Opens a store for one command, after what needs none has been found in order.
    fn open(
        folder: &Path,
        global: &Global,
        out: &'a mut Out,
        caller: &'a mut Caller,
        runtime: Handle,
        open: OpenStore,
    ) -> Result<Self, CliError> {
        let config = Config::load(folder, &crate::host::command_names())?;
        let workbench = open_workbench(folder, global, out, runtime.clone(), open)?;
        let (workbench, known) = door(&workbench, global, caller)?;
        Ok(Self {
            workbench: Arc::new(workbench),
            actor: known.actor,
            proof: known.proof,
            config,
            store: folder.to_owned(),
            out,
            caller,
            runtime,
            hosting: Hosting::Command,
            arrival: Arrival::default(),
        })
    }
}

/// The door to a workbench for a caller, and who that is.
fn door(workbench: &Workbench, global: &Global, caller: &Caller) -> Result<(Workbench, Known), CliError> {
    let people = workbench.people()?;
    let known = identity::resolve(global.user.as_deref(), caller, &people)?;
    let mut origin = caller.origin.clone();
    if known.proof == Proof::Claimed && !people.is_empty() {
        origin.place.push_str(", claimed");
    }
    Ok((workbench.seen_from(origin), known))
}

/// Opens a store with the prices of this machine.
fn open_workbench(
    folder: &Path,
    global: &Global,
    out: &mut Out,
    runtime: Handle,
    open: OpenStore,
) -> Result<Workbench, CliError> {
    let mut workbench = open(folder, crate::host::clock::system(), runtime, &mut |advance| {
        out.advance(&advance);
    })?;
    for file in price_files(folder, global) {
        workbench = workbench.with_prices(&file.display().to_string(), &input::read_file(&file)?)?;
    }
    Ok(workbench)
}

/// The price tables of this machine, the weakest first.
fn price_files(store: &Path, global: &Global) -> impl Iterator<Item = PathBuf> {
    let folders = store_path::user_config_folder().into_iter().chain([store.to_owned()]);
    let files = folders
        .map(|folder| folder.join(PRICES_FILE))
        .filter(|file| file.exists());
    files.chain(global.prices.clone())
}

/// Carries a command out in this process, and prints its reply.
pub fn carry_out(arguments: Arguments, out: &mut Out, caller: &mut Caller) -> Result<Exit, CliError> {
    let Arguments { global, command, .. } = arguments;
    match command {
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command_tree(), "pegbox", &mut script);
            let script = String::from_utf8_lossy(&script);
            return out.file(&script, &json!({ "shell": shell.to_string(), "script": script }));
        }
        Some(Command::Keys) => return out.file(&crate::host::key_table(), &json!({ "keys": crate::host::key_rows() })),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = with_store(command, &global, out, caller, runtime.handle());
    // Whoever interrupts a second time does not want to wait for what is in flight.
    runtime.shutdown_background();
    result
}

/// Carries out what needs a store.
fn with_store(
    command: Option<Command>,
    global: &Global,
    out: &mut Out,
    caller: &mut Caller,
    runtime: &Handle,
) -> Result<Exit, CliError> {
    if let Some(Command::Demo(demo)) = &command {
        return demo::demo(demo, global, out, caller, runtime);
    }
    refuse_json_screens(command.as_ref(), out)?;
    let folder = store_path::resolve(global.store.clone())?;
    store_path::check(&folder, command.as_ref().map_or(Missing::Create, missing))?;
    #[cfg(unix)]
    if let Some(Command::Host(args)) = &command {
        return self::host::host(args, &folder, global, out, runtime);
    }
    if let Some(Command::Store(command)) = &command
        && let Some(reply) = store::without_opening(command, &folder, out)
    {
        return out.reply(&reply?);
    }
    if let Some(Command::Store(store::StoreCommand::Recover(args))) = &command {
        let reply = recover::recover(args, &folder, global, out, caller, runtime)?;
        return out.reply(&reply);
    }
    match Context::open(&folder, global, out, caller, runtime.clone(), Workbench::open_watched) {
        Ok(context) => answer(command, context),
        Err(error) if command.as_ref().is_some_and(verifies) => out.reply(&recover::inspected(&folder, error)?),
        Err(error) => Err(error),
    }
}

/// Whether a command is there to say what is wrong with a store, be it that it does not open.
fn verifies(command: &Command) -> bool {
    use audit::AuditCommand;
    use store::StoreCommand;
    matches!(
        command,
        Command::Store(StoreCommand::Verify) | Command::Audit(AuditCommand::Verify { .. })
    )
}

/// Whether the host of a store carries a command out, where there is one: all but those that work on the store's files,
/// make a store, or need none. Without a command, the screens.
pub fn is_for_host(command: Option<&Command>) -> bool {
    use store::StoreCommand;
    match command {
        #[cfg(unix)]
        Some(Command::Host(_) | Command::Login { .. }) => false,
        Some(
            Command::Demo(_)
            | Command::Completions { .. }
            | Command::Keys
            | Command::Store(
                StoreCommand::Backup { .. }
                | StoreCommand::Restore { .. }
                | StoreCommand::Recover(_)
                | StoreCommand::Import { .. },
            ),
        ) => false,
        _ => true,
    }
}

/// The screens have no JSON to give.
fn refuse_json_screens(command: Option<&Command>, out: &Out) -> Result<(), CliError> {
    if command.is_some() || out.format() == Format::Plain {
        return Ok(());
    }
    Err(CliError::invalid(
        "the screens print no JSON",
        "add a command, as in pegbox status --json",
    ))
}

/// Opens the screens, or carries a command out and prints its reply.
fn answer(command: Option<Command>, mut context: Context<'_>) -> Result<Exit, CliError> {
    let Some(command) = command else {
        return screens::open(context);
    };
    if let Some(action) = roles::action_of(&command) {
        context.workbench.permit(&context.actor, action)?;
    }
    let reply = dispatch(command, &mut context)?;
    context.out.reply(&reply)
}

/// Whether a command may make the store: those that can bring its first record.
fn missing(command: &Command) -> Missing {
    use dataset::DatasetCommand;
    use prompt::PromptCommand;
    use store::StoreCommand;
    use suite::SuiteCommand;
    match command {
        Command::Prompt(PromptCommand::New { .. } | PromptCommand::Import { .. })
        | Command::Dataset(DatasetCommand::Import(_))
        | Command::Suite(SuiteCommand::Import { .. })
        | Command::Store(StoreCommand::Restore { .. } | StoreCommand::Import { .. }) => Missing::Create,
        #[cfg(unix)]
        Command::Host(self::host::HostArgs { command: None, .. }) => Missing::Create,
        _ => Missing::Refuse,
    }
}

fn dispatch(command: Command, context: &mut Context<'_>) -> Result<Reply, CliError> {
    match command {
        Command::Status => status::status(context),
        Command::Who => Ok(who::who(context)),
        Command::Prompt(command) => prompt::carry_out(command, context),
        Command::Diff(args) => diff::diff(&args, context),
        Command::Dataset(command) => dataset::carry_out(command, context),
        Command::Suite(command) => suite::carry_out(command, context),
        Command::Chain(command) => chain::carry_out(command, context),
        Command::Run(command) => run::carry_out(command, context),
        Command::Bisect(args) => bisect::bisect(context, *args),
        Command::Ablate(args) => ablate::ablate(context, *args),
        Command::Case(command) => case_command::carry_out(command, context),
        Command::Label(command) => label::carry_out(&command, context),
        Command::Model(command) => model::carry_out(&command, context),
        Command::Review(command) => review::carry_out(command, context),
        Command::Release(command) => release::carry_out(command, context),
        Command::Lineage { id } => lineage::lineage(&id, context),
        Command::Store(command) => store::carry_out(command, context),
        Command::Audit(command) => audit::carry_out(command, context),
        Command::User(command) => user::carry_out(command, context),
        Command::Whoami => whoami::whoami(context),
        // These need no store, or one of their own, and were answered before.
        #[cfg(unix)]
        Command::Host(_) | Command::Login { .. } => Ok(Reply::done(Value::Null, Plain::new())),
        Command::Demo(_) | Command::Completions { .. } | Command::Keys => Ok(Reply::done(Value::Null, Plain::new())),
    }
}
