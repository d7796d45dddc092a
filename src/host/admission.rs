//! Who is let in at the host's socket, as whom, and for how long. The system says which account is behind a connection;
//! the people of the store say whose that is.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tokio::net::unix::UCred;

use super::accounts::{account_name, shown_account};
use super::caller::{Files, Identity, local_origin};
use super::lending::Lender;
use super::wire::{Hello, Refusal};
use crate::domain::actor::Actor;
use crate::domain::origin::Origin;
use crate::domain::people::People;
use crate::domain::person::{Person, Role};

/// The account that may change every file.
const ROOT: u32 = 0;
/// As which the system shows an account that it cannot tell, such as one from inside a container.
const OVERFLOW_FILE: &str = "/proc/sys/kernel/overflowuid";
/// Its number where the system does not say.
const OVERFLOW: u32 = 65_534;

/// A guest that is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    account: u32,
    process: Option<i32>,
    /// Who it is, where the store's people list the account, or the system's sshd has checked a key.
    person: Option<Actor>,
    /// What proves it.
    pub way: Way,
}

/// How a guest came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// With the host's own account, or as root: what the host reads, it may read as well.
    OwnAccount,
    /// With another account of this machine, which has files and programs of its own.
    OtherAccount,
    /// Over a network: the system's sshd let it in, and its process here has the host's account.
    Network,
}

impl Admitted {
    /// How it is known who acts.
    pub fn identity(&self) -> Identity {
        match (self.way, &self.person) {
            (Way::Network, Some(person)) => Identity::Proven(person.clone()),
            _ => Identity::Claimed {
                uid: Some(self.account),
            },
        }
    }

    /// From where they act; the variables are the guest's.
    pub fn origin(&self, variables: &BTreeMap<String, String>) -> Origin {
        match self.way {
            Way::Network => Origin::of_place(ssh_place(variables)),
            Way::OwnAccount | Way::OtherAccount => local_origin(Some(self.account)),
        }
    }

    /// Which files names on the command line mean.
    pub fn files(&self, hello: &Hello, lender: Lender) -> Files {
        match self.way {
            Way::OwnAccount => Files::Guest {
                folder: hello.folder.clone(),
                pid: self.process,
            },
            Way::OtherAccount => Files::Lent(Arc::new(lender)),
            Way::Network => Files::Elsewhere,
        }
    }

    /// Whether these people still let the guest be who it came as.
    pub fn is_still_known(&self, people: &People) -> bool {
        match (&self.person, self.way) {
            (None, _) => true,
            (Some(person), Way::Network) => people.is_empty() || people.find(person).is_some_and(Person::is_active),
            (Some(person), Way::OwnAccount | Way::OtherAccount) => {
                people.of_account(self.account).map(|listed| &listed.name) == Some(person)
            }
        }
    }
}

impl fmt::Display for Admitted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "account {}, process {}",
            self.account,
            self.process.unwrap_or_default()
        )
    }
}

/// Where a host runs, and whether it lets in others.
#[derive(Debug, Clone, Copy)]
pub struct Threshold {
    /// Its account.
    pub own: u32,
    /// Whether a group's members may come beside that account.
    pub is_shared: bool,
}

impl Threshold {
    /// That of this process.
    pub fn of_process(is_shared: bool) -> Self {
        Self {
            own: rustix::process::getuid().as_raw(),
            is_shared,
        }
    }

    /// Lets a guest in, or says why not: which account it is, and what somebody is to type.
    pub fn admit(self, peer: &UCred, hello: &Hello, people: &People) -> Result<Admitted, Refusal> {
        let guest = self.admit_account(peer.uid(), hello.person.as_ref(), people)?;
        Ok(Admitted {
            process: peer.pid(),
            ..guest
        })
    }

    fn admit_account(self, account: u32, vouched: Option<&Actor>, people: &People) -> Result<Admitted, Refusal> {
        let listed = people.of_account(account).map(|person| person.name.clone());
        let is_own = account == self.own || account == ROOT;
        let (person, way) = match (is_own, vouched) {
            (true, Some(person)) => (Some(person.clone()), Way::Network),
            (true, None) => (listed, Way::OwnAccount),
            (false, vouched) => (Some(self.other(account, vouched, listed, people)?), Way::OtherAccount),
        };
        Ok(Admitted {
            account,
            process: None,
            person,
            way,
        })
    }

    /// Whose another account is.
    fn other(
        self,
        account: u32,
        vouched: Option<&Actor>,
        listed: Option<Actor>,
        people: &People,
    ) -> Result<Actor, Refusal> {
        let shown = shown_account(account);
        if !self.is_shared {
            return Err(refusal(
                format!("you are the account {shown}, and the host of this store lets in only its own account"),
                format!(
                    "ask {} to start it for a group: pegbox host --group GROUP",
                    shown_account(self.own)
                ),
            ));
        }
        if account == overflow() {
            return Err(refusal(
                format!("you are the account {shown}, as which the system shows every account that it cannot tell"),
                "come with an account of this machine, from outside a container".into(),
            ));
        }
        if let Some(person) = vouched {
            return Err(refusal(
                format!(
                    "you are the account {shown}, which cannot say that you are {person}: pegbox login is for the \
                     host's account"
                ),
                "leave pegbox login out: your account says who you are".into(),
            ));
        }
        listed.ok_or_else(|| nobody(account, &shown, people))
    }
}

