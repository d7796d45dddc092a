//! An ablation: which hunk of the diff between two versions did it. Each variant is a stored run, so that an ablation
//! that was stopped goes on, and one that is done is read again for nothing.

use serde::Serialize;

use super::studying::{Candidate, Stored, Study};
use super::{Workbench, WorkbenchError, found};
use crate::domain::diff::{Hunk, Hunks};
use crate::domain::ids::{RunId, VersionId};
use crate::domain::metric::Metric;
use crate::domain::run::EndState;
use crate::domain::variant::{Variant, VariantChange};
use crate::domain::version::PromptVersion;
pub use crate::evals::ablate::{HunkEffect, Interaction};
use crate::evals::ablate::{Measured, adjust, holm, interaction};
use crate::evals::compare::RunScores;
use crate::evals::paired::Effect;

/// Most hunks that are told apart: each is a run or two.
const HUNKS_MAX: usize = 64;
/// Hunks of which all pairs are run: those that are flagged first, then those with the largest effects.
const PAIRED_HUNKS_MAX: usize = 6;

/// What an ablation compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AblationPlan {
    /// The version before.
    pub base: VersionId,
    /// The version after.
    pub candidate: VersionId,
    /// The metric; whether every grader passed, where not given.
    pub metric: Option<String>,
    /// Which runs besides each hunk alone.
    pub extent: AblationExtent,
}

/// Which runs an ablation makes besides each hunk alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AblationExtent {
    /// Each hunk left out of the candidate.
    pub leaves_out: bool,
    /// Pairs of hunks.
    pub pairs: bool,
}

/// A run of an ablation: the base with these hunks made, by their place from 0.
#[derive(Debug, Clone, PartialEq)]
pub struct AblationRun {
    /// The hunks.
    pub hunks: Vec<usize>,
    /// What is run.
    pub tested: Candidate,
    /// Whether it is there.
    pub stored: Stored,
}

/// What an ablation found.
#[derive(Debug, Clone, PartialEq)]
pub struct Ablation {
    /// The version before.
    pub base: VersionId,
    /// The version after.
    pub candidate: VersionId,
    /// What is measured: a metric's name, or `every grader`.
    pub measured: String,
    /// The metrics of the suite that can be measured instead.
    pub metrics: Vec<String>,
    /// The candidate against the base; `None` while one of them is not run.
    pub whole: Option<Effect>,
    /// The hunks in the order of the diff, with what each does.
    pub hunks: Vec<(Hunk, HunkEffect)>,
    /// Pairs of hunks by their place from 0, those first that interact most surely.
    pub pairs: Vec<PairEffect>,
    /// Hunks by their place from 0 of which pairs were asked for and none was run: there were others to begin with.
    pub unpaired: Vec<usize>,
}

/// What two hunks do together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PairEffect {
    /// One.
    pub one: usize,
    /// The other.
    pub other: usize,
    /// The base with both, against the base.
    pub together: Option<Effect>,
    /// What they do beyond the sum of what each does alone.
    pub interaction: Option<Interaction>,
    /// The interaction's p, adjusted for all pairs by Holm.
    pub p_holm: Option<f64>,
}

/// A metric of a study's suite, and its place there.
pub(super) struct StudyMetric {
    at: usize,
    metric: Metric,
}

impl StudyMetric {
    /// Refuses a percentile, of which nobody can say how sure a change is.
    pub(super) fn refuse_percentile(&self) -> Result<(), WorkbenchError> {
        if self.metric.kind.percentile().is_none() {
            return Ok(());
        }
        Err(WorkbenchError::refused(
            format!("'{}' is a percentile, whose change has no interval", self.metric.name),
            "choose a mean or a rate, such as latency_mean",
        ))
    }
}

impl PairEffect {
    fn p(&self) -> Option<f64> {
        self.interaction.and_then(|found| found.p)
    }
}

impl Workbench {
    /// The runs that an ablation needs before its pairs are known: base, candidate, each hunk alone, and each left out
    /// where that is asked.
    pub fn ablation_runs(&self, study: &Study, plan: &AblationPlan) -> Result<Vec<AblationRun>, WorkbenchError> {
        let (ablated, count) = self.ablated(plan)?;
        let all: Vec<usize> = (0..count).collect();
        let mut sets = vec![Vec::new(), all.clone()];
        sets.extend(all.iter().map(|hunk| vec![*hunk]));
        if plan.extent.leaves_out {
            sets.extend(all.iter().map(|left_out| {
                let others = all.iter().filter(|hunk| *hunk != left_out);
                others.copied().collect()
            }));
        }
        self.runs_of_sets(study, &ablated, sets)
    }

