//! A workbench over a store in memory, and the shortest way to a version, a run, a review and a release.

use std::io::Write as _;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use pegbox::domain::actor::Actor;
use pegbox::domain::ids::{DatasetVersionId, PromptName, ReviewId, RunId, SuiteVersionId, VersionId};
use pegbox::domain::origin::Origin;
use pegbox::domain::policy::{Policy, SelfApproval, SimulatedEvidence};
use pegbox::domain::promotion::Environment;
use pegbox::domain::release::Release;
use pegbox::domain::run::{RunEnd, RunSettings, RuntimeContext};
use pegbox::domain::time::Timestamp;
use pegbox::domain::version::ChangeKind;
use pegbox::store::engine::{AuditEntry, Batch, Engine, Scan};
use pegbox::store::memory::MemoryEngine;
use pegbox::workbench::{
    Clock, CommitReason, FaultKind, ImportReport, ImportRequest, Judgement, StartRun, Workbench, WorkbenchError,
};

use super::support::server::{Answer, Received, Server};

/// A reason that says something.
pub const REASON: &str = "billing disputes were missed";

/// The prompt document of most tests; each `note` makes another content.
pub fn document(note: &str) -> String {
    include_str!("../../assets/demo/support_triage_v13.prompt.md")
        .replace("You triage", &format!("Note: {note}.\nYou triage"))
}

/// Four of the demo's tickets.
pub fn tickets() -> String {
    let lines = include_str!("../../assets/demo/support_triage_regression.jsonl").lines();
    lines.take(4).flat_map(|line| [line, "\n"]).collect()
}

/// A suite over the demo's answers that asks for this share of valid JSON, under this policy.
pub fn suite(name: &str, grader: &str, policy: &str) -> String {
    format!(
        "name = \"{name}\"\n[[graders]]\nname = \"g\"\n{grader}\n[[metrics]]\nname = \"share\"\nkind = \"accuracy\"\n\
         grader = \"g\"\n[[thresholds]]\nmetric = \"share\"\nat_least = 0.9\n[pass_rule]\npolicy = \"{policy}\"\n"
    )
}

/// A grader that the demo's answers pass.
pub const PASSING: &str = "kind = \"json_valid\"";
/// A grader that they fail.
pub const FAILING: &str = "kind = \"contains\"\ntext = \"nobody says this\"";

pub fn actor(name: &str) -> Actor {
    Actor::new(name).unwrap()
}

pub fn anna() -> Actor {
    actor("anna")
}

pub fn ben() -> Actor {
    actor("ben")
}

pub fn triage() -> PromptName {
    PromptName::new("triage").unwrap()
}

/// One request at a time, each sent once, to this endpoint.
pub fn one_at_a_time(base_url: &str) -> RunSettings {
    RunSettings {
        concurrency: 1,
        attempts_max: 1,
        base_url: Some(base_url.to_owned()),
        ..RunSettings::default()
    }
}

/// A server that says when the first such request arrives, and holds every answer from then on until it may go.
pub fn held_from(
    is_such: impl Fn(&Received) -> bool + Send + 'static,
    answer: impl Fn(&Received) -> Answer + Send + Sync + 'static,
) -> (Server, Receiver<()>, SyncSender<()>) {
    let (arrived, arrival) = sync_channel(1_000);
    let (go, gate) = sync_channel::<()>(1_000);
    let state = Mutex::new((is_such, false, gate));
    let server = Server::start(move |request| {
        let mut state = state.lock().unwrap();
        state.1 |= (state.0)(request);
        if state.1 {
            // Nobody listens any more where the test is over, and the gate is closed then.
            let _ = arrived.send(());
            let _ = state.2.recv();
        }
        answer(request)
    });
    (server, arrival, go)
}

/// A clock that moves on by a second whenever it is read.
pub fn clock() -> Clock {
    let next = AtomicI64::new(1_780_300_000_000);
    Arc::new(move || Timestamp(next.fetch_add(1_000, Ordering::Relaxed)))
}

pub struct Bench {
    pub workbench: Workbench,
    pub engine: Arc<dyn Engine>,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    /// An empty store in memory, in which simulated answers count.
    pub fn new() -> Self {
        let bench = Self::over(Arc::new(MemoryEngine::new()));
        bench.accept_simulated(SelfApproval::Allowed);
        bench
    }

    /// A workbench with a runtime of its own over an engine.
    pub fn over(engine: Arc<dyn Engine>) -> Self {
        Self::timed(engine, clock())
    }

