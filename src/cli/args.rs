//! The arguments of every command. Help texts here are what `--help` prints.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

#[cfg(unix)]
use super::commands::host::HostArgs;
use super::commands::{
    ablate, audit, bisect, case_command, chain, dataset, label, model, prompt, release, review, run, store, suite, user,
};
use super::exit::EXIT_CODES_HELP;
use crate::domain::DomainError;
use crate::domain::actor::Actor;

/// A terminal workbench that treats prompt tuning as software release management.
///
/// Without a command it opens the workbench's screens.
#[derive(Debug, Parser)]
#[command(name = "pegbox", version, after_help = EXIT_CODES_HELP, after_long_help = EXIT_CODES_HELP)]
pub struct Arguments {
    /// The common options.
    #[command(flatten)]
    pub global: Global,
    /// Start no host for the screens where there is none: what they run then ends with this terminal
    #[arg(long)]
    pub no_host: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub struct Global {
    /// The store's folder, instead of `PEGBOX_STORE`, the nearest .pegbox folder or the user's data folder
    #[arg(long, global = true, value_name = "DIR", display_order = 900)]
    pub store: Option<PathBuf>,
    /// Print one JSON document instead of text, and errors as JSON
    #[arg(long, global = true, display_order = 901)]
    pub json: bool,
    /// Who acts, instead of `PEGBOX_USER` or the system's user name
    #[arg(long, global = true, value_name = "NAME", display_order = 902)]
    pub user: Option<String>,
    /// A price table that comes before prices.toml of the store and of the configuration folder, and the program's own
    #[arg(long, global = true, value_name = "FILE", display_order = 903)]
    pub prices: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a sample store that tells a true story, and open it
    Demo(DemoArgs),
    /// What waits for somebody, what runs, what there is
    Status,
    /// Prompts, drafts and versions
    #[command(subcommand)]
    Prompt(prompt::PromptCommand),
    /// What changed between two versions or drafts of a prompt
    Diff(DiffArgs),
    /// Datasets: versioned examples
    #[command(subcommand)]
    Dataset(dataset::DatasetCommand),
    /// Suites: graders, metrics and thresholds
    #[command(subcommand)]
    Suite(suite::SuiteCommand),
    /// Chains: prompts that run one after the other
    #[command(subcommand)]
    Chain(chain::ChainCommand),
    /// Runs of a version or a chain over a dataset
    #[command(subcommand)]
    Run(run::RunCommand),
    /// Find the version that broke a metric or an example
    Bisect(Box<bisect::BisectArgs>),
    /// Find which change between two versions did it: each hunk of their diff is run alone
    Ablate(Box<ablate::AblateArgs>),
    /// What a person says of one outcome
    #[command(subcommand)]
    Case(case_command::CaseCommand),
    /// What people said of outcomes
    #[command(subcommand)]
    Label(label::LabelCommand),
    /// Model names: what they stand for, and since when
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// Reviews and decisions
    #[command(subcommand)]
    Review(review::ReviewCommand),
    /// Promotions, releases and the way back
    #[command(subcommand)]
    Release(release::ReleaseCommand),
    /// Every record behind an id, with the check of its hash
    Lineage {
        /// A run, outcome (`run_7/t-031`), version, chain, release, review, decision, dataset, suite or trace
        id: String,
    },
    /// The store's health, numbers and rules
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// The people of the store: who may do what, and what proves who they are
    #[command(subcommand)]
    User(user::UserCommand),
    /// Who you are here, what you may do, and what proves it
    Whoami,
    /// Who did what, when, from where and why; whether any of it was tampered with
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Own the store for as long as the process lives; commands and screens join it
    #[cfg(unix)]
    Host(HostArgs),
    /// Who is here: in the screens, or waiting for a command
    Who,
    /// Join the host as a person whose key sshd has checked, for what they asked sshd for: a forced command
    #[cfg(unix)]
    Login {
        /// Who they are
        #[arg(value_parser = actor)]
        person: Actor,
    },
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the keys of the screens as a Markdown table
    Keys,
}

/// The demo.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Tell the whole story as text, check every step, and open no screen
    #[arg(long)]
    pub headless: bool,
}

/// A comparison of two prompts.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// Old and new: versions (`support_triage_v11 v12`, or `support_triage v11 v12`), or a prompt's name for its draft
    #[arg(required = true, num_args = 2..=3, value_name = "VERSION")]
    pub versions: Vec<String>,
}

/// Reads the name of a person.
fn actor(name: &str) -> Result<Actor, DomainError> {
    Actor::new(name)
}
