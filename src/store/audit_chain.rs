//! The audit chain: how commits are hashed, so that none of them can change without every later hash changing.
//!
//! `digest(op) = BLAKE3(kind u8, 0 u8, key length u16, value length u32, key, value)`
//!
//! `hash(n) = BLAKE3(hash(n-1), n u64, count of ops u32, digest(op 1) ..., audit entry)`
//!
//! Numbers are little-endian. Because ops enter by their digest, compaction can drop a value that is no longer live,
//! keep its digest, and the chain still verifies.

use super::engine::{AuditEntry, Op};
use super::fields::Fields;
use crate::domain::origin::Origin;

/// What the first commit of a store continues.
pub const GENESIS: [u8; 32] = [0; 32];

/// The bytes before key and value: kind, a zero, key length, value length.
pub(super) const OP_HEADER_BYTES: usize = 8;

/// Which kind of change an op is, as the number that is hashed and stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Put = 1,
    Delete = 2,
    Commit = 3,
    /// A put whose value is no longer kept. It is stored under this number, and enters the chain as the put that it
    /// was.
    Superseded = 4,
}

impl Kind {
    pub(super) fn from_number(number: u8) -> Option<Self> {
        [Self::Put, Self::Delete, Self::Commit, Self::Superseded]
            .into_iter()
            .find(|kind| *kind as u8 == number)
    }
}

/// Lengths are checked against the engine's limits before anything is hashed; a longer one saturates, and so differs.
pub(super) fn op_header(kind: Kind, key_bytes: usize, value_bytes: usize) -> [u8; OP_HEADER_BYTES] {
    let mut header = [0; OP_HEADER_BYTES];
    let key_bytes = u16::try_from(key_bytes).unwrap_or(u16::MAX).to_le_bytes();
    let value_bytes = u32::try_from(value_bytes).unwrap_or(u32::MAX).to_le_bytes();
    let fields = [kind as u8, 0].into_iter().chain(key_bytes).chain(value_bytes);
    header.iter_mut().zip(fields).for_each(|(byte, field)| *byte = field);
    header
}

pub(super) fn digest(header: &[u8], key: &[u8], value: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(header).update(key).update(value);
    *hasher.finalize().as_bytes()
}

/// The digest under which an op enters the chain.
pub fn op_digest(op: &Op) -> [u8; 32] {
    let (kind, key, value) = match op {
        Op::Put(key, value) => (Kind::Put, key, value.as_slice()),
        Op::Delete(key) => (Kind::Delete, key, [].as_slice()),
        Op::Superseded(past) => return past.digest,
    };
    digest(&op_header(kind, key.len(), value.len()), key, value)
}

/// The hash of commit `sequence`, which continues `previous`.
pub fn commit_hash(previous: &[u8; 32], sequence: u64, digests: &[[u8; 32]], audit: &AuditEntry) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous).update(&sequence.to_le_bytes());
    hasher.update(&u32::try_from(digests.len()).unwrap_or(u32::MAX).to_le_bytes());
    for digest in digests {
        hasher.update(digest);
    }
    hasher.update(&encode_audit(audit));
    *hasher.finalize().as_bytes()
}

