//! What every engine promises, held against each of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use pegbox::store::embedded::EmbeddedEngine;
use pegbox::store::engine::{CommitReceipt, Engine, EngineError, Pending, Scan, VALUE_BYTES_MAX};
use pegbox::store::memory::MemoryEngine;

use crate::store::{audit, batch, open, put, text};

fn with_each_engine(promise: impl Fn(&dyn Engine)) {
    promise(&MemoryEngine::new());
    let dir = tempfile::tempdir().expect("a folder");
    promise(&open(dir.path()));
}

fn keys(engine: &dyn Engine, scan: &Scan) -> Vec<String> {
    let entries = engine.scan(scan).expect("the scan works");
    entries
        .into_iter()
        .map(|(key, _)| String::from_utf8(key).expect("text"))
        .collect()
}

#[test]
fn a_commit_is_visible_and_numbered() {
    with_each_engine(|engine| {
        let changes = engine.changes();
        assert_eq!(*changes.borrow(), 0);
        let first = engine
            .commit(batch("one").put("k", "1").put("l", "").delete("m"))
            .expect("first");
        let second = engine.commit(batch("two").delete("k")).expect("second");
        assert_eq!((first.sequence, second.sequence), (1, 2));
        assert_ne!(first.hash, second.hash);
        assert_eq!(*changes.borrow(), 2);
        assert_eq!(text(engine, "k"), None);
        assert_eq!(text(engine, "l"), Some(String::new()));
        let stats = engine.stats().expect("stats");
        assert_eq!((stats.commits, stats.keys), (2, 1));
        assert_eq!(engine.verify().expect("verify").findings, []);
    });
}

#[test]
fn scans_are_ordered_bounded_and_limited() {
    with_each_engine(|engine| {
        for key in ["a/1", "b/1", "b/2", "b/3", "b/31", "b0", "c"] {
            put(engine, key, "v");
        }
        let b = || Scan::prefix("b/", 100);
        let cases = [
            (
                Scan::prefix("", 100),
                vec!["a/1", "b/1", "b/2", "b/3", "b/31", "b0", "c"],
            ),
            (Scan::prefix("", 0), vec![]),
            (b(), vec!["b/1", "b/2", "b/3", "b/31"]),
            (b().backward(), vec!["b/31", "b/3", "b/2", "b/1"]),
            (Scan::prefix("b/", 2), vec!["b/1", "b/2"]),
            (Scan::prefix("b/", 2).backward(), vec!["b/31", "b/3"]),
            (b().from("b/2"), vec!["b/2", "b/3", "b/31"]),
            (b().after("b/2"), vec!["b/3", "b/31"]),
            (b().from("b/2").backward(), vec!["b/2", "b/1"]),
            (b().after("b/2").backward(), vec!["b/1"]),
            (b().from("b/25"), vec!["b/3", "b/31"]),
            (b().from("b/25").backward(), vec!["b/2", "b/1"]),
            (b().from("a"), vec!["b/1", "b/2", "b/3", "b/31"]),
            (b().from("z"), vec![]),
            (b().from("a").backward(), vec![]),
            (b().after("b/31"), vec![]),
            (Scan::prefix("d", 100), vec![]),
        ];
        for (scan, expected) in cases {
            assert_eq!(keys(engine, &scan), expected, "{scan:?}");
        }
        let counts = [("", 7), ("b/", 4), ("b", 5), ("c", 1), ("d", 0)];
        for (prefix, count) in counts {
            assert_eq!(engine.count(prefix.as_bytes()).expect("count"), count, "{prefix}");
        }
    });
}

#[test]
fn keys_and_values_are_any_bytes() {
    with_each_engine(|engine| {
        let keys = [
            vec![],
            vec![0],
            vec![0, 0],
            vec![255],
            vec![255; 400],
            b"\xc3\x28".to_vec(),
        ];
        for key in &keys {
            engine
                .commit(batch("bytes").insert(key.clone(), [key.as_slice(), &[0, 255]].concat()))
                .expect("taken");
        }
        for key in &keys {
            assert_eq!(
                engine.get(key).expect("read"),
                Some([key.as_slice(), &[0, 255]].concat()),
                "{key:?}"
            );
        }
        assert_eq!(engine.scan(&Scan::prefix([255], 10)).expect("scan").len(), 2);
        assert_eq!(engine.count(&[]).expect("count"), 6);
    });
}

