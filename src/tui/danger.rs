//! Which requests only a confirmed dialog may send.

use super::command::Danger;
use crate::workbench::Request;

/// The least level of dialog that must have been confirmed before this is asked of the workbench.
pub fn danger_of(request: &Request) -> Danger {
    match request {
        Request::Promote { .. } => Danger::Typed,
        Request::Decide { .. } | Request::RollBack { .. } => Danger::Reason,
        Request::CancelRun(_) | Request::DiscardDraft(_) => Danger::Question,
        _ => Danger::None,
    }
}
