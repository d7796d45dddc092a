//! `pegbox demo`: a sample store, on screens or told as text.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::runtime::Handle;

use super::{Context, screens};
use crate::cli::args::{DemoArgs, Global};
use crate::cli::exit::{CliError, Exit, Failure};
use crate::cli::output::{Format, Out, Plain, Reply};
use crate::host::caller::Caller;
use crate::workbench::{StoryStep, Workbench, tell_demo_story};

/// Names that are tried for the temporary folder before giving up.
const FOLDER_NAMES_MAX: u32 = 100;

/// Makes the sample store where `--store` says, or in a folder that is gone afterwards.
pub fn demo(
    args: &DemoArgs,
    global: &Global,
    out: &mut Out,
    caller: &mut Caller,
    runtime: &Handle,
) -> Result<Exit, CliError> {
    let temporary = if global.store.is_none() {
        Some(TemporaryFolder::make()?)
    } else {
        None
    };
    let folder = temporary
        .as_ref()
        .map(|folder| folder.0.clone())
        .or_else(|| global.store.clone())
        .unwrap_or_default();
    let context = Context::open(
        &folder,
        global,
        out,
        caller,
        runtime.clone(),
        |folder, clock, runtime, _| Workbench::open_demo(folder, clock, runtime),
    )?;
    if args.headless {
        tell(context)
    } else {
        screens::open(context)
    }
}

/// Tells the story step by step, and ends with an error unless each gave what it should.
fn tell(context: Context<'_>) -> Result<Exit, CliError> {
    let Context { workbench, out, .. } = context;
    let mut steps: Vec<StoryStep> = Vec::new();
    let mut written = Ok(());
    let is_plain = out.format() == Format::Plain;
    let told = tell_demo_story(&workbench, &mut |step| {
        if is_plain && written.is_ok() {
            written = out.text(&step_text(steps.len() + 1, &step));
        }
        steps.push(step);
    });
    written?;
    told?;
    let faults: Vec<&String> = steps.iter().flat_map(|step| &step.faults).collect();
    let failure = (!faults.is_empty()).then(|| Failure {
        exit: Exit::GateNotPassed,
        what: format!("the story did not go as it should: {} faults", faults.len()),
        hint: "report this as a bug of pegbox".into(),
    });
    let told: Vec<_> = steps
        .iter()
        .map(|step| json!({ "title": step.title, "lines": step.lines, "faults": step.faults }))
        .collect();
    let text = if failure.is_none() {
        Plain::of("every step gave what it should")
    } else {
        Plain::new()
    };
    out.reply(&Reply {
        failure,
        ..Reply::done(json!({ "steps": told }), text)
    })
}

fn step_text(number: usize, step: &StoryStep) -> Plain {
    let mut text = Plain::of(format!("{number}. {}", step.title));
    for line in &step.lines {
        text = text.line(format!("   {line}"));
    }
    for fault in &step.faults {
        text = text.line(format!("   WRONG: {fault}"));
    }
    text.blank()
}

/// A folder that is removed with everything in it when the demo ends.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn make() -> Result<Self, CliError> {
        let process = std::process::id();
        let mut last = None;
        for number in 0..FOLDER_NAMES_MAX {
            let folder = std::env::temp_dir().join(format!("pegbox-demo-{process}-{number}"));
            match make_private(&folder) {
                Ok(()) => return Ok(Self(folder)),
                Err(error) => last = Some(error),
            }
        }
        let why = last.map(|error| error.to_string()).unwrap_or_default();
        Err(CliError::invalid(
            format!("no temporary folder could be made: {why}"),
            "name a folder with --store DIR",
        ))
    }
}

/// Makes a folder that only this user can enter; an error where something has that name already.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // What cannot be removed stays in the system's temporary folder, which the system clears.
        let _ = fs::remove_dir_all(&self.0);
    }
}
