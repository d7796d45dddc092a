//! What a metric's number is of, and the one way in which it is written.

use serde::Serialize;

/// What a metric's number is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A share or score from 0 to 1.
    Share,
    /// A coefficient from -1 to 1, such as kappa.
    Coefficient,
    /// Milliseconds.
    Milliseconds,
    /// US dollars.
    UsDollars,
}
