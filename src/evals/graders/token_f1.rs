//! The answer has the words of the expected text.
//!
//! Precision is the share of the answer's words that are expected, recall the share of the expected words that are in
//! the answer, each word counted as often as it stands there; F1 is their harmonic mean. Texts are made plain as the
//! `SQuAD` evaluation does it: lower case, without punctuation, without the articles `a`, `an`, `the`, split at blank
//! space. Here punctuation is that of all scripts, not of ASCII alone. Where one text has no word left, F1 is 1 if
//! neither has and 0 if one has. (P. Rajpurkar et al., `SQuAD`, EMNLP 2016; the rule for empty texts is that of 2.0.)

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::finding::{Finding, Pass};
use super::observed::Case;
use super::similarity::Similarity;

pub(super) struct TokenF1 {
    pub(super) texts: Similarity,
}

impl TokenF1 {
    pub(super) fn grade(&self, case: &Case) -> Finding<Pass> {
        self.texts.grade(case, "token F1", |want, got| Ok(f1(want, got)))
    }
}

const ARTICLES: [&str; 3] = ["a", "an", "the"];

/// ASCII punctuation has signs such as `$` and `+` that Unicode calls symbols.
static PUNCTUATION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[[:punct:]\p{P}]").ok());

/// The words that count, in order.
fn tokens(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let text = match &*PUNCTUATION {
        Some(punctuation) => punctuation.replace_all(&text, "").into_owned(),
        None => text,
    };
    text.split_whitespace()
        .filter(|word| !ARTICLES.contains(word))
        .map(str::to_owned)
        .collect()
}

fn f1(want: &str, got: &str) -> f64 {
    let (want, got) = (tokens(want), tokens(got));
    if want.is_empty() || got.is_empty() {
        return if want.len() == got.len() { 1.0 } else { 0.0 };
    }
    let mut left: HashMap<&str, usize> = HashMap::new();
    for word in &want {
        *left.entry(word).or_default() += 1;
    }
    let mut common = 0_usize;
    for word in &got {
        if let Some(count @ 1..) = left.get_mut(word.as_str()) {
            *count -= 1;
            common += 1;
        }
    }
    // 2 P R / (P + R), with P = common / got and R = common / want.
    2.0 * common as f64 / (want.len() + got.len()) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_values() {
        for (want, got, expected) in [
            ("", "", 1.0),
            ("the", "...", 1.0),
            ("", "yes", 0.0),
            ("The Eiffel Tower", "eiffel tower!", 1.0),
            ("in Paris, France", "Paris", 2.0 / 4.0),
            ("yes yes no", "yes", 2.0 / 4.0),
            ("cat dog", "bird", 0.0),
            ("«Größe» – 5 €", "größe 5 €", 1.0),
            ("well-known", "wellknown", 1.0),
            ("東京 都", "都 東京", 1.0),
        ] {
            let value = f1(want, got);
            assert!((value - expected).abs() < 1e-12, "{want} / {got}: {value}");
        }
    }

    proptest! {
        #[test]
        fn it_is_bounded_symmetric_and_blind_to_order(a in "[aA.,theé ]{0,30}", b in "[aA.,theé ]{0,30}") {
            let there = f1(&a, &b);
            prop_assert!((0.0..=1.0).contains(&there));
            prop_assert_eq!(there.to_bits(), f1(&b, &a).to_bits());
            prop_assert!(f1(&a, &a) >= 1.0);
            let backward: Vec<&str> = a.split_whitespace().rev().collect();
            prop_assert_eq!(f1(&backward.join(" "), &b).to_bits(), there.to_bits());
            let mut sorted = [tokens(&a), tokens(&b)];
            for words in &mut sorted {
                words.sort();
            }
            prop_assert_eq!(there >= 1.0, sorted[0] == sorted[1]);
        }
    }
}
