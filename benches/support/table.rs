//! Rounds, and the table that a benchmark prints.
//!
//! A row is a ratio of two figures of the same run, ours and the limit's, taken in turns. Its absolute figures are
//! printed only so that a strange ratio can be traced to the side that is strange: they say nothing about another
//! machine, nor about this one an hour later.

use std::io::Write as _;
use std::time::{Duration, Instant};

/// Why a benchmark stopped.
pub type Fault = Box<dyn std::error::Error>;

/// How often both sides are measured where `PEGBOX_BENCH_ROUNDS` does not say.
const ROUNDS: usize = 5;
/// More rounds than this are a typing mistake.
const ROUNDS_MAX: usize = 100;
/// Time for all rounds of one row; the round in which it runs out is the last.
const ROW_TIME_MAX: Duration = Duration::from_secs(180);
/// A smoke run does this part of the work.
const SMOKE_DIVISOR: usize = 10;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    rounds: usize,
}

impl Extent {
    /// Reads `PEGBOX_BENCH_ROUNDS`. One round is a smoke run: it shows that everything works, with counts so small
    /// that its ratios mean nothing. So is a run by `cargo test`, which gives no `--bench`.
    pub fn from_environment() -> Result<Self, Fault> {
        let rounds = match std::env::var("PEGBOX_BENCH_ROUNDS") {
            Ok(text) => text.parse()?,
            Err(_) if std::env::args().any(|argument| argument == "--bench") => ROUNDS,
            Err(_) => 1,
        };
        if !(1..=ROUNDS_MAX).contains(&rounds) {
            return Err(format!("PEGBOX_BENCH_ROUNDS is {rounds}: give 1 to {ROUNDS_MAX}").into());
        }
        Ok(Self { rounds })
    }

    /// `full`, or the part of it that a smoke run does.
    pub fn count(self, full: usize) -> usize {
        if self.rounds == 1 {
            (full / SMOKE_DIVISOR).max(1)
        } else {
            full
        }
    }

    /// Calls `round` until there are enough rounds or the time is up.
    pub fn repeat(self, mut round: impl FnMut() -> Result<(), Fault>) -> Result<(), Fault> {
        let started = Instant::now();
        for _ in 0..self.rounds {
            round()?;
            if started.elapsed() > ROW_TIME_MAX {
                break;
            }
        }
        Ok(())
    }
}

/// What is compared, and which way is good.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// What is measured.
    pub what: &'static str,
    /// What it is measured against.
    pub limit: &'static str,
    /// The unit of the absolute figures.
    pub unit: &'static str,
    /// Which ratios are good.
    pub good: &'static str,
}

/// Pairs of one row, each ours and the limit's.
#[derive(Debug, Default)]
pub struct Pairs(Vec<(f64, f64)>);

impl Pairs {
    /// Adds a round.
    pub fn push(&mut self, ours: f64, limit: f64) {
        self.0.push((ours, limit));
    }
}

/// The table on standard output, a row at a time.
pub struct Table {
    out: std::io::Stdout,
}

impl Table {
    /// Prints the head.
    pub fn begin(title: &str, extent: Extent) -> Result<Self, Fault> {
        let mut out = std::io::stdout();
        let rounds = extent.rounds;
        writeln!(out, "\n{title}: ratio of ours to the limit, rounds at most {rounds}")?;
        if rounds == 1 {
            writeln!(out, "(a smoke run: these ratios mean nothing)")?;
        }
        writeln!(
            out,
            "{:<44} {:<42} {:>8} {:>8} {:>8}  {:<12} {:>24}",
            "measured", "against", "min", "median", "max", "good is", "medians: ours / limit"
        )?;
        Ok(Self { out })
    }

    /// Prints a row. A figure that the system does not give leaves `pairs` empty, and the row says so.
    pub fn row(&mut self, label: &str, row: Row, pairs: &Pairs) -> Result<(), Fault> {
        let what = format!("{label}{}", row.what);
        let Row { limit, unit, good, .. } = row;
        write!(self.out, "{what:<44} {limit:<42} ")?;
        let ratios = sorted(pairs.0.iter().map(|(ours, limit)| ours / limit));
        match (ratios.first(), ratios.last()) {
            (Some(min), Some(max)) => {
                let ours = median(&sorted(pairs.0.iter().map(|(ours, _)| *ours)));
                let limit = median(&sorted(pairs.0.iter().map(|(_, limit)| *limit)));
                let middle = median(&ratios);
                let absolute = format!("{ours:.1} / {limit:.1} {unit}");
                writeln!(
                    self.out,
                    "{min:>8.2} {middle:>8.2} {max:>8.2}  {good:<12} {absolute:>24}"
                )?;
            }
            _ => writeln!(self.out, "not measurable on this system")?,
        }
        Ok(())
    }
}

fn sorted(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures
}

/// The middle figure, the lower one of two.
pub fn median(sorted: &[f64]) -> f64 {
    sorted
        .get(sorted.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or(f64::NAN)
}
