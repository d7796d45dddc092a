//! Invariants on arbitrary input.
