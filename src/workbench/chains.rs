//! Chains: import, reading, and another version of one of their prompts.

use std::collections::BTreeMap;

use super::{Workbench, WorkbenchError, found};
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::chain::{ChainContent, ChainVersion};
use crate::domain::ids::{ChainName, ChainVersionId, VersionId};
use crate::domain::promotion::Environment;
use crate::domain::prompt::PromptContent;
use crate::domain::reason::Reason;
use crate::interchange::InterchangeError;
use crate::interchange::chain_file::{ChainFile, misfits};
use crate::interchange::format::SourceText;
use crate::store::{Change, StoreError};

/// A chain version in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainSummary {
    /// The version.
    pub chain: ChainVersion,
    /// Whether it is the newest of its chain.
    pub is_newest: bool,
    /// The newest run that has ended or is going on.
    pub newest_run: Option<super::RunSummary>,
}

/// A chain version with what is known of its steps.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainDetail {
    /// The version.
    pub chain: ChainVersion,
    /// Where the version of each step is live: staging, production, both or nowhere; in the order of the steps.
    pub live: Vec<Vec<Environment>>,
    /// The newest version of each step's prompt, where the step runs an older one.
    pub newer: Vec<Option<VersionId>>,
    /// Its newest runs, newest first.
    pub runs: Vec<super::RunSummary>,
}

/// Most runs that the detail of a chain lists.
const RUNS_LISTED: usize = 20;

