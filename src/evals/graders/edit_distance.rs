//! The answer is like the expected text, character by character.
//!
//! Similarity is `1 - d / n`: `d` is the Levenshtein distance, the fewest characters to insert, delete or replace, and
//! `n` the number of characters of the longer text. Two empty texts are the same. A character is a Unicode scalar
//! value; blank space at both ends does not count. (V. I. Levenshtein, Soviet Physics Doklady 10, 1966.)

use super::finding::{Fault, Finding, Pass};
use super::observed::Case;
use super::similarity::Similarity;
use crate::domain::grader::CaseRule;

/// Most pairs of characters that are compared, about 5,000 by 5,000: a tenth of a second.
const PAIRS_MAX: usize = 25_000_000;

pub(super) struct EditDistance {
    pub(super) texts: Similarity,
    pub(super) case: CaseRule,
}

impl EditDistance {
    pub(super) fn grade(&self, case: &Case) -> Finding<Pass> {
        self.texts.grade(case, "edit similarity", |want, got| match self.case {
            CaseRule::Sensitive => similarity(want, got),
            CaseRule::Insensitive => similarity(&want.to_lowercase(), &got.to_lowercase()),
        })
    }
}

fn similarity(a: &str, b: &str) -> Result<f64, Fault> {
    let (a_chars, b_chars) = (a.chars().count(), b.chars().count());
    if a_chars.saturating_mul(b_chars) > PAIRS_MAX {
        return Err(Fault::grader(format!(
            "texts of {a_chars} and {b_chars} characters are too long for edit_distance: use token_f1"
        )));
    }
    Ok(strsim::normalized_levenshtein(a, b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_distances() {
        for (a, b, expected) in [
            ("", "", 1.0),
            ("", "abc", 0.0),
            ("kitten", "sitting", 1.0 - 3.0 / 7.0),
            ("größe", "grösse", 1.0 - 2.0 / 6.0),
            ("東京都", "東京", 1.0 - 1.0 / 3.0),
            // One letter with a mark of its own is another text than the letter that has it.
            ("é", "e\u{301}", 0.0),
        ] {
            let got = similarity(a, b).unwrap();
            assert!((got - expected).abs() < 1e-12, "{a} {b}: {got}");
        }
        assert!(similarity(&"a".repeat(5_001), &"b".repeat(5_001)).is_err());
        assert!(similarity(&"a".repeat(1_000_000), "").is_ok());
    }

    proptest! {
        #[test]
        fn it_is_bounded_symmetric_and_one_only_for_equal_texts(a in "\\PC{0,30}", b in "\\PC{0,30}") {
            let there = similarity(&a, &b).unwrap();
            prop_assert!((0.0..=1.0).contains(&there));
            prop_assert_eq!(there.to_bits(), similarity(&b, &a).unwrap().to_bits());
            prop_assert_eq!(there >= 1.0, a == b);
            prop_assert!(similarity(&a, &a).unwrap() >= 1.0);
        }
    }
}
