//! Who acts: `--user` beats `PEGBOX_USER` beats the name that the operating system gives, in its variables or, where
//! those are not set, in its list of accounts.

use super::exit::CliError;
use crate::domain::actor::Actor;
use crate::domain::people::People;
use crate::domain::person::{ACCOUNT_NAME, Person, Role};
use crate::host::accounts::account_name;
use crate::host::caller::{Caller, Identity, own_uid};
use crate::workbench::WorkbenchError;

/// The environment variable that names the user.
const USER_VARIABLE: &str = "PEGBOX_USER";
/// Where operating systems put the user's name.
const SYSTEM_VARIABLES: [&str; 3] = ["USER", "LOGNAME", "USERNAME"];
/// Who acts where nothing says who: a container without a user.
const NOBODY_KNOWN: &str = "unknown";
/// Longest name that is made of the system's, in characters.
const NAME_CHARS_MAX: usize = 32;

/// The account that may change every file.
const ROOT: u32 = 0;

/// Who acts, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Who.
    pub actor: Actor,
    /// What proves it.
    pub proof: Proof,
}

/// What proves who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Nothing: they say so. Whoever has the account that owns the store's files may read and write them anyhow.
    Claimed,
    /// The operating system: the account with this number is theirs.
    Account(u32),
    /// An SSH key.
    Key,
}

/// Who acts for a caller, in a store with these people. Where they list the caller's account, its person acts, and
/// nobody else. Where they do not, the account that owns the store is whoever it says, since it may change the files
/// anyhow; any other is called after its number, which nobody is, and reads.
pub fn resolve(given: Option<&str>, caller: &Caller, people: &People) -> Result<Known, CliError> {
    let uid = match &caller.identity {
        Identity::Claimed { uid } => *uid,
        Identity::Proven(actor) => return of_key(given, actor, people),
    };
    if let Some((uid, person)) = uid.and_then(|uid| Some((uid, people.of_account(uid)?))) {
        return of_account(given, uid, &person.name);
    }
    match uid {
        Some(uid) if !people.is_empty() && uid != ROOT && Some(uid) != own_uid() => {
            of_account(given, uid, &Actor::new(format!("{ACCOUNT_NAME}{uid}"))?)
        }
        uid => Ok(Known {
            actor: choose(given, |name| caller.variables.get(name), || account_name(uid?))?,
            proof: Proof::Claimed,
        }),
    }
}

/// The person of an account, who needs no `--user` and may give no other. `PEGBOX_USER` is a habit, not a demand.
fn of_account(given: Option<&str>, uid: u32, person: &Actor) -> Result<Known, CliError> {
    match given {
        Some(other) if other != person.as_str() => Err(WorkbenchError::refused(
            format!("account {uid} is {person}'s, and acts for nobody else, so not for {other}"),
            "leave --user out, or give the command from the account of whom you mean",
        )
        .into()),
        _ => Ok(Known {
            actor: person.clone(),
            proof: Proof::Account(uid),
        }),
    }
}

fn of_key(given: Option<&str>, actor: &Actor, people: &People) -> Result<Known, CliError> {
    if given.is_some_and(|given| given != actor.as_str()) {
        return Err(WorkbenchError::refused(
            format!("your key is {actor}'s, and acts for nobody else"),
            "leave --user out",
        )
        .into());
    }
    if !people.is_empty() && !people.find(actor).is_some_and(Person::is_active) {
        return Err(WorkbenchError::refused(
            format!("{actor} is not among the people of this store"),
            format!("ask an admin of it: {}", people.names_with(Role::Admin)),
        )
        .into());
    }
    Ok(Known {
        actor: actor.clone(),
        proof: Proof::Key,
    })
}

fn choose(
    given: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
    account: impl Fn() -> Option<String>,
) -> Result<Actor, CliError> {
    let named = given
        .map(str::to_owned)
        .or_else(|| variable(USER_VARIABLE).filter(|name| !name.is_empty()));
    if let Some(name) = named {
        return Ok(Actor::new(name)?);
    }
    let system = SYSTEM_VARIABLES
        .iter()
        .find_map(|name| variable(name).filter(|name| !name.is_empty()))
        .or_else(account);
    Ok(Actor::new(cleaned(&system.unwrap_or_else(|| NOBODY_KNOWN.to_owned())))?)
}

