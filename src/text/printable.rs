//! The one sanitizer. What comes out of it does nothing to a terminal except take up columns.
//!
//! A character that would act, hide or reorder is shown as a *mark* in ASCII, such as `<1B>` or `<U+202E>`:
//! visible, searchable, the same on every terminal.

use std::fmt::{self, Write as _};
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use super::width::width;

/// Columns between tab stops. Eight would push indented JSON off an 80-column screen.
const TAB_STOP_COLUMNS: usize = 4;
/// Combining marks kept on one base character; real scripts need fewer, piles of them overflow into other rows.
const COMBINING_MARKS_MAX: usize = 4;
/// Joiners kept in one emoji. The longest emoji in use has three; a terminal that knows none of them draws every part.
const EMOJI_JOINS_MAX: usize = 3;
const JOINER: char = '\u{200D}';
const KEYCAP: char = '\u{20E3}';

/// Text proven harmless to a terminal. Only the sanitizer makes one.
///
/// No control, bidi, zero-width or tag character is in it; a line break only in the block form.
/// Sanitizing it again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Printable {
    text: String,
    marks: Vec<Range<usize>>,
    marked: usize,
}

/// A stretch of a [`Printable`]: its own text, or a mark that stands for what was not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    /// The text to draw.
    pub text: &'a str,
    /// Whether it is a mark, which screens draw in the warning style.
    pub is_mark: bool,
}

impl Printable {
    /// Text for a place that holds one line: a table cell, a title, a log line. Line breaks and tabs become marks.
    pub fn line(text: &str) -> Self {
        sanitize(text, Form::Line)
    }

    /// Text for a view of several lines: line breaks stay (CRLF as LF), tabs become spaces up to the next stop.
    pub fn block(text: &str) -> Self {
        sanitize(text, Form::Block)
    }

    /// Bytes that should be text, in block form; each byte that is not UTF-8 becomes a mark such as `<FF>`.
    /// For one line: `Printable::from_bytes(bytes).one_line()`.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut sanitizer = Sanitizer::new(Form::Block, bytes.len());
        for chunk in bytes.utf8_chunks() {
            sanitizer.push_str(chunk.valid());
            for byte in chunk.invalid() {
                sanitizer.mark(1, format_args!("<{byte:02X}>"));
            }
        }
        sanitizer.out
    }

    /// The same text with its line breaks as marks.
    #[must_use]
    pub fn one_line(&self) -> Self {
        let mut sanitizer = Sanitizer::new(Form::Line, self.text.len());
        for segment in self.segments() {
            if segment.is_mark {
                sanitizer.mark(0, format_args!("{}", segment.text));
            } else {
                sanitizer.push_str(segment.text);
            }
        }
        let mut out = sanitizer.out;
        out.marked += self.marked;
        out
    }

    /// The text, marks included.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How many characters (or invalid bytes) of the original are shown as marks. A folded run counts each of its own.
    pub fn marked(&self) -> usize {
        self.marked
    }

    /// The whole text as segments, in order; no segment is empty.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        self.segments_in(0..self.text.len())
    }

    /// The segments inside a byte range, such as a line given by [`super::wrapped`].
    /// A range that is not on character borders yields nothing.
    pub fn segments_in(&self, range: Range<usize>) -> impl Iterator<Item = Segment<'_>> {
        let mut at = range.start;
        let mut next_mark = self.marks.partition_point(|mark| mark.end <= range.start);
        std::iter::from_fn(move || {
            let (end, is_mark) = match self.marks.get(next_mark) {
                Some(mark) if mark.start <= at => {
                    next_mark += 1;
                    (mark.end.min(range.end), true)
                }
                Some(mark) => (mark.start.min(range.end), false),
                None => (range.end, false),
            };
            let text = self.text.get(at..end).filter(|text| !text.is_empty())?;
            at = end;
            Some(Segment { text, is_mark })
        })
    }
}

impl fmt::Display for Printable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl AsRef<str> for Printable {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Line,
    Block,
}

fn sanitize(text: &str, form: Form) -> Printable {
    if text
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~') || (byte == b'\n' && form == Form::Block))
    {
        return Printable {
            text: text.to_owned(),
            marks: Vec::new(),
            marked: 0,
        };
    }
    let mut sanitizer = Sanitizer::new(form, text.len());
    sanitizer.push_str(text);
    sanitizer.out
}

/// What decides how a character is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    /// Takes no column of its own: sits on the character before it.
    Combining,
    Control,
    /// Bidi controls, zero-width and other characters that show nothing.
    Hidden,
    Joiner,
    /// Variation selectors 15 and 16, which choose the text or the emoji form.
    EmojiSelector,
    Tag,
    /// Variation selectors 17 to 256, which can carry hidden bytes.
    VariationSelector,
}

fn classify(c: char) -> Class {
    match c {
        ' '..='~' => Class::Plain,
        JOINER => Class::Joiner,
        '\u{FE0E}' | '\u{FE0F}' => Class::EmojiSelector,
        '\u{E0000}'..='\u{E007F}' => Class::Tag,
        '\u{E0100}'..='\u{E01EF}' => Class::VariationSelector,
        _ if c.is_control() => Class::Control,
        _ if is_hidden(c) => Class::Hidden,
        _ if c.width() == Some(0) => Class::Combining,
        _ => Class::Plain,
    }
}

/// Unicode's `Default_Ignorable_Code_Point` (stable by its own policy) without the classes above, the line and
/// paragraph separators, and the annotation and hieroglyph formats that terminals draw as nothing.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FE00}'..='\u{FE0D}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{13430}'..='\u{1343F}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0080}'..='\u{E0FFF}')
}

