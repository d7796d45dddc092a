//! From a response back to every record that stands behind it.
//! May use: domain, stats, store, text.
//! Must never: ask who the user may be, or draw.

pub mod lineage;
