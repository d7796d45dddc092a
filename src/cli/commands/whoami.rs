//! `pegbox whoami`: who acts, and how that is known.

use serde_json::json;

use super::Context;
use crate::cli::exit::CliError;
use crate::cli::identity::Proof;
use crate::cli::output::{NO_VALUE, Plain, Reply};
use crate::domain::person::{Person, role_words};

/// Says who acts.
pub fn whoami(context: &Context<'_>) -> Result<Reply, CliError> {
    let people = context.workbench.people()?;
    let origin = context.workbench.origin();
    let person = people.find(&context.actor).filter(|person| person.is_active());
    let may = match person {
        Some(person) => role_words(&person.roles),
        None if people.is_empty() => "everything: this store lists no people".to_owned(),
        None => format!("read: {} is not among the people of this store", context.actor),
    };
    let (word, proof) = match context.proof {
        Proof::Claimed => (
            "claimed",
            "nothing: --user, PEGBOX_USER or the system's name says so".to_owned(),
        ),
        Proof::Account(account) => ("account", format!("account {account} of this machine")),
        Proof::Key if origin.key.is_empty() => ("key", "a key that sshd checked".to_owned()),
        Proof::Key => ("key", format!("the key {}", origin.key)),
    };
    let or_no_value = |text: &str| {
        if text.is_empty() {
            NO_VALUE.to_owned()
        } else {
            text.to_owned()
        }
    };
    Ok(Reply::done(
        json!({
            "name": context.actor,
            "listed": person.is_some(),
            "roles": person.map(|person: &Person| &person.roles),
            "proof": word,
            "place": origin.place,
            "key": origin.key,
        }),
        Plain::new().fields([
            ("name", context.actor.to_string()),
            ("may", may),
            ("proof", proof),
            ("from", or_no_value(&origin.place)),
        ]),
    ))
}
