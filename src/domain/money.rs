//! Money that requests cost.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::hash::ContentHash;

/// Digits behind the point of a dollar amount.
const NANO_DIGITS: usize = 9;

/// Nano-dollars. One token at $0.05 a million costs 50 of them, so list prices stay whole numbers and sums stay exact;
/// micro-dollars would round every small model to zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct UsdNanos(pub u64);

impl UsdNanos {
    /// The amount in dollars, for display and for thresholds.
    pub fn as_usd(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

/// A file of list prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceFile {
    /// The day on which its prices were read, as the file says.
    pub as_of: String,
    /// SHA-256 of its bytes.
    pub content_hash: ContentHash,
}

impl fmt::Display for PriceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.as_of, self.content_hash.short())
    }
}

impl From<u64> for UsdNanos {
    fn from(nanos: u64) -> Self {
        Self(nanos)
    }
}

impl FromStr for UsdNanos {
    type Err = DomainError;

    /// Dollars as people write them: `5`, `0.25`, `$1.50`; at most nine digits behind the point.
    fn from_str(text: &str) -> Result<Self, DomainError> {
        let refuse = || DomainError::field(text, "not an amount of dollars: write one such as 2.50");
        let amount = text.strip_prefix('$').unwrap_or(text);
        let (dollars, part) = amount.split_once('.').unwrap_or((amount, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(dollars) || !is_number(part) || part.len() > NANO_DIGITS {
            return Err(refuse());
        }
        // The digits of both parts together are the amount in nano-dollars.
        let nanos = format!("{dollars}{part:0<NANO_DIGITS$}").parse().ok();
        nanos.map(Self).ok_or_else(refuse)
    }
}

impl Add for UsdNanos {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for UsdNanos {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self(0), Add::add)
    }
}

impl fmt::Display for UsdNanos {
    /// Four digits after the point below a cent, two from a dollar on: `$0.0003`, `$1.92`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usd = self.as_usd();
        if self.0 == 0 {
            write!(f, "$0")
        } else if usd < 0.0001 {
            write!(f, "${usd:.7}")
        } else if usd < 1.0 {
            write!(f, "${usd:.4}")
        } else {
            write!(f, "${usd:.2}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_to_the_last_digit() {
        for (text, nanos) in [
            ("5", 5_000_000_000),
            ("$0.25", 250_000_000),
            ("1.000000001", 1_000_000_001),
            ("0.0", 0),
        ] {
            assert_eq!(text.parse(), Ok(UsdNanos(nanos)), "{text}");
        }
        for text in [
            "",
            "$",
            "-1",
            ".5",
            "1.",
            "1e3",
            "1.0000000001",
            "99999999999999999999",
            "5 USD",
        ] {
            assert!(text.parse::<UsdNanos>().is_err(), "{text}");
        }
    }
}