#[test]
fn a_failed_precondition_leaves_nothing_behind() {
    with_each_engine(|engine| {
        put(engine, "k", "1");
        let refused = [
            (batch("x").put("new", "v").insert("k", "2"), "k"),
            (batch("x").put("new", "v").expect_equals("k", "2"), "k"),
            (batch("x").put("new", "v").expect_equals("absent", ""), "absent"),
            (batch("x").insert("new", "v").expect_absent("k"), "k"),
        ];
        for (batch, culprit) in refused {
            match engine.commit(batch.clone()) {
                Err(EngineError::Conflict { key }) => assert_eq!(key, culprit.as_bytes()),
                other => panic!("{batch:?}: {other:?}"),
            }
        }
        assert_eq!((text(engine, "k"), text(engine, "new")), (Some("1".into()), None));
        let changed = batch("x")
            .expect_equals("k", "1")
            .expect_absent("new")
            .put("k", "2")
            .insert("new", "v");
        assert_eq!(engine.commit(changed).expect("all hold").sequence, 2);
        assert_eq!(
            (text(engine, "k"), text(engine, "new")),
            (Some("2".into()), Some("v".into()))
        );
    });
}

#[test]
fn preconditions_see_the_batches_submitted_before() {
    with_each_engine(|engine| {
        let submitted: Vec<Pending> = vec![
            engine.submit(batch("1").insert("k", "1")),
            engine.submit(batch("2").insert("k", "2")),
            engine.submit(batch("3").expect_equals("k", "1").put("k", "3").put("k", "4")),
            engine.submit(batch("4").expect_equals("k", "4").delete("k")),
            engine.submit(batch("5").expect_equals("k", "4").put("k", "5")),
            engine.submit(batch("6").insert("k", "6")),
        ];
        let results: Vec<_> = submitted
            .into_iter()
            .map(|pending| pending.wait().map(|r| r.sequence).ok())
            .collect();
        assert_eq!(results, [Some(1), None, Some(2), Some(3), None, Some(4)]);
        assert_eq!(text(engine, "k"), Some("6".into()));
    });
}

#[test]
fn the_last_op_on_a_key_counts() {
    with_each_engine(|engine| {
        engine
            .commit(
                batch("x")
                    .put("k", "1")
                    .delete("k")
                    .put("l", "1")
                    .delete("l")
                    .put("l", "2"),
            )
            .expect("taken");
        assert_eq!((text(engine, "k"), text(engine, "l")), (None, Some("2".into())));
        assert_eq!(engine.verify().expect("verify").findings, []);
    });
}

#[test]
fn what_is_over_a_limit_is_refused_and_the_store_goes_on() {
    with_each_engine(|engine| {
        let refused = engine.commit(batch("x").put("k", vec![0; VALUE_BYTES_MAX + 1]));
        assert!(
            matches!(refused, Err(EngineError::TooLarge { what: "a value", .. })),
            "{refused:?}"
        );
        put(engine, "k", "fits");
        assert_eq!(engine.stats().expect("stats").commits, 1);
    });
}

#[test]
fn a_large_batch_is_applied_whole() {
    with_each_engine(|engine| {
        let large = (0..5_000).fold(batch("import"), |batch, n| {
            batch.insert(format!("row/{n:05}"), format!("{n}"))
        });
        engine.commit(large).expect("taken");
        assert_eq!(engine.count(b"row/").expect("count"), 5_000);
        assert_eq!(text(engine, "row/04999"), Some("4999".into()));
        let value = vec![7; 3 * 1024 * 1024];
        engine.commit(batch("blob").put("blob", value.clone())).expect("taken");
        assert!(engine.get(b"blob").expect("read") == Some(value));
    });
}

