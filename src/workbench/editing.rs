//! Prompts, drafts and versions.

use serde::Serialize;

use super::{Workbench, WorkbenchError, found};
use crate::domain::action::Action;
use crate::domain::actor::Actor;
use crate::domain::diff::{PromptDiff, diff};
use crate::domain::draft::{Draft, DraftSeen};
use crate::domain::ids::{PromptName, VersionId};
use crate::domain::prompt::{Prompt, PromptContent};
use crate::domain::reason::Reason;
use crate::domain::run::Subject;
use crate::domain::time::Timestamp;
use crate::domain::version::{ChangeKind, ChangeReason, PromptVersion};
pub use crate::interchange::mark::{LintMark, Severity};
use crate::interchange::prompt_document;
use crate::store::engine::EngineError;
use crate::store::{Change, StoreError};

/// A prompt's text: the draft, or a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptRef {
    /// The draft of a prompt.
    Draft(PromptName),
    /// A version.
    Version(VersionId),
}

impl PromptRef {
    /// Reads `support_triage` as its draft and `support_triage_v12` as that version.
    pub fn parse(text: &str) -> Result<Self, WorkbenchError> {
        if let Ok(version) = text.parse() {
            return Ok(Self::Version(version));
        }
        let name = text.strip_suffix(" draft").unwrap_or(text);
        Ok(Self::Draft(PromptName::new(name)?))
    }
}

impl std::fmt::Display for PromptRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Draft(name) => write!(f, "{name} draft"),
            Self::Version(id) => write!(f, "{id}"),
        }
    }
}

/// A draft as the editor opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftView {
    /// The draft; not stored yet where it is still equal to its base.
    pub draft: Draft,
    /// Whether it is stored.
    pub is_stored: bool,
    /// What is wrong with it.
    pub marks: Vec<LintMark>,
}

impl DraftView {
    /// What a save over this draft says that it was typed over.
    pub fn seen(&self) -> DraftSeen {
        if self.is_stored {
            DraftSeen::text(&self.draft.source)
        } else {
            DraftSeen::Version(self.draft.base.clone())
        }
    }
}

/// Two prompt contents beside each other.
#[derive(Debug, Clone, PartialEq)]
pub struct DiffView {
    /// What stands on the left.
    pub old: String,
    /// What stands on the right.
    pub new: String,
    /// The difference.
    pub diff: PromptDiff,
}

/// Why a version is to be made, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommitReason {
    /// What kind of cause.
    pub kind: ChangeKind,
    /// In words.
    pub text: String,
    /// A ticket, a run, a thread.
    pub link: Option<String>,
}

impl Workbench {
    /// Makes a prompt with a starter draft.
    pub fn create_prompt(&self, actor: &Actor, name: &PromptName, description: &str) -> Result<Prompt, WorkbenchError> {
        self.import_prompt(actor, name, description, &prompt_document::blank(name.as_str()))
            .map(|(prompt, _)| prompt)
    }

    /// Puts a document into a prompt's draft; makes the prompt where there is none. The document may be unfinished,
    /// but an existing draft is not overwritten.
    pub fn import_prompt(
        &self,
        actor: &Actor,
        name: &PromptName,
        description: &str,
        source: &str,
    ) -> Result<(Prompt, Draft), WorkbenchError> {
        self.permit(actor, Action::PromptImport)?;
        if source.trim().is_empty() {
            return Err(WorkbenchError::invalid(
                format!("the document for {name} is empty, so there is nothing to import"),
                "check the file, or what was sent; begin anew with pegbox prompt new NAME",
            ));
        }
        let base = self.base_of(name)?.map(|version| version.id);
        self.begin_draft(actor, name, description, base, source)
    }

    fn begin_draft(
        &self,
        actor: &Actor,
        name: &PromptName,
        description: &str,
        base: Option<VersionId>,
        source: &str,
    ) -> Result<(Prompt, Draft), WorkbenchError> {
        self.permit(actor, Action::PromptImport)?;
        let known = self.store.prompt(name)?;
        if self.store.draft(name)?.is_some() {
            return Err(WorkbenchError::refused(
                format!("{name} has a draft that an import would overwrite"),
                format!("commit it, or drop it with pegbox prompt drafts discard {name}"),
            ));
        }
        let draft = self.draft_of(actor, name, base, source);
        let mut change = Change::new(self.audit(actor, Action::PromptImport, name, "")?).insert_draft(&draft)?;
        let prompt = if let Some(prompt) = known {
            prompt
        } else {
            let prompt = Prompt {
                name: name.clone(),
                description: description.to_owned(),
                owner: actor.clone(),
                created_at: self.now(),
            };
            change = change.insert_prompt(&prompt)?;
            prompt
        };
        change.commit(&self.store)?;
        Ok((prompt, draft))
    }

