//! Which use case answers a request: about prompts, data, runs, what people say of outcomes, and the way to production.

use super::request::{Answer, Request, misrouted};
use super::{Workbench, WorkbenchError};
use crate::domain::actor::Actor;

impl Workbench {
    pub(super) fn answer_editing(&self, actor: &Actor, request: Request) -> Result<Answer, WorkbenchError> {
        Ok(match request {
            Request::Prompts => Answer::Prompts(self.prompts()?),
            Request::PromptDetail(name) => Answer::PromptDetail(Box::new(self.prompt_detail(&name)?)),
            Request::CreatePrompt { name, description } => {
                Answer::PromptCreated(self.create_prompt(actor, &name, &description)?)
            }
            Request::OpenDraft(name) => Answer::Draft(self.open_draft(actor, &name)?),
            Request::DraftFrom(version) => Answer::Draft(self.draft_from(actor, &version)?),
            Request::SaveDraft { prompt, over, source } => match self.save_draft(actor, &prompt, &over, &source) {
                Ok(saved_at) => Answer::DraftSaved(saved_at, self.lint(&source)),
                Err(WorkbenchError::DraftOvertaken { why, found }) => Answer::DraftOvertaken(why, found),
                Err(error) => return Err(error),
            },
            Request::DiscardDraft(name) => {
                self.discard_draft(actor, &name)?;
                Answer::DraftDiscarded
            }
            Request::Lint(source) => Answer::Lint(self.lint(&source)),
            Request::Commit { prompt, seen, reason } => {
                Answer::Committed(Box::new(self.commit_draft(actor, &prompt, seen.as_ref(), &reason)?))
            }
            Request::Try {
                source,
                dataset,
                place,
                suite,
            } => Answer::Tried(Box::new(self.try_document(
                actor,
                &source,
                &dataset,
                place,
                suite.as_ref(),
            )?)),
            Request::Diff { old, new } => Answer::Diff(Box::new(self.diff(&old, &new)?)),
            other => return Err(misrouted(&other)),
        })
    }

    pub(super) fn answer_data(&self, actor: &Actor, request: Request) -> Result<Answer, WorkbenchError> {
        Ok(match request {
            Request::Datasets => Answer::Datasets(self.datasets()?),
            Request::DatasetRows {
                dataset,
                filter,
                from,
                limit,
            } => Answer::DatasetRows(self.dataset_rows(&dataset, &filter, from, limit)?),
            Request::ExampleHistory {
                dataset,
                example,
                limit,
            } => Answer::ExampleHistory(self.example_history(&dataset, &example, None, limit)?),
            Request::PreviewImport { path, mapping } => Answer::Preview(self.preview_import(&path, &mapping)?),
            Request::ImportDataset(request) => Answer::Imported(self.import_dataset(actor, &request)?),
            Request::ChangeExample(change) => Answer::DatasetChanged(self.change_example(actor, &change)?),
            Request::Suites => Answer::Suites(self.suites()?),
            other => return Err(misrouted(&other)),
        })
    }

    pub(super) fn answer_triaging(&self, actor: &Actor, request: Request) -> Result<Answer, WorkbenchError> {
        Ok(match request {
            Request::RunTriage(run) => Answer::RunTriage(Box::new(self.run_triage(run)?)),
            Request::AddLabel { run, place, content } => {
                Answer::Labelled(Box::new(self.add_label(actor, run, place, &content)?))
            }
            Request::AddTriages {
                run,
                places,
                category,
                reason,
            } => Answer::Triaged(self.add_triages(actor, run, &places, category, &reason)?.len()),
            Request::DecideOtherCause { run, cause, reason } => {
                Answer::Decided(self.decide_other_cause(actor, run, cause, &reason)?)
            }
            other => return Err(misrouted(&other)),
        })
    }

