//! Suites.

use super::{Workbench, WorkbenchError, found};
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::ids::{DatasetVersionId, RunId, SuiteName, SuiteVersionId};
use crate::domain::reason::Reason;
use crate::domain::suite::{SuiteContent, SuiteVersion};
use crate::evals::gate::{Basis, Sizes, plans};
pub use crate::evals::gate::{PassChance, RulePlan};
use crate::interchange::InterchangeError;
pub use crate::interchange::format::SourceText;
use crate::interchange::suite_file::SuiteFile;
use crate::store::Change;

/// What a plan of a suite's rules is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlannedOver {
    /// As many examples for each rule, whatever its slice.
    Examples(u64),
    /// The examples of a dataset version that each rule is about.
    Dataset(DatasetVersionId),
    /// Those of a finished run's dataset, with what it measured for the rates and the spread to come.
    Run(RunId),
}

impl Workbench {
    /// Makes a suite version of a suite file. Its judges are versions that the store has.
    pub fn import_suite<'a>(
        &self,
        actor: &Actor,
        source: impl Into<SourceText<'a>>,
        reason: &str,
    ) -> Result<SuiteVersion, WorkbenchError> {
        self.permit(actor, Action::SuiteImport)?;
        let file = SuiteFile::parse_with(source, &|judge| self.judge_hash(judge)).map_err(InterchangeError::from)?;
        self.check_judges(&file.content)?;
        let name = file.name;
        let reason = Reason::new(reason)?;
        self.store.commit_numbered(|| {
            let id = self.store.next_suite_id(&name)?;
            if let Some(newest) = self.store.newest_suite(&name)?
                && newest.content == file.content
            {
                return Err(WorkbenchError::refused(
                    format!("the file is equal to {}", newest.id),
                    "change the file first",
                ));
            }
            let suite = SuiteVersion::new(id, file.content.clone(), actor.clone(), reason.clone(), self.now())?;
            let audit = self.audit(actor, Action::SuiteImport, &suite.id, suite.reason.as_str())?;
            Ok((Change::new(audit).insert_suite(&suite)?, suite))
        })
    }

    /// All suite versions, by name and number.
    pub fn suites(&self) -> Result<Vec<SuiteVersion>, WorkbenchError> {
        let mut suites = self.store.suites()?;
        suites.sort_by(|one, other| {
            let names = one.id.name.cmp(&other.id.name);
            names.then(other.id.number.cmp(&one.id.number))
        });
        Ok(suites)
    }

    /// Loads a suite version.
    pub fn suite(&self, id: &SuiteVersionId) -> Result<SuiteVersion, WorkbenchError> {
        found(self.store.suite(id)?, "suite", id)
    }

    /// A suite version as a file.
    pub fn suite_source(&self, id: &SuiteVersionId) -> Result<String, WorkbenchError> {
        let suite = self.suite(id)?;
        Ok(SuiteFile {
            name: suite.id.name,
            content: suite.content,
        }
        .print())
    }

    /// What each rule of a suite takes over a number of examples. `differing` is the share of examples of which two
    /// versions differ, 0 to 1; where not given that of the run, or an assumed one.
    ///
    /// # Errors
    ///
    /// No such suite, a share outside 0 to 1, a run that has not finished or that another suite measured.
    pub fn rule_plans(
        &self,
        id: &SuiteVersionId,
        over: &PlannedOver,
        differing: Option<f64>,
    ) -> Result<Vec<RulePlan>, WorkbenchError> {
        if let Some(differing) = differing.filter(|share| !(0.0..=1.0).contains(share)) {
            return Err(WorkbenchError::invalid(
                format!("{differing} is no share of the examples"),
                "write 5 % as 0.05",
            ));
        }
        let suite = self.suite(id)?.content;
        let mut basis = Basis {
            discordance: differing,
            run: None,
        };
        let end;
        let counts = match over {
            PlannedOver::Examples(count) => vec![*count; suite.thresholds.len()],
            PlannedOver::Dataset(dataset) => self.rule_sizes(&suite, dataset)?,
            PlannedOver::Run(run) => {
                let (run, ended) = self.finished_run(*run)?;
                if &run.suite != id {
                    return Err(WorkbenchError::refused(
                        format!("{} was measured by {}, not by {id}", run.id, run.suite),
                        "name a run with this suite; pegbox run list shows them",
                    ));
                }
                end = ended;
                basis.run = Some(&end);
                self.rule_sizes(&suite, &run.dataset)?
            }
        };
        Ok(plans(&suite, &counts, basis))
    }

    /// How many independent examples of a dataset version each rule is over.
    fn rule_sizes(&self, suite: &SuiteContent, dataset: &DatasetVersionId) -> Result<Vec<u64>, WorkbenchError> {
        let dataset = self.dataset(dataset)?;
        let mut sizes = Sizes::new(suite);
        self.each_example(&dataset, 0..dataset.example_count, |_, example| {
            sizes.push(&example.content);
        })?;
        Ok(sizes.counts())
    }

    /// Reads the same as the name of a suite that is there.
    pub fn resolve_suite_name(&self, text: &str) -> Result<SuiteName, WorkbenchError> {
        Ok(self.suite(&self.resolve_suite(text)?)?.id.name)
    }

    /// Reads `triage_quality@v8`, or `triage_quality` as its newest version.
    pub fn resolve_suite(&self, text: &str) -> Result<SuiteVersionId, WorkbenchError> {
        if text.contains('@') {
            return Ok(text.parse()?);
        }
        let name = SuiteName::new(text)?;
        Ok(found(self.store.newest_suite(&name)?, "suite", &name)?.id)
    }
}
