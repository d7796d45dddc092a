//! Variants in the store, and what a run sends.

use super::engine::Scan;
use super::keys;
use super::records::{Change, NO_LIMIT, Store, StoreError};
use crate::domain::ids::RunId;
use crate::domain::prompt::PromptContent;
use crate::domain::run::Subject;
use crate::domain::variant::{Variant, VariantId};

impl Store {
    /// Loads a variant.
    pub fn variant(&self, id: &VariantId) -> Result<Option<Variant>, StoreError> {
        self.load(&keys::variant(id))
    }

    /// Runs that tested a variant, newest first.
    pub fn runs_of_variant(&self, id: &VariantId) -> Result<Vec<RunId>, StoreError> {
        let tails = self.key_tails(&Scan::prefix(keys::runs_of_variant(id), NO_LIMIT).backward())?;
        Ok(tails
            .iter()
            .filter_map(|digits| digits.parse().ok().map(RunId))
            .collect())
    }

    /// The prompt that a subject sends; `None` where its record is missing, and for a chain, which sends several.
    pub fn content_of(&self, subject: &Subject) -> Result<Option<PromptContent>, StoreError> {
        Ok(match subject {
            Subject::Prompt { version, .. } => self.version(version)?.map(|version| version.content),
            Subject::Variant { variant, .. } => self.variant(variant)?.map(|variant| variant.content.prompt),
            Subject::Chain { .. } => None,
        })
    }

    /// All prompts that a subject sends, those of a chain in the order of its steps; without those whose record is
    /// missing.
    pub fn contents_of(&self, subject: &Subject) -> Result<Vec<PromptContent>, StoreError> {
        let Subject::Chain { chain, .. } = subject else {
            return Ok(self.content_of(subject)?.into_iter().collect());
        };
        let mut contents = Vec::new();
        for step in self.chain(chain)?.map(|chain| chain.content.steps).unwrap_or_default() {
            contents.extend(self.version(&step.version)?.map(|version| version.content));
        }
        Ok(contents)
    }
}

impl Change {
    /// Adds a variant; one that is there already is the same.
    pub fn put_variant(self, variant: &Variant) -> Result<Self, StoreError> {
        self.put(keys::variant(&variant.id), variant)
    }
}
