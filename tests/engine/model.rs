//! The embedded engine against the one in memory: the same batches give the same answers and the same hash chain,
//! whatever is closed, opened or thrown away in between.

use std::fs;

use pegbox::store::embedded::EmbeddedEngine;
use pegbox::store::engine::{Batch, Engine, Op, Precondition, Scan};
use pegbox::store::memory::MemoryEngine;
use proptest::prelude::*;

use crate::store::{audit, open};

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<Precondition>, Vec<Op>),
    Scan(Scan),
    Compact,
    Reopen,
    ReopenWithoutIndex,
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(vec![0, b'a', b'b', 255]), 0..4)
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        9 => prop::collection::vec(prop::sample::select(vec![0, 1]), 0..2),
        1 => prop::collection::vec(any::<u8>(), 0..900),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![2 => (key(), value()).prop_map(|(key, value)| Op::Put(key, value)), 1 => key().prop_map(Op::Delete)]
}

fn precondition() -> impl Strategy<Value = Precondition> {
    prop_oneof![
        key().prop_map(Precondition::Absent),
        (key(), value()).prop_map(|(key, value)| Precondition::Equals(key, value)),
    ]
}

fn scan() -> impl Strategy<Value = Scan> {
    (key(), 0..6_usize, prop::option::of(key()), any::<bool>(), any::<bool>()).prop_map(
        |(prefix, limit, start, after, backward)| {
            let scan = Scan::prefix(prefix, limit);
            let scan = match start {
                Some(key) if after => scan.after(key),
                Some(key) => scan.from(key),
                None => scan,
            };
            if backward { scan.backward() } else { scan }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let ops = prop::collection::vec(op(), 0..6);
    let preconditions = prop::collection::vec(precondition(), 0..2);
    prop_oneof![
        12 => (preconditions, ops).prop_map(|(preconditions, ops)| Step::Commit(preconditions, ops)),
        6 => scan().prop_map(Step::Scan),
        1 => Just(Step::Compact),
        1 => Just(Step::Reopen),
        1 => Just(Step::ReopenWithoutIndex),
    ]
}

fn assert_same(embedded: &EmbeddedEngine, memory: &MemoryEngine) {
    let everything = Scan::prefix("", usize::MAX);
    assert_eq!(
        embedded.scan(&everything).expect("scan"),
        memory.scan(&everything).expect("scan")
    );
    assert_eq!(
        embedded.audit_page(1, usize::MAX).expect("audit"),
        memory.audit_page(1, usize::MAX).expect("audit")
    );
    assert_eq!(
        embedded.history(1, usize::MAX).expect("history"),
        memory.history(1, usize::MAX).expect("history")
    );
    let report = embedded.verify().expect("verify");
    assert_eq!(report.findings, []);
    assert_eq!(report.commits, memory.stats().expect("stats").commits);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn embedded_and_memory_agree(steps in prop::collection::vec(step(), 1..40)) {
        let dir = tempfile::tempdir().expect("a folder");
        let memory = MemoryEngine::new();
        let mut embedded = open(dir.path());
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::Commit(preconditions, ops) => {
                    let batch = Batch { audit: audit(&n.to_string()), preconditions, ops };
                    let (left, right) = (embedded.commit(batch.clone()), memory.commit(batch));
                    prop_assert_eq!(left.map_err(|error| error.to_string()), right.map_err(|error| error.to_string()));
                }
                Step::Scan(scan) => {
                    prop_assert_eq!(embedded.scan(&scan).expect("scan"), memory.scan(&scan).expect("scan"));
                    let (left, right) = (embedded.count(&scan.prefix), memory.count(&scan.prefix));
                    prop_assert_eq!(left.expect("count"), right.expect("count"));
                }
                Step::Compact => {
                    embedded.compact(&mut |_| {}).expect("compacted");
                    assert_same(&embedded, &memory);
                }
                Step::Reopen => {
                    drop(embedded);
                    embedded = open(dir.path());
                    prop_assert_eq!(&embedded.recovery().index_rebuilt, &None);
                    prop_assert_eq!(embedded.recovery().cut_bytes, 0);
                }
                Step::ReopenWithoutIndex => {
                    drop(embedded);
                    fs::remove_dir_all(dir.path().join("index")).expect("the index goes");
                    embedded = open(dir.path());
                    let commits = memory.stats().expect("stats").commits;
                    prop_assert_eq!(embedded.recovery().replayed_commits, commits);
                }
            }
        }
        assert_same(&embedded, &memory);
        drop(embedded);
        assert_same(&open(dir.path()), &memory);
    }
}
