//! Seeded slips: the same seed and messages always draw the same numbers, and the temperature sets the bar they must
//! pass.

use sha2::{Digest, Sha256};

use super::{SimMessage, prefix};

/// Chance of a slip in the route, and in each flag, for each degree of temperature: 10 % at 1, 20 % at 2.
const SLIP_PER_DEGREE: f64 = 0.10;

/// Chance of broken JSON for each degree of temperature above 1: none up to 1, 20 % at 2.
const BROKEN_JSON_PER_DEGREE: f64 = 0.20;

/// How much of each message is hashed, besides its length: it bounds the work on a huge ticket.
const HASHED_BYTES_MAX: usize = 128 * 1024;

/// Beyond so many input tokens the simulated latency no longer grows.
const LATENCY_TOKENS_MAX: u64 = 100_000;

/// What goes wrong in one answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Noise {
    temperature: f64,
    route: f64,
    flag: f64,
    json: f64,
    jitter_ms: u64,
}

impl Noise {
    /// Draws for one request. The draws do not depend on the temperature, so raising it only adds slips.
    pub(super) fn draw(seed: u64, messages: &[SimMessage<'_>], temperature: f64) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(seed.to_le_bytes());
        for part in messages.iter().flat_map(|message| [message.role, message.text]) {
            hasher.update(part.len().to_string());
            hasher.update(":");
            hasher.update(prefix(part, HASHED_BYTES_MAX));
        }
        let digest: [u8; 32] = hasher.finalize().into();
        let [route, flag, json, jitter] = words(&digest);
        Self {
            temperature: if temperature.is_nan() {
                0.0
            } else {
                temperature.clamp(0.0, 2.0)
            },
            route: unit(route),
            flag: unit(flag),
            json: unit(json),
            jitter_ms: jitter % 140,
        }
    }

    /// The runner-up is chosen instead of the winner.
    pub(super) fn slips_route(&self) -> bool {
        self.route < SLIP_PER_DEGREE * self.temperature
    }

    /// A flag that should be true is forgotten.
    pub(super) fn drops_flags(&self) -> bool {
        self.flag < SLIP_PER_DEGREE * self.temperature
    }

    /// The JSON loses its last brace.
    pub(super) fn breaks_json(&self) -> bool {
        self.json < BROKEN_JSON_PER_DEGREE * (self.temperature - 1.0)
    }

    /// 160 ms, a millisecond for every 20 tokens in, 8 ms for each token out, and up to 139 ms drawn from the hash.
    pub(super) fn latency_ms(&self, input_tokens: u64, output_tokens: u64) -> u64 {
        160 + input_tokens.min(LATENCY_TOKENS_MAX) / 20 + output_tokens.saturating_mul(8) + self.jitter_ms
    }
}

fn words(digest: &[u8; 32]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(digest.chunks_exact(8)) {
        *word = bytes.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte));
    }
    words
}

/// A number in `0..1` from the 53 high bits, which an `f64` holds exactly.
fn unit(word: u64) -> f64 {
    (word >> 11) as f64 / (1_u64 << 53) as f64
}
