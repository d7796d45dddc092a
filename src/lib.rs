//! pegbox: a terminal workbench that treats prompt tuning as software release management.
//!
//! One promise shapes the code: any response can be traced to the exact records that produced it, and none of those
//! records can have changed since.
//!
//! # Code map
//!
//! Layers, top to bottom. An arrow of imports points only downward; `tests/layers.rs` holds that.
//!
//! | layer | what it is for |
//! | --- | --- |
//! | [`cli`] | the command line: parse arguments, call the workbench, print |
//! | [`host`] | sessions: the terminal, the clock, carrying out what a screen asks for; the host of a store and its guests |
//! | [`tui`] | screens: messages in, effects out, a frame drawn; knows no store, no clock, no runtime |
//! | [`workbench`] | the one door: every use case, every rule check, every audit entry |
//! | [`evals`] · [`releases`] · [`traces`] · [`interchange`] | engines behind the door: runs, promotions, lineage, file formats |
//! | [`providers`] · [`store`] | the outside world · the records on disk |
//! | [`domain`] · [`stats`] · [`text`] | pure: no I/O, no clock, no async, no randomness but from a seed |
//!
//! A noun of the design has one file of its name in [`domain`]; how it lies on disk is in [`store`] under the same
//! name; what one may do with it is a method of [`workbench::Workbench`].

pub mod cli;
pub mod domain;
pub mod evals;
pub mod host;
pub mod interchange;
pub mod providers;
pub mod releases;
pub mod stats;
pub mod store;
pub mod text;
pub mod traces;
pub mod tui;
pub mod workbench;
