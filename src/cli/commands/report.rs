//! `pegbox run report`: a run for whoever has no pegbox at hand.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::Context;
use crate::cli::exit::CliError;
use crate::cli::output::{Plain, Reply};
use crate::domain::ids::RunId;

/// Which report, and where to.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The run
    run: RunId,
    /// Markdown or one HTML file; what the file's name says, else Markdown
    #[arg(long)]
    format: Option<ReportFormat>,
    /// Write it into this new file instead of printing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The run to compare with, instead of the newest finished one of the base
    #[arg(long, value_name = "RUN")]
    compare: Option<RunId>,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// Markdown
    Md,
    /// One HTML file, without scripts and without anything from elsewhere
    Html,
}

impl ReportFormat {
    fn of(path: &Path) -> Self {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending.to_lowercase().as_str() {
            "html" | "htm" => Self::Html,
            _ => Self::Md,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Md => "md",
            Self::Html => "html",
        }
    }
}

/// The way that works from everywhere.
const ELSEWHERE: &str = "leave --out out: ssh HOST run report RUN > FILE, with --format html for a page";

/// Prints or writes the report.
pub fn report(context: &Context<'_>, args: &ReportArgs) -> Result<Reply, CliError> {
    let page = context.workbench.run_report(args.run, args.compare)?;
    let of_name = args.out.as_deref().map_or(ReportFormat::Md, ReportFormat::of);
    let format = args.format.unwrap_or(of_name);
    let text = match format {
        ReportFormat::Md => page.markdown(),
        ReportFormat::Html => page.html(),
    };
    let run = args.run;
    let Some(file) = &args.out else {
        let document = json!({ "run": run, "format": format.as_str(), "report": text });
        return Ok(Reply::done(document, Plain::new().block(text.trim_end())));
    };
    write_new(&context.caller.files.locate_or(file, ELSEWHERE)?, &text)?;
    let shown = file.display().to_string();
    let said = Plain::of(format!("the report of {run} is in {shown}"));
    let document = json!({ "run": run, "format": format.as_str(), "file": shown, "bytes": text.len() });
    Ok(Reply::done(document, said))
}

/// Writes a file that is not there yet: a report is what somebody decides on, so none is written over.
fn write_new(file: &Path, text: &str) -> Result<(), CliError> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .and_then(|mut opened| opened.write_all(text.as_bytes()));
    written.map_err(|error| {
        CliError::invalid(
            format!("{} cannot be written: {error}", file.display()),
            "name a file that is not there yet, in a folder where you may write",
        )
    })
}
