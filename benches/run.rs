//! What a run costs beyond its requests.
//!
//! Ours is a whole run through the workbench: records in a store on disk, prompt rendered, `openai` provider, answer
//! parsed and graded by `json_valid` and `exact_match`, each outcome durable before it counts, and the run's end with
//! its hash. The limit is a bare loop of `reqwest` requests with the same bodies, as many in flight, to the same server
//! on the loopback, which throws the answers away. No run can be faster than that.
//!
//! How to read it:
//! - *throughput*: examples in a second, ours by the limit's; 1 is the limit, higher is better. The server that answers
//!   at once shows what pegbox itself can do; the one that thinks for 50 ms, quicker than any model, what is left of
//!   that in use: there it should be near 1. There it stands also against what so many requests of 50 ms allow at all.
//! - *processor*: microseconds for one example, both modes, all threads but the server's; lower is better. It is what
//!   rendering, grading, coding and hashing cost on top of HTTP.
//! - *peak memory*: what is resident at most in a process that imports so many examples, and in one that runs them,
//!   against what is asked. It must not grow with the examples.
//! - *start*: from the start of the program to its end, for the two commands that a person waits for, against what is
//!   asked.
//!
//! `PEGBOX_BENCH_ROUNDS=1 cargo bench --bench run` is a smoke run. With `PEGBOX_BENCH_MILLION=1` memory is measured at
//! a million examples too, which takes minutes and some gigabytes of disk. The store lies in the system's temporary
//! folder; set `TMPDIR` to measure another disk: on one without a real sync the durable commits cost nothing.

#[path = "support/process.rs"]
mod process;
#[path = "support/server.rs"]
mod server;
#[path = "support/table.rs"]
mod table;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pegbox::domain::actor::Actor;
use pegbox::domain::ids::{DatasetLabel, DatasetName, DatasetVersionId, PromptName, SuiteVersionId, VersionId};
use pegbox::domain::run::{RunSettings, RunState, RuntimeContext};
use pegbox::domain::time::Timestamp;
use pegbox::domain::version::ChangeKind;
use pegbox::workbench::{Clock, CommitReason, ImportRequest, StartRun, Workbench};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::timeout;

use server::Server;
use table::{Extent, Fault, Pairs, Row, Table};

/// A case of speed: milliseconds until the server answers, requests in flight, examples.
type Case = (u64, u32, usize);

/// Few at once over a slow server take long, so that there are fewer of them.
const CASES: [Case; 6] = [
    (0, 16, 10_000),
    (0, 64, 10_000),
    (0, 256, 10_000),
    (50, 16, 2_000),
    (50, 64, 10_000),
    (50, 256, 10_000),
];
/// Examples of the runs whose memory is measured.
const MEMORY_EXAMPLES: [usize; 3] = [1_000, 10_000, 100_000];
/// The same where `PEGBOX_BENCH_MILLION` is set.
const MANY_EXAMPLES: usize = 1_000_000;
/// Examples of the run that is shown.
const SHOWN_EXAMPLES: usize = 10_000;
/// Examples of the warm-up.
const FEW_EXAMPLES: usize = 200;
/// What is asked of memory in MB, and of a million examples.
const PEAK_ASKED_MB: f64 = 60.0;
const MANY_PEAK_ASKED_MB: f64 = 200.0;
/// What is asked of the first command of a person, and of showing a finished run, in milliseconds.
const START_ASKED_MS: f64 = 50.0;
const SHOW_ASKED_MS: f64 = 100.0;
/// Starts of the program in one round.
const STARTS: usize = 10;
/// Bytes of an example's text: a longer support ticket.
const TEXT_BYTES: usize = 1_000;
/// Time for one run or one loop: more than the slowest takes on a busy machine.
const MEASURE_TIME_MAX: Duration = Duration::from_secs(300);
/// Requests in flight while memory is measured.
const MEMORY_IN_FLIGHT: u32 = 64;
/// Time between two looks at a process.
const LOOK_PERIOD: Duration = Duration::from_millis(2);
/// Bytes in a megabyte.
const MB_BYTES: f64 = 1e6;

const ANSWER: &str = r#"{"route": "billing", "escalate": false}"#;
const SYSTEM: &str = "Answer with JSON only.";
const PROMPT: &str = r#"+++
[model]
provider = "openai"
name = "bench-1"

[[variables]]
name = "ticket"
+++
-- system --
Answer with JSON only.

-- user --
{{ ticket }}
"#;
const SUITE: &str = r#"
name = "bench"
description = "what a run costs"

