//! A model, a dataset and a store that live in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pegbox::domain::actor::Actor;
use pegbox::domain::example::{Example, ExampleContent, ExampleContext, ExampleSource};
use pegbox::domain::gate::GatePolicy;
use pegbox::domain::grader::{CaseRule, Grader, GraderKind};
use pegbox::domain::hash::ContentHash;
use pegbox::domain::ids::ExampleId;
use pegbox::domain::json::JsonText;
use pegbox::domain::metric::{Metric, MetricKind};
use pegbox::domain::model::ModelConfig;
use pegbox::domain::money::UsdNanos;
use pegbox::domain::outcome::{ErrorKind, Outcome, OutcomePlace, Usage};
use pegbox::domain::promotion::Environment;
use pegbox::domain::prompt::{MessageTemplate, PromptContent, Role};
use pegbox::domain::run::{AnswerSource, Caps, Run, RunSettings, RuntimeContext, Subject};
use pegbox::domain::suite::{Comparison, SuiteContent, Threshold};
use pegbox::domain::time::Timestamp;
use pegbox::evals::judges::Judges;
use pegbox::evals::pipeline::{
    Appending, Base, ExampleFeed, Job, Order, OutcomeSink, Placed, PromptWork, StoreFault, Work,
};
use pegbox::providers::{Answering, ChatReply, ChatRequest, Provider, ProviderError, Retry};
use tokio::sync::watch;

const PER_PAGE: u64 = 100;

/// Outcomes in memory: the same place is refused twice, and after a number of them the disk is full.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) outcomes: Mutex<BTreeMap<OutcomePlace, Outcome>>,
    pub(crate) fails_after: Option<usize>,
}

impl Kept {
    pub(crate) fn count(&self) -> usize {
        self.outcomes.lock().unwrap().len()
    }
}

impl OutcomeSink for Kept {
    fn append<'a>(&'a self, outcome: &'a Outcome) -> Appending<'a> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let mut outcomes = self.outcomes.lock().unwrap();
            if self.fails_after.is_some_and(|limit| outcomes.len() >= limit) {
                return Err("no space left on device".into());
            }
            match outcomes.insert(outcome.place(), outcome.clone()) {
                None => Ok(()),
                Some(_) => Err("it was saved before".into()),
            }
        })
    }
}

/// Examples made on demand, so that a large dataset takes no memory.
pub(crate) struct Feed {
    count: u64,
    kept: Arc<Kept>,
}

pub(crate) fn example(index: u64) -> Example {
    let content = ExampleContent {
        id: ExampleId::new(format!("t-{index}")).unwrap(),
        input: JsonText::string(&format!("ticket {index}")),
        expected: Some(JsonText::string("yes")),
        labels: Vec::new(),
        metadata: BTreeMap::from([("half".into(), if index < 5 { "first" } else { "second" }.into())]),
        context: ExampleContext::default(),
    };
    let source = ExampleSource::Imported {
        file: "t.jsonl".into(),
        line: index + 1,
    };
    Example::new(content, source).unwrap()
}

impl ExampleFeed for Feed {
    fn page_count(&self) -> u64 {
        self.count.div_ceil(PER_PAGE)
    }

    fn page(&self, page: u64) -> Result<Vec<Placed>, StoreFault> {
        let indexes = page * PER_PAGE..self.count.min((page + 1) * PER_PAGE);
        Ok(indexes
            .map(|index| Placed {
                index,
                example: example(index),
            })
            .collect())
    }

    fn saved(&self, page: u64) -> Result<Vec<Outcome>, StoreFault> {
        let outcomes = self.kept.outcomes.lock().unwrap();
        Ok(outcomes
            .range(OutcomePlace::first(page * PER_PAGE)..OutcomePlace::first((page + 1) * PER_PAGE))
            .map(|(_, outcome)| outcome.clone())
            .collect())
    }
}

pub(crate) type Answer = fn(&str) -> Result<String, ProviderError>;

/// In which order answers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    AsAsked,
    Mixed,
}

/// A model that answers by a rule, later for some tickets than for others.
pub(crate) struct Model {
    pub(crate) answer: Answer,
    pub(crate) asked: AtomicU64,
    pub(crate) in_flight: AtomicUsize,
    pub(crate) most_in_flight: AtomicUsize,
    /// How long an answer takes.
    pub(crate) takes: Duration,
    /// Stops the run once this many were asked.
    pub(crate) pause_at: Option<(u64, watch::Sender<Order>)>,
    pub(crate) answers: Turn,
}

impl Model {
    pub(crate) fn new(answer: Answer) -> Self {
        Self {
            answer,
            asked: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
            takes: Duration::ZERO,
            pause_at: None,
            answers: Turn::Mixed,
        }
    }
}