/// An audit entry as it is hashed and stored: milliseconds, then four texts with their lengths, and two more where it
/// is known from where: entries were kept before that was.
pub(super) fn encode_audit(audit: &AuditEntry) -> Vec<u8> {
    let mut bytes = audit.at_ms.to_le_bytes().to_vec();
    let Origin { place, key } = &audit.origin;
    let origin = [place, key].into_iter().filter(|_| !audit.origin.is_unknown());
    let texts = [&audit.actor, &audit.action, &audit.subject, &audit.reason];
    for text in texts.into_iter().chain(origin) {
        bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes
}

pub(super) fn decode_audit(bytes: &[u8]) -> Option<AuditEntry> {
    let mut fields = Fields::new(bytes);
    let at_ms = fields.i64()?;
    let [actor, action, subject, reason] = [(); 4].map(|()| text(&mut fields));
    let origin = if fields.is_empty() {
        Origin::default()
    } else {
        let [place, key] = [(); 2].map(|()| text(&mut fields));
        let (place, key) = (place?, key?);
        Some(Origin { place, key }).filter(|origin| !origin.is_unknown())?
    };
    let audit = AuditEntry {
        at_ms,
        actor: actor?,
        action: action?,
        subject: subject?,
        reason: reason?,
        origin,
    };
    fields.is_empty().then_some(audit)
}

fn text(fields: &mut Fields<'_>) -> Option<String> {
    let len = usize::try_from(fields.u32()?).ok()?;
    String::from_utf8(fields.bytes(len)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audit() -> AuditEntry {
        AuditEntry {
            at_ms: -5,
            actor: "ann".into(),
            action: "release.promote".into(),
            subject: "support_triage_v12".into(),
            reason: String::new(),
            origin: Origin::default(),
        }
    }

    #[test]
    fn audit_entries_survive_and_nothing_shorter_or_longer_decodes() {
        let bytes = encode_audit(&audit());
        assert_eq!(decode_audit(&bytes), Some(audit()));
        for len in 0..bytes.len() {
            assert_eq!(decode_audit(&bytes[..len]), None, "{len} bytes");
        }
        assert_eq!(decode_audit(&[bytes.clone(), vec![0]].concat()), None);
        let from_nowhere = [bytes, vec![0; 8]].concat();
        assert_eq!(decode_audit(&from_nowhere), None, "two ways to write one entry");
    }

    #[test]
    fn from_where_and_by_which_key_survives_and_is_hashed() {
        let keyless = AuditEntry {
            origin: Origin::of_place("ssh 192.0.2.7"),
            ..audit()
        };
        let keyed = AuditEntry {
            origin: Origin {
                key: "SHA256:abc".into(),
                ..keyless.origin.clone()
            },
            ..audit()
        };
        let hashes = [&audit(), &keyless, &keyed].map(|entry| {
            assert_eq!(decode_audit(&encode_audit(entry)).as_ref(), Some(entry));
            commit_hash(&GENESIS, 1, &[], entry)
        });
        assert!(hashes[0] != hashes[1] && hashes[1] != hashes[2] && hashes[0] != hashes[2]);
    }

    #[test]
    fn every_input_changes_the_hash() {
        let ops = [Op::Put(b"a".to_vec(), b"b".to_vec()), Op::Delete(b"a".to_vec())];
        let digests = ops.each_ref().map(op_digest);
        let base = commit_hash(&GENESIS, 1, &digests, &audit());
        let others = [
            commit_hash(&[1; 32], 1, &digests, &audit()),
            commit_hash(&GENESIS, 2, &digests, &audit()),
            commit_hash(&GENESIS, 1, &digests[..1], &audit()),
            commit_hash(&GENESIS, 1, &[digests[1], digests[0]], &audit()),
            commit_hash(
                &GENESIS,
                1,
                &digests,
                &AuditEntry {
                    reason: "other".into(),
                    ..audit()
                },
            ),
        ];
        assert!(others.iter().all(|other| *other != base));
        assert_ne!(
            op_digest(&Op::Put(b"ab".to_vec(), b"c".to_vec())),
            op_digest(&Op::Put(b"a".to_vec(), b"bc".to_vec()))
        );
    }

    #[test]
    fn the_hash_of_a_known_commit_stays_what_it_is() {
        let digests = [op_digest(&Op::Put(b"key".to_vec(), b"value".to_vec()))];
        let hash = blake3::Hash::from_bytes(commit_hash(&GENESIS, 1, &digests, &audit()));
        assert_eq!(
            hash.to_hex().as_str(),
            "489e0c7694becc97798d98df4fb60307de6447a84c79f313df155095374aa188"
        );
    }
}
