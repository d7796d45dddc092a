//! The known word that is nearest to a mistyped one.

/// How alike two words must be for one to be offered in place of the other, 0 to 1.
const ALIKE_MIN: f32 = 0.7;

/// The known word that is most like `word`, if any is.
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    similar::get_close_matches(word, known, 1, ALIKE_MIN).first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_are_near_and_other_words_are_not() {
        let known = ["color", "glyphs", "mouse", "keys.run.start", "keys.run.cancel"];
        for (word, expected) in [
            ("colour", Some("color")),
            ("glyph", Some("glyphs")),
            ("keys.run.strat", Some("keys.run.start")),
            ("theme", None),
            ("keys.release.promote", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, &known), expected, "{word}");
        }
    }
}
