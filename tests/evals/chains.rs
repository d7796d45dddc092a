//! A chain of five steps with two routes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pegbox::domain::chain::{ChainStep, StepInput, StepParser, StepValue};
use pegbox::domain::condition::{Condition, Test};
use pegbox::domain::grader::{CaseRule, Grader, GraderKind};
use pegbox::domain::hash::ContentHash;
use pegbox::domain::json::JsonText;
use pegbox::domain::metric::{ErrorRule, Measure, Metric, MetricKind};
use pegbox::domain::model::ModelConfig;
use pegbox::domain::money::UsdNanos;
use pegbox::domain::outcome::{ErrorKind, FailureCategory, Outcome, OutcomePlace};
use pegbox::domain::path_result::PathResult;
use pegbox::domain::prompt::{MessageTemplate, PromptContent, Role};
use pegbox::domain::run::{EndState, RunEnd};
use pegbox::evals::pipeline::{Execution, Job, Order, PromptWork, StepWork, Work, check};
use pegbox::providers::{Provider, ProviderError, Retry};
use tokio::sync::watch;

use crate::carry_out;
use crate::fakes::{Kept, Model, job};

/// Odd tickets are technical, even ones of billing. Nobody understands ticket 5, and the lookup of ticket 8 fails.
fn steps_of(message: &str) -> Result<String, ProviderError> {
    let (step, ticket) = message.split_once(' ').unwrap();
    let number: u64 = ticket.rsplit(' ').next().unwrap().parse().unwrap();
    Ok(match step {
        "route" if number == 5 => "pardon?".into(),
        "route" if number.is_multiple_of(2) => "Billing.".into(),
        "route" => "technical".into(),
        "lookup" if number == 8 => return Err(ProviderError::new(ErrorKind::Server, Retry::No, "HTTP 500")),
        "lookup" => format!("{{\"amount\": {number}}}"),
        "refund" => format!("refund of {ticket}"),
        "fix" => format!("fix of {ticket}"),
        _ => "yes".into(),
    })
}

fn from(variable: &str, path: &str, default: Option<&str>) -> StepInput {
    StepInput {
        variable: variable.into(),
        value: StepValue::From {
            path: path.parse().unwrap(),
            default: default.map(JsonText::string),
        },
    }
}

fn is_topic(label: &str) -> Condition {
    Condition {
        path: "route.label".parse().unwrap(),
        test: Test::Equals(JsonText::string(label)),
    }
}

fn step(
    name: &str,
    template: &str,
    inputs: Vec<StepInput>,
    when: Vec<Condition>,
    parser: StepParser,
) -> ChainStepParts {
    let step = ChainStep {
        name: name.into(),
        version: "triage_v1".parse().unwrap(),
        inputs,
        when,
        parser,
        tools: None,
    };
    (step, format!("{name} {template}"))
}

type ChainStepParts = (ChainStep, String);

fn flow() -> Vec<ChainStepParts> {
    let ticket = || from("ticket", "input", None);
    let choice = StepParser::Choice {
        labels: vec!["billing".into(), "technical".into()],
    };
    let json = StepParser::Json { schema: None };
    vec![
        step("route", "{{ ticket }}", vec![ticket()], vec![], choice),
        step(
            "lookup",
            "{{ ticket }}",
            vec![ticket()],
            vec![is_topic("billing")],
            json,
        ),
        step(
            "refund",
            "{{ amount }} of {{ ticket }}",
            vec![ticket(), from("amount", "lookup.amount", None)],
            vec![is_topic("billing")],
            StepParser::Text,
        ),
        step(
            "fix",
            "{{ ticket }}",
            vec![ticket()],
            vec![is_topic("technical")],
            StepParser::Text,
        ),
        step(
            "reply",
            "{{ refund }}, {{ fix }}: {{ ticket }}",
            vec![
                ticket(),
                from("refund", "refund.text", Some("no refund")),
                from("fix", "fix", Some("no fix")),
            ],
            vec![],
            StepParser::Text,
        ),
    ]
}

