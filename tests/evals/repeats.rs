//! Repeats of each example, and runs over a selection.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pegbox::domain::hash::ContentHash;
use pegbox::domain::metric::Measure;
use pegbox::domain::outcome::Outcome;
use pegbox::domain::run::{EndState, Picked, Selection};
use pegbox::evals::pipeline::{ExampleFeed, Execution, Job, Order, Placed, StoreFault};
use tokio::sync::watch;

use crate::fakes::*;
use crate::{carry_out, finished};

fn repeated(count: u64, repeats: u32, model: &Arc<Model>, kept: &Arc<Kept>) -> Job {
    let mut job = job(count, model, kept);
    job.run.settings.repeats = repeats;
    job
}

#[tokio::test(start_paused = true)]
async fn every_repeat_is_asked_kept_and_counted_once() {
    let (model, kept) = (Arc::new(Model::new(nine_of_ten)), Arc::new(Kept::default()));
    let end = finished(repeated(250, 3, &model, &kept), &kept).await;
    assert_eq!((kept.count(), model.asked.load(Ordering::SeqCst)), (750, 750));
    assert_eq!(
        end.results[0].measure,
        Measure::Rate { hits: 675, total: 750 },
        "over all repeats"
    );
    let outcomes = kept.outcomes.lock().unwrap();
    let mut hashes = Vec::new();
    for outcome in outcomes.values() {
        hashes.extend_from_slice(outcome.content_hash().unwrap().as_bytes());
    }
    assert_eq!(
        end.outcomes_hash,
        ContentHash::of_bytes(&hashes),
        "in order of example and repeat"
    );
}

#[tokio::test(start_paused = true)]
async fn a_paused_run_goes_on_in_the_middle_of_the_repeats() {
    let whole = {
        let (model, kept) = (Arc::new(Model::new(nine_of_ten)), Arc::new(Kept::default()));
        finished(repeated(120, 2, &model, &kept), &kept).await
    };
    for pause_at in [1, 9, 100, 199] {
        let kept = Arc::new(Kept::default());
        let (owner, orders) = watch::channel(Order::GoOn);
        let first = Arc::new(Model {
            pause_at: Some((pause_at, owner)),
            ..Model::new(nine_of_ten)
        });
        let (result, _) = carry_out(repeated(120, 2, &first, &kept), &kept, orders).await;
        let asked = first.asked.load(Ordering::SeqCst);
        assert_eq!(
            result.unwrap(),
            Execution::Paused {
                saved: asked,
                reason: None
            }
        );
        let second = Arc::new(Model::new(nine_of_ten));
        let end = finished(repeated(120, 2, &second, &kept), &kept).await;
        assert_eq!(second.asked.load(Ordering::SeqCst), 240 - asked);
        assert_eq!((end.totals, end.outcomes_hash), (whole.totals, whole.outcomes_hash));
    }
}

/// Gives these places only.
struct Selected(Vec<u64>);

impl ExampleFeed for Selected {
    fn page_count(&self) -> u64 {
        1
    }

    fn page(&self, _page: u64) -> Result<Vec<Placed>, StoreFault> {
        let placed = |index: &u64| Placed {
            index: *index,
            example: example(*index),
        };
        Ok(self.0.iter().map(placed).collect())
    }

    fn saved(&self, _page: u64) -> Result<Vec<Outcome>, StoreFault> {
        Ok(Vec::new())
    }
}

#[tokio::test(start_paused = true)]
async fn a_selection_is_asked_at_its_places_and_settles_no_gate() {
    let (model, kept) = (Arc::new(Model::new(nine_of_ten)), Arc::new(Kept::default()));
    let places = vec![3, 13, 20, 5_000];
    let mut job = repeated(4, 2, &model, &kept);
    job.run.selection = Some(Selection {
        of: "run_3".parse().unwrap(),
        picked: Picked::Failed,
        places: places.clone(),
    });
    job.run.settings.stops_early = true;
    job.feed = Arc::new(Selected(places));
    let end = finished(job, &kept).await;
    assert_eq!((end.state, end.totals.saved, end.gate), (EndState::Finished, 8, None));
    let asked: Vec<(u64, u32)> = kept
        .outcomes
        .lock()
        .unwrap()
        .keys()
        .map(|p| (p.index, p.repeat))
        .collect();
    assert_eq!(
        asked,
        [
            (3, 0),
            (3, 1),
            (13, 0),
            (13, 1),
            (20, 0),
            (20, 1),
            (5_000, 0),
            (5_000, 1)
        ]
    );
}
