//! Word wrap, as byte ranges of the text, so that a view can skip to the lines it shows and make no others.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::width::cut;

/// The text wrapped into lines of at most `columns`. With no columns there are no lines.
///
/// Breaks at spaces (which the break swallows) and beside wide characters; breaks inside a word that is too long.
/// A wide character in a single column is shown as `~`.
pub fn wrap_lines(text: &str, columns: usize) -> Vec<String> {
    wrapped(text, columns)
        .map(|range| cut(text.get(range).unwrap_or_default(), columns).into_owned())
        .collect()
}

/// The lines of [`wrap_lines`] as byte ranges of the text, made one at a time: `skip` and `take` give a window.
pub fn wrapped(text: &str, columns: usize) -> WrappedLines<'_> {
    let at = if columns == 0 { text.len() } else { 0 };
    WrappedLines { text, columns, at }
}

/// Iterator over the lines of a wrapped text; see [`wrapped`].
#[derive(Debug, Clone)]
pub struct WrappedLines<'a> {
    text: &'a str,
    columns: usize,
    at: usize,
}

impl Iterator for WrappedLines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let start = self.at;
        let line = fit(rest, self.columns);
        self.at = start + line.next;
        Some(start..start + line.end)
    }
}

/// One line: where its text ends, and where the next one starts.
struct Line {
    end: usize,
    next: usize,
}

/// The first line of `rest`, which is not empty. Always moves on, also where nothing fits.
fn fit(rest: &str, columns: usize) -> Line {
    let mut used = 0;
    let mut word_start = None;
    let mut before_is_break = false;
    for (at, cluster) in rest.grapheme_indices(true) {
        if cluster == "\n" || cluster == "\r\n" {
            return Line {
                end: at,
                next: at + cluster.len(),
            };
        }
        let cluster_width = cluster.width();
        let is_space = cluster == " ";
        let is_wide = cluster_width > 1;
        if !is_space && (before_is_break || is_wide) {
            word_start = Some(at);
        }
        used += cluster_width;
        if used > columns {
            return match word_start {
                _ if is_space => broken_at(rest, at),
                Some(word_start) if has_text_before(rest, word_start) => broken_at(rest, word_start),
                _ => {
                    let at = if at == 0 { cluster.len() } else { at };
                    Line { end: at, next: at }
                }
            };
        }
        before_is_break = is_space || is_wide;
    }
    Line {
        end: rest.len(),
        next: rest.len(),
    }
}

/// A line that ends at `at`, without the spaces around the break. A line break right behind it belongs to it.
fn broken_at(rest: &str, at: usize) -> Line {
    let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
    let behind_spaces = after.trim_start_matches(' ');
    let skipped = after.len() - behind_spaces.len();
    let line_break = ["\n", "\r\n"]
        .into_iter()
        .find(|line_break| behind_spaces.starts_with(line_break));
    Line {
        end: before.trim_end_matches(' ').len(),
        next: at + skipped + line_break.map_or(0, str::len),
    }
}

fn has_text_before(rest: &str, at: usize) -> bool {
    rest.get(..at).is_some_and(|before| before.contains(|c| c != ' '))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Printable, width};
    use super::*;

    #[test]
    fn wraps_at_spaces_and_breaks_long_words() {
        let cases: [(&str, usize, &[&str]); 14] = [
            ("", 5, &[]),
            ("one two three", 7, &["one two", "three"]),
            ("one two three", 8, &["one two", "three"]),
            ("one   two", 5, &["one", "two"]),
            ("abcdefgh", 3, &["abc", "def", "gh"]),
            ("a abcdefgh", 4, &["a", "abcd", "efgh"]),
            ("  indented line", 10, &["  indented", "line"]),
            ("a\n\nb\n", 5, &["a", "", "b"]),
            ("abc   \nd", 3, &["abc", "d"]),
            ("abc      ", 4, &["abc"]),
            ("漢字漢字", 5, &["漢字", "漢字"]),
            ("ab漢字", 4, &["ab漢", "字"]),
            ("漢a", 1, &["~", "a"]),
            ("text", 0, &[]),
        ];
        for (text, columns, lines) in cases {
            assert_eq!(wrap_lines(text, columns), lines, "{text:?} in {columns}");
        }
    }

    #[test]
    fn a_window_of_lines_is_taken_without_the_others() {
        let text = "word ".repeat(10_000);
        let window: Vec<_> = wrapped(&text, 4).skip(5_000).take(2).collect();
        assert_eq!(window, [25_000..25_004, 25_005..25_009]);
    }

    proptest! {
        #[test]
        fn lines_hold_their_columns_and_lose_only_spaces(text in "[ a-c漢é\n]{0,60}", columns in 2_usize..12) {
            let lines = wrap_lines(&text, columns);
            prop_assert!(lines.iter().all(|line| width(line) <= columns));
            let without_blanks = |text: &str| text.replace([' ', '\n'], "");
            prop_assert_eq!(without_blanks(&lines.concat()), without_blanks(&text));
        }

        #[test]
        fn any_text_in_any_columns_is_wrapped(text in any::<String>(), columns in 0_usize..4) {
            let block = Printable::block(&text);
            prop_assert!(wrap_lines(block.as_str(), columns).iter().all(|line| width(line) <= columns));
        }
    }
}
