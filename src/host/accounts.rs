//! Accounts and groups of this machine by name and by number, as its files list them. Those of a directory service have
//! a number here and no name.

use std::fs;

/// Where Unix lists accounts, as lines of `name:password:number:...`.
const ACCOUNTS_FILE: &str = "/etc/passwd";
/// Where it lists groups, in the same way.
const GROUPS_FILE: &str = "/etc/group";

/// The login of an account.
pub fn account_name(number: u32) -> Option<String> {
    name_in(&fs::read_to_string(ACCOUNTS_FILE).ok()?, number)
}

/// The number of an account, by its login or written as it is.
///
/// # Errors
/// No such account is listed.
pub fn account_number(account: &str) -> Result<u32, String> {
    number(ACCOUNTS_FILE, account).ok_or_else(|| {
        format!("no account {account} is listed in {ACCOUNTS_FILE}; give its number, as id -u {account} prints it")
    })
}

/// The name of a group.
pub fn group_name(number: u32) -> Option<String> {
    name_in(&fs::read_to_string(GROUPS_FILE).ok()?, number)
}

/// The number of a group, by its name or written as it is.
///
/// # Errors
/// No such group is listed.
pub fn group_number(group: &str) -> Result<u32, String> {
    number(GROUPS_FILE, group).ok_or_else(|| {
        format!("no group {group} is listed in {GROUPS_FILE}; give its number, as getent group {group} prints it")
    })
}

/// An account as sentences name it.
pub fn shown_account(number: u32) -> String {
    match account_name(number) {
        Some(name) => format!("{name} (number {number})"),
        None => format!("number {number}"),
    }
}

fn number(file: &str, named: &str) -> Option<u32> {
    if let Ok(number) = named.parse() {
        return Some(number);
    }
    let listed = fs::read_to_string(file).ok()?;
    lines(&listed).find_map(|(name, number)| (name == named).then_some(number))
}

fn name_in(listed: &str, number: u32) -> Option<String> {
    lines(listed).find_map(|(name, listed)| (listed == number).then(|| name.to_owned()))
}

/// Names and numbers; lines that have none are passed over.
fn lines(listed: &str) -> impl Iterator<Item = (&str, u32)> {
    listed.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        Some((name, fields.nth(1)?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_number() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\nbroken\n+::::::\nrobin:x:1000:1000::/home/robin:/bin/sh\n";
        assert_eq!(name_in(accounts, 1000).as_deref(), Some("robin"));
        assert_eq!(name_in(accounts, 0).as_deref(), Some("root"));
        assert_eq!(name_in(accounts, 7), None);
        assert_eq!(account_number("4001"), Ok(4_001));
        let unknown = account_number("no such login").unwrap_err();
        assert!(unknown.contains("no account no such login is listed"), "{unknown}");
        assert!(group_number("no such group").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn root_has_a_name_and_a_number_everywhere() {
        assert_eq!(account_number("root"), Ok(0));
        assert_eq!(shown_account(0), "root (number 0)");
        assert_eq!(shown_account(3_999_999_999), "number 3999999999");
    }
}