impl Workbench {
    /// Makes a chain version of a chain file.
    pub fn import_chain<'a>(
        &self,
        actor: &Actor,
        source: impl Into<SourceText<'a>>,
        reason: &str,
    ) -> Result<ChainVersion, WorkbenchError> {
        self.permit(actor, Action::ChainImport)?;
        let mut prompts = Prompts::new(self);
        let file = ChainFile::parse(source, &mut |version| prompts.find(version));
        prompts.fault.map_or(Ok(()), Err)?;
        let file = file.map_err(InterchangeError::from)?;
        self.commit_chain(actor, &file.name, &file.content, reason, Action::ChainImport)
    }

    /// Makes a chain version in which every step of a prompt runs this version, of the newest version of the chain.
    pub fn bump_chain(
        &self,
        actor: &Actor,
        chain: &ChainVersionId,
        version: &VersionId,
        reason: &str,
    ) -> Result<ChainVersion, WorkbenchError> {
        self.permit(actor, Action::ChainBump)?;
        let chain = self.chain(chain)?;
        let prompt = self.version(version)?.content;
        if chain.content.versions_of(&version.prompt).next().is_none() {
            return Err(WorkbenchError::refused(
                format!("no step of {} runs a version of {}", chain.id, version.prompt),
                "choose a version of one of its prompts; pegbox chain show lists them",
            ));
        }
        let content = chain.content.with_version(version);
        let steps = content.steps.iter().filter(|step| &step.version == version);
        let faults: Vec<String> = steps
            .flat_map(|step| {
                misfits(step, &prompt)
                    .into_iter()
                    .map(|fault| format!("step {}: {fault}", step.name))
            })
            .collect();
        if !faults.is_empty() {
            return Err(WorkbenchError::invalid(
                faults.join("\n"),
                "write the new inputs into the chain's file, and import it",
            ));
        }
        self.commit_chain(actor, &chain.id.name, &content, reason, Action::ChainBump)
    }

    fn commit_chain(
        &self,
        actor: &Actor,
        name: &ChainName,
        content: &ChainContent,
        reason: &str,
        action: Action,
    ) -> Result<ChainVersion, WorkbenchError> {
        let reason = Reason::new(reason)?;
        self.store.commit_numbered(|| {
            let id = self.store.next_chain_id(name)?;
            if let Some(newest) = self.store.newest_chain(name)?
                && &newest.content == content
            {
                return Err(WorkbenchError::refused(
                    format!("it is equal to {}", newest.id),
                    "change something first",
                ));
            }
            let chain = ChainVersion::new(id, content.clone(), actor.clone(), reason.clone(), self.now())?;
            let audit = self.audit(actor, action, &chain.id, chain.reason.as_str())?;
            Ok((Change::new(audit).insert_chain(&chain)?, chain))
        })
    }

    /// All chain versions, by name and newest first.
    pub fn chains(&self) -> Result<Vec<ChainSummary>, WorkbenchError> {
        let mut by_name: BTreeMap<ChainName, Vec<ChainVersion>> = BTreeMap::new();
        for chain in self.store.chains()? {
            by_name.entry(chain.id.name.clone()).or_default().push(chain);
        }
        let mut summaries = Vec::new();
        for versions in by_name.into_values() {
            for (at, chain) in versions.into_iter().rev().enumerate() {
                let newest_run = self.store.runs_of_chain(&chain.id)?.first().copied();
                summaries.push(ChainSummary {
                    newest_run: newest_run.map(|run| self.run_summary(run)).transpose()?,
                    is_newest: at == 0,
                    chain,
                });
            }
        }
        Ok(summaries)
    }

    /// Loads a chain version.
    pub fn chain(&self, id: &ChainVersionId) -> Result<ChainVersion, WorkbenchError> {
        found(self.store.chain(id)?, "chain", id)
    }

    /// A chain version with what is known of its steps.
    pub fn chain_detail(&self, id: &ChainVersionId) -> Result<ChainDetail, WorkbenchError> {
        let chain = self.chain(id)?;
        let (mut live, mut newer) = (Vec::new(), Vec::new());
        for step in &chain.content.steps {
            let version = &step.version;
            let mut environments = Vec::new();
            for environment in [Environment::Staging, Environment::Production] {
                let promotion = self.store.live(&version.prompt, environment)?;
                environments.extend(promotion.filter(|live| &live.version == version).map(|_| environment));
            }
            live.push(environments);
            let newest = self.store.newest_version(&version.prompt)?.map(|newest| newest.id);
            newer.push(newest.filter(|newest| newest != version));
        }
        let runs = self.store.runs_of_chain(id)?.into_iter().take(RUNS_LISTED);
        Ok(ChainDetail {
            runs: runs.map(|run| self.run_summary(run)).collect::<Result<_, _>>()?,
            chain,
            live,
            newer,
        })
    }

    /// Every chain version with what is known of its steps, by name and newest first.
    pub fn chain_details(&self) -> Result<Vec<ChainDetail>, WorkbenchError> {
        let chains = self.chains()?;
        chains
            .iter()
            .map(|summary| self.chain_detail(&summary.chain.id))
            .collect()
    }

    /// A chain version as a file.
    pub fn chain_source(&self, id: &ChainVersionId) -> Result<String, WorkbenchError> {
        let chain = self.chain(id)?;
        Ok(ChainFile {
            name: chain.id.name,
            content: chain.content,
        }
        .print())
    }

    /// Reads `triage_flow@v3`, or `triage_flow` as its newest version.
    pub fn resolve_chain(&self, text: &str) -> Result<ChainVersionId, WorkbenchError> {
        if text.contains('@') {
            return Ok(text.parse()?);
        }
        let name = ChainName::new(text)?;
        Ok(found(self.store.newest_chain(&name)?, "chain", &name)?.id)
    }
}

/// Finds prompts for a file, and keeps the first fault of the store.
struct Prompts<'a> {
    workbench: &'a Workbench,
    fault: Option<StoreError>,
}

impl<'a> Prompts<'a> {
    fn new(workbench: &'a Workbench) -> Self {
        Self { workbench, fault: None }
    }

    fn find(&mut self, version: &VersionId) -> Option<PromptContent> {
        match self.workbench.store.version(version) {
            Ok(version) => version.map(|version| version.content),
            Err(error) => {
                self.fault.get_or_insert(error);
                None
            }
        }
    }
}
