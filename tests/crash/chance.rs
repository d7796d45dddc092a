//! Chance that can be had again: every choice follows from the seed.

use std::env;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::str::FromStr;
use std::time::Duration;

/// A generator of numbers (`SplitMix64`).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to this one, which it never is.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A moment from now up to a little after this time.
    pub fn moment_in(&mut self, typical: Duration) -> Duration {
        let us = u64::try_from(typical.as_micros()).unwrap();
        Duration::from_micros(self.below(us * 11 / 10 + 1))
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        let count = u64::try_from(of.len()).unwrap();
        of[usize::try_from(self.below(count)).unwrap()]
    }
}

/// The seed of this run: `PEGBOX_SEED`, or a new one.
pub fn seed() -> u64 {
    number("PEGBOX_SEED").unwrap_or_else(|| {
        // Its keys are random; a short number is easier to type again.
        RandomState::new().build_hasher().finish() % 1_000_000
    })
}

/// The number in a variable, where it is set.
pub fn number<T: FromStr>(variable: &str) -> Option<T> {
    let text = env::var(variable).ok()?;
    let Ok(number) = text.parse() else {
        panic!("{variable} is '{text}': set it to a number");
    };
    Some(number)
}