/// A system's name in the letters that an actor's name may have.
fn cleaned(name: &str) -> String {
    let allowed = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
            c
        } else {
            '-'
        }
    };
    name.chars().take(NAME_CHARS_MAX).map(allowed).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::person::Standing;
    use crate::domain::reason::Reason;
    use crate::domain::time::Timestamp;
    use crate::host::caller::Variables;

    #[test]
    fn the_name_said_last_wins() {
        let variables = |pegbox: &'static str, user: &'static str| {
            move |name: &str| match name {
                "PEGBOX_USER" => Some(pegbox.to_owned()),
                "USER" => Some(user.to_owned()),
                _ => None,
            }
        };
        let name = |given, pegbox, user| choose(given, variables(pegbox, user), || None).unwrap().to_string();
        assert_eq!(name(Some("mara"), "jo", "root"), "mara");
        assert_eq!(name(None, "jo", "root"), "jo");
        assert_eq!(name(None, "", "root"), "root");
        assert_eq!(name(None, "", "Jo Ann\u{1b}"), "Jo-Ann-");
        let account = || Some("robin".to_owned());
        assert_eq!(choose(None, |_| None, account).unwrap().as_str(), "robin");
        assert_eq!(choose(None, variables("", "root"), account).unwrap().as_str(), "root");
        assert_eq!(choose(None, |_| None, || None).unwrap().as_str(), NOBODY_KNOWN);
        assert!(choose(Some("a b"), |_| None, || None).is_err());
    }

    fn caller(identity: Identity) -> Caller {
        Caller {
            identity,
            variables: Variables::Sent(BTreeMap::from([("PEGBOX_USER".to_owned(), "mara".to_owned())])),
            ..Caller::of_process()
        }
    }

    fn people() -> People {
        let person = |name: &str, accounts: Vec<u32>, standing| Person {
            name: Actor::new(name).unwrap(),
            roles: vec![Role::Admin],
            keys: Vec::new(),
            accounts,
            standing,
            changed_by: Actor::new("root").unwrap(),
            changed_at: Timestamp(0),
            reason: Reason::new("a person of the test").unwrap(),
        };
        People::new(vec![
            person("ben", vec![4_001], Standing::Active),
            person("eve", vec![4_002], Standing::Removed),
        ])
    }

    /// What is known of a caller, as name and proof, or the refusal.
    fn known(given: Option<&str>, identity: Identity, people: &People) -> Result<(String, Proof), String> {
        match resolve(given, &caller(identity), people) {
            Ok(known) => Ok((known.actor.to_string(), known.proof)),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_listed_account_acts_for_its_person_alone() {
        let account = |uid| Identity::Claimed { uid: Some(uid) };
        let ben = Ok(("ben".to_owned(), Proof::Account(4_001)));
        assert_eq!(known(None, account(4_001), &people()), ben);
        assert_eq!(known(Some("ben"), account(4_001), &people()), ben);
        let refusal = known(Some("mara"), account(4_001), &people()).unwrap_err();
        assert!(
            refusal.contains("account 4001 is ben's, and acts for nobody else"),
            "{refusal}"
        );
        // Without people there is nothing to compare with.
        let mara = Ok(("mara".to_owned(), Proof::Claimed));
        assert_eq!(known(None, account(4_001), &People::default()), mara);
    }

    #[test]
    fn an_account_that_nobody_lists_is_nobody_unless_it_owns_the_store() {
        let account = |uid| Identity::Claimed { uid };
        for uid in [4_002, 4_003, u32::MAX] {
            let nobody = Ok((format!("account-{uid}"), Proof::Account(uid)));
            assert_eq!(known(None, account(Some(uid)), &people()), nobody);
            assert!(known(Some("ben"), account(Some(uid)), &people()).is_err());
        }
        for uid in [own_uid(), Some(ROOT), None] {
            let claimed = Ok(("ben".to_owned(), Proof::Claimed));
            assert_eq!(known(Some("ben"), account(uid), &people()), claimed);
        }
    }

    #[test]
    fn a_key_acts_for_its_person_while_they_are_let_in() {
        let key = |name: &str| Identity::Proven(Actor::new(name).unwrap());
        assert_eq!(known(None, key("ben"), &people()), Ok(("ben".to_owned(), Proof::Key)));
        assert!(known(Some("eve"), key("ben"), &people()).is_err());
        for name in ["eve", "mara"] {
            let refusal = known(None, key(name), &people()).unwrap_err();
            assert!(refusal.contains("not among the people"), "{refusal}");
        }
        let mara = Ok(("mara".to_owned(), Proof::Key));
        assert_eq!(known(None, key("mara"), &People::default()), mara);
    }
}
