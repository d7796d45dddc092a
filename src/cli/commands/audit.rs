//! `pegbox audit`: who did what, and proof that nobody changed it since.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Context, audit_export, store};
use crate::cli::exit::{CliError, Exit, Failure};
use crate::cli::output::{NO_VALUE, Plain, Reply, Table};
use crate::domain::DomainError;
use crate::domain::action::Action;
use crate::domain::time::{Timestamp, duration_ms};
use crate::workbench::{AuditFilter, AuditRecord, Bulk};

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List who did what, newest first
    Log(LogArgs),
    /// Check the chain of commits, every record and link, and every signature; says what was tampered with
    Verify {
        /// A commit as an earlier `audit verify`, `audit export` or `audit log` named it, with 8 digits of its hash or
        /// more: it must still be there, and the same
        #[arg(long, value_name = "SEQUENCE:HASH")]
        expect: Option<KnownCommit>,
    },
    /// Write the log and every signed decision, for a check without pegbox
    Export {
        /// The export's folder: empty, or not there yet; `-` writes a tar to standard output
        dir: PathBuf,
    },
}

/// Which entries.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// Words that an entry must have, in whatever column
    words: Vec<String>,
    /// Only what this person did
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only this action, such as `release.promote`, or all that begin with a word, such as `release`
    #[arg(long, value_name = "ACTION", value_parser = action_word)]
    action: Option<String>,
    /// Only what was done to things with this in their name
    #[arg(long, value_name = "TEXT")]
    subject: Option<String>,
    /// Only from then on: `2026-06-01`, `2026-06-01T12:00:00Z`, or `12h` ago
    #[arg(long, value_name = "WHEN")]
    since: Option<Moment>,
    /// Only before then
    #[arg(long, value_name = "WHEN")]
    until: Option<Moment>,
    /// Entries, at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Only those before this commit: the next page
    #[arg(long, value_name = "SEQUENCE")]
    before: Option<u64>,
    /// Every answer of a run and every saved draft too
    #[arg(long)]
    all: bool,
}

/// Reads a word by which actions are looked for.
fn action_word(word: &str) -> Result<String, DomainError> {
    Action::check_word(word).map(|()| word.to_owned())
}

/// A moment, or so long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A moment.
    At(Timestamp),
    /// Milliseconds ago.
    Ago(u64),
}

impl FromStr for Moment {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, DomainError> {
        duration_ms(text).map(Self::Ago).or_else(|_| text.parse().map(Self::At))
    }
}

impl Moment {
    fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::Ago(ms) => now.before_ms(ms),
        }
    }
}

/// Fewest digits of a hash that tell a commit: so many as the log shows.
const HASH_CHARS_MIN: usize = 8;

/// A commit that somebody kept a note of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCommit {
    sequence: u64,
    /// Its hash, or how that begins.
    hash: String,
}

impl FromStr for KnownCommit {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, DomainError> {
        let known = text.split_once(':').and_then(|(sequence, hash)| {
            let is_hash =
                (HASH_CHARS_MIN..=64).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            Some(Self {
                sequence: sequence.parse().ok().filter(|_| is_hash)?,
                hash: hash.to_ascii_lowercase(),
            })
        });
        known.ok_or_else(|| {
            DomainError::field(
                text,
                "not a commit: write its number, a colon and its hash, or the first 8 digits of it or more",
            )
        })
    }
}

/// Carries the command out.
pub fn carry_out(command: AuditCommand, context: &mut Context<'_>) -> Result<Reply, CliError> {
    match command {
        AuditCommand::Log(args) => log(args, context),
        AuditCommand::Verify { expect } => verify(expect.as_ref(), context),
        AuditCommand::Export { dir } => audit_export::export(&dir, context),
    }
}

