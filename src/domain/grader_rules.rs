//! What the settings of a grader must be, whoever wrote them.

use std::collections::HashSet;

use super::DomainError;
use super::grader::{CitationSource, ExpectedCall, ExpectedDocuments, Grader, GraderKind, RefusalRule};
use super::judge::{JudgeGrader, PassingLabels, Question};

/// Longest time that a program may be given for one answer: ten minutes, in milliseconds.
pub const TIME_LIMIT_MS_MAX: u64 = 600_000;

/// Most judges of one grader.
const JUDGES_MAX: usize = 10;
/// Most times that a judge is asked about one answer.
const REPEATS_MAX: u32 = 25;
/// Most classes that a judge can choose from.
const LABELS_MAX: usize = 200;

/// The key that is wrong, and why.
type Refused = (&'static str, String);

impl Grader {
    /// Checks its settings; names of other graders are checked by the suite.
    ///
    /// # Errors
    ///
    /// The first setting that makes no sense.
    pub fn check(&self) -> Result<(), DomainError> {
        check_kind(&self.kind).map_err(|(key, why)| {
            let place = format!("grader {}", self.name);
            DomainError::field(
                if key.is_empty() {
                    place
                } else {
                    format!("{place}.{key}")
                },
                why,
            )
        })
    }
}

fn check_kind(kind: &GraderKind) -> Result<(), Refused> {
    check_paths(kind)?;
    match kind {
        GraderKind::NumericTolerance { absolute, relative, .. } => require(
            absolute.is_finite() && relative.is_finite() && *absolute >= 0.0 && *relative >= 0.0,
            ("", "a tolerance is a number of 0 or more"),
        ),
        GraderKind::EditDistance { at_least, .. } | GraderKind::TokenF1 { at_least, .. } => check_share(*at_least),
        GraderKind::ToolCalls {
            calls, expected_field, ..
        } => {
            let Some(calls) = calls else { return Ok(()) };
            require(
                expected_field.is_none(),
                ("expected_field", "the calls are given here: take one of the two away"),
            )?;
            match ExpectedCall::list(calls.as_str()) {
                Ok(_) => Ok(()),
                Err(error) => Err(("calls", error.to_string())),
            }
        }
        GraderKind::Latency { at_most_ms } => require(*at_most_ms > 0, ("at_most_ms", "no answer comes in 0 ms")),
        GraderKind::Command { words, time_limit_ms } => check_command(words, *time_limit_ms),
        GraderKind::AllOf { .. } | GraderKind::AnyOf { .. } => check_parts("graders", &kind.parts()),
        GraderKind::Weighted { weights, at_least } => {
            check_parts("weights", &kind.parts())?;
            let wrong = weights
                .iter()
                .find(|part| !(part.weight.is_finite() && part.weight > 0.0));
            if let Some(part) = wrong {
                let why = format!("the weight of '{}' is {}: give one above 0", part.grader, part.weight);
                return Err(("weights", why));
            }
            check_share(*at_least)
        }
        GraderKind::Not(kind) => check_kind(kind),
        GraderKind::Judge(judge) => check_judge(judge),
        GraderKind::SemanticSimilarity(similarity) => {
            let model = &similarity.model;
            require(!model.provider.trim().is_empty(), ("provider", "it is empty"))?;
            require(!model.name.trim().is_empty(), ("model", "it is empty"))?;
            check_share(similarity.at_least)
        }
        _ => Ok(()),
    }
}

fn check_judge(judge: &JudgeGrader) -> Result<(), Refused> {
    require(!judge.judges.is_empty(), ("judge", "name a version of a prompt"))?;
    if judge.judges.len() > JUDGES_MAX {
        let why = format!("{} of them, at most {JUDGES_MAX}", judge.judges.len());
        return Err(("judges", why));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = judge.judges.iter().find(|judge| !seen.insert(&judge.version)) {
        let why = format!("{} is there twice: say repeats to ask it several times", twice.version);
        return Err(("judges", why));
    }
    if !(1..=REPEATS_MAX).contains(&judge.repeats) {
        let why = format!("{} is not between 1 and {REPEATS_MAX}", judge.repeats);
        return Err(("repeats", why));
    }
    match &judge.question {
        Question::Rubric { min, max, at_least, .. } => {
            let is_scale = min.is_finite() && max.is_finite() && min < max;
            require(is_scale, ("max", "the scale must go up from min to max"))?;
            // At the lowest score every answer would pass.
            if !(*at_least > *min && at_least <= max) {
                let why = format!("{at_least} is not above {min} and at most {max}");
                return Err(("at_least", why));
            }
            Ok(())
        }
        Question::Classification { labels, passing } => check_labels(labels, passing),
        Question::Pairwise { .. } | Question::AgainstBase { .. } => Ok(()),
    }
}

fn check_labels(labels: &[String], passing: &PassingLabels) -> Result<(), Refused> {
    require(labels.len() >= 2, ("labels", "name at least two classes"))?;
    if labels.len() > LABELS_MAX {
        return Err(("labels", format!("{} of them, at most {LABELS_MAX}", labels.len())));
    }
    let mut seen = HashSet::new();
    for label in labels {
        let is_clean = !label.is_empty() && label.trim() == label;
        require(is_clean, ("labels", "a class is empty or has blank space at an end"))?;
        if !seen.insert(label) {
            return Err(("labels", format!("'{label}' is there twice")));
        }
    }
    let PassingLabels::Fixed(passing) = passing else {
        return Ok(());
    };
    require(!passing.is_empty(), ("passing", "no class passes"))?;
    if let Some(unknown) = passing.iter().find(|label| !labels.contains(label)) {
        return Err(("passing", format!("'{unknown}' is not among the labels")));
    }
    let all_pass = labels.iter().all(|label| passing.contains(label));
    require(!all_pass, ("passing", "every class passes, so that nothing can fail"))
}

/// Refuses a path that leads nowhere.
fn check_paths(kind: &GraderKind) -> Result<(), Refused> {
    let (field, expected_field) = match kind {
        GraderKind::FieldMatch { field, expected_field } => (Some(field), expected_field.as_ref()),
        GraderKind::Regex { field, .. } => (field.as_ref(), None),
        GraderKind::NumericTolerance {
            field, expected_field, ..
        }
        | GraderKind::EditDistance {
            field, expected_field, ..
        }
        | GraderKind::TokenF1 {
            field, expected_field, ..
        } => (field.as_ref(), expected_field.as_ref()),
        GraderKind::ToolCalls { expected_field, .. } => (None, expected_field.as_ref()),
        GraderKind::Citations { source, expected, .. } => {
            let field = match source {
                CitationSource::Field(field) => Some(field),
                CitationSource::Pattern(_) => None,
            };
            let expected_field = match expected {
                ExpectedDocuments::Field(field) => Some(field),
                ExpectedDocuments::Free | ExpectedDocuments::Whole => None,
            };
            (field, expected_field)
        }
        GraderKind::Refusal {
            expected: RefusalRule::Field(field),
        } => (None, Some(field)),
        GraderKind::SemanticSimilarity(similarity) => (similarity.field.as_ref(), similarity.expected_field.as_ref()),
        GraderKind::Judge(judge) => match &judge.question {
            Question::Classification {
                passing: PassingLabels::Field(field),
                ..
            } => (None, Some(field)),
            Question::Pairwise { expected_field, .. } => (None, expected_field.as_ref()),
            Question::Rubric { .. } | Question::Classification { .. } | Question::AgainstBase { .. } => (None, None),
        },
        _ => (None, None),
    };
    let is_empty = |path: Option<&String>| path.is_some_and(|path| path.trim().is_empty());
    require(!is_empty(field), ("field", "the field is empty"))?;
    require(!is_empty(expected_field), ("expected_field", "the field is empty"))
}

fn check_share(at_least: f64) -> Result<(), Refused> {
    if at_least > 0.0 && at_least <= 1.0 {
        return Ok(());
    }
    let why = format!("{at_least} is not above 0 and at most 1: write 80 % as 0.8");
    Err(("at_least", why))
}

fn check_command(words: &[String], time_limit_ms: u64) -> Result<(), Refused> {
    require(
        words.first().is_some_and(|program| !program.trim().is_empty()),
        ("command", "it names no program"),
    )?;
    require(
        !words.iter().any(|word| word.contains('\0')),
        ("command", "a word of it holds a NUL character"),
    )?;
    if (1..=TIME_LIMIT_MS_MAX).contains(&time_limit_ms) {
        return Ok(());
    }
    let why = format!("{time_limit_ms} is not between 1 and {TIME_LIMIT_MS_MAX} ms");
    Err(("time_limit_ms", why))
}

fn check_parts(key: &'static str, parts: &[&str]) -> Result<(), Refused> {
    require(!parts.is_empty(), (key, "there is none: name graders of this suite"))?;
    let mut seen = HashSet::new();
    match parts.iter().find(|part| !seen.insert(**part)) {
        Some(part) => Err((key, format!("'{part}' is there twice"))),
        None => Ok(()),
    }
}

fn require(holds: bool, (key, why): (&'static str, &str)) -> Result<(), Refused> {
    if holds { Ok(()) } else { Err((key, why.to_owned())) }
}
