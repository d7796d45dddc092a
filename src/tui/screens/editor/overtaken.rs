//! What happens when somebody else changed the draft that is being typed. Neither text is lost: the one that is not
//! chosen is one step of undo away.

use super::{Editor, Mode};
use crate::tui::effect::Effect;
use crate::tui::msg::{Note, Urgency};
use crate::tui::overlays::choose::{Choice, Entry};
use crate::workbench::DraftView;

/// Which question of the editor it is.
pub(super) const OVERTAKEN_TAG: &str = "draft.overtaken";
const MINE: &str = "keep mine";
const THEIRS: &str = "take theirs";

impl Editor {
    /// Nothing was saved. Asks which text it shall be, but never while keys are text.
    pub(super) fn overtaken(&mut self, why: String, found: DraftView) -> Vec<Effect> {
        self.once_saved = None;
        self.save.failed(why.clone());
        if self.mode == Mode::Insert {
            return vec![Effect::Say(Note {
                urgency: Urgency::Failure,
                text: format!("{why}. Esc lets you choose; yours is on the screen"),
            })];
        }
        self.theirs = Some(found);
        vec![Effect::Choose(Choice {
            tag: OVERTAKEN_TAG,
            title: why,
            entries: vec![
                Entry::new(MINE).note("it takes the place of theirs, which undo shows"),
                Entry::new(THEIRS).note("it comes to the screen, and undo brings yours back"),
            ],
        })]
    }

    /// Does what was chosen; what stays on the screen is saved as any change is.
    pub(super) fn overtaken_chosen(&mut self, id: &str) {
        let Some(theirs) = self.theirs.take() else { return };
        if id == MINE {
            let mine = self.document.source();
            self.document.replace(&theirs.draft.source);
            self.document.replace(&mine);
            self.seen = theirs.seen();
            self.base = theirs.draft.base;
        } else {
            // What is on the screen counts as given up, so that theirs is taken as if nothing had been typed.
            self.save.adopt(self.document.revision());
            self.adopt(theirs);
        }
    }
}
