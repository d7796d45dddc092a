//! How many may be at the door who have not logged in: a flood of them must not use the host up, and one address must
//! not take all places.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Connections that have not logged in, in all.
pub const STRANGERS_MAX: usize = 32;
/// Those of one address.
pub const STRANGERS_PER_SOURCE_MAX: usize = 16;

/// Those who have not logged in, by where they come from.
#[derive(Debug, Default)]
pub struct Strangers {
    by_source: Mutex<HashMap<IpAddr, usize>>,
}

/// A place among them, given back when it is dropped.
#[derive(Debug)]
pub struct Ticket {
    strangers: Arc<Strangers>,
    source: IpAddr,
}

impl Strangers {
    /// A place for somebody from there. The sentence says which limit is reached.
    pub fn admit(self: &Arc<Self>, from: IpAddr) -> Result<Ticket, &'static str> {
        let source = source_of(from);
        let mut by_source = self.by_source.lock().unwrap_or_else(PoisonError::into_inner);
        if by_source.values().sum::<usize>() >= STRANGERS_MAX {
            return Err("too many connections wait for their login");
        }
        let of_source = by_source.entry(source).or_default();
        if *of_source >= STRANGERS_PER_SOURCE_MAX {
            return Err("too many connections of its address wait for their login");
        }
        *of_source += 1;
        Ok(Ticket {
            strangers: Arc::clone(self),
            source,
        })
    }

    /// How many there are.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        let by_source = self.by_source.lock().unwrap_or_else(PoisonError::into_inner);
        by_source.values().sum()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut by_source = self.strangers.by_source.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_source.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
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

    #[test]
    fn one_address_leaves_places_to_others() {
        let strangers = Arc::new(Strangers::default());
        let from = |text: &str| text.parse::<IpAddr>().unwrap();
        let take = |text: &str| strangers.admit(from(text));
        let mut tickets: Vec<Ticket> = (0..STRANGERS_PER_SOURCE_MAX)
            .map(|_| take("192.0.2.7").unwrap())
            .collect();
        assert!(take("192.0.2.7").unwrap_err().contains("its address"));
        assert!(take("::ffff:192.0.2.7").is_err(), "the same address, written otherwise");
        while let Ok(ticket) = take(&format!("2001:db8::{}", tickets.len())) {
            tickets.push(ticket);
        }
        assert_eq!(
            tickets.len(),
            STRANGERS_MAX,
            "the addresses of one network are one source"
        );
        assert!(take("192.0.2.8").unwrap_err().starts_with("too many connections wait"));
        tickets.pop();
        take("192.0.2.8").unwrap();
        tickets.clear();
        assert_eq!(strangers.count(), 0);
    }
}
