//! Records for tests of screens: a prompt with two releases, a third version under review, runs with their gates.

use super::samples::units;
use super::testing::NOW;
use crate::domain::actor::Actor;
use crate::domain::caveats::Caveats;
use crate::domain::decision::{Decision, DecisionKind};
use crate::domain::diff;
use crate::domain::gate::{Evidence, Gate, GatePolicy, LabelledVerdict, RuleResult, Verdict};
use crate::domain::hash::ContentHash;
use crate::domain::ids::{DecisionId, ExampleId, ReviewId, RunId};
use crate::domain::metric::{Measure, MetricResult, Slice};
use crate::domain::model::ModelConfig;
use crate::domain::money::UsdNanos;
use crate::domain::policy::Signatures;
use crate::domain::progress::{LatencySummary, RunProgress};
use crate::domain::promotion::{Environment, Promotion};
use crate::domain::prompt::{MessageTemplate, PromptContent, Role};
use crate::domain::reason::Reason;
use crate::domain::release::{Guard, Release, ReleaseKind, RollbackTarget};
use crate::domain::review::{Check, Review, ReviewState};
use crate::domain::run::{
    AnswerSource, EndState, Run, RunEnd, RunSettings, RunState, RunTotals, RuntimeContext, Subject,
};
use crate::domain::suite::{Comparison as Compared, Threshold};
use crate::domain::time::Timestamp;
use crate::domain::unit::Unit;
use crate::domain::version::{ChangeKind, ChangeReason, PromptVersion};
use crate::workbench::{
    Change, Comparison, DiffView, Effect, Group, MetricDelta, PairedMethod, ReviewDetail, ReviewSummary, RunComparison,
    RunSummary,
};

/// One hour.
pub(super) const HOUR_MS: i64 = 3_600_000;

/// A moment that many hours before the tests' present.
pub(super) fn hours_ago(hours: i64) -> Timestamp {
    Timestamp(NOW.0 - hours * HOUR_MS)
}

pub(super) fn actor(name: &str) -> Actor {
    Actor::new(name).unwrap()
}

pub(super) fn reason(text: &str) -> Reason {
    Reason::new(text).unwrap()
}

const RULES: &str = "You sort support tickets.\nAnswer in JSON.\nRules:\n- Refunds within 14 days need no proof.\n\
                     - Never promise a date.\n- A threat of legal action is an escalation.\n- Keep it short.\n\
                     - Name the product.\n- No small talk.\n- Use the customer's words.";

pub(super) fn content(number: u32) -> PromptContent {
    let mut model = ModelConfig::new("openai", "alpha-large-2");
    let mut rules = RULES.to_owned();
    model.temperature = Some(if number < 13 { 0.9 } else { 0.7 });
    if number >= 14 {
        model.temperature = Some(0.2);
        rules = rules.replace("within 14 days", "within {{ days }} days");
        rules.push_str("\n- Answer in the customer's language.\u{200b}");
    }
    PromptContent {
        messages: vec![
            MessageTemplate {
                role: Role::System,
                text: rules,
            },
            MessageTemplate {
                role: Role::User,
                text: "{{ ticket }}".into(),
            },
        ],
        variables: Vec::new(),
        model,
    }
}

pub(super) fn version(number: u32) -> PromptVersion {
    PromptVersion::new(
        format!("support_triage_v{number}").parse().unwrap(),
        content(number),
        None,
        actor("anna"),
        ChangeReason {
            kind: ChangeKind::CustomerReport,
            text: reason("legal wants other refund windows by country"),
            link: None,
        },
        hours_ago(3),
    )
    .unwrap()
}

pub(super) fn run(id: u32, number: u32) -> Run {
    Run {
        id: RunId(id),
        subject: Subject::Prompt {
            version: format!("support_triage_v{number}").parse().unwrap(),
            content_hash: version(number).content_hash,
        },
        base: Some("support_triage_v13".parse().unwrap()),
        environment: Environment::Experiment,
        dataset: "support_triage_regression@2026-06-01".parse().unwrap(),
        dataset_hash: ContentHash::of_bytes(b"dataset"),
        example_count: 240,
        suite: "triage_quality@v8".parse().unwrap(),
        suite_hash: ContentHash::of_bytes(b"suite"),
        context: RuntimeContext::default(),
        settings: RunSettings::default(),
        answers: AnswerSource::Simulated,
        prices: Vec::new(),
        started_by: actor("anna"),
        started_at: hours_ago(2),
        selection: None,
    }
}

pub(super) fn run_summary(id: u32, number: u32, state: RunState, verdict: Option<Verdict>) -> RunSummary {
    RunSummary {
        run: run(id, number),
        state,
        saved: if state == RunState::Finished { 240 } else { 120 },
        failed: 13,
        pause: None,
        caveats: Caveats::default(),
        verdict: verdict.map(|verdict| (verdict, "escalation_recall 28/30 < 0.95".into())),
    }
}

