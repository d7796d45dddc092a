//! Reads the inputs of a case and names our answers in the words of the vector files.

use std::str::FromStr as _;

use pegbox::stats::{Decimal, Limits, StatsError};
use serde_json::{Value, json};

/// Values, or the name of the error.
pub type Answer = Result<Value, String>;

/// The inputs of a case.
#[derive(Clone, Copy)]
pub struct Input<'a>(pub &'a Value);

impl<'a> Input<'a> {
    pub fn get(self, key: &str) -> Input<'a> {
        Input(&self.0[key])
    }

    pub fn is_null(self) -> bool {
        self.0.is_null()
    }

    pub fn items(self) -> impl Iterator<Item = Input<'a>> + Clone {
        self.0.as_array().map_or(&[][..], Vec::as_slice).iter().map(Input)
    }

    /// A null stands for what is not a number.
    pub fn f64(self) -> f64 {
        match self.0 {
            Value::String(text) => text.parse().unwrap_or(f64::NAN),
            value => value.as_f64().unwrap_or(f64::NAN),
        }
    }

    pub fn optional_f64(self) -> Option<f64> {
        (!self.is_null()).then(|| self.f64())
    }

    /// A count, or the error of one that is negative or not whole.
    pub fn count(self) -> Result<u64, String> {
        let text = self.0.as_str().map(str::to_owned);
        let whole = self.0.as_f64().filter(|value| value.fract() == 0.0 && *value >= 0.0);
        self.0
            .as_u64()
            .or_else(|| text?.parse().ok())
            .or_else(|| format!("{:.0}", whole?).parse().ok())
            .ok_or_else(|| "bad_counts".to_owned())
    }

    /// A count of at most 32 bits, or this error.
    pub fn small(self, error: &str) -> Result<u32, String> {
        u32::try_from(self.count()?).ok().ok_or_else(|| error.to_owned())
    }

    pub fn text(self) -> &'a str {
        self.0.as_str().unwrap_or_default()
    }

    pub fn is_true(self) -> bool {
        self.0.as_bool().unwrap_or(false)
    }

    /// A decimal as it was written, or this error.
    pub fn decimal(self, error: &str) -> Result<Decimal, String> {
        let read = match self.0 {
            Value::String(text) => Decimal::from_str(text),
            value => Decimal::from_str(&value.to_string()),
        };
        read.ok().ok_or_else(|| error.to_owned())
    }

    pub fn f64s(self) -> Vec<f64> {
        self.items().map(Input::f64).collect()
    }

    pub fn counts(self) -> Result<Vec<u64>, String> {
        self.items().map(Input::count).collect()
    }

    pub fn count_table(self) -> Result<Vec<Vec<u64>>, String> {
        self.items().map(Input::counts).collect()
    }

    pub fn texts(self) -> Vec<&'a str> {
        self.items().map(Input::text).collect()
    }

    pub fn optional_texts(self) -> Vec<Option<&'a str>> {
        self.items().map(|item| item.0.as_str()).collect()
    }
}

/// A number as the files write it: infinities as text, and never a NaN that would look like an absent value.
pub fn num(value: f64) -> Value {
    match value {
        f64::INFINITY => json!("inf"),
        f64::NEG_INFINITY => json!("-inf"),
        value if value.is_nan() => json!("nan"),
        value => json!(value),
    }
}

pub fn maybe(value: Option<f64>) -> Value {
    value.map_or(Value::Null, num)
}

/// The values with `lo` and `hi` beside them.
pub fn with_limits(mut values: Value, limits: Option<Limits>) -> Value {
    values["lo"] = maybe(limits.map(|limits| limits.lo));
    values["hi"] = maybe(limits.map(|limits| limits.hi));
    values
}

/// Nothing under each of these names.
pub fn nothing(keys: &[&str]) -> Value {
    keys.iter().map(|key| ((*key).to_owned(), Value::Null)).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
pub fn name(error: StatsError) -> String {
    let name = match error {
        StatsError::BadCounts { .. } => "bad_counts",
        StatsError::BadConfidence(_) => "bad_conf",
        StatsError::BadThreshold(_) => "bad_threshold",
        StatsError::EqualityNeedsZeroOrOne(_) => "equality_gate_needs_0_or_1",
        StatsError::BadMargin(_) => "bad_margin",
        StatsError::BadLevel(_) => "bad_p",
        StatsError::BadNull(_) => "bad_p0",
        StatsError::BadAlpha(_) => "bad_alpha",
        StatsError::BadPower(_) => "bad_power",
        StatsError::BadParameter { name, .. } => return format!("bad_{name}"),
        StatsError::NotFinite { .. } => "non_finite",
        StatsError::NotPositive { .. } => "non_positive",
        StatsError::OutOfRange { .. } => "out_of_range",
        StatsError::MissingScores { .. } => "missing_scores",
        StatsError::MissingCluster { .. } => "missing_cluster",
        StatsError::UnknownLabel(_) => "unknown_label",
        StatsError::UnknownItem { .. } => "unknown_item",
        StatsError::LengthMismatch { .. } => "length_mismatch",
        StatsError::TooLargeForExact { .. } => "too_large_for_exact",
        StatsError::JudgeNoBetterThanChance => "judge_no_better_than_chance",
        StatsError::NotStronglyConnected => "not_strongly_connected",
        StatsError::FewerThanK { .. } => "k_gt_n",
        StatsError::NeedsTwoRepeats { .. } => "needs_two_repeats",
        StatsError::DiscordanceBelowDifference { .. } => "discordance_lt_delta",
        StatsError::ZeroEffect => "zero_effect",
        StatsError::BadDecimal(_) => "bad_value",
    };
    name.to_owned()
}
