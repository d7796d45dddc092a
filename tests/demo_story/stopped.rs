//! A sample store whose making was stopped is finished.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pegbox::domain::ids::PromptName;
use pegbox::store::embedded::EmbeddedEngine;
use pegbox::store::engine::{Engine, EngineError, Scan};
use pegbox::store::memory::MemoryEngine;
use pegbox::workbench::Workbench;

use super::story::{assert_the_story_can_be_told, clock, open};
use super::watched::{Call, Watched};

/// Commits that are made of a history before it is stopped, each time: a few more than a run has in flight.
const COMMITS_PER_LIFE: usize = 31;

/// An engine that takes a number of commits and then no more, as of a process that is killed.
fn mortal(store: &Arc<dyn Engine>, commits: usize) -> Arc<dyn Engine> {
    let commits_left = AtomicUsize::new(commits);
    Watched::over(Arc::clone(store), move |call| {
        if call == Call::Read {
            return Ok(());
        }
        let left = commits_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map(drop).map_err(|_none| EngineError::Poisoned {
            why: "the process was killed".into(),
        })
    })
}

#[test]
fn a_history_that_is_stopped_again_and_again_is_finished_all_the_same() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let build = |engine| Workbench::build_demo(engine, runtime.handle().clone());
    let over = |store: &Arc<dyn Engine>| Workbench::over(Arc::clone(store), clock(), runtime.handle().clone());
    let records = |store: &Arc<dyn Engine>| {
        let entries = store.scan(&Scan::prefix("", usize::MAX)).expect("entries");
        let keys = entries.into_iter().map(|(key, _)| key);
        // That a run was resumed is on record where it was stopped, and nowhere else.
        keys.filter(|key| !key.starts_with(b"run-step/")).collect::<Vec<_>>()
    };
    let whole: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
    build(Arc::clone(&whole)).expect("the history in one go");

    let store: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
    let lives = (1..500).find(|life| {
        // Every life is a little longer or shorter, so that each kind of act is once the last.
        let commits = COMMITS_PER_LIFE + life % 7;
        build(mortal(&store, commits)).is_ok()
    });
    assert!(lives.expect("it is finished at last") > 10);
    assert_eq!(records(&store), records(&whole));
    assert_the_story_can_be_told(&over(&store));
}

#[test]
fn a_demo_whose_making_was_stopped_is_finished_when_it_is_opened() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for commits in [1, 2, 60, 200] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        {
            let engine: Arc<dyn Engine> = Arc::new(EmbeddedEngine::open(folder.path()).expect("an empty store"));
            let mortal = mortal(&engine, commits);
            Workbench::build_demo(mortal, runtime.handle().clone()).expect_err("it is stopped");
            // A run that was under way ends by itself, where a real end of the process would have ended it.
            while Arc::strong_count(&engine) > 1 {
                std::thread::yield_now();
            }
        }
        let workbench = open(folder.path(), &runtime).expect("the history is finished");
        let prompt = PromptName::new("support_triage").expect("a name");
        let detail = workbench.prompt_detail(&prompt).expect("the prompt");
        assert_eq!(detail.versions.len(), 12, "stopped after {commits} commits");
        assert_eq!(workbench.releases(&prompt).expect("releases").len(), 8);
    }
}
