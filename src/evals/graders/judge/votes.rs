//! From what judges said to one finding.
//!
//! A missing vote may have been either way. So a finding is a verdict only where every way gives the same one, as in
//! combinations of graders.

use std::collections::BTreeMap;

use crate::domain::grader::ScoreValue;
use crate::domain::judge::{Average, Question, TieRule};
use crate::domain::judgement::Judgement;
use crate::evals::graders::finding::{Fault, Finding, Pass};
use crate::evals::graders::similarity::shown;

/// How far an average may be below what it must reach, so that rounding decides nothing.
const ROUNDING: f64 = 1e-9;
/// Votes that an explanation names.
const NAMED_MAX: usize = 5;

/// What one judge said one time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vote {
    judge: String,
    cast: Result<Cast, String>,
}

/// A vote that came.
#[derive(Debug, Clone, PartialEq)]
struct Cast {
    passed: bool,
    /// On the rubric's own scale; of other questions from 0 to 1.
    score: f64,
    /// What it chose, in a word.
    said: String,
    explanation: String,
}

/// Which of two answers is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Better,
    Tie,
    Worse,
}

impl Vote {
    /// A judge that said nothing of use, and why.
    pub(super) fn missing(judge: String, why: impl Into<String>) -> Self {
        Self {
            judge,
            cast: Err(why.into()),
        }
    }

    /// The vote of one judgement, of which `passing` are the classes that pass.
    pub(super) fn of(judge: String, judgement: &Judgement, question: &Question, passing: &[String]) -> Self {
        let cast = match (&judgement.error, question, judgement.score, &judgement.label) {
            (Some(error), ..) => Err(error.message.clone()),
            (None, Question::Rubric { at_least, .. }, Some(score), _) => {
                Ok((score >= *at_least, score, score.to_string()))
            }
            (None, Question::Classification { .. }, _, Some(label)) => {
                let passed = passing.contains(label);
                Ok((passed, f64::from(u8::from(passed)), format!("'{label}'")))
            }
            _ => Err("it said nothing".to_owned()),
        };
        Self {
            judge,
            cast: cast.map(|(passed, score, said)| Cast {
                passed,
                score,
                said,
                explanation: judgement.explanation.clone(),
            }),
        }
    }

    /// The one vote of both orders; `other` is what the answer was compared with.
    pub(super) fn of_pair(
        judge: String,
        (answer_first, swapped): (&Judgement, &Judgement),
        ties: TieRule,
        other: &str,
    ) -> Self {
        let (one, turned) = match (compared(answer_first, "first"), compared(swapped, "second")) {
            (Ok(one), Ok(turned)) => (one, turned),
            (Err(why), _) | (_, Err(why)) => return Self::missing(judge, why),
        };
        let (comparison, said) = match one {
            _ if one != turned => (Comparison::Tie, "a tie, since it depends on the order".to_owned()),
            Comparison::Better => (one, format!("better than {other}")),
            Comparison::Tie => (one, format!("as good as {other}")),
            Comparison::Worse => (one, format!("worse than {other}")),
        };
        let ties_pass = ties == TieRule::Passes;
        let (passed, score) = match comparison {
            Comparison::Better => (true, 1.0),
            Comparison::Tie => (ties_pass, 0.5),
            Comparison::Worse => (false, 0.0),
        };
        Self {
            judge,
            cast: Ok(Cast {
                passed,
                score,
                said,
                explanation: answer_first.explanation.clone(),
            }),
        }
    }

    /// Whether it passes by this vote alone.
    pub(super) fn passed(&self) -> Option<bool> {
        self.cast.as_ref().ok().map(|cast| cast.passed)
    }
}

/// How the answer, which stood at `place`, compares.
fn compared(judgement: &Judgement, place: &str) -> Result<Comparison, String> {
    if let Some(error) = &judgement.error {
        return Err(error.message.clone());
    }
    Ok(match judgement.label.as_deref() {
        Some("tie") => Comparison::Tie,
        Some(winner) if winner == place => Comparison::Better,
        Some(_) => Comparison::Worse,
        None => return Err("it said nothing".into()),
    })
}

