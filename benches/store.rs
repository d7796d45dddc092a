//! What a durable commit, a reopening and a page cost.
//!
//! The limit of a commit is a bare file: the same bytes that the journal grew by, appended and synced (`fdatasync`) in
//! groups as large as there are writers. No store that keeps its promise can be faster than that.
//!
//! How to read it:
//! - *commits, n writers*: durable commits of 3 KB values in a second, ours by the limit's; 1 is the limit, higher is
//!   better. With one writer every commit pays its own sync. With many, those that wait share one; ours may come out
//!   lower than 1 since the limit always fills its groups.
//! - *one commit*: its latency by that of one append and sync, each pair taken right after the other, so that a busy
//!   disk slows both; 1 is the limit, lower is better.
//! - *reopening*: a store of ten times the records, closed in good order. 1 means that opening does not depend on the
//!   size, 10 that it reads everything.
//! - *a page*: a list's page of 50 records from the middle of a store of a hundred times the keys; 1 means that lists
//!   stay as fast as they were.
//!
//! `PEGBOX_BENCH_ROUNDS=1 cargo bench --bench store` is a smoke run. The files lie in the system's temporary folder;
//! set `TMPDIR` to measure another disk: on one without a real sync these ratios say little. So they do while other
//! programs keep the processors or the disk busy: then waking up after a sync takes longer than the sync, and ratios of
//! commits scatter widely, above 1 too.

#[path = "support/table.rs"]
mod table;

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use pegbox::domain::origin::Origin;
use pegbox::store::embedded::EmbeddedEngine;
use pegbox::store::engine::{AuditEntry, Batch, Engine, EngineError, Scan};

use table::{Extent, Fault, Pairs, Row, Table};

/// A response with its prompt, as an outcome stores it.
const VALUE_BYTES: usize = 3 * 1024;
/// Values where the number of records matters, and not their size.
const SMALL_VALUE_BYTES: usize = 200;
/// Commits of one measurement by one writer, and by each number of writers more in proportion.
const COMMITS: usize = 200;
/// More commits than this add nothing.
const COMMITS_MAX: usize = 4_000;
/// Turns of both sides in one measurement: on a busy disk the pace changes within seconds.
const SLICES: usize = 10;
/// Records in one batch while a store is filled.
const FILL_BATCH: usize = 1_000;
/// Records of a page.
const PAGE: usize = 50;
/// Pages of one measurement: one alone is too short to time.
const PAGES: usize = 200;
/// Time for one side of a measurement; what is done by then counts.
const MEASURE_TIME_MAX: Duration = Duration::from_secs(20);

fn audit() -> AuditEntry {
    AuditEntry {
        at_ms: 0,
        actor: "bench".into(),
        action: "bench.put".into(),
        subject: "bench".into(),
        reason: String::new(),
        origin: Origin::default(),
    }
}

/// Bytes that do not repeat.
fn value(seed: usize, bytes: usize) -> Vec<u8> {
    let mut state = seed as u64 | 1;
    let next = std::iter::repeat_with(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    });
    next.take(bytes).collect()
}

fn key(index: usize) -> String {
    format!("bench/{index:012}")
}

/// A file that is appended to and synced.
struct Bare {
    file: File,
}

impl Bare {
    fn create(folder: &Path) -> Result<Self, Fault> {
        Ok(Self {
            file: File::create(folder.join("bare"))?,
        })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.file.write_all(bytes)?;
        self.file.sync_data()?;
        Ok(())
    }
}

/// Work that was done, and the time that it took.
#[derive(Debug, Default, Clone, Copy)]
struct Work {
    commits: usize,
    seconds: f64,
    bytes: u64,
}

impl Work {
    fn add(&mut self, more: Work) {
        self.commits += more.commits;
        self.seconds += more.seconds;
        self.bytes += more.bytes;
    }

    fn rate(self) -> f64 {
        self.commits as f64 / self.seconds
    }

    fn bytes_each(self) -> Result<usize, Fault> {
        Ok(usize::try_from(self.bytes)? / self.commits.max(1))
    }
}

