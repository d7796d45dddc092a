//! What a run may use up. Asked before each request: what is in flight counts as if it were spent already, so that a
//! cap is not overshot by a whole window of requests.

use std::time::Duration;

use crate::domain::judgement::JudgingTotals;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::Outcome;
use crate::domain::run::{Caps, RunTotals};
use crate::domain::time::Timestamp;

/// Whether another request may leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leave {
    /// It may.
    Send,
    /// What is in flight has to come back first: it may turn out to cost less than is reckoned.
    Wait,
    /// A cap is reached: which, in a sentence.
    Stop(String),
}

/// One time in which a process worked on the run.
#[derive(Debug, Clone, Copy)]
struct Session {
    began_at: Timestamp,
    last_at: Timestamp,
}

/// What a run has used up, beside its totals.
#[derive(Debug)]
pub(super) struct Spending {
    caps: Caps,
    largest_cost: UsdNanos,
    largest_tokens: u64,
    /// Why a cap cannot hold, as soon as an answer shows it.
    blind: Option<String>,
    sessions: Vec<Session>,
}

impl Spending {
    /// Nothing used up yet; `began_at` says when the run was started and each time that it went on.
    pub(super) fn new(caps: Caps, began_at: &[Timestamp]) -> Self {
        let session = |began_at: &Timestamp| Session {
            began_at: *began_at,
            last_at: *began_at,
        };
        Self {
            caps,
            largest_cost: UsdNanos::default(),
            largest_tokens: 0,
            blind: None,
            sessions: began_at.iter().map(session).collect(),
        }
    }

    /// Takes in an outcome.
    pub(super) fn push(&mut self, outcome: &Outcome) {
        let mut judging = JudgingTotals::default();
        judging.add(&outcome.judgements);
        let cost = outcome.known_cost().unwrap_or_default() + judging.cost;
        self.largest_cost = self.largest_cost.max(cost);
        self.largest_tokens = self
            .largest_tokens
            .max(tokens_of(outcome).saturating_add(judging.tokens()));
        if self.blind.is_none() {
            self.blind = self.caps_that_cannot_hold(outcome);
        }
        let mut sessions = self.sessions.iter_mut().rev();
        if let Some(session) = sessions.find(|session| session.began_at <= outcome.finished_at) {
            session.last_at = session.last_at.max(outcome.finished_at);
        }
    }

    /// Which cap an answer that does not say what it took makes blind. Taken for nothing, it would never be reached.
    fn caps_that_cannot_hold(&self, outcome: &Outcome) -> Option<String> {
        let was_asked = outcome.error.is_none() && outcome.reused_from().next().is_none();
        let (usage, example) = (&outcome.usage, &outcome.example);
        if let Some(cap) = self.caps.cost
            && was_asked
            && outcome.known_cost().is_none()
        {
            let why = format!("the cost of the answer to {example} is unknown");
            return Some(format!("the cap of {cap} cannot hold: {why}"));
        }
        let judgements = outcome.judgements.iter().filter(|one| one.error.is_none());
        let mut judged = judgements.filter(|one| one.reused_from.is_none());
        if let Some(cap) = self.caps.cost
            && judged.any(|one| one.cost.is_none())
        {
            let why = format!("the cost of a judgement of {example} is unknown");
            return Some(format!("the cap of {cap} cannot hold: {why}"));
        }
        let cap = self.caps.tokens.filter(|_| was_asked && !usage.says_any())?;
        Some(format!(
            "the cap of {cap} tokens cannot hold: the answer to {example} came without its usage"
        ))
    }

    /// Time in which requests were sent: of earlier sessions up to their last outcome, by the clock of then, and this
    /// one, which was measured: a clock that is set meanwhile does not count.
    fn elapsed_ms(&self, this: Duration) -> u64 {
        let earlier = self.sessions.split_last().map_or(&[][..], |(_, earlier)| earlier);
        let earlier = earlier.iter().map(|session| session.last_at.since_ms(session.began_at));
        let this_ms = u64::try_from(this.as_millis()).unwrap_or(u64::MAX);
        earlier.fold(this_ms, u64::saturating_add)
    }

    /// Whether another request may leave beside those in flight, so long after this session began.
    pub(super) fn leave(&self, totals: &RunTotals, in_flight: usize, this: Duration) -> Leave {
        let caps = &self.caps;
        if *caps == Caps::default() {
            return Leave::Send;
        }
        let in_flight = u64::try_from(in_flight).unwrap_or(u64::MAX);
        if let Some(cap_ms) = caps.elapsed_ms.filter(|cap_ms| self.elapsed_ms(this) >= *cap_ms) {
            return Leave::Stop(format!("the cap of {} s is reached", cap_ms.div_ceil(1_000)));
        }
        if let Some(why) = &self.blind {
            return Leave::Stop(why.clone());
        }
        let counts = caps.cost.is_some() || caps.tokens.is_some() || caps.errors.is_some();
        // Only an answer says what one takes, so the first request goes alone.
        if counts && totals.saved == 0 && in_flight > 0 {
            return Leave::Wait;
        }
        let reached = [
            caps.cost.and_then(|cap| {
                let spent = totals.cost + totals.judging.cost;
                room(spent.0, self.largest_cost.0, cap.0, in_flight)
                    .map(|leave| leave.named(|| format!("the cap of {cap} is reached: {spent} is spent")))
            }),
            caps.tokens.and_then(|cap| {
                let spent = totals.tokens();
                room(spent, self.largest_tokens, cap, in_flight)
                    .map(|leave| leave.named(|| format!("the cap of {cap} tokens is reached: {spent} are used")))
            }),
            caps.errors.and_then(|cap| {
                let failing = (in_flight.saturating_mul(totals.errored)).div_ceil(totals.saved.max(1));
                (totals.errored.saturating_add(failing) >= cap).then(|| {
                    let leave = if totals.errored < cap { Room::Later } else { Room::Never };
                    leave.named(|| format!("the cap of {cap} errors is reached"))
                })
            }),
        ];
        let mut reached = reached.into_iter().flatten();
        let first = reached.next().unwrap_or(Leave::Send);
        reached.find(|leave| matches!(leave, Leave::Stop(_))).unwrap_or(first)
    }
}

