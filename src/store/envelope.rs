//! The envelope around every stored record: what it is, in which schema, how it is coded, and a checksum over all of
//! it.
//!
//! | field | bytes | |
//! | --- | --- | --- |
//! | magic | 4 | `PGBX` |
//! | kind | 2 | which record, [`Record::KIND`] |
//! | schema | 2 | which version of that record, [`Record::SCHEMA`] |
//! | codec | 1 | 1 bincode 2 standard, plus `0x80` when compressed with zstd |
//! | payload length | 4 | bytes that follow the checksum |
//! | uncompressed length | 4 | bytes after decompression; equal to the former when not compressed |
//! | checksum | 16 | first half of BLAKE3 over the fields above and the payload |
//! | payload | | |
//!
//! Numbers are little-endian. bincode stores neither names nor types, so a stored struct never changes: a new schema
//! number gets a new struct, and the old one stays, frozen, to read what is on disk. These serde attributes break
//! bincode and must not occur in a [`Record`]: `skip_serializing_if`, `flatten`, `untagged`, `tag`, `default`. Free
//! JSON is stored as text.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::compression::{compress, decompress};
use super::fields::Fields;

/// A record of ours as it lies on disk: closed, versioned, frozen once released.
pub trait Record: Serialize + DeserializeOwned {
    /// Which record this is; each has a number of its own, never reused.
    const KIND: u16;
    /// Which version of the record's layout this type is.
    const SCHEMA: u16;

    /// Reads a payload in an older layout; `None` for one that this program never wrote.
    fn decode_older(_schema: u16, _payload: &[u8]) -> Option<Result<Self, DecodeError>> {
        None
    }
}

/// Why a payload is not what its label says.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The codec cannot read it.
    #[error("{0}")]
    Codec(#[from] bincode::error::DecodeError),
    /// There is more than the record takes.
    #[error("bytes are left over: it was written by another layout")]
    LeftOver,
}

/// The largest payload, in bytes after decompression. A corrupted length must not make the program allocate more.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Payloads up to this size, in bytes, are left as they are: zstd's own header eats what it saves.
const COMPRESS_ABOVE_BYTES: usize = 512;

const MAGIC: [u8; 4] = *b"PGBX";
const CODEC_BINCODE: u8 = 1;
const CODEC_ZSTD: u8 = 0x80;
const CHECKSUM_BYTES: usize = 16;

/// Why a record could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// The record is larger than [`PAYLOAD_BYTES_MAX`].
    #[error("a record of kind {kind}, schema {schema} takes {bytes} bytes: the limit is {PAYLOAD_BYTES_MAX}")]
    TooLarge {
        /// The record's kind.
        kind: u16,
        /// The record's schema.
        schema: u16,
        /// Its size in bytes.
        bytes: u64,
    },
    /// The record cannot be coded.
    #[error("could not encode a record of kind {kind}, schema {schema}: {why}")]
    Encode {
        /// The record's kind.
        kind: u16,
        /// The record's schema.
        schema: u16,
        /// The codec's reason.
        why: String,
    },
    /// The bytes hold another record, or an older schema of it: the caller picks the type that fits.
    #[error("expected a record of kind {expected_kind}, schema {expected_schema}: found kind {kind}, schema {schema}")]
    Other {
        /// The kind that was asked for.
        expected_kind: u16,
        /// The schema that was asked for.
        expected_schema: u16,
        /// The kind that was found.
        kind: u16,
        /// The schema that was found.
        schema: u16,
    },
    /// A newer pegbox wrote this record.
    #[error(
        "a newer pegbox wrote it: a record of kind {kind} has schema {schema}, and this version reads up to {supported}"
    )]
    NewerSchema {
        /// The record's kind.
        kind: u16,
        /// The schema that was found.
        schema: u16,
        /// The newest schema that this program knows.
        supported: u16,
    },
    /// The bytes are not what was written.
    #[error("could not read a record of kind {kind}, schema {schema}: {what}")]
    Damaged {
        /// The kind that was asked for.
        kind: u16,
        /// The schema that was asked for.
        schema: u16,
        /// What is wrong.
        what: String,
    },
}