fn log(args: LogArgs, context: &Context<'_>) -> Result<Reply, CliError> {
    let now = context.workbench.now();
    let filter = AuditFilter {
        actor: args.actor,
        action: args.action,
        subject: args.subject,
        since: args.since.map(|since| since.before(now)),
        until: args.until.map(|until| until.before(now)),
        words: args.words.join(" "),
        bulk: if args.all { Bulk::Shown } else { Bulk::Hidden },
    };
    let page = context
        .workbench
        .audit_log(&filter, args.before, args.limit, u64::MAX)?;
    let mut table = Table::new([
        "when", "who", "from", "key", "action", "subject", "reason", "commit", "hash",
    ]);
    for entry in &page.entries {
        table.row([
            entry.at.to_string(),
            entry.actor.clone(),
            or_unknown(&entry.place),
            or_unknown(&entry.key),
            entry.action.clone(),
            entry.subject.clone(),
            entry.reason.clone(),
            entry.sequence.to_string(),
            entry.short_hash().to_owned(),
        ]);
    }
    let next = (page.looked_back_to > 1).then_some(page.looked_back_to);
    let mut text = Plain::new().table(&table, "no such entry");
    if let Some(next) = next {
        text = text.line(format!("older ones: add --before {next}"));
    }
    let entries: Vec<Value> = page.entries.iter().map(document).collect();
    Ok(Reply::done(
        json!({ "entries": entries, "newest": page.newest, "before": next }),
        text,
    ))
}

fn or_unknown(text: &str) -> String {
    if text.is_empty() {
        NO_VALUE.to_owned()
    } else {
        text.to_owned()
    }
}

fn document(entry: &AuditRecord) -> Value {
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({
        "sequence": entry.sequence,
        "hash": entry.hash,
        "at": entry.at,
        "actor": entry.actor,
        "place": known(&entry.place),
        "key": known(&entry.key),
        "action": entry.action,
        "subject": entry.subject,
        "reason": entry.reason,
    })
}

fn verify(expect: Option<&KnownCommit>, context: &Context<'_>) -> Result<Reply, CliError> {
    // Before the check, so that what it ends with has been checked.
    let tip = context.workbench.audit_tip();
    let mut reply = store::verify(context)?;
    let tip = tip.ok().flatten();
    if let Some(tip) = &tip {
        reply.text = reply
            .text
            .line(format!("the log ends with commit {}:{}", tip.sequence, tip.hash));
    }
    if let Some(object) = reply.document.as_object_mut() {
        let tip = tip.map(|tip| json!({ "sequence": tip.sequence, "hash": tip.hash }));
        object.insert("tip".into(), json!(tip));
    }
    let Some(known) = expect else { return Ok(reply) };
    let found = context.workbench.audit_record(known.sequence)?;
    let is_same = found.as_ref().is_some_and(|found| found.hash.starts_with(&known.hash));
    if let Some(object) = reply.document.as_object_mut() {
        object.insert("expected".into(), json!(is_same));
    }
    if is_same {
        reply.text = reply
            .text
            .line(format!("commit {} is the expected one", known.sequence));
        return Ok(reply);
    }
    let what = match found {
        Some(found) => format!(
            "commit {} has hash {}, not {}: the history was written anew",
            known.sequence, found.hash, known.hash
        ),
        None => format!("commit {} is missing: the history was cut", known.sequence),
    };
    reply.text = reply.text.line(&what);
    reply.failure.get_or_insert(Failure {
        exit: Exit::Store,
        what,
        hint: "keep a copy of the folder, and compare it with a backup".into(),
    });
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_known_commits_are_read() {
        let now = Timestamp(1_780_315_200_000);
        for (text, moment) in [
            ("12h", Timestamp(now.0 - 43_200_000)),
            ("2026-06-01", Timestamp(1_780_272_000_000)),
            ("2026-06-01T12:00:00Z", now),
        ] {
            assert_eq!(text.parse::<Moment>().unwrap().before(now), moment, "{text}");
        }
        assert!("soon".parse::<Moment>().is_err());
        let hash = "Ab".repeat(32);
        let known = KnownCommit {
            sequence: 12,
            hash: hash.to_lowercase(),
        };
        assert_eq!(format!("12:{hash}").parse(), Ok(known));
        for text in ["12", "12:", "x:ab", &format!("12:{hash}0"), &format!(":{hash}")] {
            assert!(text.parse::<KnownCommit>().is_err(), "{text}");
        }
    }
}
