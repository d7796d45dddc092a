//! What screens and commands show of prompts, and what waits for somebody.

use std::collections::HashSet;

use super::{RunSummary, Workbench, WorkbenchError, found};
use crate::domain::draft::Draft;
use crate::domain::gate::{LabelledVerdict, Verdict};
use crate::domain::ids::{PromotionId, PromptName, ReviewId, RunId, VersionId};
use crate::domain::progress::RunProgress;
use crate::domain::promotion::Environment;
use crate::domain::prompt::Prompt;
use crate::domain::review::{Review, ReviewState};
use crate::domain::run::RunState;
use crate::domain::time::Timestamp;
use crate::domain::version::PromptVersion;

/// Runs that Home looks back at.
const RECENT_RUNS_MAX: usize = 20;

/// A prompt in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptSummary {
    /// The prompt.
    pub prompt: Prompt,
    /// Its newest version.
    pub newest: Option<VersionId>,
    /// Whether a draft is stored.
    pub has_draft: bool,
    /// What is in staging.
    pub staging: Option<VersionId>,
    /// What is live.
    pub production: Option<VersionId>,
    /// The gate of the newest version's newest run.
    pub verdict: Option<LabelledVerdict>,
    /// When it last changed.
    pub changed_at: Timestamp,
}

/// A version in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionSummary {
    /// The version.
    pub version: PromptVersion,
    /// Where it is live.
    pub live_in: Vec<PromotionId>,
    /// Its newest run, and that run's gate.
    pub newest_run: Option<(RunId, Option<LabelledVerdict>)>,
}

/// A prompt with its versions.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptDetail {
    /// The prompt.
    pub prompt: Prompt,
    /// Its draft.
    pub draft: Option<Draft>,
    /// Its versions, newest first.
    pub versions: Vec<VersionSummary>,
}

/// Something that waits for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// A review that nobody decided.
    Review {
        /// The review.
        id: ReviewId,
        /// What it is about.
        version: VersionId,
        /// Where it is to enter.
        environment: Environment,
        /// Who asks.
        by: String,
        /// When.
        at: Timestamp,
        /// What the gate says.
        verdict: Option<LabelledVerdict>,
    },
    /// An approved review that nobody promoted.
    Approved {
        /// The review.
        id: ReviewId,
        /// What it is about.
        version: VersionId,
        /// Where it is to enter.
        environment: Environment,
        /// What entered there since the review was asked for, so that a new one is needed.
        overtaken_by: Option<VersionId>,
        /// Why its run is no evidence any more, so that a new one is needed.
        stale: Option<String>,
    },
    /// A live release whose run's models are not what their names stand for now.
    StaleRelease {
        /// The release.
        release: PromotionId,
        /// What it put there.
        version: VersionId,
        /// Which model became which.
        why: String,
    },
    /// A run of a newest version whose gate did not pass.
    FailedGate {
        /// The run.
        run: RunId,
        /// What it tested.
        version: VersionId,
        /// What the gate says, and why.
        reason: String,
        /// What the gate says.
        verdict: LabelledVerdict,
    },
    /// A newest version that no run has tested.
    Untested {
        /// The version.
        version: VersionId,
        /// Who made it.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// A run that nobody works on.
    InterruptedRun {
        /// The run.
        run: RunId,
        /// What it tested.
        subject: String,
        /// Outcomes that are saved.
        saved: u64,
        /// Examples in all.
        total: u64,
    },
    /// A draft without a version.
    Draft {
        /// The prompt.
        prompt: PromptName,
        /// When it was saved.
        saved_at: Timestamp,
    },
}

/// Home: what waits, what runs, what there is.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// What waits for somebody, most urgent first.
    pub needs: Vec<Need>,
    /// Runs that are under way.
    pub active: Vec<RunProgress>,
    /// Runs that ended, newest first.
    pub recent: Vec<RunSummary>,
    /// Prompts, newest change first.
    pub prompts: Vec<PromptSummary>,
    /// Commits in the audit chain.
    pub audit_entries: u64,
}