/// What an envelope holds, read without decoding it: which type to decode with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// The record's kind.
    pub kind: u16,
    /// The record's schema.
    pub schema: u16,
}

/// Reads which record some bytes hold; `None` when they are no envelope. Checks no checksum: [`decode`] does.
pub fn label(bytes: &[u8]) -> Option<Label> {
    let mut fields = Fields::new(bytes);
    (fields.array() == Some(MAGIC)).then_some(())?;
    Some(Label {
        kind: fields.u16()?,
        schema: fields.u16()?,
    })
}

/// Wraps a record for the store.
///
/// # Errors
/// [`EnvelopeError::TooLarge`], or [`EnvelopeError::Encode`] for a type that bincode cannot write.
pub fn encode<R: Record>(record: &R) -> Result<Vec<u8>, EnvelopeError> {
    let (kind, schema) = (R::KIND, R::SCHEMA);
    let refused = |why: String| EnvelopeError::Encode { kind, schema, why };
    let plain = bincode::serde::encode_to_vec(record, codec()).map_err(|error| refused(error.to_string()))?;
    if plain.len() > PAYLOAD_BYTES_MAX {
        return Err(EnvelopeError::TooLarge {
            kind,
            schema,
            bytes: plain.len() as u64,
        });
    }
    let packed = if plain.len() > COMPRESS_ABOVE_BYTES {
        Some(compress(&plain).map_err(|error| refused(error.to_string()))?)
    } else {
        None
    };
    let (codec, payload) = match &packed {
        Some(packed) if packed.len() < plain.len() => (CODEC_BINCODE | CODEC_ZSTD, packed),
        _ => (CODEC_BINCODE, &plain),
    };
    let mut bytes = Vec::with_capacity(64 + payload.len());
    bytes.extend(MAGIC);
    bytes.extend(kind.to_le_bytes());
    bytes.extend(schema.to_le_bytes());
    bytes.push(codec);
    for len in [payload.len(), plain.len()] {
        bytes.extend(
            u32::try_from(len)
                .map_err(|error| refused(error.to_string()))?
                .to_le_bytes(),
        );
    }
    bytes.extend(checksum(&bytes, payload));
    bytes.extend(payload);
    Ok(bytes)
}

/// Unwraps a record from the store.
///
/// # Errors
/// [`EnvelopeError::NewerSchema`] for what a newer program wrote, [`EnvelopeError::Other`] for another record or an
/// older schema, [`EnvelopeError::Damaged`] for anything that was not written by [`encode`].
pub fn decode<R: Record>(bytes: &[u8]) -> Result<R, EnvelopeError> {
    let damaged = |what: &dyn ToString| EnvelopeError::Damaged {
        kind: R::KIND,
        schema: R::SCHEMA,
        what: what.to_string(),
    };
    let envelope = open(bytes).map_err(|what| damaged(&what))?;
    let Label { kind, schema } = envelope.label;
    if kind == R::KIND && schema > R::SCHEMA {
        return Err(EnvelopeError::NewerSchema {
            kind,
            schema,
            supported: R::SCHEMA,
        });
    }
    let other = || EnvelopeError::Other {
        expected_kind: R::KIND,
        expected_schema: R::SCHEMA,
        kind,
        schema,
    };
    if kind != R::KIND {
        return Err(other());
    }
    let unpacked;
    let plain = if envelope.codec & CODEC_ZSTD == 0 {
        envelope.payload
    } else {
        // The declared length bounds what a hostile payload can make zstd allocate.
        unpacked = decompress(envelope.payload, envelope.plain_len).map_err(|error| damaged(&error))?;
        unpacked.as_slice()
    };
    if plain.len() != envelope.plain_len {
        return Err(damaged(&"its length is not the declared one"));
    }
    let record = if schema == R::SCHEMA {
        decode_payload(plain)
    } else {
        R::decode_older(schema, plain).ok_or_else(other)?
    };
    record.map_err(|error| damaged(&error))
}

/// Reads a payload that is all of one record.
pub(super) fn decode_payload<T: DeserializeOwned>(plain: &[u8]) -> Result<T, DecodeError> {
    let (record, consumed) = bincode::serde::decode_from_slice(plain, codec())?;
    if consumed == plain.len() {
        Ok(record)
    } else {
        Err(DecodeError::LeftOver)
    }
}

