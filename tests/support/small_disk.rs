//! A disk in memory that is soon full.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A small disk, unmounted when dropped.
pub struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// A disk of this size; `None` where this user may mount none, and then the test says that it is skipped.
    pub fn mount(test: &str, megabytes: u32) -> Option<Self> {
        let disk = Self(tempfile::tempdir().expect("a folder"));
        let size = format!("size={megabytes}m");
        if !disk.run("mount", &["-t", "tmpfs", "-o", &size, "pegbox-test"]) {
            eprintln!("SKIPPED {test}: mounting a tmpfs needs root");
            return None;
        }
        Some(disk)
    }

    /// Mounts it anew with these options.
    pub fn remount(&self, options: &str) {
        // A process that was forked by another test holds our files until it has started its program.
        let is_done = |_| self.run("mount", &["-o", &format!("remount,{options}")]);
        let remounted = (0..1_000).any(is_done);
        assert!(remounted, "remounted with {options}");
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A folder on it for a store.
    pub fn store(&self) -> PathBuf {
        self.path().join("store")
    }

    /// Takes every byte that is free, as another program would.
    pub fn stuff(&self) {
        stuff(self.path(), 0);
    }

    /// Frees what was taken.
    pub fn unstuff(&self) {
        fs::remove_file(stuffing(self.path())).expect("removed");
    }

    fn run(&self, program: &str, args: &[&str]) -> bool {
        let mut command = Command::new(program);
        command.args(args).arg(self.0.path()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        self.run("umount", &["-l"]);
    }
}

/// Takes every byte that is free on the disk that is mounted here, but for so many.
pub fn stuff(mounted: &Path, leaving: u64) {
    let mut file = File::create(stuffing(mounted)).expect("a file");
    // Quickly at first, then to the last byte.
    for step in [1 << 20, 4_096, 1] {
        let bytes = vec![b'x'; step];
        while file.write_all(&bytes).is_ok() {}
    }
    let taken = file.metadata().expect("a size").len();
    file.set_len(taken.saturating_sub(leaving)).expect("smaller");
}

fn stuffing(mounted: &Path) -> PathBuf {
    mounted.join("stuffing")
}
