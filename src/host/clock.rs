//! The one place that reads the time.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::time::Timestamp;
use crate::workbench::Clock;

/// The present moment. A time before 1970 reads as 1970.
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// The system's clock, to hand in where time comes as a value.
pub fn system() -> Clock {
    Arc::new(now)
}
