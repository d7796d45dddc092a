//! What the log says of those who are turned away: enough to see an attack, too little for one to fill the disk.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::host::log::Log;

/// Lines in a minute; the rest is counted.
const LINES_MAX: u32 = 20;
/// For how long lines are counted together.
pub const SPELL: Duration = Duration::from_secs(60);

/// Says in the log who was turned away.
#[derive(Debug)]
pub struct Refusals {
    log: Arc<Log>,
    spell: Mutex<Spell>,
}

#[derive(Debug)]
struct Spell {
    began: Instant,
    said: u32,
    unsaid: u64,
}

impl Refusals {
    /// Goes into this log.
    pub fn new(log: Arc<Log>) -> Self {
        let spell = Spell {
            began: Instant::now(),
            said: 0,
            unsaid: 0,
        };
        Self {
            log,
            spell: Mutex::new(spell),
        }
    }

    /// Somebody was turned away.
    pub fn say(&self, line: &str) {
        self.settle();
        let mut spell = self.spell.lock().unwrap_or_else(PoisonError::into_inner);
        if spell.said < LINES_MAX {
            spell.said += 1;
            self.log.line(line);
        } else {
            spell.unsaid += 1;
        }
    }

    /// Says how many were not named, once their minute is over.
    pub fn settle(&self) {
        let mut spell = self.spell.lock().unwrap_or_else(PoisonError::into_inner);
        if spell.began.elapsed() < SPELL {
            return;
        }
        if spell.unsaid > 0 {
            let unsaid = spell.unsaid;
            self.log
                .line(&format!("ssh {unsaid} more were refused within a minute"));
        }
        *spell = Spell {
            began: Instant::now(),
            said: 0,
            unsaid: 0,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ten_thousand_refusals_are_a_few_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let refusals = Refusals::new(Arc::new(Log::open(&path).unwrap()));
        let lines = || std::fs::read_to_string(&path).unwrap().lines().count();
        for _ in 0..10_000 {
            refusals.say("ssh 192.0.2.7 refused");
        }
        assert_eq!(lines(), 20);
        tokio::time::advance(SPELL).await;
        refusals.settle();
        refusals.settle();
        assert_eq!(lines(), 21);
        assert!(
            std::fs::read_to_string(&path)
                .unwrap()
                .contains("ssh 9980 more were refused")
        );
        refusals.say("ssh 192.0.2.7 refused");
        assert_eq!(lines(), 22);
    }
}
