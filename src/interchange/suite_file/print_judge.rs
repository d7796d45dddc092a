//! Writes graders that ask a model as TOML.

use super::super::toml_text::{number, quoted, texts};
use super::print::{Pair, optional};
use crate::domain::judge::{Average, JudgeGrader, PassingLabels, Question, SemanticSimilarity, TieRule};

pub(super) fn judge_pairs(judge: &JudgeGrader) -> Vec<Pair> {
    let names: Vec<String> = judge.judges.iter().map(|judge| judge.version.to_string()).collect();
    let mut pairs = vec![match names.as_slice() {
        [one] => ("judge", quoted(one)),
        several => ("judges", texts(several)),
    }];
    if judge.repeats != 1 {
        pairs.push(("repeats", judge.repeats.to_string()));
    }
    match &judge.question {
        Question::Rubric {
            min,
            max,
            at_least,
            average,
        } => {
            pairs.extend([
                ("min", number(*min)),
                ("max", number(*max)),
                ("at_least", number(*at_least)),
            ]);
            if *average != Average::default() {
                pairs.push(("average", quoted(average.as_str())));
            }
        }
        Question::Classification { labels, passing } => {
            pairs.push(("labels", texts(labels)));
            match passing {
                PassingLabels::Expected => {}
                PassingLabels::Fixed(passing) => pairs.push(("passing", texts(passing))),
                PassingLabels::Field(field) => pairs.push(("expected_field", quoted(field))),
            }
        }
        Question::Pairwise { expected_field, ties } => {
            pairs.extend(optional("expected_field", expected_field.as_ref()));
            pairs.extend(ties_pair(*ties));
        }
        Question::AgainstBase { ties } => {
            pairs.push(("against", quoted("base")));
            pairs.extend(ties_pair(*ties));
        }
    }
    pairs
}

fn ties_pair(ties: TieRule) -> Option<Pair> {
    (ties == TieRule::Fails).then(|| ("tie_passes", "false".into()))
}

pub(super) fn semantic_similarity_pairs(similarity: &SemanticSimilarity) -> Vec<Pair> {
    let model = &similarity.model;
    let mut pairs = vec![("provider", quoted(&model.provider)), ("model", quoted(&model.name))];
    pairs.extend(optional("base_url", model.base_url.as_ref()));
    pairs.extend(optional("field", similarity.field.as_ref()));
    pairs.extend(optional("expected_field", similarity.expected_field.as_ref()));
    pairs.push(("at_least", number(similarity.at_least)));
    pairs
}