[[graders]]
name = "json"
kind = "json_valid"

[[graders]]
name = "exact"
kind = "exact_match"

[[metrics]]
name = "exact_rate"
kind = "accuracy"
grader = "exact"

[[thresholds]]
metric = "exact_rate"
at_least = 0.9

[pass_rule]
policy = "point"
"#;

/// How one side of a row did.
struct Sample {
    seconds: f64,
    cpu_seconds: Option<f64>,
}

/// A store with everything that a run needs, and the server that answers.
struct Fixture<'s> {
    runtime: Runtime,
    workbench: Workbench,
    server: &'s Server,
    actor: Actor,
}

impl<'s> Fixture<'s> {
    fn open(folder: &Path, server: &'s Server) -> Result<Self, Fault> {
        let runtime = Runtime::new()?;
        let started = Instant::now();
        let clock: Clock =
            Arc::new(move || Timestamp(i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX)));
        let workbench = Workbench::open(folder, clock, runtime.handle().clone())?;
        Ok(Self {
            workbench,
            runtime,
            server,
            actor: Actor::new("bench")?,
        })
    }

    /// Fills an empty store: one prompt and one suite.
    fn fill(&self) -> Result<(), Fault> {
        let prompt = PromptName::new("bench")?;
        self.workbench
            .import_prompt(&self.actor, &prompt, "what a run costs", PROMPT)?;
        let reason = CommitReason {
            kind: ChangeKind::Experiment,
            text: "to be measured".into(),
            link: None,
        };
        self.workbench.commit(&self.actor, &prompt, &reason)?;
        self.workbench.import_suite(&self.actor, SUITE, "to measure with")?;
        Ok(())
    }

    /// Imports a dataset of this size.
    fn import(&self, folder: &Path, size: usize) -> Result<(), Fault> {
        let id = dataset(size)?;
        let request = ImportRequest {
            path: write_rows(folder, size)?,
            name: id.name,
            label: Some(id.label),
            mapping: String::new(),
            reason: "to measure with".into(),
        };
        self.workbench.import_dataset(&self.actor, &request)?;
        Ok(())
    }

    /// One run from its start to its end on disk.
    fn run(&self, examples: usize, in_flight: u32) -> Result<Sample, Fault> {
        let start = StartRun {
            subject: VersionId {
                prompt: PromptName::new("bench")?,
                number: 1,
            }
            .into(),
            dataset: dataset(examples)?,
            suite: "bench@v1".parse::<SuiteVersionId>()?,
            base: None,
            environment: None,
            context: RuntimeContext::default(),
            settings: RunSettings {
                concurrency: in_flight,
                base_url: Some(self.server.base_url()),
                ..RunSettings::default()
            },
        };
        measure(|| {
            let id = self.workbench.start_run(&self.actor, &start)?;
            let mut progress = self.workbench.watch_run(id).ok_or("the run is not followed")?;
            let ended = self.runtime.block_on(async {
                let ended = progress.wait_for(|progress| progress.state != RunState::Running);
                timeout(MEASURE_TIME_MAX, ended)
                    .await
                    .map(|ended| ended.map(|progress| progress.clone()))
            })??;
            if ended.totals.passed != examples as u64 {
                return Err(format!("the run did not pass: {:?}, {:?}", ended.totals, ended.notice).into());
            }
            Ok(())
        })
    }

    /// The same requests, and nothing else.
    fn request(&self, bodies: &Arc<[Vec<u8>]>, in_flight: u32) -> Result<Sample, Fault> {
        let url = format!("{}/chat/completions", self.server.base_url());
        measure(|| {
            // A run makes a client of its own too.
            let client = reqwest::Client::builder().no_proxy().build()?;
            let next = Arc::new(AtomicUsize::new(0));
            self.runtime.block_on(async {
                let mut lanes = JoinSet::new();
                for _ in 0..in_flight {
                    lanes.spawn(lane(client.clone(), url.clone(), Arc::clone(bodies), Arc::clone(&next)));
                }
                let all = async {
                    while let Some(lane) = lanes.join_next().await {
                        lane??;
                    }
                    Ok(())
                };
                timeout(MEASURE_TIME_MAX, all).await?
            })
        })
    }
}

/// Sends one body after the other until none is left.
async fn lane(
    client: reqwest::Client,
    url: String,
    bodies: Arc<[Vec<u8>]>,
    next: Arc<AtomicUsize>,
) -> Result<(), reqwest::Error> {
    while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
        let request = client
            .post(&url)
            .header("content-type", "application/json")
            .body(body.clone());
        request.send().await?.error_for_status()?.bytes().await?;
    }
    Ok(())
}

