//! Which units of traffic fall into a canary: our scheme, and those of four others so that their splits can be read.
//! All hash the UTF-8 bytes.

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::StatsError;
use super::random::multiply_shift;

/// Buckets of a release: hundredths of a percent.
pub const BUCKETS: u64 = 10_000;
/// Units that [`ramp_counts`] names.
const NAMED_UNITS_MAX: usize = 5;
/// Most units that [`ramp_counts`] hashes.
const UNITS_MAX: u64 = 100_000_000;
/// Weights of `OpenFeature`'s flagd add up to no more.
const FLAGD_WEIGHT_MAX: u64 = i32::MAX as u64;

/// Where a unit of traffic falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleaseBucket {
    /// The first 8 bytes of the hash, big-endian.
    pub hash: u64,
    /// Below [`BUCKETS`]; in the canary while it is below `percent * 100`.
    pub bucket: u64,
}

/// The bucket of a unit in a release (vector `release_bucket`): SHA-256 of salt, a zero byte and unit, its first 8
/// bytes as `h`, then `(h * 10000) >> 64`. The zero byte keeps ("ab", "c") from being ("a", "bc"). With one salt for
/// each release, ramps are nested: a unit never leaves while the share grows.
pub fn release_bucket(salt: &str, unit: &str) -> ReleaseBucket {
    let mut hasher = Sha256::new();
    hasher.update(salt.as_bytes());
    hasher.update([0]);
    hasher.update(unit.as_bytes());
    let hash = leading_u64(&hasher.finalize());
    ReleaseBucket {
        hash,
        bucket: multiply_shift(hash, BUCKETS),
    }
}

fn leading_u64(digest: &[u8]) -> u64 {
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// How a ramp fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RampCounts {
    /// Units in the canary at each step.
    pub in_canary: Vec<u64>,
    /// The first five units in it at the first step.
    pub first_units: Vec<String>,
}

/// Counts which of the units `prefix0, prefix1, ...`, `n` of them, are in the canary at each step, given in basis
/// points (vector `ramp_counts`).
///
/// Errors: more than a hundred million units.
pub fn ramp_counts(salt: &str, prefix: &str, n: u64, steps: &[u64]) -> Result<RampCounts, StatsError> {
    if n > UNITS_MAX {
        return Err(StatsError::TooLargeForExact { n, max: UNITS_MAX });
    }
    let mut counts = RampCounts {
        in_canary: vec![0; steps.len()],
        first_units: Vec::new(),
    };
    for index in 0..n {
        let unit = format!("{prefix}{index}");
        let bucket = release_bucket(salt, &unit).bucket;
        for (count, step) in counts.in_canary.iter_mut().zip(steps) {
            *count += u64::from(bucket < *step);
        }
        let is_first = steps.first().is_some_and(|step| bucket < *step);
        if is_first && counts.first_units.len() < NAMED_UNITS_MAX {
            counts.first_units.push(unit);
        }
    }
    Ok(counts)
}

/// 32-bit FNV-1a (vector `fnv1a32_str`).
pub fn fnv1a32(text: &str) -> u32 {
    text.bytes().fold(0x811C_9DC5, |hash: u32, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// `MurmurHash3` `x86_32` (vector `murmur3_str`): by hand, since the crate reads from a stream and may fail.
pub fn murmur3_32(text: &str, seed: u32) -> u32 {
    let scramble = |block: u32| {
        block
            .wrapping_mul(0xCC9E_2D51)
            .rotate_left(15)
            .wrapping_mul(0x1B87_3593)
    };
    let little_endian = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0_u32, |block, byte| block << 8 | u32::from(*byte))
    };
    let blocks = text.as_bytes().chunks_exact(4);
    let tail = blocks.remainder();
    let mut hash = blocks.fold(seed, |hash, block| {
        let mixed = (hash ^ scramble(little_endian(block))).rotate_left(13);
        mixed.wrapping_mul(5).wrapping_add(0xE654_6B64)
    });
    hash ^= scramble(little_endian(tail));
    // The length counts modulo 2^32.
    hash ^= (text.len() & 0xFFFF_FFFF).try_into().unwrap_or(u32::MAX);
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85EB_CA6B);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xC2B2_AE35);
    hash ^ (hash >> 16)
}

/// `GrowthBook`'s bucket, 0 to 1 (vector `growthbook_bucket`). Version 2: FNV-1a of the decimal FNV-1a of seed and
/// value, modulo 10000; version 1: of value and seed, modulo 1000. `None` for another version. Theirs hashes UTF-16
/// units, which differ outside ASCII.
pub fn growthbook_bucket(seed: &str, value: &str, version: u64) -> Option<f64> {
    match version {
        2 => {
            let inner = fnv1a32(&format!("{seed}{value}"));
            Some(f64::from(fnv1a32(&inner.to_string()) % 10_000) / 10_000.0)
        }
        1 => Some(f64::from(fnv1a32(&format!("{value}{seed}")) % 1_000) / 1_000.0),
        _ => None,
    }
}

