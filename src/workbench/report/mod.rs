//! A report of one run for whoever has no pegbox at hand: what was tested, who answered, the verdict with its counts,
//! what failed and why, and how to check all of it. The same records give the same report, byte for byte.

mod failing;
mod html;
mod markdown;
mod measures;
mod page;
#[cfg(test)]
mod tests;

pub use page::{Block, Cell, Page};

use super::{RunDetail, Workbench, WorkbenchError, found};
use crate::domain::ids::RunId;
use crate::domain::outcome::Outcome;
use crate::domain::run::{AnswerSource, Run, RunState, RunTotals};

/// Examples of a list of ids.
const IDS_MAX: usize = 30;

/// What one pass over the outcomes gives.
#[derive(Debug, Default)]
struct Seen {
    /// Examples of which some repeats pass and some fail, with how many pass of how many.
    flaky: Vec<(String, u64, u64)>,
    /// The example whose repeats are being counted.
    current: Option<(String, u64, u64)>,
}

impl Seen {
    fn push(&mut self, outcome: &Outcome) {
        let example = outcome.example.to_string();
        if self.current.as_ref().is_none_or(|(known, ..)| *known != example) {
            self.settle();
            self.current = Some((example, 0, 0));
        }
        if let Some((_, passed, count)) = &mut self.current {
            *passed += u64::from(outcome.passed());
            *count += 1;
        }
    }

    fn settle(&mut self) {
        if let Some((example, passed, count)) = self.current.take()
            && passed > 0
            && passed < count
        {
            self.flaky.push((example, passed, count));
        }
    }
}

impl Workbench {
    /// The report of a run, compared with another run, or with its base's newest one.
    ///
    /// # Errors
    ///
    /// No such run, or the runs share no example.
    pub fn run_report(&self, id: RunId, compare: Option<RunId>) -> Result<Page, WorkbenchError> {
        let detail = self.run_detail(id)?;
        let mut seen = Seen::default();
        self.store.each_outcome(id, |outcome| -> Result<(), WorkbenchError> {
            seen.push(outcome);
            Ok(())
        })?;
        seen.settle();
        let mut page = Page {
            title: format!("{id}: {} on {}", detail.run.subject.label(), detail.run.dataset),
            blocks: Vec::new(),
        };
        notices(&mut page, &detail);
        what_was_tested(&mut page, &detail);
        measures::verdict(&mut page, detail.end.as_ref(), &detail.units);
        let suite = self.suite(&detail.run.suite)?.content;
        let results = detail.end.as_ref().map_or(&detail.progress.results, |end| &end.results);
        measures::metrics(&mut page, results, &suite);
        measures::confusions(&mut page, detail.end.as_ref());
        self.failures_chapter(&mut page, &detail)?;
        self.labels_chapter(&mut page, id)?;
        failing::flaky(&mut page, &detail.run, &seen.flaky);
        let comparison = match compare {
            Some(base) => Some(self.compare_runs(found(self.store.run(base)?, "run", &base)?.id, id)?),
            None => self.compare_with_base(&detail.run)?,
        };
        failing::comparison(&mut page, comparison.as_ref());
        cost_and_latency(&mut page, &detail);
        how_to_verify(&mut page, &detail);
        Ok(page)
    }
}

/// What must be read before any number.
fn notices(page: &mut Page, detail: &RunDetail) {
    let notice = |page: &mut Page, text: String| page.push(Block::Notice(text));
    match detail.run.answers {
        AnswerSource::Model => {}
        AnswerSource::Simulated => notice(
            page,
            "The simulated model answered: these numbers show how the workbench works, and say nothing of any model."
                .into(),
        ),
        AnswerSource::Replayed => notice(
            page,
            "A cassette answered: replies to an earlier run, played back. No model was asked.".into(),
        ),
    }
    match detail.progress.state {
        RunState::Finished => {}
        state => notice(
            page,
            format!(
                "The run is {}: {} of {} outcomes are there.",
                state.as_str(),
                detail.progress.totals.saved,
                detail.run.outcome_count()
            ),
        ),
    }
    if let Some(selection) = &detail.run.selection {
        let text = format!(
            "It asked only {} examples that were picked in {}: it is no evidence for a release.",
            detail.run.example_count, selection.of
        );
        notice(page, text);
    }
    for sentence in detail.warnings() {
        notice(page, format!("Careful: {sentence}."));
    }
}

