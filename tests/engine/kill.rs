//! A process that is killed while it writes: what it was told is stored, is stored.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use pegbox::store::embedded::{EmbeddedEngine, Sizes};
use pegbox::store::engine::{Engine, Scan};

use crate::store::batch;

const ROUNDS: u64 = 15;
const WRITERS: u64 = 4;
/// Keys of one batch: all of them are there, or none.
const KEYS_PER_BATCH: usize = 10;
/// Small enough that kills hit rotations too.
const SIZES: Sizes = Sizes {
    segment_bytes: 64 * 1024,
    ballast_bytes: 64 * 1024,
    index_changes: 50,
};
const STORE: &str = "PEGBOX_TEST_KILL_STORE";
const ROUND: &str = "PEGBOX_TEST_KILL_ROUND";

/// Not a test by itself: the process that [`acknowledged_batches_survive_kill`] starts and kills.
#[test]
fn victim() {
    let (Ok(store), Ok(round)) = (env::var(STORE), env::var(ROUND)) else {
        return;
    };
    let engine = EmbeddedEngine::open_with(Path::new(&store), SIZES).expect("the store opens");
    thread::scope(|scope| {
        // Kills hit compactions too: each batch writes over a draft.
        scope.spawn(|| {
            loop {
                engine.compact(&mut |_| {}).expect("it is compacted");
                thread::yield_now();
            }
        });
        for writer in 0..WRITERS {
            let (engine, round) = (&engine, &round);
            scope.spawn(move || {
                for n in 0_u64.. {
                    let name = format!("{round}.{writer}.{n}");
                    let value = name.repeat(1 + usize::try_from(n % 40).expect("small"));
                    let all = (0..KEYS_PER_BATCH).fold(batch(&name), |batch, key| {
                        batch.insert(format!("{name}/{key}"), value.clone())
                    });
                    let all = all.put(format!("draft/{writer}"), value.repeat(4));
                    engine.commit(all).expect("the commit is taken");
                    let mut out = std::io::stdout().lock();
                    if writeln!(out, "\nack {name}").and_then(|()| out.flush()).is_err() {
                        return;
                    }
                }
            });
        }
    });
}

/// Lets a victim write until it has acknowledged so many batches, kills it, and returns all that it acknowledged.
fn kill_after(store: &Path, round: u64, acks: usize) -> Vec<String> {
    let mut victim = Command::new(env::current_exe().expect("this program"))
        .args(["kill::victim", "--exact", "--nocapture", "--test-threads=1"])
        .env(STORE, store)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the victim starts");
    let mut lines = BufReader::new(victim.stdout.take().expect("piped")).lines();
    let mut acknowledged = Vec::new();
    let mut read = |lines: &mut dyn Iterator<Item = std::io::Result<String>>| {
        lines.next().map(|line| {
            if let Some(name) = line.expect("a line").strip_prefix("ack ") {
                acknowledged.push(name.to_owned());
            }
            acknowledged.len()
        })
    };
    while read(&mut lines).expect("the victim lives until it is killed") < acks {}
    victim.kill().expect("killed");
    victim.wait().expect("reaped");
    // What it wrote to the pipe before it died was acknowledged as well; a last line may be cut.
    let mut rest: Vec<_> = lines.map_while(Result::ok).collect();
    let _ = rest.pop();
    acknowledged.extend(
        rest.iter()
            .filter_map(|line| line.strip_prefix("ack ").map(str::to_owned)),
    );
    acknowledged
}

#[test]
fn acknowledged_batches_survive_kill() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut acknowledged = BTreeSet::new();
    let mut unfinished = 0;
    for round in 0..ROUNDS {
        // Spread over the life of a session: from its first commit to some hundred later.
        let acks = usize::try_from(1 + round * round * 37 % 211).expect("small");
        acknowledged.extend(kill_after(dir.path(), round, acks));
        let engine = EmbeddedEngine::open_with(dir.path(), SIZES).expect("the store opens after a kill");
        unfinished += engine.recovery().cut_bytes;
        for name in &acknowledged {
            let entries = engine.scan(&Scan::prefix(format!("{name}/"), 100)).expect("scan");
            assert_eq!(entries.len(), KEYS_PER_BATCH, "round {round}: {name}");
            assert!(
                entries.iter().all(|(_, value)| value.starts_with(name.as_bytes())),
                "round {round}: {name}"
            );
        }
        let keys = engine.count(&[]).expect("count");
        let commits = engine.stats().expect("stats").commits;
        assert_eq!(
            keys,
            commits * KEYS_PER_BATCH as u64 + engine.count(b"draft/").expect("count"),
            "round {round}: no batch is there in part"
        );
        assert_eq!(engine.verify().expect("verify").findings, [], "round {round}");
    }
    println!(
        "{} batches acknowledged over {ROUNDS} kills, {unfinished} bytes cut",
        acknowledged.len()
    );
}
