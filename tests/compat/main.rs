//! What is on disk stays readable: one fixed sample of every record has the bytes that it always had.
//!
//! After a new record kind or schema number, `PEGBOX_BLESS=1 cargo test --test compat` writes the samples that are
//! missing. It never writes over one that is there.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its shared steps stand outside the test functions"
)]

mod samples;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pegbox::domain::decision::{DecisionKind, OtherCause};
use pegbox::domain::example::ExampleSource;
use pegbox::domain::gate::{Evidence, GatePolicy, Verdict};
use pegbox::domain::grader::{
    ArgumentRule, CallOrder, CaseRule, CitationSource, ExpectedDocuments, GraderKind, RefusalRule,
};
use pegbox::domain::hash::ContentHash;
use pegbox::domain::ids::{PromotionId, RunId};
use pegbox::domain::json::SourceJson;
use pegbox::domain::label::LabelVerdict;
use pegbox::domain::metric::{ClassOf, ErrorRule, FieldOf, IntervalMethod, Measure, MetricKind};
use pegbox::domain::model::{NamedSchema, ResponseFormat, ToolChoice};
use pegbox::domain::money::UsdNanos;
use pegbox::domain::origin::Origin;
use pegbox::domain::outcome::{ErrorKind, FailureCategory, Outcome, OutcomePlace};
use pegbox::domain::person::{self, Standing};
use pegbox::domain::policy::{SelfApproval, Signatures, SimulatedEvidence};
use pegbox::domain::promotion::Environment;
use pegbox::domain::prompt::Role;
use pegbox::domain::quarantine::QuarantineKind;
use pegbox::domain::release::ReleaseKind;
use pegbox::domain::run::{AnswerSource, EndState, Picked, RunStepKind, Subject};
use pegbox::domain::suite::Comparison;
use pegbox::domain::variant::VariantChange;
use pegbox::domain::version::ChangeKind;
use pegbox::store::engine::{AuditEntry, Batch, Engine, Scan};
use pegbox::store::envelope::{self, Label, Record};
use pegbox::store::memory::MemoryEngine;
use pegbox::store::{Change, Store};
use serde::Serialize;

/// The last number of a kind of record; the first is 1.
const KIND_LAST: u16 = 29;
/// Numbers between them that no kind has.
const KINDS_UNUSED: &[u16] = &[];
/// Those of them that have more than one layout, with how many: policy, chain, suite, run, run end, outcome, trace,
/// run step, stored answer.
const LATER_LAYOUTS: [(u16, u16); 9] = [
    (1, 2),
    (5, 2),
    (9, 2),
    (10, 3),
    (11, 4),
    (12, 5),
    (18, 2),
    (21, 2),
    (23, 2),
];
/// Where the envelope says how the payload is coded; compression may change its bytes with the library's version.
const CODEC_AT: usize = 8;
const CODEC_PLAIN: u8 = 1;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/compat")
}

