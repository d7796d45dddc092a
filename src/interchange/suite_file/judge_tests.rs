//! Graders that ask a model: they survive reading and writing, and their faults are told by line.

use super::*;
use crate::domain::grader::GraderKind;
use crate::domain::judge::{Average, PassingLabels, Question, TieRule};

const JUDGED: &str = r#"
name = "judged"

[[graders]]
name = "helpful"
kind = "judge_rubric"
judges = ["helpful_v3", "strict_v1"]
repeats = 3
min = 1
max = 5
at_least = 3.5
average = "median"

[[graders]]
name = "kind"
kind = "judge_classification"
judge = "kind_v2"
negate = true
labels = ["rude", "plain", "kind"]
passing = ["rude"]

[[graders]]
name = "topic"
kind = "judge_classification"
judge = "kind_v2"
labels = ["a", "b"]

[[graders]]
name = "field"
kind = "judge_classification"
judge = "kind_v2"
labels = ["a", "b"]
expected_field = "tone"

[[graders]]
name = "better"
kind = "judge_pairwise"
judge = "pair_v1"
tie_passes = false
expected_field = "answer"

[[graders]]
name = "near"
kind = "semantic_similarity"
provider = "openai"
model = "text-embedding-3-small"
base_url = "http://127.0.0.1:9/v1"
field = "reason"
at_least = 0.8

[[metrics]]
name = "helpful"
kind = "accuracy"
grader = "helpful"
"#;

/// A store that has every judge but those of a ninth version.
fn hash_of(judge: &VersionId) -> Result<ContentHash, String> {
    if judge.number == 9 {
        return Err(format!("the store has no {judge}"));
    }
    Ok(ContentHash::of_bytes(judge.to_string().as_bytes()))
}

fn parse(source: &str) -> Result<SuiteFile, DocumentFaults> {
    SuiteFile::parse_with(source, &hash_of)
}

#[test]
fn judges_survive_reading_and_writing() {
    let suite = parse(JUDGED).unwrap();
    let printed = suite.print();
    assert_eq!(parse(&printed).unwrap(), suite, "{printed}");
    let graders = &suite.content.graders;
    let judge = |place: usize| graders[place].kind.judge().unwrap();
    assert_eq!((judge(0).judges.len(), judge(0).repeats), (2, 3));
    let hash = hash_of(&judge(0).judges[0].version).unwrap();
    assert_eq!(judge(0).judges[0].content_hash, hash);
    let Question::Rubric { average, at_least, .. } = &judge(0).question else {
        panic!("{:?}", judge(0))
    };
    assert_eq!((*average, at_least.to_string().as_str()), (Average::Median, "3.5"));
    assert!(matches!(graders[1].kind, GraderKind::Not(_)));
    for (place, expected) in [
        (1, PassingLabels::Fixed(vec!["rude".into()])),
        (2, PassingLabels::Expected),
        (3, PassingLabels::Field("tone".into())),
    ] {
        let Question::Classification { passing, .. } = &judge(place).question else {
            panic!("{:?}", judge(place))
        };
        assert_eq!(passing, &expected);
    }
    let pairwise = Question::Pairwise {
        expected_field: Some("answer".into()),
        ties: TieRule::Fails,
    };
    assert_eq!(judge(4).question, pairwise);
    let model = graders[5].kind.embedding_model().unwrap();
    assert_eq!(model.base_url.as_deref(), Some("http://127.0.0.1:9/v1"));
    let judges: Vec<String> = suite
        .content
        .judges()
        .iter()
        .map(|judge| judge.version.to_string())
        .collect();
    assert_eq!(judges, ["helpful_v3", "kind_v2", "pair_v1", "strict_v1"]);
}

