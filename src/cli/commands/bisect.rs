//! `pegbox bisect`: which version broke a metric or an example.

use clap::Args;
use serde_json::json;

use super::Context;
use super::diff::{diff_document, diff_text};
use super::follow::{self, OnInterrupt};
use super::study::{Spent, StudyArgs, Worked, announce, left_undone, work_on};
use crate::cli::exit::{CliError, Failure};
use crate::cli::output::{Plain, Reply, counted, or_none};
use crate::domain::ids::{ExampleId, RunId, VersionId};
use crate::workbench::{
    Between, BisectStep, Bisection, Candidate, DiffView, Effect, PromptRef, RunScores, Side, Stored, Study, Symptom,
};

/// Two versions of one prompt, and what is good in the first and bad in the second. Stored runs are used again.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("symptom").required(true).args(["metric", "example"])))]
pub struct BisectArgs {
    /// The version that was good
    good: VersionId,
    /// The version that is bad
    bad: VersionId,
    /// The metric that fell: a version is bad where it is lower than in the good one beyond what chance explains
    #[arg(long)]
    metric: Option<String>,
    /// A version is bad where the metric is below this
    #[arg(long, value_name = "VALUE", requires = "metric")]
    below: Option<f64>,
    /// The example that broke; only it is asked where no run has it
    #[arg(long, value_name = "EXAMPLE")]
    example: Option<ExampleId>,
    #[command(flatten)]
    pub study: StudyArgs,
}

/// A bisection on its way.
struct Search<'a, 'b> {
    context: &'a mut Context<'b>,
    study: Study,
    symptom: Symptom,
    spent: Spent,
    /// The run that an example is picked in, where none is stored.
    picked_in: Option<RunId>,
    steps: Vec<BisectStep>,
}

/// Looks at both ends, then halves what lies between.
pub fn bisect(context: &mut Context<'_>, args: BisectArgs) -> Result<Reply, CliError> {
    let symptom = match (args.metric, args.example) {
        (Some(name), _) => Symptom::Metric {
            name,
            below: args.below,
        },
        (None, Some(example)) => Symptom::Example(example),
        (None, None) => return Err(CliError::invalid("nothing to look for", "name --metric or --example")),
    };
    let between = context.workbench.versions_between(&args.good, &args.bad)?;
    let study = args.study.study(context)?;
    context.workbench.check_symptom(&study, &symptom)?;
    if args.study.dry_run {
        let tested = between.versions.iter().cloned().map(Candidate::Version).collect();
        let runs = context.workbench.stored_runs(&study, tested)?;
        if let Some(reply) = announce(context, &study, &runs, true)? {
            return Ok(reply);
        }
    }
    context.out.note(&format!(
        "{} from {} to {}, {}",
        counted(between.versions.len() as u64, "version"),
        args.good,
        args.bad,
        between.order
    ));
    let mut search = Search {
        context,
        study,
        symptom,
        spent: Spent::default(),
        picked_in: None,
        steps: Vec::new(),
    };
    match search.look(&between)? {
        Ok(found) => search.reply(&between, &found),
        Err(failure) => {
            let mut reply = Reply::done(json!({ "steps": search.steps }), steps_text(&search.steps));
            (reply.exit, reply.failure) = (failure.exit, Some(failure));
            Ok(reply)
        }
    }
}

/// What a bisection found.
enum Found {
    /// The good end is not good, or the bad one not bad: there is no break between them that can be told from noise.
    NoBreak {
        why: String,
        /// What to do.
        hint: String,
    },
    /// The version that broke it, and the one before.
    Culprit {
        before: VersionId,
        culprit: VersionId,
        step: Option<Effect>,
    },
    /// Somewhere between these.
    CannotTell {
        after: VersionId,
        until: VersionId,
        at: VersionId,
    },
}

