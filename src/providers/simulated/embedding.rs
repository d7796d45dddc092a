//! Simulated vectors: a text's words, each counted in one of a few places that its hash chooses. Texts with the same
//! words have the same vector, and texts without a common word nearly none in common.

use sha2::{Digest, Sha256};

use super::wording::{stem, words};
use super::{prefix, tokens};

/// The name a suite asks for them by.
pub const EMBEDDING_NAME: &str = "embed-sim-1";

/// Numbers in a vector.
const PLACES: usize = 256;
/// How much of a text is read: it bounds the work.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// The vector of a text, and its tokens. Without a word it points to the first place, since nothing has no direction.
pub fn embed(text: &str) -> (Vec<u32>, u64) {
    let mut vector = vec![0; PLACES];
    for word in words(prefix(text, TEXT_BYTES_MAX)) {
        let digest = Sha256::digest(stem(&word.lower));
        let place = digest.first().copied().map_or(0, usize::from);
        if let Some(count) = vector.get_mut(place) {
            *count += 1;
        }
    }
    if vector.iter().all(|count| *count == 0)
        && let Some(first) = vector.first_mut()
    {
        *first = 1;
    }
    (vector, tokens(text.len()))
}
