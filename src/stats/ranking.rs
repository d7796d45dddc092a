//! Strengths of several prompt versions from games between two of them.

use super::sample::{check_finite, check_lengths, defined};
use super::{StatsError, check_positive_parameter};

/// Points of Elo for each unit of log odds, `400 / ln 10`.
const ELO_A_LOGIT: f64 = 400.0 / std::f64::consts::LN_10;
/// The mean rating.
const ELO_MEAN: f64 = 1000.0;
/// Newton takes about ten; halved steps on lopsided tables a few more.
const NEWTON_STEPS_MAX: u32 = 500;
/// A step that moves no strength by more is the last.
const SETTLED: f64 = 1e-12;
/// The longest step, in log odds: further off the quadratic picture does not hold.
const STEP_MAX: f64 = 2.0;

/// Strengths, in the order of the items.
#[derive(Debug, Clone, PartialEq)]
pub struct Strengths {
    /// Log odds, with sum 0.
    pub strength: Vec<f64>,
    /// Standard errors, from the pseudo-inverse of the information.
    pub se: Vec<f64>,
    /// `1000 + 400/ln 10 strength`
    pub elo: Vec<f64>,
    /// Chance that the first item beats the second; `None` for fewer than two.
    pub p_first_beats_second: Option<f64>,
}

/// Strengths by the model of Bradley and Terry 1952, by Newton's method (vector `bradley_terry`). `wins[i][j]` is how
/// often i beat j; `ties[i][j]`, `i < j`, counts half a win each way; `prior` is added as virtual wins each way to
/// every pair. For two versions prefer a sign test on wins and losses.
///
/// Errors: tables that are not square or differ in size; a negative or infinite prior; without a prior, items of which
/// not every one can be reached from every other by wins: the likeliest strengths are infinite.
pub fn bradley_terry(wins: &[Vec<u64>], ties: Option<&[Vec<u64>]>, prior: f64) -> Result<Strengths, StatsError> {
    if !(prior >= 0.0 && prior.is_finite()) {
        let (name, domain) = ("prior", "a finite number from 0");
        return Err(StatsError::BadParameter {
            name,
            domain,
            value: prior,
        });
    }
    let scores = scores(wins, ties, prior)?;
    let n = scores.len();
    if !is_strongly_connected(&scores) {
        return Err(StatsError::NotStronglyConnected);
    }
    let mut strength = vec![0.0; n];
    for _ in 0..NEWTON_STEPS_MAX {
        let information = information(&scores, &strength);
        let Some(step) = solve(information, vec![gradient(&scores, &strength)]).pop() else {
            break;
        };
        let longest = step.iter().fold(0.0_f64, |longest, part| longest.max(part.abs()));
        let scale = if longest > STEP_MAX { STEP_MAX / longest } else { 1.0 };
        for (value, part) in strength.iter_mut().zip(&step) {
            *value += scale * part;
        }
        if longest <= SETTLED || !longest.is_finite() {
            break;
        }
    }
    let centre = strength.iter().sum::<f64>() / n.max(1) as f64;
    for value in &mut strength {
        *value -= centre;
    }
    // The information plus 1/n everywhere has the pseudo-inverse plus 1/n as its inverse.
    let unit = |at: usize| (0..n).map(|i| if i == at { 1.0 } else { 0.0 }).collect();
    let inverse = solve(information(&scores, &strength), (0..n).map(unit).collect());
    let variance = |i: usize| (inverse[i][i] - 1.0 / n as f64).max(0.0);
    Ok(Strengths {
        se: (0..n).map(|i| variance(i).sqrt()).collect(),
        elo: strength.iter().map(|value| ELO_MEAN + ELO_A_LOGIT * value).collect(),
        p_first_beats_second: strength
            .first()
            .zip(strength.get(1))
            .map(|(first, second)| chance(first - second)),
        strength,
    })
}

/// Wins with half of the ties and the prior.
fn scores(wins: &[Vec<u64>], ties: Option<&[Vec<u64>]>, prior: f64) -> Result<Vec<Vec<f64>>, StatsError> {
    let n = wins.len();
    for row in wins.iter().chain(ties.unwrap_or_default()) {
        check_lengths(n, row.len())?;
    }
    check_lengths(n, ties.map_or(n, <[Vec<u64>]>::len))?;
    let tied = |i: usize, j: usize| ties.map_or(0.0, |ties| ties[i.min(j)][i.max(j)] as f64);
    let score = |i: usize, j: usize| {
        if i == j {
            0.0
        } else {
            wins[i][j] as f64 + 0.5 * tied(i, j) + prior
        }
    };
    Ok((0..n).map(|i| (0..n).map(|j| score(i, j)).collect()).collect())
}

/// Every item can be reached from the first by "beat", and the first from every item.
fn is_strongly_connected(scores: &[Vec<f64>]) -> bool {
    let n = scores.len();
    let reaches_all = |beats: &dyn Fn(usize, usize) -> bool| {
        let mut seen = vec![false; n];
        let mut open: Vec<usize> = (0..n.min(1)).collect();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut seen[at], true) {
                open.extend((0..n).filter(|next| beats(at, *next)));
            }
        }
        seen.iter().all(|seen| *seen)
    };
    reaches_all(&|i, j| scores[i][j] > 0.0) && reaches_all(&|i, j| scores[j][i] > 0.0)
}

/// Chance to win at this advantage in log odds.
fn chance(advantage: f64) -> f64 {
    1.0 / (1.0 + (-advantage).exp())
}

