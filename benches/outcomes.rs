//! What outcomes cost on disk, and what a store with a million of them costs to open and to look at.
//!
//! How to read it:
//! - *bytes on disk of an outcome*: everything in the store's folder but the ballast, by the same outcomes as lines of
//!   JSON, and by those lines in one zstd file, in which nobody can look anything up. Lower is better.
//! - *opening*: by a store with a hundredth of the outcomes; 1 means that opening does not depend on the size. After a
//!   clean stop, and after a writer was killed in the middle of its work: then what the index had not taken over yet is
//!   applied again, which is bounded and so does not grow with the store either.
//! - *first pages*: the newest runs, the first failures of a run, its first outcomes, and one example's outcome, right
//!   after opening.
//!
//! `PEGBOX_BENCH_ROUNDS=1 cargo bench --bench outcomes` is a smoke run. The stores lie in the system's temporary
//! folder; set `TMPDIR` to measure another disk.

#[path = "support/table.rs"]
mod table;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use pegbox::domain::grader::Score;
use pegbox::domain::hash::ContentHash;
use pegbox::domain::ids::{ExampleId, RunId};
use pegbox::domain::money::UsdNanos;
use pegbox::domain::origin::Origin;
use pegbox::domain::outcome::{Attempt, Outcome, RenderedMessage, Usage};
use pegbox::domain::prompt::Role;
use pegbox::domain::time::Timestamp;
use pegbox::store::embedded::EmbeddedEngine;
use pegbox::store::engine::AuditEntry;
use pegbox::store::{Change, Store};

use table::{Extent, Fault, Pairs, Row, Table};

const OUTCOMES: usize = 1_000_000;
/// The store that opening is compared with has so many times fewer.
const FEWER: usize = 100;
/// Outcomes in one commit while a store is filled.
const FILL_BATCH: usize = 200;
/// Every outcome of this number is a failure.
const FAILURE_EVERY: usize = 20;
/// Outcomes that the killed writer has at least written.
const BEFORE_THE_KILL: usize = 5_000;
/// The argument with which this program writes until it is killed.
const WRITE_ARGUMENT: &str = "write-until-killed";
const RUN: RunId = RunId(1);
/// The run of the writer that is killed.
const KILLED_RUN: RunId = RunId(2);

fn audit() -> AuditEntry {
    AuditEntry {
        at_ms: 0,
        actor: "bench".into(),
        action: "run.outcome".into(),
        subject: "run_1".into(),
        reason: String::new(),
        origin: Origin::default(),
    }
}

/// A ticket of some hundred bytes whose numbers do not repeat, so that it does not compress better than a real one.
fn ticket(index: usize) -> String {
    let words = (0..60).map(|word| format!("word{}", (index * 7_919 + word * 104_729) % 99_991));
    words.collect::<Vec<_>>().join(" ")
}

fn example(index: usize) -> Result<ExampleId, Fault> {
    Ok(ExampleId::new(format!("e-{index:07}"))?)
}

fn score(passed: bool) -> Score {
    Score {
        grader: "exact".into(),
        passed,
        explanation: String::new(),
        value: None,
        part_of: Vec::new(),
    }
}

fn reply(index: usize, text: &str) -> String {
    let reply = serde_json::json!({
        "id": format!("c-{index}"), "object": "chat.completion", "model": "bench-1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 260, "completion_tokens": 12, "total_tokens": 272},
    });
    reply.to_string()
}

fn outcome(run: RunId, index: usize) -> Result<Outcome, Fault> {
    let passed = !index.is_multiple_of(FAILURE_EVERY);
    let ticket = ticket(index);
    let text = r#"{"route": "billing", "escalate": false}"#;
    let message = |role, text: &str| RenderedMessage {
        role,
        text: text.into(),
    };
    let usage = Usage {
        input_tokens: Some(260),
        output_tokens: Some(12),
        ..Usage::default()
    };
    let latency_ms = 40 + (index as u64 * 31) % 90;
    Ok(Outcome {
        run,
        index: index as u64,
        repeat: 0,
        example: example(index)?,
        example_hash: ContentHash::of_bytes(ticket.as_bytes()),
        rendered: vec![
            message(Role::System, "Answer with JSON only."),
            message(Role::User, &ticket),
        ],
        documents: Vec::new(),
        tool_calls: Vec::new(),
        raw_response: reply(index, text),
        earlier_responses: Vec::new(),
        text: Some(text.into()),
        parsed: None,
        parse_error: None,
        refusal: None,
        finish_reason: Some("stop".into()),
        resolved_model: Some("bench-1".into()),
        system_fingerprint: None,
        response_id: Some(format!("c-{index}")),
        usage,
        latency_ms,
        time_to_first_token_ms: None,
        attempts: vec![Attempt {
            latency_ms,
            status: Some(200),
            error: None,
            usage,
            cost: Some(UsdNanos(43_000)),
            waited_ms: 0,
        }],
        reused_from: None,
        cost: Some(UsdNanos(43_000)),
        error: None,
        scores: vec![score(passed)],
        judgements: Vec::new(),
        steps: Vec::new(),
        failure_category: None,
        finished_at: Timestamp(i64::try_from(index)?),
    })
}

fn open(path: &Path) -> Result<Store, Fault> {
    Ok(Store::new(Arc::new(EmbeddedEngine::open(path)?)))
}

