//! What a run's gate compares it with: a run of its base version over the same examples, with the same checks.

use std::sync::{Arc, OnceLock};

use super::run_store::RunFeed;
use crate::domain::example::Example;
use crate::domain::ids::RunId;
use crate::domain::outcome::OutcomePlace;
use crate::domain::run::{EndState, Run, RunEnd};
use crate::evals::graders::{AnswerOfBase, BaseAnswer};
use crate::evals::pipeline::{Base, FindBase, StoreFault};
use crate::store::Store;

/// Finds the base when the run has come to its end, so that one that was finished meanwhile counts.
pub(super) fn find_base(store: &Store, run: &Run) -> FindBase {
    let (store, run) = (store.clone(), run.clone());
    Arc::new(move || base_of(&store, &run))
}

fn base_of(store: &Store, run: &Run) -> Result<Base, StoreFault> {
    Ok(match newest_run(store, run, Checks::Same, |_| true)? {
        Ok(base) => Base::Run {
            run: base.id,
            outcomes: Arc::new(RunFeed::new(store.clone(), &base)),
        },
        Err(why) => Base::Nothing { why },
    })
}

/// The answers of the base's run, for judges that compare with them.
pub(super) struct BaseAnswers {
    store: Store,
    of: Run,
    /// The base's run, once it was looked up; the error says why there is none.
    run: OnceLock<Result<RunId, String>>,
}

impl BaseAnswers {
    pub(super) fn of(store: &Store, run: &Run) -> Self {
        Self {
            store: store.clone(),
            of: run.clone(),
            run: OnceLock::new(),
        }
    }

    /// What it answered to an example: in the same repeat, or in its first where it has fewer.
    pub(super) fn find(&self, example: &Example, repeat: u32) -> Result<BaseAnswer, StoreFault> {
        let run = match self.run()? {
            Ok(run) => run,
            Err(why) => return Ok(Err(why)),
        };
        let Some(first) = self.store.outcome_of(run, &example.content.id)? else {
            return Ok(Err(format!("{run} has no answer to {}", example.content.id)));
        };
        let same = match repeat {
            0 => None,
            repeat => self.store.outcome(
                run,
                OutcomePlace {
                    repeat,
                    ..first.place()
                },
            )?,
        };
        let outcome = same.unwrap_or(first);
        Ok(match (outcome.error, outcome.text) {
            (Some(error), _) => Err(format!(
                "{run}, the base's run, has no answer to it: {}: {}",
                error.kind.as_str(),
                error.message
            )),
            (None, None) => Err(format!("{run}, the base's run, answered it without a text")),
            (None, Some(text)) => Ok(AnswerOfBase { run, text }),
        })
    }

    /// One that had ended when this one began, so that a run that is resumed goes on with the same.
    fn run(&self) -> Result<Result<RunId, String>, StoreFault> {
        if let Some(known) = self.run.get() {
            return Ok(known.clone());
        }
        let base = newest_run(&self.store, &self.of, Checks::Any, |end| {
            end.ended_at <= self.of.started_at
        })?;
        Ok(self.run.get_or_init(|| base.map(|base| base.id)).clone())
    }
}

/// Which suites graded a run that is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Checks {
    /// The same, since its scores are compared.
    Same,
    /// Any, since only its answers are.
    Any,
}

/// The newest whole run of the base version that a run can be compared with, of those whose end is allowed.
fn newest_run(
    store: &Store,
    run: &Run,
    checks: Checks,
    allows: impl Fn(&RunEnd) -> bool,
) -> Result<Result<Run, String>, StoreFault> {
    let Some(base) = &run.base else {
        return Ok(Err(
            "the run has no base version: start it again with --base VERSION".into()
        ));
    };
    let mut others = Others::default();
    for id in store.runs_of(base)? {
        let (Some(candidate), Some(end)) = (store.run(id)?, store.run_end(id)?) else {
            continue;
        };
        let is_whole = end.state == EndState::Finished && candidate.selection.is_none();
        if !is_whole || id == run.id || !allows(&end) {
            continue;
        }
        if others.takes(&candidate, run, checks) {
            return Ok(Ok(candidate));
        }
    }
    let with_suite = match checks {
        Checks::Same => format!(" with {}", run.suite),
        Checks::Any => String::new(),
    };
    Ok(Err(format!(
        "no finished run of {base} over {}{with_suite}{}: make one with pegbox run start {base} --dataset {} --suite \
         {}, then start this one again",
        run.dataset,
        others.sentence(),
        run.dataset,
        run.suite,
    )))
}

/// Finished runs of the base version that cannot be compared, by the first thing in which they differ.
#[derive(Default)]
struct Others {
    dataset: u64,
    suite: u64,
    answers: u64,
}

impl Others {
    /// Whether a run of the base can be compared; one that cannot is counted.
    fn takes(&mut self, candidate: &Run, run: &Run, checks: Checks) -> bool {
        let count = if candidate.dataset_hash != run.dataset_hash {
            &mut self.dataset
        } else if checks == Checks::Same && candidate.suite_hash != run.suite_hash {
            &mut self.suite
        } else if candidate.answers != run.answers {
            &mut self.answers
        } else {
            return true;
        };
        *count += 1;
        false
    }

    /// ` (3 are over other data, 1 has another suite)`; nothing without any.
    fn sentence(&self) -> String {
        let counts = [
            (self.dataset, "over other data"),
            (self.suite, "with another suite"),
            (self.answers, "answered by another kind of source"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let clauses: Vec<String> = counts.map(|(count, what)| format!("{count} {what}")).collect();
        if clauses.is_empty() {
            String::new()
        } else {
            format!(" (there are {})", clauses.join(", "))
        }
    }
}