    /// The runs of pairs that an ablation wants, once each hunk is run alone: of the six that are flagged, alone or as
    /// the last to be added, or else have the largest effects either way.
    pub fn ablation_pairs(&self, study: &Study, plan: &AblationPlan) -> Result<Vec<AblationRun>, WorkbenchError> {
        if !plan.extent.pairs {
            return Ok(Vec::new());
        }
        let (ablated, _) = self.ablated(plan)?;
        let ablation = self.ablation(study, plan)?;
        let gain = |effect: Option<Effect>| effect.map_or(0.0, |effect| effect.gain().abs());
        let rank = |at: &usize| {
            let effect = ablation.hunks.get(*at).map(|(_, effect)| *effect).unwrap_or_default();
            let size = gain(effect.alone).max(gain(effect.left_out));
            (effect.is_flagged(), size)
        };
        let mut by_size: Vec<usize> = (0..ablation.hunks.len()).collect();
        by_size.sort_by(|one, other| {
            let ((one_flagged, one), (other_flagged, other)) = (rank(one), rank(other));
            other_flagged.cmp(&one_flagged).then(other.total_cmp(&one))
        });
        by_size.truncate(PAIRED_HUNKS_MAX);
        by_size.sort_unstable();
        let pairs = by_size.iter().enumerate().flat_map(|(at, one)| {
            let others = by_size.iter().skip(at + 1);
            others.map(move |other| vec![*one, *other])
        });
        self.runs_of_sets(study, &ablated, pairs.collect())
    }

    /// The metrics whose change has an interval.
    fn measurable(&self, study: &Study) -> Result<Vec<String>, WorkbenchError> {
        let metrics = self.suite(&study.suite)?.content.metrics.into_iter();
        let metrics = metrics.filter(|metric| metric.kind.percentile().is_none());
        Ok(metrics.map(|metric| metric.name).collect())
    }

    fn measured(&self, study: &Study, plan: &AblationPlan) -> Result<Measured, WorkbenchError> {
        let Some(name) = &plan.metric else {
            return Ok(Measured::EveryGrader);
        };
        let metric = self.metric_of(study, name)?;
        metric.refuse_percentile()?;
        Ok(Measured::Metric(metric.at))
    }

    /// A metric of a study's suite.
    ///
    /// # Errors
    ///
    /// The suite has none of this name.
    pub(super) fn metric_of(&self, study: &Study, name: &str) -> Result<StudyMetric, WorkbenchError> {
        let suite = self.suite(&study.suite)?;
        let mut metrics = suite.content.metrics.into_iter().enumerate();
        let metric = metrics.find(|(_, metric)| metric.name == name);
        metric.map(|(at, metric)| StudyMetric { at, metric }).ok_or_else(|| {
            WorkbenchError::invalid(
                format!("{} has no metric '{name}'", suite.id),
                format!("look at it with pegbox suite show {}", suite.id),
            )
        })
    }

    /// What the runs that are stored say.
    pub fn ablation(&self, study: &Study, plan: &AblationPlan) -> Result<Ablation, WorkbenchError> {
        let (ablated, count) = self.ablated(plan)?;
        let measured = self.measured(study, plan)?;
        let all: Vec<usize> = (0..count).collect();
        let scores = |hunks: Vec<usize>| self.set_scores(study, &ablated, &hunks);
        let (base, candidate) = (scores(Vec::new())?, scores(all.clone())?);
        let effect =
            |before: &Option<RunScores>, now: &Option<RunScores>| measured.effect(before.as_ref()?, now.as_ref()?);
        let mut effects = Vec::new();
        let mut alone = Vec::new();
        for hunk in &all {
            let only = scores(vec![*hunk])?;
            let others: Vec<usize> = all.iter().copied().filter(|other| other != hunk).collect();
            let without = if count > 1 { scores(others)? } else { None };
            effects.push(HunkEffect {
                alone: effect(&base, &only),
                left_out: effect(&without, &candidate),
                ..HunkEffect::default()
            });
            alone.push(only);
        }
        adjust(&mut effects);
        let mut pairs = Vec::new();
        // With two hunks the pair is the candidate itself.
        for one in &all {
            for other in all.iter().skip(one + 1) {
                let both = scores(vec![*one, *other])?;
                let runs = (base.as_ref(), alone.get(*one), alone.get(*other), both.as_ref());
                if let (Some(base), Some(Some(first)), Some(Some(second)), Some(together)) = runs {
                    pairs.push(PairEffect {
                        one: *one,
                        other: *other,
                        together: measured.effect(base, together),
                        interaction: interaction(measured, base, first, second, together),
                        p_holm: None,
                    });
                }
            }
        }
        let p_values: Vec<Option<f64>> = pairs.iter().map(PairEffect::p).collect();
        for (pair, p_holm) in pairs.iter_mut().zip(holm(&p_values)) {
            pair.p_holm = p_holm;
        }
        let is_paired = |hunk: &usize| pairs.iter().any(|pair| pair.one == *hunk || pair.other == *hunk);
        let unpaired = all.iter().copied().filter(|hunk| plan.extent.pairs && !is_paired(hunk));
        let unpaired = unpaired.collect();
        let sureness = |pair: &PairEffect| pair.p().unwrap_or(f64::INFINITY);
        pairs.sort_by(|one, other| sureness(one).total_cmp(&sureness(other)));
        Ok(Ablation {
            base: plan.base.clone(),
            candidate: plan.candidate.clone(),
            measured: plan.metric.clone().unwrap_or_else(|| "every grader".into()),
            metrics: self.measurable(study)?,
            whole: effect(&base, &candidate),
            hunks: ablated.hunks.hunks.into_iter().zip(effects).collect(),
            pairs,
            unpaired,
        })
    }

