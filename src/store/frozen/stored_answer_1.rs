//! Layout 1 of stored answers: those of prompts alone.

use serde::{Deserialize, Serialize};

use crate::domain::answer::{AnswerPart, StoredAnswer};
use crate::domain::ids::RunId;

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredAnswer1 {
    run: RunId,
    index: u64,
    repeat: u32,
}

impl From<StoredAnswer1> for StoredAnswer {
    fn from(old: StoredAnswer1) -> Self {
        Self {
            run: old.run,
            index: old.index,
            repeat: old.repeat,
            part: AnswerPart::Whole,
        }
    }
}