impl Provider for Model {
    fn answer<'a>(&'a self, request: &'a ChatRequest) -> Answering<'a> {
        Box::pin(async move {
            let asked = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
            let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_in_flight.fetch_max(now, Ordering::SeqCst);
            if let Some((at, orders)) = &self.pause_at
                && asked == *at
            {
                orders.send_replace(Order::Pause);
            }
            let ticket = request.messages[0].text.clone();
            let number: u64 = ticket.rsplit(' ').next().unwrap().parse().unwrap();
            if self.answers == Turn::Mixed {
                for _ in 0..(number * 7919) % 23 {
                    tokio::task::yield_now().await;
                }
            }
            if !self.takes.is_zero() {
                let never = std::future::pending::<()>();
                assert!(tokio::time::timeout(self.takes, never).await.is_err());
            }
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
            let text = (self.answer)(&ticket)?;
            Ok(ChatReply {
                raw: text.clone(),
                text: Some(text),
                finish_reason: Some("stop".into()),
                resolved_model: Some("model-2026".into()),
                usage: Usage {
                    input_tokens: Some(10),
                    output_tokens: Some(1),
                    ..Usage::default()
                },
                cost: Some(UsdNanos(10)),
                status: Some(200),
                latency_ms: 100 + number % 10,
                ..ChatReply::default()
            })
        })
    }

    fn source(&self) -> AnswerSource {
        AnswerSource::Model
    }

    fn cost(&self, _model_name: &str, usage: &Usage) -> Option<UsdNanos> {
        usage.input_tokens.map(UsdNanos)
    }

    fn notes(&self, _model: &ModelConfig) -> Vec<String> {
        Vec::new()
    }
}

pub(crate) fn yes_to_all(_: &str) -> Result<String, ProviderError> {
    Ok("yes".into())
}

/// Wrong for every tenth ticket.
pub(crate) fn nine_of_ten(ticket: &str) -> Result<String, ProviderError> {
    Ok(if ticket.ends_with('3') {
        "no".into()
    } else {
        "yes".into()
    })
}

pub(crate) fn unreachable_host(_: &str) -> Result<String, ProviderError> {
    Err(ProviderError {
        latency_ms: 1,
        ..ProviderError::new(ErrorKind::Connect, Retry::No, "connection refused")
    })
}

pub(crate) fn breaks(_: &str) -> Result<String, ProviderError> {
    Err(ProviderError::new(ErrorKind::Server, Retry::No, "HTTP 500"))
}

pub(crate) fn panics_on_seven(ticket: &str) -> Result<String, ProviderError> {
    assert!(ticket != "ticket 7", "seven");
    Ok("yes".into())
}

/// The prompt that a job asks.
pub(crate) fn prompt_of(job: &mut Job) -> &mut PromptWork {
    match &mut job.work {
        Work::Prompt(work) => work,
        Work::Chain { .. } => panic!("it asks a chain"),
    }
}

pub(crate) fn job(count: u64, model: &Arc<Model>, kept: &Arc<Kept>) -> Job {
    let run = Run {
        id: "run_421".parse().unwrap(),
        subject: Subject::Prompt {
            version: "support_triage_v12".parse().unwrap(),
            content_hash: ContentHash::of_bytes(b"v12"),
        },
        base: None,
        environment: Environment::Draft,
        dataset: "tickets@v1".parse().unwrap(),
        dataset_hash: ContentHash::of_bytes(b"dataset"),
        example_count: count,
        suite: "quality@v1".parse().unwrap(),
        suite_hash: ContentHash::of_bytes(b"suite"),
        context: RuntimeContext::default(),
        settings: RunSettings::default(),
        answers: AnswerSource::Model,
        prices: Vec::new(),
        started_by: Actor::new("ada").unwrap(),
        started_at: Timestamp(0),
        selection: None,
    };
    let clock = AtomicU64::new(0);
    Job {
        run,
        work: Work::Prompt(PromptWork {
            prompt: PromptContent {
                messages: vec![MessageTemplate {
                    role: Role::User,
                    text: "{{ input }}".into(),
                }],
                variables: Vec::new(),
                model: ModelConfig::new("openai", "model"),
            },
            provider: Arc::clone(model) as Arc<dyn Provider>,
            limiter: None,
        }),
        suite: suite(),
        judges: Judges::default(),
        caps: Caps::default(),
        began_at: vec![Timestamp(0)],
        feed: Arc::new(Feed {
            count,
            kept: Arc::clone(kept),
        }),
        find_base: Arc::new(|| {
            Ok(Base::Nothing {
                why: "there is none".into(),
            })
        }),
        quarantined: Vec::new(),
        now: Arc::new(move || Timestamp(i64::try_from(clock.fetch_add(1, Ordering::SeqCst)).unwrap())),
    }
}

pub(crate) fn suite() -> SuiteContent {
    let accuracy = "accuracy".to_owned();
    SuiteContent {
        description: String::new(),
        graders: vec![Grader {
            name: "exact".into(),
            kind: GraderKind::ExactMatch {
                case: CaseRule::Sensitive,
            },
            step: None,
        }],
        metrics: vec![Metric::new(
            accuracy.clone(),
            MetricKind::Accuracy { grader: "exact".into() },
        )],
        thresholds: vec![Threshold {
            metric: accuracy,
            slice: None,
            comparison: Comparison::AtLeast,
            value: 0.9,
            min_samples: 0,
            policy: None,
        }],
        slices: vec!["half".into()],
        policy: GatePolicy::Point,
        crossings: Vec::new(),
        bins: Vec::new(),
        cluster: None,
    }
}
