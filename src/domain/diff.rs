//! What changed between two prompt contents, as data.
