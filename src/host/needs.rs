//! What a host is needed for: what decides whether it ends by itself, and whether another version may replace it.

use std::fmt;

use crate::domain::ids::RunId;

/// How many runs are named before the others are counted.
const RUNS_NAMED_MAX: usize = 5;

/// Who and what needs a host, beside whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// Whether it was started in the background, by a guest that found none.
    pub is_detached: bool,
    /// Guests.
    pub guests: usize,
    /// Runs that are at work.
    pub runs: Vec<RunId>,
}

impl Needs {
    /// Whether nobody would miss this host.
    pub fn is_replaceable(&self) -> bool {
        self.is_detached && self.guests == 0 && self.runs.is_empty()
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guests = match self.guests {
            0 => "it has no other guest".to_owned(),
            1 => "it has 1 other guest".to_owned(),
            guests => format!("it has {guests} other guests"),
        };
        let mut runs: Vec<String> = self.runs.iter().take(RUNS_NAMED_MAX).map(RunId::to_string).collect();
        if let more @ 1.. = self.runs.len().saturating_sub(RUNS_NAMED_MAX) {
            runs.push(format!("{more} more"));
        }
        match runs.as_slice() {
            [] => write!(out, "{guests} and works at no run"),
            runs => write!(out, "{guests} and works at {}", runs.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_needs_is_replaced() {
        let idle = Needs {
            is_detached: true,
            guests: 0,
            runs: Vec::new(),
        };
        assert!(idle.is_replaceable());
        assert_eq!(idle.to_string(), "it has no other guest and works at no run");
        let by_hand = Needs {
            is_detached: false,
            ..idle.clone()
        };
        assert!(!by_hand.is_replaceable());
        let busy = Needs {
            guests: 2,
            runs: (1..=7).map(RunId).collect(),
            ..idle
        };
        assert!(!busy.is_replaceable());
        let expected = "it has 2 other guests and works at run_1, run_2, run_3, run_4, run_5, 2 more";
        assert_eq!(busy.to_string(), expected);
    }
}
