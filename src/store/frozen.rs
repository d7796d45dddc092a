//! Older layouts of stored records, one file for each, kept as they were written. Nothing here is ever changed: a
//! layout that is needed no longer by the program is still needed by the stores that hold it.
//!
//! A frozen struct shares the types inside it with the current layout for as long as those are the same; the golden
//! bytes in `tests/compat` show when one of them is not.

pub(super) mod chain_1;
pub(super) mod gate_1;
pub(super) mod outcome_1;
pub(super) mod outcome_2;
pub(super) mod outcome_3;
pub(super) mod policy_1;
pub(super) mod run_1;
pub(super) mod run_2;
pub(super) mod run_end_2;
pub(super) mod run_end_3;
pub(super) mod suite_1;
pub(super) mod trace_1;
