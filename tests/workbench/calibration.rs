//! Calibration: a judge against what people say, with numbers that are counted here too.

use pegbox::domain::calibration::Calibration;
use pegbox::domain::ids::{RunId, SuiteVersionId};
use pegbox::domain::json::JsonText;
use pegbox::domain::label::{LabelContent, LabelVerdict};
use pegbox::domain::outcome::{Outcome, OutcomePlace};
use pegbox::stats::{JudgeWeight, JudgedRate, kappa_from_table, lang_reiczigel, ppi_mean, rogan_gladen};
use pegbox::workbench::{Calibrate, Workbench};

use super::bench::*;

/// The simulated judge at a temperature at which it errs two times of ten.
const JUDGE: &str = r#"+++
[model]
provider = "simulated"
name = "judge-sim-1"
temperature = 2.0
seed = 3
[[variables]]
name = "answer"
[[variables]]
name = "expected"
+++
-- system --
From 1 to 5. Say {"score": 3, "explanation": "why"}.
-- user --
Expected:
{{ expected }}
Answer:
{{ answer }}
"#;
const RUBRIC: &str = "kind = \"judge_rubric\"\njudge = \"judge_v1\"\nmin = 1\nmax = 5\nat_least = 4";
const COUNT: u64 = 60;

struct Judged {
    bench: Bench,
    suite: SuiteVersionId,
    run: RunId,
}

impl Judged {
    fn new() -> Self {
        let bench = Bench::new();
        let judge = "judge".parse().unwrap();
        bench.workbench.import_prompt(&anna(), &judge, "", JUDGE).unwrap();
        bench.workbench.commit(&anna(), &judge, &why()).unwrap();
        let version = bench.version(&document("as it is"));
        let lines = include_str!("../../assets/demo/support_triage_regression.jsonl").lines();
        let rows: String = lines.take(60).flat_map(|line| [line, "\n"]).collect();
        let dataset = bench.dataset(&rows);
        let suite = bench.suite(&suite("judged", RUBRIC, "point"));
        let (run, end) = bench.run(&start(&version, &dataset, &suite));
        assert_eq!(end.totals.judging.judgements, COUNT);
        Self { bench, suite, run }
    }

    fn workbench(&self) -> &Workbench {
        &self.bench.workbench
    }

    fn outcome(&self, place: u64) -> Outcome {
        self.workbench()
            .case(self.run, OutcomePlace::first(place))
            .unwrap()
            .outcome
    }

    fn label(&self, by: &str, place: u64, verdict: Option<LabelVerdict>, class: Option<&str>) {
        let content = LabelContent {
            grader: Some("g".into()),
            verdict,
            class: class.map(Into::into),
            expected: None,
            comment: "I read the answer and the ticket again".into(),
        };
        self.workbench()
            .add_label(&actor(by), self.run, OutcomePlace::first(place), &content)
            .unwrap();
    }

    fn calibrate(&self, edit: impl FnOnce(&mut Calibrate)) -> Result<Calibration, pegbox::workbench::WorkbenchError> {
        let mut calibrate = Calibrate {
            suite: self.suite.clone(),
            grader: "g".into(),
            run: None,
            dataset: None,
            truth: None,
        };
        edit(&mut calibrate);
        self.workbench().calibrate(&calibrate)
    }
}

/// What this person thinks of the answer at a place: every fifth is wrong.
fn opinion(place: u64) -> bool {
    !place.is_multiple_of(5)
}

#[test]
fn verdicts_of_people_are_counted_against_the_judge_s() {
    let judged = Judged::new();
    assert_refused(judged.calibrate(|_| {}), "nobody labelled a verdict of 'g'");
    for place in 0..40 {
        judged.label("anna", place, Some(LabelVerdict::of(opinion(place))), None);
    }
    // Somebody thinks otherwise of one, and changes their mind of another.
    judged.label("ben", 7, Some(LabelVerdict::Failed), None);
    judged.label("ben", 8, Some(LabelVerdict::Failed), None);
    judged.label("ben", 8, Some(LabelVerdict::Passed), None);
    let calibration = judged.calibrate(|_| {}).unwrap();

    let mut table = vec![vec![0, 0], vec![0, 0]];
    let mut passed = 0;
    for place in 0..COUNT {
        let says = judged.outcome(place).scores[0].passed;
        passed += u64::from(says);
        if place < 40 && place != 7 {
            table[usize::from(!opinion(place))][usize::from(!says)] += 1;
        }
    }
    assert_eq!(calibration.verdicts.table, table);
    assert_eq!((calibration.compared, calibration.left_out.disputed), (39, 1));
    let rate = JudgedRate {
        positives: passed,
        judged: COUNT,
        true_positives: table[0][0],
        labelled_positive: table[0][0] + table[0][1],
        true_negatives: table[1][1],
        labelled_negative: table[1][0] + table[1][1],
    };
    let kappa = kappa_from_table(&table, 0.95).unwrap();
    assert_eq!(calibration.verdicts.kappa.map(|kappa| kappa.estimate), kappa.kappa);
    assert_eq!(calibration.verdicts.kappa.and_then(|kappa| kappa.se), kappa.se);
    let corrected = rogan_gladen(rate, 0.95).ok().flatten();
    assert_eq!(
        calibration.pass_rate.rogan_gladen.map(|rate| rate.estimate),
        corrected.map(|rate| rate.estimate)
    );
    let shifted = lang_reiczigel(rate, 0.95).ok().flatten();
    assert_eq!(
        calibration.pass_rate.lang_reiczigel.map(|rate| (rate.lo, rate.hi)),
        shifted.map(|rate| (rate.limits.lo, rate.limits.hi))
    );
    assert_eq!(
        calibration.pass_rate.fault.is_some(),
        corrected.is_none() || shifted.is_none()
    );
    assert_eq!(calibration.disagreement_count, table[0][1] + table[1][0]);
    assert_eq!(calibration.disagreements.len() as u64, calibration.disagreement_count);
    let warnings = calibration.warnings.join("\n");
    for warning in [
        "simulated: ",
        "39 labelled answers are compared: label at least 100",
        "people say failed of 8 answers: label at least 30",
        "1 labelled answers are left out: people disagree on them",
    ] {
        assert!(warnings.contains(warning), "{warnings}");
    }
}

