//! Which approvals of a review count, and what is missing.

use super::actor::Actor;
use super::decision::{Decision, DecisionKind};
use super::policy::{EnvironmentRules, SelfApproval};

/// The approvals of a review that stand, under the rules of its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approvals<'a> {
    rules: &'a EnvironmentRules,
    author: &'a Actor,
    /// One of each person, oldest first.
    counting: Vec<&'a Decision>,
}

impl<'a> Approvals<'a> {
    /// Counts the decisions of a review, oldest first. An approval stands until somebody decides otherwise, and each
    /// person approves once. Whoever may not approve by the rules as they are now does not count.
    pub fn of(decisions: &'a [Decision], author: &'a Actor, rules: &'a EnvironmentRules) -> Self {
        let mut counting: Vec<&Decision> = Vec::new();
        for decision in decisions {
            if decision.kind != DecisionKind::Approved {
                counting.clear();
            } else if may_approve(&decision.actor, author, rules)
                && counting.iter().all(|known| known.actor != decision.actor)
            {
                counting.push(decision);
            }
        }
        Self {
            rules,
            author,
            counting,
        }
    }

    /// Those that count, one of each person, oldest first.
    pub fn counting(&self) -> &[&'a Decision] {
        &self.counting
    }

    /// The one that made them enough; `None` while they are not.
    pub fn deciding(&self) -> Option<&'a Decision> {
        self.missing().is_none().then(|| self.counting.last().copied())?
    }

    /// Whether a person has approved already.
    pub fn by(&self, actor: &Actor) -> Option<&'a Decision> {
        self.counting.iter().find(|decision| &decision.actor == actor).copied()
    }

    /// How many more are needed; `None` where they are enough. Of the author's approval alone one more, whatever the
    /// number says, where the rules want somebody else too.
    pub fn missing(&self) -> Option<u32> {
        let counted = u32::try_from(self.counting.len()).unwrap_or(u32::MAX);
        let missing = self.rules.approvals.saturating_sub(counted);
        let is_author_alone = self.rules.self_approval == SelfApproval::NotAlone
            && !self.counting.is_empty()
            && self.counting.iter().all(|decision| &decision.actor == self.author);
        let missing = missing.max(u32::from(is_author_alone));
        (missing > 0).then_some(missing)
    }

    /// What is missing, in words: `1 of 2 approvals: ben; still needed: one more of cleo, dora`. `None` where nothing
    /// is. Of `reviewers` may come those that are still needed, where the rules name nobody.
    pub fn fault(&self, reviewers: &[Actor]) -> Option<String> {
        let missing = self.missing()?;
        let names = |actors: Vec<&Actor>| actors.iter().map(|actor| actor.as_str()).collect::<Vec<_>>().join(", ");
        let by = match self.counting.len() {
            0 => String::new(),
            _ => format!(
                ": {}",
                names(self.counting.iter().map(|decision| &decision.actor).collect())
            ),
        };
        let named = if self.rules.approvers.is_empty() {
            reviewers
        } else {
            &self.rules.approvers
        };
        let could = named
            .iter()
            .filter(|actor| self.by(actor).is_none() && may_approve(actor, self.author, self.rules));
        let of = match names(could.collect()) {
            of if of.is_empty() && named.is_empty() => "another person".to_owned(),
            of if of.is_empty() => "somebody else, and nobody is left who may approve".to_owned(),
            of => of,
        };
        let more = if missing == 1 {
            "one".to_owned()
        } else {
            missing.to_string()
        };
        let total = self.rules.approvals;
        let noun = if total == 1 { "approval" } else { "approvals" };
        Some(format!(
            "{} of {total} {noun}{by}; still needed: {more} more of {of}",
            self.counting.len()
        ))
    }
}

/// Whether somebody's approval counts.
fn may_approve(actor: &Actor, author: &Actor, rules: &EnvironmentRules) -> bool {
    let is_named = rules.approvers.is_empty() || rules.approvers.contains(actor);
    is_named && (rules.self_approval != SelfApproval::Refused || actor != author)
}
