//! Reads what a judge says: one JSON object and nothing beside it.

use serde::Deserialize;

use crate::domain::judge::Question;
use crate::domain::judgement::Judgement;
use crate::evals::graders::words;
use crate::evals::parse::Answer;

/// The two sides of a pairwise comparison, and neither.
pub(super) const WINNERS: [&str; 3] = ["first", "second", "tie"];

/// What a judge said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) label: Option<String>,
    pub(super) score: Option<f64>,
    pub(super) explanation: String,
}

#[derive(Deserialize)]
struct Body {
    score: Option<f64>,
    label: Option<String>,
    winner: Option<String>,
    #[serde(default)]
    explanation: String,
}

/// Reads a judge's reply; the error says what it should have been.
pub(super) fn read(text: &str, question: &Question) -> Result<Said, String> {
    let form = match question {
        Question::Rubric { .. } => r#"{"score": 4, "explanation": "..."}"#,
        Question::Classification { .. } => r#"{"label": "...", "explanation": "..."}"#,
        Question::Pairwise { .. } | Question::AgainstBase { .. } => r#"{"winner": "first", "explanation": "..."}"#,
    };
    let refuse = |why: String| format!("{why}; it must say {form}");
    let parsed = Answer::new(text).parsed.map_err(refuse)?;
    let body = Body::deserialize(parsed).map_err(|error| refuse(error.to_string()))?;
    let chosen = |word: Option<String>, key: &str, known: &[&str]| match word {
        None => Err(refuse(format!("it has no {key}"))),
        Some(word) if known.contains(&word.as_str()) => Ok(Some(word)),
        Some(word) => {
            let word = words::cut(&word, 60);
            Err(refuse(format!("its {key} '{word}' is none of {}", known.join(", "))))
        }
    };
    let (label, score) = match question {
        Question::Rubric { min, max, .. } => {
            let score = body.score.ok_or_else(|| refuse("it has no score".into()))?;
            if !(*min..=*max).contains(&score) {
                return Err(refuse(format!("its score {score} is not between {min} and {max}")));
            }
            (None, Some(score))
        }
        Question::Classification { labels, .. } => {
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            (chosen(body.label, "label", &labels)?, None)
        }
        Question::Pairwise { .. } | Question::AgainstBase { .. } => (chosen(body.winner, "winner", &WINNERS)?, None),
    };
    Ok(Said {
        label,
        score,
        explanation: body.explanation,
    })
}

/// Whether what was read of an earlier reply is what this question would have read of it.
pub(super) fn answers(judgement: &Judgement, question: &Question) -> bool {
    let (label, score) = (judgement.label.as_deref(), judgement.score);
    match question {
        Question::Rubric { min, max, .. } => score.is_some_and(|score| (*min..=*max).contains(&score)),
        Question::Classification { labels, .. } => label.is_some_and(|label| labels.iter().any(|known| known == label)),
        Question::Pairwise { .. } | Question::AgainstBase { .. } => label.is_some_and(|label| WINNERS.contains(&label)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::judge::{Average, PassingLabels, TieRule};

    #[test]
    fn replies_are_read_strictly() {
        let rubric = Question::Rubric {
            min: 1.0,
            max: 5.0,
            at_least: 4.0,
            average: Average::Mean,
        };
        let said = read(" {\"score\":4.5,\"explanation\":\"\u{e9}\",\"more\":1}\n", &rubric).unwrap();
        assert_eq!((said.score, said.explanation.as_str()), (Some(4.5), "\u{e9}"));
        for nonsense in [
            "",
            "4",
            "null",
            "[]",
            "Score: 4",
            "```json\n{\"score\":4}\n```",
            "{\"score\":4} {}",
            "{\"score\":\"4\"}",
            "{\"score\":null}",
            "{\"score\":0.9}",
            "{\"score\":5.1}",
            "{\"score\":1e999}",
            "{\"score\":NaN}",
            "{\"label\":\"good\"}",
            "{\"score\":4,\"explanation\":7}",
        ] {
            let error = read(nonsense, &rubric).unwrap_err();
            assert!(error.contains("it must say {\"score\""), "{nonsense}: {error}");
        }
        let classes = Question::Classification {
            labels: vec!["good".into(), "bad".into()],
            passing: PassingLabels::Expected,
        };
        assert_eq!(
            read("{\"label\":\"bad\"}", &classes).unwrap().label.as_deref(),
            Some("bad")
        );
        let pairwise = Question::Pairwise {
            expected_field: None,
            ties: TieRule::Passes,
        };
        for (question, wrong) in [
            (&classes, "{\"label\":\"Good\"}"),
            (&classes, "{\"label\":[\"good\"]}"),
            (&pairwise, "{\"winner\":\"answer\"}"),
            (&pairwise, "{\"label\":\"first\"}"),
        ] {
            assert!(read(wrong, question).is_err(), "{wrong}");
        }
    }
}