    /// The same with another clock.
    pub fn timed(engine: Arc<dyn Engine>, clock: Clock) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let workbench = Workbench::over(Arc::clone(&engine), clock, runtime.handle().clone());
        Self {
            workbench,
            engine,
            runtime,
        }
    }

    /// The same with these list prices before those that are shipped.
    pub fn priced(mut self, prices: &str) -> Self {
        self.workbench = self.workbench.with_prices("prices.toml", prices).unwrap();
        self
    }

    /// What a process does when it is killed: nothing is waited for.
    pub fn kill(self) {
        self.runtime.shutdown_background();
    }

    pub fn accept_simulated(&self, self_approval: SelfApproval) {
        let policy = Policy {
            simulated_evidence: SimulatedEvidence::Accepted,
            ..Policy::default()
        };
        self.workbench
            .set_policy(
                &anna(),
                &policy.with_self_approval(self_approval),
                "no model is real in a test",
            )
            .unwrap();
    }

    /// Makes a version of a document, by anna.
    pub fn version(&self, source: &str) -> VersionId {
        self.workbench.import_prompt(&anna(), &triage(), "", source).unwrap();
        self.workbench.commit(&anna(), &triage(), &why()).unwrap().id
    }

    /// Saves over the draft as it stands.
    pub fn save(&self, actor: &Actor, source: &str) {
        let seen = self.workbench.open_draft(actor, &triage()).unwrap().seen();
        self.workbench.save_draft(actor, &triage(), &seen, source).unwrap();
    }

    /// Imports rows under a file name.
    pub fn import(&self, dataset: &str, file: &str, content: impl AsRef<[u8]>) -> Result<ImportReport, WorkbenchError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        std::fs::File::create(&path)
            .unwrap()
            .write_all(content.as_ref())
            .unwrap();
        let request = ImportRequest {
            path,
            name: dataset.parse().unwrap(),
            label: None,
            mapping: String::new(),
            reason: "rows that the test needs".into(),
        };
        self.workbench.import_dataset(&anna(), &request)
    }

    /// The one dataset version of a test.
    pub fn dataset(&self, content: &str) -> DatasetVersionId {
        let report = self.import("rows", "rows.jsonl", content).unwrap();
        report.dataset.expect("well-formed rows").id
    }

    pub fn suite(&self, source: &str) -> SuiteVersionId {
        self.workbench.import_suite(&anna(), source, REASON).unwrap().id
    }

    /// Starts a run and waits for its end.
    pub fn run(&self, start: &StartRun) -> (RunId, RunEnd) {
        let id = self.workbench.start_run(&anna(), start).unwrap();
        (id, self.workbench.wait_run(id).unwrap())
    }

    /// Runs a version over the four tickets and a suite that passes.
    pub fn passing_run(&self, version: &VersionId) -> RunId {
        let dataset = self.workbench.resolve_dataset("rows");
        let dataset = dataset.unwrap_or_else(|_| self.dataset(&tickets()));
        let suite = self.workbench.resolve_suite("passing");
        let suite = suite.unwrap_or_else(|_| self.suite(&suite_that_passes()));
        self.run(&start(version, &dataset, &suite)).0
    }

    /// Asks for a review on the newest run.
    pub fn review(&self, version: &VersionId, environment: Environment) -> ReviewId {
        let review = self
            .workbench
            .request_review(&anna(), version, environment, None, REASON);
        review.unwrap().id
    }

    /// Asks for a review on a run that passes, and approves it.
    pub fn approved(&self, version: &VersionId, environment: Environment) -> ReviewId {
        self.passing_run(version);
        let review = self.review(version, environment);
        self.workbench
            .decide(&ben(), review, Judgement::Approve, REASON)
            .unwrap();
        review
    }

    /// Takes new content all the way into production.
    pub fn release(&self, note: &str) -> Release {
        let version = self.version(&document(note));
        let review = self.approved(&version, Environment::Production);
        let promoted = self.workbench.promote(&ben(), review, REASON).unwrap();
        *promoted.into_release().expect("a production promotion is a release")
    }

    /// Puts bytes under a key past every rule, as damage does.
    pub fn tamper(&self, key: &str, bytes: Vec<u8>) {
        self.replace(key, Some(bytes));
    }

    /// Sets or removes the bytes of a record behind everybody's back.
    pub fn replace(&self, key: &str, bytes: Option<Vec<u8>>) {
        let batch = Batch::new(nobody());
        let batch = match bytes {
            Some(bytes) => batch.put(key, bytes),
            None => batch.delete(key),
        };
        self.engine.commit(batch).unwrap();
    }
}

pub fn suite_that_passes() -> String {
    suite("passing", PASSING, "point")
}

pub fn why() -> CommitReason {
    CommitReason {
        kind: ChangeKind::Bug,
        text: REASON.into(),
        link: None,
    }
}

pub fn start(version: &VersionId, dataset: &DatasetVersionId, suite: &SuiteVersionId) -> StartRun {
    StartRun {
        subject: version.clone().into(),
        dataset: dataset.clone(),
        suite: suite.clone(),
        base: None,
        environment: None,
        context: RuntimeContext::default(),
        settings: RunSettings::default(),
    }
}

fn nobody() -> AuditEntry {
    AuditEntry {
        at_ms: 0,
        actor: "nobody".into(),
        action: "test.put".into(),
        subject: String::new(),
        reason: String::new(),
        origin: Origin::default(),
    }
}

/// A store in memory with the same records.
pub fn copy_of(engine: &dyn Engine) -> Arc<MemoryEngine> {
    let copy = MemoryEngine::new();
    let entries = engine.scan(&Scan::prefix("", usize::MAX)).unwrap();
    let batch = entries
        .into_iter()
        .fold(Batch::new(nobody()), |batch, (key, value)| batch.put(key, value));
    copy.commit(batch).unwrap();
    Arc::new(copy)
}

/// Asserts that something was refused by a rule, in words that name the cause.
#[track_caller]
pub fn assert_refused<T: std::fmt::Debug>(result: Result<T, WorkbenchError>, words: &str) {
    assert_fault(result, FaultKind::Refused, words);
}

#[track_caller]
pub fn assert_fault<T: std::fmt::Debug>(result: Result<T, WorkbenchError>, kind: FaultKind, words: &str) {
    let error = result.expect_err("this must not be possible");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(words), "'{words}' is not in: {error}");
    assert!(!error.hint().is_empty());
}
