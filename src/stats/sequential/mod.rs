//! Tests and intervals that hold at every moment, for canaries that are watched all the time: a test made for one look
//! and taken at 200 raises five times as many false alarms as it says.

mod confidence_sequence;
mod e_process;

pub use confidence_sequence::{
    BettingInterval, Msprt, RateDifferenceSequence, Sidedness, asymptotic_half_width, bernstein_sequence,
    distribution_band, msprt, optimal_rho, rate_difference_sequence, rate_sequence,
};
pub use e_process::{StageCounts, StagedEvidence, event_share_null, event_share_stages, rate_e_process};
