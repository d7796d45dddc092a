//! When a draft is saved, and what became of it. Counts ticks, since a screen has no clock.

use crate::domain::time::Timestamp;

/// Between two ticks while something is unsaved, in milliseconds.
pub const TICK_MS: u64 = 250;
/// Ticks without a change after which the draft is saved: half a second after typing stops.
const QUIET_TICKS: u32 = 2;
/// Ticks after which it is saved although typing goes on: a second.
const WAIT_TICKS_MAX: u32 = 4;

/// What became of the last save.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LastSave {
    /// None was needed yet.
    #[default]
    None,
    /// The draft was kept.
    Kept(Timestamp),
    /// It was not, with the reason. The text is in memory only.
    NotKept(String),
}

/// Follows which revisions of the text are stored. One save is under way at a time, so that an older text can never
/// arrive after a newer one.
#[derive(Debug, Clone, Default)]
pub struct Autosave {
    revision: u64,
    kept: u64,
    sent: Option<u64>,
    last: LastSave,
    quiet_ticks: u32,
    waited_ticks: u32,
}

impl Autosave {
    /// What became of the last save.
    pub fn last(&self) -> &LastSave {
        &self.last
    }

    /// Whether the store holds another text than the screen.
    pub fn is_unsaved(&self) -> bool {
        self.revision != self.kept
    }

    /// Whether a save is under way.
    pub fn is_under_way(&self) -> bool {
        self.sent.is_some()
    }

    /// How often it wants a tick: only while a save is waited for.
    pub fn tick_ms(&self) -> Option<u64> {
        let waits = self.is_unsaved() && !self.is_under_way();
        // After a failure the next change starts the ticks again.
        let gave_up = matches!(self.last, LastSave::NotKept(_)) && self.waited_ticks >= WAIT_TICKS_MAX;
        (waits && !gave_up).then_some(TICK_MS)
    }

    /// The text changed.
    pub fn changed(&mut self, revision: u64) {
        if self.revision != revision {
            self.revision = revision;
            self.quiet_ticks = 0;
            if matches!(self.last, LastSave::NotKept(_)) {
                self.waited_ticks = 0;
            }
        }
    }

    /// The text is the stored one.
    pub fn adopt(&mut self, revision: u64) {
        self.revision = revision;
        self.kept = revision;
    }

    /// Time passed. Whether a save is due.
    pub fn tick_is_due(&mut self) -> bool {
        if self.tick_ms().is_none() {
            return false;
        }
        self.quiet_ticks += 1;
        self.waited_ticks += 1;
        self.quiet_ticks >= QUIET_TICKS || self.waited_ticks >= WAIT_TICKS_MAX
    }

    /// Waits for a save again although the last one failed.
    pub fn try_again(&mut self) {
        self.waited_ticks = 0;
    }

    /// Begins a save of the present text, unless it is stored or another is under way. Whether it did.
    pub fn begin(&mut self) -> bool {
        if !self.is_unsaved() || self.is_under_way() {
            return false;
        }
        self.sent = Some(self.revision);
        self.quiet_ticks = 0;
        self.waited_ticks = 0;
        true
    }

    /// The save under way was carried out.
    pub fn kept(&mut self, at: Timestamp) {
        if let Some(revision) = self.sent.take() {
            self.kept = revision;
        }
        self.last = LastSave::Kept(at);
    }

    /// The save under way failed.
    pub fn failed(&mut self, why: String) {
        let failed_revision = self.sent.take();
        self.last = LastSave::NotKept(why);
        // What was typed meanwhile is a change, and a change tries again.
        if failed_revision == Some(self.revision) {
            self.waited_ticks = WAIT_TICKS_MAX;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks_to_save(save: &mut Autosave) -> u32 {
        let ticks = (1..=10).find(|_| save.tick_is_due()).unwrap_or(0);
        assert!(ticks == 0 || save.begin());
        ticks
    }

    #[test]
    fn saves_soon_after_typing_stops_or_a_second_after_it_began() {
        let mut save = Autosave::default();
        assert_eq!(save.tick_ms(), None, "idle costs nothing");
        save.changed(1);
        assert_eq!(save.tick_ms(), Some(TICK_MS));
        assert_eq!(ticks_to_save(&mut save), QUIET_TICKS);
        save.kept(Timestamp(1));
        assert!(!save.is_unsaved());

        for revision in 2..=4 {
            save.changed(revision);
            assert!(!save.tick_is_due(), "typing goes on");
        }
        save.changed(5);
        assert!(save.tick_is_due(), "{WAIT_TICKS_MAX} ticks after the first change");
    }

    #[test]
    fn one_save_is_under_way_at_a_time() {
        let mut save = Autosave::default();
        save.changed(1);
        assert!(save.begin() && !save.begin());
        save.changed(2);
        assert_eq!((save.tick_ms(), save.tick_is_due()), (None, false));
        save.kept(Timestamp(1));
        assert!(save.is_unsaved(), "the newer text is still to be saved");
        assert_eq!(ticks_to_save(&mut save), QUIET_TICKS);
    }

    #[test]
    fn a_failed_save_is_tried_again_on_the_next_change_or_by_hand() {
        let mut save = Autosave::default();
        save.changed(1);
        save.begin();
        save.failed("disk full".into());
        assert_eq!(save.last(), &LastSave::NotKept("disk full".into()));
        assert!(save.is_unsaved());
        assert_eq!(ticks_to_save(&mut save), 0, "not in a loop");
        save.changed(2);
        assert_eq!(ticks_to_save(&mut save), QUIET_TICKS);
        save.failed("disk full".into());
        assert!(save.begin(), "by hand");
        save.changed(3);
        save.failed("disk full".into());
        assert_eq!(ticks_to_save(&mut save), QUIET_TICKS, "typed while it failed");
    }
}
