//! What is still to be sent, a page of examples at a time.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::task::{JoinHandle, spawn_blocking};

use super::pipeline::{ExampleFeed, Job, Placed, StoreFault};
use super::standing::Standing;
use super::window::stopped_text;
use crate::domain::example::Example;
use crate::domain::outcome::OutcomePlace;
use crate::domain::run::Run;

/// One request that is due.
pub(super) struct Due {
    pub(super) place: OutcomePlace,
    pub(super) example: Arc<Example>,
}

/// Where each outcome of a run stands, counted from 0 in the order in which they are sent.
#[derive(Debug, Clone)]
pub(super) struct Numbering {
    /// The places of the run's examples, where it is not all of them.
    selected: Option<Vec<u64>>,
    example_count: u64,
    repeats: u32,
}

impl Numbering {
    pub(super) fn new(run: &Run) -> Self {
        Self {
            selected: run.selection.as_ref().map(|selection| selection.places.clone()),
            example_count: run.example_count,
            repeats: run.settings.repeats.max(1),
        }
    }

    fn count(&self) -> u64 {
        self.example_count.saturating_mul(u64::from(self.repeats))
    }

    /// `None` for a place that the run does not have.
    pub(super) fn number(&self, place: OutcomePlace) -> Option<u64> {
        let position = match &self.selected {
            None => Some(place.index),
            Some(selected) => selected
                .binary_search(&place.index)
                .ok()
                .and_then(|at| u64::try_from(at).ok()),
        }?;
        (position < self.example_count && place.repeat < self.repeats)
            .then(|| position * u64::from(self.repeats) + u64::from(place.repeat))
    }
}

/// The examples of a page, or why they could not be read.
type Examples = Result<Vec<Placed>, StoreFault>;

/// One bit for each outcome.
struct Bits(Vec<u64>);

impl Bits {
    fn new(count: u64) -> Result<Self, StoreFault> {
        Ok(Self(vec![0; usize::try_from(count.div_ceil(64))?]))
    }

    /// Sets a bit; false if it was set before, or is none of these.
    fn set(&mut self, number: u64) -> bool {
        let word = usize::try_from(number / 64).ok().and_then(|at| self.0.get_mut(at));
        let bit = 1_u64 << (number % 64);
        word.is_some_and(|word| std::mem::replace(word, *word | bit) & bit == 0)
    }
}

/// The outcomes that are still to come.
pub(super) struct Upcoming {
    feed: Arc<dyn ExampleFeed>,
    next_page: u64,
    page: VecDeque<Due>,
    /// The page after it, which is read while it is sent.
    ahead: Option<JoinHandle<Examples>>,
    numbering: Numbering,
    /// For each outcome, whether it is saved or on its way.
    is_taken: Bits,
}

impl Upcoming {
    /// Counts what is saved, and leaves it out of what comes.
    pub(super) async fn after_saved(job: &Job, standing: &mut Standing<'_>) -> Result<Self, StoreFault> {
        let numbering = Numbering::new(&job.run);
        let mut upcoming = Self {
            feed: Arc::clone(&job.feed),
            next_page: 0,
            page: VecDeque::new(),
            ahead: None,
            is_taken: Bits::new(numbering.count())?,
            numbering,
        };
        for page in 0..job.feed.page_count() {
            let feed = Arc::clone(&job.feed);
            let (saved, examples) = blocking(move || {
                let saved = feed.saved(page)?;
                let examples = if saved.is_empty() { Vec::new() } else { feed.page(page)? };
                let examples: HashMap<u64, Example> = examples.into_iter().map(|p| (p.index, p.example)).collect();
                Ok((saved, examples))
            })
            .await?;
            for outcome in saved {
                let Some(example) = examples.get(&outcome.index) else {
                    return Err(format!("outcome {} has no example in the dataset", outcome.index).into());
                };
                if upcoming.take(outcome.place())? {
                    standing.push_saved(&outcome, &example.content, outcome.content_hash()?);
                }
            }
        }
        Ok(upcoming)
    }

    pub(super) async fn next(&mut self) -> Result<Option<Due>, StoreFault> {
        loop {
            while let Some(due) = self.page.pop_front() {
                if self.take(due.place)? {
                    return Ok(Some(due));
                }
            }
            let Some(reading) = self.ahead.take().or_else(|| self.read_ahead()) else {
                return Ok(None);
            };
            let examples = finished(reading).await?;
            self.ahead = self.read_ahead();
            let repeats = self.numbering.repeats;
            self.page = examples
                .into_iter()
                .flat_map(|Placed { index, example }| {
                    let example = Arc::new(example);
                    (0..repeats).map(move |repeat| Due {
                        place: OutcomePlace { index, repeat },
                        example: Arc::clone(&example),
                    })
                })
                .collect();
        }
    }

    /// Begins to read the next page; `None` after the last.
    fn read_ahead(&mut self) -> Option<JoinHandle<Examples>> {
        let (feed, page) = (Arc::clone(&self.feed), self.next_page);
        self.next_page += 1;
        (page < feed.page_count()).then(|| spawn_blocking(move || feed.page(page)))
    }

    /// Takes a place; false if it was taken before.
    fn take(&mut self, place: OutcomePlace) -> Result<bool, StoreFault> {
        match self.numbering.number(place) {
            Some(number) => Ok(self.is_taken.set(number)),
            None => Err(format!("the dataset has a place {} that the run does not count", place.index).into()),
        }
    }
}

/// Runs what reads the disk where it holds nobody up.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreFault> + Send + 'static,
) -> Result<T, StoreFault> {
    finished(spawn_blocking(work)).await
}

async fn finished<T>(work: JoinHandle<Result<T, StoreFault>>) -> Result<T, StoreFault> {
    work.await.unwrap_or_else(|error| Err(stopped_text(error).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_numbered_by_example_and_repeat() {
        let all = Numbering {
            selected: None,
            example_count: 4,
            repeats: 3,
        };
        let some = Numbering {
            selected: Some(vec![2, 7, 9, 100]),
            ..all.clone()
        };
        let place = |index, repeat| OutcomePlace { index, repeat };
        assert_eq!(all.number(place(0, 0)), Some(0));
        assert_eq!(all.number(place(3, 2)), Some(11));
        assert_eq!((all.number(place(4, 0)), all.number(place(0, 3))), (None, None));
        assert_eq!(some.number(place(9, 1)), Some(7));
        assert_eq!(some.number(place(3, 0)), None);
    }

    #[test]
    fn a_bit_is_set_once() {
        let mut bits = Bits::new(130).unwrap();
        assert!((0..130).all(|number| bits.set(number)));
        assert!((0..130).all(|number| !bits.set(number)));
        assert!(!bits.set(1_000));
    }
}
