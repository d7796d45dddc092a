//! The engine of runs: render, ask, parse, grade, sum up, settle the gate, compare.
//! May use `domain`, `stats` and `providers`; what it reads and writes comes in through the traits of [`pipeline`].
//! Must never ask who the user is, draw, read a clock, or hold a whole dataset in memory.

pub mod ablate;
pub mod against;
mod ask;
pub mod bisect;
pub mod calibrate;
mod caps;
pub mod category;
pub mod cause;
mod chain;
mod classes;
mod closing;
pub mod compare;
mod conversation;
pub mod gate;
pub mod graders;
pub mod judges;
pub mod latency;
pub mod metrics;
mod outcomes_hash;
pub mod paired;
pub mod parse;
pub mod path;
mod paths;
pub mod pipeline;
pub mod progress;
mod prompt;
pub mod render;
mod reuse;
mod standing;
pub mod sweep;
mod together;
mod upcoming;
mod window;

#[cfg(test)]
mod samples;

/// Why a run could not begin, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A message of the prompt is no valid template.
    #[error("the prompt cannot be rendered: {0}")]
    Prompt(#[from] render::RenderError),
    /// A grader cannot be built.
    #[error("the suite cannot be used: {0}")]
    Suite(#[from] graders::GraderError),
    /// A step of the chain cannot be asked.
    #[error("step {step} cannot be run: {why}")]
    Step {
        /// The step's name.
        step: String,
        /// What is wrong with it.
        why: String,
    },
    /// A metric reads a field that the chain's answer cannot have.
    #[error("the suite cannot be used: metric {metric}: {why}")]
    Metric {
        /// The metric's name.
        metric: String,
        /// What is wrong with it.
        why: String,
    },
    /// The store failed. Nothing that was saved is lost.
    #[error("the run stopped, {saved} outcomes are kept: {source}")]
    Store {
        /// Outcomes on disk.
        saved: u64,
        /// What failed.
        source: pipeline::StoreFault,
    },
}