#[test]
fn a_pairwise_judge_compares_with_the_expected_answer_or_with_the_base_s() {
    let against = |more: &str| {
        let text = JUDGED.replace("tie_passes = false\nexpected_field = \"answer\"", more);
        assert_ne!(text, JUDGED);
        parse(&text)
    };
    let base = against("against = \"base\"\ntie_passes = false").unwrap();
    let question = &base.content.graders[4].kind.judge().unwrap().question;
    assert_eq!(question, &Question::AgainstBase { ties: TieRule::Fails });
    assert!(base.print().contains("against = \"base\"\ntie_passes = false"));
    assert_eq!(parse(&base.print()).unwrap(), base);
    assert_eq!(against("against = \"expected\"").unwrap(), against("").unwrap());
    for (more, fault) in [
        (
            "against = \"base\"\nexpected_field = \"answer\"",
            "compares with the base's",
        ),
        ("against = \"production\"", "production"),
    ] {
        let marks = format!("{:?}", against(more).unwrap_err());
        assert!(marks.contains(fault), "{marks}");
    }
}

#[test]
fn the_same_in_json_is_the_same_suite() {
    let value: toml::Value = toml::from_str(JUDGED).unwrap();
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(parse(&json).unwrap(), parse(JUDGED).unwrap());
}

#[test]
fn another_content_of_a_judge_makes_another_suite() {
    let other = |judge: &VersionId| Ok(ContentHash::of_bytes(format!("changed {judge}").as_bytes()));
    let (one, two) = (parse(JUDGED).unwrap(), SuiteFile::parse_with(JUDGED, &other).unwrap());
    assert_ne!(one.content.content_hash().unwrap(), two.content.content_hash().unwrap());
}

/// What a text of the file becomes, and the fault of that.
const FAULTS: [(&str, &str, &str); 18] = [
    (
        "\"strict_v1\"",
        "\"strict_v9\"",
        "grader helpful.judges: the store has no strict_v9",
    ),
    (
        "\"strict_v1\"",
        "\"helpful_v3\"",
        "grader helpful.judges: helpful_v3 is there twice",
    ),
    (
        "\"strict_v1\"",
        "\"strict\"",
        "grader helpful.judges: version 'strict' is not valid",
    ),
    (
        "judges = [\"helpful_v3\", \"strict_v1\"]",
        "",
        "grader helpful.judge: it is missing",
    ),
    (
        "judges = [\"helpful_v3\", \"strict_v1\"]",
        "judges = []",
        "grader helpful.judge: name a version of a prompt",
    ),
    (
        "repeats = 3",
        "repeats = 26",
        "grader helpful.repeats: 26 is not between 1 and 25",
    ),
    ("min = 1\n", "", "grader helpful.min: it is missing"),
    (
        "min = 1\n",
        "min = 5\n",
        "grader helpful.max: the scale must go up from min to max",
    ),
    (
        "at_least = 3.5",
        "at_least = 1",
        "grader helpful.at_least: 1 is not above 1 and at most 5",
    ),
    ("\"median\"", "\"mode\"", "grader helpful.average: 'mode' is unknown"),
    (
        "passing = [\"rude\"]",
        "passing = [\"loud\"]",
        "grader kind.passing: 'loud' is not among the labels",
    ),
    (
        "passing = [\"rude\"]",
        "passing = []",
        "grader kind.passing: no class passes",
    ),
    (
        "passing = [\"rude\"]",
        "passing = [\"rude\", \"plain\", \"kind\"]",
        "grader kind.passing: every class passes, so that nothing can fail",
    ),
    (
        "[\"rude\", \"plain\", \"kind\"]",
        "[\"rude\"]",
        "grader kind.labels: name at least two classes",
    ),
    (
        "expected_field = \"tone\"",
        "expected_field = \"\"",
        "grader field.expected_field: the field is empty",
    ),
    ("provider = \"openai\"\n", "", "grader near.provider: it is missing"),
    (
        "at_least = 0.8",
        "at_least = 80",
        "grader near.at_least: 80 is not above 0 and at most 1",
    ),
    ("tie_passes", "ties_pass", "grader better.ties_pass: unknown key"),
];

#[test]
fn faults_are_told_with_their_grader() {
    for (from, to, fault) in FAULTS {
        assert!(JUDGED.contains(from), "{from}");
        let faults = parse(&JUDGED.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(faults.contains(fault), "{to}: {faults}");
    }
    let storeless = SuiteFile::parse(JUDGED).unwrap_err().to_string();
    assert!(
        storeless.contains("there is no store that could have helpful_v3"),
        "{storeless}"
    );
}
