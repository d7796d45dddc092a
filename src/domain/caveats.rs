//! What weakens a run's results, and whether they can still carry a release.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::alias::{Alias, Stale};
use super::ids::{RunId, VersionId};
use super::run::{AnswerSource, Run, RunTotals, Subject};
use super::time::Timestamp;

/// Sources of reused answers that are named; of more, only how many there are.
const SOURCES_NAMED_MAX: usize = 3;

/// What to know of a run's results besides the numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Caveats {
    /// The models that answered, or that judged, and that their names do not stand for now. Those of what is tested
    /// come first.
    pub stale: Vec<Stale>,
    /// Outcomes of which an answer was taken from another run.
    pub reused: u64,
    /// Answers of a chain's steps that were taken from other runs.
    pub reused_steps: u64,
    /// Judgements that were taken from other runs.
    pub reused_judgements: u64,
    /// Those runs, newest first.
    pub reused_from: Vec<RunId>,
}

impl Caveats {
    /// The same with how much a run took from others.
    #[must_use]
    pub fn counting(self, totals: &RunTotals) -> Self {
        Self {
            reused: totals.reused,
            reused_steps: totals.reused_steps,
            reused_judgements: totals.judging.reused,
            ..self
        }
    }

    /// How much was taken from other runs: `12 reused`, `36 steps of 12 reused`, `12 and 24 judgements reused`.
    pub fn reused_counts(&self) -> Option<String> {
        let answers = match (self.reused, self.reused_steps) {
            (0, _) => None,
            (outcomes, 0) => Some(outcomes.to_string()),
            (outcomes, 1) => Some(format!("1 step of {outcomes}")),
            (outcomes, steps) => Some(format!("{steps} steps of {outcomes}")),
        };
        let judgements = match self.reused_judgements {
            0 => None,
            1 => Some("1 judgement".to_owned()),
            judgements => Some(format!("{judgements} judgements")),
        };
        let counts: Vec<String> = answers.into_iter().chain(judgements).collect();
        (!counts.is_empty()).then(|| format!("{} reused", counts.join(" and ")))
    }

    /// `12 reused from run_3`, where there are any.
    pub fn reused_text(&self) -> Option<String> {
        let named: Vec<String> = self
            .reused_from
            .iter()
            .take(SOURCES_NAMED_MAX)
            .map(ToString::to_string)
            .collect();
        let more = self.reused_from.len().saturating_sub(named.len());
        let from = match (named.is_empty(), more) {
            (true, _) => "earlier runs".to_owned(),
            (false, 0) => named.join(", "),
            (false, more) => format!("{} and {more} more", named.join(", ")),
        };
        Some(format!("{} from {from}", self.reused_counts()?))
    }

    /// `stale: answered by …`, for each model that is.
    pub fn stale_texts(&self) -> impl Iterator<Item = String> {
        self.stale.iter().map(|stale| format!("stale: {stale}"))
    }

    /// What rests on older models of one name.
    pub fn stale_of<'a>(&'a self, alias: &'a Alias) -> impl Iterator<Item = &'a Stale> {
        self.stale.iter().filter(move |stale| &stale.now.alias == alias)
    }

    /// Each in a sentence, to be read before the numbers.
    pub fn sentences(&self) -> Vec<String> {
        self.stale_texts().chain(self.reused_text()).collect()
    }

    /// Why the results of `run` are no evidence for a release, whatever they say. Each has the same way out, which
    /// always exists: a run of the whole dataset that asks the model afresh. Where a name goes on changing what it
    /// stands for, a version that names the model itself gets evidence that lasts.
    pub fn faults(&self, run: &Run) -> Vec<String> {
        let mut faults = Vec::new();
        if run.answers == AnswerSource::Replayed {
            faults.push("a cassette answered, not a model".to_owned());
        }
        if let Subject::Variant { of, .. } = &run.subject {
            faults.push(format!(
                "it tested a variant of {of} that nobody committed: make it a version, and run that"
            ));
        }
        if let Some(selection) = &run.selection {
            faults.push(format!(
                "it asked only {} examples that were picked in {}",
                run.example_count, selection.of
            ));
        }
        if let Some(reused) = self.reused_text() {
            faults.push(format!(
                "{reused}: answers that count for a release are fresh, start it without --reuse"
            ));
        }
        let stale = self.stale_texts();
        faults
            .extend(stale.map(|stale| format!("{stale}; run it again, or name the model itself instead of an alias")));
        faults
    }
}

/// What of a run has a newer version since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pinned {
    /// Its dataset.
    Dataset,
    /// Its suite, and with it the judges that the suite names.
    Suite,
    /// The chain that it tested.
    Chain,
}

/// That a run rests on a version that another one followed, with other content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overtaken {
    /// What it is.
    pub what: Pinned,
    /// The version that the run rests on.
    pub version: String,
    /// The newest one.
    pub newest: String,
    /// Since when there is the newest one.
    pub since: Timestamp,
    /// The judges of a suite's newest version, where they are others.
    pub judges: Vec<VersionId>,
}

impl fmt::Display for Overtaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            Pinned::Dataset => "dataset",
            Pinned::Suite => "suite",
            Pinned::Chain => "chain",
        };
        write!(
            f,
            "the {what} changed since: {} follows {} since {}",
            self.newest, self.version, self.since
        )?;
        if self.judges.is_empty() {
            return Ok(());
        }
        let judges: Vec<String> = self.judges.iter().map(ToString::to_string).collect();
        write!(f, ", with other judges ({})", judges.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_sources_are_named_and_many_counted() {
        let caveats = |runs: &[u32]| Caveats {
            reused: 12,
            reused_from: runs.iter().copied().map(RunId).collect(),
            ..Caveats::default()
        };
        for (runs, text) in [
            (&[3][..], "12 reused from run_3"),
            (&[5, 3], "12 reused from run_5, run_3"),
            (&[9, 8, 7, 2, 1], "12 reused from run_9, run_8, run_7 and 2 more"),
            (&[], "12 reused from earlier runs"),
        ] {
            assert_eq!(caveats(runs).reused_text().as_deref(), Some(text));
        }
        assert_eq!(Caveats::default().reused_text(), None);
        for ((reused, reused_steps, reused_judgements), text) in [
            ((12, 0, 24), "12 and 24 judgements reused"),
            ((0, 0, 1), "1 judgement reused"),
            ((1, 1, 0), "1 step of 1 reused"),
            ((12, 48, 24), "48 steps of 12 and 24 judgements reused"),
        ] {
            let caveats = Caveats {
                reused,
                reused_steps,
                reused_judgements,
                ..Caveats::default()
            };
            assert_eq!(caveats.reused_counts().as_deref(), Some(text));
        }
    }
}
