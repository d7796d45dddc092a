//! Which store: `--store` beats `PEGBOX_STORE` beats the nearest `.pegbox` above the current folder beats the user's
//! data folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use super::exit::CliError;

/// The environment variable that names a store.
pub const STORE_VARIABLE: &str = "PEGBOX_STORE";
/// The folder that makes a project's store.
const PROJECT_FOLDER: &str = ".pegbox";
/// Our folder among the user's data and configuration.
const USER_FOLDER: &str = "pegbox";

/// Whether a command may make a store where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It brings the first record.
    Create,
    /// It has nothing to read there.
    Refuse,
}

/// The store's folder.
pub fn resolve(given: Option<PathBuf>) -> Result<PathBuf, CliError> {
    let from_environment = std::env::var_os(STORE_VARIABLE);
    // Without a current folder there is no project above it.
    let current = std::env::current_dir().ok();
    choose(given, from_environment, current.as_deref(), user_data_folder())
}

/// Takes the first that is there.
fn choose(
    given: Option<PathBuf>,
    from_environment: Option<OsString>,
    current: Option<&Path>,
    user_data: Option<PathBuf>,
) -> Result<PathBuf, CliError> {
    let project = || {
        let folders = current.into_iter().flat_map(Path::ancestors);
        folders
            .map(|folder| folder.join(PROJECT_FOLDER))
            .find(|folder| folder.is_dir())
    };
    let named = from_environment.filter(|value| !value.is_empty()).map(PathBuf::from);
    given.or(named).or_else(project).or(user_data).ok_or_else(|| {
        CliError::invalid(
            "no folder for the store: this user has no home folder",
            format!("name one with --store DIR or {STORE_VARIABLE}"),
        )
    })
}

/// An error unless the folder is there or may be made.
pub fn check(folder: &Path, missing: Missing) -> Result<(), CliError> {
    if missing == Missing::Create || folder.exists() {
        return Ok(());
    }
    Err(CliError::NoStore {
        what: format!("no store at {}: nothing was made there yet", folder.display()),
        hint: "begin with pegbox demo, pegbox prompt new or pegbox dataset import, or name another store with --store"
            .into(),
    })
}

fn user_data_folder() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(folders.data_dir().join(USER_FOLDER))
}

/// Our folder in the user's configuration.
pub fn user_config_folder() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(folders.config_dir().join(USER_FOLDER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_to_the_person_wins() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("project/src/deep");
        std::fs::create_dir_all(&inner).unwrap();
        let project = root.path().join("project").join(PROJECT_FOLDER);
        std::fs::create_dir(&project).unwrap();
        let flag = Some(PathBuf::from("/flag"));
        let variable = Some(OsString::from("/variable"));
        let user = Some(PathBuf::from("/user"));
        let chosen = |given: &Option<PathBuf>, variable: &Option<OsString>, current: &Path| {
            choose(given.clone(), variable.clone(), Some(current), user.clone()).unwrap()
        };
        assert_eq!(chosen(&flag, &variable, &inner), Path::new("/flag"));
        assert_eq!(chosen(&None, &variable, &inner), Path::new("/variable"));
        assert_eq!(chosen(&None, &Some(OsString::new()), &inner), project);
        assert_eq!(chosen(&None, &None, &inner), project);
        assert_eq!(chosen(&None, &None, Path::new("/")), Path::new("/user"));
        assert!(choose(None, None, None, None).is_err());
    }
}
