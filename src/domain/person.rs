//! People who may act in a store, what they may do, and what proves who they are.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
pub use super::person_key::PersonKey;
use super::reason::Reason;
use super::time::Timestamp;

/// What a person may do. Reading is open to everybody who is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads, and changes nothing. In JSON it is the word of the command line; older exports have another.
    #[serde(rename = "read-only", alias = "read_only")]
    ReadOnly,
    /// Writes prompts, datasets, suites and chains, runs them, and asks for reviews.
    Author,
    /// Decides reviews.
    Reviewer,
    /// Promotes what was approved, and rolls back.
    Releaser,
    /// Adds people, sets the policy, and looks after the store.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] = [
        Self::ReadOnly,
        Self::Author,
        Self::Reviewer,
        Self::Releaser,
        Self::Admin,
    ];

    /// The word in commands and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Author => "author",
            Self::Reviewer => "reviewer",
            Self::Releaser => "releaser",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = DomainError;
    fn from_str(word: &str) -> Result<Self, DomainError> {
        let word = word.replace('_', "-");
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == word)
            .ok_or_else(|| DomainError::BadName {
                what: "role",
                given: word,
                why: format!("use one of {}", Self::ALL.map(Self::as_str).join(", ")),
            })
    }
}

/// Roles as a sentence has them: `author, reviewer`.
pub fn role_words(roles: &[Role]) -> String {
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

/// Whether a person is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// They are.
    Active,
    /// Not any more. The record stays, since others name the person.
    Removed,
}

impl Standing {
    /// The word in commands and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Removed => "removed",
        }
    }
}

/// A person, as the newest change of their record says. Earlier ones are in the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name under which they act.
    pub name: Actor,
    /// What they may do, in order, each once.
    pub roles: Vec<Role>,
    /// The keys that let them in over SSH and that may sign for them.
    pub keys: Vec<PersonKey>,
    /// Numbers of the accounts of the host's machine that are theirs.
    pub accounts: Vec<u32>,
    /// Whether they are let in.
    pub standing: Standing,
    /// Who changed this last.
    pub changed_by: Actor,
    /// When.
    pub changed_at: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// Most keys, and most accounts, of one person: more are a file that was meant for something else.
const PROOFS_MAX: usize = 50;
/// What systems show for an account that another user namespace has: it stands for anybody.
const OVERFLOW_ACCOUNT: u32 = 65_534;
/// What system calls take for no account.
const NO_ACCOUNT: u32 = u32::MAX;

/// Names that mean something else: the user whom everybody may log in as over SSH, and whoever gives no name.
const TAKEN_NAMES: [&str; 2] = ["pegbox", "unknown"];

/// Why a person cannot be called so: in lists and logs no two names may look alike.
fn unfit(name: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    if !name.chars().all(is_plain) || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Some("a person's name has the letters a to z and digits, and begins with one".into());
    }
    let is_taken = TAKEN_NAMES.iter().any(|taken| taken.eq_ignore_ascii_case(name));
    is_taken.then(|| format!("{name} means nobody in particular"))
}

/// How those are called whose account nobody lists, with its number behind it. No person is called so.
pub const ACCOUNT_NAME: &str = "account-";

/// What to change of a person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PersonChange {
    /// Roles to give.
    pub add_roles: Vec<Role>,
    /// Roles to take.
    pub remove_roles: Vec<Role>,
    /// Keys to add.
    pub add_keys: Vec<PersonKey>,
    /// Fingerprints of the keys to remove.
    pub remove_keys: Vec<String>,
    /// Accounts to add.
    pub add_accounts: Vec<u32>,
    /// Accounts to remove.
    pub remove_accounts: Vec<u32>,
}

/// Who changes a person's record, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonEdit {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
}

