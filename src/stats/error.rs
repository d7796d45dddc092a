//! Input for which no answer exists.

/// Why a function of this layer refused its input.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StatsError {
    /// More successes than trials.
    #[error("counts do not fit: {k} of {n}")]
    BadCounts {
        /// Successes.
        k: u64,
        /// Trials.
        n: u64,
    },
    /// Confidence outside the open interval from 0 to 1; for a one-sided bound from 1/2 to 1.
    #[error("confidence must lie between 0 and 1 (a one-sided bound: between 1/2 and 1), not {0}")]
    BadConfidence(f64),
    /// Threshold of a rate outside 0 to 1.
    #[error("threshold must lie in 0 to 1, not {0}")]
    BadThreshold(f64),
    /// An equality gate on a rate other than never or always.
    #[error("an equality gate needs threshold 0 or 1, not {0}")]
    EqualityNeedsZeroOrOne(f64),
    /// Negative or infinite non-inferiority margin.
    #[error("margin must be a finite number from 0, not {0}")]
    BadMargin(f64),
    /// Quantile level, p-value or rate outside 0 to 1.
    #[error("a level, p-value or rate must lie in 0 to 1, not {0}")]
    BadLevel(f64),
    /// Rate under the null hypothesis outside what the test can use.
    #[error("the rate under the null hypothesis must lie in 0 to 1, for an e-process below 1, not {0}")]
    BadNull(f64),
    /// Error rate outside the open interval from 0 to 1.
    #[error("alpha must lie between 0 and 1, not {0}")]
    BadAlpha(f64),
    /// Power outside the open interval from 0 to 1.
    #[error("power must lie between 0 and 1, not {0}")]
    BadPower(f64),
    /// Another parameter outside its domain.
    #[error("{name} must be {domain}, not {value}")]
    BadParameter {
        /// Its name in the formula.
        name: &'static str,
        /// What it must be.
        domain: &'static str,
        /// What it was.
        value: f64,
    },
    /// NaN or infinity among the values.
    #[error("value {index} is not a finite number")]
    NotFinite {
        /// Position of the first such value, from 0.
        index: usize,
    },
    /// A value of 0 or less where logarithms are taken.
    #[error("value {index} is not positive")]
    NotPositive {
        /// Position of the first such value, from 0.
        index: usize,
    },
    /// A value outside 0 to 1 where the method needs scaled values.
    #[error("value {index} lies outside 0 to 1: clip or scale first")]
    OutOfRange {
        /// Position of the first such value, from 0.
        index: usize,
    },
    /// Missing scores under a policy that takes none.
    #[error("{count} scores are missing")]
    MissingScores {
        /// How many.
        count: u64,
    },
    /// A value that belongs to no cluster.
    #[error("value {index} names no cluster")]
    MissingCluster {
        /// Position of the first such value, from 0.
        index: usize,
    },
    /// A label that is not in the declared set.
    #[error("label {0:?} is not one of the declared labels")]
    UnknownLabel(String),
    /// A game that names an item which is not there.
    #[error("there is no item {index}: there are {count}")]
    UnknownItem {
        /// The position that was named.
        index: usize,
        /// Items.
        count: usize,
    },
    /// Two lists that should go together differ in length.
    #[error("lists differ in length: {left} and {right}")]
    LengthMismatch {
        /// Length of the first.
        left: usize,
        /// Length of the second.
        right: usize,
    },
    /// More than an exact enumeration can take.
    #[error("{n} are too many for the exact method, which takes {max}")]
    TooLargeForExact {
        /// What was asked for.
        n: u64,
        /// What it takes.
        max: u64,
    },
    /// Sensitivity and specificity add up to 1 or less.
    #[error("the judge is no better than chance: sensitivity and specificity must add up to more than 1")]
    JudgeNoBetterThanChance,
    /// Some item never lost, or groups never met: the likeliest strengths are infinite.
    #[error("not every item can be reached from every other by wins: add games, or virtual wins as a prior")]
    NotStronglyConnected,
    /// More attempts asked for than there are.
    #[error("{k} attempts cannot be drawn from {n}")]
    FewerThanK {
        /// Attempts there are.
        n: u64,
        /// Attempts to draw.
        k: u64,
    },
    /// Agreement of repeats where an item has fewer than two.
    #[error("item {index} has fewer than two repeats")]
    NeedsTwoRepeats {
        /// Position of the first such item, from 0.
        index: usize,
    },
    /// A difference of rates larger than the share of pairs that differ.
    #[error("rates cannot differ by {difference} when only {discordance} of the pairs differ")]
    DiscordanceBelowDifference {
        /// Size of the difference.
        difference: f64,
        /// Share of pairs that differ.
        discordance: f64,
    },
    /// Planning for an effect of nothing.
    #[error("an effect of zero takes infinitely many examples")]
    ZeroEffect,
    /// Text that is not a plain decimal number.
    #[error("{0:?} is not a decimal number such as 0.98, of at most 18 digits")]
    BadDecimal(String),
}
