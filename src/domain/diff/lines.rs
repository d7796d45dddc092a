//! Two texts compared by lines, and changed lines by words.

use similar::{Algorithm, DiffOp, DiffTag, TextDiff, capture_diff_slices};

/// Changed lines in which the changed words are looked for, in bytes of a block: comparing words grows with the square.
const WORDS_BYTES_MAX: usize = 32 * 1024;
/// Lines of both texts between their equal ends that are matched one by one; of more, all count as changed.
const LINES_MAX: usize = 5_000;
/// How alike two lines must be for their words to be compared, 0 to 1: below, every word would be marked.
const ALIKE_MIN: f32 = 0.35;

/// Which text has a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Both.
    Equal,
    /// The new one.
    Added,
    /// The old one.
    Removed,
}

/// A stretch of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its text.
    pub text: String,
    /// Whether the line that this one replaces, or is replaced by, has other words here.
    pub changed: bool,
}

/// A line of either text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// Which text has it.
    pub kind: LineKind,
    /// Its number in the old text, counted from 1.
    pub old_line: Option<u32>,
    /// Its number in the new text, counted from 1.
    pub new_line: Option<u32>,
    /// Its text, cut where changed words begin and end.
    pub segments: Vec<Segment>,
}

impl DiffLine {
    /// The whole text of the line.
    pub fn text(&self) -> String {
        self.segments.iter().map(|segment| segment.text.as_str()).collect()
    }
}

/// Compares two texts; where there is none, the other's lines are all added or removed.
pub(super) fn diff(old: Option<&str>, new: Option<&str>) -> Vec<DiffLine> {
    let split =
        |text: Option<&'_ str>| text.map_or_else(Vec::new, |text| text.split('\n').map(str::to_owned).collect());
    let (old, new): (Vec<String>, Vec<String>) = (split(old), split(new));
    let mut lines = Vec::with_capacity(old.len().max(new.len()));
    for op in ops(&old, &new) {
        let (old_from, new_from) = (op.old_range().start, op.new_range().start);
        let old = old.get(op.old_range()).unwrap_or_default();
        let new = new.get(op.new_range()).unwrap_or_default();
        if op.tag() == DiffTag::Equal {
            lines.extend(old.iter().enumerate().map(|(index, text)| DiffLine {
                kind: LineKind::Equal,
                old_line: Some(number(old_from + index)),
                new_line: Some(number(new_from + index)),
                segments: vec![plain(text)],
            }));
            continue;
        }
        let (old_segments, new_segments) = words(old, new);
        lines.extend(old_segments.into_iter().enumerate().map(|(index, segments)| DiffLine {
            kind: LineKind::Removed,
            old_line: Some(number(old_from + index)),
            new_line: None,
            segments,
        }));
        lines.extend(new_segments.into_iter().enumerate().map(|(index, segments)| DiffLine {
            kind: LineKind::Added,
            old_line: None,
            new_line: Some(number(new_from + index)),
            segments,
        }));
    }
    lines
}

fn number(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

fn ops(old: &[String], new: &[String]) -> Vec<DiffOp> {
    let same = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old_rest, new_rest) = (old.len() - same, new.len() - same);
    if old_rest + new_rest <= LINES_MAX {
        return capture_diff_slices(Algorithm::Patience, old, new);
    }
    let head = DiffOp::Equal {
        old_index: 0,
        new_index: 0,
        len: same,
    };
    let rest = DiffOp::Replace {
        old_index: same,
        old_len: old_rest,
        new_index: same,
        new_len: new_rest,
    };
    vec![head, rest]
}

fn plain(text: &str) -> Segment {
    Segment {
        text: text.to_owned(),
        changed: false,
    }
}

/// The segments of each removed and each added line; the lines are paired in order, as they stand beside each other.
fn words(old: &[String], new: &[String]) -> (Vec<Vec<Segment>>, Vec<Vec<Segment>>) {
    let bytes: usize = old.iter().chain(new).map(String::len).sum();
    let paired = if bytes > WORDS_BYTES_MAX {
        0
    } else {
        old.len().min(new.len())
    };
    let mut old_segments = Vec::with_capacity(old.len());
    let mut new_segments = Vec::with_capacity(new.len());
    for (old, new) in old.iter().zip(new).take(paired) {
        let (old, new) = line_words(old, new);
        old_segments.push(old);
        new_segments.push(new);
    }
    old_segments.extend(old.iter().skip(paired).map(|text| vec![plain(text)]));
    new_segments.extend(new.iter().skip(paired).map(|text| vec![plain(text)]));
    (old_segments, new_segments)
}

fn line_words(old: &str, new: &str) -> (Vec<Segment>, Vec<Segment>) {
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        .diff_unicode_words(old, new);
    if diff.ratio() < ALIKE_MIN {
        return (vec![plain(old)], vec![plain(new)]);
    }
    let (mut old_segments, mut new_segments) = (Vec::new(), Vec::new());
    for change in diff.iter_all_changes() {
        match change.tag() {
            similar::ChangeTag::Equal => {
                push(&mut old_segments, change.value(), false);
                push(&mut new_segments, change.value(), false);
            }
            similar::ChangeTag::Delete => push(&mut old_segments, change.value(), true),
            similar::ChangeTag::Insert => push(&mut new_segments, change.value(), true),
        }
    }
    (old_segments, new_segments)
}

fn push(segments: &mut Vec<Segment>, text: &str, changed: bool) {
    match segments.last_mut() {
        Some(last) if last.changed == changed => last.text.push_str(text),
        _ => segments.push(Segment {
            text: text.to_owned(),
            changed,
        }),
    }
}

/// Rows of a view with the old text on the left and the new one on the right, as indices into `lines`.
///
/// Removed lines stand beside the added lines that replace them.
pub fn side_by_side(lines: &[DiffLine]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut rows = Vec::with_capacity(lines.len());
    let (mut removed, mut added): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    for (index, line) in lines.iter().enumerate() {
        match line.kind {
            LineKind::Removed => {
                if !added.is_empty() {
                    push_rows(&mut rows, &mut removed, &mut added);
                }
                removed.push(index);
            }
            LineKind::Added => added.push(index),
            LineKind::Equal => {
                push_rows(&mut rows, &mut removed, &mut added);
                rows.push((Some(index), Some(index)));
            }
        }
    }
    push_rows(&mut rows, &mut removed, &mut added);
    rows
}

fn push_rows(rows: &mut Vec<(Option<usize>, Option<usize>)>, removed: &mut Vec<usize>, added: &mut Vec<usize>) {
    for index in 0..removed.len().max(added.len()) {
        rows.push((removed.get(index).copied(), added.get(index).copied()));
    }
    removed.clear();
    added.clear();
}