fn measure(work: impl FnOnce() -> Result<(), Fault>) -> Result<Sample, Fault> {
    let cpu_before = process::cpu_seconds_without(server::THREAD_NAME);
    let started = Instant::now();
    work()?;
    let seconds = started.elapsed().as_secs_f64();
    let cpu_after = process::cpu_seconds_without(server::THREAD_NAME);
    Ok(Sample {
        seconds,
        cpu_seconds: cpu_before.zip(cpu_after).map(|(before, after)| after - before),
    })
}

fn dataset(size: usize) -> Result<DatasetVersionId, Fault> {
    Ok(DatasetVersionId {
        name: DatasetName::new("bench")?,
        label: DatasetLabel::new(format!("of-{size}"))?,
    })
}

fn ticket(index: usize) -> String {
    let mut text = format!("ticket {index}:");
    for word in 0.. {
        if text.len() >= TEXT_BYTES {
            break;
        }
        // Numbers, so that compression does not make the records smaller than real ones.
        let noise = (index * 7_919 + word * 104_729) % 99_991;
        let _ = write!(text, " word{noise}");
    }
    text
}

/// Writes a dataset file, and returns its path.
fn write_rows(folder: &Path, size: usize) -> Result<PathBuf, Fault> {
    let path = folder.join(format!("{size}.jsonl"));
    let expected: serde_json::Value = serde_json::from_str(ANSWER)?;
    let mut file = BufWriter::new(File::create(&path)?);
    for index in 0..size {
        let row = serde_json::json!({
            "id": format!("e-{index}"), "input": {"ticket": ticket(index)}, "expected": expected,
        });
        writeln!(file, "{row}")?;
    }
    file.flush()?;
    Ok(path)
}

fn bodies(size: usize) -> Arc<[Vec<u8>]> {
    let body = |index| {
        let messages = serde_json::json!([
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": ticket(index)},
        ]);
        serde_json::json!({"model": "bench-1", "messages": messages})
            .to_string()
            .into_bytes()
    };
    (0..size).map(body).collect()
}

fn reply() -> String {
    serde_json::json!({
        "id": "chatcmpl-bench", "object": "chat.completion", "model": "bench-1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 260, "completion_tokens": 12, "total_tokens": 272},
    })
    .to_string()
}

/// The speed rows of one case.
fn compare_speed(table: &mut Table, extent: Extent, fixture: &Fixture, case: Case) -> Result<(), Fault> {
    let (delay_ms, in_flight, examples) = case;
    let examples = extent.count(examples);
    let bodies = bodies(examples);
    fixture.server.set_delay_ms(delay_ms);
    let (mut throughput, mut allowed, mut cpu) = (Pairs::default(), Pairs::default(), Pairs::default());
    extent.repeat(|| {
        let ours = fixture.run(examples, in_flight)?;
        let limit = fixture.request(&bodies, in_flight)?;
        let examples = examples as f64;
        throughput.push(examples / ours.seconds, examples / limit.seconds);
        if delay_ms > 0 {
            allowed.push(examples / ours.seconds, f64::from(in_flight) * 1e3 / delay_ms as f64);
        }
        if let Some((ours, limit)) = ours.cpu_seconds.zip(limit.cpu_seconds) {
            cpu.push(ours * 1e6 / examples, limit * 1e6 / examples);
        }
        Ok(())
    })?;
    let label = format!("{delay_ms:>2} ms, {in_flight:>3} in flight, {examples:>5}: ");
    let row = |what, limit, unit, good| Row {
        what,
        limit,
        unit,
        good,
    };
    let bare = "bare requests, same bodies and server";
    table.row(&label, row("throughput", bare, "/s", "near 1"), &throughput)?;
    if delay_ms > 0 {
        table.row(
            &label,
            row("throughput", "requests by milliseconds", "/s", "near 1"),
            &allowed,
        )?;
    }
    table.row(&label, row("processor", bare, "us", "low"), &cpu)
}

