//! An export of the audit log, for whoever checks it without pegbox: a line for each commit, and every signed decision
//! as the files that `ssh-keygen -Y verify` takes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::advance::Watch;
use super::engine::EngineError;
use super::export::{AUDIT_FILE, hex, write_file};
use super::records::{Store, StoreError};
use crate::domain::actor::Actor;
use crate::domain::signature::{NAMESPACE, Signature, Statement};
use crate::domain::time::Timestamp;

const README: &str = include_str!("../../assets/audit/README.md");
/// What a README without any signed decision says in their place.
const NONE_SIGNED: &str = "No decision was signed yet.\n";
const SIGNERS_FILE: &str = "allowed_signers";
const SIGNATURES_FOLDER: &str = "signatures";

/// What an export of the audit log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditExported {
    /// Commits.
    pub commits: u64,
    /// The hash of the last one.
    pub hash: String,
    /// Signed decisions.
    pub signatures: u64,
}

/// From when to when a key signed for somebody.
struct Validity {
    public_key: String,
    first: Timestamp,
    /// `None` while it is theirs.
    last: Option<Timestamp>,
}

impl Store {
    /// Exports the audit log into a folder that is there and empty.
    pub(crate) fn export_audit(&self, to: &Path, watch: Watch<'_>) -> Result<AuditExported, StoreError> {
        // Before the chain, so that it has the commit of every one of them.
        let signatures = self.signatures()?;
        let folder = to.join(SIGNATURES_FOLDER);
        std::fs::create_dir(&folder).map_err(|error| EngineError::io("create", &folder, error))?;
        let mut commands = String::new();
        for signature in &signatures {
            let statement = Statement::parse(&signature.statement)?;
            let name = signature.decision.to_string();
            for (suffix, text) in [
                ("json", signature.statement.clone()),
                ("json.sig", signature.signature.clone()),
                ("pub", format!("{} {}\n", signature.public_key, statement.person)),
            ] {
                write_file(&folder.join(format!("{name}.{suffix}")), text.as_bytes())?;
            }
            commands.push_str(&command(signature, &statement));
        }
        write_file(&to.join(SIGNERS_FILE), self.allowed_signers(&signatures)?.as_bytes())?;
        let (commits, hash) = self.export_commits(to, watch)?;
        let exported = AuditExported {
            commits,
            hash: hex(&hash),
            signatures: signatures.len() as u64,
        };
        let commands = if commands.is_empty() { NONE_SIGNED } else { &commands };
        let readme = README
            .replace("{COMMITS}", &exported.commits.to_string())
            .replace("{HASH}", &exported.hash)
            .replace("{AUDIT_FILE}", AUDIT_FILE)
            .replace("{COMMANDS}", commands);
        write_file(&to.join("README.md"), readme.as_bytes())?;
        Ok(exported)
    }

    /// The keys that signed, each for whom and from when to when, as `ssh-keygen -Y verify` reads it. A key that is
    /// theirs no more is valid up to the last decision that it signed.
    fn allowed_signers(&self, signatures: &[Signature]) -> Result<String, StoreError> {
        let mut keys: BTreeMap<(Actor, String), Validity> = BTreeMap::new();
        for signature in signatures {
            let Statement { person, at, .. } = Statement::parse(&signature.statement)?;
            let record = self.person(&person)?;
            let is_theirs = record.is_some_and(|record| {
                record.is_active() && record.keys.iter().any(|key| key.fingerprint == signature.fingerprint)
            });
            let new = Validity {
                public_key: signature.public_key.clone(),
                first: at,
                last: (!is_theirs).then_some(at),
            };
            let known = keys.entry((person, signature.fingerprint.clone())).or_insert(new);
            known.first = known.first.min(at);
            known.last = known.last.map(|last| last.max(at));
        }
        let mut lines = String::new();
        for ((person, _), key) in keys {
            let _ = write!(
                lines,
                "{person} namespaces=\"{NAMESPACE}\",valid-after=\"{}\"",
                compact(key.first)
            );
            if let Some(last) = key.last {
                // OpenSSH wants it to be later than the first.
                let _ = write!(
                    lines,
                    ",valid-before=\"{}\"",
                    compact(Timestamp(last.0.saturating_add(1_000)))
                );
            }
            let _ = writeln!(lines, " {}", key.public_key);
        }
        Ok(lines)
    }
}

/// What checks one signed decision.
fn command(signature: &Signature, statement: &Statement) -> String {
    let file = format!("{SIGNATURES_FOLDER}/{}.json", signature.decision);
    format!(
        "# {}: {} of {} by {}\n\
         ssh-keygen -Y verify -f {SIGNERS_FILE} -I {} -n {NAMESPACE} \
         -O verify-time={} -s {file}.sig < {file}\n",
        signature.decision,
        statement.decision,
        statement.version,
        statement.person,
        statement.person,
        compact(statement.at)
    )
}

/// A moment as OpenSSH reads it: `20260601120000Z`.
fn compact(moment: Timestamp) -> String {
    moment
        .to_string()
        .chars()
        .filter(|char| !matches!(char, '-' | ':' | 'T'))
        .collect()
}
