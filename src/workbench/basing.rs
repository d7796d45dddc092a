//! What a run's gate compares it with: a run of its base version over the same examples, with the same checks.

use std::sync::Arc;

use super::run_store::RunFeed;
use crate::domain::run::{EndState, Run};
use crate::evals::pipeline::{Base, FindBase, StoreFault};
use crate::store::Store;

/// Finds the base when the run has come to its end, so that one that was finished meanwhile counts.
pub(super) fn find_base(store: &Store, run: &Run) -> FindBase {
    let (store, run) = (store.clone(), run.clone());
    Arc::new(move || base_of(&store, &run))
}

fn base_of(store: &Store, run: &Run) -> Result<Base, StoreFault> {
    let Some(base) = &run.base else {
        let why = "the run has no base version: start it again with --base VERSION".into();
        return Ok(Base::Nothing { why });
    };
    let mut others = Others::default();
    for id in store.runs_of(base)? {
        let (Some(candidate), Some(end)) = (store.run(id)?, store.run_end(id)?) else {
            continue;
        };
        if end.state != EndState::Finished || candidate.selection.is_some() || id == run.id {
            continue;
        }
        if !others.takes(&candidate, run) {
            continue;
        }
        let outcomes = Arc::new(RunFeed::new(store.clone(), &candidate));
        return Ok(Base::Run { run: id, outcomes });
    }
    let why = format!(
        "no finished run of {base} over {} with {}{}: make one with pegbox run start {base} --dataset {} --suite {}, \
         then start this one again",
        run.dataset,
        run.suite,
        others.sentence(),
        run.dataset,
        run.suite,
    );
    Ok(Base::Nothing { why })
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
    fn takes(&mut self, candidate: &Run, run: &Run) -> bool {
        let count = if candidate.dataset_hash != run.dataset_hash {
            &mut self.dataset
        } else if candidate.suite_hash != run.suite_hash {
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