fn chain_job(count: u64, model: &Arc<Model>, kept: &Arc<Kept>) -> Job {
    let mut job = job(count, model, kept);
    let work = |(step, text): ChainStepParts| StepWork {
        step,
        content_hash: ContentHash::of_bytes(text.as_bytes()),
        work: PromptWork {
            prompt: PromptContent {
                messages: vec![MessageTemplate { role: Role::User, text }],
                variables: Vec::new(),
                model: ModelConfig::new("openai", "model"),
            },
            provider: Arc::clone(model) as Arc<dyn Provider>,
            limiter: None,
        },
    };
    job.work = Work::Chain {
        steps: flow().into_iter().map(work).collect(),
        answer: None,
    };
    let graded = |name: &str, step: Option<&str>, text: &str| Grader {
        step: step.map(Into::into),
        ..Grader::new(
            name,
            GraderKind::Contains {
                text: Some(text.into()),
                case: CaseRule::Sensitive,
            },
        )
    };
    job.suite.graders = vec![
        graded("answer", None, "yes"),
        graded("refunded", Some("refund"), "refund of"),
        graded("routed", Some("route"), "technical"),
    ];
    let metric = |grader: &str| Metric::new(grader, MetricKind::Accuracy { grader: grader.into() });
    job.suite.metrics = vec![metric("answer"), metric("refunded"), metric("routed")];
    job.suite.thresholds.clear();
    job
}

async fn finished(count: u64) -> (RunEnd, Arc<Model>, Arc<Kept>) {
    let (model, kept) = (Arc::new(Model::new(steps_of)), Arc::new(Kept::default()));
    let (_owner, orders) = watch::channel(Order::GoOn);
    match carry_out(chain_job(count, &model, &kept), &kept, orders)
        .await
        .0
        .unwrap()
    {
        Execution::Ended(end) => (*end, model, kept),
        paused @ Execution::Paused { .. } => panic!("{paused:?}"),
    }
}

fn outcome(kept: &Kept, index: u64) -> Outcome {
    kept.outcomes.lock().unwrap()[&OutcomePlace::first(index)].clone()
}

fn names(outcome: &Outcome) -> Vec<&str> {
    outcome.steps.iter().map(|step| step.name.as_str()).collect()
}

