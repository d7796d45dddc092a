//! Cuts the bytes of a streamed answer into events.

/// How events are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// Server-sent events: `data:` lines, a blank line after each event.
    Sse,
    /// One JSON value a line.
    Lines,
}

/// Takes bytes as they come and gives the data of each whole event.
#[derive(Debug)]
pub(super) struct Splitter {
    framing: Framing,
    /// Bytes after the last line end.
    line: Vec<u8>,
    /// Data lines of the event that is not over yet.
    data: Option<String>,
    /// A carriage return ended the last line: a line feed after it belongs to it.
    after_return: bool,
}

impl Splitter {
    pub(super) fn new(framing: Framing) -> Self {
        Self {
            framing,
            line: Vec::new(),
            data: None,
            after_return: false,
        }
    }

    /// The events that these bytes complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut events = Vec::new();
        for byte in bytes {
            let ends_pair = std::mem::replace(&mut self.after_return, *byte == b'\r') && *byte == b'\n';
            match byte {
                b'\n' if ends_pair => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ => self.line.push(*byte),
            }
        }
        events
    }

    /// The event that the end of the stream completes: many servers leave out the last blank line.
    pub(super) fn end(&mut self) -> Option<String> {
        let last = self.end_line();
        last.or_else(|| self.data.take())
    }

    fn end_line(&mut self) -> Option<String> {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        match self.framing {
            Framing::Lines => (!line.trim().is_empty()).then_some(line),
            Framing::Sse if line.is_empty() => self.data.take(),
            Framing::Sse => {
                // Comments, event names and ids say nothing that the data does not.
                if let Some(data) = line.strip_prefix("data:") {
                    let data = data.strip_prefix(' ').unwrap_or(data);
                    self.data = Some(match self.data.take() {
                        Some(before) => format!("{before}\n{data}"),
                        None => data.to_owned(),
                    });
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(framing: Framing, text: &str, step: usize) -> Vec<String> {
        let mut splitter = Splitter::new(framing);
        let mut events: Vec<String> = text
            .as_bytes()
            .chunks(step)
            .flat_map(|chunk| splitter.push(chunk))
            .collect();
        events.extend(splitter.end());
        events
    }

    #[test]
    fn events_are_the_same_wherever_the_bytes_are_cut() {
        let cases = [
            (Framing::Sse, "data: a\n\ndata: é\n\n", vec!["a", "é"]),
            (Framing::Sse, "data: a\r\n\r\ndata:b\r\rdata: c", vec!["a", "b", "c"]),
            (
                Framing::Sse,
                ": PROCESSING\n\nevent: x\nid: 1\ndata: a\ndata: b\n\n",
                vec!["a\nb"],
            ),
            (Framing::Sse, "<html>\n\n", vec![]),
            (
                Framing::Lines,
                "{\"a\":1}\r\n\n{\"b\":2}",
                vec!["{\"a\":1}", "{\"b\":2}"],
            ),
        ];
        for (framing, text, expected) in cases {
            for step in 1..=text.len() {
                assert_eq!(split(framing, text, step), expected, "{text:?} in steps of {step}");
            }
        }
    }
}