    fn draft_of(&self, actor: &Actor, name: &PromptName, base: Option<VersionId>, source: &str) -> Draft {
        Draft {
            prompt: name.clone(),
            base,
            source: source.to_owned(),
            saved_by: actor.clone(),
            saved_at: self.now(),
        }
    }

    /// The version that a new draft begins from: the newest.
    fn base_of(&self, name: &PromptName) -> Result<Option<PromptVersion>, WorkbenchError> {
        Ok(self.store.newest_version(name)?)
    }

    /// The draft of a prompt; where there is none, one that is equal to the newest version and not stored yet.
    pub fn open_draft(&self, actor: &Actor, name: &PromptName) -> Result<DraftView, WorkbenchError> {
        found(self.store.prompt(name)?, "prompt", name)?;
        let stored = self.store.draft(name)?;
        let is_stored = stored.is_some();
        let draft = match stored {
            Some(draft) => draft,
            None => match self.base_of(name)? {
                Some(base) => {
                    let source = prompt_document::print(&base.content);
                    self.draft_of(actor, name, Some(base.id), &source)
                }
                None => self.draft_of(actor, name, None, &prompt_document::blank(name.as_str())),
            },
        };
        Ok(DraftView {
            marks: prompt_document::lint(&draft.source),
            draft,
            is_stored,
        })
    }

    /// A draft that begins from an older version than the newest. Refused while another draft is there.
    pub fn draft_from(&self, actor: &Actor, version: &VersionId) -> Result<DraftView, WorkbenchError> {
        let base = self.version(version)?;
        let source = prompt_document::print(&base.content);
        let (_, draft) = self.begin_draft(actor, &version.prompt, "", Some(base.id), &source)?;
        Ok(DraftView {
            marks: prompt_document::lint(&draft.source),
            draft,
            is_stored: true,
        })
    }