pub(super) fn progress(id: u32) -> RunProgress {
    RunProgress {
        run: RunId(id),
        state: RunState::Running,
        outcome_count: 2_000,
        totals: RunTotals {
            saved: 1_420,
            passed: 1_371,
            failed: 45,
            errored: 4,
            cost: UsdNanos(1_920_000_000),
            ..RunTotals::default()
        },
        in_flight: 8,
        concurrency: 8,
        elapsed_ms: 114_000,
        rate_per_s: 12.4,
        eta_ms: Some(47_000),
        latencies: Some(LatencySummary {
            percentiles_ms: [900, 2_100, 3_000],
            bars: [1, 2, 3, 4, 5, 6],
        }),
        results: Vec::new(),
        score_points: Vec::new(),
        recent_failures: Vec::new(),
        notice: None,
    }
}

fn rule(metric: &str, slice: Option<&str>, hits: u64, total: u64, limit: f64, verdict: Verdict) -> RuleResult {
    let share = hits as f64 / total as f64;
    RuleResult {
        threshold: Threshold {
            metric: metric.into(),
            slice: slice.map(|value| Slice::of("language", value)),
            comparison: Compared::AtLeast,
            value: limit,
            min_samples: 20,
            policy: None,
        },
        measure: Measure::Rate { hits, total },
        interval: Some((share - 0.021, (share + 0.019).min(1.0))),
        point: Some(share >= limit),
        evidence: match verdict {
            Verdict::Pass => Evidence::Proven,
            Verdict::Fail => Evidence::Refuted,
            Verdict::CannotTell => Evidence::Inconclusive,
        },
        verdict,
        gating: true,
        breaking: if verdict == Verdict::Pass {
            Vec::new()
        } else {
            ["t-031", "t-077"].map(|id| ExampleId::new(id).unwrap()).to_vec()
        },
        breaking_slices: Vec::new(),
        note: match verdict {
            Verdict::CannotTell => "about 1500 more examples would settle it".into(),
            _ => String::new(),
        },
        relative: None,
    }
}

pub(super) fn run_end(id: u32, verdict: Verdict) -> RunEnd {
    let value = |metric: &str, value: f64| MetricResult {
        metric: metric.into(),
        slice: None,
        measure: Measure::Value { value, count: 240 },
        interval: None,
        missed: Vec::new(),
        errored: 0,
        excluded: 0,
        bounds: (None, None),
        method: None,
    };
    RunEnd {
        run: RunId(id),
        state: EndState::Finished,
        totals: RunTotals::default(),
        results: vec![value("latency_p95_ms", 2_104.0), value("cost_per_example_usd", 0.001_3)],
        gate: Some(Gate {
            policy: GatePolicy::Point,
            rules: vec![
                rule("accuracy", None, 227, 240, 0.92, Verdict::Pass),
                rule("json_valid", None, 240, 240, 0.99, Verdict::Pass),
                rule("escalation_recall", Some("de"), 28, 30, 0.95, verdict),
            ],
            verdict,
            reason: "escalation_recall[language=de] 28/30".into(),
            left_out: Vec::new(),
        }),
        outcomes_hash: ContentHash::of_bytes(b"outcomes"),
        resolved_models: vec!["alpha-large-2-2026".into()],
        ended_at: hours_ago(2),
        confusions: Vec::new(),
        against_base: None,
        paths: Vec::new(),
        latencies: None,
    }
}

pub(super) fn promotion(number: u32, of_version: u32, hours: i64) -> Promotion {
    let replaces = (number > 1).then(|| format!("support_triage_prod_v{}", number - 1).parse().unwrap());
    Promotion {
        id: format!("support_triage_prod_v{number}").parse().unwrap(),
        version: format!("support_triage_v{of_version}").parse().unwrap(),
        content_hash: version(of_version).content_hash,
        replaces,
        review: ReviewId(70 + number),
        approved_by: DecisionId(10 + number),
        run: RunId(400 + number),
        promoted_by: actor("mei"),
        reason: reason("shorter answers, accuracy 226/240 proven"),
        promoted_at: hours_ago(hours),
    }
}

pub(super) fn release(number: u32, of_version: u32, hours: i64) -> Release {
    let bundle = |number: u32| crate::domain::release::ModelBundle::of(&version(number));
    let promotion = promotion(number, of_version, hours);
    Release {
        kind: ReleaseKind::Forward,
        bundle: bundle(of_version),
        replaced_bundle: (number > 1).then(|| bundle(of_version - 1)),
        guards: vec![
            Guard {
                metric: "accuracy".into(),
                comparison: Compared::AtLeast,
                limit: 0.92,
            },
            Guard {
                metric: "latency_p95_ms".into(),
                comparison: Compared::AtMost,
                limit: 2_500.0,
            },
        ],
        rollout_percent: vec![100],
        rollback_target: promotion.replaces.clone().map(|release| RollbackTarget {
            release,
            version: format!("support_triage_v{}", of_version - 1).parse().unwrap(),
            command: format!("pegbox release rollback {} --reason \"...\"", promotion.id),
        }),
        promotion,
    }
}

