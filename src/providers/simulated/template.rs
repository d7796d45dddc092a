//! The shape of the answer, read from the JSON that the instructions show.

/// Fields of an answer that are kept.
const FIELDS_MAX: usize = 50;

/// What a field's hint asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hint {
    /// `true or false`, `true|false`, `<true/false>`, `<boolean>`.
    Flag,
    /// `0.9`, `<number>`.
    Number,
    /// `[...]`.
    List,
    /// An object inside the answer, which is left empty.
    Object,
    /// Anything else.
    Text,
}

/// One key of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) hint: Hint,
    /// What stands between the hint's quotes and angle brackets, in lower case.
    pub(super) placeholder: String,
}

/// Takes the JSON examples out of the instructions: the fields of the first, and the text without any of them.
pub(super) fn take(text: &str) -> (Vec<Field>, String) {
    let mut fields = Vec::new();
    let mut rest = String::with_capacity(text.len());
    let mut unread = text;
    while let Some(open) = unread.find('{') {
        let (before, from_brace) = unread.split_at(open);
        rest.push_str(before);
        let Some((object, after)) = split_object(from_brace) else {
            unread = from_brace;
            break;
        };
        let found = read_fields(object);
        if found.is_empty() {
            rest.push_str(object);
        } else if fields.is_empty() {
            fields = found;
        }
        unread = after;
    }
    rest.push_str(unread);
    (fields, rest)
}

/// Splits after the brace that closes the one `text` starts with.
fn split_object(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.split_at_checked(at + c.len_utf8());
        }
    }
    None
}

fn read_fields(object: &str) -> Vec<Field> {
    let inner = object
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
        .unwrap_or_default();
    split_members(inner)
        .into_iter()
        .filter_map(read_field)
        .take(FIELDS_MAX)
        .collect()
}

/// Splits at the commas that stand outside quotes and brackets.
fn split_members(inner: &str) -> Vec<&str> {
    let mut members = Vec::new();
    let (mut start, mut depth, mut quoted) = (0, 0_i32, false);
    for (at, c) in inner.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                members.extend(inner.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    members.extend(inner.get(start..));
    members
}

fn read_field(member: &str) -> Option<Field> {
    let (name, hint) = member.trim().strip_prefix('"')?.split_once('"')?;
    let hint = hint.trim_start().strip_prefix(':')?.trim();
    let placeholder = hint.trim_matches(['"', '<', '>', ' ']).to_lowercase();
    (!name.is_empty()).then(|| Field {
        name: name.to_owned(),
        hint: read_hint(hint, &placeholder),
        placeholder,
    })
}

fn read_hint(hint: &str, bare: &str) -> Hint {
    if hint.starts_with('{') {
        Hint::Object
    } else if hint.starts_with('[') {
        Hint::List
    } else if bare.starts_with("true") || bare.starts_with("false") || bare.starts_with("bool") {
        Hint::Flag
    } else if bare.starts_with("number") || bare.parse::<f64>().is_ok() {
        Hint::Number
    } else {
        Hint::Text
    }
}