impl Search<'_, '_> {
    fn look(&mut self, between: &Between) -> Result<Result<Found, Failure>, CliError> {
        let versions = &between.versions;
        let (Some(good), Some(bad)) = (versions.first(), versions.last()) else {
            return Err(CliError::invalid("no version between", "name two versions"));
        };
        // The bad one first: it has the example for sure, and the good one may be long gone by.
        let bad_run = match self.run_of(bad)? {
            Worked::Finished(run) => run,
            Worked::Stopped(failure) => return Ok(Err(failure)),
        };
        let good_run = match self.run_of(good)? {
            Worked::Finished(run) => run,
            Worked::Stopped(failure) => return Ok(Err(failure)),
        };
        let workbench = std::sync::Arc::clone(&self.context.workbench);
        let ends = (workbench.scores_of(good_run)?, workbench.scores_of(bad_run)?);
        let good_side = self.step(good, good_run, &ends)?.side;
        let bad_side = self.step(bad, bad_run, &ends)?.side;
        if let Some((why, hint)) = self.no_break((good, good_side), (bad, bad_side)) {
            return Ok(Ok(Found::NoBreak { why, hint }));
        }
        let Some(mut bisection) = Bisection::new(versions.len()) else {
            let why = "there is only one version".into();
            let hint = "name two versions".into();
            return Ok(Ok(Found::NoBreak { why, hint }));
        };
        while let Some(version) = bisection.next().and_then(|at| versions.get(at)) {
            let run = match self.run_of(version)? {
                Worked::Finished(run) => run,
                Worked::Stopped(failure) => return Ok(Err(failure)),
            };
            let side = self.step(version, run, &ends)?.side;
            let at = bisection.next().unwrap_or_default();
            if !bisection.take(at, side) {
                let (after, until) = bisection.left();
                let id = |at: usize| versions.get(at).cloned().unwrap_or_else(|| version.clone());
                return Ok(Ok(Found::CannotTell {
                    after: id(after),
                    until: id(until),
                    at: version.clone(),
                }));
            }
        }
        let (before, culprit) = bisection.left();
        let id = |at: usize| versions.get(at).cloned().unwrap_or_else(|| bad.clone());
        let step = self.last_step(&id(before), &id(culprit))?;
        Ok(Ok(Found::Culprit {
            before: id(before),
            culprit: id(culprit),
            step,
        }))
    }

    /// The ends must differ as they are said to: why they do not, and what to do.
    fn no_break(
        &self,
        (good, on_good): (&VersionId, Side),
        (bad, on_bad): (&VersionId, Side),
    ) -> Option<(String, String)> {
        let (fails, passes) = match &self.symptom {
            Symptom::Example(example) => (format!("fails {example}"), format!("passes {example}")),
            Symptom::Metric { name, .. } => (format!("has {name} that low"), format!("has {name} no lower")),
        };
        let said = match (on_good, on_bad) {
            (Side::Good, Side::Bad) => return None,
            (Side::Bad, _) => (
                format!("{good} {fails} already"),
                "name an older version as the good one: it broke before, or never worked".into(),
            ),
            (_, Side::Good) => (
                format!("{bad} {passes}"),
                match self.symptom {
                    Symptom::Example(_) => format!(
                        "name a version that fails it: pegbox run failures RUN lists the failures of a run of {bad}"
                    ),
                    Symptom::Metric { .. } => "name a version in which it is lower, or a higher --below".into(),
                },
            ),
            _ if self.is_relative() => (
                format!("at {bad} the metric is not lower beyond what chance explains"),
                self.more(),
            ),
            _ => (format!("an end {fails} now and then only"), self.more()),
        };
        Some(said)
    }

    /// What tells noise from a break.
    fn more(&self) -> String {
        let repeats = self.study.settings.repeats;
        let more = repeats.saturating_mul(5).max(10);
        match self.symptom {
            Symptom::Example(_) => format!(
                "ask it more often: --repeats {more} instead of {repeats}, so that passing half the time shows; \
                 what fails now and then in every version was broken by none"
            ),
            Symptom::Metric { .. } => {
                format!("ask each example more often with --repeats {more}, or use a larger dataset")
            }
        }
    }

    /// Whether versions are judged by the good one, which then is good by itself.
    fn is_relative(&self) -> bool {
        matches!(self.symptom, Symptom::Metric { below: None, .. })
    }

    /// How the metric moved from the last good version to the first bad one.
    fn last_step(&self, before: &VersionId, culprit: &VersionId) -> Result<Option<Effect>, CliError> {
        let Symptom::Metric { name, .. } = &self.symptom else {
            return Ok(None);
        };
        let run = |version: &VersionId| {
            self.steps
                .iter()
                .find(|step| &step.version == version)
                .map(|step| step.run)
        };
        let (Some(one), Some(other)) = (run(before), run(culprit)) else {
            return Ok(None);
        };
        Ok(self.context.workbench.metric_effect(one, other, name)?)
    }

