//! Judges beside the pipeline: places at providers, long waits, caps, and what a judgement may and may not decide.

use std::sync::Arc;
use std::time::Duration;

use pegbox::domain::actor::Actor;
use pegbox::domain::grader::{Grader, GraderKind};
use pegbox::domain::judge::{Average, Judge, JudgeGrader, Question};
use pegbox::domain::model::ModelConfig;
use pegbox::domain::money::UsdNanos;
use pegbox::domain::outcome::{ErrorKind, FailureCategory};
use pegbox::domain::prompt::{MessageTemplate, PromptContent, Role};
use pegbox::domain::reason::Reason;
use pegbox::domain::run::{AnswerSource, Caps};
use pegbox::domain::time::Timestamp;
use pegbox::domain::version::{ChangeKind, ChangeReason, PromptVersion};
use pegbox::evals::judges::{JudgeModel, Judges, ReadyJudge};
use pegbox::evals::pipeline::{Execution, Job, Order};
use pegbox::providers::limiter::Limiter;
use pegbox::providers::{Provider, ProviderError, Retry};
use tokio::sync::watch;

use crate::carry_out;
use crate::fakes::*;

/// A judge whose prompt ends in the ticket, by which the model of the fakes tells requests apart.
fn judge_version(text: &str) -> PromptVersion {
    let content = PromptContent {
        messages: vec![MessageTemplate {
            role: Role::User,
            text: text.into(),
        }],
        variables: Vec::new(),
        model: ModelConfig::new("openai", "judge"),
    };
    let reason = ChangeReason {
        kind: ChangeKind::Requirement,
        text: Reason::new("a judge of the tickets is needed").unwrap(),
        link: None,
    };
    let author = Actor::new("ada").unwrap();
    PromptVersion::new("judge_v1".parse().unwrap(), content, None, author, reason, Timestamp(0)).unwrap()
}

/// A job whose only grader asks `judge` behind this limiter.
fn judged(job: Job, judge: &Arc<Model>, limiter: Option<Arc<Limiter>>) -> Job {
    let version = judge_version("{{ answer }} of {{ input }}");
    let mut judges = Judges::default();
    let mut job = job;
    job.suite.graders = vec![Grader::new(
        "exact",
        GraderKind::Judge(Box::new(JudgeGrader {
            judges: vec![Judge {
                version: version.id.clone(),
                content_hash: version.content_hash,
            }],
            repeats: 1,
            question: Question::Rubric {
                min: 0.0,
                max: 1.0,
                at_least: 1.0,
                average: Average::Mean,
            },
        })),
    )];
    let model = JudgeModel::new(Arc::clone(judge) as Arc<dyn Provider>, limiter, &job.run.settings);
    judges.prompts.insert(version.id.clone(), ReadyJudge { version, model });
    job.judges = judges;
    job
}

fn likes_all(_: &str) -> Result<String, ProviderError> {
    Ok(r#"{"score": 1, "explanation": "fine"}"#.into())
}

fn asks_to_wait(_: &str) -> Result<String, ProviderError> {
    Err(ProviderError {
        retry_after: Some(Duration::from_secs(3_600)),
        ..ProviderError::new(ErrorKind::RateLimited, Retry::Yes, "come back later")
    })
}

fn orders() -> watch::Receiver<Order> {
    watch::channel(Order::GoOn).1
}

#[tokio::test(start_paused = true)]
async fn a_judge_at_the_run_s_own_endpoint_waits_for_no_place_of_its_own_run() {
    let (model, kept) = (Arc::new(Model::new(yes_to_all)), Arc::new(Kept::default()));
    // The endpoint takes one request at a time: whoever held a place while it waits for another would wait for ever.
    let limiter = Arc::new(Limiter::default());
    let judge = Arc::new(Model::new(likes_all));
    let mut job = judged(job(60, &model, &kept), &judge, Some(Arc::clone(&limiter)));
    job.run.settings.concurrency = 64;
    prompt_of(&mut job).limiter = Some(Arc::clone(&limiter));
    let _taken: Vec<_> = (0..7).map(|_| limiter.try_enter().unwrap()).collect();
    let (result, progress) = tokio::time::timeout(Duration::from_secs(600), carry_out(job, &kept, orders()))
        .await
        .unwrap();
    assert!(matches!(result.unwrap(), Execution::Ended(_)));
    assert_eq!((progress.totals.passed, progress.totals.judging.judgements), (60, 60));
    assert_eq!(progress.totals.judging.cost, UsdNanos(600));
    assert_eq!(progress.totals.cost, UsdNanos(600), "answers alone");
}

#[tokio::test]
async fn a_judge_that_asks_for_a_long_wait_pauses_the_run_and_loses_nothing() {
    let (model, kept) = (Arc::new(Model::new(yes_to_all)), Arc::new(Kept::default()));
    let judge = Arc::new(Model::new(asks_to_wait));
    let mut job = judged(job(20, &model, &kept), &judge, None);
    job.run.settings.concurrency = 1;
    let (result, progress) = carry_out(job, &kept, orders()).await;
    let Ok(Execution::Paused { saved, reason }) = result else {
        panic!("{result:?}")
    };
    assert_eq!(
        reason.as_deref(),
        Some("the provider asks to wait 60 min, longer than a run waits by itself")
    );
    assert_eq!(saved, 1, "what the answer took is kept");
    assert_eq!(progress.totals.passed, 0);
    let outcomes = kept.outcomes.lock().unwrap();
    let outcome = outcomes.values().next().unwrap();
    assert_eq!(outcome.failure_category, Some(FailureCategory::Grader));
    assert!(
        outcome.scores[0]
            .explanation
            .starts_with("no verdict: judge_v1: come back later")
    );
    assert!(!outcome.scores[0].gave_verdict());
    assert_eq!(outcome.judgements[0].source, AnswerSource::Model);
}

#[tokio::test]
async fn what_judges_take_counts_against_the_cap() {
    let (model, kept) = (Arc::new(Model::new(yes_to_all)), Arc::new(Kept::default()));
    let judge = Arc::new(Model::new(likes_all));
    let mut job = judged(job(50, &model, &kept), &judge, None);
    job.run.settings.concurrency = 4;
    // Each example takes 10 for the answer and 10 for its judge.
    job.caps = Caps {
        cost: Some(UsdNanos(200)),
        ..Caps::default()
    };
    let (result, progress) = carry_out(job, &kept, orders()).await;
    assert!(matches!(result.unwrap(), Execution::Paused { saved: 10, .. }));
    assert_eq!(progress.totals.cost + progress.totals.judging.cost, UsdNanos(200));
}

#[tokio::test]
async fn an_answer_that_never_came_is_not_judged() {
    let (model, kept) = (Arc::new(Model::new(breaks)), Arc::new(Kept::default()));
    let judge = Arc::new(Model::new(likes_all));
    let (_, progress) = carry_out(judged(job(5, &model, &kept), &judge, None), &kept, orders()).await;
    assert_eq!((progress.totals.errored, progress.totals.judging.judgements), (5, 0));
}
