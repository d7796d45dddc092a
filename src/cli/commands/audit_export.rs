//! `pegbox audit export`: the log and every signed decision, in a folder or as a tar on standard output.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::Context;
use crate::cli::exit::CliError;
use crate::cli::output::{Format, Plain, Reply, counted};

/// Counts the folders that are made into a tar, so that each has a name of its own.
static FOLDERS: AtomicU32 = AtomicU32::new(0);

const TO_OUTPUT: &str = "-";
/// The way that works from everywhere.
const AS_TAR: &str = "have it as a tar: ssh HOST audit export - > audit.tar";

/// Exports into a folder of the caller's, or to their standard output for `-`.
pub(super) fn export(dir: &Path, context: &mut Context<'_>) -> Result<Reply, CliError> {
    if dir == Path::new(TO_OUTPUT) {
        return export_tar(context);
    }
    let Context {
        workbench, out, caller, ..
    } = context;
    let to = caller.files.locate_or(dir, AS_TAR)?;
    let made = workbench.export_audit(&to, &mut |advance| out.advance(&advance))?;
    let document = json!({
        "export": dir.display().to_string(),
        "commits": made.commits,
        "hash": made.hash,
        "signatures": made.signatures,
    });
    let line = format!(
        "{} and {} are in {}",
        counted(made.commits, "commit"),
        counted(made.signatures, "signed decision"),
        dir.display()
    );
    let next = format!("{} says how to check them", dir.join("README.md").display());
    Ok(Reply::done(document, Plain::of(line).line(next)))
}

/// A tar says the size of a file before its bytes, so the export is made as files first.
fn export_tar(context: &mut Context<'_>) -> Result<Reply, CliError> {
    let Context { workbench, out, .. } = context;
    if out.format() == Format::Json {
        return Err(CliError::invalid(
            "a tar is no JSON",
            "leave --json out, or name a folder",
        ));
    }
    if out.is_terminal() {
        return Err(CliError::invalid(
            "a tar on a terminal is of no use",
            "send it to a file: pegbox audit export - > audit.tar",
        ));
    }
    let folder = Folder::new();
    let made = workbench.export_audit(&folder.0, &mut |advance| out.advance(&advance))?;
    let mut tar = tar::Builder::new(out.bytes());
    // Nobody's account and clock are in it, so that two exports of one log are the same bytes.
    tar.mode(tar::HeaderMode::Deterministic);
    tar.append_dir_all("audit", &folder.0)?;
    tar.into_inner()?.flush()?;
    out.note(&format!(
        "{} and {} are in it; audit/README.md says how to check them",
        counted(made.commits, "commit"),
        counted(made.signatures, "signed decision")
    ));
    Ok(Reply::done(Value::Null, Plain::new()))
}

/// A folder that is gone when it is dropped; the export makes it, for the owner alone.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("pegbox-audit-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left over where even this fails; the system clears its temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
