//! `pegbox suite`: graders, metrics and thresholds.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::calibrate::{CalibrateArgs, calibrate};
use super::{Context, flaky, power};
use crate::cli::exit::CliError;
use crate::cli::input::read_text;
use crate::cli::output::{Plain, Reply, Table, counted};
use crate::domain::ids::{ExampleId, RunId};
use crate::workbench::{PlannedOver, SourceText};

/// What to do with suites.
#[derive(Debug, Subcommand)]
pub enum SuiteCommand {
    /// Make a suite version of a suite file
    Import {
        /// The file, .toml, .yaml or .json; - reads standard input
        file: PathBuf,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// List the suite versions
    List,
    /// Show a suite version as a suite file
    Show {
        /// `name@v8`, or a name for its newest version
        suite: String,
    },
    /// Compare a grader with what people say of the same answers, and correct its pass rate by that
    Calibrate(CalibrateArgs),
    /// Say what each threshold takes with a number of examples: misses allowed, proof, and how often it errs
    Power {
        /// `name@v8`, or a name for its newest version
        suite: String,
        /// How many examples, or positives of a recall; of a rule over a slice those in the slice
        #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
        #[arg(required_unless_present_any = ["dataset", "run"], conflicts_with_all = ["dataset", "run"])]
        examples: Option<u64>,
        /// Count the examples of each rule in a dataset instead: `name@label`, or a name for its newest version
        #[arg(long, value_name = "DATASET", conflicts_with = "run")]
        dataset: Option<String>,
        /// Take the examples of this finished run's dataset, and its rates and spread for those of the version to come
        #[arg(long, value_name = "RUN")]
        run: Option<RunId>,
        /// Share of examples of which two versions differ, which rules against the base need [default: that of the run
        /// and its base, else 0.05]
        #[arg(long, value_name = "SHARE")]
        differing: Option<f64>,
    },
    /// List the quarantined examples of a suite, and the decisions about them
    Quarantined {
        /// The suite's name, or `name@v8`: what is quarantined holds for every version
        suite: String,
    },
    /// Let a quarantined example count again in the suite's gates
    Lift {
        /// The suite's name, or `name@v8`
        suite: String,
        /// The example
        example: ExampleId,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// Carries the command out.
pub fn carry_out(command: SuiteCommand, context: &mut Context<'_>) -> Result<Reply, CliError> {
    match command {
        SuiteCommand::Import { file, reason } => {
            let source = read_text(&file, context.caller)?;
            let source = SourceText::of_file(&file, &source);
            let suite = context.workbench.import_suite(&context.actor, source, &reason)?;
            let text = Plain::of(format!(
                "{} has {}, {}, {}",
                suite.id,
                counted(suite.content.graders.len() as u64, "grader"),
                counted(suite.content.metrics.len() as u64, "metric"),
                counted(suite.content.thresholds.len() as u64, "threshold")
            ));
            Ok(Reply::done(json!(suite), text))
        }
        SuiteCommand::List => list(context),
        SuiteCommand::Calibrate(args) => calibrate(context, args),
        SuiteCommand::Quarantined { suite } => {
            flaky::quarantined(context, &context.workbench.resolve_suite_name(&suite)?)
        }
        SuiteCommand::Lift { suite, example, reason } => {
            let suite = context.workbench.resolve_suite_name(&suite)?;
            flaky::lift(context, &suite, &example, &reason)
        }
        SuiteCommand::Power {
            suite,
            examples,
            dataset,
            run,
            differing,
        } => {
            let over = match (dataset, run) {
                (Some(dataset), _) => PlannedOver::Dataset(context.workbench.resolve_dataset(&dataset)?),
                (None, Some(run)) => PlannedOver::Run(run),
                (None, None) => PlannedOver::Examples(examples.unwrap_or_default()),
            };
            power::show(context, &suite, &over, differing)
        }
        SuiteCommand::Show { suite } => {
            let id = context.workbench.resolve_suite(&suite)?;
            let suite = context.workbench.suite(&id)?;
            let judges = suite.content.judges().into_iter();
            let judges = judges.map(|judge| ("judge", format!("{} ({})", judge.version, judge.content_hash.short())));
            let text = Plain::new()
                .fields([
                    ("suite", suite.id.to_string()),
                    ("content", suite.content_hash.to_string()),
                    ("by", format!("{} at {}", suite.author, suite.created_at)),
                    ("why", suite.reason.to_string()),
                ])
                .fields(judges)
                .blank()
                .block(&context.workbench.suite_source(&id)?);
            Ok(Reply::done(json!(suite), text))
        }
    }
}

fn list(context: &Context<'_>) -> Result<Reply, CliError> {
    let suites = context.workbench.suites()?;
    let mut table = Table::new(["suite", "graders", "thresholds", "policy", "content", "by", "at", "why"]);
    for suite in &suites {
        table.row([
            suite.id.to_string(),
            suite.content.graders.len().to_string(),
            suite.content.thresholds.len().to_string(),
            suite.content.policy.as_str().to_owned(),
            suite.content_hash.short(),
            suite.author.to_string(),
            suite.created_at.to_string(),
            suite.reason.to_string(),
        ]);
    }
    let text = Plain::new().table(&table, "no suite yet: make one with pegbox suite import FILE");
    Ok(Reply::done(json!({ "suites": suites }), text))
}
