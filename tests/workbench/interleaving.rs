//! Nobody acts on what is no longer so: whatever somebody else does between any two steps of an act, its rules hold.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pegbox::domain::decision::DecisionKind;
use pegbox::domain::ids::RunId;
use pegbox::domain::promotion::Environment;
use pegbox::domain::review::Review;
use pegbox::domain::run::RunEnd;
use pegbox::releases::rollback::Leaving;
use pegbox::store::engine::Engine;
use pegbox::workbench::{Judgement, Workbench, WorkbenchError};

use super::bench::*;
use super::watched::Watched;

type Act = Box<dyn FnOnce() + Send>;

/// An act, until it is its turn.
type Waiting = Arc<Mutex<Option<Act>>>;

/// A store in which somebody else acts once, after so many calls.
fn interrupted(store: Arc<dyn Engine>, after_calls: usize, act: Waiting) -> Arc<dyn Engine> {
    let calls_left = AtomicUsize::new(after_calls);
    Watched::over(store, move |_call| {
        let left = calls_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        // Taken out before it acts: it may call this store too.
        let act = if left.is_err() {
            act.lock().unwrap().take()
        } else {
            None
        };
        if let Some(act) = act {
            act();
        }
        Ok(())
    })
}

/// What became of one act while another one came between.
struct Interruption<T> {
    /// How many calls of the store were made before the other act.
    after_calls: usize,
    ours: Result<T, WorkbenchError>,
    workbench: Workbench,
}

/// Lets `theirs` come between any two calls that `ours` makes to the store, each time on a fresh copy of the store.
fn interrupt_everywhere<T>(
    bench: &Bench,
    ours: impl Fn(&Workbench) -> Result<T, WorkbenchError>,
    theirs: impl Fn(&Workbench) + Clone + Send + 'static,
    check: impl Fn(Interruption<T>),
) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let workbench = |engine| Workbench::over(engine, clock(), runtime.handle().clone());
    for after_calls in 0..1_000 {
        let store = copy_of(bench.engine.as_ref());
        let other = workbench(Arc::clone(&store) as Arc<dyn Engine>);
        let theirs = theirs.clone();
        let act: Arc<Mutex<Option<Act>>> = Arc::new(Mutex::new(Some(Box::new(move || theirs(&other)))));
        let (calls_left, due) = (AtomicUsize::new(after_calls), Arc::clone(&act));
        let engine = Watched::over(Arc::clone(&store) as Arc<dyn Engine>, move |_| {
            let counted = calls_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            // Taken out before it acts: it calls the store too.
            let act = if counted.is_err() {
                due.lock().unwrap().take()
            } else {
                None
            };
            if let Some(act) = act {
                act();
            }
            Ok(())
        });
        let ours = ours(&workbench(engine));
        if act.lock().unwrap().is_some() {
            assert!(after_calls > 2, "the act made no calls to come between");
            return;
        }
        check(Interruption {
            after_calls,
            ours,
            workbench: workbench(store),
        });
    }
    panic!("the act never ends");
}

/// Each release replaces the one before it, and says so everywhere.
fn assert_one_line_of_releases(workbench: &Workbench) {
    let releases = workbench.releases(&triage()).unwrap();
    for pair in releases.windows(2) {
        let [later, earlier] = pair else { continue };
        assert_eq!(later.promotion.replaces.as_ref(), Some(&earlier.promotion.id));
        assert_eq!(later.replaced_bundle.as_ref(), Some(&earlier.bundle));
    }
    assert!(workbench.verify().unwrap().is_sound());
}

