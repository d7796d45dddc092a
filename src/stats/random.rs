//! The one source of pseudo-random numbers: seeded, the same on every machine and in every version.

use super::StatsError;

/// Vigna's `SplitMix64` (vector `splitmix64`). By hand, since the range sampling of crates changes between versions and
/// a stored seed must give the same interval for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `n`: `(u64 n) >> 64`, without rejection. 0 for `n = 0`.
    pub fn below(&mut self, n: u64) -> u64 {
        multiply_shift(self.next_u64(), n)
    }

    /// A place in a slice of this length; 0 for an empty one.
    pub fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }
}

/// `(hash n) >> 64`: maps a 64-bit number evenly below `n`.
pub(super) fn multiply_shift(hash: u64, n: u64) -> u64 {
    u64::try_from((u128::from(hash) * u128::from(n)) >> 64).unwrap_or(0)
}

/// The first `count` places that a bootstrap over `n` values draws (vector `resample_indices`).
///
/// Errors: nothing to draw from.
pub fn resample_indices(seed: u64, n: u64, count: usize) -> Result<Vec<u64>, StatsError> {
    if n == 0 && count > 0 {
        let (name, domain, value) = ("n", "at least 1", 0.0);
        return Err(StatsError::BadParameter { name, domain, value });
    }
    let mut random = SplitMix64::new(seed);
    Ok((0..count).map(|_| random.below(n)).collect())
}