#[derive(Debug, Clone, Copy)]
enum Room {
    Later,
    Never,
}

impl Room {
    fn named(self, reason: impl FnOnce() -> String) -> Leave {
        match self {
            Self::Later => Leave::Wait,
            Self::Never => Leave::Stop(reason()),
        }
    }
}

/// `None` where another request fits under the cap, each in flight taken for as large as the largest so far.
fn room(spent: u64, largest: u64, cap: u64, in_flight: u64) -> Option<Room> {
    let reckoned = spent.saturating_add(largest.saturating_mul(in_flight.saturating_add(1)));
    if spent < cap && reckoned <= cap {
        return None;
    }
    let is_final = in_flight == 0 || spent >= cap;
    Some(if is_final { Room::Never } else { Room::Later })
}

fn tokens_of(outcome: &Outcome) -> u64 {
    let usage = outcome.usage;
    usage
        .input_tokens
        .unwrap_or(0)
        .saturating_add(usage.output_tokens.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(saved: u64, errored: u64, cost: u64) -> RunTotals {
        RunTotals {
            saved,
            errored,
            cost: UsdNanos(cost),
            ..RunTotals::default()
        }
    }

    fn spending(caps: Caps, largest: u64) -> Spending {
        Spending {
            largest_cost: UsdNanos(largest),
            ..Spending::new(caps, &[Timestamp(0)])
        }
    }

    #[test]
    fn what_is_in_flight_counts_as_spent() {
        let caps = Caps {
            cost: Some(UsdNanos(100)),
            ..Caps::default()
        };
        let spending = spending(caps, 10);
        let leave = |saved, cost, in_flight| spending.leave(&totals(saved, 0, cost), in_flight, Duration::ZERO);
        assert_eq!(leave(0, 0, 0), Leave::Send);
        assert_eq!(leave(0, 0, 1), Leave::Wait, "nobody knows yet what one costs");
        assert_eq!(leave(5, 50, 4), Leave::Send);
        assert_eq!(leave(5, 50, 5), Leave::Wait);
        assert_eq!(leave(9, 90, 0), Leave::Send);
        let stop = Leave::Stop("the cap of $0.0000001 is reached: $0.0000001 is spent".into());
        assert_eq!(leave(10, 95, 0), stop, "another one would not fit");
    }

    #[test]
    fn an_answer_that_does_not_say_what_it_took_stops_a_cap_on_it() {
        let blank = crate::evals::samples::outcome(0, "{}", &[]);
        let unsaid = Outcome {
            usage: crate::domain::outcome::Usage::default(),
            cost: None,
            attempts: Vec::new(),
            ..blank
        };
        let (tokens, cost) = (
            Caps {
                tokens: Some(1_000),
                ..Caps::default()
            },
            Caps {
                cost: Some(UsdNanos(5_000_000_000)),
                ..Caps::default()
            },
        );
        let reused = Outcome {
            reused_from: Some(crate::domain::ids::RunId(1)),
            ..unsaid.clone()
        };
        for (caps, outcome, named) in [
            (tokens, &unsaid, Some("1000 tokens")),
            (cost, &unsaid, Some("$5.00")),
            (tokens, &reused, None),
            (
                Caps {
                    errors: Some(9),
                    ..Caps::default()
                },
                &unsaid,
                None,
            ),
        ] {
            let mut spending = Spending::new(caps, &[Timestamp(0)]);
            spending.push(outcome);
            let leave = spending.leave(&totals(1, 0, 0), 0, Duration::ZERO);
            match (leave, named) {
                (Leave::Stop(why), Some(named)) => assert!(why.contains(&format!("{named} cannot hold")), "{why}"),
                (leave, named) => assert_eq!((leave, named), (Leave::Send, None)),
            }
        }
    }

    #[test]
    fn errors_in_flight_are_reckoned_by_their_share_so_far() {
        let caps = Caps {
            errors: Some(10),
            ..Caps::default()
        };
        let spending = spending(caps, 0);
        let leave = |saved, errored, in_flight| spending.leave(&totals(saved, errored, 0), in_flight, Duration::ZERO);
        assert_eq!(leave(100, 0, 64), Leave::Send);
        assert_eq!(leave(1, 1, 8), Leave::Send);
        assert_eq!(leave(1, 1, 9), Leave::Wait, "all of them so far");
        assert_eq!(leave(20, 9, 0), Leave::Send);
        assert_eq!(leave(20, 10, 3), Leave::Stop("the cap of 10 errors is reached".into()));
    }

    #[test]
    fn time_between_sessions_does_not_count() {
        let caps = Caps {
            elapsed_ms: Some(5_000),
            ..Caps::default()
        };
        let mut spending = Spending::new(caps, &[Timestamp(0), Timestamp(60_000)]);
        let at = |ms| Outcome {
            finished_at: Timestamp(ms),
            ..crate::evals::samples::outcome(0, "{}", &[])
        };
        spending.push(&at(2_000));
        spending.push(&at(3_000));
        let leave = |ms| spending.leave(&totals(2, 0, 0), 0, Duration::from_millis(ms));
        assert_eq!(leave(1_999), Leave::Send);
        assert_eq!(leave(2_000), Leave::Stop("the cap of 5 s is reached".into()));
    }
}