    /// What the stored runs say of two versions, over the dataset and suite of the candidate's newest finished run.
    /// `metric` is as in [`AblationPlan`].
    pub fn newest_ablation(
        &self,
        base: &VersionId,
        candidate: &VersionId,
        metric: Option<&str>,
    ) -> Result<Ablation, WorkbenchError> {
        for id in self.store.runs_of(candidate)? {
            let run = found(self.store.run(id)?, "run", &id)?;
            let is_finished = self
                .store
                .run_end(id)?
                .is_some_and(|end| end.state == EndState::Finished);
            if !is_finished || run.selection.is_some() {
                continue;
            }
            let study = Study {
                dataset: run.dataset,
                suite: run.suite,
                context: run.context,
                settings: run.settings,
                endpoints: Vec::new(),
            };
            let plan = AblationPlan {
                base: base.clone(),
                candidate: candidate.clone(),
                metric: metric.map(str::to_owned),
                extent: AblationExtent::default(),
            };
            let ablation = self.ablation(&study, &plan)?;
            if ablation.hunks.iter().any(|(_, effect)| effect.alone.is_some()) {
                return Ok(ablation);
            }
        }
        Err(WorkbenchError::refused(
            format!("no hunk between {base} and {candidate} was run alone yet"),
            format!("run pegbox ablate {base} {candidate} --dataset NAME --suite NAME"),
        ))
    }

    /// The runs of sets of hunks, each once.
    fn runs_of_sets(
        &self,
        study: &Study,
        ablated: &Ablated,
        sets: Vec<Vec<usize>>,
    ) -> Result<Vec<AblationRun>, WorkbenchError> {
        let mut runs: Vec<AblationRun> = Vec::new();
        for hunks in sets {
            let tested = ablated.tested(&hunks)?;
            if runs.iter().any(|run| run.tested == tested) {
                continue;
            }
            let stored = self.stored_run(study, &tested)?;
            runs.push(AblationRun { hunks, tested, stored });
        }
        Ok(runs)
    }

    fn set_scores(
        &self,
        study: &Study,
        ablated: &Ablated,
        hunks: &[usize],
    ) -> Result<Option<RunScores>, WorkbenchError> {
        let stored = self.stored_run(study, &ablated.tested(hunks)?)?;
        stored.finished().map(|run: RunId| self.scores_of(run)).transpose()
    }

    fn ablated(&self, plan: &AblationPlan) -> Result<(Ablated, usize), WorkbenchError> {
        let (base, candidate) = (self.version(&plan.base)?, self.version(&plan.candidate)?);
        let hunks = Hunks::between(&base.content, &candidate.content);
        let count = hunks.hunks.len();
        if count == 0 {
            return Err(WorkbenchError::refused(
                format!("{} and {} say the same", plan.base, plan.candidate),
                "choose two versions that differ",
            ));
        }
        if count > HUNKS_MAX {
            return Err(WorkbenchError::refused(
                format!(
                    "{count} hunks between {} and {}, at most {HUNKS_MAX}",
                    plan.base, plan.candidate
                ),
                "choose two versions that lie closer to each other, such as with pegbox bisect",
            ));
        }
        let ablated = Ablated { base, candidate, hunks };
        Ok((ablated, count))
    }
}

/// Two versions and the hunks between them.
struct Ablated {
    base: PromptVersion,
    candidate: PromptVersion,
    hunks: Hunks,
}

impl Ablated {
    /// The base with these hunks made; a version itself where it is one.
    fn tested(&self, made: &[usize]) -> Result<Candidate, WorkbenchError> {
        if made.is_empty() {
            return Ok(Candidate::Version(self.base.id.clone()));
        }
        if made.len() == self.hunks.hunks.len() {
            return Ok(Candidate::Version(self.candidate.id.clone()));
        }
        let change = VariantChange::Hunks {
            towards: self.candidate.id.clone(),
            towards_hash: self.candidate.content_hash,
            hunks: made.iter().filter_map(|at| u32::try_from(at + 1).ok()).collect(),
        };
        let content = self.hunks.content(|at| made.contains(&at));
        Ok(Candidate::Variant(Box::new(Variant::new(&self.base, change, content)?)))
    }
}
