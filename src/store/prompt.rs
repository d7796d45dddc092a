//! Prompts, drafts and versions in the store.

use super::engine::Scan;
use super::keys;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::draft::Draft;
use crate::domain::ids::{PromptName, VersionId};
use crate::domain::prompt::Prompt;
use crate::domain::version::PromptVersion;

impl Store {
    /// Loads a prompt.
    pub fn prompt(&self, name: &PromptName) -> Result<Option<Prompt>, StoreError> {
        self.load(&keys::prompt(name))
    }

    /// All prompts by name.
    pub fn prompts(&self) -> Result<Vec<Prompt>, StoreError> {
        self.load_all(&Scan::prefix(keys::PROMPTS, NO_LIMIT))
    }

    /// Loads a prompt's draft.
    pub fn draft(&self, name: &PromptName) -> Result<Option<Draft>, StoreError> {
        self.load(&keys::draft(name))
    }

    /// All drafts by prompt.
    pub fn drafts(&self) -> Result<Vec<Draft>, StoreError> {
        self.load_all(&Scan::prefix(keys::DRAFTS, NO_LIMIT))
    }

    /// Loads a version.
    pub fn version(&self, id: &VersionId) -> Result<Option<PromptVersion>, StoreError> {
        self.load(&keys::version(id))
    }

    /// A prompt's versions, newest first.
    pub fn versions(&self, prompt: &PromptName) -> Result<Vec<PromptVersion>, StoreError> {
        self.load_all(&Scan::prefix(keys::versions(prompt), NO_LIMIT).backward())
    }

    /// A prompt's newest version.
    pub fn newest_version(&self, prompt: &PromptName) -> Result<Option<PromptVersion>, StoreError> {
        Ok(self
            .load_all(&Scan::prefix(keys::versions(prompt), 1).backward())?
            .into_iter()
            .next())
    }

    /// The id that the prompt's next version takes.
    pub fn next_version_id(&self, prompt: &PromptName) -> Result<VersionId, StoreError> {
        Ok(VersionId {
            prompt: prompt.clone(),
            number: self.next_number(&keys::versions(prompt))?,
        })
    }
}

impl Change {
    /// Adds a new prompt.
    pub fn insert_prompt(self, prompt: &Prompt) -> Result<Self, StoreError> {
        self.insert(keys::prompt(&prompt.name), prompt)
    }

    /// Adds a draft where there is none.
    pub fn insert_draft(self, draft: &Draft) -> Result<Self, StoreError> {
        self.insert(keys::draft(&draft.prompt), draft)
    }

    /// Saves a draft over what was there.
    pub fn put_draft(self, draft: &Draft) -> Result<Self, StoreError> {
        self.put(keys::draft(&draft.prompt), draft)
    }

    /// Drops a draft.
    #[must_use]
    pub fn delete_draft(self, prompt: &PromptName) -> Self {
        self.delete(keys::draft(prompt))
    }

    /// Requires that the draft is still the one that was read.
    pub fn expect_draft(self, draft: &Draft) -> Result<Self, StoreError> {
        self.expect(keys::draft(&draft.prompt), draft)
    }

    /// Adds a new version.
    pub fn insert_version(self, version: &PromptVersion) -> Result<Self, StoreError> {
        self.insert(keys::version(&version.id), version)
    }
}