/// The program itself on a store.
fn pegbox(store: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pegbox"));
    command.arg("--store").arg(store).args(["--user", "bench"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Runs a command to its end, and returns what was resident at most, in bytes.
fn peak_of(mut command: Command) -> Result<Option<f64>, Fault> {
    let mut child = command.spawn()?;
    let mut peak = None;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak = process::peak_bytes(child.id()).or(peak);
        std::thread::sleep(LOOK_PERIOD);
    };
    if !status.success() {
        return Err(format!("{command:?} ended with {status}").into());
    }
    Ok(peak)
}

/// The rows of memory for one number of examples, in a store of its own.
fn measure_memory(
    table: &mut Table,
    folder: &Path,
    server: &Server,
    examples: usize,
    asked_mb: f64,
) -> Result<(), Fault> {
    let store = folder.join(format!("memory-{examples}"));
    Fixture::open(&store, server)?.fill()?;
    let id = dataset(examples)?;
    let mut import = pegbox(&store);
    import.args(["dataset", "import"]).arg(write_rows(folder, examples)?);
    import.args(["--name", id.name.as_str(), "--label", id.label.as_str()]);
    import.args(["--reason", "to measure with"]);
    let mut run = pegbox(&store);
    run.args([
        "run",
        "start",
        "bench_v1",
        "--suite",
        "bench@v1",
        "--dataset",
        &id.to_string(),
    ]);
    run.args([
        "--base-url",
        &server.base_url(),
        "--concurrency",
        &MEMORY_IN_FLIGHT.to_string(),
    ]);
    for (what, limit, command) in [
        ("import, peak memory", "what is asked of a run", import),
        ("run, peak memory", "what is asked", run),
    ] {
        let mut pairs = Pairs::default();
        if let Some(peak) = peak_of(command)? {
            pairs.push(peak / MB_BYTES, asked_mb);
        }
        let row = Row {
            what,
            limit,
            unit: "MB",
            good: "below 1",
        };
        table.row(&format!("{examples} examples: "), row, &pairs)?;
    }
    Ok(())
}

/// The rows of starts, on a store with a finished run.
fn measure_starts(table: &mut Table, extent: Extent, store: &Path) -> Result<(), Fault> {
    for (what, arguments, asked_ms) in [
        ("pegbox status", &["status"][..], START_ASKED_MS),
        ("pegbox run show", &["run", "show", "run_1"], SHOW_ASKED_MS),
    ] {
        let mut pairs = Pairs::default();
        extent.repeat(|| {
            for _ in 0..STARTS {
                let started = Instant::now();
                let status = pegbox(store).args(arguments).status()?;
                let ms = started.elapsed().as_secs_f64() * 1e3;
                if !status.success() {
                    return Err(format!("{arguments:?} ended with {status}").into());
                }
                pairs.push(ms, asked_ms);
            }
            Ok(())
        })?;
        let row = Row {
            what,
            limit: "what is asked",
            unit: "ms",
            good: "below 1",
        };
        table.row("start: ", row, &pairs)?;
    }
    Ok(())
}

fn main() -> Result<(), Fault> {
    let extent = Extent::from_environment()?;
    let folder = tempfile::tempdir()?;
    let server = Server::start(&reply())?;
    let mut table = Table::begin("runs", extent)?;
    let store = folder.path().join("store");
    let fixture = Fixture::open(&store, &server)?;
    fixture.fill()?;
    let mut sizes: Vec<usize> = CASES.iter().map(|(.., examples)| extent.count(*examples)).collect();
    sizes.push(FEW_EXAMPLES);
    sizes.sort_unstable();
    sizes.dedup();
    for size in sizes {
        fixture.import(folder.path(), size)?;
    }
    // Also the warm-up: it opens files, fills caches, and shows that both sides send the same.
    fixture.run(FEW_EXAMPLES, 8)?;
    let sent = server.first_body().ok_or("nothing was sent")?;
    if !bodies(FEW_EXAMPLES).contains(&sent) {
        return Err(format!("the bodies differ: {}", String::from_utf8_lossy(&sent)).into());
    }
    for case in CASES {
        compare_speed(&mut table, extent, &fixture, case)?;
    }
    // The store is open in one process at a time.
    drop(fixture);
    server.set_delay_ms(0);
    for examples in MEMORY_EXAMPLES {
        measure_memory(
            &mut table,
            folder.path(),
            &server,
            extent.count(examples),
            PEAK_ASKED_MB,
        )?;
    }
    if std::env::var_os("PEGBOX_BENCH_MILLION").is_some() {
        measure_memory(&mut table, folder.path(), &server, MANY_EXAMPLES, MANY_PEAK_ASKED_MB)?;
    }
    let shown = folder.path().join(format!("memory-{}", extent.count(SHOWN_EXAMPLES)));
    measure_starts(&mut table, extent, &shown)
}
