//! The pegbox binary.

fn main() {}
