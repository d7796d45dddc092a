//! The frame: one change of one key, or the commit that closes a batch, as it lies in the journal.
//!
//! | field | bytes | |
//! | --- | --- | --- |
//! | magic | 4 | `PGBF` |
//! | op header | 8 | kind, a zero, key length u16, value length u32 |
//! | checksum | 16 | first half of the digest by which the op enters the audit chain |
//! | key, value | | |
//!
//! The value of a superseded frame: length of the value that is no longer kept u32, the digest of its put. It is all
//! that the audit chain needs. Its own checksum covers it; that the key is the right one only that checksum says.
//!
//! The value of a commit frame: sequence u64, distance to the start of its group u64, count of ops u32, chain hash,
//! audit entry. A group is what was made durable by one sync: batches that were waiting at the same time share it.

use crate::store::audit_chain::{self, Kind, OP_HEADER_BYTES};
use crate::store::engine::{AuditEntry, KEY_BYTES_MAX, Superseded, VALUE_BYTES_MAX};
use crate::store::fields::Fields;

const MAGIC: [u8; 4] = *b"PGBF";
const CHECKSUM_BYTES: usize = 16;

/// Bytes of a frame before its key.
pub(super) const HEADER_BYTES: usize = MAGIC.len() + OP_HEADER_BYTES + CHECKSUM_BYTES;

/// The largest frame, in bytes; a longer one is never asked for, whatever a damaged length says.
pub(super) const FRAME_BYTES_MAX: usize = HEADER_BYTES + KEY_BYTES_MAX + VALUE_BYTES_MAX;

/// What is wrong with bytes that should be a frame.
pub(super) type Fault = &'static str;

/// A frame's fixed part.
pub(super) struct Header {
    kind: Kind,
    op: [u8; OP_HEADER_BYTES],
    checksum: [u8; CHECKSUM_BYTES],
    key_bytes: usize,
    value_bytes: usize,
}

impl Header {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        const SHORT: Fault = "a frame is cut off";
        let mut fields = Fields::new(bytes);
        if fields.array().ok_or(SHORT)? != MAGIC {
            return Err("no frame starts here");
        }
        let op: [u8; OP_HEADER_BYTES] = fields.array().ok_or(SHORT)?;
        let checksum = fields.array().ok_or(SHORT)?;
        let mut fields = Fields::new(&op);
        let kind = fields
            .u8()
            .and_then(Kind::from_number)
            .ok_or("a frame's kind is unknown")?;
        fields
            .u8()
            .filter(|zero| *zero == 0)
            .ok_or("a frame's header is not valid")?;
        let key_bytes = usize::from(fields.u16().ok_or(SHORT)?);
        let value_bytes = fields.u32().ok_or(SHORT)? as usize;
        if key_bytes > KEY_BYTES_MAX || value_bytes > VALUE_BYTES_MAX {
            return Err("a frame's length is over the limit");
        }
        Ok(Self {
            kind,
            op,
            checksum,
            key_bytes,
            value_bytes,
        })
    }

    /// Bytes of key and value.
    pub(super) fn body_bytes(&self) -> usize {
        self.key_bytes + self.value_bytes
    }

    /// What the frame of this body says it is about, for people; it need not be true where the checksum does not match.
    pub(super) fn named(&self, body: &[u8]) -> String {
        let key = body.get(..self.key_bytes).unwrap_or_default();
        match (self.kind, std::str::from_utf8(key)) {
            (Kind::Commit, _) => ": it closes the commit".into(),
            (_, Ok(key)) if !key.is_empty() && !key.contains(char::is_control) => format!(": it is about {key}"),
            _ => String::new(),
        }
    }

    /// Checks the body against the checksum.
    pub(super) fn open<'a>(&self, body: &'a [u8]) -> Result<Frame<'a>, Fault> {
        let (key, value) = body.split_at_checked(self.key_bytes).ok_or("a frame is cut off")?;
        let digest = audit_chain::digest(&self.op, key, value);
        if !digest.starts_with(&self.checksum) {
            return Err("a frame's checksum does not match");
        }
        Ok(Frame {
            kind: self.kind,
            key,
            value,
            digest,
        })
    }
}

/// A frame whose checksum matched.
pub(super) struct Frame<'a> {
    pub(super) kind: Kind,
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
    /// Over this very frame.
    pub(super) digest: [u8; 32],
}

impl<'a> Frame<'a> {
    /// The frame at the front of some bytes, which may go on after it.
    pub(super) fn first_of(bytes: &'a [u8]) -> Result<Self, Fault> {
        let (head, rest) = bytes.split_at_checked(HEADER_BYTES).ok_or("a frame is cut off")?;
        let header = Header::parse(head)?;
        header.open(rest.get(..header.body_bytes()).ok_or("a frame is cut off")?)
    }

