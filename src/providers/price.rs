//! List prices, from a dated table that ships with the program and tables of the user's own, which win.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use crate::domain::hash::ContentHash;
use crate::domain::money::{PriceFile, UsdNanos};
use crate::domain::outcome::Usage;

/// The table as it is written for people.
const SHIPPED: &str = include_str!("../../assets/prices.toml");
/// Nano-dollars a token for one dollar a million tokens.
const NANOS_PER_USD_PER_MILLION: f64 = 1000.0;
/// Words with which providers name the tier that list prices are for.
const LIST_TIERS: [&str; 4] = ["default", "standard", "auto", "on_demand"];

/// Prices of models by provider and name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PriceTable {
    /// The strongest first, each with the hash of its file.
    lists: Vec<(PriceList, ContentHash)>,
}

/// One file of prices.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceList {
    /// The day on which the prices were read.
    as_of: String,
    /// Where they were read.
    source: String,
    #[serde(default)]
    models: Vec<ModelPrice>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelPrice {
    /// The providers that have this price; all, where none is named.
    #[serde(default)]
    providers: Vec<String>,
    /// The names that have this price.
    names: Vec<String>,
    input: Usd,
    cached_input: Option<Usd>,
    cache_write: Option<Usd>,
    cache_write_1h: Option<Usd>,
    output: Usd,
    /// As `output` where not given.
    reasoning: Option<Usd>,
    /// Other prices for long prompts.
    above: Option<Above>,
}

/// What holds for a request with more input tokens than this.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Above {
    input_tokens: u64,
    input: Usd,
    cached_input: Option<Usd>,
    cache_write: Option<Usd>,
    cache_write_1h: Option<Usd>,
    output: Usd,
    reasoning: Option<Usd>,
}

/// US dollars for a million tokens, as whole nano-dollars a token: a rounded price would be a wrong sum over many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "f64")]
struct Usd {
    nanos_per_token: u64,
}

impl TryFrom<f64> for Usd {
    type Error = String;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and within the range just above"
    )]
    fn try_from(usd_per_million: f64) -> Result<Self, String> {
        let nanos = usd_per_million * NANOS_PER_USD_PER_MILLION;
        let whole = nanos.round();
        if (nanos - whole).abs() < 1e-6 && (0.0..1e12).contains(&whole) {
            Ok(Self {
                nanos_per_token: whole as u64,
            })
        } else {
            Err(format!(
                "{usd_per_million} is no price: use dollars for a million tokens, with at most three digits after the \
                 point"
            ))
        }
    }
}

/// What an answer is billed by besides its [`Usage`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Bill {
    /// Of the tokens written to the cache, those that stay for an hour.
    pub(super) cache_write_1h_tokens: u64,
    /// The tier that answered, in the provider's word.
    pub(super) tier: Option<String>,
    /// What the provider itself says that it cost.
    pub(super) reported: Option<UsdNanos>,
}

impl PriceTable {
    /// The table that ships with the program.
    pub fn shipped() -> Arc<Self> {
        // That it reads is tested; a table that did not would make prices unknown, never wrong.
        static TABLE: LazyLock<Arc<PriceTable>> = LazyLock::new(|| {
            let nothing = PriceTable::default();
            Arc::new(nothing.with(SHIPPED).unwrap_or(nothing))
        });
        Arc::clone(&TABLE)
    }

    /// The same with the prices of a file before its own.
    ///
    /// # Errors
    ///
    /// What cannot be read in the text, and where.
    pub fn with(&self, text: &str) -> Result<Self, String> {
        let list: PriceList = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut lists = self.lists.clone();
        lists.insert(0, (list, ContentHash::of_bytes(text.as_bytes())));
        Ok(Self { lists })
    }

    /// The files that it was made of, those first that win.
    pub fn files(&self) -> Vec<PriceFile> {
        let file = |(list, content_hash): &(PriceList, ContentHash)| PriceFile {
            as_of: list.as_of.clone(),
            content_hash: *content_hash,
        };
        self.lists.iter().map(file).collect()
    }

    /// What tokens cost at list price; `None` where the model, its price or one of the counts is unknown.
    pub fn cost(&self, provider: &str, model_name: &str, usage: &Usage) -> Option<UsdNanos> {
        self.bill(provider, model_name, usage, &Bill::default())
    }