/// The bytes of a sample, as some version of pegbox wrote them first.
fn golden(name: &str, schema: u16, bytes: &[u8]) -> Vec<u8> {
    let path = fixtures().join(format!("{name}_v{schema}.bin"));
    assert_eq!(
        bytes[CODEC_AT],
        CODEC_PLAIN,
        "{name}: the sample is so large that it is compressed: {} bytes",
        bytes.len()
    );
    if !path.exists() && std::env::var_os("PEGBOX_BLESS").is_some() {
        std::fs::create_dir_all(fixtures()).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn assert_same(name: &str, schema: u16, bytes: &[u8]) -> Vec<u8> {
    let golden = golden(name, schema, bytes);
    assert_eq!(
        golden, bytes,
        "{name}: a stored struct changed: add a new schema number, and keep the old struct to read what is on disk"
    );
    golden
}

fn assert_compatible<R: Record + PartialEq + Debug>(name: &str, sample: &R) {
    let golden = assert_same(name, R::SCHEMA, &envelope::encode(sample).unwrap());
    assert_eq!(&envelope::decode::<R>(&golden).unwrap(), sample, "{name}");
}

/// What an older program wrote reads as `expected`.
fn assert_older<R: Record + PartialEq + Debug>(name: &str, schema: u16, expected: &R) {
    let bytes = std::fs::read(fixtures().join(format!("{name}_v{schema}.bin"))).unwrap();
    assert_eq!(&envelope::decode::<R>(&bytes).unwrap(), expected, "{name}");
}

#[test]
fn older_layouts_stay_readable() {
    assert_older("policy", 1, &samples::policy_1());
    assert_older("chain_version", 1, &samples::chain_version_1());
    assert_older("suite_version", 1, &samples::suite_version_1());
    assert_older("run", 1, &samples::run_1());
    assert_older("run", 2, &samples::run_2());
    assert_older("run_end", 1, &samples::run_end_1());
    assert_older("run_end", 2, &samples::run_end_2());
    assert_older("run_end", 3, &samples::run_end_3());
    assert_older("run_step", 1, &samples::run_step_1());
    assert_older("stored_answer", 1, &samples::stored_answer_1());
    assert_older("outcome", 1, &samples::outcome_1());
    assert_older("outcome", 2, &samples::outcome_2());
    assert_older("outcome", 3, &samples::outcome());
    assert_older("outcome", 4, &samples::outcome());
    assert_older("judged_outcome", 4, &samples::judged_outcome_4());
    assert_older("trace", 1, &samples::trace_1());
}

/// A run's end holds a hash over its outcomes, which must not change with the program that computes it.
#[test]
fn outcomes_of_earlier_layouts_keep_their_hash() {
    let hash = |outcome: Outcome| outcome.content_hash().unwrap().to_string();
    let first = "d1386bf68e2d2478d1445407cd7981f0679d4b19d723d083b96235cf8b383acd";
    let second = "ceffc3a6ce25b927980a27b6a28915781f4ac4a878c1f6bf6208f82d39d9b2d8";
    assert_eq!(hash(samples::outcome_1()), first);
    assert_eq!(hash(samples::outcome_2()), second);
    let third = hash(samples::outcome());
    assert!(third != first && third != second);
}

#[test]
fn records_have_the_bytes_that_they_always_had() {
    assert_compatible("policy", &samples::policy());
    assert_compatible("prompt", &samples::prompt());
    assert_compatible("draft", &samples::draft());
    assert_compatible("prompt_version", &samples::prompt_version());
    assert_compatible("chain_version", &samples::chain_version());
    assert_compatible("example", &samples::example());
    assert_compatible("row_page", &samples::row_page());
    assert_compatible("dataset_version", &samples::dataset_version());
    assert_compatible("suite_version", &samples::suite_version());
    assert_compatible("suite_version_judged", &samples::suite_version_judged());
    assert_compatible("run", &samples::run());
    assert_compatible("run_end", &samples::run_end());
    assert_compatible("run_step", &samples::run_step());
    assert_compatible("outcome", &samples::outcome());
    assert_compatible("judged_outcome", &samples::judged_outcome());
    assert_compatible("failure_line", &samples::failure_line());
    assert_compatible("review", &samples::review());
    assert_compatible("decision", &samples::decision());
    assert_compatible("promotion", &samples::promotion());
    assert_compatible("signature", &samples::signature());
    assert_compatible("release", &samples::release());
    assert_compatible("trace", &samples::trace());
    assert_compatible("resolution", &samples::resolution());
    assert_compatible("stored_answer", &samples::stored_answer());
    assert_compatible("quarantine", &samples::quarantine());
    assert_compatible("human_label", &samples::human_label());
    assert_compatible("triage", &samples::triage());
    assert_compatible("variant", &samples::variant());
    assert_compatible("person", &samples::person());
}

fn audit() -> AuditEntry {
    AuditEntry {
        at_ms: 0,
        actor: "anna".into(),
        action: "test.put".into(),
        subject: String::new(),
        reason: String::new(),
        origin: Origin::default(),
    }
}

/// Marks and outcome indexes are the store's own, so they are read where it puts them.
#[test]
fn the_stores_own_records_have_the_bytes_that_they_always_had() {
    let engine = Arc::new(MemoryEngine::new());
    let store = Store::new(Arc::clone(&engine) as Arc<dyn Engine>);
    let (run, outcome) = (samples::run_1(), samples::outcome_1());
    Change::new(audit()).insert_run(&run).unwrap().commit(&store).unwrap();
    store.append_outcome(audit(), &outcome).unwrap().wait().unwrap();
    let bytes = |key: &str| engine.get(key.as_bytes()).unwrap().unwrap();
    let mark = assert_same("mark", 1, &bytes("run-of/triage/0000000002/0000000007"));
    let index = assert_same("outcome_index", 1, &bytes("outcome-of/0000000007/t-1"));

    // A store that holds only what was written then.
    let engine = Arc::new(MemoryEngine::new());
    let store = Store::new(Arc::clone(&engine) as Arc<dyn Engine>);
    let old = Batch::new(audit())
        .put("run-of/triage/0000000002/0000000007", mark)
        .put("outcome-of/0000000007/t-1", index)
        .put(
            "outcome/0000000007/0000000003",
            std::fs::read(fixtures().join("outcome_v1.bin")).unwrap(),
        );
    engine.commit(old).unwrap();
    assert_eq!(store.runs_of(&"triage_v2".parse().unwrap()).unwrap(), [run.id]);
    assert_eq!(store.outcome_of(run.id, &outcome.example).unwrap(), Some(outcome));
}

/// Every sample, as an export writes it and an import reads it.
#[test]
fn every_record_survives_an_export() {
    let mut batch = Batch::new(audit());
    for entry in std::fs::read_dir(fixtures()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        batch = batch.put(format!("{name}/1"), std::fs::read(&path).unwrap());
    }
    assert!(batch.ops.len() >= usize::from(KIND_LAST) - KINDS_UNUSED.len());
    let engine = Arc::new(MemoryEngine::new());
    engine.commit(batch.put("gone/1", "a value that is no record")).unwrap();
    engine.commit(Batch::new(audit()).delete("gone/1")).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(Arc::clone(&engine) as Arc<dyn Engine>);
    store.export(folder.path(), &mut |_| {}).unwrap();
    let imported = Arc::new(MemoryEngine::new());
    let store = Store::new(Arc::clone(&imported) as Arc<dyn Engine>);
    store
        .import(folder.path(), pegbox::store::Chain::Same, &mut |_| {})
        .unwrap();
    let everything = Scan::prefix("", usize::MAX);
    assert_eq!(imported.scan(&everything).unwrap(), engine.scan(&everything).unwrap());
    assert_eq!(imported.history(1, 10).unwrap(), engine.history(1, 10).unwrap());
}

/// On disk a variant is its place, so new ones go to the end, and none is moved or taken away.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of variants")]
fn variants_have_the_places_that_they_always_had() {
    assert_places(&Environment::ALL);
    assert_places(&ChangeKind::ALL);
    assert_places(&Role::ALL);
    assert_places(&person::Role::ALL);
    assert_places(&[Standing::Active, Standing::Removed]);
    assert_places(&OtherCause::ALL);
    let promotion: PromotionId = "triage_prod_v1".parse().unwrap();
    assert_places(&[
        DecisionKind::Approved,
        DecisionKind::Rejected,
        DecisionKind::Paused,
        DecisionKind::Promoted(promotion.clone()),
        DecisionKind::RolledBack(promotion),
        DecisionKind::NotAPromptProblem(OtherCause::Policy),
    ]);
    assert_places(&[LabelVerdict::Passed, LabelVerdict::Failed]);
    assert_places(&[SimulatedEvidence::Refused, SimulatedEvidence::Accepted]);
    assert_places(&[SelfApproval::Refused, SelfApproval::Allowed, SelfApproval::NotAlone]);
    assert_places(&[Signatures::Optional, Signatures::Required]);
    assert_places(&[AnswerSource::Model, AnswerSource::Simulated, AnswerSource::Replayed]);
    assert_places(&[EndState::Finished, EndState::Cancelled, EndState::Decided]);
    assert_places(&[Picked::Failed, Picked::Marked, Picked::Sample]);
    assert_places(&[
        Comparison::AtLeast,
        Comparison::AtMost,
        Comparison::Equals,
        Comparison::NoWorseBy,
        Comparison::AtMostRatio,
    ]);
    assert_places(&[QuarantineKind::Placed, QuarantineKind::Lifted]);
    assert_places(&[ErrorRule::Fail, ErrorRule::Exclude, ErrorRule::Error]);
    assert_places(&[
        IntervalMethod::Wilson,
        IntervalMethod::Examples { count: 2 },
        IntervalMethod::Clusters { count: 2 },
        IntervalMethod::OrderStatistics,
        IntervalMethod::Bootstrap { seed: 1, resamples: 2 },
    ]);
    assert_places(&[CaseRule::Sensitive, CaseRule::Insensitive]);
    assert_places(&[GatePolicy::Point, GatePolicy::Proven, GatePolicy::NotRefuted]);
    assert_places(&[Verdict::Pass, Verdict::Fail, Verdict::CannotTell]);
    assert_places(&[
        Evidence::Proven,
        Evidence::Refuted,
        Evidence::Inconclusive,
        Evidence::ZeroViolations,
        Evidence::NoData,
        Evidence::PointOnly,
    ]);
    assert_places(&[
        Measure::Rate { hits: 1, total: 2 },
        Measure::Value { value: 1.0, count: 2 },
        Measure::Undefined,
    ]);
    assert_places(&[
        ErrorKind::Render,
        ErrorKind::Connect,
        ErrorKind::Timeout,
        ErrorKind::RateLimited,
        ErrorKind::Auth,
        ErrorKind::BadRequest,
        ErrorKind::Server,
        ErrorKind::BadResponse,
    ]);
    assert_places(&[
        FailureCategory::Prompt,
        FailureCategory::Retrieval,
        FailureCategory::Tool,
        FailureCategory::Model,
        FailureCategory::Parser,
        FailureCategory::Grader,
        FailureCategory::Label,
        FailureCategory::Provider,
    ]);
}

#[test]
fn variants_that_hold_something_have_their_places_too() {
    let field = || FieldOf {
        field: "f".into(),
        expected_field: None,
        labels: Vec::new(),
    };
    let class = ClassOf {
        field: "escalate".into(),
        expected_field: None,
        class: "true".into(),
    };
    let grader = String::new;
    assert_places(&[
        MetricKind::Accuracy { grader: grader() },
        MetricKind::ValidityRate { grader: grader() },
        MetricKind::Precision(class.clone()),
        MetricKind::Recall(class.clone()),
        MetricKind::F1(class),
        MetricKind::LatencyPercentile { percentile: 95.0 },
        MetricKind::CostPerExample,
        MetricKind::MacroF1(field()),
        MetricKind::MicroF1(field()),
        MetricKind::BalancedAccuracy(field()),
        MetricKind::Kappa(field()),
        MetricKind::Mcc(field()),
        MetricKind::ScoreMean { grader: grader() },
        MetricKind::ScorePercentile {
            grader: grader(),
            percentile: 95.0,
        },
        MetricKind::LatencyMean,
        MetricKind::CostPercentile { percentile: 95.0 },
        MetricKind::PassAtK { grader: grader(), k: 2 },
        MetricKind::PassHatK { grader: grader(), k: 2 },
        MetricKind::Consistency { grader: grader() },
    ]);
}

/// The kinds of graders that the first version had.
fn first_grader_kinds() -> Vec<GraderKind> {
    let case = CaseRule::Sensitive;
    vec![
        GraderKind::ExactMatch { case },
        GraderKind::FieldMatch {
            field: "route".into(),
            expected_field: None,
        },
        GraderKind::JsonValid,
        GraderKind::JsonSchema { schema: None },
        GraderKind::Regex {
            pattern: ".".into(),
            field: None,
        },
        GraderKind::NumericTolerance {
            field: None,
            expected_field: None,
            absolute: 0.0,
            relative: 0.0,
        },
        GraderKind::Contains { text: None, case },
    ]
}

fn later_grader_kinds() -> Vec<GraderKind> {
    let case = CaseRule::Sensitive;
    vec![
        GraderKind::EditDistance {
            field: None,
            expected_field: None,
            case,
            at_least: 0.8,
        },
        GraderKind::TokenF1 {
            field: None,
            expected_field: None,
            at_least: 0.8,
        },
        GraderKind::ToolCalls {
            calls: None,
            expected_field: None,
            arguments: ArgumentRule::Exact,
            order: CallOrder::Exact,
        },
        GraderKind::Citations {
            source: CitationSource::Field(String::new()),
            at_least: 0,
            expected: ExpectedDocuments::Free,
        },
        GraderKind::Refusal {
            expected: RefusalRule::Fixed(true),
        },
        GraderKind::Latency { at_most_ms: 1 },
        GraderKind::Cost { at_most: UsdNanos(1) },
        GraderKind::Command {
            words: Vec::new(),
            time_limit_ms: 1,
        },
        GraderKind::AllOf { graders: Vec::new() },
        GraderKind::AnyOf { graders: Vec::new() },
        GraderKind::Weighted {
            weights: Vec::new(),
            at_least: 0.5,
        },
        GraderKind::Not(Box::new(GraderKind::JsonValid)),
    ]
}

#[test]
fn variants_of_graders_have_their_places_too() {
    assert_places(&[first_grader_kinds(), later_grader_kinds()].concat());
    let text = String::new;
    assert_places(&[ArgumentRule::Exact, ArgumentRule::Named]);
    assert_places(&[CallOrder::Exact, CallOrder::Any, CallOrder::Contained]);
    assert_places(&[CitationSource::Field(text()), CitationSource::Pattern(text())]);
    assert_places(&[
        ExpectedDocuments::Free,
        ExpectedDocuments::Whole,
        ExpectedDocuments::Field(text()),
    ]);
    assert_places(&[RefusalRule::Fixed(false), RefusalRule::Field(text())]);
}

#[test]
fn variants_of_settings_and_origins_have_their_places_too() {
    let named = NamedSchema {
        name: "reply".into(),
        version: 1,
        schema: SourceJson::new("{}").unwrap(),
    };
    assert_places(&[
        ResponseFormat::Text,
        ResponseFormat::JsonObject,
        ResponseFormat::JsonSchema(named),
    ]);
    assert_places(&[
        ToolChoice::Auto,
        ToolChoice::None,
        ToolChoice::Required,
        ToolChoice::Named("lookup".into()),
    ]);
    let (run, content_hash) = (samples::run(), ContentHash::of_bytes(b""));
    let chain = "flow@v3".parse().unwrap();
    let variant = samples::variant().subject().unwrap();
    assert_places(&[run.subject, Subject::Chain { chain, content_hash }, variant]);
    assert_places(&[
        VariantChange::Model { settings: Vec::new() },
        samples::variant().content.change,
    ]);
    let file = "rows.csv".into();
    assert_places(&[
        ExampleSource::Imported { file, line: 1 },
        ExampleSource::Edited { from: content_hash },
        samples::example().source,
        ExampleSource::Labelled {
            from: content_hash,
            run: RunId(7),
            place: OutcomePlace::first(3),
            number: 1,
        },
    ]);
    let reason = String::new();
    assert_places(&[RunStepKind::Paused { reason }, samples::run_step().kind]);
    assert_places(&[ReleaseKind::Forward, samples::release().kind]);
}

fn assert_places<T: Serialize + Debug>(variants: &[T]) {
    for (place, variant) in variants.iter().enumerate() {
        let bytes = bincode::serde::encode_to_vec(variant, bincode::config::standard()).unwrap();
        assert_eq!(
            usize::from(bytes[0]),
            place,
            "{variant:?} moved: records on disk would read as another"
        );
    }
}

#[test]
fn every_kind_has_its_sample() {
    let labels: BTreeSet<(u16, u16)> = std::fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let Some(Label { kind, schema }) = envelope::label(&std::fs::read(&path).unwrap()) else {
                panic!("{} is no envelope", path.display())
            };
            (kind, schema)
        })
        .collect();
    let first = (1..=KIND_LAST)
        .filter(|kind| !KINDS_UNUSED.contains(kind))
        .map(|kind| (kind, 1));
    let later = LATER_LAYOUTS
        .iter()
        .flat_map(|(kind, count)| (2..=*count).map(|schema| (*kind, schema)));
    let expected: BTreeSet<(u16, u16)> = first.chain(later).collect();
    assert_eq!(labels, expected);
}