struct Sanitizer {
    out: Printable,
    form: Form,
    /// The last character let through; none after a mark or at the start of a line.
    last: Option<char>,
    /// The last one that takes columns, which combining marks, selectors and joiners belong to.
    base: Option<char>,
    combining_count: usize,
    join_count: usize,
    /// Where the text after the last tab stop or line break starts.
    stop_at: usize,
}

impl Sanitizer {
    fn new(form: Form, capacity: usize) -> Self {
        let out = Printable {
            text: String::with_capacity(capacity),
            ..Printable::default()
        };
        Self {
            out,
            form,
            last: None,
            base: None,
            combining_count: 0,
            join_count: 0,
            stop_at: 0,
        }
    }

    fn push_str(&mut self, text: &str) {
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let next = chars.peek().copied();
            let class = classify(c);
            match class {
                Class::Plain => self.keep_base(c),
                Class::Control if c == '\r' && next == Some('\n') => {}
                Class::Control => self.control(c),
                Class::Joiner if self.may_join(next) => self.keep_joiner(),
                Class::EmojiSelector if self.may_select(next) => self.keep(c),
                Class::Hidden | Class::Joiner | Class::EmojiSelector => self.mark_code_point(c),
                Class::Combining if self.base.is_none() => self.mark_code_point(c),
                Class::Combining if self.combining_count < COMBINING_MARKS_MAX => {
                    self.combining_count += 1;
                    self.keep(c);
                }
                Class::Combining | Class::Tag | Class::VariationSelector => {
                    let mut count = 1;
                    while chars.next_if(|&c| classify(c) == class).is_some() {
                        count += 1;
                    }
                    self.mark_run(class, c, count);
                }
            }
        }
    }

    fn keep(&mut self, c: char) {
        self.out.text.push(c);
        self.last = Some(c);
    }

    fn keep_base(&mut self, c: char) {
        let is_skin_tone = matches!(c, '\u{1F3FB}'..='\u{1F3FF}');
        if !(is_skin_tone && self.base.is_some()) {
            self.base = Some(c);
        }
        if self.last != Some(JOINER) && !is_skin_tone {
            self.join_count = 0;
        }
        self.combining_count = 0;
        self.keep(c);
    }

    fn keep_joiner(&mut self) {
        self.join_count += 1;
        self.keep(JOINER);
    }

    fn control(&mut self, c: char) {
        match (c, self.form) {
            ('\n', Form::Block) => {
                self.out.text.push('\n');
                self.start_over();
                self.stop_at = self.out.text.len();
            }
            ('\t', Form::Block) => {
                let column = width(self.out.text.get(self.stop_at..).unwrap_or_default()) % TAB_STOP_COLUMNS;
                for _ in column..TAB_STOP_COLUMNS {
                    self.keep_base(' ');
                }
                self.stop_at = self.out.text.len();
            }
            _ => self.mark(1, format_args!("<{:02X}>", u32::from(c))),
        }
    }

    /// A joiner stays where it does visible work: between two emoji (UAX #29 rule GB11), or after an Indic letter or
    /// sign and before an Indic letter.
    fn may_join(&self, next: Option<char>) -> bool {
        let (Some(last), Some(base), Some(next)) = (self.last, self.base, next) else {
            return false;
        };
        let emoji = self.join_count < EMOJI_JOINS_MAX && is_pictograph(base) && is_pictograph(next);
        emoji || (is_indic(last) && is_indic(next) && classify(next) == Class::Plain)
    }

    /// A selector stays directly after an emoji, or inside a keycap such as `1️⃣`.
    fn may_select(&self, next: Option<char>) -> bool {
        match self.last {
            Some('0'..='9' | '#' | '*') => next == Some(KEYCAP),
            Some(last) => is_pictograph(last),
            None => false,
        }
    }

    fn mark_code_point(&mut self, c: char) {
        self.mark(1, format_args!("<U+{:04X}>", u32::from(c)));
    }

    fn mark_run(&mut self, class: Class, first: char, count: usize) {
        match (class, count) {
            (Class::Combining, 1) => self.mark(1, format_args!("<+1 mark>")),
            (Class::Combining, _) => self.mark(count, format_args!("<+{count} marks>")),
            (_, 1) => self.mark_code_point(first),
            (Class::Tag, _) => self.mark(count, format_args!("<{count} tag characters>")),
            _ => self.mark(count, format_args!("<{count} variation selectors>")),
        }
    }

    fn mark(&mut self, count: usize, text: fmt::Arguments<'_>) {
        let start = self.out.text.len();
        // Writing to a String cannot fail.
        let _ = self.out.text.write_fmt(text);
        self.out.marks.push(start..self.out.text.len());
        self.out.marked += count;
        self.start_over();
    }

    fn start_over(&mut self) {
        self.last = None;
        self.base = None;
        self.combining_count = 0;
        self.join_count = 0;
    }
}

/// Unicode's `Extended_Pictographic`, asked of the segmentation tables: such a character, and no other that starts
/// a cluster, makes one cluster with a joiner and itself.
fn is_pictograph(c: char) -> bool {
    let one_cluster = |text: &str| text.graphemes(true).nth(1).is_none();
    !c.is_ascii() && one_cluster(&String::from_iter([c, JOINER, c])) && !one_cluster(&String::from_iter(['a', c]))
}

/// A letter or sign of the scripts from Devanagari to Sinhala.
fn is_indic(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{DFF}') && (c.is_alphabetic() || c.width() == Some(0))
}

#[cfg(test)]
#[path = "printable_tests.rs"]
mod tests;
