//! The lines of a prompt as its author meant them: headings, bullets and sentences, with wrapped lines joined again.

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Heading,
    Item,
    Sentence,
}

/// A line without its bullet, number or heading mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) kind: Kind,
    pub(super) text: String,
}

/// The lines in order.
pub(super) fn logical(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut joinable = false;
    for raw in text.lines() {
        let trimmed = raw.trim();
        if trimmed.is_empty() {
            joinable = false;
            continue;
        }
        let line = read(trimmed);
        let wrapped = raw.starts_with([' ', '\t']) || trimmed.starts_with(char::is_lowercase);
        match lines.last_mut() {
            Some(previous) if joinable && wrapped && line.kind == Kind::Sentence => {
                previous.text.push(' ');
                previous.text.push_str(trimmed);
            }
            _ => lines.push(line),
        }
        joinable = lines
            .last()
            .is_some_and(|line| line.kind != Kind::Heading && !line.text.ends_with(':'));
    }
    lines.into_iter().flat_map(split).collect()
}

fn read(trimmed: &str) -> Line {
    if let Some(item) = after_bullet(trimmed) {
        return Line {
            kind: Kind::Item,
            text: item.trim().to_owned(),
        };
    }
    let bold = trimmed
        .strip_prefix("**")
        .and_then(|text| text.trim_end_matches(':').strip_suffix("**"));
    let heading = bold.or_else(|| trimmed.strip_prefix('#').map(|text| text.trim_start_matches('#')));
    match heading {
        Some(text) => Line {
            kind: Kind::Heading,
            text: text.trim().to_owned(),
        },
        None => Line {
            kind: Kind::Sentence,
            text: trimmed.to_owned(),
        },
    }
}

fn after_bullet(trimmed: &str) -> Option<&str> {
    let marked = ["- ", "* ", "+ ", "\u{2022} ", "\u{2013} "]
        .iter()
        .find_map(|mark| trimmed.strip_prefix(mark));
    let numbered = || {
        let rest = trimmed.trim_start_matches(|c: char| c.is_ascii_digit());
        let has_number = rest.len() < trimmed.len();
        rest.strip_prefix(". ")
            .or_else(|| rest.strip_prefix(") "))
            .filter(|_| has_number)
    };
    marked.or_else(numbered)
}

/// A paragraph becomes its sentences; the last is a heading where it ends in a colon.
fn split(line: Line) -> Vec<Line> {
    if line.kind != Kind::Sentence {
        return vec![line];
    }
    let mut sentences = Vec::new();
    let mut unread = line.text.as_str();
    while let Some(end) = sentence_end(unread) {
        let (sentence, rest) = unread.split_at(end);
        sentences.push(sentence.trim().to_owned());
        unread = rest;
    }
    sentences.push(unread.trim().to_owned());
    let as_line = |text: String| Line {
        kind: if text.ends_with(':') {
            Kind::Heading
        } else {
            Kind::Sentence
        },
        text,
    };
    sentences
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(as_line)
        .collect()
}

/// The byte after the mark that ends the first sentence, where another one with a capital letter follows.
fn sentence_end(text: &str) -> Option<usize> {
    text.match_indices(['.', '!', '?'])
        .map(|(at, mark)| at + mark.len())
        .find(|end| {
            let rest = text.get(*end..).unwrap_or_default();
            rest.starts_with(' ') && rest.trim_start().starts_with(char::is_uppercase)
        })
}
