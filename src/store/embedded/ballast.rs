//! The ballast: bytes on the disk that stand for nothing. When the disk is full it is given up, so that closing the
//! store, opening it again and reading it, which all write a little, still work.
//!
//! While there is none, the writer keeps as much room free as it would take.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::layout::Layout;
use crate::store::engine::{EngineError, Room};

/// Bytes written in one call.
const CHUNK_BYTES: usize = 64 * 1024;

/// Room for so many ballasts must be free before one is laid: it must not be what fills the disk.
const ROOM_BALLASTS: u64 = 2;

/// Free bytes below which a disk counts as full: sled grows its file by half of that at a time.
const FULL_BELOW_BYTES: u64 = 1024 * 1024;

/// Lays a ballast of so many bytes where there is none and the disk has room. That it could not is no failure: the
/// store works without.
pub(super) fn lay(layout: &Layout, bytes: u64) {
    let path = layout.ballast();
    if fs::metadata(&path).is_ok_and(|found| found.len() == bytes) {
        return;
    }
    // What is left of an interrupted attempt.
    let _ = fs::remove_file(&path);
    let has_room = match room(&layout.dir) {
        Ok(Room::Bytes(free)) => free / ROOM_BALLASTS >= bytes,
        Ok(Room::NoLimitKnown) => true,
        Err(_) => false,
    };
    if has_room && write(&path, bytes).is_err() {
        let _ = fs::remove_file(&path);
    }
}

/// Really written, and with bytes that no file system can make smaller.
fn write(path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = File::create(path)?;
    let mut noise = blake3::Hasher::new().finalize_xof();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut left = bytes;
    while left > 0 {
        noise.fill(&mut chunk);
        let now = left.min(CHUNK_BYTES as u64);
        file.write_all(
            chunk
                .get(..usize::try_from(now).unwrap_or(CHUNK_BYTES))
                .unwrap_or(&chunk),
        )?;
        left -= now;
    }
    file.sync_all()
}

/// Gives the ballast up, if there is one.
pub(super) fn release(layout: &Layout) {
    let _ = fs::remove_file(layout.ballast());
}

/// Whether a group may be written: with the ballast laid always, without it only what leaves its room free.
pub(super) fn leaves_room(layout: &Layout, ballast_bytes: u64, group_bytes: u64) -> bool {
    layout.ballast().exists()
        || match room(&layout.dir) {
            Ok(Room::Bytes(free)) => free.saturating_sub(group_bytes) >= ballast_bytes,
            // The write itself will tell.
            Ok(Room::NoLimitKnown) | Err(_) => true,
        }
}

/// Whether the disk is so full that a failure of the index is likely no fault of its own.
pub(super) fn disk_is_full(layout: &Layout) -> bool {
    matches!(room(&layout.dir), Ok(Room::Bytes(free)) if free < FULL_BELOW_BYTES)
}

/// What the disk of a folder has left for us.
#[cfg(unix)]
pub(super) fn room(dir: &Path) -> Result<Room, EngineError> {
    let disk =
        rustix::fs::statvfs(dir).map_err(|error| EngineError::io("ask for the free space of", dir, error.into()))?;
    Ok(Room::Bytes(disk.f_bavail.saturating_mul(disk.f_frsize)))
}

/// Asking needs a call that only Unix has in safe form.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
pub(super) fn room(_dir: &Path) -> Result<Room, EngineError> {
    Ok(Room::NoLimitKnown)
}
