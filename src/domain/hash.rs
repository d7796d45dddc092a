//! The identity of content: SHA-256 over its canonical JSON (RFC 8785), so that anybody can check it with common tools.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{DomainError, canonical};

/// SHA-256 of a record's content. Written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// Hashes the canonical JSON of `content`.
    ///
    /// Numbers follow RFC 8785, that is IEEE doubles: integers above 2^53 lose digits, and what is not finite is null,
    /// so no content field may hold such.
    pub fn of<T: Serialize>(content: &T) -> Result<Self, DomainError> {
        Self::of_grown(content, &[])
    }

    /// Hashes the canonical JSON of a record that has grown: its later fields count only where they say something, so
    /// that a record from before them keeps the hash that it had. What says nothing is null, 0, an empty list, or an
    /// object of only such.
    ///
    /// # Errors
    ///
    /// As [`ContentHash::of`].
    pub fn of_grown<T: Serialize>(record: &T, later: &[LaterFields]) -> Result<Self, DomainError> {
        Ok(Self::of_bytes(&canonical::to_vec(record, later)?))
    }

    /// Hashes bytes as they are.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first eight digits, for lists: `7c1d90aa`.
    pub fn short(&self) -> String {
        self.to_string().chars().take(8).collect()
    }
}

/// Hashes a list of hashes without holding it: the same as [`ContentHash::of_bytes`] of all their bytes in order.
#[derive(Debug, Clone, Default)]
pub struct HashList(Sha256);

impl HashList {
    /// Adds the next one.
    pub fn push(&mut self, hash: &ContentHash) {
        self.0.update(hash.as_bytes());
    }

    /// The hash over all of them.
    pub fn finish(self) -> ContentHash {
        ContentHash(self.0.finalize().into())
    }
}

/// Hashes bytes that come in pieces: the same as [`ContentHash::of_bytes`] of all of them together.
#[derive(Debug, Clone, Default)]
pub(super) struct HashedPieces(Sha256);

impl HashedPieces {
    /// Adds the next piece.
    pub(super) fn push(&mut self, piece: impl AsRef<[u8]>) {
        self.0.update(piece);
    }

    /// The hash over all of them.
    pub(super) fn finish(self) -> ContentHash {
        ContentHash(self.0.finalize().into())
    }
}

/// Fields that came into a record after its first layout.
#[derive(Debug, Clone, Copy)]
pub struct LaterFields {
    /// The fields that lead to the object that they are in, or to the list of such objects; none for the record itself.
    pub within: &'static [&'static str],
    /// Their names.
    pub names: &'static [&'static str],
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let halves = self.0.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        let digits: String = halves.filter_map(|half| char::from_digit(half.into(), 16)).collect();
        f.write_str(&digits)
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHash({self})")
    }
}

impl FromStr for ContentHash {
    type Err = DomainError;
    fn from_str(text: &str) -> Result<Self, DomainError> {
        let fault = || DomainError::BadName {
            what: "content hash",
            given: text.into(),
            why: "write 64 hexadecimal digits".into(),
        };
        if text.len() != 64 || !text.is_ascii() {
            return Err(fault());
        }
        let mut bytes = [0u8; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(pair).ok();
            *byte = digits
                .and_then(|digits| u8::from_str_radix(digits, 16).ok())
                .ok_or_else(fault)?;
        }
        Ok(Self(bytes))
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> String {
        hash.to_string()
    }
}

impl TryFrom<String> for ContentHash {
    type Error = DomainError;
    fn try_from(text: String) -> Result<Self, DomainError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Sample {
        b: f64,
        a: &'static str,
    }

    #[test]
    fn is_sha_256_of_rfc_8785_json() {
        // printf '{"a":"\xc3\xa9","b":0.2}' | sha256sum
        let hash = ContentHash::of(&Sample { b: 0.2, a: "é" }).unwrap();
        assert_eq!(hash, ContentHash::of_bytes("{\"a\":\"é\",\"b\":0.2}".as_bytes()));
        assert_eq!(hash.to_string().parse::<ContentHash>().unwrap(), hash);
    }

    #[test]
    fn refuses_what_is_no_hash() {
        for text in ["", "abc", &"g".repeat(64), &"é".repeat(32)] {
            assert!(text.parse::<ContentHash>().is_err());
        }
    }
}