    fn step(&mut self, version: &VersionId, run: RunId, ends: &(RunScores, RunScores)) -> Result<BisectStep, CliError> {
        let ends = (&ends.0, &ends.1);
        let workbench = &self.context.workbench;
        let mut step = workbench.bisect_step(&self.symptom, version, run, Some(ends))?;
        if self.steps.is_empty() && self.is_relative() {
            step.side = Side::Good;
        }
        self.context.out.note(&step_text(&step));
        self.steps.push(step.clone());
        Ok(step)
    }

    /// The run that says what a version came to; runs what is missing.
    fn run_of(&mut self, version: &VersionId) -> Result<Worked, CliError> {
        let stored = self.context.workbench.stored_for(&self.study, &self.symptom, version)?;
        let tested = Candidate::Version(version.clone());
        let worked = match (&self.symptom, stored, self.picked_in) {
            (Symptom::Example(example), Stored::Missing, Some(of)) => {
                let selection = self.context.workbench.example_selection(of, example)?;
                let actor = self.context.actor.clone();
                let run = self
                    .context
                    .workbench
                    .begin_example(&actor, &self.study, &tested, selection)?;
                self.context.out.note(&format!("{run} asks {example} of {version}"));
                let (detail, _) = follow::wait(self.context, run, OnInterrupt::Park)?;
                if self.context.workbench.has_outcomes_of(run, example)? {
                    Worked::Finished(run)
                } else {
                    Worked::Stopped(left_undone(
                        &self.context.workbench.subject_of(&tested)?.label(),
                        &detail,
                    ))
                }
            }
            _ => work_on(self.context, &self.study, &tested, stored, &mut self.spent)?,
        };
        if let Worked::Finished(run) = &worked {
            self.picked_in = self.picked_in.or(Some(*run));
        }
        Ok(worked)
    }

    fn reply(self, between: &Between, found: &Found) -> Result<Reply, CliError> {
        let text = steps_text(&self.steps).blank();
        let more = self.more();
        let (verdict, diff, document) = match found {
            Found::NoBreak { why, hint } => (
                format!("cannot tell: {why}; {hint}"),
                None,
                json!({ "verdict": "cannot_tell", "why": why, "hint": hint }),
            ),
            Found::CannotTell { after, until, at } => (
                format!("cannot tell: it broke after {after} and until {until}, but {at} is within noise; {more}"),
                None,
                json!({ "verdict": "cannot_tell", "after": after, "until": until, "at": at }),
            ),
            Found::Culprit { before, culprit, step } => {
                let diff = self.context.workbench.diff(
                    &PromptRef::Version(before.clone()),
                    &PromptRef::Version(culprit.clone()),
                )?;
                (
                    culprit_text(before, culprit, step.as_ref()),
                    Some(diff),
                    json!({ "verdict": "found", "before": before, "culprit": culprit, "step": step }),
                )
            }
        };
        let text = text.line(verdict);
        let text = match &diff {
            Some(view) => diff_text(text.blank(), view),
            None => text,
        };
        let document = json!({
            "versions": between.versions,
            "order": between.order,
            "steps": self.steps,
            "result": document,
            "diff": diff.as_ref().map(|view: &DiffView| diff_document(view)),
        });
        Ok(Reply::done(document, text))
    }
}

fn culprit_text(before: &VersionId, culprit: &VersionId, step: Option<&Effect>) -> String {
    let Some(step) = step else {
        return format!("{culprit} broke it; {before} was good");
    };
    let numbers = format!(
        "{} (95 % {}, p {})",
        step.moved_text(),
        step.interval_text(),
        step.p_text()
    );
    if step.is_sure() {
        format!("{culprit} broke it: {numbers} from {before}")
    } else {
        format!(
            "{culprit} is the first that is bad, but its own step from {before} may be chance: {numbers}; the versions \
             before it may have a part in it"
        )
    }
}

fn step_text(step: &BisectStep) -> String {
    let from_good = step.from_good.filter(|effect| effect.gain().abs() > 0.0).map(|effect| {
        format!(
            ", {} from the good one (95 % {})",
            effect.moved_text(),
            effect.interval_text()
        )
    });
    format!(
        "{} {}: {} ({}{})",
        step.version,
        step.side.as_str(),
        or_none(step.value.map(|value| step.unit.text(value))),
        step.run,
        from_good.unwrap_or_default()
    )
}

fn steps_text(steps: &[BisectStep]) -> Plain {
    steps.iter().fold(Plain::new(), |text, step| text.line(step_text(step)))
}