    /// The put that a superseded frame stands for.
    pub(super) fn superseded(&self) -> Result<Superseded, Fault> {
        const SHORT: Fault = "a superseded frame is too short";
        let mut fields = Fields::new(self.value);
        Ok(Superseded {
            key: self.key.to_vec(),
            value_bytes: fields.u32().ok_or(SHORT)?,
            digest: fields.array().ok_or(SHORT)?,
        })
    }

    /// Bytes of the whole frame.
    pub(super) fn len(&self) -> usize {
        HEADER_BYTES + self.key.len() + self.value.len()
    }
}

/// Appends a frame and returns its digest. Key and value are within the engine's limits.
pub(super) fn append(out: &mut Vec<u8>, kind: Kind, key: &[u8], value: &[u8]) -> [u8; 32] {
    let op_header = audit_chain::op_header(kind, key.len(), value.len());
    let digest = audit_chain::digest(&op_header, key, value);
    out.extend(MAGIC);
    out.extend(op_header);
    out.extend(digest.iter().take(CHECKSUM_BYTES));
    out.extend(key);
    out.extend(value);
    digest
}

/// Appends the frame that takes the place of a put whose value is not kept, and returns the digest over it.
pub(super) fn append_superseded(out: &mut Vec<u8>, past: &Superseded) -> [u8; 32] {
    let mut value = past.value_bytes.to_le_bytes().to_vec();
    value.extend(past.digest);
    append(out, Kind::Superseded, &past.key, &value)
}

/// Bytes of the value of a superseded frame: a put with no more than that is not worth replacing.
pub(super) const SUPERSEDED_VALUE_BYTES: u32 = 4 + 32;

/// What a commit frame says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CommitBody {
    pub(super) sequence: u64,
    /// Bytes from the start of the group to this frame.
    pub(super) group_distance: u64,
    /// Frames of this commit, itself left out.
    pub(super) ops: u32,
    pub(super) hash: [u8; 32],
    pub(super) audit: AuditEntry,
}

impl CommitBody {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(self.sequence.to_le_bytes());
        bytes.extend(self.group_distance.to_le_bytes());
        bytes.extend(self.ops.to_le_bytes());
        bytes.extend(self.hash);
        bytes.extend(audit_chain::encode_audit(&self.audit));
        bytes
    }

    pub(super) fn decode(frame: &Frame<'_>) -> Result<Self, Fault> {
        if frame.kind != Kind::Commit {
            return Err("a commit was expected here");
        }
        let mut fields = Fields::new(frame.value);
        let mut body = || Some((fields.u64()?, fields.u64()?, fields.u32()?, fields.array()?));
        let (sequence, group_distance, ops, hash) = body().ok_or("a commit frame is too short")?;
        let audit = audit_chain::decode_audit(fields.rest()).ok_or("a commit's audit entry cannot be read")?;
        Ok(Self {
            sequence,
            group_distance,
            ops,
            hash,
            audit,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::origin::Origin;

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let mut bytes = Vec::new();
        append(&mut bytes, Kind::Put, b"key", b"a value");
        let frame = Frame::first_of(&bytes).expect("sound");
        assert_eq!(
            (frame.kind, frame.key, frame.value),
            (Kind::Put, b"key".as_slice(), b"a value".as_slice())
        );
        assert_eq!(frame.len(), bytes.len());
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                assert!(Frame::first_of(&flipped).is_err(), "byte {at} bit {bit}");
            }
            assert!(Frame::first_of(&bytes[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn commits_survive() {
        let audit = AuditEntry {
            at_ms: 1_780_000_000_000,
            actor: "ann".into(),
            action: "release.promote".into(),
            subject: "support_triage_prod_v9".into(),
            reason: "billing disputes".into(),
            origin: Origin::default(),
        };
        let body = CommitBody {
            sequence: 9,
            group_distance: 512,
            ops: 3,
            hash: [7; 32],
            audit,
        };
        let mut bytes = Vec::new();
        append(&mut bytes, Kind::Commit, &[], &body.encode());
        let frame = Frame::first_of(&bytes).expect("sound");
        assert_eq!(CommitBody::decode(&frame), Ok(body));
    }

    #[test]
    fn golden_bytes() {
        let mut bytes = Vec::new();
        append(&mut bytes, Kind::Put, b"k", b"vv");
        let (magic, op_header, body) = (b"PGBF", [1, 0, 1, 0, 2, 0, 0, 0], b"kvv");
        assert!(bytes.starts_with(&[magic.as_slice(), &op_header].concat()));
        assert!(bytes.ends_with(body));
        assert_eq!(bytes.len(), HEADER_BYTES + body.len());
    }
}
