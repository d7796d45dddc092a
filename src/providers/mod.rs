//! Providers: the models that answer, one module for each vendor.
//! May use `domain` and the HTTP client.
//! Must never store anything, decide a rule or let a secret be printed.

pub mod simulated;
