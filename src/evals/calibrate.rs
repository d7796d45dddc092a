//! Compares a grader's verdicts with what people say of the same answers, and corrects its rates by that.

use std::collections::BTreeMap;

use crate::domain::calibration::{
    Agreement, Calibration, CorrectedMean, CorrectedPassRate, CountedRate, DISAGREEMENTS_MAX, Disagreement, Estimated,
    LABELS_OF_A_VERDICT_WANTED, LABELS_WANTED, LeftOut,
};
use crate::domain::grader::{Grader, Score};
use crate::domain::ids::{RunId, SuiteVersionId};
use crate::domain::judge::{Average, PassingLabels, Question};
use crate::domain::judgement::{JudgedBy, Judgement};
use crate::domain::outcome::Outcome;
use crate::domain::run::AnswerSource;
use crate::stats::{
    JudgeWeight, JudgedRate, Limits, Method, StatsError, kappa_from_table, lang_reiczigel, ppi_mean,
    proportion_interval, rogan_gladen,
};

/// Confidence of all intervals.
const CONFIDENCE: f64 = 0.95;
/// Most classes or levels in a table: more is no classification.
const CLASSES_MAX: usize = 200;
/// Levels of a rubric that make a table.
const LEVELS_MAX: f64 = 21.0;
const PASSED: &str = "passed";
const FAILED: &str = "failed";

/// What people say of one answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Truth {
    /// Whether it passes.
    pub verdict: Option<bool>,
    /// Its class, or its score as they wrote it.
    pub class: Option<String>,
}

/// What the grader said of one answer.
struct Judged {
    passed: bool,
    class: Option<String>,
    score: Option<f64>,
    explanation: String,
}

/// Takes outcomes in, and says how the grader compares.
pub struct Calibrator {
    grader: Grader,
    left_out: LeftOut,
    is_simulated: bool,
    /// What the grader said of all outcomes: passed, and in all.
    judged: (u64, u64),
    /// Passed by people and grader, passed by people, failed by both, failed by people.
    counts: [u64; 4],
    classes: Vec<String>,
    pairs: BTreeMap<(String, String), u64>,
    label_scores: Vec<f64>,
    judge_scores: Vec<f64>,
    unlabelled_scores: Vec<f64>,
    disagreement_count: u64,
    disagreements: Vec<Disagreement>,
}

impl Calibrator {
    /// Nothing compared yet.
    pub fn new(grader: Grader) -> Self {
        let classes = match grader.kind.judge().map(|judge| &judge.question) {
            Some(Question::Classification { labels, .. }) => labels.clone(),
            Some(Question::Rubric { min, max, .. }) => levels(*min, *max),
            _ => Vec::new(),
        };
        Self {
            grader,
            left_out: LeftOut::default(),
            is_simulated: false,
            judged: (0, 0),
            counts: [0; 4],
            classes,
            pairs: BTreeMap::new(),
            label_scores: Vec::new(),
            judge_scores: Vec::new(),
            unlabelled_scores: Vec::new(),
            disagreement_count: 0,
            disagreements: Vec::new(),
        }
    }

    /// Says that people disagree on a labelled outcome.
    pub fn push_disputed(&mut self) {
        self.left_out.disputed += 1;
    }

    /// Takes in one outcome of the runs, with what people say of it where they do.
    pub fn push(&mut self, outcome: &Outcome, source: AnswerSource, truth: Option<&Truth>) {
        let of_grader = outcome
            .judgements
            .iter()
            .filter(|judgement| judgement.grader == self.grader.name);
        self.is_simulated |= source == AnswerSource::Simulated
            || of_grader
                .clone()
                .any(|judgement| judgement.source == AnswerSource::Simulated);
        let Some(judged) = self.judged(outcome) else {
            match truth {
                Some(_) if outcome.error.is_some() => self.left_out.errored += 1,
                Some(_) => self.left_out.ungraded += 1,
                None => {}
            }
            return;
        };
        self.judged.0 += u64::from(judged.passed);
        self.judged.1 += 1;
        let Some(truth) = truth else {
            self.unlabelled_scores.extend(judged.score);
            return;
        };
        let human_score = truth.class.as_deref().and_then(|class| self.score_of(class));
        let verdict = truth
            .verdict
            .or_else(|| self.verdict_of(truth.class.as_deref(), human_score));
        let Some(verdict) = verdict else {
            self.left_out.unusable += 1;
            return;
        };
        self.compare(outcome, verdict, truth, human_score, judged);
    }