    /// Saves a draft as it is typed, valid or not. Returns when it was saved.
    ///
    /// # Errors
    /// [`WorkbenchError::DraftOvertaken`] where something else stands there than what it was typed over.
    pub fn save_draft(
        &self,
        actor: &Actor,
        name: &PromptName,
        over: &DraftSeen,
        source: &str,
    ) -> Result<Timestamp, WorkbenchError> {
        self.permit(actor, Action::DraftSave)?;
        let found = self.open_draft(actor, name)?;
        // The same text twice takes nothing from anybody.
        let is_same = found.is_stored && found.draft.source == source;
        if &found.seen() != over && !is_same {
            return Err(self.overtaken(found)?);
        }
        let draft = self.draft_of(actor, name, found.draft.base.clone(), source);
        let change = Change::new(self.audit(actor, Action::DraftSave, name, "")?);
        let change = if found.is_stored {
            change.expect_draft(&found.draft)?.put_draft(&draft)?
        } else {
            change.insert_draft(&draft)?
        };
        match change.commit(&self.store) {
            Ok(_) => Ok(draft.saved_at),
            Err(StoreError::Engine(EngineError::Conflict { .. })) => {
                Err(self.overtaken(self.open_draft(actor, name)?)?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The refusal of a save over another draft than this one, with what became of it.
    fn overtaken(&self, found: DraftView) -> Result<WorkbenchError, WorkbenchError> {
        let Draft {
            prompt,
            saved_by,
            saved_at,
            base,
            ..
        } = &found.draft;
        let why = match base {
            _ if found.is_stored => format!("{saved_by} saved another text of the draft of {prompt} at {saved_at}"),
            Some(base) => {
                let newest = self.version(base)?;
                format!(
                    "the draft of {prompt} is gone: the newest version is {base} by {} at {}",
                    newest.author, newest.committed_at
                )
            }
            None => format!("the draft of {prompt} is gone"),
        };
        Ok(WorkbenchError::DraftOvertaken {
            why,
            found: Box::new(found),
        })
    }

    /// Drops a draft.
    pub fn discard_draft(&self, actor: &Actor, name: &PromptName) -> Result<(), WorkbenchError> {
        self.permit(actor, Action::DraftDiscard)?;
        found(self.store.draft(name)?, "draft", name)?;
        Change::new(self.audit(actor, Action::DraftDiscard, name, "")?)
            .delete_draft(name)
            .commit(&self.store)?;
        Ok(())
    }

    /// What is wrong with a prompt document.
    pub fn lint(&self, source: &str) -> Vec<LintMark> {
        prompt_document::lint(source)
    }

    /// Makes a version of the draft as it stands. The draft is gone after it; a draft that somebody saves meanwhile
    /// stops it.
    pub fn commit(
        &self,
        actor: &Actor,
        name: &PromptName,
        why: &CommitReason,
    ) -> Result<PromptVersion, WorkbenchError> {
        self.commit_draft(actor, name, None, why)
    }

    /// Makes a version of the draft, of the very text that was seen where that is given.
    pub(super) fn commit_draft(
        &self,
        actor: &Actor,
        name: &PromptName,
        seen: Option<&DraftSeen>,
        why: &CommitReason,
    ) -> Result<PromptVersion, WorkbenchError> {
        self.permit(actor, Action::PromptCommit)?;
        found(self.store.prompt(name)?, "prompt", name)?;
        let draft = found(self.store.draft(name)?, "draft", name)?;
        if seen.is_some_and(|seen| seen != &DraftSeen::text(&draft.source)) {
            return Err(self.overtaken(self.open_draft(actor, name)?)?);
        }
        let content = parse_document(&draft.source)?;
        let base = draft.base.as_ref().map(|id| self.version(id)).transpose()?;
        if base.as_ref().is_some_and(|base| base.content == content) {
            return Err(WorkbenchError::refused(
                format!(
                    "the draft of {name} is equal to {}",
                    base.map(|b| b.id.to_string()).unwrap_or_default()
                ),
                "edit it first",
            ));
        }
        let reason = ChangeReason {
            kind: why.kind,
            text: Reason::new(&why.text)?,
            link: why.link.clone().filter(|l| !l.is_empty()),
        };
        let version = PromptVersion::new(
            self.store.next_version_id(name)?,
            content,
            draft.base.clone(),
            actor.clone(),
            reason,
            self.now(),
        )?;
        Change::new(self.audit(actor, Action::PromptCommit, &version.id, &why.text)?)
            .expect_draft(&draft)?
            .insert_version(&version)?
            .delete_draft(name)
            .commit(&self.store)?;
        Ok(version)
    }

    /// Loads a version.
    pub fn version(&self, id: &VersionId) -> Result<PromptVersion, WorkbenchError> {
        found(self.store.version(id)?, "version", id)
    }

    /// The prompt that a subject sends.
    pub(super) fn content_of(&self, subject: &Subject) -> Result<PromptContent, WorkbenchError> {
        found(self.store.content_of(subject)?, "prompt", &subject.label())
    }

    /// The document of a draft or version.
    pub fn prompt_source(&self, reference: &PromptRef) -> Result<String, WorkbenchError> {
        match reference {
            PromptRef::Draft(name) => Ok(found(self.store.draft(name)?, "draft", name)?.source),
            PromptRef::Version(id) => Ok(prompt_document::print(&self.version(id)?.content)),
        }
    }

    /// Two drafts or versions beside each other.
    pub fn diff(&self, old: &PromptRef, new: &PromptRef) -> Result<DiffView, WorkbenchError> {
        let content = |reference: &PromptRef| parse_document(&self.prompt_source(reference)?);
        Ok(DiffView {
            old: old.to_string(),
            new: new.to_string(),
            diff: diff(&content(old)?, &content(new)?),
        })
    }
}

/// The content of a document that has no error.
pub(super) fn parse_document(source: &str) -> Result<PromptContent, WorkbenchError> {
    prompt_document::parse(source).map_err(|faults| {
        let why = faults.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        WorkbenchError::invalid(
            format!("the prompt document has errors: {why}"),
            "correct the draft and try again",
        )
    })
}