fn gradient(scores: &[Vec<f64>], strength: &[f64]) -> Vec<f64> {
    let n = scores.len();
    let surplus = |i: usize, j: usize| {
        let advantage = strength[i] - strength[j];
        scores[i][j] * chance(-advantage) - scores[j][i] * chance(advantage)
    };
    (0..n).map(|i| (0..n).map(|j| surplus(i, j)).sum()).collect()
}

/// Second derivatives, with `1/n` everywhere so that the direction in which nothing changes is settled too.
fn information(scores: &[Vec<f64>], strength: &[f64]) -> Vec<Vec<f64>> {
    let n = scores.len();
    let mut matrix = vec![vec![1.0 / n as f64; n]; n];
    for i in 0..n {
        for j in 0..n {
            let p = chance(strength[i] - strength[j]);
            let weight = (scores[i][j] + scores[j][i]) * p * (1.0 - p);
            matrix[i][i] += weight;
            matrix[i][j] -= weight;
        }
    }
    matrix
}

/// Solves a symmetric positive system for each right-hand side, by Gauss's elimination with the largest pivot.
fn solve(mut matrix: Vec<Vec<f64>>, mut sides: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let n = matrix.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|i, j| matrix[*i][column].abs().total_cmp(&matrix[*j][column].abs()));
        let pivot = pivot.unwrap_or(column);
        matrix.swap(column, pivot);
        for side in &mut sides {
            side.swap(column, pivot);
        }
        for row in column + 1..n {
            let factor = matrix[row][column] / matrix[column][column];
            let (above, below) = matrix.split_at_mut(row);
            for (value, from) in below[0].iter_mut().zip(&above[column]).skip(column) {
                *value -= factor * from;
            }
            for side in &mut sides {
                side[row] -= factor * side[column];
            }
        }
    }
    for side in &mut sides {
        for row in (0..n).rev() {
            let known: f64 = (row + 1..n).map(|column| matrix[row][column] * side[column]).sum();
            side[row] = (side[row] - known) / matrix[row][row];
        }
    }
    sides
}

/// One game, between items named by their places.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Game {
    /// The first player's place.
    pub first: usize,
    /// The second player's place.
    pub second: usize,
    /// What the first got: 1 for a win, 1/2 for a tie, 0 for a loss.
    pub score: f64,
}

/// Elo ratings game by game (vector `elo_sequence`): each moves by `k (score - 1/(1 + 10^((other - own)/400)))`.
/// Depends on the order of games: for display only.
///
/// Errors: a rating that is NaN or infinite; `k` not positive; a game with an item that is not there or a score outside
/// 0 to 1.
pub fn elo_sequence(ratings: &[f64], k: f64, games: &[Game]) -> Result<Vec<f64>, StatsError> {
    check_finite(ratings)?;
    check_positive_parameter("k", k)?;
    let mut ratings = ratings.to_vec();
    for (place, game) in games.iter().enumerate() {
        if !(0.0..=1.0).contains(&game.score) {
            return Err(StatsError::OutOfRange { index: place });
        }
        let count = ratings.len();
        let rating = |index: usize| {
            ratings
                .get(index)
                .copied()
                .ok_or(StatsError::UnknownItem { index, count })
        };
        let advantage = rating(game.first)? - rating(game.second)?;
        let expected = chance(advantage / ELO_A_LOGIT);
        let moved = defined(k * (game.score - expected)).unwrap_or(0.0);
        ratings[game.first] += moved;
        ratings[game.second] -= moved;
    }
    Ok(ratings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_items_give_the_log_odds_of_their_games() {
        let result = bradley_terry(&[vec![0, 40], vec![60, 0]], None, 0.0).unwrap();
        assert!((result.strength[1] - result.strength[0] - 1.5_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn lopsided_games_settle_and_nobody_who_never_lost_is_ranked() {
        let result = bradley_terry(&[vec![0, 1_000_000], vec![1, 0]], None, 0.0).unwrap();
        assert!((result.strength[0] - result.strength[1] - 1e6_f64.ln()).abs() < 1e-9);
        let unbeaten = bradley_terry(&[vec![0, 9], vec![0, 0]], None, 0.0);
        assert_eq!(unbeaten, Err(StatsError::NotStronglyConnected));
        assert!(bradley_terry(&[vec![0, 9], vec![0, 0]], None, 0.01).is_ok());
    }

    #[test]
    fn no_item_and_one_item_are_ranked_trivially() {
        assert_eq!(bradley_terry(&[], None, 0.0).unwrap().strength, Vec::<f64>::new());
        let one = bradley_terry(&[vec![3]], None, 0.0).unwrap();
        assert_eq!(
            (one.strength, one.se, one.p_first_beats_second),
            (vec![0.0], vec![0.0], None)
        );
    }

    #[test]
    fn a_table_of_the_wrong_shape_is_refused() {
        assert!(bradley_terry(&[vec![0, 1]], None, 0.0).is_err());
        assert!(bradley_terry(&[vec![0, 1], vec![1, 0]], Some(&[]), 0.0).is_err());
        assert!(bradley_terry(&[vec![0]], None, -1.0).is_err());
    }

    #[test]
    fn ratings_keep_their_sum() {
        let games = [(0, 1, 1.0), (1, 2, 0.5), (2, 0, 0.0)].map(|(first, second, score)| Game { first, second, score });
        let ratings = elo_sequence(&[1000.0, 1100.0, 900.0], 32.0, &games).unwrap();
        assert!((ratings.iter().sum::<f64>() - 3000.0).abs() < 1e-9);
        assert!(elo_sequence(&[1000.0], 32.0, &games).is_err());
    }
}