    /// The same with all that is billed. A tier that list prices are not for is unknown too.
    pub(super) fn bill(&self, provider: &str, model_name: &str, usage: &Usage, bill: &Bill) -> Option<UsdNanos> {
        if let Some(tier) = &bill.tier
            && !LIST_TIERS.contains(&tier.to_lowercase().as_str())
        {
            return None;
        }
        let has = |names: &[String], name: &str| names.iter().any(|known| known == name);
        let mut prices = self.lists.iter().flat_map(|(list, _)| &list.models);
        let price = prices.find(|price| {
            has(&price.names, model_name) && (price.providers.is_empty() || has(&price.providers, provider))
        })?;
        price.for_input(usage.input_tokens?).cost(usage, bill)
    }
}

impl ModelPrice {
    /// The prices for a request with so many input tokens.
    fn for_input(&self, input_tokens: u64) -> Rates {
        match &self.above {
            Some(above) if input_tokens > above.input_tokens => Rates {
                input: above.input,
                cached_input: above.cached_input,
                cache_write: above.cache_write,
                cache_write_1h: above.cache_write_1h,
                output: above.output,
                reasoning: above.reasoning,
            },
            _ => Rates {
                input: self.input,
                cached_input: self.cached_input,
                cache_write: self.cache_write,
                cache_write_1h: self.cache_write_1h,
                output: self.output,
                reasoning: self.reasoning,
            },
        }
    }
}

/// The prices that hold for one request.
struct Rates {
    input: Usd,
    cached_input: Option<Usd>,
    cache_write: Option<Usd>,
    cache_write_1h: Option<Usd>,
    output: Usd,
    reasoning: Option<Usd>,
}

