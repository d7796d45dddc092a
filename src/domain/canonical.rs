//! Canonical JSON (RFC 8785) of a record, written straight from it into one buffer: every outcome of every run is
//! hashed over it.
//!
//! Members of an object are written as they come. When the object ends, their bytes are put in order.

use std::cell::RefCell;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::DomainError;
use super::hash::LaterFields;

/// Whole numbers up to here are IEEE doubles too, so that they are written as they are.
const INTEGER_MAX: u64 = 1 << 53;

/// Room that most records need, in bytes.
const SHEET_BYTES: usize = 4_096;

/// The canonical JSON of a record, without those of its later fields that say nothing. A number that is none is null.
pub(super) fn to_vec<T: Serialize>(record: &T, later: &[LaterFields]) -> Result<Vec<u8>, DomainError> {
    let sheet = Sheet::new(Vec::with_capacity(SHEET_BYTES));
    let canonical = Canonical {
        sheet: &sheet,
        later,
        open: Vec::new(),
        ended_silent: false,
        unordered: Vec::new(),
    };
    let mut serializer = Serializer::with_formatter(Pen(&sheet), canonical);
    let written = record.serialize(&mut serializer);
    written.map_err(|error| DomainError::field("content", error.to_string()))?;
    Ok(sheet.into_inner())
}

/// What is written so far.
type Sheet = RefCell<Vec<u8>>;

/// Appends to the sheet.
struct Pen<'a>(&'a Sheet);

impl Write for Pen<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes numbers as doubles and objects in order; all else is as in any compact JSON.
struct Canonical<'a> {
    sheet: &'a Sheet,
    later: &'a [LaterFields],
    /// The objects that have not ended, the innermost last.
    open: Vec<Object>,
    /// Whether the object that ended last says nothing.
    ended_silent: bool,
    /// The bytes of an object before they are put in order, kept for the next one.
    unordered: Vec<u8>,
}

/// An object that has not ended.
#[derive(Default)]
struct Object {
    start: usize,
    members: Vec<Member>,
}

/// Where a member lies on the sheet.
struct Member {
    /// Where its key begins, at the quote.
    start: usize,
    /// Where its key ends, after the quote.
    key_end: usize,
    end: usize,
    is_silent: bool,
}

impl Member {
    /// Its name as it is written, without quotes.
    fn name<'s>(&self, sheet: &'s [u8]) -> &'s [u8] {
        sheet.get(self.start + 1..self.key_end - 1).unwrap_or_default()
    }
}

impl Canonical<'_> {
    /// The names of the later fields that the innermost object can have.
    fn later_names(&self, sheet: &[u8]) -> &'static [&'static str] {
        let Some((_innermost, outer)) = self.open.split_last() else {
            return &[];
        };
        let leads_here = |object: &Object, field: &str| {
            let member = object.members.last();
            member.is_some_and(|member| member.name(sheet) == field.as_bytes())
        };
        let mut later = self.later.iter();
        let later = later.find(|LaterFields { within, .. }| {
            let mut steps = outer.iter().zip(*within);
            outer.len() == within.len() && steps.all(|(object, field)| leads_here(object, field))
        });
        later.map_or(&[], |later| later.names)
    }
}

