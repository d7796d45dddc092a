//! Whether the index may have lost writes: the machine stopped while it was in use, and sled does not sync.
//!
//! While a store is open, `index.in-use` names the start of the machine. A process that was killed leaves it, but
//! the system has kept all that it wrote. After a power cut the machine has started anew: then the index may have holes
//! that show only when somebody reads there, so all of it is read at once, and rebuilt if that fails.

use std::fs::{self, File};
use std::io;

use super::layout::{self, Layout};

/// Which start of the machine this is; empty where the system does not say, and then every kill counts as a cut.
fn this_start() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

/// Whether the machine stopped while the index was in use.
pub(super) fn was_cut(layout: &Layout) -> bool {
    match fs::read_to_string(layout.index_in_use()) {
        Ok(start) => start.is_empty() || start != this_start(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Says that the index is in use from here on. A full disk has no room to say so, and can be read all the same.
pub(super) fn begin(layout: &Layout) {
    let (path, start) = (layout.index_in_use(), this_start());
    if !fs::read_to_string(&path).is_ok_and(|found| found == start) {
        let _ = layout::write_durably(&path, start.as_bytes());
    }
}

/// Says that the index is closed, once all of it is on disk. Where that fails, it counts as in use.
pub(super) fn end(layout: &Layout) {
    let synced = fs::read_dir(layout.index()).and_then(|entries| {
        for entry in entries {
            let path = entry?.path();
            if path.is_file() {
                File::open(&path)?.sync_all()?;
            }
        }
        Ok(())
    });
    if synced.is_ok() && layout::sync_dir(&layout.index()).is_ok() {
        let _ = fs::remove_file(layout.index_in_use());
    }
}