#[test]
fn the_audit_log_is_read_in_pages() {
    with_each_engine(|engine| {
        let commit = |n| engine.commit(batch(&format!("s{n}")).put("k", "v")).expect("taken");
        let receipts: Vec<_> = (1..=5).map(commit).collect();
        engine.commit(batch("nothing but the entry")).expect("taken");
        let row = |receipt: &CommitReceipt| (receipt.sequence, receipt.hash, audit(&format!("s{}", receipt.sequence)));
        let expected: Vec<_> = receipts.iter().skip(1).take(3).map(row).collect();
        assert_eq!(engine.audit_page(2, 3).expect("page"), expected);
        assert_eq!(engine.audit_page(0, 100).expect("page").len(), 6);
        assert_eq!(
            engine.audit_page(6, 100).expect("page")[0].2.subject,
            "nothing but the entry"
        );
        assert_eq!(engine.audit_page(7, 100).expect("page"), []);
    });
}

#[test]
fn the_history_and_the_sizes_are_told_alike() {
    with_each_engine(|engine| {
        put(engine, "b/1", &"draft ".repeat(30));
        put(engine, "b/1", "v");
        put(engine, "a", "v");
        engine.commit(batch("two").put("b/2", "vv").delete("a")).expect("taken");
        let history = engine.history(1, 100).expect("history");
        assert_eq!(engine.history(3, 1).expect("history"), history[2..3]);
        assert_eq!(engine.history(0, 2).expect("history"), history[..2]);
        assert_eq!(engine.history(5, 9).expect("history"), []);
        let told: Vec<_> = history[3]
            .ops
            .iter()
            .map(|op| (op.key.as_slice(), op.value_bytes))
            .collect();
        assert_eq!(told, [(b"b/2".as_slice(), Some(2)), (b"a", None)]);
        assert_eq!(history[3].audit, audit("two"));
        engine.compact(&mut |_| {}).expect("compacted");
        assert_eq!(
            engine.history(1, 100).expect("history"),
            history,
            "compaction changes no history"
        );
        let spaces = engine.spaces().expect("spaces");
        assert_eq!(spaces.len(), 1, "{spaces:?}");
        assert_eq!((spaces[0].name.as_slice(), spaces[0].keys), (b"b".as_slice(), 2));
        assert!(spaces[0].bytes >= 9, "{spaces:?}");
    });
}

#[test]
fn readers_never_see_half_a_batch() {
    with_each_engine(|engine| {
        let names = ["r/a", "r/b", "r/c", "r/d", "r/e", "r/f"];
        let commit = |n: u32| {
            let all = names
                .iter()
                .fold(batch("round"), |batch, name| batch.put(*name, n.to_string()));
            engine.commit(all).expect("taken");
        };
        commit(0);
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !done.load(Ordering::Acquire) {
                        let entries = engine.scan(&Scan::prefix("r/", 100)).expect("scan");
                        assert_eq!(entries.len(), names.len());
                        assert!(entries.iter().all(|(_, value)| *value == entries[0].1), "{entries:?}");
                    }
                });
            }
            (1..200).for_each(commit);
            done.store(true, Ordering::Release);
        });
        assert_eq!(text(engine, "r/f"), Some("199".into()));
    });
}

#[test]
fn verify_runs_beside_the_writer() {
    with_each_engine(|engine| {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..300 {
                    put(engine, &format!("k/{}", n % 17), &format!("{n}"));
                }
                done.store(true, Ordering::Release);
            });
            while !done.load(Ordering::Acquire) {
                assert_eq!(engine.verify().expect("verify").findings, []);
            }
        });
        assert_eq!(engine.verify().expect("verify").commits, 300);
    });
}

#[test]
fn submitters_on_a_runtime_share_a_sync() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine: std::sync::Arc<EmbeddedEngine> = std::sync::Arc::new(open(dir.path()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("a runtime");
    let mut sequences = runtime.block_on(async {
        let tasks: Vec<_> = (0..100)
            .map(|n| {
                let engine = std::sync::Arc::clone(&engine);
                tokio::spawn(async move { engine.submit(batch("task").put(format!("k/{n}"), "v")).await })
            })
            .collect();
        let mut sequences = Vec::new();
        for task in tasks {
            sequences.push(task.await.expect("joined").expect("committed").sequence);
        }
        sequences
    });
    sequences.sort_unstable();
    assert!(sequences.iter().copied().eq(1..=100));
    assert_eq!(engine.count(b"k/").expect("count"), 100);
    drop(engine);
    assert_eq!(open(dir.path()).count(b"k/").expect("count"), 100);
}