    fn compare(&mut self, outcome: &Outcome, verdict: bool, truth: &Truth, human_score: Option<f64>, judged: Judged) {
        let [both_pass, people_pass, both_fail, people_fail] = &mut self.counts;
        if verdict {
            *people_pass += 1;
            *both_pass += u64::from(judged.passed);
        } else {
            *people_fail += 1;
            *both_fail += u64::from(!judged.passed);
        }
        if let Some((human, judge)) = human_score.zip(judged.score) {
            self.label_scores.push(human);
            self.judge_scores.push(judge);
        }
        let human_class = match human_score {
            Some(score) => Some(score.round().to_string()),
            None => truth.class.clone(),
        };
        let judge_class = judged.class.or(judged.score.map(|score| score.round().to_string()));
        if let Some(pair) = human_class.zip(judge_class) {
            *self.pairs.entry(pair).or_default() += 1;
        }
        if verdict == judged.passed {
            return;
        }
        self.disagreement_count += 1;
        if self.disagreements.len() < DISAGREEMENTS_MAX {
            self.disagreements.push(Disagreement {
                run: outcome.run,
                example: outcome.example.clone(),
                repeat: outcome.repeat,
                people: word(verdict).to_owned(),
                grader: word(judged.passed).to_owned(),
                explanation: judged.explanation,
            });
        }
    }

    /// What the grader said; `None` where it gave no verdict.
    fn judged(&self, outcome: &Outcome) -> Option<Judged> {
        let score = outcome.scores.iter().find(|score| score.grader == self.grader.name);
        let score = score.filter(|score| score.gave_verdict() && outcome.error.is_none())?;
        let judgements = || {
            outcome
                .judgements
                .iter()
                .filter(|judgement| judgement.grader == score.grader)
        };
        Some(Judged {
            passed: score.passed,
            class: most_frequent(judgements().filter_map(|judgement| judgement.label.as_deref())),
            score: self.average(judgements()),
            explanation: Score::clone(score).explanation,
        })
    }

