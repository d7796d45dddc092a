//! The lock of a store: one process at a time, released by the system when that process ends in any way.

use std::fs::{File, OpenOptions, TryLockError};

use super::layout::Layout;
use crate::store::engine::EngineError;

/// Held for as long as the store is open.
#[derive(Debug)]
pub(super) struct StoreLock(File);

impl StoreLock {
    /// # Errors
    /// [`EngineError::Busy`] when another holds it, be it in this process.
    pub(super) fn acquire(layout: &Layout) -> Result<Self, EngineError> {
        let path = layout.lock();
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| EngineError::io("open", &path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(EngineError::Busy {
                dir: layout.dir.clone(),
            }),
            Err(TryLockError::Error(error)) => Err(EngineError::io("lock", &path, error)),
        }
    }
}

impl Drop for StoreLock {
    fn drop(&mut self) {
        // Closing alone would leave it to a child process that is being started right now. If this fails, closing does
        // the same a moment later.
        let _ = self.0.unlock();
    }
}
