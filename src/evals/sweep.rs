//! A matrix of runs by quality, cost and latency: which ones no other beats in all three.

use serde::Serialize;

use super::paired::Effect;

/// What one cell came to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// The chosen metric, where more is better; `None` where it is undefined.
    pub quality: Option<f64>,
    /// Mean cost of an example in US dollars; `None` where unknown.
    pub cost_usd: Option<f64>,
    /// 95th percentile of the latency in milliseconds; `None` where nothing was answered.
    pub latency_p95_ms: Option<f64>,
}

/// Where a cell stands among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// No other is at least as good, as cheap and as fast, and better in one of these.
    Front {
        /// Another one that is as cheap and as fast, cheaper or faster, and whose quality is lower by no more than
        /// chance explains.
        within_noise_of: Option<usize>,
    },
    /// Another one is at least as good, as cheap and as fast, and better in one of these.
    Dominated {
        /// Which.
        by: usize,
        /// Whether its quality is higher by more than chance explains.
        surely: bool,
    },
    /// It has no quality to compare.
    Unknown,
}

/// Where each cell stands. `effect(one, other)` is how the quality moves from one cell to the other; `None` where that
/// cannot be tested, and then nothing is sure.
pub fn standings(cells: &[Figures], effect: impl Fn(usize, usize) -> Option<Effect>) -> Vec<Standing> {
    let standing = |(at, cell): (usize, &Figures)| {
        let Some(quality) = cell.quality else {
            return Standing::Unknown;
        };
        let others = || cells.iter().enumerate().filter(move |(other, _)| *other != at);
        let is_cheaper_or_faster = |other: &Figures| {
            let cost = order(other.cost_usd, cell.cost_usd)?;
            let latency = order(other.latency_p95_ms, cell.latency_p95_ms)?;
            (cost <= 0 && latency <= 0).then_some(cost < 0 || latency < 0)
        };
        let best_dominating = others()
            .filter(|(_, other)| {
                let better = other.quality.is_some_and(|other| other > quality);
                let no_worse = other.quality.is_some_and(|other| other >= quality);
                no_worse && is_cheaper_or_faster(other).is_some_and(|saves| saves || better)
            })
            .max_by(|(_, one), (_, other)| {
                one.quality
                    .partial_cmp(&other.quality)
                    .unwrap_or(std::cmp::Ordering::Equal)
            });
        if let Some((by, _)) = best_dominating {
            let surely = effect(at, by).is_some_and(|effect| effect.is_sure() && effect.gain() > 0.0);
            return Standing::Dominated { by, surely };
        }
        let within_noise_of = others()
            .filter(|(_, other)| is_cheaper_or_faster(other) == Some(true))
            .find(|(other, _)| effect(at, *other).is_some_and(|effect| !effect.is_sure()))
            .map(|(other, _)| other);
        Standing::Front { within_noise_of }
    };
    cells.iter().enumerate().map(standing).collect()
}

/// -1, 0 or 1 as one is less than, equal to or more than the other; `None` where only one of them is known, which says
/// nothing of the other. Where nothing is known of either, there is nothing to tell them apart by.
fn order(one: Option<f64>, other: Option<f64>) -> Option<i8> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.total_cmp(&other) as i8),
        (None, None) => Some(0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evals::paired::Effect;

    fn cell(quality: f64, cost_usd: f64, latency_p95_ms: f64) -> Figures {
        Figures {
            quality: Some(quality),
            cost_usd: Some(cost_usd),
            latency_p95_ms: Some(latency_p95_ms),
        }
    }

    /// A difference is sure from three points on.
    fn effects(cells: &[Figures]) -> impl Fn(usize, usize) -> Option<Effect> {
        move |one, other| Some(Effect::sample(cells[one].quality?, cells[other].quality?, 0.03, None))
    }

    #[test]
    fn the_front_is_what_no_other_beats_in_all_three() {
        let cells = [
            cell(0.90, 2.0, 900.0),
            cell(0.95, 2.0, 900.0),
            cell(0.94, 1.0, 800.0),
            cell(0.70, 0.1, 300.0),
            cell(0.69, 0.2, 300.0),
        ];
        let front = |within_noise_of| Standing::Front { within_noise_of };
        let dominated = |by, surely| Standing::Dominated { by, surely };
        assert_eq!(
            standings(&cells, effects(&cells)),
            [
                dominated(1, true),
                // Half the price, and a point worse: that may be chance.
                front(Some(2)),
                front(None),
                front(None),
                dominated(3, false),
            ]
        );
    }

    #[test]
    fn equal_cells_do_not_beat_each_other_and_nothing_is_known_of_one_without_quality() {
        let unknown = Figures {
            quality: None,
            ..cell(0.0, 0.0, 0.0)
        };
        let cells = [cell(0.9, 1.0, 500.0), cell(0.9, 1.0, 500.0), unknown];
        let standings = standings(&cells, |_, _| None);
        let front = Standing::Front { within_noise_of: None };
        assert_eq!(standings, [front, front, Standing::Unknown]);
    }

    #[test]
    fn an_unknown_price_beats_nobody_and_is_not_beaten() {
        let unpriced = Figures {
            cost_usd: None,
            ..cell(0.99, 0.0, 100.0)
        };
        let cells = [cell(0.5, 1.0, 100.0), unpriced];
        assert!(matches!(standings(&cells, effects(&cells))[0], Standing::Front { .. }));
        let worse = Figures {
            quality: Some(0.1),
            ..unpriced
        };
        let cells = [cell(0.5, 1.0, 100.0), worse];
        let standings = standings(&cells, effects(&cells));
        assert!(
            matches!(standings[1], Standing::Front { .. }),
            "it may cost nothing: {standings:?}"
        );
    }
}