#[test]
fn a_review_that_is_rejected_meanwhile_is_not_approved() {
    let bench = Bench::new();
    let version = bench.version(&document("one"));
    bench.passing_run(&version);
    let review = bench.review(&version, Environment::Staging);
    interrupt_everywhere(
        &bench,
        move |workbench| workbench.decide(&ben(), review, Judgement::Approve, REASON),
        move |workbench| {
            workbench.decide(&anna(), review, Judgement::Reject, REASON).unwrap();
        },
        |end| {
            assert!(end.ours.is_err(), "after {} calls", end.after_calls);
            let kinds: Vec<_> = end
                .workbench
                .decisions("")
                .unwrap()
                .into_iter()
                .map(|d| d.kind)
                .collect();
            assert_eq!(kinds, [DecisionKind::Rejected]);
        },
    );
}

#[test]
fn a_review_that_is_paused_meanwhile_is_not_promoted() {
    let bench = Bench::new();
    bench.release("one");
    let version = bench.version(&document("two"));
    for environment in [Environment::Staging, Environment::Production] {
        let review = bench.approved(&version, environment);
        let before = bench.workbench.promotions(&triage(), environment).unwrap();
        interrupt_everywhere(
            &bench,
            move |workbench| workbench.promote(&ben(), review, REASON),
            move |workbench| {
                workbench.decide(&anna(), review, Judgement::Pause, REASON).unwrap();
            },
            |end| {
                assert!(end.ours.is_err(), "after {} calls", end.after_calls);
                assert_eq!(end.workbench.promotions(&triage(), environment).unwrap(), before);
            },
        );
    }
}

#[test]
fn one_approval_makes_one_promotion() {
    let bench = Bench::new();
    bench.release("one");
    let review = bench.approved(&bench.version(&document("two")), Environment::Production);
    interrupt_everywhere(
        &bench,
        move |workbench| workbench.promote(&ben(), review, REASON),
        move |workbench| {
            workbench.promote(&anna(), review, REASON).unwrap();
        },
        |end| {
            assert_refused(end.ours, "review_");
            assert_eq!(end.workbench.releases(&triage()).unwrap().len(), 2);
            assert_one_line_of_releases(&end.workbench);
        },
    );
}

#[test]
fn an_approval_is_worth_nothing_once_something_else_went_live() {
    let bench = Bench::new();
    bench.release("one");
    for environment in [Environment::Staging, Environment::Production] {
        let two = bench.approved(&bench.version(&document("two")), environment);
        let three = bench.approved(&bench.version(&document("three")), environment);
        let before = bench.workbench.promotions(&triage(), environment).unwrap().len();
        let theirs = move |workbench: &Workbench| {
            workbench.promote(&anna(), three, REASON).unwrap();
        };
        interrupt_everywhere(
            &bench,
            move |workbench| workbench.promote(&ben(), two, REASON),
            theirs,
            |end| {
                assert_refused(end.ours, "review_");
                let promotions = end.workbench.promotions(&triage(), environment).unwrap();
                assert_eq!(promotions.len(), before + 1, "after {} calls", end.after_calls);
                assert_eq!(promotions[0].review, three);
                assert_one_line_of_releases(&end.workbench);
            },
        );
        // Nor is it given any more.
        bench.workbench.decide(&anna(), two, Judgement::Pause, REASON).unwrap();
        interrupt_everywhere(
            &bench,
            move |workbench| workbench.decide(&ben(), two, Judgement::Approve, REASON),
            theirs,
            |end| {
                assert_refused(end.ours, "review_");
                assert_eq!(
                    end.workbench.promotions(&triage(), environment).unwrap().len(),
                    before + 1
                );
            },
        );
    }
}

#[test]
fn a_release_is_left_once() {
    let bench = Bench::new();
    for note in ["one", "two", "three"] {
        bench.release(note);
    }
    let named = Leaving::Release("triage_prod_v3".parse().unwrap());
    for leaving in [named.clone(), Leaving::Live(triage())] {
        let is_named = leaving == named;
        let theirs = named.clone();
        interrupt_everywhere(
            &bench,
            move |workbench| workbench.roll_back(&ben(), &leaving, REASON),
            move |workbench| {
                workbench.roll_back(&anna(), &theirs, REASON).unwrap();
            },
            |end| {
                // Whoever leaves what is live, and looks only after the other roll back, leaves that one.
                assert!(
                    end.ours.is_err() || (!is_named && end.after_calls < 4),
                    "{}",
                    end.after_calls
                );
                assert_one_line_of_releases(&end.workbench);
            },
        );
    }
}

