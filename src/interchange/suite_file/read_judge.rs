//! Reads graders of a suite file that ask a model.

use crate::domain::grader::GraderKind;
use crate::domain::ids::VersionId;
use crate::domain::judge::{
    Average, EmbeddingModel, Judge, JudgeGrader, PassingLabels, Question, SemanticSimilarity, TieRule,
};

use super::super::mark::Marks;
use super::super::table::Table;
use super::JudgeHashes;
use super::read_grader::{read_word, refuse_both, required, required_number};

pub(super) fn read_judge(
    kind: &str,
    table: &mut Table<'_>,
    hashes: JudgeHashes<'_>,
    marks: &mut Marks,
) -> Option<GraderKind> {
    let judges = read_judges(table, hashes, marks);
    let repeats = table.whole("repeats", marks).unwrap_or(1);
    let question = match kind {
        "judge_rubric" => {
            let averages = [Average::Mean, Average::Median].map(|average| (average.as_str(), average));
            let average = read_word(table, "average", &averages, Average::default(), marks);
            let min = required_number(table, "min", marks);
            let max = required_number(table, "max", marks);
            let at_least = required_number(table, "at_least", marks);
            Question::Rubric {
                min: min?,
                max: max?,
                at_least: at_least?,
                average: average?,
            }
        }
        "judge_classification" => read_classification(table, marks)?,
        _ => read_pairwise(table, marks)?,
    };
    Some(GraderKind::Judge(Box::new(JudgeGrader {
        judges: judges?,
        repeats,
        question,
    })))
}

fn read_judges(table: &mut Table<'_>, hashes: JudgeHashes<'_>, marks: &mut Marks) -> Option<Vec<Judge>> {
    refuse_both(table, ("judge", "judges"), marks)?;
    let (key, names) = if table.has("judges") {
        ("judges", table.texts("judges", marks))
    } else {
        ("judge", vec![table.required("judge", marks)?.value.to_owned()])
    };
    let mut judges = Vec::with_capacity(names.len());
    for name in names {
        let version = name.parse::<VersionId>().map_err(|error| error.to_string());
        let judge = version.and_then(|version| {
            let content_hash = hashes(&version)?;
            Ok(Judge { version, content_hash })
        });
        match judge {
            Ok(judge) => judges.push(judge),
            Err(why) => {
                marks.error(table.line, format!("{}: {why}", table.path(key)));
                return None;
            }
        }
    }
    Some(judges)
}

fn read_classification(table: &mut Table<'_>, marks: &mut Marks) -> Option<Question> {
    refuse_both(table, ("passing", "expected_field"), marks)?;
    let has_passing = table.has("passing");
    let passing = table.texts("passing", marks);
    let field = table.string("expected_field", marks);
    let labels = required(table, "labels", marks, |table, key, marks| {
        Some(table.texts(key, marks))
    })?;
    Some(Question::Classification {
        labels,
        passing: match field {
            Some(field) => PassingLabels::Field(field),
            None if has_passing => PassingLabels::Fixed(passing),
            None => PassingLabels::Expected,
        },
    })
}

fn read_pairwise(table: &mut Table<'_>, marks: &mut Marks) -> Option<Question> {
    let is_base = read_word(table, "against", &[("expected", false), ("base", true)], false, marks)?;
    if is_base && table.has("expected_field") {
        let why = "is a part of the expected answer, but against = \"base\" compares with the base's";
        marks.error(table.line, format!("{}: {why}", table.path("expected_field")));
        return None;
    }
    let expected_field = table.string("expected_field", marks);
    let ties = match table.bool("tie_passes", marks) {
        Some(false) => TieRule::Fails,
        Some(true) | None => TieRule::Passes,
    };
    Some(if is_base {
        Question::AgainstBase { ties }
    } else {
        Question::Pairwise { expected_field, ties }
    })
}

pub(super) fn read_semantic_similarity(table: &mut Table<'_>, marks: &mut Marks) -> Option<GraderKind> {
    let provider = table.required("provider", marks).map(|text| text.value.to_owned());
    let name = table.required("model", marks).map(|text| text.value.to_owned());
    let base_url = table.string("base_url", marks);
    let (field, expected_field) = (table.string("field", marks), table.string("expected_field", marks));
    let at_least = required_number(table, "at_least", marks);
    Some(GraderKind::SemanticSimilarity(Box::new(SemanticSimilarity {
        model: EmbeddingModel {
            provider: provider?,
            name: name?,
            base_url,
        },
        field,
        expected_field,
        at_least: at_least?,
    })))
}
