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
//!   that in use: there it should be near 1.
//! - *processor time*: for 1,000 examples, both modes, all threads but the server's; lower is better. It is what
//!   rendering, grading, coding and hashing cost on top of HTTP.
//! - *memory growth*: from before the run to its peak, each in a process of its own, so that nobody profits from memory
//!   that another left behind. Ten times the examples must not mean ten times the growth: there 1 is ideal.
//!
//! `PEGBOX_BENCH_ROUNDS=1 cargo bench --bench run` is a smoke run. The store lies in the system's temporary folder;
//! set `TMPDIR` to measure another disk: on one without a real sync the durable commits cost nothing.

#[path = "support/process.rs"]
mod process;
#[path = "support/server.rs"]
mod server;
#[path = "support/table.rs"]
mod table;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
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

const EXAMPLES: usize = 2_000;
/// For the memory that must not grow with the examples.
const FEW_EXAMPLES: usize = EXAMPLES / 10;
/// Bytes of an example's text: a longer support ticket.
const TEXT_BYTES: usize = 1_000;
/// Time for one run or one loop: more than the slowest takes on a busy machine.
const MEASURE_TIME_MAX: Duration = Duration::from_secs(120);
/// Requests in flight while memory is measured.
const MEMORY_IN_FLIGHT: u32 = 64;
/// The argument with which this program measures memory in a process of its own.
const MEMORY_ARGUMENT: &str = "measure-memory-of";

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
struct Fixture {
    runtime: Runtime,
    workbench: Workbench,
    server: Server,
    actor: Actor,
}

