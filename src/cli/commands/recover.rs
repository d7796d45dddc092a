//! A store that does not open: what is wrong with it, and going on without what it has lost.

use std::path::Path;

use clap::Args;
use serde_json::json;
use tokio::runtime::Handle;

use super::{door, store};
use crate::cli::args::Global;
use crate::cli::exit::{CliError, Exit, Failure};
use crate::cli::output::{Out, Plain, Reply};
use crate::host::caller::Caller;
use crate::workbench::{Inspection, Workbench, WorkbenchError};

/// Who accepts a loss, and why.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// Go on without what store verify says is lost: it cannot be brought back later
    #[arg(long, required = true)]
    accept_loss: bool,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Keeps what reads of a store, and sets the rest aside.
pub(super) fn recover(
    args: &RecoverArgs,
    folder: &Path,
    global: &Global,
    out: &mut Out,
    caller: &Caller,
    runtime: &Handle,
) -> Result<Reply, CliError> {
    let clock = crate::host::clock::system();
    let mut watch = |advance| out.advance(&advance);
    let (workbench, loss) = Workbench::open_accepting_loss(folder, clock, runtime.clone(), &mut watch)?;
    let (workbench, known) = door(&workbench, global, caller)?;
    workbench.accept_loss(&known.actor, &loss, &args.reason)?;
    let aside = folder.join(&loss.folder);
    let lost = loss.known.saturating_sub(loss.kept);
    let text = Plain::of(format!("commits 1 to {} are kept, and the store opens", loss.kept));
    let text = match lost {
        0 => text.line("no commit is known to be lost"),
        _ => text.line(loss.lost_commits()),
    };
    let text = text
        .line(format!("{} bytes that followed are in {}", loss.bytes, aside.display()))
        .line(format!("the audit log says that {} accepts it", known.actor));
    let document = json!({
        "store": folder.display().to_string(),
        "why": loss.why,
        "kept_commits": loss.kept,
        "lost_commits": lost,
        "set_aside_bytes": loss.bytes,
        "set_aside": aside.display().to_string(),
    });
    Ok(Reply::done(document, text))
}

/// What is wrong with a store that does not open; the error itself where it is not for damage.
pub(super) fn inspected(folder: &Path, error: CliError) -> Result<Reply, CliError> {
    let CliError::Workbench(why) = &error else {
        return Err(error);
    };
    let Some(inspection) = Workbench::inspect(folder, why) else {
        return Err(error);
    };
    Ok(reply(&inspection?, why))
}

fn reply(inspection: &Inspection, why: &WorkbenchError) -> Reply {
    let Inspection { report, sound } = inspection;
    let mut text = Plain::of(format!(
        "{} segments, {} commits and {} frames read; the store does not open, so its index and its records were not \
         checked",
        report.segments, report.commits, report.frames
    ));
    let mut findings = Vec::new();
    for (line, finding) in store::engine_findings(report) {
        text = text.line(line);
        findings.push(finding);
    }
    let text = text.line(match sound {
        0 => "no commit is sound up to the first of these".to_owned(),
        sound => format!("commits 1 to {sound} are sound"),
    });
    let document = json!({
        "sound": false,
        "segments": report.segments,
        "commits": report.commits,
        "frames": report.frames,
        "sound_commits": sound,
        "findings": findings,
    });
    let hint = match sound {
        0 => "restore a backup with pegbox store restore".to_owned(),
        sound => format!(
            "restore a backup with pegbox store restore; without one, \
             pegbox store recover --accept-loss --reason WHY keeps commits 1 to {sound}, and sets the rest aside"
        ),
    };
    Reply {
        failure: Some(Failure {
            exit: Exit::Store,
            what: why.to_string(),
            hint,
        }),
        ..Reply::done(document, text)
    }
}
