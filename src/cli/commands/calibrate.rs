//! `pegbox suite calibrate`: a grader against what people say.

use clap::Args;
use serde_json::json;

use super::Context;
use crate::cli::exit::CliError;
use crate::cli::output::{NO_VALUE, Plain, Reply, Table, or_none};
use crate::domain::calibration::{Agreement, Calibration, CountedRate, Estimated};
use crate::domain::ids::RunId;
use crate::workbench::Calibrate;

/// Disagreements that the text names; JSON has more.
const SHOWN_MAX: usize = 20;

/// What to calibrate, against what.
#[derive(Debug, Args)]
pub struct CalibrateArgs {
    /// `name@v8`, or a name for its newest version
    suite: String,
    /// The grader
    #[arg(long)]
    grader: String,
    /// The run whose answers are compared; where not given, every one with labels of this grader's verdicts
    #[arg(long)]
    run: Option<RunId>,
    /// Only runs over this data: `name@label`, or a name for its newest version
    #[arg(long)]
    dataset: Option<String>,
    /// What the dataset says is right, `expected` or `expected.FIELD`; human labels where not given
    #[arg(long, value_name = "FIELD")]
    truth: Option<String>,
}

/// Compares the grader with people.
pub fn calibrate(context: &Context<'_>, args: CalibrateArgs) -> Result<Reply, CliError> {
    let workbench = &context.workbench;
    let dataset = args
        .dataset
        .as_deref()
        .map(|dataset| workbench.resolve_dataset(dataset))
        .transpose()?;
    let calibration = workbench.calibrate(&Calibrate {
        suite: workbench.resolve_suite(&args.suite)?,
        grader: args.grader,
        run: args.run,
        dataset,
        truth: args.truth,
    })?;
    let text = text(&calibration);
    Ok(Reply::done(json!(calibration), text))
}

fn text(calibration: &Calibration) -> Plain {
    let runs: Vec<String> = calibration.runs.iter().map(ToString::to_string).collect();
    let judges = calibration.judges.join(", ");
    let who = calibration.who();
    let corner = format!("{who} \\ grader");
    let fields = [
        ("suite", Some(calibration.suite.to_string())),
        ("grader", Some(calibration.grader.clone())),
        ("judges", (!judges.is_empty()).then_some(judges)),
        ("truth", Some(calibration.truth.clone())),
        ("runs", Some(runs.join(", "))),
        ("compared", Some(format!("{} answers", calibration.compared))),
        ("agreement", Some(rate(&calibration.verdicts.agreed))),
        ("kappa", Some(estimate(calibration.verdicts.kappa.as_ref()))),
        ("labels", calibration.too_few.clone()),
        (
            "sensitivity",
            Some(format!(
                "{}  of those that {who} passed",
                rate(&calibration.sensitivity)
            )),
        ),
        (
            "specificity",
            Some(format!(
                "{}  of those that {who} failed",
                rate(&calibration.specificity)
            )),
        ),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let mut text = Plain::new().fields(fields).blank();
    text = table(text, &corner, &calibration.verdicts);
    text = pass_rate(text, calibration);
    text = classes_and_scores(text, calibration);
    text = disagreements(text, calibration);
    let warnings = calibration.warnings.iter();
    warnings.fold(text, |text, warning| text.line(format!("careful: {warning}")))
}

fn classes_and_scores(mut text: Plain, calibration: &Calibration) -> Plain {
    if let Some(classes) = &calibration.classes {
        let weighted = classes.weighted_kappa.map(|kappa| format!("{kappa:.3}"));
        text = table(text, &format!("{} \\ judge", calibration.who()), classes)
            .fields([
                ("agreement", rate(&classes.agreed)),
                ("kappa", estimate(classes.kappa.as_ref())),
                ("weighted kappa", or_none(weighted)),
            ])
            .blank();
    }
    let Some(mean) = &calibration.mean_score else {
        return text;
    };
    let answers = mean.labelled + mean.unlabelled;
    text.line("mean score, corrected by labels (prediction-powered inference):")
        .fields([
            ("corrected", estimate(Some(&mean.corrected))),
            ("judged", format!("{:.3} over {answers} answers", mean.judged_mean)),
            (
                "labelled",
                format!("{:.3} over {} answers", mean.labelled_mean, mean.labelled),
            ),
        ])
        .blank()
}

fn pass_rate(text: Plain, calibration: &Calibration) -> Plain {
    let pass_rate = &calibration.pass_rate;
    let mut text = text
        .line("pass rate, corrected by sensitivity and specificity:")
        .fields([
            ("judged", rate(&pass_rate.judged)),
            ("Rogan-Gladen", estimate(pass_rate.rogan_gladen.as_ref())),
            ("Lang-Reiczigel", estimate(pass_rate.lang_reiczigel.as_ref())),
        ]);
    if let Some(too_few) = &calibration.too_few {
        text = text.line(too_few);
    }
    if let Some(fault) = &pass_rate.fault {
        text = text.line(format!("not corrected: {fault}"));
    }
    text.blank()
}

fn table(text: Plain, corner: &str, agreement: &Agreement) -> Plain {
    let table = Table::square(corner, &agreement.classes, &agreement.table);
    text.table(&table, "nothing is compared").blank()
}

fn disagreements(text: Plain, calibration: &Calibration) -> Plain {
    let mut table = Table::new(["outcome", calibration.who(), "grader", "why"]);
    for disagreement in calibration.disagreements.iter().take(SHOWN_MAX) {
        table.row([
            format!("{}/{}", disagreement.run, disagreement.example),
            disagreement.people.clone(),
            disagreement.grader.clone(),
            disagreement.explanation.clone(),
        ]);
    }
    let count = calibration.disagreement_count;
    let text = text.table(&table, "they agree on every answer").blank();
    match calibration.disagreements.len().min(SHOWN_MAX) {
        shown if shown as u64 == count => text,
        shown => text
            .line(format!("{shown} of {count} disagreements are shown; --json has more"))
            .blank(),
    }
}

/// `0.910  182/200  0.862 to 0.942`.
fn rate(rate: &CountedRate) -> String {
    let value = rate.rate.map_or(NO_VALUE.to_owned(), |rate| format!("{rate:.3}"));
    format!(
        "{value}  {}/{}  {:.3} to {:.3}",
        rate.hits, rate.total, rate.lo, rate.hi
    )
}

/// `0.820  se 0.031  0.759 to 0.881`.
fn estimate(estimate: Option<&Estimated>) -> String {
    estimate.map_or(NO_VALUE.to_owned(), |estimate| {
        let se = estimate.se.map_or_else(String::new, |se| format!("  se {se:.3}"));
        format!("{:.3}{se}  {:.3} to {:.3}", estimate.estimate, estimate.lo, estimate.hi)
    })
}
