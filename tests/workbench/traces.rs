//! Traces of production requests: kept until somebody says that they are too old.

use pegbox::domain::origin::Origin;
use pegbox::domain::outcome::Usage;
use pegbox::domain::time::Timestamp;
use pegbox::domain::trace::Trace;
use pegbox::store::engine::AuditEntry;
use pegbox::store::{Change, Store};

use super::bench::*;

#[test]
fn traces_that_are_too_old_are_removed_and_the_chain_says_so() {
    let bench = Bench::new();
    let release = bench.release("one").promotion;
    let store = Store::new(bench.engine.clone());
    let trace = |number: u32, began: i64| Trace {
        id: format!("trace-{number}").parse().unwrap(),
        release: release.id.clone(),
        version: release.version.clone(),
        response: "{}".into(),
        spans: Vec::new(),
        usage: Usage::default(),
        cost: None,
        feedback: Vec::new(),
        started_at: Timestamp(began),
    };
    let traces = [trace(1, 100), trace(2, 5_000), trace(3, 4_999)];
    let audit = AuditEntry {
        at_ms: 0,
        actor: "app".into(),
        action: "trace.put".into(),
        subject: "traces".into(),
        reason: String::new(),
        origin: Origin::default(),
    };
    let put = traces.iter().try_fold(Change::new(audit), Change::put_trace).unwrap();
    put.commit(&store).unwrap();

    assert_eq!(bench.workbench.expire_traces(&anna(), Timestamp(5_000)).unwrap(), 2);
    assert_eq!(store.traces().unwrap(), [traces[1].clone()]);
    let entries = bench.workbench.audit_page(1, 1_000).unwrap();
    let (_, _, last) = entries.last().unwrap();
    assert_eq!((last.actor.as_str(), last.action.as_str()), ("anna", "trace.expire"));
    assert!(
        last.reason.starts_with("2 traces from before 1970-01-01"),
        "{}",
        last.reason
    );
    assert_eq!(bench.workbench.verify().unwrap().findings, []);
    assert_eq!(bench.workbench.expire_traces(&anna(), Timestamp(5_000)).unwrap(), 0);
}