impl Rates {
    /// `None` where tokens of some kind have no price.
    fn cost(&self, usage: &Usage, bill: &Bill) -> Option<UsdNanos> {
        let (input, output) = (usage.input_tokens?, usage.output_tokens?);
        let cached = usage.cached_tokens.unwrap_or(0).min(input);
        let written = usage.cache_write_tokens.unwrap_or(0);
        let written_1h = bill.cache_write_1h_tokens.min(written);
        let fresh = input.checked_sub(cached)?.checked_sub(written)?;
        let reasoning = usage.reasoning_tokens.unwrap_or(0).min(output);
        let parts = [
            (fresh, Some(self.input)),
            (cached, self.cached_input),
            (written - written_1h, self.cache_write),
            (written_1h, self.cache_write_1h),
            (output - reasoning, Some(self.output)),
            (reasoning, Some(self.reasoning.unwrap_or(self.output))),
        ];
        let nanos = parts
            .into_iter()
            .filter(|(tokens, _)| *tokens > 0)
            .map(|(tokens, usd)| tokens.checked_mul(usd?.nanos_per_token))
            .try_fold(0_u64, |sum, part| sum.checked_add(part?))?;
        Some(UsdNanos(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, cached: u64, output: u64) -> Usage {
        Usage {
            input_tokens: Some(input),
            cached_tokens: Some(cached),
            cache_write_tokens: None,
            output_tokens: Some(output),
            reasoning_tokens: None,
        }
    }

    #[test]
    fn the_shipped_table_reads_and_names_no_model_twice() {
        let list: PriceList = toml::from_str(SHIPPED).unwrap();
        assert!(list.as_of.len() == 10 && !list.source.is_empty());
        let mut seen = std::collections::HashSet::new();
        for price in &list.models {
            assert!(!price.providers.is_empty(), "{:?}", price.names);
            for name in &price.names {
                assert!(seen.insert((&price.providers, name)), "{name}");
            }
        }
        assert!(seen.len() > 60);
    }

    #[test]
    fn costs_agree_with_an_independent_calculator() {
        let table = PriceTable::shipped();
        let reasoned = Usage {
            reasoning_tokens: Some(200),
            ..usage(1000, 0, 300)
        };
        let written = Usage {
            cache_write_tokens: Some(512),
            ..usage(2000, 1024, 100)
        };
        let for_an_hour = Bill {
            cache_write_1h_tokens: 12,
            ..Bill::default()
        };
        let none = Bill::default();
        for (provider, model, usage, bill, nanos) in [
            ("openai", "gpt-4.1", usage(120, 0, 14), &none, 352_000),
            ("azure", "gpt-4.1", usage(120, 64, 14), &none, 256_000),
            ("openai", "gpt-4.1-2025-04-14", usage(120, 64, 14), &none, 256_000),
            ("openai_responses", "gpt-5-mini", usage(1000, 512, 300), &none, 734_800),
            ("anthropic", "claude-sonnet-4-5", written, &none, 5_119_200),
            // Twelve of them at 6 dollars a million instead of 3.75.
            ("anthropic", "claude-sonnet-4-5", written, &for_an_hour, 5_146_200),
            ("gemini", "gemini-2.5-flash", reasoned, &none, 1_050_000),
            ("openai", "gpt-4.1", usage(0, 0, 0), &none, 0),
        ] {
            let cost = table.bill(provider, model, &usage, bill);
            assert_eq!(cost, Some(UsdNanos(nanos)), "{model}");
        }
    }

    #[test]
    fn unknown_stays_unknown() {
        let table = PriceTable::shipped();
        for (provider, model, usage) in [
            ("openai", "gpt-4.1-like", usage(1, 0, 1)),
            ("vllm", "gpt-4.1", usage(1, 0, 1)),
            ("openai", "gpt-4.1", Usage::default()),
            ("openai", "gpt-4.1", usage(u64::MAX, 0, 1)),
        ] {
            assert_eq!(table.cost(provider, model, &usage), None, "{provider} {model}");
        }
        let unpriced = Usage {
            cache_write_tokens: Some(1),
            ..usage(10, 0, 1)
        };
        assert_eq!(table.cost("openai", "gpt-4.1", &unpriced), None);
        for (tier, is_known) in [
            ("default", true),
            ("ON_DEMAND", true),
            ("priority", false),
            ("flex", false),
        ] {
            let bill = Bill {
                tier: Some(tier.into()),
                ..Bill::default()
            };
            let cost = table.bill("openai", "gpt-4.1", &usage(10, 0, 1), &bill);
            assert_eq!(cost.is_some(), is_known, "{tier}");
        }
    }

    #[test]
    fn a_long_prompt_has_its_own_price() {
        let table = PriceTable::shipped();
        let cost = |input| table.cost("openai", "gpt-5.4", &usage(input, 0, 0));
        assert_eq!(cost(272_000), Some(UsdNanos(272_000 * 2500)));
        assert_eq!(cost(272_001), Some(UsdNanos(272_001 * 5000)));
    }

    #[test]
    fn the_users_table_wins_and_its_mistakes_are_said() {
        let own = "as_of = \"2026-11-24\"\nsource = \"our contract\"\n[[models]]\nnames = [\"gpt-4.1\"]\ninput = 1.0\n\
                   output = 4\nreasoning = 5.0\n";
        let table = PriceTable::shipped().with(own).unwrap();
        let reasoned = Usage {
            reasoning_tokens: Some(4),
            ..usage(10, 0, 10)
        };
        assert_eq!(
            table.cost("openai", "gpt-4.1", &reasoned),
            Some(UsdNanos(10_000 + 24_000 + 20_000))
        );
        assert_eq!(table.cost("vllm", "gpt-4.1", &usage(1, 0, 0)), Some(UsdNanos(1000)));
        // It gives no price for cached tokens, and a guess would be none.
        assert_eq!(table.cost("openai", "gpt-4.1", &usage(10, 5, 10)), None);
        assert!(table.cost("openai", "gpt-5", &usage(1, 0, 0)).is_some());
        let dates: Vec<String> = table.files().into_iter().map(|file| file.as_of).collect();
        assert_eq!((dates.len(), dates[0].as_str()), (2, "2026-11-24"));
        assert_eq!(table.files()[0].content_hash, ContentHash::of_bytes(own.as_bytes()));
        assert_eq!(table.files()[1..], PriceTable::shipped().files());
        for (text, part) in [
            ("source = \"x\"", "as_of"),
            (&own.replace("output = 4", "output = -4.0"), "-4 is no price"),
            (&own.replace("output = 4", "output = 0.00001"), "is no price"),
            (&own.replace("names", "name"), "name"),
        ] {
            let why = PriceTable::shipped().with(text).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
    }
}