pub(super) fn review(id: u32, prompt: &str, hours: i64) -> Review {
    Review {
        id: ReviewId(id),
        version: format!("{prompt}_v14").parse().unwrap(),
        content_hash: version(14).content_hash,
        environment: Environment::Production,
        run: RunId(421),
        base: Some("support_triage_v13".parse().unwrap()),
        note: "answers in the customer's language, refund window as a variable".into(),
        requested_by: actor("anna"),
        requested_at: hours_ago(hours),
    }
}

/// A verdict about a model.
pub(super) fn of_a_model(verdict: Verdict) -> LabelledVerdict {
    LabelledVerdict {
        verdict,
        answers: AnswerSource::Model,
    }
}

/// A verdict about the simulated model.
pub(super) fn simulated(verdict: Verdict) -> LabelledVerdict {
    LabelledVerdict {
        verdict,
        answers: AnswerSource::Simulated,
    }
}

pub(crate) fn review_summary(id: u32, prompt: &str, state: ReviewState, verdict: Verdict) -> ReviewSummary {
    ReviewSummary {
        review: review(id, prompt, i64::from(id % 10)),
        state,
        verdict: Some(of_a_model(verdict)),
        caveats: Caveats::default(),
    }
}

pub(super) fn decision(id: u32, kind: DecisionKind) -> Decision {
    Decision {
        id: DecisionId(id),
        kind,
        version: "support_triage_v14".parse().unwrap(),
        content_hash: version(14).content_hash,
        review: Some(ReviewId(88)),
        run: Some(RunId(421)),
        actor: actor("ben"),
        reason: reason("wait for the German examples from support"),
        decided_at: hours_ago(1),
    }
}

fn comparison() -> Comparison {
    let examples = |ids: &[&str]| ids.iter().map(|id| ExampleId::new(*id).unwrap()).collect::<Vec<_>>();
    Comparison {
        base: RunId(417),
        base_subject: "support_triage_v13".into(),
        candidate: RunId(421),
        candidate_subject: "support_triage_v14".into(),
        result: RunComparison {
            differences: vec!["the suites differ: triage_quality@v7 and triage_quality@v8".into()],
            fixed: Group {
                count: 16,
                examples: examples(&["t-001"]),
            },
            broken: Group {
                count: 4,
                examples: examples(&["t-031", "t-077", "t-120", "t-121"]),
            },
            still_failing: Group {
                count: 9,
                examples: Vec::new(),
            },
            both_right: Group {
                count: 211,
                examples: Vec::new(),
            },
            metrics: vec![MetricDelta {
                metric: "accuracy".into(),
                base: Measure::Rate { hits: 215, total: 240 },
                candidate: Measure::Rate { hits: 227, total: 240 },
                delta: Some(0.05),
                effect: Err("the suites differ".into()),
            }],
            passes: Some(effect(215, 227, 240, 0.012)),
            ..RunComparison::default()
        },
        units: units(),
        diff: None,
    }
}

/// How a share moved that was asked once.
pub(crate) fn effect(before: u64, now: u64, total: u64, p: f64) -> Effect {
    let share = |hits: u64| hits as f64 / total as f64;
    let difference = share(now) - share(before);
    let around = Some((difference - 0.02, difference + 0.02));
    Effect {
        unit: Unit::Share,
        examples: total,
        left_out: 0,
        base: share(before),
        candidate: share(now),
        change: Change::Difference(difference),
        interval: around,
        bounds: around,
        p: Some(p),
        p_worse: None,
        flips: None,
        method: PairedMethod::PassOrFail,
    }
}

/// The review of version 14 against version 13, with a gate that says `verdict`.
pub(crate) fn review_detail(state: ReviewState, verdict: Verdict) -> ReviewDetail {
    let check = |title: &str, fault: Option<&str>| Check {
        title: title.into(),
        fault: fault.map(Into::into),
    };
    let gate_fault = match verdict {
        Verdict::Pass => None,
        _ => Some("the gate says cannot tell yet: escalation_recall[language=de] 28/30"),
    };
    let decisions = match state {
        ReviewState::Paused => vec![decision(12, DecisionKind::Paused)],
        ReviewState::Approved => vec![decision(12, DecisionKind::Paused), decision(13, DecisionKind::Approved)],
        _ => Vec::new(),
    };
    ReviewDetail {
        signatures: Signatures::Optional,
        review: review(88, "support_triage", 8),
        state,
        decisions,
        signed_by: std::collections::BTreeMap::new(),
        version: version(14),
        run: run(421, 14),
        caveats: Caveats::default(),
        units: units(),
        end: Some(run_end(421, verdict)),
        diff: Some(DiffView {
            old: "support_triage_v13".into(),
            new: "support_triage_v14".into(),
            diff: diff::diff(&content(13), &content(14)),
        }),
        comparison: Some(comparison()),
        checks: vec![
            check("run_421 finished", None),
            check("gate passes", gate_fault),
            check("content 7c1d90aa unchanged", None),
            check("answers come from a model", None),
            check("answers are fresh", None),
            check("someone else than the author approves", None),
        ],
        approvals: None,
        promotion: ("support_triage_prod_v9".parse().unwrap(), Some(promotion(8, 13, 146))),
    }
}