struct Envelope<'a> {
    label: Label,
    codec: u8,
    plain_len: usize,
    payload: &'a [u8],
}

/// Takes an envelope apart and checks everything that does not depend on the record's type.
fn open(bytes: &[u8]) -> Result<Envelope<'_>, &'static str> {
    const SHORT: &str = "it is too short";
    let mut fields = Fields::new(bytes);
    if fields.array().ok_or(SHORT)? != MAGIC {
        return Err("it is no envelope");
    }
    let label = Label {
        kind: fields.u16().ok_or(SHORT)?,
        schema: fields.u16().ok_or(SHORT)?,
    };
    let codec = fields.u8().ok_or(SHORT)?;
    let payload_len = fields.u32().ok_or(SHORT)? as usize;
    let plain_len = fields.u32().ok_or(SHORT)? as usize;
    let stored_checksum: [u8; CHECKSUM_BYTES] = fields.array().ok_or(SHORT)?;
    let payload = fields.rest();
    if payload.len() != payload_len || plain_len > PAYLOAD_BYTES_MAX {
        return Err("its length is not the declared one");
    }
    let header = bytes.get(..bytes.len() - payload_len - CHECKSUM_BYTES).ok_or(SHORT)?;
    if checksum(header, payload) != stored_checksum {
        return Err("its checksum does not match");
    }
    if codec & !CODEC_ZSTD != CODEC_BINCODE {
        return Err("its codec is unknown");
    }
    Ok(Envelope {
        label,
        codec,
        plain_len,
        payload,
    })
}

fn checksum(header: &[u8], payload: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(header).update(payload);
    let mut half = [0; CHECKSUM_BYTES];
    half.iter_mut()
        .zip(hasher.finalize().as_bytes())
        .for_each(|(byte, hashed)| *byte = *hashed);
    half
}

/// The limit is what keeps a corrupted length from aborting the process in the allocator.
fn codec() -> bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Varint,
    bincode::config::Limit<PAYLOAD_BYTES_MAX>,