impl Fixture {
    fn open(folder: &Path) -> Result<Self, Fault> {
        let runtime = Runtime::new()?;
        let started = Instant::now();
        let clock: Clock =
            Arc::new(move || Timestamp(i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX)));
        let workbench = Workbench::open(folder, clock, runtime.handle().clone())?;
        Ok(Self {
            workbench,
            runtime,
            server: Server::start(&reply())?,
            actor: Actor::new("bench")?,
        })
    }

    /// Fills an empty store: one prompt, one suite, and a dataset for each of these sizes.
    fn fill(&self, folder: &Path, sizes: &[usize]) -> Result<(), Fault> {
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
        for &size in sizes {
            let path = folder.join(format!("{size}.jsonl"));
            std::fs::write(&path, rows(size)?)?;
            let id = dataset(size)?;
            let request = ImportRequest {
                path,
                name: id.name,
                label: Some(id.label),
                mapping: String::new(),
                reason: "to measure with".into(),
            };
            self.workbench.import_dataset(&self.actor, &request)?;
        }
        Ok(())
    }

    /// One run from its start to its end on disk.
    fn run(&self, examples: usize, in_flight: u32) -> Result<Sample, Fault> {
        let start = StartRun {
            version: VersionId {
                prompt: PromptName::new("bench")?,
                number: 1,
            },
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

fn rows(size: usize) -> Result<String, Fault> {
    let expected: serde_json::Value = serde_json::from_str(ANSWER)?;
    let mut rows = String::new();
    for index in 0..size {
        let row = serde_json::json!({
            "id": format!("e-{index}"), "input": {"ticket": ticket(index)}, "expected": expected,
        });
        writeln!(rows, "{row}")?;
    }
    Ok(rows)
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

/// The two speed rows for one server and one number of requests in flight.
fn compare_speed(table: &mut Table, extent: Extent, fixture: &Fixture, case: (u64, u32)) -> Result<(), Fault> {
    let (delay_ms, in_flight) = case;
    let examples = extent.count(EXAMPLES);
    let bodies = bodies(examples);
    fixture.server.set_delay_ms(delay_ms);
    let (mut throughput, mut cpu) = (Pairs::default(), Pairs::default());
    extent.repeat(|| {
        let ours = fixture.run(examples, in_flight)?;
        let limit = fixture.request(&bodies, in_flight)?;
        let examples = examples as f64;
        throughput.push(examples / ours.seconds, examples / limit.seconds);
        if let Some((ours, limit)) = ours.cpu_seconds.zip(limit.cpu_seconds) {
            let ms_per_thousand = 1_000.0 * 1_000.0 / examples;
            cpu.push(ours * ms_per_thousand, limit * ms_per_thousand);
        }
        Ok(())
    })?;
    let label = format!("{delay_ms:>2} ms answers, {in_flight:>2} in flight: ");
    let row = |what, unit, good| Row {
        what,
        limit: "bare requests, same bodies and server",
        unit,
        good,
    };
    table.row(&label, row("throughput", "/s", "near 1"), &throughput)?;
    table.row(&label, row("processor", "ms/1000", "low"), &cpu)
}

/// The rows of memory, each figure from a process of its own.
fn compare_memory(table: &mut Table, extent: Extent, folder: &Path) -> Result<(), Fault> {
    let many = extent.count(EXAMPLES);
    let few = extent.count(FEW_EXAMPLES);
    let (mut against_bare, mut against_few) = (Pairs::default(), Pairs::default());
    extent.repeat(|| {
        let ours = memory_in_child(folder, "run", many)?;
        let bare = memory_in_child(folder, "requests", many)?;
        let small = memory_in_child(folder, "run", few)?;
        if let Some((ours, bare)) = ours.zip(bare) {
            against_bare.push(ours, bare);
        }
        if let Some((ours, small)) = ours.zip(small) {
            against_few.push(ours, small);
        }
        Ok(())
    })?;
    let row = |limit, good| Row {
        what: "64 in flight: memory growth",
        limit,
        unit: "MiB",
        good,
    };
    table.row("", row("bare requests, same bodies and server", "low"), &against_bare)?;
    table.row("", row("a run over a tenth of the examples", "near 1"), &against_few)
}

fn memory_in_child(folder: &Path, side: &str, examples: usize) -> Result<Option<f64>, Fault> {
    let mut child = Command::new(std::env::current_exe()?);
    let output = child
        .args([MEMORY_ARGUMENT, side, &examples.to_string()])
        .arg(folder)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    // Empty where the system does not say.
    Ok(String::from_utf8(output.stdout)?.trim().parse().ok())
}

/// What the child does: measures one side and prints the growth in MiB.
fn measure_memory(side: &str, examples: usize, folder: &Path) -> Result<(), Fault> {
    let fixture = Fixture::open(folder)?;
    let bodies = if side == "run" { Arc::from([]) } else { bodies(examples) };
    let before = process::begin_peak();
    if side == "run" {
        fixture.run(examples, MEMORY_IN_FLIGHT)?;
    } else {
        install_tls()?;
        fixture.request(&bodies, MEMORY_IN_FLIGHT)?;
    }
    if let Some((before, peak)) = before.zip(process::peak_bytes()) {
        use std::io::Write as _;
        writeln!(std::io::stdout(), "{:.2}", (peak - before) / (1024.0 * 1024.0))?;
    }
    Ok(())
}

/// Without it a bare client would not start; the provider does the same.
fn install_tls() -> Result<(), Fault> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_installed| "TLS is set up already".into())
}

fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, side, examples, folder] = arguments.as_slice()
        && first == MEMORY_ARGUMENT
    {
        return measure_memory(side, examples.parse()?, Path::new(folder));
    }
    let extent = Extent::from_environment()?;
    let folder = tempfile::tempdir()?;
    let store = folder.path().join("store");
    let fixture = Fixture::open(&store)?;
    let (many, few) = (extent.count(EXAMPLES), extent.count(FEW_EXAMPLES));
    fixture.fill(folder.path(), &[many, few])?;
    // Also the warm-up: it opens files, fills caches, and shows that both sides send the same.
    fixture.run(few, 8)?;
    let sent = fixture.server.first_body().ok_or("nothing was sent")?;
    if !bodies(few).contains(&sent) {
        return Err(format!("the bodies differ: {}", String::from_utf8_lossy(&sent)).into());
    }
    let mut table = Table::begin("runs", extent)?;
    for case in [(0, 8), (0, 64), (50, 8), (50, 64)] {
        compare_speed(&mut table, extent, &fixture, case)?;
    }
    // The store is open in one process at a time.
    drop(fixture);
    compare_memory(&mut table, extent, &store)
}
