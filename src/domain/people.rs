//! The people of a store together: what must hold between them.

use super::DomainError;
use super::action::Action;
use super::actor::Actor;
use super::person::{Person, Role, role_words};
use super::person_key::PersonKey;

/// Everybody who was ever added, by name. Where nobody was, there are no permissions: everybody may do everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct People(Vec<Person>);

impl People {
    /// These.
    pub fn new(all: Vec<Person>) -> Self {
        Self(all)
    }

    /// Everybody who was ever added.
    pub fn all(&self) -> &[Person] {
        &self.0
    }

    /// Whether nobody was ever added.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those who are let in.
    pub fn active(&self) -> impl Iterator<Item = &Person> {
        self.0.iter().filter(|person| person.is_active())
    }

    /// One of them, let in or not.
    pub fn find(&self, name: &Actor) -> Option<&Person> {
        self.0.iter().find(|person| &person.name == name)
    }

    /// Whose account that is, of those who are let in.
    pub fn of_account(&self, account: u32) -> Option<&Person> {
        self.active().find(|person| person.accounts.contains(&account))
    }

    /// Whose key that is, of those who are let in. An authority is nobody's.
    pub fn of_key(&self, fingerprint: &str) -> Option<&Person> {
        self.active().find(|person| has_key(person, fingerprint))
    }

    /// Whether somebody is still let in who came with this key, or with a certificate for it; the key is empty where
    /// none was needed.
    pub fn lets_in(&self, name: &Actor, key: &str) -> bool {
        let vouches = |known: &PersonKey| known.fingerprint == key || known.is_authority();
        let is_let_in = |person: &Person| person.is_active() && (key.is_empty() || person.keys.iter().any(vouches));
        self.is_empty() || self.find(name).is_some_and(is_let_in)
    }

    /// The names of those who are let in with a role, as a sentence has them.
    pub fn names_with(&self, role: Role) -> String {
        let with = self.active().filter(|person| person.acts_as(role));
        with.map(|person| person.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Checks that somebody may do something. Where nobody is listed everybody may.
    ///
    /// # Errors
    /// What it takes, what they are, and whom to ask.
    pub fn permit(&self, actor: &Actor, action: Action) -> Result<(), DomainError> {
        let needed = action.needs();
        let person = self.find(actor);
        if self.is_empty() || action.is_open_to_all() || person.is_some_and(|person| action.is_open_to(person)) {
            return Ok(());
        }
        let takes = needed.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" or ");
        let they_are = match person {
            None => "is not among the people of this store".to_owned(),
            Some(person) if !person.is_active() => {
                format!("was removed by {} at {}", person.changed_by, person.changed_at)
            }
            Some(person) => format!("is {}", role_words(&person.roles)),
        };
        Err(DomainError::NotPermitted {
            why: format!(
                "{actor} may not {}: that takes the role {takes}, and {actor} {they_are}",
                action.doing()
            ),
            ask: self.whom_to_ask(person, needed),
        })
    }

    fn whom_to_ask(&self, person: Option<&Person>, needed: &[Role]) -> String {
        let admins = self.names_with(Role::Admin);
        let may: Vec<&str> = self
            .active()
            .filter(|person| needed.iter().any(|role| person.acts_as(*role)))
            .map(|person| person.name.as_str())
            .collect();
        let gives = match person {
            Some(person) if person.is_active() => "can give the role",
            _ => "can add people",
        };
        if may.is_empty() || needed == [Role::Admin] {
            format!("ask an admin, who {gives}: {admins}")
        } else {
            format!("ask {}, who may, or an admin, who {gives}: {admins}", may.join(" or "))
        }
    }

    /// Checks that a person may become `next`, beside the others: somebody is always an admin, and each key and each
    /// account is one person's.
    pub fn check(&self, next: &Person) -> Result<(), DomainError> {
        let others = || self.active().filter(|person| person.name != next.name);
        if !next.acts_as(Role::Admin) && !others().any(|person| person.acts_as(Role::Admin)) {
            return Err(DomainError::NotAllowed(if self.is_empty() {
                format!(
                    "{} would be the first person of this store, and the first one must be an admin: from then on only \
                     people who are listed may act, and only admins add people",
                    next.name
                )
            } else {
                format!(
                    "{} is the only admin, and without one nobody could add people any more",
                    next.name
                )
            }));
        }
        if !next.is_active() {
            return Ok(());
        }
        let alike = |other: &&Person| other.name.as_str().eq_ignore_ascii_case(next.name.as_str());
        if let Some(other) = self.0.iter().filter(|other| other.name != next.name).find(alike) {
            return Err(DomainError::NotAllowed(format!(
                "{} looks like {}, who is listed already",
                next.name, other.name
            )));
        }
        for other in others() {
            // An authority may vouch for many: a certificate says for whom.
            let mut own = next.keys.iter().filter(|key| !key.is_authority());
            if let Some(key) = own.find(|key| has_key(other, &key.fingerprint)) {
                return Err(DomainError::NotAllowed(format!(
                    "the key {} is {}'s already, and a key is one person's",
                    key.fingerprint, other.name
                )));
            }
            if let Some(account) = next.accounts.iter().find(|account| other.accounts.contains(account)) {
                return Err(DomainError::NotAllowed(format!(
                    "account {account} is {}'s already, and an account is one person's",
                    other.name
                )));
            }
        }
        Ok(())
    }
}

fn has_key(person: &Person, fingerprint: &str) -> bool {
    let mut own = person.keys.iter().filter(|key| !key.is_authority());
    own.any(|key| key.fingerprint == fingerprint)
}