/// Durable commits by `writers` threads at the same time.
fn commit(engine: &EmbeddedEngine, first: usize, commits: usize, writers: usize) -> Result<Work, Fault> {
    let before = engine.stats()?;
    let started = Instant::now();
    thread::scope(|scope| {
        let write = |writer: usize| {
            for index in (first + writer..first + commits).step_by(writers) {
                engine.commit(Batch::new(audit()).insert(key(index), value(index, VALUE_BYTES)))?;
                if started.elapsed() > MEASURE_TIME_MAX {
                    break;
                }
            }
            Ok::<(), EngineError>(())
        };
        let threads: Vec<_> = (0..writers).map(|writer| scope.spawn(move || write(writer))).collect();
        for thread in threads {
            thread.join().map_err(|_panic| "a writer panicked")??;
        }
        Ok::<(), Fault>(())
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let after = engine.stats()?;
    Ok(Work {
        commits: usize::try_from(after.commits - before.commits)?,
        seconds,
        bytes: after.journal_bytes - before.journal_bytes,
    })
}

/// The same bytes, appended and synced in groups.
fn append(bare: &mut Bare, commits: usize, bytes: usize, group: usize) -> Result<Work, Fault> {
    let group_bytes = value(1, bytes * group);
    let mut work = Work::default();
    let started = Instant::now();
    while work.commits < commits && started.elapsed() < MEASURE_TIME_MAX {
        bare.append(&group_bytes)?;
        work.commits += group;
    }
    work.seconds = started.elapsed().as_secs_f64();
    Ok(work)
}

fn compare_commits(table: &mut Table, extent: Extent, writers: usize) -> Result<(), Fault> {
    let folder = tempfile::tempdir()?;
    let engine = EmbeddedEngine::open(&folder.path().join("store"))?;
    let mut bare = Bare::create(folder.path())?;
    let slice = extent.count((COMMITS * writers).min(COMMITS_MAX) / SLICES).max(writers);
    let bytes = commit(&engine, 0, slice, writers)?.bytes_each()?;
    let mut first = slice;
    let mut pairs = Pairs::default();
    extent.repeat(|| {
        let (mut ours, mut limit) = (Work::default(), Work::default());
        for turn in 0..SLICES {
            // By turns first, since a sync may carry along what the other side has left to the system.
            if turn % 2 == 0 {
                limit.add(append(&mut bare, slice, bytes, writers)?);
            }
            ours.add(commit(&engine, first, slice, writers)?);
            first += slice;
            if turn % 2 == 1 {
                limit.add(append(&mut bare, slice, bytes, writers)?);
            }
        }
        pairs.push(ours.rate(), limit.rate());
        Ok(())
    })?;
    let row = Row {
        what: "durable commits of 3 KB",
        limit: "append + fdatasync, same bytes, full groups",
        unit: "/s",
        good: "near 1",
    };
    table.row(&format!("{writers:>2} writers: "), row, &pairs)
}

fn compare_latency(table: &mut Table, extent: Extent) -> Result<(), Fault> {
    let folder = tempfile::tempdir()?;
    let engine = EmbeddedEngine::open(&folder.path().join("store"))?;
    let mut bare = Bare::create(folder.path())?;
    let bytes = value(1, commit(&engine, 0, 10, 1)?.bytes_each()?);
    let mut index = 10;
    let mut pairs = Pairs::default();
    extent.repeat(|| {
        let (mut ours, mut limit) = (Vec::new(), Vec::new());
        for pair in 0..extent.count(COMMITS) {
            let batch = Batch::new(audit()).insert(key(index), value(index, VALUE_BYTES));
            index += 1;
            if pair % 2 == 0 {
                ours.push(timed(|| Ok(engine.commit(batch).map(drop)?))?);
                limit.push(timed(|| bare.append(&bytes))?);
            } else {
                limit.push(timed(|| bare.append(&bytes))?);
                ours.push(timed(|| Ok(engine.commit(batch).map(drop)?))?);
            }
        }
        ours.sort_by(f64::total_cmp);
        limit.sort_by(f64::total_cmp);
        pairs.push(table::median(&ours), table::median(&limit));
        Ok(())
    })?;
    let row = Row {
        what: "one durable commit, median latency",
        limit: "one append + fdatasync of the same bytes",
        unit: "us",
        good: "near 1",
    };
    table.row("", row, &pairs)
}

fn timed(work: impl FnOnce() -> Result<(), Fault>) -> Result<f64, Fault> {
    let started = Instant::now();
    work()?;
    Ok(micros(started))
}

fn micros(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e6
}

/// A closed store of this many small records.
fn filled(folder: &Path, records: usize) -> Result<PathBuf, Fault> {
    let path = folder.join(format!("of-{records}"));
    let engine = EmbeddedEngine::open(&path)?;
    for first in (0..records).step_by(FILL_BATCH) {
        let batch = (first..records.min(first + FILL_BATCH)).fold(Batch::new(audit()), |batch, index| {
            batch.insert(key(index), value(index, SMALL_VALUE_BYTES))
        });
        engine.commit(batch)?;
    }
    Ok(path)
}

fn reopened_ms(path: &Path) -> Result<f64, Fault> {
    let started = Instant::now();
    let engine = EmbeddedEngine::open(path)?;
    let milliseconds = micros(started) / 1e3;
    drop(engine);
    Ok(milliseconds)
}

fn compare_reopening(table: &mut Table, extent: Extent, many: &Path, few: &Path) -> Result<(), Fault> {
    let mut pairs = Pairs::default();
    extent.repeat(|| {
        pairs.push(reopened_ms(many)?, reopened_ms(few)?);
        Ok(())
    })?;
    let row = Row {
        what: "reopening 100,000 records",
        limit: "reopening 10,000 records",
        unit: "ms",
        good: "near 1",
    };
    table.row("", row, &pairs)
}

fn page_micros(engine: &EmbeddedEngine, records: usize, pages: usize) -> Result<f64, Fault> {
    let started = Instant::now();
    for page in 0..pages {
        let from = (records / 2 + page * 37) % (records - PAGE);
        let entries = engine.scan(&Scan::prefix("bench/", PAGE).from(key(from)))?;
        if entries.len() != PAGE {
            return Err(format!("a page of {} records", entries.len()).into());
        }
    }
    Ok(micros(started) / pages as f64)
}

fn compare_pages(table: &mut Table, extent: Extent, many: (&Path, usize), few: (&Path, usize)) -> Result<(), Fault> {
    let (many, many_records) = (EmbeddedEngine::open(many.0)?, many.1);
    let (few, few_records) = (EmbeddedEngine::open(few.0)?, few.1);
    let pages = extent.count(PAGES);
    let mut pairs = Pairs::default();
    extent.repeat(|| {
        pairs.push(
            page_micros(&many, many_records, pages)?,
            page_micros(&few, few_records, pages)?,
        );
        Ok(())
    })?;
    let row = Row {
        what: "a page of 50 out of 100,000 keys",
        limit: "a page of 50 out of 1,000 keys",
        unit: "us",
        good: "near 1",
    };
    table.row("", row, &pairs)
}

fn main() -> Result<(), Fault> {
    let extent = Extent::from_environment()?;
    let mut table = Table::begin("store", extent)?;
    for writers in [1, 8, 64] {
        compare_commits(&mut table, extent, writers)?;
    }
    compare_latency(&mut table, extent)?;
    let folder = tempfile::tempdir()?;
    let sizes = [100_000, 10_000, 1_000].map(|records| extent.count(records));
    let [large, middle, small] = sizes;
    let paths = [
        filled(folder.path(), large)?,
        filled(folder.path(), middle)?,
        filled(folder.path(), small)?,
    ];
    compare_reopening(&mut table, extent, &paths[0], &paths[1])?;
    compare_pages(&mut table, extent, (&paths[0], large), (&paths[2], small))
}
