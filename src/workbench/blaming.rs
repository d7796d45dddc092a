//! Blame: for each line of a version, the version, the reason and the run that brought it.

use serde::Serialize;

use super::{Workbench, WorkbenchError};
use crate::domain::actor::Actor;
use crate::domain::diff::blame;
use crate::domain::gate::LabelledVerdict;
use crate::domain::ids::{RunId, VersionId};
use crate::domain::promotion::Environment;
use crate::domain::prompt::Role;
use crate::domain::time::Timestamp;
use crate::domain::version::{ChangeReason, PromptVersion};

/// Versions that are gone back; what is older stands with the oldest of them.
const VERSIONS_BACK_MAX: usize = 1_000;

/// A version that brought lines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BlameOrigin {
    /// The version.
    pub version: VersionId,
    /// Who made it.
    pub author: Actor,
    /// When.
    pub committed_at: Timestamp,
    /// Why.
    pub reason: ChangeReason,
    /// The run that its release rests on, or what its first review did, or its first finished run; and what the gate of
    /// that says. A later run says nothing of why the version was made.
    pub run: Option<(RunId, Option<LabelledVerdict>)>,
}

/// A line with what brought it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlamedLine {
    /// Its text; of a setting, `name: value`.
    pub text: String,
    /// The place among the origins.
    pub origin: usize,
}

/// A version's settings or one of its messages, line by line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlamedPart {
    /// Who speaks; `None` for the settings.
    pub role: Option<Role>,
    /// Its lines.
    pub lines: Vec<BlamedLine>,
}

/// A version, line by line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VersionBlame {
    /// The version.
    pub version: VersionId,
    /// The versions that brought lines, oldest first.
    pub origins: Vec<BlameOrigin>,
    /// The settings, then each message.
    pub parts: Vec<BlamedPart>,
}

impl VersionBlame {
    /// Each line behind the version, the day and the author that brought it, then each version with its reason and run.
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        let heads: Vec<String> = self.origins.iter().map(BlameOrigin::head).collect();
        let columns = heads.iter().map(|head| head.chars().count()).max().unwrap_or_default();
        for part in &self.parts {
            lines.push(
                part.role
                    .map_or_else(|| "settings".into(), |role| format!("-- {role} --")),
            );
            for line in &part.lines {
                let head = heads.get(line.origin).map_or("", String::as_str);
                lines.push(format!("{head:columns$}  {}", line.text));
            }
            lines.push(String::new());
        }
        lines.extend(self.origins.iter().map(BlameOrigin::sentence));
        lines.join("\n")
    }
}

impl BlameOrigin {
    /// `v12 2026-05-29 anna`.
    fn head(&self) -> String {
        let day: String = self.committed_at.to_string().chars().take(10).collect();
        format!("v{} {day} {}", self.version.number, self.author)
    }

    /// The version with its reason, link and run: `triage_v12: bug: ..; run_7, whose gate says pass`.
    pub fn sentence(&self) -> String {
        let run = match &self.run {
            Some((run, Some(verdict))) => format!("{run}, whose gate says {verdict}"),
            Some((run, None)) => format!("{run}, whose gate is not known"),
            None => "never run".into(),
        };
        let link = self
            .reason
            .link
            .as_ref()
            .map_or_else(String::new, |link| format!(" ({link})"));
        format!(
            "{}: {}: {}{link}; {run}",
            self.version, self.reason.kind, self.reason.text
        )
    }
}

impl Workbench {
    /// For each line of a version what brought it, along the versions that it was made from.
    pub fn blame(&self, id: &VersionId) -> Result<VersionBlame, WorkbenchError> {
        let mut versions: Vec<PromptVersion> = vec![self.version(id)?];
        while let Some(base) = versions.last().and_then(|oldest| oldest.base.clone())
            && versions.len() < VERSIONS_BACK_MAX
        {
            versions.push(self.version(&base)?);
        }
        versions.reverse();
        let contents: Vec<_> = versions.iter().map(|version| &version.content).collect();
        let blamed = blame(&contents);
        let mut origins: Vec<usize> = Vec::new();
        let of_messages = blamed
            .messages
            .iter()
            .flat_map(|(_, lines)| lines.iter().map(|(_, at)| *at));
        origins.extend(blamed.settings.iter().map(|(.., at)| *at).chain(of_messages));
        origins.sort_unstable();
        origins.dedup();
        let line = |text: String, at: usize| BlamedLine {
            text,
            origin: origins.binary_search(&at).unwrap_or_default(),
        };
        let settings = blamed.settings.into_iter();
        let mut parts = vec![BlamedPart {
            role: None,
            lines: settings
                .map(|(name, value, at)| line(format!("{name}: {value}"), at))
                .collect(),
        }];
        parts.extend(blamed.messages.into_iter().map(|(role, lines)| BlamedPart {
            role: Some(role),
            lines: lines.into_iter().map(|(text, at)| line(text, at)).collect(),
        }));
        let origins = origins.iter().filter_map(|at| versions.get(*at));
        Ok(VersionBlame {
            version: id.clone(),
            origins: origins
                .map(|version| self.blame_origin(version))
                .collect::<Result<_, _>>()?,
            parts,
        })
    }

    fn blame_origin(&self, version: &PromptVersion) -> Result<BlameOrigin, WorkbenchError> {
        Ok(BlameOrigin {
            version: version.id.clone(),
            author: version.author.clone(),
            committed_at: version.committed_at,
            reason: version.reason.clone(),
            run: self.grounds_of(&version.id)?,
        })
    }

    /// The run by which a version was judged when it was made, and what its gate says; its newest one where no run
    /// of it has finished.
    fn grounds_of(&self, id: &VersionId) -> Result<Option<(RunId, Option<LabelledVerdict>)>, WorkbenchError> {
        for environment in [Environment::Production, Environment::Staging] {
            let promotions = self.store.promotions(&id.prompt, environment)?;
            let first = promotions.iter().filter(|promotion| &promotion.version == id);
            if let Some(promotion) = first.min_by_key(|promotion| promotion.promoted_at) {
                return Ok(Some((promotion.run, self.verdict_of(promotion.run)?)));
            }
        }
        let reviews = self.store.reviews()?;
        let first = reviews.iter().filter(|review| &review.version == id);
        if let Some(review) = first.min_by_key(|review| review.requested_at) {
            return Ok(Some((review.run, self.verdict_of(review.run)?)));
        }
        for run in self.store.runs_of(id)?.into_iter().rev() {
            if let Some(verdict) = self.verdict_of(run)? {
                return Ok(Some((run, Some(verdict))));
            }
        }
        self.newest_run_of(id)
    }
}