#[test]
fn a_roll_back_and_a_promotion_are_told_apart() {
    let bench = Bench::new();
    bench.release("one");
    bench.release("two");
    let review = bench.approved(&bench.version(&document("three")), Environment::Production);
    let leaving = Leaving::Release("triage_prod_v2".parse().unwrap());
    interrupt_everywhere(
        &bench,
        move |workbench| workbench.roll_back(&ben(), &leaving, REASON),
        move |workbench| {
            workbench.promote(&anna(), review, REASON).unwrap();
        },
        |end| {
            assert!(end.ours.is_err(), "after {} calls", end.after_calls);
            let live = end.workbench.releases(&triage()).unwrap().remove(0);
            assert_eq!(live.promotion.review, review);
            assert_one_line_of_releases(&end.workbench);
        },
    );
}

#[test]
fn people_who_work_on_different_things_do_not_stop_each_other() {
    let bench = Bench::new();
    let version = bench.version(&document("one"));
    bench.passing_run(&version);
    let (one, two) = (
        bench.review(&version, Environment::Staging),
        bench.review(&version, Environment::Production),
    );
    let decide = move |workbench: &Workbench, review| workbench.decide(&ben(), review, Judgement::Approve, REASON);
    interrupt_everywhere(
        &bench,
        move |workbench| decide(workbench, one),
        move |workbench| {
            decide(workbench, two).unwrap();
        },
        |end| {
            end.ours.unwrap();
            assert_eq!(end.workbench.decisions("approved").unwrap().len(), 2);
        },
    );
    bench.passing_run(&bench.version(&document("two")));
    interrupt_everywhere(
        &bench,
        |workbench| ask_for_second(workbench, Environment::Staging),
        |workbench| {
            ask_for_second(workbench, Environment::Production).unwrap();
        },
        |end| {
            end.ours.unwrap();
            assert_eq!(end.workbench.reviews().unwrap().len(), 4);
        },
    );
    let import =
        move |workbench: &Workbench, grader| workbench.import_suite(&ben(), &suite("passing", grader, "point"), REASON);
    interrupt_everywhere(
        &bench,
        move |workbench| import(workbench, FAILING),
        move |workbench| {
            import(workbench, "kind = \"exact_match\"").unwrap();
        },
        |end| {
            assert_eq!(end.ours.unwrap().id.number, 3);
            assert_eq!(end.workbench.suites().unwrap().len(), 3);
        },
    );
}

/// Asks for a review of the second version.
fn ask_for_second(workbench: &Workbench, environment: Environment) -> Result<Review, WorkbenchError> {
    workbench.request_review(&ben(), &"triage_v2".parse().unwrap(), environment, None, REASON)
}

#[test]
fn of_two_who_ask_for_the_same_review_one_is_told_of_the_other() {
    let bench = Bench::new();
    bench.version(&document("one"));
    bench.passing_run(&bench.version(&document("two")));
    interrupt_everywhere(
        &bench,
        |workbench| ask_for_second(workbench, Environment::Staging),
        |workbench| drop(ask_for_second(workbench, Environment::Staging)),
        |end| {
            assert_eq!(
                end.workbench.reviews().unwrap().len(),
                1,
                "after {} calls",
                end.after_calls
            );
            if let Err(refusal) = end.ours {
                let refusal = refusal.to_string();
                assert!(refusal.contains("review_1 asks this already, and is open"), "{refusal}");
            }
        },
    );
}

/// Runs the one version, and waits for the end.
fn start_one(workbench: &Workbench) -> Result<(RunId, RunEnd), WorkbenchError> {
    let dataset = workbench.resolve_dataset("rows").unwrap();
    let suite = workbench.resolve_suite("passing").unwrap();
    let start = start(&"triage_v1".parse().unwrap(), &dataset, &suite);
    let run = workbench.start_run(&ben(), &start)?;
    Ok((run, workbench.wait_run(run)?))
}