/// Unleash's bucket, 1 to `normalizer` (vector `unleash_normalized`): `murmur3(group:identifier) % normalizer + 1`.
///
/// Errors: a normalizer of 0.
pub fn unleash_normalized(group: &str, identifier: &str, seed: u32, normalizer: u32) -> Result<u64, StatsError> {
    murmur3_32(&format!("{group}:{identifier}"), seed)
        .checked_rem(normalizer)
        .map(|rest| u64::from(rest) + 1)
        .ok_or(StatsError::BadParameter {
            name: "normalizer",
            domain: "at least 1",
            value: 0.0,
        })
}

/// Where flagd puts a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagdBucket {
    /// `(murmur3 * total) >> 32`
    pub bucket: u64,
    /// The first variant whose cumulative weight is above it; `None` where all weights are 0.
    pub variant: Option<String>,
}

/// `OpenFeature` flagd's fractional evaluation (vector `flagd_fractional`), for variants with whole weights.
///
/// Errors: weights that add up to more than 2^31 - 1.
pub fn flagd_fractional<S: AsRef<str>>(bucket_by: &str, weights: &[(S, u64)]) -> Result<FlagdBucket, StatsError> {
    let total = weights
        .iter()
        .fold(0, |sum: u64, (_, weight)| sum.saturating_add(*weight));
    if total > FLAGD_WEIGHT_MAX {
        let (name, domain, value) = ("weights", "at most 2147483647 in all", total as f64);
        return Err(StatsError::BadParameter { name, domain, value });
    }
    let bucket = (u64::from(murmur3_32(bucket_by, 0)) * total) >> 32;
    let mut cumulative = 0;
    let variant = weights.iter().find(|(_, weight)| {
        cumulative += weight;
        bucket < cumulative
    });
    Ok(FlagdBucket {
        bucket,
        variant: variant.map(|(name, _)| name.as_ref().to_owned()),
    })
}

/// `LaunchDarkly`'s bucket, 0 to 1 (vector `launchdarkly_bucket`): the first 15 hexadecimal digits of the SHA-1 of
/// `key.salt.value` over the largest such number. Theirs computes in 32-bit floats.
pub fn launchdarkly_bucket(key: &str, salt: &str, value: &str) -> f64 {
    const LARGEST: u64 = 0x0FFF_FFFF_FFFF_FFFF;
    let digest = Sha1::digest(format!("{key}.{salt}.{value}").as_bytes());
    (leading_u64(&digest) >> 4) as f64 / LARGEST as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_keeps_salt_and_unit_apart() {
        assert_ne!(release_bucket("ab", "c"), release_bucket("a", "bc"));
    }

    #[test]
    fn ramps_are_nested() {
        for unit in 0..2_000 {
            let bucket = release_bucket("rel_07", &format!("user-{unit}")).bucket;
            assert!(bucket < BUCKETS);
            let inside: Vec<bool> = [500, 2_500, 5_000, 10_000].iter().map(|step| bucket < *step).collect();
            assert!(inside.is_sorted());
        }
    }

    #[test]
    fn published_values_of_launchdarkly_are_met() {
        for (unit, want) in [
            ("userKeyA", 0.421_575_87),
            ("userKeyB", 0.670_848_5),
            ("userKeyC", 0.103_431_06),
        ] {
            assert!(
                (launchdarkly_bucket("hashKey", "saltyA", unit) - want).abs() < 1e-6,
                "{unit}"
            );
        }
    }

    #[test]
    fn published_values_of_unleash_are_met() {
        assert!(unleash_normalized("AB12A", "122", 0, 100).unwrap() <= 50);
        assert!(unleash_normalized("AB12A", "155", 0, 100).unwrap() > 50);
        assert!(unleash_normalized("AB12A", "155", 0, 0).is_err());
    }

    #[test]
    fn every_length_of_tail_is_hashed() {
        // Published for MurmurHash3 x86_32.
        assert_eq!(murmur3_32("", 1), 0x514E_28B7);
        assert_eq!(murmur3_32("test", 0x9747_B28C), 0x704B_81DC);
        assert_eq!(murmur3_32("Hello, world!", 0x9747_B28C), 0x2488_4CBA);
        assert_eq!(murmur3_32("aaa", 0x9747_B28C), 0x283E_0130);
        assert_eq!(murmur3_32("aa", 0x9747_B28C), 0x5D21_1726);
    }

    #[test]
    fn weights_of_nothing_choose_nothing() {
        assert_eq!(flagd_fractional("x", &[("a", 0), ("b", 0)]).unwrap().variant, None);
        assert_eq!(flagd_fractional::<&str>("x", &[]).unwrap().bucket, 0);
        assert_eq!(
            flagd_fractional("x", &[("a", 0), ("b", 7)]).unwrap().variant.as_deref(),
            Some("b")
        );
        assert!(flagd_fractional("x", &[("a", u64::MAX), ("b", 7)]).is_err());
    }
}