    fn average<'a>(&self, judgements: impl Iterator<Item = &'a Judgement>) -> Option<f64> {
        let Some(Question::Rubric { average, .. }) = self.grader.kind.judge().map(|judge| &judge.question) else {
            return None;
        };
        let is_prompt = |judgement: &&Judgement| matches!(judgement.judge, JudgedBy::Prompt(_));
        let scores: Vec<f64> = judgements
            .filter(is_prompt)
            .filter_map(|judgement| judgement.score)
            .collect();
        (!scores.is_empty()).then(|| average_of(scores, *average))
    }

    /// A label as a score of the rubric.
    fn score_of(&self, class: &str) -> Option<f64> {
        let Some(Question::Rubric { min, max, .. }) = self.grader.kind.judge().map(|judge| &judge.question) else {
            return None;
        };
        let score: f64 = class.trim().parse().ok()?;
        (*min..=*max).contains(&score).then_some(score)
    }

    /// What the grader would say of an answer of this class or score.
    fn verdict_of(&self, class: Option<&str>, score: Option<f64>) -> Option<bool> {
        match &self.grader.kind.judge()?.question {
            Question::Rubric { at_least, .. } => Some(score? >= *at_least),
            Question::Classification {
                passing: PassingLabels::Fixed(passing),
                labels,
            } => {
                let class = class.filter(|class| labels.iter().any(|label| label == class))?;
                Some(passing.iter().any(|label| label == class))
            }
            Question::Classification { .. } | Question::Pairwise { .. } | Question::AgainstBase { .. } => None,
        }
    }

    /// How the grader compares with people.
    ///
    /// # Errors
    ///
    /// Counts that no statistic takes, which would be a fault of this module.
    pub fn finish(self, suite: SuiteVersionId, truth: String, runs: Vec<RunId>) -> Result<Calibration, StatsError> {
        let [both_pass, people_pass, both_fail, people_fail] = self.counts;
        let table = vec![
            vec![both_pass, people_pass - both_pass],
            vec![people_fail - both_fail, both_fail],
        ];
        let is_ordinal = matches!(
            self.grader.kind.judge().map(|judge| &judge.question),
            Some(Question::Rubric { .. })
        );
        let judges = self.grader.kind.judge().map_or(&[][..], |judge| &judge.judges);
        let mut calibration = Calibration {
            suite,
            grader: self.grader.name.clone(),
            judges: judges.iter().map(|judge| judge.version.to_string()).collect(),
            truth,
            runs,
            is_simulated: self.is_simulated,
            compared: people_pass + people_fail,
            left_out: self.left_out,
            verdicts: agreement(vec![PASSED.into(), FAILED.into()], table, false)?,
            sensitivity: counted(both_pass, people_pass)?,
            specificity: counted(both_fail, people_fail)?,
            pass_rate: self.pass_rate()?,
            classes: class_table(self.classes.clone(), &self.pairs)
                .map(|(classes, table)| agreement(classes, table, is_ordinal))
                .transpose()?,
            mean_score: self.mean_score()?,
            too_few: too_few(people_pass, people_fail),
            warnings: Vec::new(),
            disagreement_count: self.disagreement_count,
            disagreements: self.disagreements,
        };
        calibration.warnings = warnings(&calibration, people_pass, people_fail);
        Ok(calibration)
    }

    fn pass_rate(&self) -> Result<CorrectedPassRate, StatsError> {
        let [true_positives, labelled_positive, true_negatives, labelled_negative] = self.counts;
        let rate = JudgedRate {
            positives: self.judged.0,
            judged: self.judged.1,
            true_positives,
            labelled_positive,
            true_negatives,
            labelled_negative,
        };
        let (by_rogan, by_lang) = (rogan_gladen(rate, CONFIDENCE), lang_reiczigel(rate, CONFIDENCE));
        let fault = match (&by_rogan, &by_lang) {
            (Err(error), _) | (_, Err(error)) => Some(error.to_string()),
            (Ok(None), _) | (_, Ok(None)) => {
                Some("it needs answers that should pass and answers that should fail".into())
            }
            _ => None,
        };
        Ok(CorrectedPassRate {
            judged: counted(self.judged.0, self.judged.1)?,
            rogan_gladen: by_rogan
                .ok()
                .flatten()
                .map(|rate| estimated(rate.estimate, Some(rate.se), rate.limits)),
            lang_reiczigel: by_lang
                .ok()
                .flatten()
                .map(|rate| estimated(rate.centre.clamp(0.0, 1.0), None, rate.limits)),
            fault,
        })
    }

    fn mean_score(&self) -> Result<Option<CorrectedMean>, StatsError> {
        let (labels, judged, rest) = (&self.label_scores, &self.judge_scores, &self.unlabelled_scores);
        let mean = |scores: &[f64]| scores.iter().sum::<f64>() / scores.len().max(1) as f64;
        let corrected = ppi_mean(labels, judged, rest, JudgeWeight::Tuned, CONFIDENCE)?;
        Ok(corrected.map(|corrected| CorrectedMean {
            labelled_mean: mean(labels),
            judged_mean: mean(&[judged.as_slice(), rest.as_slice()].concat()),
            corrected: estimated(corrected.estimate, Some(corrected.se), corrected.limits),
            weight: corrected.lambda,
            labelled: labels.len() as u64,
            unlabelled: rest.len() as u64,
        }))
    }
}

fn word(passed: bool) -> &'static str {
    if passed { PASSED } else { FAILED }
}

/// The whole numbers of a scale; none for a scale that has too many, or that does not begin and end with one.
fn levels(min: f64, max: f64) -> Vec<String> {
    if min.fract() != 0.0 || max.fract() != 0.0 || max - min >= LEVELS_MAX {
        return Vec::new();
    }
    let mut level = min;
    let mut levels = Vec::new();
    while level <= max {
        levels.push(level.to_string());
        level += 1.0;
    }
    levels
}

fn average_of(mut scores: Vec<f64>, average: Average) -> f64 {
    let count = scores.len();
    match average {
        Average::Mean => scores.iter().sum::<f64>() / count as f64,
        Average::Median => {
            scores.sort_by(f64::total_cmp);
            let at = |place: usize| scores.get(place).copied().unwrap_or(f64::NAN);
            f64::midpoint(at(count.saturating_sub(1) / 2), at(count / 2))
        }
    }
}

