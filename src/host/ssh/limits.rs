//! How many may be at the door who have not logged in: a flood of them must not use the host up, one address must not
//! take all places, and many who come at once are to wait their turn rather than be sent away.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Logins at a time, in all.
pub const PLACES: usize = 32;
/// Those of one address.
pub const PLACES_PER_SOURCE: usize = 16;
/// Connections that have not logged in, with those that wait for a place.
const STRANGERS_MAX: usize = 256;
/// Those of one address.
pub const STRANGERS_PER_SOURCE_MAX: usize = 64;

/// Those who have not logged in, by where they come from.
#[derive(Debug)]
pub struct Strangers {
    places: Arc<Semaphore>,
    by_source: Mutex<HashMap<IpAddr, Source>>,
}

/// Those of one address.
#[derive(Debug)]
struct Source {
    places: Arc<Semaphore>,
    strangers: usize,
}

/// Counts a stranger until it is dropped.
#[derive(Debug)]
struct Counted {
    strangers: Arc<Strangers>,
    source: IpAddr,
}

/// A place for a login, given back when it is dropped.
#[derive(Debug)]
pub struct Ticket {
    _place: OwnedSemaphorePermit,
    _of_source: OwnedSemaphorePermit,
    _counted: Counted,
}

impl Strangers {
    /// None.
    pub fn none() -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(PLACES)),
            by_source: Mutex::default(),
        })
    }

    /// A place for somebody from there, as soon as it is their turn. The sentence says why they cannot even wait.
    pub async fn admit(self: &Arc<Self>, from: IpAddr) -> Result<Ticket, &'static str> {
        const CLOSED: &str = "the host stops";
        let (counted, of_source) = self.count_in(source_of(from))?;
        // That of the address first, so that nobody holds one of all while they wait for their own.
        let Ok(of_source) = of_source.acquire_owned().await else {
            return Err(CLOSED);
        };
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return Err(CLOSED);
        };
        Ok(Ticket {
            _place: place,
            _of_source: of_source,
            _counted: counted,
        })
    }

    fn count_in(self: &Arc<Self>, source: IpAddr) -> Result<(Counted, Arc<Semaphore>), &'static str> {
        let mut by_source = self.by_source.lock().unwrap_or_else(PoisonError::into_inner);
        if by_source.values().map(|source| source.strangers).sum::<usize>() >= STRANGERS_MAX {
            return Err("too many connections wait for their login");
        }
        let of_source = by_source.entry(source).or_insert_with(|| Source {
            places: Arc::new(Semaphore::new(PLACES_PER_SOURCE)),
            strangers: 0,
        });
        if of_source.strangers >= STRANGERS_PER_SOURCE_MAX {
            return Err("too many connections of its address wait for their login");
        }
        of_source.strangers += 1;
        let counted = Counted {
            strangers: Arc::clone(self),
            source,
        };
        Ok((counted, Arc::clone(&of_source.places)))
    }

    /// How many there are.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        let by_source = self.by_source.lock().unwrap_or_else(PoisonError::into_inner);
        by_source.values().map(|source| source.strangers).sum()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut by_source = self.strangers.by_source.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_source) = by_source.get_mut(&self.source) {
            of_source.strangers -= 1;
            if of_source.strangers == 0 {
                by_source.remove(&self.source);
            }
        }
    }
}

/// What counts as one source: an address, or with IPv6 the network that one customer gets.
fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tries to come in now: `None` for whoever waits.
    async fn come(strangers: &Arc<Strangers>, from: &str) -> Option<Result<Ticket, &'static str>> {
        let admit = strangers.admit(from.parse().unwrap());
        tokio::select! {
            biased;
            admitted = admit => Some(admitted),
            () = std::future::ready(()) => None,
        }
    }

    /// Lets others go on until so many are counted.
    async fn all_came(strangers: &Arc<Strangers>, count: usize) {
        for _ in 0..count {
            tokio::task::yield_now().await;
        }
        assert_eq!(strangers.count(), count);
    }

    #[tokio::test]
    async fn one_address_leaves_places_to_others() {
        let strangers = Strangers::none();
        let mut tickets = Vec::new();
        while let Some(Ok(ticket)) = come(&strangers, "192.0.2.7").await {
            tickets.push(ticket);
        }
        assert_eq!(tickets.len(), PLACES_PER_SOURCE);
        let same = come(&strangers, "::ffff:192.0.2.7").await;
        assert!(same.is_none(), "the same address, written otherwise");
        while let Some(Ok(ticket)) = come(&strangers, &format!("2001:db8::{}", tickets.len())).await {
            tickets.push(ticket);
        }
        assert_eq!(tickets.len(), PLACES, "the addresses of one network are one source");
        assert!(come(&strangers, "192.0.2.8").await.is_none());
        tickets.pop();
        drop(come(&strangers, "192.0.2.8").await.unwrap().unwrap());
        tickets.clear();
        assert_eq!(strangers.count(), 0, "whoever waited and went is not counted");
    }

    #[tokio::test]
    async fn whoever_finds_no_place_waits_their_turn_and_not_all_may_wait() {
        let strangers = Strangers::none();
        let from: IpAddr = "192.0.2.7".parse().unwrap();
        let (told, mut turns) = tokio::sync::mpsc::channel(STRANGERS_PER_SOURCE_MAX);
        for number in 0..STRANGERS_PER_SOURCE_MAX {
            let (strangers, told) = (Arc::clone(&strangers), told.clone());
            tokio::spawn(async move { told.send((number, strangers.admit(from).await.unwrap())).await });
        }
        all_came(&strangers, STRANGERS_PER_SOURCE_MAX).await;
        let refused = strangers.admit(from).await.unwrap_err();
        assert!(refused.contains("of its address"), "{refused}");
        for turn in 0..STRANGERS_PER_SOURCE_MAX {
            // Each leaves, and the next has their place.
            let (number, ticket) = turns.recv().await.unwrap();
            assert_eq!(number, turn);
            drop(ticket);
        }
        assert_eq!(strangers.count(), 0);
    }

    #[tokio::test]
    async fn not_everybody_may_wait() {
        let strangers = Strangers::none();
        let mut waiting = tokio::task::JoinSet::new();
        for number in 0..STRANGERS_MAX {
            let from = IpAddr::from([192, 0, 2, u8::try_from(number / STRANGERS_PER_SOURCE_MAX).unwrap()]);
            let strangers = Arc::clone(&strangers);
            waiting.spawn(async move { strangers.admit(from).await });
        }
        all_came(&strangers, STRANGERS_MAX).await;
        let refused = strangers.admit("198.51.100.1".parse().unwrap()).await.unwrap_err();
        assert!(refused.starts_with("too many connections wait"), "{refused}");
    }
}
