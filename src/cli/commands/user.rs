//! `pegbox user`: the people of the store.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use crate::cli::exit::CliError;
use crate::cli::input;
use crate::cli::output::{NO_VALUE, Plain, Reply, Table};
use crate::domain::DomainError;
use crate::domain::actor::Actor;
use crate::domain::person::{Person, PersonChange, Role, role_words};
use crate::domain::person_key::PersonKey;
use crate::host::accounts::{account_name, account_number};
use crate::host::caller::Caller;
use crate::workbench::read_public_keys;

/// What to do with the people of the store.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a person; the first one must be an admin, and from then on only people who are listed may act
    Add(AddArgs),
    /// List the people
    List {
        /// Those too who were removed
        #[arg(long)]
        all: bool,
    },
    /// Show a person
    Show {
        /// Their name
        #[arg(value_parser = name)]
        name: Actor,
    },
    /// Change a person's roles, keys or accounts
    Change(ChangeArgs),
    /// Let a person in no more; their record stays
    Remove {
        /// Their name
        #[arg(value_parser = name)]
        name: Actor,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// A new person.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// Their name: letters, digits, dots, dashes and underscores
    #[arg(value_parser = name)]
    pub name: Actor,
    /// What they may do: `read-only`, `author`, `reviewer`, `releaser` or `admin`; give it once for each role
    #[arg(long = "role", required = true, value_name = "ROLE")]
    pub roles: Vec<Role>,
    /// Public keys of theirs: a file that ends in .pub, or one of `authorized_keys`; - is standard input
    #[arg(long = "key", value_name = "FILE")]
    pub keys: Vec<PathBuf>,
    /// An account of the host's machine that is theirs, by its login or number
    #[arg(long = "account", value_name = "LOGIN", value_parser = account_number)]
    pub accounts: Vec<u32>,
    /// The keys are authorities: certificates that they signed for this name count, and not the keys
    #[arg(long, requires = "keys")]
    pub certificate_authority: bool,
    /// Why; where not given, that they join, and as what
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// A change of a person.
#[derive(Debug, Args)]
pub struct ChangeArgs {
    /// Their name
    #[arg(value_parser = name)]
    pub name: Actor,
    /// A role to give
    #[arg(long = "add-role", value_name = "ROLE")]
    pub add_roles: Vec<Role>,
    /// A role to take
    #[arg(long = "remove-role", value_name = "ROLE")]
    pub remove_roles: Vec<Role>,
    /// Public keys to add; - is standard input
    #[arg(long = "add-key", value_name = "FILE")]
    pub add_keys: Vec<PathBuf>,
    /// A key to remove, by its fingerprint
    #[arg(long = "remove-key", value_name = "SHA256:...")]
    pub remove_keys: Vec<String>,
    /// An account to add
    #[arg(long = "add-account", value_name = "LOGIN", value_parser = account_number)]
    pub add_accounts: Vec<u32>,
    /// An account to remove
    #[arg(long = "remove-account", value_name = "LOGIN", value_parser = account_number)]
    pub remove_accounts: Vec<u32>,
    /// The keys to add are authorities: certificates that they signed for this name count, and not the keys
    #[arg(long, requires = "add_keys")]
    pub certificate_authority: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Reads the name of a person.
fn name(name: &str) -> Result<Actor, DomainError> {
    Actor::new(name)
}

/// Carries the command out.
pub fn carry_out(command: UserCommand, context: &mut Context<'_>) -> Result<Reply, CliError> {
    match command {
        UserCommand::Add(args) => add(args, context),
        UserCommand::List { all } => list(all, context),
        UserCommand::Show { name } => Ok(shown(&context.workbench.person(&name)?, Plain::new())),
        UserCommand::Change(args) => change(args, context),
        UserCommand::Remove { name, reason } => {
            let person = context.workbench.remove_person(&context.actor, &name, &reason)?;
            Ok(shown(&person, Plain::of(format!("{name} is let in no more"))))
        }
    }
}

fn add(args: AddArgs, context: &mut Context<'_>) -> Result<Reply, CliError> {
    let joins = || format!("{} joins as {}", args.name, role_words(&args.roles));
    let reason = args.reason.clone().unwrap_or_else(joins);
    let first = PersonChange {
        add_roles: args.roles,
        add_keys: read_keys(&args.keys, args.certificate_authority, context.caller)?,
        add_accounts: args.accounts,
        ..PersonChange::default()
    };
    let is_first = context.workbench.people()?.is_empty();
    let person = context
        .workbench
        .add_person(&context.actor, &args.name, first, &reason)?;
    let mut text = Plain::of(format!("{} may act here as {}", person.name, role_words(&person.roles)));
    if is_first {
        text = text.line("from now on only people who are listed may act; others read");
        if person.name != context.actor {
            text = text.line(format!("you acted as {}, who is not listed", context.actor));
        }
    }
    Ok(shown(&person, text))
}

fn change(args: ChangeArgs, context: &mut Context<'_>) -> Result<Reply, CliError> {
    let change = PersonChange {
        add_roles: args.add_roles,
        remove_roles: args.remove_roles,
        add_keys: read_keys(&args.add_keys, args.certificate_authority, context.caller)?,
        remove_keys: args.remove_keys,
        add_accounts: args.add_accounts,
        remove_accounts: args.remove_accounts,
    };
    if change == PersonChange::default() {
        return Err(CliError::invalid(
            format!("nothing of {} is to change", args.name),
            "say what, as with --add-role; pegbox user change --help lists it",
        ));
    }
    let person = context
        .workbench
        .change_person(&context.actor, &args.name, change, &args.reason)?;
    Ok(shown(&person, Plain::of(format!("{} is changed", person.name))))
}

fn read_keys(files: &[PathBuf], are_authorities: bool, caller: &mut Caller) -> Result<Vec<PersonKey>, CliError> {
    let mut keys = Vec::new();
    for file in files {
        let text = input::read_text(file, caller)?;
        keys.extend(read_public_keys(&text, are_authorities)?);
    }
    Ok(keys)
}

fn list(all: bool, context: &Context<'_>) -> Result<Reply, CliError> {
    let people = context.workbench.people()?;
    let listed: Vec<&Person> = people.all().iter().filter(|person| all || person.is_active()).collect();
    let mut table = Table::new([
        "name",
        "roles",
        "keys",
        "accounts",
        "standing",
        "changed by",
        "at",
        "why",
    ]);
    for person in &listed {
        table.row([
            person.name.to_string(),
            role_words(&person.roles),
            person.keys.len().to_string(),
            accounts(person),
            person.standing.as_str().to_owned(),
            person.changed_by.to_string(),
            person.changed_at.to_string(),
            person.reason.to_string(),
        ]);
    }
    let text = Plain::new().table(
        &table,
        "nobody is listed, so everybody may do everything: add people with pegbox user add NAME --role admin",
    );
    Ok(Reply::done(json!({ "people": listed }), text))
}

fn accounts(person: &Person) -> String {
    if person.accounts.is_empty() {
        return NO_VALUE.to_owned();
    }
    person
        .accounts
        .iter()
        .map(|number| account_name(*number).map_or(number.to_string(), |name| format!("{number} ({name})")))
        .collect::<Vec<_>>()
        .join(", ")
}

fn shown(person: &Person, text: Plain) -> Reply {
    let mut text = text.fields([
        ("name", person.name.to_string()),
        ("roles", role_words(&person.roles)),
        ("accounts", accounts(person)),
        ("standing", person.standing.as_str().to_owned()),
        ("changed", format!("by {} at {}", person.changed_by, person.changed_at)),
        ("why", person.reason.to_string()),
    ]);
    for key in &person.keys {
        let signs = if key.is_authority() { ", signs certificates" } else { "" };
        text = text.line(format!("key {} ({}{signs})", key.fingerprint, key.algorithm()));
    }
    Reply::done(json!({ "person": person }), text)
}