impl Workbench {
    /// All prompts, newest change first.
    pub fn prompts(&self) -> Result<Vec<PromptSummary>, WorkbenchError> {
        let mut summaries = Vec::new();
        for prompt in self.store.prompts()? {
            let newest = self.store.newest_version(&prompt.name)?;
            let draft = self.store.draft(&prompt.name)?;
            let changed_at = [
                newest.as_ref().map(|v| v.committed_at),
                draft.as_ref().map(|d| d.saved_at),
            ]
            .into_iter()
            .flatten()
            .max()
            .unwrap_or(prompt.created_at);
            let verdict = match &newest {
                Some(version) => self.newest_run_of(&version.id)?.and_then(|(_, verdict)| verdict),
                None => None,
            };
            let live = |environment| -> Result<Option<VersionId>, WorkbenchError> {
                Ok(self
                    .store
                    .live(&prompt.name, environment)?
                    .map(|promotion| promotion.version))
            };
            summaries.push(PromptSummary {
                newest: newest.map(|version| version.id),
                has_draft: draft.is_some(),
                staging: live(Environment::Staging)?,
                production: live(Environment::Production)?,
                verdict,
                changed_at,
                prompt,
            });
        }
        summaries.sort_by(|a, b| {
            b.changed_at
                .cmp(&a.changed_at)
                .then_with(|| a.prompt.name.cmp(&b.prompt.name))
        });
        Ok(summaries)
    }

    pub(super) fn newest_run_of(
        &self,
        version: &VersionId,
    ) -> Result<Option<(RunId, Option<LabelledVerdict>)>, WorkbenchError> {
        match self.store.runs_of(version)?.first() {
            Some(&run) => Ok(Some((run, self.verdict_of(run)?))),
            None => Ok(None),
        }
    }

    /// What the gate of a run says, with who answered.
    pub(super) fn verdict_of(&self, id: RunId) -> Result<Option<LabelledVerdict>, WorkbenchError> {
        let run = found(self.store.run(id)?, "run", &id)?;
        let gate = self.store.run_end(id)?.and_then(|end| end.gate);
        Ok(gate.map(|gate| LabelledVerdict {
            verdict: gate.verdict,
            answers: run.answers,
        }))
    }

    /// A prompt with its versions.
    pub fn prompt_detail(&self, name: &PromptName) -> Result<PromptDetail, WorkbenchError> {
        let prompt = found(self.store.prompt(name)?, "prompt", name)?;
        let live: Vec<_> = [Environment::Staging, Environment::Production]
            .into_iter()
            .filter_map(|environment| self.store.live(name, environment).transpose())
            .collect::<Result<_, _>>()?;
        let mut versions = Vec::new();
        for version in self.store.versions(name)? {
            let live_in = live.iter().filter(|promotion| promotion.version == version.id);
            versions.push(VersionSummary {
                live_in: live_in.map(|promotion| promotion.id.clone()).collect(),
                newest_run: self.newest_run_of(&version.id)?,
                version,
            });
        }
        Ok(PromptDetail {
            prompt,
            draft: self.store.draft(name)?,
            versions,
        })
    }

    /// What waits, what runs, what there is.
    pub fn status(&self) -> Result<Status, WorkbenchError> {
        let recent = self.runs(None, RECENT_RUNS_MAX)?;
        let active = recent
            .iter()
            .filter(|run| run.state == RunState::Running)
            .filter_map(|run| self.progress(run.run.id).ok());
        Ok(Status {
            needs: self.needs(&recent)?,
            active: active.collect(),
            prompts: self.prompts()?,
            audit_entries: *self.changes().borrow(),
            recent,
        })
    }

