//! What a screen or a command asks of the workbench, and what comes back, as plain structs.

/// A use case with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// What needs the user, what runs, what is unhealthy.
    Status,
}

/// What a [`Request`] gave.
#[derive(Debug, Clone)]
pub enum Answer {
    /// For [`Request::Status`].
    Status,
}

/// An error ready to be shown: what failed and why, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What failed and why.
    pub what: String,
    /// What to do; begins with a verb.
    pub hint: String,
}
