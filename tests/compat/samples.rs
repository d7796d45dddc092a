//! One small sample of every record, with a value in each field that can have one.

use std::collections::BTreeMap;

use pegbox::domain::actor::Actor;
use pegbox::domain::alias::{Alias, Resolution};
use pegbox::domain::answer::{AnswerPart, StoredAnswer};
use pegbox::domain::chain::{ChainContent, ChainStep, ChainVersion, StepInput, StepParser, StepValue};
use pegbox::domain::condition::{Condition, Test};
use pegbox::domain::confusion::{Confusion, ConfusionRow};
use pegbox::domain::dataset::{DatasetChanges, DatasetVersion, Exclusion, Row, RowPage};
use pegbox::domain::decision::{Decision, DecisionKind, OtherCause};
use pegbox::domain::draft::Draft;
use pegbox::domain::example::{Document, Example, ExampleContent, ExampleContext, ExampleSource, ToolResult};
use pegbox::domain::gate::{BreakingSlice, Evidence, Gate, GatePolicy, LeftOut, Relative, RuleResult, Verdict};
use pegbox::domain::grader::{CaseRule, Grader, GraderKind, Score, ScoreValue};
use pegbox::domain::hash::ContentHash;
use pegbox::domain::ids::RunId;
use pegbox::domain::json::{JsonText, SourceJson};
use pegbox::domain::judge::{Judge, JudgeGrader, Question, TieRule};
use pegbox::domain::judgement::{JudgedBy, Judgement, JudgingTotals};
use pegbox::domain::label::{HumanLabel, LabelVerdict};
use pegbox::domain::metric::{
    Bins, ClassOf, ErrorRule, IntervalMethod, Measure, Metric, MetricKind, MetricResult, Slice, SlicePart,
};
use pegbox::domain::model::{ModelConfig, NamedSchema, ResponseFormat, Setting, Tool, ToolChoice};
use pegbox::domain::money::{PriceFile, UsdNanos};
use pegbox::domain::outcome::{
    Attempt, DocumentRef, ErrorKind, FailureCategory, Outcome, OutcomeError, OutcomePlace, RenderedMessage, ToolCall,
    Usage,
};
use pegbox::domain::path_result::PathResult;
use pegbox::domain::person::{self, Person, PersonKey, Standing};
use pegbox::domain::policy::{EnvironmentRules, Policy, SelfApproval, Signatures, SimulatedEvidence};
use pegbox::domain::progress::{FailureLine, LatencySummary};
use pegbox::domain::promotion::{Environment, Promotion};
use pegbox::domain::prompt::{MessageTemplate, Prompt, PromptContent, Role, Variable};
use pegbox::domain::quarantine::{Quarantine, QuarantineKind};
use pegbox::domain::reason::Reason;
use pegbox::domain::release::{Guard, ModelBundle, Release, ReleaseKind, RollbackTarget};
use pegbox::domain::review::Review;
use pegbox::domain::run::{
    AgainstBase, AnswerSource, Caps, EndState, Picked, Regression, Run, RunEnd, RunSettings, RunStep, RunStepKind,
    RunTotals, RuntimeContext, Selection, Subject,
};
use pegbox::domain::signature::Signature;
use pegbox::domain::step::StepOutcome;
use pegbox::domain::suite::{Comparison, SuiteContent, SuiteVersion, Threshold};
use pegbox::domain::time::Timestamp;
use pegbox::domain::trace::{Feedback, Span, Trace};
use pegbox::domain::triage::Triage;
use pegbox::domain::variant::{Variant, VariantChange};
use pegbox::domain::version::{ChangeKind, ChangeReason, PromptVersion};

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn anna() -> pegbox::domain::actor::Actor {
    pegbox::domain::actor::Actor::new("anna").unwrap()
}

fn why() -> Reason {
    Reason::new("billing was missed").unwrap()
}

fn hash() -> ContentHash {
    ContentHash::of_bytes(b"content")
}

const AT: Timestamp = Timestamp(1_780_300_000_123);

