//! Panics of the index's library, contained: sled panics on damaged files, and the index can always be rebuilt.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::thread;

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// How sled names the threads it starts.
const SLED_THREADS: [&str; 2] = ["sled-io-", "log flusher"];

/// Whether a panic on this thread will be caught and answered by the store. A panic hook asks this, and stays silent:
/// its text would land in the middle of a screen, and nothing has gone wrong that the store does not report itself.
pub fn panic_is_contained() -> bool {
    let of_sled = |name: &str| SLED_THREADS.iter().any(|prefix| name.starts_with(prefix));
    CONTAINED.get() || thread::current().name().is_some_and(of_sled)
}

/// Runs a call into sled. `Err` holds the panic's text.
pub(super) fn contain<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    silence();
    let outer = CONTAINED.replace(true);
    // What the call touched is never used again after a panic: the index counts as failed.
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    CONTAINED.set(outer);
    result.map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("it panicked")
            .to_owned()
    })
}

/// Puts a filter in front of the panic hook, once.
fn silence() {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        let next = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !panic_is_contained() {
                next(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_text_and_the_thread_goes_on() {
        assert_eq!(contain(|| panic!("page {}", 7)), Err::<(), _>("page 7".into()));
        assert_eq!(contain(|| panic!("plain")), Err::<(), _>("plain".into()));
        assert!(!panic_is_contained());
        assert_eq!(contain(panic_is_contained), Ok(true));
    }
}
