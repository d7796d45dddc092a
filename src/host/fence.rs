//! A fence around code that may panic: the session that ran it can say so and restore its terminal.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use super::terminal;
use crate::workbench;

thread_local! {
    /// Whether a panic of this thread is caught by [`fenced`].
    static FENCED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `act`; a panic comes back as its message.
pub fn fenced<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    let before = FENCED.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(act));
    FENCED.set(before);
    result.map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        text.unwrap_or_else(|| "panicked without a message".into())
    })
}

/// Restores the terminal before the message of a panic that nobody catches, so that it can be read. A panic inside
/// [`fenced`], or inside the store where it is contained, prints nothing: it is reported where it is caught.
pub fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !FENCED.get() && !workbench::panic_is_contained() {
                terminal::leave();
                before(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_comes_back_as_its_message() {
        assert_eq!(fenced(|| 7), Ok(7));
        assert_eq!(
            fenced(|| -> u8 { panic!("row {} is gone", 3) }),
            Err("row 3 is gone".into())
        );
        assert!(!FENCED.get());
    }
}