impl Person {
    /// A person who is let in, with these roles, keys and accounts.
    ///
    /// # Errors
    /// No role, read-only beside another role, or an account that is nobody's.
    pub fn new(name: Actor, first: PersonChange, edit: PersonEdit) -> Result<Self, DomainError> {
        let nobody = Self {
            name,
            roles: Vec::new(),
            keys: Vec::new(),
            accounts: Vec::new(),
            standing: Standing::Active,
            changed_by: edit.by.clone(),
            changed_at: edit.at,
            reason: edit.reason.clone(),
        };
        nobody.changed(first, edit)
    }

    /// The person after a change.
    ///
    /// # Errors
    /// What [`Self::new`] refuses, or something to take that is not there.
    pub fn changed(mut self, change: PersonChange, edit: PersonEdit) -> Result<Self, DomainError> {
        let name = self.name.clone();
        for role in &change.remove_roles {
            take(&mut self.roles, |has| has == role, &name, "role", role.as_str())?;
        }
        for fingerprint in &change.remove_keys {
            take(
                &mut self.keys,
                |key| &key.fingerprint == fingerprint,
                &name,
                "key",
                fingerprint,
            )?;
        }
        for account in &change.remove_accounts {
            take(&mut self.accounts, |has| has == account, &name, "account", account)?;
        }
        self.roles.extend(change.add_roles);
        self.roles.sort_unstable();
        self.roles.dedup();
        for key in change.add_keys {
            if !self.keys.contains(&key) {
                self.keys.push(key);
            }
        }
        self.accounts.extend(change.add_accounts);
        self.accounts.sort_unstable();
        self.accounts.dedup();
        self.changed_by = edit.by;
        self.changed_at = edit.at;
        self.reason = edit.reason;
        self.check()?;
        Ok(self)
    }

    /// The person as one who is not let in any more.
    #[must_use]
    pub fn removed(self, edit: PersonEdit) -> Self {
        Self {
            standing: Standing::Removed,
            changed_by: edit.by,
            changed_at: edit.at,
            reason: edit.reason,
            ..self
        }
    }

    /// Whether they are let in.
    pub fn is_active(&self) -> bool {
        self.standing == Standing::Active
    }

    /// Whether they are let in as one with this role.
    pub fn acts_as(&self, role: Role) -> bool {
        self.is_active() && self.roles.contains(&role)
    }

    /// Checks what must hold of every person, whoever else there is.
    pub fn check(&self) -> Result<(), DomainError> {
        let refuse = |field: &str, why: String| Err(DomainError::field(field, why));
        if self.name.as_str().starts_with(ACCOUNT_NAME) {
            return refuse(
                "name",
                format!("{ACCOUNT_NAME}... is how those are called whose account nobody lists"),
            );
        }
        if let Some(why) = unfit(self.name.as_str()) {
            return refuse("name", why);
        }
        if self.roles.is_empty() {
            return refuse(
                "roles",
                format!("{} would have none: give read-only to who only reads", self.name),
            );
        }
        if self.roles.contains(&Role::ReadOnly) && self.roles.len() > 1 {
            return refuse(
                "roles",
                format!(
                    "read-only stands alone, and {} has {}",
                    self.name,
                    role_words(&self.roles)
                ),
            );
        }
        if self.keys.len() > PROOFS_MAX || self.accounts.len() > PROOFS_MAX {
            return refuse("keys", format!("more than {PROOFS_MAX} keys or accounts of one person"));
        }
        if let Some(account) = self
            .accounts
            .iter()
            .find(|account| matches!(**account, OVERFLOW_ACCOUNT | NO_ACCOUNT))
        {
            return refuse(
                "accounts",
                format!("{account} is what systems show for nobody in particular"),
            );
        }
        Ok(())
    }
}

/// Takes something of a person's that must be there.
fn take<T>(
    all: &mut Vec<T>,
    is_it: impl Fn(&T) -> bool,
    name: &Actor,
    what: &'static str,
    shown: impl std::fmt::Display,
) -> Result<(), DomainError> {
    let before = all.len();
    all.retain(|one| !is_it(one));
    if all.len() == before {
        return Err(DomainError::field(what, format!("{name} has no {what} {shown}")));
    }
    Ok(())
}
