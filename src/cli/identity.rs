//! Who acts: `--user` beats `PEGBOX_USER` beats the name that the operating system gives.

use crate::domain::actor::Actor;

use super::exit::CliError;

/// The environment variable that names the user.
const USER_VARIABLE: &str = "PEGBOX_USER";
/// Where operating systems put the user's name.
const SYSTEM_VARIABLES: [&str; 3] = ["USER", "LOGNAME", "USERNAME"];
/// Who acts where nothing says who: a container without a user.
const NOBODY_KNOWN: &str = "unknown";
/// Longest name that is made of the system's, in characters.
const NAME_CHARS_MAX: usize = 32;

/// The person at the keyboard.
pub fn resolve(given: Option<&str>) -> Result<Actor, CliError> {
    choose(given, |name| std::env::var(name).ok())
}

fn choose(given: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> Result<Actor, CliError> {
    let named = given
        .map(str::to_owned)
        .or_else(|| variable(USER_VARIABLE).filter(|name| !name.is_empty()));
    if let Some(name) = named {
        return Ok(Actor::new(name)?);
    }
    let system = SYSTEM_VARIABLES
        .iter()
        .find_map(|name| variable(name).filter(|name| !name.is_empty()));
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
    use super::*;

    #[test]
    fn the_name_said_last_wins() {
        let variables = |pegbox: &'static str, user: &'static str| {
            move |name: &str| match name {
                "PEGBOX_USER" => Some(pegbox.to_owned()),
                "USER" => Some(user.to_owned()),
                _ => None,
            }
        };
        let name = |given, pegbox, user| choose(given, variables(pegbox, user)).unwrap().to_string();
        assert_eq!(name(Some("mara"), "jo", "root"), "mara");
        assert_eq!(name(None, "jo", "root"), "jo");
        assert_eq!(name(None, "", "root"), "root");
        assert_eq!(name(None, "", "Jo Ann\u{1b}"), "Jo-Ann-");
        assert_eq!(choose(None, |_| None).unwrap().as_str(), NOBODY_KNOWN);
        assert!(choose(Some("a b"), |_| None).is_err());
    }
}