/// What to tell an account that nobody has.
fn nobody(account: u32, shown: &str, people: &People) -> Refusal {
    let login = account_name(account).unwrap_or_else(|| account.to_string());
    let what = format!("you are the account {shown}, which is nobody's among the people of this store");
    let hint = if people.is_empty() {
        format!(
            "ask whoever owns the store to type: pegbox user add NAME --role ROLE --account {login}; \
             the first of its people must be an admin"
        )
    } else {
        format!(
            "ask an admin ({}) to type: pegbox user add NAME --role ROLE --account {login}, or for somebody who is \
             listed: pegbox user change NAME --add-account {login} --reason WHY",
            people.names_with(Role::Admin)
        )
    };
    refusal(what, hint)
}

fn refusal(what: String, hint: String) -> Refusal {
    Refusal {
        what,
        hint,
        is_replaceable: false,
        is_of_the_guest: true,
    }
}

fn overflow() -> u32 {
    let said = std::fs::read_to_string(OVERFLOW_FILE).ok();
    said.and_then(|said| said.trim().parse().ok()).unwrap_or(OVERFLOW)
}

/// From where the system's sshd let somebody in, as its variable says: client address first.
fn ssh_place(variables: &BTreeMap<String, String>) -> String {
    let connection = variables.get("SSH_CONNECTION").map_or("", String::as_str);
    match connection.split_whitespace().next() {
        Some(address) => format!("ssh {address}"),
        None => "ssh".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::Standing;
    use crate::domain::reason::Reason;
    use crate::domain::time::Timestamp;

    const SHARED: Threshold = Threshold {
        own: 4_000,
        is_shared: true,
    };

    fn name(name: &str) -> Actor {
        Actor::new(name).unwrap()
    }

    fn people(listed: &[(&str, u32)]) -> People {
        let person = |&(who, account): &(&str, u32)| Person {
            name: name(who),
            roles: vec![Role::Admin],
            keys: Vec::new(),
            accounts: vec![account],
            standing: Standing::Active,
            changed_by: name("root"),
            changed_at: Timestamp(0),
            reason: Reason::new("a person of the test").unwrap(),
        };
        People::new(listed.iter().map(person).collect())
    }

    #[test]
    fn another_account_is_the_person_that_lists_it_or_is_told_what_to_ask_for() {
        let ben = SHARED.admit_account(4_001, None, &people(&[("ben", 4_001)])).unwrap();
        assert_eq!((ben.person.clone(), ben.way), (Some(name("ben")), Way::OtherAccount));
        for (listed, asked) in [
            (vec![("eve", 4_002)], "an admin (eve)"),
            (Vec::new(), "whoever owns the store"),
        ] {
            let refusal = SHARED.admit_account(4_001, None, &people(&listed)).unwrap_err();
            assert!(
                refusal.what.contains("the account number 4001, which is nobody's"),
                "{refusal:?}"
            );
            assert!(
                refusal.hint.starts_with(&format!("ask {asked} to type: ")),
                "{refusal:?}"
            );
            assert!(refusal.hint.contains("--account 4001"), "{refusal:?}");
        }
    }

    #[test]
    fn another_account_vouches_for_nobody_and_comes_only_where_a_group_is_let_in() {
        let people = people(&[("ben", 4_001)]);
        let vouched = SHARED.admit_account(4_001, Some(&name("eve")), &people).unwrap_err();
        assert!(vouched.what.contains("cannot say that you are eve"), "{vouched:?}");
        let closed = Threshold {
            is_shared: false,
            ..SHARED
        };
        let refused = closed.admit_account(4_001, None, &people).unwrap_err();
        assert!(refused.what.contains("lets in only its own account"), "{refused:?}");
        let untold = SHARED.admit_account(overflow(), None, &people).unwrap_err();
        assert!(untold.what.contains("cannot tell"), "{untold:?}");
    }

    #[test]
    fn the_hosts_account_and_root_come_as_ever_and_vouch() {
        for account in [4_000, ROOT] {
            let own = SHARED.admit_account(account, None, &People::default()).unwrap();
            assert_eq!((own.person, own.way), (None, Way::OwnAccount));
            let vouched = SHARED.admit_account(account, Some(&name("eve")), &People::default());
            assert_eq!(vouched.unwrap().identity(), Identity::Proven(name("eve")));
        }
    }

    #[test]
    fn a_guest_stays_who_it_came_as_or_goes() {
        let before = people(&[("ben", 4_001), ("ann", 4_000)]);
        let other = SHARED.admit_account(4_001, None, &before).unwrap();
        let own = SHARED.admit_account(4_000, None, &before).unwrap();
        assert!(other.is_still_known(&before) && own.is_still_known(&before));
        let after = people(&[("ben", 4_009), ("eve", 4_000)]);
        assert!(!other.is_still_known(&after) && !own.is_still_known(&after));
        let unlisted = SHARED.admit_account(4_000, None, &People::default()).unwrap();
        assert!(
            unlisted.is_still_known(&after),
            "it has claimed a name, and every act is asked for"
        );
    }
}