/// Writes the outcomes of these places, many in one commit.
fn write(store: &Store, run: RunId, places: std::ops::Range<usize>) -> Result<(), Fault> {
    let end = places.end;
    for first in places.step_by(FILL_BATCH) {
        let mut change = Change::new(audit());
        for index in first..end.min(first + FILL_BATCH) {
            change = change.insert_outcome(&outcome(run, index)?)?;
        }
        change.submit(store).wait()?;
    }
    Ok(())
}

/// A closed store with so many outcomes.
fn filled(folder: &Path, outcomes: usize) -> Result<PathBuf, Fault> {
    let path = folder.join(format!("of-{outcomes}"));
    write(&open(&path)?, RUN, 0..outcomes)?;
    Ok(path)
}

fn bytes_in(folder: &Path) -> Result<u64, Fault> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += match entry.metadata()? {
            folder if folder.is_dir() => bytes_in(&entry.path())?,
            _ if entry.file_name() == "ballast" => 0,
            file => file.len(),
        };
    }
    Ok(bytes)
}

fn compare_bytes(table: &mut Table, store: &Path, outcomes: usize) -> Result<(), Fault> {
    let (mut json, mut packed) = (0, zstd::Encoder::new(Vec::new(), 3)?);
    for index in 0..outcomes {
        let mut line = serde_json::to_vec(&outcome(RUN, index)?)?;
        line.push(b'\n');
        json += line.len();
        packed.write_all(&line)?;
    }
    let packed = packed.finish()?.len();
    let each = |bytes: u64| bytes as f64 / outcomes as f64;
    let row = |limit| Row {
        what: "bytes on disk of an outcome",
        limit,
        unit: "bytes",
        good: "low",
    };
    for (limit, bytes) in [
        ("the same as lines of JSON", json),
        ("those lines in one zstd file", packed),
    ] {
        let mut pairs = Pairs::default();
        pairs.push(each(bytes_in(store)?), each(bytes as u64));
        table.row("", row(limit), &pairs)?;
    }
    Ok(())
}

/// Has another process write into the store, and kills it in the middle of that.
fn kill_a_writer(path: &Path) -> Result<(), Fault> {
    let mut writer = Command::new(std::env::current_exe()?)
        .args([WRITE_ARGUMENT, path.to_str().ok_or("a path that is no text")?])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(writer.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    writer.kill()?;
    writer.wait()?;
    if line.is_empty() {
        return Err("the writer ended before it was killed".into());
    }
    Ok(())
}

/// The other process.
fn write_until_killed(path: &Path) -> Result<(), Fault> {
    let store = open(path)?;
    let first = usize::try_from(store.outcome_count(KILLED_RUN)?)?;
    write(&store, KILLED_RUN, first..first + BEFORE_THE_KILL)?;
    writeln!(std::io::stdout(), "written")?;
    write(&store, KILLED_RUN, first + BEFORE_THE_KILL..usize::MAX)
}

fn timed_ms<T>(work: impl FnOnce() -> Result<T, Fault>) -> Result<(T, f64), Fault> {
    let started = Instant::now();
    let done = work()?;
    Ok((done, started.elapsed().as_secs_f64() * 1e3))
}

/// Opens the store and shows what people look at first. Both times in ms.
fn look(path: &Path, outcomes: usize) -> Result<(f64, f64), Fault> {
    let (store, opened_ms) = timed_ms(|| open(path))?;
    let ((), looked_ms) = timed_ms(|| {
        let middle = example(outcomes / 2)?;
        store.runs(None, 50)?;
        let is_there = !store.failures(RUN, None, 50)?.is_empty()
            && !store.outcome_page(RUN, None)?.is_empty()
            && store.outcome_of(RUN, &middle)?.is_some();
        is_there
            .then_some(())
            .ok_or_else(|| "the outcomes are not there".into())
    })?;
    Ok((opened_ms, looked_ms))
}

fn compare_opening(table: &mut Table, extent: Extent, many: (&Path, usize), few: (&Path, usize)) -> Result<(), Fault> {
    for (label, is_killed) in [("after a clean stop: ", false), ("after kill -9: ", true)] {
        let (mut opening, mut looking) = (Pairs::default(), Pairs::default());
        extent.repeat(|| {
            if is_killed {
                kill_a_writer(many.0)?;
                kill_a_writer(few.0)?;
            }
            let (ours, limit) = (look(many.0, many.1)?, look(few.0, few.1)?);
            opening.push(ours.0, limit.0);
            looking.push(ours.1, limit.1);
            Ok(())
        })?;
        let row = |what, limit| Row {
            what,
            limit,
            unit: "ms",
            good: "near 1",
        };
        table.row(label, row("opening", "a hundredth of the outcomes"), &opening)?;
        table.row(label, row("first pages", "a hundredth of the outcomes"), &looking)?;
    }
    Ok(())
}

fn main() -> Result<(), Fault> {
    let mut arguments = std::env::args().skip(1);
    if let (Some(WRITE_ARGUMENT), Some(path)) = (arguments.next().as_deref(), arguments.next()) {
        return write_until_killed(Path::new(&path));
    }
    let extent = Extent::from_environment()?;
    let outcomes = extent.count(OUTCOMES);
    let mut table = Table::begin(&format!("{outcomes} outcomes"), extent)?;
    let folder = tempfile::tempdir()?;
    let (many, few) = (
        filled(folder.path(), outcomes)?,
        filled(folder.path(), outcomes / FEWER)?,
    );
    compare_bytes(&mut table, &many, outcomes)?;
    compare_opening(&mut table, extent, (&many, outcomes), (&few, outcomes / FEWER))
}
