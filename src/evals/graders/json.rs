//! The answer is JSON.

use super::finding::{Fault, Finding};
use super::observed::Case;

pub(super) struct JsonValid;

impl JsonValid {
    #[expect(clippy::unused_self, reason = "every check is called alike")]
    pub(super) fn grade(&self, case: &Case) -> Finding {
        let parsed = case.parsed().map_err(Fault::into_verdict);
        parsed.map(|_| "it is JSON".into())
    }
}