#[test]
fn scores_of_people_correct_the_mean() {
    let judged = Judged::new();
    let opinion = |place: u64| [2.0, 4.0, 5.0, 5.0][usize::try_from(place % 4).unwrap()];
    for place in 0..30 {
        judged.label("anna", place, None, Some(&opinion(place).to_string()));
    }
    judged.label("anna", 30, None, Some("excellent"));
    let calibration = judged.calibrate(|_| {}).unwrap();
    assert_eq!((calibration.compared, calibration.left_out.unusable), (30, 1));
    let score = |place| judged.outcome(place).judgements[0].score.unwrap();
    let labels: Vec<f64> = (0..30).map(opinion).collect();
    let (near, far): (Vec<f64>, Vec<f64>) = ((0..30).map(score).collect(), (31..COUNT).map(score).collect());
    let expected = ppi_mean(&labels, &near, &far, JudgeWeight::Tuned, 0.95)
        .unwrap()
        .unwrap();
    let mean = calibration.mean_score.unwrap();
    assert!(
        (mean.corrected.estimate - expected.estimate).abs() < 1e-12,
        "{mean:?} {expected:?}"
    );
    assert_eq!((mean.labelled, mean.unlabelled), (30, 29));
    let classes = calibration.classes.unwrap();
    assert_eq!(classes.classes, ["1", "2", "3", "4", "5"]);
    let row_sums: Vec<u64> = classes.table.iter().map(|row| row.iter().sum()).collect();
    assert_eq!(row_sums, [0, 8, 0, 8, 14]);
    let weighted = kappa_from_table(&classes.table, 0.95).unwrap().quadratic;
    assert_eq!(classes.weighted_kappa, weighted);
}

#[test]
fn verdicts_of_another_judge_say_nothing_of_this_one() {
    let judged = Judged::new();
    judged.label("anna", 0, Some(LabelVerdict::Passed), None);
    let stricter = judged.bench.suite(&suite(
        "judged",
        &RUBRIC.replace("at_least = 4", "at_least = 5"),
        "point",
    ));
    let run = judged.run;
    let other = judged.calibrate(|calibrate| calibrate.suite = stricter.clone());
    assert_refused(other, "nobody labelled a verdict of 'g' as judged@v2 has it");
    let named = judged.calibrate(|calibrate| (calibrate.suite, calibrate.run) = (stricter, Some(run)));
    assert_refused(named, "whose 'g' is another grader");
    let elsewhere = judged.calibrate(|calibrate| calibrate.truth = Some("metadata.x".into()));
    assert!(
        elsewhere
            .unwrap_err()
            .to_string()
            .contains("'metadata.x' is no truth to compare with")
    );
    let nothing = judged.calibrate(|calibrate| calibrate.truth = Some("expected.nothing".into()));
    assert_refused(nothing, "nothing to compare 'g' with by expected.nothing");
}

#[test]
fn who_says_what_is_true_and_whether_it_is_enough_are_said() {
    let judged = Judged::new();
    for place in 0..40 {
        judged.label("anna", place, Some(LabelVerdict::of(opinion(place))), None);
    }
    let by_people = judged.calibrate(|_| {}).unwrap();
    assert_eq!(by_people.who(), "people");
    let too_few = by_people.too_few.unwrap();
    let words = "too few to say: 32 that should pass and 8 that should fail, of at least 100 with 30 of each";
    assert_eq!(too_few, words);
    let by_field = judged
        .calibrate(|calibrate| calibrate.truth = Some("expected.escalate".into()))
        .unwrap();
    assert_eq!(by_field.who(), "the dataset");
    let warnings = by_field.warnings.join("\n");
    assert!(!warnings.contains("people"), "{warnings}");
    let labelled = judged.workbench().run_detail(judged.run).unwrap().labelled;
    let agreed = by_people.verdicts.agreed.hits;
    let (grader, counts) = (
        labelled[0].grader.as_deref(),
        (labelled[0].agreed, labelled[0].labelled),
    );
    assert_eq!((labelled.len(), grader, counts), (1, Some("g"), (agreed, 40)));
    let texts = judged.workbench().run_detail(judged.run).unwrap().labelled_texts();
    let text = format!("people agree with g in {agreed} of 40 labels: pegbox suite calibrate judged@v1 --grader g");
    assert_eq!(texts, [text]);
}

#[test]
fn an_expected_value_keeps_its_shape() {
    let judged = Judged::new();
    let label = |expected: &str| {
        let content = LabelContent {
            expected: Some(JsonText::parse(expected).unwrap()),
            comment: "I read the ticket again".into(),
            ..LabelContent::default()
        };
        judged
            .workbench()
            .add_label(&anna(), judged.run, OutcomePlace::first(0), &content)
    };
    label(r#"{"escalate": true, "route": "privacy"}"#).unwrap();
    assert_refused(label("\"billing\""), "it is a text, not an object");
    assert_refused(label("{}"), "it has no '");
    let more = label(r#"{"route": "billing", "escalate": false, "rout": "billing"}"#);
    assert_refused(more, "'rout' is no field of it");
}
