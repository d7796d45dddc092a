//! Screens whose terminal is gone, kept for the person's next one.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::actor::Actor;
use crate::tui::app::App;

/// How long screens wait for their person.
pub const PARKED_MAX: Duration = Duration::from_secs(10 * 60);
/// So many wait at a time; the oldest goes first.
const SCREENS_MAX: usize = 20;

/// Screens that wait. They are found by who had them, so that a person who left a terminal here goes on over SSH.
#[derive(Debug, Default)]
pub struct Parking {
    parked: Mutex<Vec<Parked>>,
}

#[derive(Debug)]
struct Parked {
    person: Actor,
    since: Instant,
    app: App,
}

impl Parking {
    /// Keeps the screens of a person who was last there `now`.
    pub fn park(&self, person: Actor, app: App, now: Instant) {
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        drop_old(&mut parked, now);
        if parked.len() >= SCREENS_MAX {
            parked.remove(0);
        }
        let since = now;
        parked.push(Parked { person, since, app });
    }

    /// Gives the person back what they left last, and how long ago.
    pub fn take(&self, person: &Actor, now: Instant) -> Option<(App, Duration)> {
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        drop_old(&mut parked, now);
        let at = parked.iter().rposition(|parked| parked.person == *person)?;
        let Parked { since, app, .. } = parked.remove(at);
        Some((app, now.duration_since(since)))
    }
}

fn drop_old(parked: &mut Vec<Parked>, now: Instant) {
    parked.retain(|parked| now.duration_since(parked.since) <= PARKED_MAX);
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Size;

    use super::*;
    use crate::tui::keymap::Keymap;
    use crate::tui::screens::testing::session_info;

    fn app() -> App {
        App::new(session_info(), Keymap::default(), Size::new(80, 24))
    }

    fn person(name: &str) -> Actor {
        Actor::new(name).unwrap()
    }

    #[test]
    fn each_gets_back_their_own_and_the_latest_first() {
        let (parking, start) = (Parking::default(), Instant::now());
        let later = |seconds| start + Duration::from_secs(seconds);
        parking.park(person("anna"), app(), start);
        parking.park(person("anna"), app(), later(60));
        let ago = |name: &str, now| parking.take(&person(name), now).map(|(_, ago)| ago.as_secs());
        assert_eq!(ago("ben", later(90)), None);
        assert_eq!(ago("anna", later(90)), Some(30));
        assert_eq!(ago("anna", later(90)), Some(90));
        assert_eq!(ago("anna", later(90)), None, "they are given back once");
    }

    #[test]
    fn what_is_old_or_too_much_is_dropped() {
        let (parking, start) = (Parking::default(), Instant::now());
        parking.park(person("anna"), app(), start);
        let too_late = start + PARKED_MAX + Duration::from_secs(1);
        assert!(parking.take(&person("anna"), too_late).is_none());
        for number in 0..=SCREENS_MAX {
            parking.park(person(&format!("p{number}")), app(), start);
        }
        assert!(parking.take(&person("p0"), start).is_none());
        assert!(parking.take(&person("p1"), start).is_some());
    }
}