/// The one that is there most often; `None` where two are.
fn most_frequent<'a>(words: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    let most = counts.values().copied().max()?;
    let mut of_most = counts.iter().filter(|(_, count)| **count == most);
    let first = of_most.next()?;
    of_most.next().is_none().then(|| (*first.0).to_owned())
}

fn counted(hits: u64, total: u64) -> Result<CountedRate, StatsError> {
    let interval = proportion_interval(hits, total, CONFIDENCE, Method::Wilson)?;
    Ok(CountedRate {
        hits,
        total,
        rate: interval.estimate,
        lo: interval.lo,
        hi: interval.hi,
    })
}

fn estimated(estimate: f64, se: Option<f64>, limits: Limits) -> Estimated {
    Estimated {
        estimate,
        se,
        lo: limits.lo,
        hi: limits.hi,
    }
}

fn agreement(classes: Vec<String>, table: Vec<Vec<u64>>, is_ordinal: bool) -> Result<Agreement, StatsError> {
    let total = table.iter().flatten().sum();
    let agreed = table.iter().enumerate().filter_map(|(place, row)| row.get(place)).sum();
    let kappa = kappa_from_table(&table, CONFIDENCE)?;
    let limits = kappa.limits;
    Ok(Agreement {
        agreed: counted(agreed, total)?,
        kappa: kappa
            .kappa
            .zip(limits)
            .map(|(value, limits)| estimated(value, kappa.se, limits)),
        weighted_kappa: kappa.quadratic.filter(|_| is_ordinal),
        classes,
        table,
    })
}

/// The classes with those that are in no list behind them, and the counts of all pairs.
fn class_table(
    mut classes: Vec<String>,
    pairs: &BTreeMap<(String, String), u64>,
) -> Option<(Vec<String>, Vec<Vec<u64>>)> {
    for (human, judge) in pairs.keys() {
        for class in [human, judge] {
            if !classes.contains(class) {
                classes.push(class.clone());
            }
        }
    }
    if pairs.is_empty() || classes.len() > CLASSES_MAX {
        return None;
    }
    let count = |human: &String, judge: &String| pairs.get(&(human.clone(), judge.clone())).copied().unwrap_or(0);
    let row = |human: &String| classes.iter().map(|judge| count(human, judge)).collect();
    let table = classes.iter().map(row).collect();
    Some((classes, table))
}

/// STATISTICS: a frozen set of at least 100 labelled answers with at least 30 of each verdict.
fn too_few(pass: u64, fail: u64) -> Option<String> {
    let is_enough = pass + fail >= LABELS_WANTED && pass.min(fail) >= LABELS_OF_A_VERDICT_WANTED;
    (!is_enough).then(|| {
        format!(
            "too few to say: {pass} that should pass and {fail} that should fail, of at least {LABELS_WANTED} with \
             {LABELS_OF_A_VERDICT_WANTED} of each"
        )
    })
}

fn warnings(calibration: &Calibration, people_pass: u64, people_fail: u64) -> Vec<String> {
    let mut warnings = Vec::new();
    let who = calibration.who();
    let s = if who == "people" { "" } else { "s" };
    if calibration.is_simulated {
        warnings.push("simulated: this shows how calibration works, and says nothing about a model".to_owned());
    }
    if calibration.compared < LABELS_WANTED {
        warnings.push(format!(
            "{} labelled answers are compared: label at least {LABELS_WANTED} before you trust this grader",
            calibration.compared
        ));
    }
    for (name, count) in [(PASSED, people_pass), (FAILED, people_fail)] {
        if count < LABELS_OF_A_VERDICT_WANTED {
            warnings.push(format!(
                "{who} say{s} {name} of {count} answers: label at least {LABELS_OF_A_VERDICT_WANTED} such, or the \
                 errors on them stay unknown"
            ));
        }
    }
    let left_out = calibration.left_out;
    for (count, why) in [
        (left_out.disputed, "people disagree on them"),
        (left_out.ungraded, "the grader gave no verdict"),
        (left_out.errored, "they have no answer"),
        (
            left_out.unusable,
            "their label is no verdict, class or score of this grader",
        ),
    ] {
        if count > 0 {
            warnings.push(format!("{count} labelled answers are left out: {why}"));
        }
    }
    warnings
}
