//! Columns: how many a text takes, and cutting and padding it to a number of them.
//!
//! All of it expects text without control characters, such as [`super::Printable`]'s.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Stands at the end (or start) of a text that was cut.
const CUT_SIGN: char = '~';

/// Columns that a terminal gives the text: the sum over its grapheme clusters, since each is drawn into its own cells.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// The text in at most `columns`, its end replaced by `~` where it did not fit.
/// One column may stay free where a wide character would have crossed the border.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if text.len() <= columns && text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let clusters = text
        .grapheme_indices(true)
        .map(|(start, cluster)| (start + cluster.len(), cluster));
    match kept(clusters, columns) {
        Kept::All => Cow::Borrowed(text),
        Kept::Nothing => Cow::Borrowed(""),
        Kept::UpTo(end) => {
            let mut out = text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned();
            out.push(CUT_SIGN);
            Cow::Owned(out)
        }
    }
}

/// Like [`cut`], but it is the start that gives way: for paths and other texts whose end matters.
pub fn cut_start(text: &str, columns: usize) -> Cow<'_, str> {
    if text.len() <= columns && text.is_ascii() {
        return Cow::Borrowed(text);
    }
    match kept(text.grapheme_indices(true).rev(), columns) {
        Kept::All => Cow::Borrowed(text),
        Kept::Nothing => Cow::Borrowed(""),
        Kept::UpTo(start) => {
            let mut out = String::from(CUT_SIGN);
            out.push_str(text.get(start.unwrap_or(text.len())..).unwrap_or_default());
            Cow::Owned(out)
        }
    }
}

/// The text in exactly `columns`: cut where it is too wide, followed by spaces where it is too narrow.
pub fn pad(text: &str, columns: usize) -> String {
    let mut out = cut(text, columns).into_owned();
    let missing = columns.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

enum Kept {
    All,
    Nothing,
    /// The border given with the last cluster that leaves room for the sign, if there is one.
    UpTo(Option<usize>),
}

/// Walks clusters, each with the border behind it, and stops at the first that does not fit.
fn kept<'a>(clusters: impl Iterator<Item = (usize, &'a str)>, columns: usize) -> Kept {
    let mut used = 0;
    let mut border = None;
    for (behind, cluster) in clusters {
        used += cluster.width();
        if used > columns {
            return if columns == 0 {
                Kept::Nothing
            } else {
                Kept::UpTo(border)
            };
        }
        if used < columns {
            border = Some(behind);
        }
    }
    Kept::All
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Printable;
    use super::*;

    #[test]
    fn width_counts_columns_by_cluster() {
        for (text, columns) in [
            ("", 0),
            ("abc", 3),
            ("漢字", 4),
            ("e\u{301}", 1),
            ("👩\u{200d}🚀", 2),
            ("🇩🇪", 2),
            ("❤\u{fe0f}", 2),
        ] {
            assert_eq!(width(text), columns, "{text:?}");
        }
    }

    #[test]
    fn cut_marks_what_it_took() {
        for (text, columns, shown) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab~"),
            ("abcd", 1, "~"),
            ("abcd", 0, ""),
            ("", 0, ""),
            ("漢字漢", 5, "漢字~"),
            ("漢字漢", 4, "漢~"),
            ("漢字", 4, "漢字"),
            ("漢", 1, "~"),
            ("e\u{301}fg", 2, "e\u{301}~"),
        ] {
            assert_eq!(cut(text, columns), shown, "{text:?} in {columns}");
        }
    }

    #[test]
    fn cut_start_keeps_the_end() {
        for (text, columns, shown) in [
            ("a/b/c", 5, "a/b/c"),
            ("a/b/c", 4, "~b/c"),
            ("漢字", 3, "~字"),
            ("漢字", 2, "~"),
            ("ab", 0, ""),
        ] {
            assert_eq!(cut_start(text, columns), shown, "{text:?} in {columns}");
        }
    }

    proptest! {
        #[test]
        fn cut_and_pad_hold_their_columns(text in any::<String>(), columns in 0_usize..40) {
            let line = Printable::line(&text);
            prop_assert!(width(&cut(line.as_str(), columns)) <= columns);
            prop_assert!(width(&cut_start(line.as_str(), columns)) <= columns);
            prop_assert_eq!(width(&pad(line.as_str(), columns)), columns);
            if width(line.as_str()) <= columns {
                prop_assert_eq!(cut(line.as_str(), columns), line.as_str());
            }
        }
    }
}
