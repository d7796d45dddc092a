//! A JSON array of objects, cut at the commas between them so that it is never held whole.

use super::pieces::{Cut, Step};

/// Where in the array the reader stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    Inside,
    String,
    Escape,
    After,
}

/// Ends a row at each comma and at the bracket of the outermost array.
pub(super) struct ElementCut {
    place: Place,
    /// Brackets that are open inside the element.
    depth: u64,
    is_element_empty: bool,
    /// Something other than an array stands before or after it.
    stray: Option<&'static str>,
}

impl ElementCut {
    pub(super) fn new() -> Self {
        Self {
            place: Place::Before,
            depth: 0,
            is_element_empty: true,
            stray: None,
        }
    }

    /// What is wrong with the array as a whole, once the file has ended.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let is_open = matches!(self.place, Place::Inside | Place::String | Place::Escape);
        let open = is_open.then_some("the array is not closed: the file may be cut off");
        self.stray.or(open)
    }

    fn step_inside(&mut self, byte: u8) -> Step {
        match byte {
            b'"' => self.place = Place::String,
            b'[' | b'{' => self.depth += 1,
            b']' if self.depth == 0 => {
                self.place = Place::After;
                return Step::End;
            }
            b',' if self.depth == 0 => {
                self.is_element_empty = true;
                return Step::End;
            }
            b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            b' ' | b'\t' | b'\r' | b'\n' if self.is_element_empty => return Step::Skip,
            _ => {}
        }
        self.is_element_empty = false;
        Step::Keep
    }
}

impl Cut for ElementCut {
    fn step(&mut self, byte: u8) -> Step {
        match self.place {
            Place::Inside => return self.step_inside(byte),
            Place::String => {
                match byte {
                    b'\\' => self.place = Place::Escape,
                    b'"' => self.place = Place::Inside,
                    _ => {}
                }
                return Step::Keep;
            }
            Place::Escape => {
                self.place = Place::String;
                return Step::Keep;
            }
            Place::Before if byte == b'[' => self.place = Place::Inside,
            Place::Before | Place::After if byte.is_ascii_whitespace() => {}
            Place::Before => {
                self.place = Place::After;
                self.stray = Some("the file is no JSON array: it does not begin with '['");
            }
            Place::After => {
                self.stray.get_or_insert("there is text after the end of the array");
            }
        }
        Step::Skip
    }
}