fn what_was_tested(page: &mut Page, detail: &RunDetail) {
    page.chapter("What was tested");
    let run = &detail.run;
    let none = || "none".to_owned();
    let resolved = detail.end.as_ref().map(|end| end.resolved_models.join(", "));
    let mut facts = vec![
        ("run", run.id.to_string()),
        ("subject", run.subject.label()),
        ("content hash", run.subject.content_hash().to_string()),
        ("base", run.base.as_ref().map_or_else(none, ToString::to_string)),
        ("environment", run.environment.as_str().to_owned()),
        ("dataset", format!("{}, {}", run.dataset, run.extent_text())),
        ("dataset hash", run.dataset_hash.to_string()),
        ("suite", run.suite.to_string()),
        ("suite hash", run.suite_hash.to_string()),
        ("model asked for", detail.tested.models_text()),
        ("answers", format!("from {}", run.answers.as_str())),
        (
            "models that answered",
            resolved.filter(|text| !text.is_empty()).unwrap_or_else(none),
        ),
        ("repeats", run.settings.repeats.to_string()),
        ("started", format!("{} by {}", run.started_at, run.started_by)),
        (
            "ended",
            detail.end.as_ref().map_or_else(none, |end| end.ended_at.to_string()),
        ),
        ("state", detail.progress.state.as_str().to_owned()),
    ];
    facts.extend(context_facts(run));
    page.push(Block::Facts(facts));
}

fn context_facts(run: &Run) -> Vec<(&'static str, String)> {
    let context = &run.context;
    let one = |value: &Option<String>| value.clone();
    let many = |values: &[String]| (!values.is_empty()).then(|| values.join(", "));
    let facts = [
        ("retrieval index", one(&context.retrieval_index)),
        ("documents", many(&context.documents)),
        ("tools", many(&context.tools)),
        ("agent state", one(&context.agent_state)),
        ("memory", one(&context.memory)),
        ("feature flags", many(&context.feature_flags)),
        ("code revision", one(&context.code_revision)),
    ];
    facts
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

fn cost_and_latency(page: &mut Page, detail: &RunDetail) {
    page.chapter("Cost and latency");
    let totals = &detail.progress.totals;
    let mut facts = vec![
        ("cost", cost_text(totals)),
        ("tokens", totals.tokens_text()),
        ("tries after a failed one", totals.retried.to_string()),
        (
            "answers of other runs",
            detail.caveats.reused_text().unwrap_or_else(|| "0".into()),
        ),
    ];
    let names = ["latency p50", "latency p95", "latency p99"];
    let latency = |at: usize| {
        let latencies = detail.progress.latencies;
        latencies.and_then(|latencies| latencies.percentiles_ms.get(at).copied())
    };
    for (at, name) in names.into_iter().enumerate() {
        let text = latency(at).map_or_else(|| "no answer".to_owned(), |ms| format!("{ms} ms"));
        facts.push((name, text));
    }
    let files: Vec<String> = detail.run.prices.iter().map(ToString::to_string).collect();
    if !files.is_empty() {
        facts.push(("prices", files.join(", else ")));
    }
    page.push(Block::Facts(facts));
}

fn cost_text(totals: &RunTotals) -> String {
    match totals.cost_unknown {
        0 => totals.cost.to_string(),
        unknown if unknown >= totals.saved => "unknown".into(),
        unknown => format!("{}, and {unknown} answers of unknown cost", totals.cost),
    }
}

fn how_to_verify(page: &mut Page, detail: &RunDetail) {
    page.chapter("How to verify");
    let run = detail.run.id;
    if let Some(end) = &detail.end {
        page.push(Block::Facts(vec![("outcomes hash", end.outcomes_hash.to_string())]));
    }
    page.paragraph(
        "Hashes are SHA-256 over canonical JSON (RFC 8785) of the content. In the store that the run is in, these \
         commands check every record, show what the run rests on, and ask a sample of it again:",
    );
    page.push(Block::Command(format!(
        "pegbox store verify\npegbox lineage {run}\npegbox run reproduce {run}"
    )));
}

/// The first ids, and how many more there are.
fn ids_text<T: std::fmt::Display>(ids: &[T], count: u64) -> String {
    let shown: Vec<String> = ids.iter().take(IDS_MAX).map(ToString::to_string).collect();
    match count.saturating_sub(shown.len() as u64) {
        0 if shown.is_empty() => "none".into(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