    fn needs(&self, recent: &[RunSummary]) -> Result<Vec<Need>, WorkbenchError> {
        let mut needs = Vec::new();
        let mut asked_again = HashSet::new();
        for summary in self.reviews()? {
            let review = summary.review;
            // Newest first: who asked again waits for the new review only.
            let is_newest = asked_again.insert((review.version.clone(), review.environment));
            match summary.state {
                ReviewState::Open | ReviewState::PartlyApproved => needs.push(Need::Review {
                    id: review.id,
                    version: review.version,
                    environment: review.environment,
                    by: review.requested_by.to_string(),
                    at: review.requested_at,
                    verdict: summary.verdict,
                }),
                ReviewState::Approved => {
                    let overtaken_by = self.overtaken_by(&review)?;
                    if is_newest || overtaken_by.is_none() {
                        needs.push(Need::Approved {
                            id: review.id,
                            version: review.version,
                            environment: review.environment,
                            overtaken_by,
                            stale: self.stale_text(review.run)?,
                        });
                    }
                }
                _ => {}
            }
        }
        for run in recent {
            needs.extend(self.need_of_run(run)?);
        }
        needs.extend(self.stale_releases()?);
        let (judges, steps) = (self.judge_prompts()?, self.chain_steps()?);
        for prompt in self
            .store
            .prompts()?
            .iter()
            .filter(|prompt| !judges.contains(&prompt.name))
        {
            if let Some(version) = self.store.newest_version(&prompt.name)?
                && !steps.contains(&version.id)
                && self.store.runs_of(&version.id)?.is_empty()
            {
                let by = version.author.to_string();
                needs.push(Need::Untested {
                    version: version.id,
                    by,
                    at: version.committed_at,
                });
            }
        }
        for draft in self.store.drafts()? {
            needs.push(Need::Draft {
                prompt: draft.prompt,
                saved_at: draft.saved_at,
            });
        }
        Ok(needs)
    }

    /// The live releases on stale evidence.
    fn stale_releases(&self) -> Result<Vec<Need>, WorkbenchError> {
        let mut needs = Vec::new();
        for prompt in self.store.prompts()? {
            if let Some(release) = self.store.live_release(&prompt.name)?
                && let Some(why) = self.stale_text(release.promotion.run)?
            {
                needs.push(Need::StaleRelease {
                    release: release.promotion.id,
                    version: release.promotion.version,
                    why,
                });
            }
        }
        Ok(needs)
    }

    /// Why a run's answers are stale, in a line; `None` where they are not.
    fn stale_text(&self, run: RunId) -> Result<Option<String>, WorkbenchError> {
        let stale = self.stale_evidence(run)?;
        let texts: Vec<String> = stale.iter().map(ToString::to_string).collect();
        Ok((!texts.is_empty()).then(|| texts.join("; ")))
    }

    /// The prompts that judge for a suite: a calibration tests them, and no run of their own.
    fn judge_prompts(&self) -> Result<HashSet<PromptName>, WorkbenchError> {
        let suites = self.store.suites()?;
        let judges = suites.iter().flat_map(|suite| suite.content.judges());
        Ok(judges.map(|judge| judge.version.prompt.clone()).collect())
    }

    /// The versions that steps of chains run: a run of the chain tests them.
    fn chain_steps(&self) -> Result<HashSet<VersionId>, WorkbenchError> {
        let chains = self.store.chains()?.into_iter();
        let steps = chains.flat_map(|chain| chain.content.steps);
        Ok(steps.map(|step| step.version).collect())
    }

    /// What took the place of the version that a review was read against.
    fn overtaken_by(&self, review: &Review) -> Result<Option<VersionId>, WorkbenchError> {
        let live = self.store.live(&review.version.prompt, review.environment)?;
        Ok(live
            .map(|live| live.version)
            .filter(|live| Some(live) != review.base.as_ref()))
    }

    fn need_of_run(&self, summary: &RunSummary) -> Result<Option<Need>, WorkbenchError> {
        if summary.state.can_resume() {
            return Ok(Some(Need::InterruptedRun {
                run: summary.run.id,
                subject: summary.run.subject.label(),
                saved: summary.saved,
                total: summary.run.outcome_count(),
            }));
        }
        let Some(version) = summary.run.subject.version() else {
            return Ok(None);
        };
        let Some((verdict, reason)) = &summary.verdict else {
            return Ok(None);
        };
        // A failed gate waits for somebody only while nothing newer was made or run.
        let is_newest = self
            .store
            .newest_version(&version.prompt)?
            .is_some_and(|newest| &newest.id == version)
            && self
                .newest_run_of(version)?
                .is_some_and(|(run, _)| run == summary.run.id);
        let is_decided = !self.store.decisions_of_version(version)?.is_empty();
        if *verdict == Verdict::Pass || !is_newest || is_decided {
            return Ok(None);
        }
        Ok(Some(Need::FailedGate {
            run: summary.run.id,
            version: version.clone(),
            reason: reason.clone(),
            verdict: LabelledVerdict {
                verdict: *verdict,
                answers: summary.run.answers,
            },
        }))
    }
}
