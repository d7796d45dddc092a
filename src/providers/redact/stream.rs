//! Takes secrets out of streamed bodies: a server that echoes a key may send it in pieces, one in each event.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value as Json;

use super::{MASK, Redactor};

/// A line of a streamed body.
struct Line<'a> {
    /// What stands before the JSON: `data: `.
    before: &'a str,
    json: Option<Json>,
    /// The JSON as it came, and the end of the line.
    rest: &'a str,
    is_changed: bool,
}

/// What the events say at one place, one after the other: the text of an answer, or the arguments of a call.
#[derive(Default)]
struct Said {
    text: String,
    /// Which line said how much of it, in bytes.
    parts: Vec<(usize, Range<usize>)>,
}

impl Redactor {
    /// As [`Redactor::clean`], for the body of a stream. What the events say at the same place of their JSON is read as
    /// one text, and a secret in it is taken out of every event that has a part of it.
    pub(in crate::providers) fn clean_stream(&self, body: String) -> String {
        if self.values.is_empty() {
            return body;
        }
        let body = self.clean(body);
        let mut lines: Vec<Line<'_>> = body.split_inclusive(['\n', '\r']).map(Line::read).collect();
        let mut said: BTreeMap<String, Said> = BTreeMap::new();
        for (at, line) in lines.iter().enumerate() {
            if let Some(json) = &line.json {
                collect(json, String::new(), at, &mut said);
            }
        }
        for (pointer, said) in &said {
            for (at, text) in self.masked(said) {
                let line = lines.get_mut(at);
                let place = line.and_then(|line| {
                    line.is_changed = true;
                    line.json.as_mut()?.pointer_mut(pointer)
                });
                if let Some(place) = place {
                    *place = Json::from(text);
                }
            }
        }
        if lines.iter().all(|line| !line.is_changed) {
            return body;
        }
        lines.iter().map(Line::written).collect()
    }

    /// The parts that have some of a secret, each without it; the mask stands where it began.
    fn masked(&self, said: &Said) -> Vec<(usize, String)> {
        let found = self.found(&said.text);
        if found.is_empty() {
            return Vec::new();
        }
        let mut masked = Vec::new();
        for (line, part) in &said.parts {
            let mut text = String::new();
            let mut at = part.start;
            for secret in found
                .iter()
                .filter(|secret| secret.start < part.end && part.start < secret.end)
            {
                text.push_str(said.text.get(at..secret.start).unwrap_or_default());
                if secret.start >= part.start {
                    text.push_str(MASK);
                }
                at = secret.end.min(part.end);
            }
            text.push_str(said.text.get(at..part.end).unwrap_or_default());
            if said.text.get(part.clone()) != Some(text.as_str()) {
                masked.push((*line, text));
            }
        }
        masked
    }
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Self {
        let at = line.find('{').unwrap_or(line.len());
        let (before, rest) = line.split_at_checked(at).unwrap_or((line, ""));
        Self {
            before,
            json: serde_json::from_str(rest.trim_end()).ok(),
            rest,
            is_changed: false,
        }
    }

    fn written(&self) -> String {
        match &self.json {
            Some(json) if self.is_changed => {
                let end = self.rest.get(self.rest.trim_end().len()..).unwrap_or_default();
                format!("{}{json}{end}", self.before)
            }
            _ => format!("{}{}", self.before, self.rest),
        }
    }
}

/// Adds each text in a value to what is said at its place.
fn collect(value: &Json, pointer: String, line: usize, said: &mut BTreeMap<String, Said>) {
    match value {
        Json::String(text) => {
            let said = said.entry(pointer).or_default();
            let start = said.text.len();
            said.text.push_str(text);
            said.parts.push((line, start..said.text.len()));
        }
        Json::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                collect(value, format!("{pointer}/{at}"), line, said);
            }
        }
        Json::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(value, format!("{pointer}/{name}"), line, said);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::secret::Secret;
    use super::*;

    const KEY: &str = "sk-0123456789-abcdef";

    fn cleaned(body: &str) -> String {
        Redactor::new(Secret::new(KEY).as_ref()).clean_stream(body.into())
    }

    fn event(text: &str) -> String {
        let delta = serde_json::json!({"id": "1", "choices": [{"delta": {"content": text}}]});
        format!("data: {delta}\n\n")
    }

    #[test]
    fn a_key_is_taken_out_of_events_wherever_it_is_cut() {
        let whole = format!("your key {KEY} is wrong");
        for first in 0..whole.len() {
            for second in [first, first + 1, first + 7, whole.len()] {
                let second = second.min(whole.len());
                let (begin, rest) = whole.split_at(first);
                let (middle, end) = rest.split_at(second - first);
                let pieces = [begin, middle, end];
                let body: String = pieces.map(event).concat() + "data: [DONE]\n\n";
                let cleaned = cleaned(&body);
                let said: String = cleaned
                    .lines()
                    .filter_map(|line| serde_json::from_str::<Json>(line.strip_prefix("data: ")?).ok())
                    .map(|event| event["choices"][0]["delta"]["content"].as_str().unwrap().to_owned())
                    .collect();
                assert_eq!(said, "your key *** is wrong", "{body}");
                assert!(cleaned.ends_with("data: [DONE]\n\n"), "{cleaned}");
            }
        }
    }

    #[test]
    fn pieces_are_joined_place_by_place_and_other_events_stay_byte_for_byte() {
        let body = "{\"a/b\":\"sk-0123\",\"n\": 1.50}\r\n{\"other\":\"456789-abcdef\"}\n{\"a/b\":\"456789-abc\"}\n\n\
                    {\"a/b\":\"def sk-01234\"}";
        let expected = "{\"a/b\":\"***\",\"n\":1.5}\r\n{\"other\":\"456789-abcdef\"}\n{\"a/b\":\"\"}\n\n\
                        {\"a/b\":\" sk-01234\"}";
        assert_eq!(cleaned(body), expected);
        for body in [
            "data: {\"a\":  \"sk-0123\"}\n\ndata: {\"b\":\"456789-abcdef\"}\n\n",
            "data: not json\n\n: sk-01\n\n",
            "",
        ] {
            assert_eq!(cleaned(body), body);
        }
        assert_eq!(Redactor::new(None).clean_stream(event("sk")), event("sk"));
    }

    #[test]
    fn other_spellings_are_found_in_pieces_too() {
        // base64 of the key, in two events.
        let body = event("c2stMDEyMzQ1") + &event("Njc4OS1hYmNkZWY=");
        let cleaned = cleaned(&body);
        assert!(cleaned.contains(MASK) && !cleaned.contains("c2stMDEy"), "{cleaned}");
    }
}
