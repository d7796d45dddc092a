//! JSON in an answer that is not JSON as a whole: what a more patient parser would have taken.

use serde_json::Value as Json;

/// Longest answer that is searched, in bytes.
const TEXT_BYTES_MAX: usize = 256 * 1024;

/// What was found, and how it stands in the answer.
pub(in crate::evals) struct Salvaged {
    pub(in crate::evals) value: Json,
    pub(in crate::evals) how: &'static str,
}

/// The JSON object or list in a text that does not parse.
pub(in crate::evals) fn json_in(text: &str) -> Option<Salvaged> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let around = between(text);
    let tries = [
        (fenced(text), "the answer holds JSON in a code fence"),
        (around, "the answer holds JSON with prose around it"),
    ];
    let read = |candidate: &str| serde_json::from_str::<Json>(candidate).ok();
    for (candidate, how) in tries {
        if let Some(value) = candidate.and_then(read) {
            return Some(Salvaged { value, how });
        }
    }
    let value = read(&without_trailing_commas(fenced(text).or(around)?))?;
    let how = "the answer holds JSON with a comma too many";
    Some(Salvaged { value, how })
}

/// What stands in the first code fence, without the line that opens it.
fn fenced(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("```")?;
    let (_, body) = rest.split_once('\n')?;
    let (inside, _) = body.split_once("```")?;
    Some(inside.trim())
}

/// From the first bracket to the last one that closes such.
fn between(text: &str) -> Option<&str> {
    let start = text.find(['{', '['])?;
    let closing = if text.get(start..)?.starts_with('{') { '}' } else { ']' };
    let end = text.rfind(closing)?;
    text.get(start..=end)
}

/// The text without commas that stand before a closing bracket, outside strings.
fn without_trailing_commas(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for (at, c) in json.char_indices() {
        if in_string {
            in_string = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
        } else if c == '"' {
            in_string = true;
        } else if c == ',' {
            let next = json.get(at + 1..).and_then(|rest| rest.trim_start().chars().next());
            if matches!(next, Some('}' | ']')) {
                continue;
            }
        }
        out.push(c);
    }
    out
}
