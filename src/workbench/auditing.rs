//! The audit log: who did what, when, from where, by which key and why.

use std::path::Path;

use super::{Workbench, WorkbenchError};
use crate::domain::action::Action;
use crate::domain::time::Timestamp;
use crate::store::embedded::backup;
use crate::store::engine::{AuditRow, Watch};
use crate::store::{AuditExported, StoreError};

/// Commits that are read at once.
const COMMITS_PER_READ: u64 = 1_000;

/// Commits that a screen looks back through.
const COMMITS_ON_A_SCREEN: u64 = 20_000;

/// Actions of which there are many for one thing that a person did: each answer of a run, each keystroke in a draft.
const BULK_ACTIONS: [Action; 2] = [Action::RunOutcome, Action::DraftSave];

/// Which entries are wanted. What is not given does not narrow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Only those of this person.
    pub actor: Option<String>,
    /// Only this action, such as `release.promote`, or those that begin with this word, such as `release`.
    pub action: Option<String>,
    /// Only those whose subject has this in it, in capital letters or not.
    pub subject: Option<String>,
    /// Only those of this moment or later.
    pub since: Option<Timestamp>,
    /// Only those before this moment.
    pub until: Option<Timestamp>,
    /// Only those that have each of these words somewhere, in capital letters or not.
    pub words: String,
    /// Whether every answer of a run and every saved draft is among them.
    pub bulk: Bulk,
}

/// Whether entries that come in bulk are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bulk {
    /// They are not, unless they are asked for by their action.
    #[default]
    Hidden,
    /// They are.
    Shown,
}

/// One commit of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its number, from 1.
    pub sequence: u64,
    /// Its hash in the chain, as 64 hexadecimal digits.
    pub hash: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// From where; empty where it is not known.
    pub place: String,
    /// The fingerprint of the key that proved who it was; empty where none did.
    pub key: String,
    /// What was done, such as `release.promote`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Why.
    pub reason: String,
}

/// What was found on the way back through the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditPage {
    /// Entries, newest first.
    pub entries: Vec<AuditRecord>,
    /// The number of the newest commit there is.
    pub newest: u64,
    /// The number from which to look further back: it and later ones have been looked at. 1 at the beginning of the
    /// log.
    pub looked_back_to: u64,
}

impl AuditFilter {
    fn takes(&self, entry: &AuditRecord) -> bool {
        let is_action = |wanted: &String| {
            let rest = entry.action.strip_prefix(wanted.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let is_named = |word| word == entry.action;
        let is_asked_for = self.action.as_ref() == Some(&entry.action) || self.words.split_whitespace().any(is_named);
        let is_bulk = BULK_ACTIONS.iter().any(|bulk| bulk.as_str() == entry.action);
        self.actor.as_ref().is_none_or(|actor| *actor == entry.actor)
            && self.action.as_ref().is_none_or(is_action)
            && self.subject.as_ref().is_none_or(|part| has(&entry.subject, part))
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
            && (self.bulk == Bulk::Shown || !is_bulk || is_asked_for)
            && self.words.split_whitespace().all(|word| entry.mentions(word))
    }
}

/// Whether a text has this in it, in capital letters or not.
fn has(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

impl AuditRecord {
    fn of((sequence, hash, entry): AuditRow) -> Self {
        Self {
            sequence,
            hash: blake3::Hash::from_bytes(hash).to_hex().to_string(),
            at: Timestamp(entry.at_ms),
            actor: entry.actor,
            place: entry.origin.place,
            key: entry.origin.key,
            action: entry.action,
            subject: entry.subject,
            reason: entry.reason,
        }
    }

    /// The first digits of its hash, for lists.
    pub fn short_hash(&self) -> &str {
        self.hash.get(..8).unwrap_or_default()
    }

    fn mentions(&self, word: &str) -> bool {
        let texts = [
            &self.actor,
            &self.place,
            &self.key,
            &self.action,
            &self.subject,
            &self.reason,
            &self.hash,
        ];
        texts.into_iter().any(|text| has(text, word)) || self.sequence.to_string() == word
    }
}

impl Workbench {
    /// Looks through the audit log, newest first, for at most `limit` entries before commit `before`, or before the end
    /// where that is none, and through at most `commits` commits.
    pub fn audit_log(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: usize,
        commits: u64,
    ) -> Result<AuditPage, WorkbenchError> {
        let newest = *self.store.engine().changes().borrow();
        let end = before.unwrap_or(u64::MAX).min(newest.saturating_add(1));
        let stop = end.saturating_sub(commits).max(1);
        let mut page = AuditPage {
            entries: Vec::new(),
            newest,
            looked_back_to: end,
        };
        while page.looked_back_to > stop && page.entries.len() < limit {
            let from = page.looked_back_to.saturating_sub(COMMITS_PER_READ).max(stop);
            let count = usize::try_from(page.looked_back_to - from).unwrap_or(usize::MAX);
            let rows = self.audit_page(from, count)?;
            page.looked_back_to = from;
            for row in rows.into_iter().rev() {
                let entry = AuditRecord::of(row);
                if !filter.takes(&entry) {
                    continue;
                }
                page.looked_back_to = entry.sequence;
                page.entries.push(entry);
                if page.entries.len() == limit {
                    return Ok(page);
                }
            }
            page.looked_back_to = from;
        }
        Ok(page)
    }

    /// The newest entries that have each of these words, for a screen that asks again with every change: only so far
    /// back as takes no time.
    pub fn recent_audit_log(&self, words: String, limit: usize) -> Result<AuditPage, WorkbenchError> {
        let filter = AuditFilter {
            words,
            ..AuditFilter::default()
        };
        self.audit_log(&filter, None, limit, COMMITS_ON_A_SCREEN)
    }

    /// The last commit: its number and its hash. Whoever keeps them elsewhere notices a history that was cut or written
    /// anew.
    pub fn audit_tip(&self) -> Result<Option<AuditRecord>, WorkbenchError> {
        let newest = *self.store.engine().changes().borrow();
        Ok(self
            .audit_page(newest.max(1), 1)?
            .into_iter()
            .next()
            .map(AuditRecord::of))
    }

    /// The commit of a number.
    pub fn audit_record(&self, sequence: u64) -> Result<Option<AuditRecord>, WorkbenchError> {
        let found = self.audit_page(sequence, 1)?.into_iter().next().map(AuditRecord::of);
        Ok(found.filter(|record| record.sequence == sequence))
    }

    /// Writes the audit chain, and what is needed to check signed decisions without pegbox, into a folder that is empty
    /// or absent.
    pub fn export_audit(&self, to: &Path, watch: Watch<'_>) -> Result<AuditExported, WorkbenchError> {
        let exported: Result<AuditExported, StoreError> =
            backup::fill_folder(to, |to| self.store.export_audit(to, watch));
        Ok(exported?)
    }
}