#[test]
fn runs_that_start_together_have_their_own_numbers() {
    let bench = Bench::new();
    let version = bench.version(&document("one"));
    bench.passing_run(&version);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // A run makes calls until it ends, so the last ones are left out.
    for after_calls in 0..20 {
        let store = copy_of(bench.engine.as_ref());
        let other = Workbench::over(Arc::clone(&store) as _, clock(), runtime.handle().clone());
        let other = Arc::new(Mutex::new(Some(other)));
        let theirs: Act = {
            let other = Arc::clone(&other);
            Box::new(move || {
                let other = other.lock().unwrap().take().unwrap();
                std::thread::spawn(move || start_one(&other).unwrap()).join().unwrap();
            })
        };
        let engine = interrupted(store, after_calls, Arc::new(Mutex::new(Some(theirs))));
        let ours = Workbench::over(engine, clock(), runtime.handle().clone());
        let (run, end) = start_one(&ours).unwrap();
        assert_eq!((end.run, end.totals.saved), (run, 4));
        assert_eq!(ours.runs(None, 10).unwrap().len(), 3);
        assert!(ours.verify().unwrap().is_sound());
    }
}

const TYPED_MEANWHILE: &str = "typed meanwhile";

/// Anna types while somebody else acts.
fn save_meanwhile(workbench: &Workbench) {
    let seen = workbench.open_draft(&anna(), &triage()).unwrap().seen();
    let typed = document(TYPED_MEANWHILE);
    workbench.save_draft(&anna(), &triage(), &seen, &typed).unwrap();
}

#[test]
fn what_is_typed_meanwhile_is_not_lost() {
    let bench = Bench::new();
    bench.version(&document("one"));
    let typed = document(TYPED_MEANWHILE);
    // An import never takes the place of a draft.
    interrupt_everywhere(
        &bench,
        |workbench| workbench.import_prompt(&ben(), &triage(), "", &document("imported")),
        save_meanwhile,
        |end| {
            assert!(end.ours.is_err(), "after {} calls", end.after_calls);
            let draft = end.workbench.open_draft(&anna(), &triage()).unwrap().draft;
            assert_eq!(draft.source, typed);
        },
    );
    // A commit takes what it has read, or nothing.
    bench.save(&anna(), &document("two"));
    interrupt_everywhere(
        &bench,
        |workbench| workbench.commit(&anna(), &triage(), &why()),
        save_meanwhile,
        |end| {
            let view = end.workbench.open_draft(&anna(), &triage()).unwrap();
            match end.ours {
                Ok(version) => {
                    assert!(version.content.messages[0].text.contains(TYPED_MEANWHILE));
                    assert!(!view.is_stored);
                }
                Err(error) => {
                    assert!(error.to_string().contains("at the same moment"), "{error}");
                    assert_eq!(view.draft.source, typed);
                }
            }
        },
    );
}

#[test]
fn a_save_takes_the_place_of_what_was_seen_or_of_nothing() {
    let unsaved = Bench::new();
    unsaved.version(&document("one"));
    let saved = Bench::new();
    saved.version(&document("one"));
    saved.save(&anna(), &document("two"));
    for bench in [unsaved, saved] {
        let seen = bench.workbench.open_draft(&ben(), &triage()).unwrap().seen();
        interrupt_everywhere(
            &bench,
            move |workbench| workbench.save_draft(&ben(), &triage(), &seen, &document("by ben")),
            save_meanwhile,
            |end| {
                let draft = end.workbench.open_draft(&anna(), &triage()).unwrap().draft;
                assert_refused(end.ours, "anna saved another text of the draft of triage at ");
                assert_eq!(draft.source, document(TYPED_MEANWHILE));
            },
        );
    }
}
