//! How far something long has come, for whoever waits for it.

/// How far something long has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advance {
    /// What is being done, as in "rebuilding the index".
    pub what: &'static str,
    /// Bytes that are done.
    pub done: u64,
    /// Bytes that there are to do, as far as is known.
    pub total: u64,
}

/// Told from time to time how far the work has come, on the thread that does it.
pub type Watch<'a> = &'a mut dyn FnMut(Advance);

/// Bytes between two reports: few enough to see it move, many enough to cost nothing.
const REPORT_EVERY_BYTES: u64 = 4 * 1024 * 1024;

/// Counts bytes of one piece of work, and reports them now and then.
pub(super) struct Meter<'a> {
    advance: Advance,
    reported: u64,
    watch: Watch<'a>,
}

impl<'a> Meter<'a> {
    pub(super) fn new(what: &'static str, total: u64, watch: Watch<'a>) -> Self {
        let advance = Advance { what, done: 0, total };
        Self {
            advance,
            reported: 0,
            watch,
        }
    }

    /// Adds bytes that are done.
    pub(super) fn add(&mut self, bytes: u64) {
        self.advance.done += bytes;
        if self.advance.done - self.reported >= REPORT_EVERY_BYTES {
            self.reported = self.advance.done;
            (self.watch)(self.advance);
        }
    }
}
