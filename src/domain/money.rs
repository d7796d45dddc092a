//! Money that requests cost.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use serde::{Deserialize, Serialize};

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
