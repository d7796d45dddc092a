//! From where somebody acts, and what proves who they are.

/// From where somebody acts, and by which key: as the audit log keeps it, so that it outlives the session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The place, such as `local account 1000` or `ssh 192.0.2.7`; empty where it is not known.
    pub place: String,
    /// The fingerprint of the key that proved it, such as `SHA256:...`; empty where none did.
    pub key: String,
}

impl Origin {
    /// A place that no key vouches for.
    pub fn of_place(place: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            key: String::new(),
        }
    }

    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        self.place.is_empty() && self.key.is_empty()
    }
}