    pub(super) fn answer_running(&self, actor: &Actor, request: Request) -> Result<Answer, WorkbenchError> {
        Ok(match request {
            Request::FindRuns(words) => Answer::Runs(self.find_runs(&words)?),
            Request::Runs { before, limit } => Answer::Runs(self.runs(before, limit)?),
            Request::RunDetail(id) => Answer::RunDetail(Box::new(self.run_detail(id)?)),
            Request::Models => Answer::Models(self.alias_uses()?),
            Request::Chains => Answer::Chains(self.chain_details()?),
            Request::DiffChains { old, new } => Answer::ChainDiff(Box::new(self.diff_chains(&old, &new)?)),
            Request::StartRun(start) => Answer::Run(self.start_run(actor, &start)?),
            Request::EstimateRun(start) => Answer::Estimate(self.estimate_run(&start)?),
            Request::Rerun(rerun) => Answer::Run(self.rerun(actor, &rerun)?),
            Request::PauseRun(id) => {
                self.pause_run(actor, id)?;
                Answer::Run(id)
            }
            Request::ResumeRun { run, caps } => {
                self.resume_run(actor, run, caps)?;
                Answer::Run(run)
            }
            Request::CancelRun(id) => {
                self.cancel_run(actor, id)?;
                Answer::Run(id)
            }
            Request::Cases {
                run,
                listed,
                after,
                limit,
            } => Answer::Cases(self.cases(run, listed, after, limit)?),
            Request::Case { run, place } => Answer::Case(Box::new(self.case(run, place)?)),
            Request::CompareRuns { base, candidate } => {
                Answer::Comparison(Box::new(self.compare_runs(base, candidate)?))
            }
            Request::Matrix(run) => Answer::Matrix(Box::new(self.matrix_around(run, None)?)),
            Request::Ablation {
                base,
                candidate,
                metric,
            } => Answer::Ablation(Box::new(self.newest_ablation(&base, &candidate, metric.as_deref())?)),
            Request::Blame(version) => Answer::Blame(Box::new(self.blame(&version)?)),
            Request::CompareCase {
                base,
                candidate,
                example,
            } => {
                let case = |run| self.outcome(run, &example);
                Answer::ComparedCase(Box::new((case(base)?, case(candidate)?)))
            }
            other => return Err(misrouted(&other)),
        })
    }

    /// Reviews, releases, people and the audit log.
    pub(super) fn answer_releasing(&self, actor: &Actor, request: Request) -> Result<Answer, WorkbenchError> {
        Ok(match request {
            Request::Reviews => Answer::Reviews(self.reviews()?),
            Request::ReviewDetail(id) => Answer::ReviewDetail(Box::new(self.review_detail(actor, id)?)),
            Request::RequestReview {
                version,
                environment,
                run,
                note,
            } => Answer::ReviewRequested(self.request_review(actor, &version, environment, run, &note)?),
            Request::Decide {
                review,
                judgement,
                reason,
                signing,
            } => {
                let signed = signing.signed()?;
                Answer::Decided(self.decide_signed(actor, review, judgement, &reason, signed)?)
            }
            Request::Statement(deed, reason) => Answer::Unsigned(self.statement(actor, &deed, &reason)?),
            Request::Audit { words, rows } => Answer::Audit(self.recent_audit_log(words, rows)?),
            Request::Decisions(search) => Answer::Decisions(self.decisions(&search)?),
            Request::People => Answer::People {
                people: self.person_summaries()?,
                policy: Box::new(self.policy()?),
            },
            Request::Environments => Answer::Environments(self.environments()?),
            Request::Releases(prompt) => Answer::Releases(self.releases(&prompt)?),
            Request::Promotions(prompt, environment) => Answer::Promotions(self.promotions(&prompt, environment)?),
            Request::Promote {
                review,
                reason,
                signing,
            } => {
                let promoted = self.promote_signed(actor, review, &reason, signing.signed()?)?;
                let promotion = promoted.promotion().clone();
                Answer::Promoted(promotion, promoted.into_release())
            }
            Request::RollbackTarget(leaving) => Answer::RollbackTarget(Box::new(self.rollback_target(&leaving)?)),
            Request::RollBack {
                leaving,
                reason,
                signing,
            } => {
                let release = self.roll_back_signed(actor, &leaving, &reason, signing.signed()?)?;
                Answer::RolledBack(Box::new(release))
            }
            Request::Lineage(id) => Answer::Lineage(self.lineage(&id)?),
            other => return Err(misrouted(&other)),
        })
    }
}