impl Formatter for Canonical<'_> {
    fn write_i64<W: ?Sized + Write>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        if value.unsigned_abs() <= INTEGER_MAX {
            return write!(writer, "{value}");
        }
        self.write_f64(writer, value as f64)
    }

    fn write_u64<W: ?Sized + Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        if value <= INTEGER_MAX {
            return write!(writer, "{value}");
        }
        self.write_f64(writer, value as f64)
    }

    fn write_i128<W: ?Sized + Write>(&mut self, writer: &mut W, value: i128) -> io::Result<()> {
        self.write_f64(writer, value as f64)
    }

    fn write_u128<W: ?Sized + Write>(&mut self, writer: &mut W, value: u128) -> io::Result<()> {
        self.write_f64(writer, value as f64)
    }

    fn write_f32<W: ?Sized + Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        self.write_f64(writer, value.into())
    }

    fn write_f64<W: ?Sized + Write>(&mut self, mut writer: &mut W, value: f64) -> io::Result<()> {
        Ok(serde_json_canonicalizer::to_writer(&value, &mut writer)?)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.open.push(Object {
            start: self.sheet.borrow().len(),
            members: Vec::new(),
        });
        Ok(())
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, _writer: &mut W, _first: bool) -> io::Result<()> {
        let start = self.sheet.borrow().len();
        if let Some(object) = self.open.last_mut() {
            object.members.push(Member {
                start,
                key_end: start,
                end: start,
                is_silent: false,
            });
        }
        Ok(())
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        let key_end = self.sheet.borrow().len();
        if let Some(member) = self.open.last_mut().and_then(|object| object.members.last_mut()) {
            member.key_end = key_end;
        }
        Ok(())
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        let mut sheet = self.sheet.borrow_mut();
        let later = self.later_names(&sheet);
        let Some(members) = self.open.last_mut().map(|object| &mut object.members) else {
            return Ok(());
        };
        let Some(mut member) = members.pop() else {
            return Ok(());
        };
        member.end = sheet.len();
        member.is_silent = match sheet.get(member.key_end + 1..).unwrap_or_default() {
            b"null" | b"0" | b"[]" => true,
            [b'{', ..] => self.ended_silent,
            _ => false,
        };
        if member.is_silent && later.iter().any(|name| name.as_bytes() == member.name(&sheet)) {
            sheet.truncate(member.start);
        } else {
            members.push(member);
        }
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        let Object { start, mut members } = self.open.pop().unwrap_or_default();
        self.ended_silent = members.iter().all(|member| member.is_silent);
        let mut sheet = self.sheet.borrow_mut();
        if members.iter().all(|member| is_plain(member.name(&sheet))) {
            members.sort_by(|one, other| one.name(&sheet).cmp(other.name(&sheet)));
        } else {
            members.sort_by_cached_key(|member| utf_16_units(member.name(&sheet)));
        }
        self.unordered.clear();
        self.unordered.extend(sheet.drain(start..));
        for (place, member) in members.iter().enumerate() {
            sheet.push(if place == 0 { b'{' } else { b',' });
            let bytes = self.unordered.get(member.start - start..member.end - start);
            sheet.extend_from_slice(bytes.unwrap_or_default());
        }
        if members.is_empty() {
            sheet.push(b'{');
        }
        sheet.push(b'}');
        Ok(())
    }
}

/// Whether the bytes of a name as it is written are its UTF-16 units too.
fn is_plain(name: &[u8]) -> bool {
    name.iter().all(|byte| byte.is_ascii() && *byte != b'\\')
}

/// What names are ordered by.
fn utf_16_units(name: &[u8]) -> Vec<u16> {
    let quoted = [b"\"", name, b"\""].concat();
    // It was written as JSON just now.
    let name: String = serde_json::from_slice(&quoted).unwrap_or_default();
    name.encode_utf16().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value as Json, json};

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            (-1_000..1_000_i64).prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            any::<String>().prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            let fields = prop::collection::vec((any::<String>(), inner.clone()), 0..6);
            prop_oneof![
                prop::collection::vec(inner, 0..6).prop_map(Json::from),
                fields.prop_map(|fields| Json::Object(fields.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    proptest! {
        #[test]
        fn is_what_another_writer_of_canonical_json_writes(value in any_json()) {
            let expected = serde_json_canonicalizer::to_string(&value)?;
            prop_assert_eq!(String::from_utf8(to_vec(&value, &[])?)?, expected);
        }
    }

    #[test]
    fn names_are_in_the_order_of_their_utf_16_units() {
        // The sample of RFC 8785, section 3.2.3, and names of which one begins the other.
        let value = json!({
            "\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7, "a!": 8, "a": 9,
        });
        let text = String::from_utf8(to_vec(&value, &[]).unwrap()).unwrap();
        let order: Vec<char> = text.chars().filter(|c| ('2'..='9').contains(c) || *c == '1').collect();
        assert_eq!(order.into_iter().collect::<String>(), "2149867153", "{text}");
    }

    #[test]
    fn later_fields_count_where_they_say_something() {
        let later = [
            LaterFields {
                within: &[],
                names: &["new", "also_new"],
            },
            LaterFields {
                within: &["items"],
                names: &["new"],
            },
        ];
        let silent =
            json!({"new": 0, "old": 0, "also_new": {"a": null, "b": []}, "items": [{"new": null, "old": null}]});
        let loud = json!({"new": "", "old": 0, "also_new": {"a": {"new": 0}, "b": 1}, "items": [{"new": false}]});
        let written = |value: &Json| String::from_utf8(to_vec(value, &later).unwrap()).unwrap();
        assert_eq!(written(&silent), r#"{"items":[{"old":null}],"old":0}"#);
        assert_eq!(
            written(&loud),
            r#"{"also_new":{"a":{"new":0},"b":1},"items":[{"new":false}],"new":"","old":0}"#
        );
    }
}
