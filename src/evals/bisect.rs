//! Where something broke, over versions in order: half of what is left is looked at each time, and a step that noise
//! could explain says so instead of guessing.

use serde::Serialize;

use super::paired::Effect;

/// What one version says of where the break is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// As the good one: it broke later.
    Good,
    /// As the bad one: it broke here or before.
    Bad,
    /// Neither is beyond what chance explains.
    CannotTell,
}

impl Side {
    /// The words in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::CannotTell => "cannot tell",
        }
    }

    /// Of a version whose metric is compared with the good one's (`from_good`) and with the bad one's (`from_bad`):
    /// bad where it is surely lower than the good one, good where it is surely higher than the bad one. Where both
    /// hold it lies between them, so that a part of the break came with it or before.
    pub fn by_metric(from_good: Option<Effect>, from_bad: Option<Effect>) -> Self {
        let is_lower = from_good.is_some_and(|effect| effect.is_sure() && effect.gain() < 0.0);
        let is_higher = from_bad.is_some_and(|effect| effect.is_sure() && effect.gain() > 0.0);
        match (is_lower, is_higher) {
            (true, _) => Self::Bad,
            (false, true) => Self::Good,
            (false, false) => Self::CannotTell,
        }
    }

    /// Of a version whose metric must not be below a threshold.
    pub fn by_threshold(value: Option<f64>, threshold: f64) -> Self {
        match value {
            Some(value) if value < threshold => Self::Bad,
            Some(_) => Self::Good,
            None => Self::CannotTell,
        }
    }

    /// Of an example that passed this share of its repeats: one whose answers differ tells nothing.
    pub fn by_example(pass_share: Option<f64>) -> Self {
        match pass_share {
            Some(share) if share >= 1.0 => Self::Good,
            Some(share) if share <= 0.0 => Self::Bad,
            _ => Self::CannotTell,
        }
    }
}

/// What is left of the versions: the first is good, the last is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bisection {
    good: usize,
    bad: usize,
}

impl Bisection {
    /// Of `count` versions in order, the first good and the last bad. `None` for fewer than two.
    pub fn new(count: usize) -> Option<Self> {
        (count >= 2).then(|| Self {
            good: 0,
            bad: count - 1,
        })
    }

    /// The version to look at next; `None` where the break is found.
    pub fn next(&self) -> Option<usize> {
        (self.bad - self.good > 1).then(|| self.good.midpoint(self.bad))
    }

    /// Takes in what a version says. Whether the search can go on.
    pub fn take(&mut self, at: usize, side: Side) -> bool {
        match side {
            Side::Good if at > self.good && at < self.bad => self.good = at,
            Side::Bad if at > self.good && at < self.bad => self.bad = at,
            _ => return false,
        }
        true
    }

    /// The last that is known to be good, and the first that is known to be bad.
    pub fn left(&self) -> (usize, usize) {
        (self.good, self.bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evals::paired::Effect;

    #[test]
    fn every_break_is_found_in_as_few_looks_as_halving_takes() {
        for count in 2..40_usize {
            for first_bad in 1..count {
                let mut bisection = Bisection::new(count).unwrap();
                let mut looks = 0;
                while let Some(at) = bisection.next() {
                    let side = if at < first_bad { Side::Good } else { Side::Bad };
                    assert!(bisection.take(at, side));
                    looks += 1;
                }
                assert_eq!(bisection.left(), (first_bad - 1, first_bad));
                assert!(looks <= (count - 1).ilog2() + 1, "{looks} looks at {count}");
            }
        }
        assert_eq!(Bisection::new(1), None);
    }

    #[test]
    fn a_step_that_noise_explains_stops_the_search() {
        let mut bisection = Bisection::new(5).unwrap();
        let at = bisection.next().unwrap();
        assert!(!bisection.take(at, Side::CannotTell));
        assert_eq!(bisection.left(), (0, 4));
    }

    #[test]
    fn a_version_is_good_or_bad_only_beyond_noise() {
        let moved = |difference: f64, half: f64| Some(Effect::sample(0.9, 0.9 + difference, half, None));
        assert_eq!(Side::by_metric(moved(-0.1, 0.05), moved(0.0, 0.05)), Side::Bad);
        assert_eq!(Side::by_metric(moved(0.0, 0.05), moved(0.1, 0.05)), Side::Good);
        assert_eq!(Side::by_metric(moved(-0.04, 0.05), moved(0.04, 0.05)), Side::CannotTell);
        assert_eq!(Side::by_metric(moved(-0.1, 0.05), moved(0.1, 0.05)), Side::Bad);
        assert_eq!(Side::by_metric(None, None), Side::CannotTell);
        assert_eq!(Side::by_threshold(Some(0.94), 0.95), Side::Bad);
        assert_eq!(Side::by_example(Some(0.5)), Side::CannotTell);
    }
}
