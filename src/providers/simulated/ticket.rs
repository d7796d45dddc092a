//! The ticket, indexed by word.

use std::collections::HashMap;

use super::prefix;
use super::wording::{Keyword, Keywords, stem, words};

/// How far apart the words of one keyword may stand.
pub(super) const PHRASE_WINDOW_WORDS: usize = 8;

/// How much of a ticket is read: a long mail thread fits, and the work is bounded.
const TICKET_BYTES_MAX: usize = 64 * 1024;

/// Words of a ticket that are read.
const TICKET_WORDS_MAX: usize = 4_096;

/// Where each word of the ticket stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Ticket {
    places: HashMap<String, Vec<usize>>,
}

impl Ticket {
    pub(super) fn read(text: &str) -> Self {
        let mut ticket = Self::default();
        for (place, word) in words(prefix(text, TICKET_BYTES_MAX)).take(TICKET_WORDS_MAX).enumerate() {
            ticket.places.entry(stem(&word.lower)).or_default().push(place);
        }
        ticket
    }

    /// The keywords of a bullet that the ticket has; none where one of its exclusions is there.
    pub(super) fn found<'k>(&self, keywords: &'k Keywords) -> Vec<&'k Keyword> {
        if keywords.none.iter().any(|keyword| self.mentions(keyword)) {
            return Vec::new();
        }
        keywords.any.iter().filter(|keyword| self.mentions(keyword)).collect()
    }

    fn mentions(&self, keyword: &Keyword) -> bool {
        let Some(places) = keyword
            .stems
            .iter()
            .map(|stem| self.places.get(stem))
            .collect::<Option<Vec<_>>>()
        else {
            return false;
        };
        let Some((first, others)) = places.split_first() else {
            return false;
        };
        first
            .iter()
            .any(|place| others.iter().all(|other| stands_near(*place, other)))
    }
}

fn stands_near(place: usize, others: &[usize]) -> bool {
    let from = place.saturating_sub(PHRASE_WINDOW_WORDS);
    let next = others.partition_point(|other| *other < from);
    others
        .get(next)
        .is_some_and(|other| *other <= place + PHRASE_WINDOW_WORDS)
}