#[tokio::test]
async fn each_route_runs_its_steps_and_the_last_one_answers() {
    let (end, _, kept) = finished(10).await;
    assert_eq!(end.state, EndState::Finished);
    let billing = outcome(&kept, 2);
    assert_eq!(names(&billing), ["route", "lookup", "refund", "reply"]);
    assert_eq!(
        billing.steps[0].parsed,
        Some(JsonText::parse(r#"{"label":"billing"}"#).unwrap())
    );
    assert_eq!(billing.steps[2].rendered[0].text, "refund 2 of ticket 2");
    assert_eq!(
        billing.rendered[0].text,
        "reply refund of 2 of ticket 2, no fix: ticket 2"
    );
    assert_eq!(billing.text.as_deref(), Some("yes"));
    assert_eq!(
        (billing.cost, billing.usage.input_tokens),
        (Some(UsdNanos(40)), Some(40))
    );
    assert_eq!(
        billing.latency_ms,
        billing.steps.iter().map(|step| step.latency_ms).sum::<u64>()
    );
    assert!(billing.attempts.is_empty() && billing.all_attempts().count() == 4);
    let technical = outcome(&kept, 1);
    assert_eq!(names(&technical), ["route", "fix", "reply"]);
    assert_eq!(technical.rendered[0].text, "reply no refund, fix of ticket 1: ticket 1");
}

#[tokio::test]
async fn a_failing_step_ends_the_example_and_is_named() {
    let (_, _, kept) = finished(10).await;
    let unread = outcome(&kept, 5);
    assert_eq!(
        (&unread.error, unread.is_errored(), unread.passed()),
        (&None, false, false)
    );
    assert_eq!(
        unread.unread(),
        Some("step route: \"pardon?\" is none of billing, technical")
    );
    assert_eq!(
        (names(&unread), unread.failure_category),
        (vec!["route"], Some(FailureCategory::Prompt))
    );
    // The step that ran is graded by what it said, and nothing else has anything to say for the example.
    let said: Vec<(&str, bool)> = unread.scores.iter().map(|s| (s.grader.as_str(), s.passed)).collect();
    assert_eq!(said, [("answer", false), ("refunded", false), ("routed", false)]);
    assert!(
        unread.scores[2].explanation.contains("pardon?"),
        "{:?}",
        unread.scores[2]
    );
    let broken = outcome(&kept, 8);
    assert_eq!(broken.error.clone().unwrap().message, "step lookup: HTTP 500");
    assert_eq!((names(&broken), broken.text.clone()), (vec!["route", "lookup"], None));
    assert_eq!(broken.failure_category, Some(FailureCategory::Provider));
}

#[tokio::test]
async fn graders_look_at_steps_and_say_nothing_of_those_that_did_not_run() {
    let (end, _, kept) = finished(10).await;
    let graders = |index| -> Vec<(String, bool)> {
        let scores = outcome(&kept, index).scores;
        scores.into_iter().map(|score| (score.grader, score.passed)).collect()
    };
    let passed = |name: &str, passed| (name.to_owned(), passed);
    assert_eq!(
        graders(2),
        [
            passed("answer", true),
            passed("refunded", true),
            passed("routed", false)
        ]
    );
    assert_eq!(graders(1), [passed("answer", true), passed("routed", true)]);
    let rate = |metric: &str| {
        let result = end.results.iter().find(|result| result.metric == metric).unwrap();
        result.measure
    };
    // Of one the lookup fails, and of one the route cannot be read: both count as failed.
    assert_eq!(rate("answer"), Measure::Rate { hits: 8, total: 10 });
    assert_eq!(rate("refunded"), Measure::Rate { hits: 4, total: 6 });
    assert_eq!(rate("routed"), Measure::Rate { hits: 4, total: 10 });
}

#[tokio::test]
async fn paths_are_counted_with_their_cost_and_latency() {
    let (end, ..) = finished(10).await;
    let told = |path: &PathResult| {
        (
            path.label(),
            path.outcomes,
            path.passed,
            path.errored,
            path.mean_cost().unwrap().0,
        )
    };
    let paths: Vec<_> = end.paths.iter().map(told).collect();
    let expected = [
        ("route → fix → reply", 4, 4, 0, 30),
        ("route → lookup → refund → reply", 4, 0, 0, 40),
        ("route", 1, 0, 0, 10),
        ("route → lookup", 1, 0, 1, 10),
    ];
    assert_eq!(
        paths,
        expected.map(|(label, outcomes, passed, errored, cost)| (label.into(), outcomes, passed, errored, cost))
    );
    let latency = |at: usize| end.paths[at].latency_ms;
    assert!(latency(1).unwrap()[0] > latency(0).unwrap()[0]);
    assert!(latency(2).is_some(), "a rejected answer took its time too");
    assert_eq!(latency(3), None);
}

#[tokio::test]
async fn a_rejected_answer_is_no_error_that_a_metric_may_leave_out() {
    let (model, kept) = (Arc::new(Model::new(steps_of)), Arc::new(Kept::default()));
    let mut job = chain_job(10, &model, &kept);
    for metric in &mut job.suite.metrics {
        metric.errors = Some(ErrorRule::Exclude);
    }
    let (_owner, orders) = watch::channel(Order::GoOn);
    let Execution::Ended(end) = carry_out(job, &kept, orders).await.0.unwrap() else {
        panic!("it was paused");
    };
    let answer = end.results.iter().find(|result| result.metric == "answer").unwrap();
    // Ticket 8, of which the provider fails, is left out; ticket 5, which nobody understood, is not.
    assert_eq!(answer.measure, Measure::Rate { hits: 8, total: 9 });
    assert_eq!((end.totals.errored, answer.excluded), (1, 1));
}

#[tokio::test]
async fn what_is_saved_is_not_asked_again() {
    let (_, model, kept) = finished(10).await;
    let asked = model.asked.load(Ordering::SeqCst);
    kept.outcomes.lock().unwrap().remove(&OutcomePlace::first(1));
    let (_owner, orders) = watch::channel(Order::GoOn);
    carry_out(chain_job(10, &model, &kept), &kept, orders).await.0.unwrap();
    assert_eq!(model.asked.load(Ordering::SeqCst) - asked, 3);
    assert_eq!(kept.count(), 10);
}

#[tokio::test]
async fn a_grader_of_a_step_that_the_chain_lacks_is_refused() {
    let (model, kept) = (Arc::new(Model::new(steps_of)), Arc::new(Kept::default()));
    let mut job = chain_job(1, &model, &kept);
    job.suite.graders[1].step = Some("refnd".into());
    let error = check(&job).unwrap_err().to_string();
    assert!(
        error.ends_with("grader refunded: the chain has no step 'refnd': it has route, lookup, refund, fix, reply"),
        "{error}"
    );
    job.work = crate::fakes::job(1, &model, &kept).work;
    let error = check(&job).unwrap_err().to_string();
    assert!(
        error.ends_with("it looks at step 'refnd', and what is run is no chain"),
        "{error}"
    );
}
