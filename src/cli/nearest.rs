//! The known word that is nearest to a mistyped one.

/// Most edits at which a word still counts as a misspelling of another: a third of its letters.
const LETTERS_PER_EDIT: usize = 3;

/// The nearest of the known words, if one is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let edits_max = (word.chars().count() / LETTERS_PER_EDIT).max(1);
    let measured = known.into_iter().map(|candidate| (edits(word, candidate), candidate));
    measured
        .filter(|(edits, _)| *edits <= edits_max)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, remove or replace to make one word of the other (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in (1..).zip(from.chars()) {
        let mut line = vec![row];
        let mut left = row;
        for (other, pair) in to.iter().zip(above.windows(2)) {
            let [diagonal, up] = pair else { continue };
            left = (diagonal + usize::from(letter != *other)).min(up + 1).min(left + 1);
            line.push(left);
        }
        above = line;
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_are_near_and_other_words_are_not() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        let known = ["color", "glyphs", "mouse", "keys.run.start"];
        for (word, expected) in [
            ("colour", Some("color")),
            ("glyph", Some("glyphs")),
            ("keys.run.strat", Some("keys.run.start")),
            ("theme", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }
}