pub fn policy() -> Policy {
    Policy {
        simulated_evidence: SimulatedEvidence::Accepted,
        staging: EnvironmentRules {
            self_approval: SelfApproval::NotAlone,
            ..EnvironmentRules::default()
        },
        production: EnvironmentRules {
            approvals: 2,
            approvers: vec![anna(), Actor::new("mara").unwrap()],
            self_approval: SelfApproval::Refused,
            evidence_days_max: Some(30),
            suites: vec![id("regression")],
            signatures: Signatures::Required,
        },
    }
}

/// As a store has it whose policy is from before there were environments in it.
pub fn policy_1() -> Policy {
    Policy {
        simulated_evidence: SimulatedEvidence::Accepted,
        ..Policy::default()
    }
    .with_self_approval(SelfApproval::Refused)
}

pub fn prompt() -> Prompt {
    Prompt {
        name: id("triage"),
        description: "routes é".into(),
        owner: anna(),
        created_at: AT,
    }
}

pub fn draft() -> Draft {
    Draft {
        prompt: id("triage"),
        base: Some(id("triage_v2")),
        source: "+++\n".into(),
        saved_by: anna(),
        saved_at: AT,
    }
}

fn model() -> ModelConfig {
    ModelConfig {
        provider: "openai".into(),
        name: "m".into(),
        temperature: Some(0.25),
        top_p: Some(0.5),
        max_output_tokens: Some(300),
        stop: vec!["END".into()],
        seed: Some(70_000),
        response_format: ResponseFormat::JsonSchema(NamedSchema {
            name: "reply".into(),
            version: 3,
            schema: SourceJson::new("{}").unwrap(),
        }),
        tools: vec![Tool {
            name: "lookup".into(),
            description: "finds".into(),
            parameters: SourceJson::new("{ }").unwrap(),
        }],
        tool_choice: ToolChoice::Named("lookup".into()),
        safety_settings: vec![setting("violence")],
        provider_flags: vec![setting("store")],
    }
}

fn setting(name: &str) -> Setting {
    Setting {
        name: name.into(),
        value: JsonText::parse("[1,null]").unwrap(),
    }
}

pub fn prompt_version() -> PromptVersion {
    PromptVersion {
        id: id("triage_v2"),
        content: PromptContent {
            messages: vec![MessageTemplate {
                role: Role::Developer,
                text: "{{ ticket }}".into(),
            }],
            variables: vec![Variable {
                name: "ticket".into(),
                description: "d".into(),
                default: Some(String::new()),
            }],
            model: model(),
        },
        content_hash: hash(),
        base: Some(id("triage_v1")),
        author: anna(),
        reason: ChangeReason {
            kind: ChangeKind::CustomerReport,
            text: why(),
            link: Some("T-7".into()),
        },
        committed_at: AT,
    }
}

pub fn chain_version() -> ChainVersion {
    let from = |variable: &str, path: &str, default: Option<JsonText>| StepInput {
        variable: variable.into(),
        value: StepValue::From {
            path: id(path),
            default,
        },
    };
    let when = |test| Condition {
        path: id("input.kind"),
        test,
    };
    ChainVersion {
        content: ChainContent {
            description: "routes mail".into(),
            steps: vec![ChainStep {
                name: "route".into(),
                version: id("triage_v2"),
                inputs: vec![
                    from("ticket", "input.ticket", None),
                    from("plan", "input.plan", Some(JsonText::string("free"))),
                    StepInput {
                        variable: "tone".into(),
                        value: StepValue::Literal(JsonText::string("kind")),
                    },
                ],
                when: vec![
                    when(Test::Equals(JsonText::string("mail"))),
                    when(Test::OneOf(vec![JsonText::string("mail")])),
                    when(Test::Above(0.5)),
                ],
                parser: StepParser::Json {
                    schema: Some(SourceJson::new("{}").unwrap()),
                },
                tools: Some(vec!["lookup".into()]),
            }],
            answer: Some(id("route.topic")),
        },
        ..chain_version_1()
    }
}