> {
    bincode::config::standard().with_limit::<PAYLOAD_BYTES_MAX>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Note {
        title: String,
        count: u64,
        body: Vec<String>,
        score: Option<f64>,
    }

    impl Record for Note {
        const KIND: u16 = 7;
        const SCHEMA: u16 = 3;
    }

    #[derive(Debug, Serialize, Deserialize)]
    struct OlderNote {
        title: String,
        count: u64,
    }

    impl Record for OlderNote {
        const KIND: u16 = 7;
        const SCHEMA: u16 = 2;
    }

    #[derive(Debug, Serialize, Deserialize)]
    struct Stranger(String);

    impl Record for Stranger {
        const KIND: u16 = 8;
        const SCHEMA: u16 = 3;
    }

    /// The same kind and schema with a field fewer: what a careless edit of a released struct does.
    #[derive(Debug, Serialize, Deserialize)]
    struct Shrunk {
        title: String,
        count: u64,
    }

    impl Record for Shrunk {
        const KIND: u16 = 7;
        const SCHEMA: u16 = 3;
    }

    fn note(body: &str, times: usize) -> Note {
        Note {
            title: "t".into(),
            count: 300,
            body: vec![body.into(); times],
            score: Some(0.5),
        }
    }

    fn hex(bytes: &[u8]) -> String {
        use std::fmt::Write as _;
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes text");
            text
        })
    }

    #[test]
    fn golden_bytes() {
        let bytes = encode(&note("é", 1)).expect("encode");
        let (magic, kind, schema, codec) = ("50474258", "0700", "0300", "01");
        let (payload_len, plain_len) = ("12000000", "12000000");
        let checksum = "67bdf968dd5df1afe6abba93aad1041c";
        let payload = "0174fb2c010102c3a901000000000000e03f";
        assert_eq!(
            hex(&bytes),
            [magic, kind, schema, codec, payload_len, plain_len, checksum, payload].concat()
        );
        assert_eq!(label(&bytes), Some(Label { kind: 7, schema: 3 }));
    }

    #[test]
    fn long_payloads_are_compressed_only_where_it_helps() {
        let repetitive = encode(&note("the same sentence again", 200)).expect("encode");
        assert_eq!(repetitive.get(8), Some(&(CODEC_BINCODE | CODEC_ZSTD)));
        assert!(repetitive.len() < 300);
        assert_eq!(
            decode::<Note>(&repetitive).expect("decode"),
            note("the same sentence again", 200)
        );

        let noise: Vec<u8> = (0..64_u64)
            .flat_map(|n| *blake3::hash(&n.to_le_bytes()).as_bytes())
            .collect();
        let noisy = Note {
            body: vec![String::from_utf8_lossy(&noise).into_owned()],
            ..note("", 0)
        };
        assert_eq!(decode::<Note>(&encode(&noisy).expect("encode")).expect("decode"), noisy);
        assert_eq!(encode(&note("short", 1)).expect("encode").get(8), Some(&CODEC_BINCODE));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        for record in [note("small", 2), note("compressed as it is long enough", 100)] {
            let bytes = encode(&record).expect("encode");
            for at in 0..bytes.len() {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << (at % 8);
                assert!(decode::<Note>(&flipped).is_err(), "byte {at} flipped");
                assert!(decode::<Note>(&bytes[..at]).is_err(), "cut at {at}");
            }
            assert!(decode::<Note>(&[bytes, vec![0]].concat()).is_err(), "a byte too many");
        }
    }

    #[test]
    fn other_kinds_and_schemas_are_told_apart() {
        let bytes = encode(&note("x", 1)).expect("encode");
        let newer = decode::<OlderNote>(&bytes).expect_err("newer schema");
        assert!(
            matches!(
                newer,
                EnvelopeError::NewerSchema {
                    kind: 7,
                    schema: 3,
                    supported: 2
                }
            ),
            "{newer}"
        );
        assert_eq!(
            newer.to_string(),
            "a newer pegbox wrote it: a record of kind 7 has schema 3, and this version reads up to 2"
        );
        let other = decode::<Stranger>(&bytes).expect_err("other kind");
        assert_eq!(
            other.to_string(),
            "expected a record of kind 8, schema 3: found kind 7, schema 3"
        );
        let older = encode(&OlderNote {
            title: "t".into(),
            count: 1,
        })
        .expect("encode");
        assert!(matches!(
            decode::<Note>(&older),
            Err(EnvelopeError::Other { schema: 2, .. })
        ));
    }

    #[test]
    fn a_layout_that_reads_fewer_bytes_is_refused() {
        let error = decode::<Shrunk>(&encode(&note("x", 1)).expect("encode")).expect_err("left over");
        assert!(error.to_string().contains("left over"), "{error}");
    }

    #[test]
    fn a_payload_that_unpacks_to_more_than_declared_is_refused() {
        let mut bytes = encode(&note("the same sentence again", 200)).expect("encode");
        let payload = bytes.split_off(33);
        bytes.truncate(13);
        bytes.extend(100_u32.to_le_bytes());
        bytes.extend(checksum(&bytes, &payload));
        bytes.extend(payload);
        assert!(matches!(decode::<Note>(&bytes), Err(EnvelopeError::Damaged { .. })));
    }

    #[test]
    fn a_hostile_length_inside_the_payload_is_an_error() {
        let payload = [0xfd, 0, 0, 0, 0, 2, 0, 0, 0];
        let mut bytes = [MAGIC.as_slice(), &[7, 0, 3, 0, CODEC_BINCODE, 9, 0, 0, 0, 9, 0, 0, 0]].concat();
        bytes.extend(checksum(&bytes, &payload));
        bytes.extend(payload);
        let error = decode::<Note>(&bytes).expect_err("8 GiB of text");
        assert!(error.to_string().contains("LimitExceeded"), "{error}");
    }

    proptest! {
        #[test]
        fn records_survive(
            title in ".{0,40}", count: u64, body in prop::collection::vec(".{0,80}", 0..30), score: Option<f32>
        ) {
            let record = Note { title, count, body, score: score.map(f64::from) };
            let bytes = encode(&record).expect("encode");
            prop_assert_eq!(decode::<Note>(&bytes).expect("decode"), record);
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode::<Note>(&bytes).is_err());
        }
    }
}