/// What all votes together say. There is at least one.
pub(super) fn settle(votes: &[Vote], question: &Question) -> Finding<Pass> {
    let casts: Vec<&Cast> = votes.iter().filter_map(|vote| vote.cast.as_ref().ok()).collect();
    let missing = votes
        .iter()
        .find_map(|vote| vote.cast.as_ref().err().map(|why| (&vote.judge, why)));
    let tally = match question {
        Question::Rubric {
            min,
            max,
            at_least,
            average,
        } => rubric(&casts, votes.len(), (*min, *max), *at_least, *average),
        Question::Classification { .. } | Question::Pairwise { .. } | Question::AgainstBase { .. } => {
            majority(&casts, votes.len())
        }
    };
    let because = casts.iter().find(|cast| Some(cast.passed) == tally.passed);
    let because = because.or(casts.first()).map(|cast| cast.explanation.trim());
    let mut explanation = tally.words;
    let unstable = unstable(votes);
    if let Some(unstable) = &unstable {
        explanation = format!("unstable: {unstable}; {explanation}");
    }
    if let Some(because) = because.filter(|because| !because.is_empty()) {
        explanation = format!("{explanation}: {because}");
    }
    // A judge whose scores lie on both sides of the threshold does not know, and an average would only hide that.
    let is_rubric = matches!(question, Question::Rubric { .. });
    if is_rubric && unstable.is_some() {
        return Err(Fault::grader(explanation));
    }
    match (tally.passed, missing) {
        (Some(true), _) => Ok(Pass {
            explanation,
            value: tally.value,
        }),
        (Some(false), _) => Err(Fault {
            value: tally.value,
            ..Fault::answer(explanation)
        }),
        (None, Some((judge, why))) => {
            let (gone, all) = (votes.len() - casts.len(), votes.len());
            let of_all = if all == 1 {
                String::new()
            } else {
                format!("{gone} of {all} judgements are missing; ")
            };
            Err(Fault::grader(format!("{of_all}{judge}: {why}")))
        }
        (None, None) => Err(Fault::grader(explanation)),
    }
}

/// What the votes come to.
struct Tally {
    /// `None` where it cannot be said.
    passed: Option<bool>,
    value: Option<ScoreValue>,
    words: String,
}

fn rubric(casts: &[&Cast], asked: usize, (min, max): (f64, f64), at_least: f64, average: Average) -> Tally {
    let scores: Vec<f64> = casts.iter().map(|cast| cast.score).collect();
    let with = |fill: f64| {
        let mut all = scores.clone();
        all.resize(asked, fill);
        averaged(all, average)
    };
    let (worst, best) = (with(min), with(max));
    let is_enough = |score: f64| score + ROUNDING >= at_least;
    let passed = match (is_enough(worst), is_enough(best)) {
        (true, _) => Some(true),
        (false, false) => Some(false),
        (false, true) => None,
    };
    let name = match casts {
        [one] if asked == 1 => format!("score {}", one.said),
        _ => format!(
            "{} {} of the scores {}",
            average.as_str(),
            shown(worst + ROUNDING),
            named(casts)
        ),
    };
    Tally {
        passed,
        value: ScoreValue::new(((worst - min) / (max - min)).clamp(0.0, 1.0)),
        words: if passed == Some(true) {
            format!("{name} of {min} to {max}, at least {at_least}")
        } else {
            format!("{name} of {min} to {max} is below {at_least}")
        },
    }
}

fn averaged(mut scores: Vec<f64>, average: Average) -> f64 {
    let count = scores.len();
    match average {
        Average::Mean => scores.iter().sum::<f64>() / count as f64,
        Average::Median => {
            scores.sort_by(f64::total_cmp);
            let middle = |place: usize| scores.get(place).copied().unwrap_or(f64::NAN);
            f64::midpoint(middle(count.saturating_sub(1) / 2), middle(count / 2))
        }
    }
}

fn majority(casts: &[&Cast], asked: usize) -> Tally {
    let yes = casts.iter().filter(|cast| cast.passed).count();
    let no = casts.len() - yes;
    let worth: f64 = casts.iter().map(|cast| cast.score).sum();
    Tally {
        passed: if yes * 2 > asked {
            Some(true)
        } else if no * 2 > asked {
            Some(false)
        } else {
            None
        },
        value: ScoreValue::new((worth / asked as f64).clamp(0.0, 1.0)),
        words: match casts {
            [one] if asked == 1 => format!("judged {}", one.said),
            _ if yes * 2 == asked => format!(
                "{yes} of {asked} say that it passes, which is no majority ({})",
                named(casts)
            ),
            _ => format!("{yes} of {asked} say that it passes ({})", named(casts)),
        },
    }
}

fn named(casts: &[&Cast]) -> String {
    let named: Vec<&str> = casts.iter().take(NAMED_MAX).map(|cast| cast.said.as_str()).collect();
    let more = casts.len().saturating_sub(named.len());
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    format!("{}{more}", named.join(", "))
}