/// Another one, as the first layout kept it.
pub fn chain_version_1() -> ChainVersion {
    ChainVersion {
        id: id("flow@v3"),
        content: ChainContent {
            description: String::new(),
            steps: vec![ChainStep {
                name: "route".into(),
                version: id("triage_v2"),
                inputs: vec![StepInput {
                    variable: "ticket".into(),
                    value: StepValue::From {
                        path: id("input.ticket"),
                        default: None,
                    },
                }],
                when: vec![Condition {
                    path: id("input.kind"),
                    test: Test::Equals(JsonText::string("mail")),
                }],
                parser: StepParser::Json { schema: None },
                tools: Some(vec!["lookup".into()]),
            }],
            answer: None,
        },
        content_hash: hash(),
        author: anna(),
        reason: why(),
        committed_at: AT,
    }
}

pub fn example() -> Example {
    Example {
        content: ExampleContent {
            id: id("t-1"),
            input: JsonText::parse(r#"{"b":1,"a":"é"}"#).unwrap(),
            expected: Some(JsonText::string("billing")),
            labels: vec!["hard".into()],
            metadata: BTreeMap::from([("topic".into(), "bills".into())]),
            context: ExampleContext {
                documents: vec![Document {
                    id: "d".into(),
                    version: "2".into(),
                    text: "t".into(),
                }],
                tool_results: vec![ToolResult {
                    tool: "lookup".into(),
                    result: JsonText::parse("7").unwrap(),
                }],
            },
        },
        content_hash: hash(),
        source: ExampleSource::FailedCase {
            run: RunId(7),
            example: id("t-0"),
        },
    }
}

fn row() -> Row {
    Row {
        example: id("t-1"),
        content_hash: hash(),
    }
}

pub fn row_page() -> RowPage {
    RowPage { rows: vec![row()] }
}

pub fn dataset_version() -> DatasetVersion {
    DatasetVersion {
        id: id("rows@2026-06-01"),
        content_hash: hash(),
        example_count: 240,
        exclusions: vec![Exclusion {
            row: row(),
            reason: why(),
        }],
        parent: Some(id("rows@v1")),
        changes: DatasetChanges {
            added: vec![id("a")],
            changed: vec![id("c")],
            removed: vec![id("r")],
            excluded: vec![id("e")],
        },
        author: anna(),
        reason: why(),
        created_at: AT,
    }
}

fn slice() -> Slice {
    Slice {
        and: vec![SlicePart {
            field: "plan".into(),
            value: "pro".into(),
        }],
        ..slice_1()
    }
}

/// The same as the first layout kept it.
fn slice_1() -> Slice {
    Slice::of("topic", "bills")
}

fn threshold() -> Threshold {
    Threshold {
        metric: "recall".into(),
        slice: Some(slice()),
        comparison: Comparison::AtLeast,
        value: 0.98,
        min_samples: 20,
        policy: Some(GatePolicy::Proven),
    }
}

/// The same as the first layout kept it.
fn threshold_1() -> Threshold {
    Threshold {
        slice: Some(slice_1()),
        policy: None,
        ..threshold()
    }
}

pub fn suite_version() -> SuiteVersion {
    SuiteVersion {
        id: id("quality@v8"),
        content: SuiteContent {
            description: "d".into(),
            graders: vec![
                Grader {
                    name: "number".into(),
                    kind: GraderKind::NumericTolerance {
                        field: Some("total".into()),
                        expected_field: None,
                        absolute: 0.5,
                        relative: 0.0,
                    },
                    step: Some("route".into()),
                },
                Grader {
                    name: "says".into(),
                    kind: GraderKind::Contains {
                        text: None,
                        case: CaseRule::Insensitive,
                    },
                    step: None,
                },
            ],
            metrics: vec![Metric {
                name: "recall".into(),
                kind: MetricKind::Recall(ClassOf {
                    field: "escalate".into(),
                    expected_field: None,
                    class: "true".into(),
                }),
                errors: Some(ErrorRule::Exclude),
            }],
            thresholds: vec![threshold()],
            slices: vec!["topic".into()],
            policy: GatePolicy::Proven,
            crossings: vec![vec!["topic".into(), "plan".into()]],
            bins: vec![Bins {
                field: "words".into(),
                bounds: vec![10.0, 100.0],
            }],
            cluster: Some("customer".into()),
        },
        content_hash: hash(),
        author: anna(),
        reason: why(),
        created_at: AT,
    }
}

/// The same with judges of pairs.
pub fn suite_version_judged() -> SuiteVersion {
    let mut suite = suite_version();
    let questions = [
        Question::Pairwise {
            expected_field: Some("answer".into()),
            ties: TieRule::Passes,
        },
        Question::AgainstBase { ties: TieRule::Fails },
    ];
    let judged = questions.map(|question| Grader {
        name: question.kind().into(),
        kind: GraderKind::Judge(Box::new(JudgeGrader {
            judges: vec![Judge {
                version: id("judge_v3"),
                content_hash: hash(),
            }],
            repeats: 3,
            question,
        })),
        step: None,
    });
    suite.content.graders = judged.into();
    suite.content.thresholds.clear();
    suite
}

/// The same as the first layout kept it.
pub fn suite_version_1() -> SuiteVersion {
    let mut suite = suite_version();
    for grader in &mut suite.content.graders {
        grader.step = None;
    }
    suite.content.metrics[0].errors = None;
    suite.content.thresholds = vec![threshold_1()];
    suite.content.crossings.clear();
    suite.content.bins.clear();
    suite.content.cluster = None;
    suite
}

pub fn run() -> Run {
    Run {
        id: RunId(7),
        subject: Subject::Prompt {
            version: id("triage_v2"),
            content_hash: hash(),
        },
        base: Some(id("triage_v1")),
        environment: Environment::Staging,
        dataset: id("rows@v1"),
        dataset_hash: hash(),
        example_count: 1,
        selection: Some(Selection {
            of: RunId(5),
            picked: Picked::Marked,
            places: vec![17],
        }),
        suite: id("quality@v8"),
        suite_hash: hash(),
        context: RuntimeContext {
            retrieval_index: Some("i".into()),
            documents: vec!["d".into()],
            tools: vec!["t".into()],
            agent_state: Some("s".into()),
            memory: Some("m".into()),
            feature_flags: vec!["f=1".into()],
            code_revision: Some("c".into()),
        },
        settings: RunSettings {
            concurrency: 8,
            is_adaptive: true,
            repeats: 3,
            attempts_max: 4,
            timeout_ms: 60_000,
            deadline_ms: Some(120_000),
            caps: caps(),
            reuses_answers: true,
            stops_early: true,
            base_url: Some("http://h/v1".into()),
        },
        answers: AnswerSource::Model,
        prices: vec![PriceFile {
            as_of: "2026-11-01".into(),
            content_hash: hash(),
        }],
        started_by: anna(),
        started_at: AT,
    }
}

/// The same as the second layout kept it.
pub fn run_2() -> Run {
    Run {
        prices: Vec::new(),
        ..run()
    }
}

/// The same as the first layout kept it.
pub fn run_1() -> Run {
    Run {
        example_count: 240,
        selection: None,
        settings: RunSettings {
            concurrency: 8,
            attempts_max: 4,
            timeout_ms: 60_000,
            base_url: Some("http://h/v1".into()),
            ..RunSettings::default()
        },
        ..run_2()
    }
}

fn caps() -> Caps {
    Caps {
        cost: Some(UsdNanos(5)),
        tokens: Some(6),
        errors: Some(7),
        elapsed_ms: Some(8),
    }
}

pub fn run_step() -> RunStep {
    RunStep {
        run: RunId(7),
        number: 2,
        kind: RunStepKind::Resumed {
            caps: caps(),
            prices: Some(run().prices),
        },
        by: anna(),
        at: AT,
    }
}

/// The same as the first layout kept it.
pub fn run_step_1() -> RunStep {
    RunStep {
        kind: RunStepKind::Resumed {
            caps: caps(),
            prices: None,
        },
        ..run_step()
    }
}

fn measure() -> Measure {
    Measure::Rate { hits: 34, total: 35 }
}

#[expect(clippy::too_many_lines, reason = "a value for every field")]
pub fn run_end() -> RunEnd {
    RunEnd {
        run: RunId(7),
        state: EndState::Finished,
        totals: RunTotals {
            saved: 1,
            passed: 2,
            failed: 3,
            errored: 4,
            retried: 5,
            input_tokens: 6,
            output_tokens: 7,
            cost: UsdNanos(8),
            cost_unknown: 9,
            reused: 10,
            reused_steps: 21,
            judging: judging_totals(),
        },
        results: vec![MetricResult {
            metric: "recall".into(),
            slice: Some(slice()),
            measure: measure(),
            interval: Some((0.25, 0.75)),
            missed: vec![id("t-1")],
            errored: 1,
            excluded: 2,
            bounds: (Some(0.375), None),
            method: Some(IntervalMethod::Bootstrap {
                seed: 3,
                resamples: 1_000,
            }),
        }],
        gate: Some(Gate {
            policy: GatePolicy::NotRefuted,
            rules: vec![RuleResult {
                threshold: threshold(),
                measure: Measure::Value { value: 1.5, count: 2 },
                interval: Some((0.25, 0.75)),
                point: Some(false),
                evidence: Evidence::Inconclusive,
                verdict: Verdict::CannotTell,
                gating: true,
                breaking: vec![id("t-1")],
                breaking_slices: vec![BreakingSlice {
                    slice: slice(),
                    count: 1,
                }],
                note: "n".into(),
                relative: Some(Relative {
                    effect: -0.5,
                    bounds: Some((-0.75, 0.25)),
                    pairs: 35,
                    flips: Some((3, 2)),
                    is_regression_detected: true,
                }),
            }],
            verdict: Verdict::Fail,
            reason: "r".into(),
            left_out: vec![LeftOut {
                example: id("t-2"),
                reason: "q".into(),
            }],
        }),
        outcomes_hash: hash(),
        resolved_models: vec!["m-1".into()],
        ended_at: AT,
        confusions: vec![Confusion {
            field: "route".into(),
            expected_field: Some("team".into()),
            labels: vec!["bills".into()],
            rows: vec![ConfusionRow {
                answers: vec![4],
                other: 5,
                no_answer: 6,
            }],
            unlabelled: 7,
        }],
        against_base: Some(AgainstBase {
            run: RunId(6),
            tests: 8,
            regressions: vec![Regression {
                metric: "recall".into(),
                slice: Some(slice()),
                effect: -0.5,
                pairs: 35,
                p_value: 0.125,
                holm: 0.25,
                false_discovery: 0.5,
                is_flagged: true,
            }],
        }),
        paths: vec![PathResult {
            steps: vec!["route".into()],
            outcomes: 3,
            passed: 1,
            errored: 1,
            cost: UsdNanos(7),
            cost_unknown: 1,
            latency_ms: Some([5, 9]),
        }],
        latencies: Some(LatencySummary {
            percentiles_ms: [10, 20, 30],
            bars: [1, 2, 3, 4, 5, 6],
        }),
    }
}

/// The same as the third layout kept it.
pub fn run_end_3() -> RunEnd {
    let mut end = run_end();
    (end.totals.reused_steps, end.totals.judging.reused) = (0, 0);
    end.latencies = None;
    end
}

/// The same as the second layout kept it.
pub fn run_end_2() -> RunEnd {
    let mut end = run_end_3();
    end.totals.judging = JudgingTotals::default();
    end.confusions.clear();
    end.against_base = None;
    for result in &mut end.results {
        result.slice = Some(slice_1());
        result.excluded = 0;
        result.bounds = (None, None);
        result.method = Some(IntervalMethod::Wilson);
    }
    let gate = end.gate.as_mut().unwrap();
    gate.left_out.clear();
    for rule in &mut gate.rules {
        rule.threshold = threshold_1();
        rule.relative = None;
        rule.breaking_slices[0].slice = slice_1();
    }
    end.paths = Vec::new();
    end
}

/// The same as the first layout kept it.
pub fn run_end_1() -> RunEnd {
    let mut end = run_end_2();
    end.totals.reused = 0;
    end
}

fn usage() -> Usage {
    Usage {
        input_tokens: Some(20),
        cached_tokens: Some(8),
        cache_write_tokens: Some(4),
        output_tokens: Some(300),
        reasoning_tokens: None,
    }
}

fn judging_totals() -> JudgingTotals {
    JudgingTotals {
        judgements: 11,
        errored: 12,
        simulated: 13,
        input_tokens: 14,
        output_tokens: 15,
        cost: UsdNanos(16),
        cost_unknown: 17,
        unstable: 18,
        reused: 19,
    }
}

fn judge() -> Judge {
    Judge {
        version: id("judge_v3"),
        content_hash: hash(),
    }
}

fn judgement() -> Judgement {
    Judgement {
        grader: "polite".into(),
        judge: JudgedBy::Prompt(judge()),
        source: AnswerSource::Simulated,
        repeat: 1,
        is_swapped: true,
        rendered: Vec::new(),
        raw_response: "raw".into(),
        label: Some("first".into()),
        score: Some(4.5),
        passed: Some(true),
        explanation: "kind".into(),
        resolved_model: Some("m-1".into()),
        usage: usage(),
        latency_ms: 70,
        reused_from: Some(RunId(4)),
        cost: Some(UsdNanos(9)),
        error: None,
    }
}

fn step_outcome() -> StepOutcome {
    StepOutcome {
        name: "route".into(),
        version: id("triage_v2"),
        content_hash: hash(),
        rendered: Vec::new(),
        tool_calls: Vec::new(),
        raw_response: "raw".into(),
        earlier_responses: vec!["call".into()],
        text: Some("text".into()),
        parsed: Some(JsonText::parse("{}").unwrap()),
        parse_error: Some("p".into()),
        refusal: Some("no".into()),
        finish_reason: Some("stop".into()),
        system_fingerprint: Some("fp".into()),
        response_id: Some("r".into()),
        resolved_model: Some("m-1".into()),
        usage: usage(),
        latency_ms: 30,
        attempts: Vec::new(),
        reused_from: Some(RunId(5)),
        cost: Some(UsdNanos(4)),
        error: None,
    }
}

fn attempt(error: OutcomeError) -> Attempt {
    Attempt {
        latency_ms: 10,
        status: Some(429),
        error: Some(error),
        usage: usage(),
        cost: Some(UsdNanos(352_000)),
        waited_ms: 250,
    }
}

pub fn outcome() -> Outcome {
    let error = OutcomeError {
        kind: ErrorKind::RateLimited,
        message: "slow down".into(),
    };
    Outcome {
        run: RunId(7),
        index: 3,
        repeat: 2,
        example: id("t-1"),
        example_hash: hash(),
        rendered: vec![RenderedMessage {
            role: Role::User,
            text: "hi".into(),
        }],
        documents: vec![DocumentRef {
            id: "d".into(),
            version: "2".into(),
            content_hash: hash(),
        }],
        tool_calls: vec![ToolCall {
            id: "c".into(),
            name: "lookup".into(),
            arguments: "{".into(),
            result: Some(JsonText::parse("7").unwrap()),
            round: 1,
        }],
        raw_response: "raw".into(),
        earlier_responses: vec!["call".into()],
        text: Some("text".into()),
        parsed: Some(JsonText::parse("{}").unwrap()),
        parse_error: Some("p".into()),
        refusal: Some("no".into()),
        finish_reason: Some("stop".into()),
        resolved_model: Some("m-1".into()),
        system_fingerprint: Some("fp".into()),
        response_id: Some("r".into()),
        usage: usage(),
        latency_ms: 1_500,
        time_to_first_token_ms: Some(90),
        attempts: vec![attempt(error.clone())],
        reused_from: Some(RunId(6)),
        cost: Some(UsdNanos(352_000)),
        error: Some(error),
        scores: vec![Score {
            grader: "route".into(),
            passed: false,
            explanation: "b".into(),
            value: ScoreValue::new(0.25),
            part_of: vec!["both".into()],
        }],
        judgements: Vec::new(),
        steps: Vec::new(),
        failure_category: Some(FailureCategory::Parser),
        finished_at: AT,
    }
}

/// One of a chain, with a judge. What the other sample has is left out: larger samples are compressed.
pub fn judged_outcome() -> Outcome {
    Outcome {
        rendered: Vec::new(),
        documents: Vec::new(),
        tool_calls: Vec::new(),
        attempts: Vec::new(),
        scores: Vec::new(),
        judgements: vec![judgement()],
        steps: vec![step_outcome()],
        ..outcome()
    }
}

/// The same as the fourth layout kept it.
pub fn judged_outcome_4() -> Outcome {
    let mut outcome = judged_outcome();
    outcome.judgements[0].reused_from = None;
    outcome.steps[0].reused_from = None;
    outcome
}

/// The same as the second layout kept it.
pub fn outcome_2() -> Outcome {
    let mut outcome = outcome();
    outcome.usage.cache_write_tokens = None;
    for score in &mut outcome.scores {
        (score.value, score.part_of) = (None, Vec::new());
    }
    for attempt in &mut outcome.attempts {
        attempt.usage.cache_write_tokens = None;
    }
    outcome
}

/// The same as the first layout kept it.
pub fn outcome_1() -> Outcome {
    let mut outcome = outcome_2();
    outcome.repeat = 0;
    outcome.earlier_responses = Vec::new();
    outcome.time_to_first_token_ms = None;
    outcome.reused_from = None;
    for call in &mut outcome.tool_calls {
        call.round = 0;
    }
    for attempt in &mut outcome.attempts {
        (attempt.usage, attempt.cost, attempt.waited_ms) = (Usage::default(), None, 0);
    }
    outcome
}

pub fn failure_line() -> FailureLine {
    FailureLine {
        example: id("t-1"),
        why: "route: b".into(),
        latency_ms: 1_500,
    }
}

pub fn review() -> Review {
    Review {
        id: id("review_88"),
        version: id("triage_v2"),
        content_hash: hash(),
        environment: Environment::Production,
        run: RunId(7),
        base: Some(id("triage_v1")),
        note: "n".into(),
        requested_by: anna(),
        requested_at: AT,
    }
}

pub fn decision() -> Decision {
    Decision {
        id: id("decision_12"),
        kind: DecisionKind::NotAPromptProblem(OtherCause::FineTuning),
        version: id("triage_v2"),
        content_hash: hash(),
        review: Some(id("review_88")),
        run: Some(RunId(7)),
        actor: anna(),
        reason: why(),
        decided_at: AT,
    }
}

pub fn signature() -> Signature {
    Signature {
        decision: id("decision_12"),
        statement: "{\"at\":\"2026-06-01T12:00:00Z\"}".into(),
        signature: "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n".into(),
        public_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5".into(),
        fingerprint: "SHA256:uNiVztksCsDhcc0u9e8BrrQXVUpKZIDTMczCvj3tD2s".into(),
    }
}

pub fn promotion() -> Promotion {
    Promotion {
        id: id("triage_staging_v5"),
        version: id("triage_v2"),
        content_hash: hash(),
        replaces: Some(id("triage_staging_v4")),
        review: id("review_88"),
        approved_by: id("decision_12"),
        run: RunId(7),
        promoted_by: anna(),
        reason: why(),
        promoted_at: AT,
    }
}

pub fn release() -> Release {
    let plain = ModelBundle {
        version: id("triage_v1"),
        content_hash: hash(),
        model: ModelConfig::new("openai", "m"),
    };
    Release {
        promotion: promotion(),
        kind: ReleaseKind::Rollback {
            from: id("triage_prod_v9"),
            to: id("triage_prod_v8"),
        },
        bundle: plain,
        replaced_bundle: None,
        guards: vec![Guard {
            metric: "recall".into(),
            comparison: Comparison::AtMost,
            limit: 0.98,
        }],
        rollout_percent: vec![5, 100],
        rollback_target: Some(RollbackTarget {
            release: id("triage_prod_v7"),
            version: id("triage_v1"),
            command: "pegbox".into(),
        }),
    }
}

pub fn trace() -> Trace {
    Trace {
        id: id("req-1"),
        release: id("triage_prod_v9"),
        version: id("triage_v2"),
        response: "r".into(),
        spans: vec![Span {
            name: "model".into(),
            start_ms: 1,
            duration_ms: 300,
            error: Some("e".into()),
        }],
        usage: usage(),
        cost: Some(UsdNanos(1)),
        feedback: vec![Feedback {
            kind: "thumbs_down".into(),
            comment: "c".into(),
            at: AT,
        }],
        started_at: AT,
    }
}

/// The same as the first layout kept it.
pub fn trace_1() -> Trace {
    let mut trace = trace();
    trace.usage.cache_write_tokens = None;
    trace
}

pub fn resolution() -> Resolution {
    Resolution {
        alias: Alias {
            provider: "openai".into(),
            name: "gpt-4.1".into(),
            endpoint: Some("https://api.openai.com/v1".into()),
        },
        number: 2,
        model: "gpt-4.1-2026-05-01".into(),
        system_fingerprint: Some("fp_1".into()),
        run: RunId(7),
        seen_at: AT,
    }
}

pub fn variant() -> Variant {
    let version = prompt_version();
    let change = VariantChange::Hunks {
        towards: id("triage_v3"),
        towards_hash: hash(),
        hunks: vec![1, 2, 4],
    };
    Variant::new(&version, change, version.content.clone()).unwrap()
}

pub fn stored_answer() -> StoredAnswer {
    StoredAnswer {
        run: RunId(7),
        index: 3,
        repeat: 1,
        part: AnswerPart::Judgement {
            at: 2,
            endpoint: Some("http://localhost:1".into()),
        },
    }
}

/// The same as the first layout kept it.
pub fn stored_answer_1() -> StoredAnswer {
    StoredAnswer {
        part: AnswerPart::Whole,
        ..stored_answer()
    }
}

pub fn human_label() -> HumanLabel {
    HumanLabel {
        run: RunId(7),
        place: OutcomePlace { index: 3, repeat: 1 },
        number: 2,
        example: id("t-1"),
        example_hash: hash(),
        outcome_hash: hash(),
        grader: Some("route".into()),
        verdict: Some(LabelVerdict::Failed),
        class: Some("billing".into()),
        expected: Some(JsonText::parse("{\"route\":\"b\"}").unwrap()),
        is_override: true,
        comment: "c".into(),
        by: anna(),
        at: AT,
    }
}

pub fn quarantine() -> Quarantine {
    Quarantine {
        suite: id("quality"),
        example: id("t-1"),
        example_hash: hash(),
        run: RunId(7),
        number: 2,
        kind: QuarantineKind::Lifted,
        reason: why(),
        by: anna(),
        at: AT,
    }
}

pub fn person() -> Person {
    Person {
        name: Actor::new("mara").unwrap(),
        roles: vec![person::Role::Reviewer, person::Role::Admin],
        keys: vec![
            PersonKey {
                public_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f".into(),
                fingerprint: "SHA256:cKxJiZXT0fLGxMAIlZBvjCyRJ8wvE7HnTqcvdgHL4Bg".into(),
            },
            PersonKey {
                public_key: "cert-authority ssh-ed25519 AAAA".into(),
                fingerprint: "SHA256:".into(),
            },
        ],
        accounts: vec![1_000, 4_294_967_294],
        standing: Standing::Removed,
        changed_by: Actor::new("anna").unwrap(),
        changed_at: Timestamp(1_790_000_000_000),
        reason: Reason::new("she left the team").unwrap(),
    }
}

pub fn triage() -> Triage {
    Triage {
        run: RunId(7),
        place: OutcomePlace { index: 3, repeat: 1 },
        number: 2,
        example: id("t-1"),
        outcome_hash: hash(),
        category: FailureCategory::Retrieval,
        reason: why(),
        by: anna(),
        at: AT,
    }
}
