//! List prices, from a dated table that ships with the program.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::money::UsdNanos;
use crate::domain::outcome::Usage;

/// The table as it is written for people.
const TABLE: &str = include_str!("../../assets/prices.toml");

/// Nano-dollars a token for one dollar a million tokens.
const NANOS_PER_USD_PER_MILLION: f64 = 1000.0;

/// Prices of models by name, and when they were read.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    /// The day on which the prices were read.
    pub as_of: String,
    /// Where they were read.
    pub source: String,
    models: Vec<ModelPrice>,
}

/// US dollars for a million tokens.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelPrice {
    /// The names that have this price.
    names: Vec<String>,
    input: f64,
    cached_input: f64,
    output: f64,
    /// Above so many input tokens another price holds, which the table does not have.
    input_tokens_max: Option<u64>,
}

/// The table that ships with the program.
pub fn table() -> &'static PriceTable {
    // That it reads is tested; a table that did not would make prices unknown, never wrong.
    static PRICES: LazyLock<PriceTable> = LazyLock::new(|| toml::from_str(TABLE).unwrap_or_default());
    &PRICES
}

impl PriceTable {
    /// What an answer cost at list price; `None` where the model or one of the token counts is unknown.
    pub fn cost(&self, model_name: &str, usage: &Usage) -> Option<UsdNanos> {
        let price = self
            .models
            .iter()
            .find(|price| price.names.iter().any(|name| name == model_name))?;
        let (input, output) = (usage.input_tokens?, usage.output_tokens?);
        if price.input_tokens_max.is_some_and(|max| input > max) {
            return None;
        }
        let cached = usage.cached_tokens.unwrap_or(0).min(input);
        let parts = [
            (input - cached, price.input),
            (cached, price.cached_input),
            (output, price.output),
        ];
        let nanos = parts
            .into_iter()
            .map(|(tokens, usd_per_million)| tokens.checked_mul(nanos_per_token(usd_per_million)?))
            .try_fold(0_u64, |sum, part| sum.checked_add(part?))?;
        Some(UsdNanos(nanos))
    }
}

/// `None` for a price that is not a whole number of nano-dollars: a rounded one would be a wrong sum over many tokens.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole and within the range just above"
)]
fn nanos_per_token(usd_per_million: f64) -> Option<u64> {
    let nanos = usd_per_million * NANOS_PER_USD_PER_MILLION;
    let whole = nanos.round();
    ((nanos - whole).abs() < 1e-6 && (0.0..1e12).contains(&whole)).then_some(whole as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, cached: u64, output: u64) -> Usage {
        Usage {
            input_tokens: Some(input),
            cached_tokens: Some(cached),
            output_tokens: Some(output),
            reasoning_tokens: None,
        }
    }

    #[test]
    fn the_shipped_table_reads_and_has_whole_prices() {
        let table: PriceTable = toml::from_str(TABLE).unwrap();
        assert!(table.as_of.len() == 10 && !table.source.is_empty());
        for price in &table.models {
            for usd in [price.input, price.cached_input, price.output] {
                assert!(nanos_per_token(usd).is_some(), "{price:?}");
            }
        }
    }

    #[test]
    fn costs_agree_with_an_independent_calculator() {
        for (model, usage, nanos) in [
            ("gpt-4.1", usage(120, 0, 14), 352_000),
            ("gpt-4.1", usage(120, 64, 14), 256_000),
            ("gpt-4.1-2025-04-14", usage(120, 64, 14), 256_000),
            ("gpt-5-mini", usage(1000, 512, 300), 734_800),
            ("gpt-4.1", usage(0, 0, 0), 0),
        ] {
            assert_eq!(table().cost(model, &usage), Some(UsdNanos(nanos)), "{model}");
        }
    }

    #[test]
    fn unknown_stays_unknown() {
        assert_eq!(table().cost("gpt-4.1-like", &usage(1, 0, 1)), None);
        assert_eq!(table().cost("gpt-4.1", &Usage::default()), None);
        assert_eq!(table().cost("gpt-5.4", &usage(272_001, 0, 1)), None);
        assert_eq!(table().cost("gpt-4.1", &usage(u64::MAX, 0, 1)), None);
    }
}
