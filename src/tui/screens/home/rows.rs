//! The rows of Home's lists: what identifies them, what they say, where they lead.

use super::Place;
use crate::domain::ids::{PromptName, RunId, VersionId};
use crate::domain::progress::RunProgress;
use crate::domain::time::Timestamp;
use crate::tui::screens::figures::verdict_word;
use crate::tui::widgets::listing::HasId;
use crate::workbench::{Need, PromptSummary, RunSummary};

/// Something that waits, and the label of the results that it rests on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NeedRow {
    pub(super) need: Need,
    pub(super) source: &'static str,
}

/// A run under way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ActiveRow {
    pub(super) progress: RunProgress,
    pub(super) subject: String,
    pub(super) source: &'static str,
}

/// A prompt.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PromptRow {
    pub(super) summary: PromptSummary,
    pub(super) source: &'static str,
}

impl HasId for NeedRow {
    type Id = String;

    fn id(&self) -> String {
        match &self.need {
            Need::Review { id, .. } | Need::Approved { id, .. } => id.to_string(),
            Need::FailedGate { run, .. } | Need::InterruptedRun { run, .. } => run.to_string(),
            Need::Untested { version, .. } => version.to_string(),
            Need::Draft { prompt, .. } => prompt.to_string(),
        }
    }
}

impl HasId for ActiveRow {
    type Id = RunId;

    fn id(&self) -> RunId {
        self.progress.run
    }
}

impl HasId for PromptRow {
    type Id = PromptName;

    fn id(&self) -> PromptName {
        self.summary.prompt.name.clone()
    }
}

/// What a need says: its kind, what it is about, since when, and the fact that decides.
pub(super) struct NeedText {
    pub(super) kind: &'static str,
    pub(super) subject: String,
    pub(super) since: String,
    pub(super) fact: String,
}

/// A need in words. A new kind of need gets its words here, its id above and its place below.
pub(super) fn need_text(row: &NeedRow, now: Timestamp) -> NeedText {
    let (kind, subject, since, fact) = match &row.need {
        Need::Review {
            version,
            environment,
            by,
            at,
            verdict,
            ..
        } => (
            "REVIEW",
            version.to_string(),
            at.ago_text(now),
            with_source(
                row.source,
                &format!(
                    "gate {}, {by} asks for {}",
                    verdict_word(*verdict),
                    environment.as_str()
                ),
            ),
        ),
        Need::Approved {
            id,
            version,
            environment,
        } => (
            "PROMOTE",
            version.to_string(),
            String::new(),
            format!("approved for {} in {id}", environment.as_str()),
        ),
        Need::FailedGate {
            run,
            version,
            reason,
            verdict,
        } => (
            "GATE",
            version.to_string(),
            String::new(),
            with_source(
                row.source,
                &format!("{} in {run}: {reason}", verdict_word(Some(*verdict))),
            ),
        ),
        Need::InterruptedRun {
            run,
            subject,
            saved,
            total,
        } => (
            "STOPPED",
            subject.clone(),
            String::new(),
            format!("{run}, {saved} of {total} saved: resume it"),
        ),
        Need::Untested { version, by, at } => (
            "UNTESTED",
            version.to_string(),
            at.ago_text(now),
            format!("by {by}, no run has tested it: r starts one"),
        ),
        Need::Draft { prompt, saved_at } => (
            "DRAFT",
            prompt.to_string(),
            saved_at.ago_text(now),
            "no version of it yet".into(),
        ),
    };
    NeedText {
        kind,
        subject,
        since,
        fact,
    }
}

fn with_source(source: &str, text: &str) -> String {
    if source.is_empty() {
        text.to_owned()
    } else {
        format!("{source}, {text}")
    }
}

/// Where a need is dealt with.
pub(super) fn place_of(need: &Need) -> Place {
    match need {
        Need::Review { id, .. } | Need::Approved { id, .. } => Place::Review(*id),
        Need::FailedGate { run, .. } => Place::Failures(*run),
        Need::InterruptedRun { run, .. } => Place::Run(*run),
        Need::Untested { .. } => Place::Home,
        Need::Draft { prompt, .. } => Place::Editor(prompt.clone()),
    }
}

/// The run whose results a need shows: its own, or the newest of its version.
pub(super) fn run_of<'a>(need: &Need, recent: &'a [RunSummary]) -> Option<&'a RunSummary> {
    match need {
        Need::FailedGate { run, .. } | Need::InterruptedRun { run, .. } => {
            recent.iter().find(|summary| summary.run.id == *run)
        }
        Need::Review { version, .. } | Need::Approved { version, .. } => newest_run(recent, Some(version)),
        Need::Untested { .. } | Need::Draft { .. } => None,
    }
}

/// The newest run of a version, of runs newest first.
pub(super) fn newest_run<'a>(recent: &'a [RunSummary], version: Option<&VersionId>) -> Option<&'a RunSummary> {
    let version = version?;
    recent.iter().find(|run| run.run.subject.version() == Some(version))
}