/// The judges that said both that the answer passes and that it fails.
fn unstable(votes: &[Vote]) -> Option<String> {
    let mut said: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for vote in votes {
        let counts = said.entry(&vote.judge).or_default();
        match vote.passed() {
            Some(true) => counts.0 += 1,
            Some(false) => counts.1 += 1,
            None => {}
        }
    }
    let straddling = said.into_iter().filter(|(_, (yes, no))| *yes > 0 && *no > 0);
    let told: Vec<String> = straddling
        .map(|(judge, (yes, no))| format!("{judge} passes it {yes} times of {}", yes + no))
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::judge::PassingLabels;

    fn cast(judge: &str, passed: bool, score: f64) -> Vote {
        Vote {
            judge: judge.into(),
            cast: Ok(Cast {
                passed,
                score,
                said: score.to_string(),
                explanation: format!("because {score}"),
            }),
        }
    }

    fn rubric(average: Average) -> Question {
        Question::Rubric {
            min: 1.0,
            max: 5.0,
            at_least: 4.0,
            average,
        }
    }

    fn scores(scores: &[Option<f64>], average: Average) -> Finding<Pass> {
        let votes: Vec<Vote> = scores
            .iter()
            .map(|score| match score {
                Some(score) => cast("j_v1", *score >= 4.0, *score),
                None => Vote::missing("j_v1".into(), "it failed"),
            })
            .collect();
        settle(&votes, &rubric(average))
    }

    #[test]
    fn scores_are_averaged_and_never_rounded() {
        let pass = scores(&[Some(4.0)], Average::Mean).unwrap();
        assert_eq!(pass.explanation, "score 4 of 1 to 5, at least 4: because 4");
        assert_eq!(pass.value, ScoreValue::new(0.75));
        let pass = scores(&[Some(5.0), Some(4.5), Some(4.0)], Average::Mean).unwrap();
        assert_eq!(pass.value, ScoreValue::new(0.875));
        let even = scores(&[Some(4.0), Some(5.0)], Average::Median).unwrap();
        assert_eq!(even.value, ScoreValue::new(0.875));
        let fault = scores(&[Some(3.0), Some(2.0)], Average::Mean).unwrap_err();
        assert!(fault.is_verdict);
    }

    #[test]
    fn a_judge_on_both_sides_of_the_threshold_gives_no_verdict() {
        let why = "no verdict: unstable: j_v1 passes it 2 times of 3; mean 3.666 of the scores \
                   4, 4, 3 of 1 to 5 is below 4: because 3";
        let fault = scores(&[Some(4.0), Some(4.0), Some(3.0)], Average::Mean).unwrap_err();
        assert_eq!((fault.is_verdict, fault.explanation.as_str()), (false, why));
        let fault = scores(&[Some(4.0), Some(4.0), Some(3.0)], Average::Median).unwrap_err();
        assert!(!fault.is_verdict, "{}", fault.explanation);
    }

    #[test]
    fn a_missing_judgement_never_decides() {
        for (given, verdict) in [
            (&[None][..], None),
            (&[Some(5.0), None], None),
            (&[Some(3.0), None], Some(true)),
            (&[Some(1.0), None], Some(false)),
            (&[Some(5.0), Some(5.0), Some(5.0), None], Some(true)),
        ] {
            let found = scores(given, Average::Mean);
            let said = match &found {
                Ok(_) => Some(true),
                Err(fault) if fault.is_verdict => Some(false),
                Err(_) => None,
            };
            let expected = if given == [Some(3.0), None] { None } else { verdict };
            assert_eq!(said, expected, "{given:?} {found:?}");
        }
        let fault = scores(&[Some(5.0), None], Average::Mean).unwrap_err();
        assert_eq!(
            fault.explanation,
            "no verdict: 1 of 2 judgements are missing; j_v1: it failed"
        );
    }

    #[test]
    fn a_majority_is_more_than_half_of_all_that_were_asked() {
        let question = Question::Classification {
            labels: Vec::new(),
            passing: PassingLabels::Expected,
        };
        let of = |votes: &str| {
            let votes: Vec<Vote> = votes
                .char_indices()
                .map(|(place, vote)| match vote {
                    'y' => cast(&format!("j_v{place}"), true, 1.0),
                    'n' => cast(&format!("j_v{place}"), false, 0.0),
                    _ => Vote::missing(format!("j_v{place}"), "it failed"),
                })
                .collect();
            match settle(&votes, &question) {
                Ok(_) => 'y',
                Err(fault) if fault.is_verdict => 'n',
                Err(_) => '?',
            }
        };
        for (votes, verdict) in [
            ("y", 'y'),
            ("n", 'n'),
            ("-", '?'),
            ("yn", '?'),
            ("yyn", 'y'),
            ("ynn", 'n'),
            ("yy-", 'y'),
            ("y--", '?'),
            ("yn-", '?'),
            ("nn-", 'n'),
            ("yynn", '?'),
        ] {
            assert_eq!(of(votes), verdict, "{votes}");
        }
    }
}
