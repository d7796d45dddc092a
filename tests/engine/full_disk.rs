//! A full disk: a clear error, nothing lost, and the store goes on when there is room again.

use std::path::Path;
use std::process::{Command, Stdio};

use pegbox::store::embedded::EmbeddedEngine;
use pegbox::store::engine::{Engine, EngineError};

use crate::store::{batch, put, text};

/// A small disk in memory, unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(megabytes: u32) -> Option<Self> {
        let dir = tempfile::tempdir().expect("a folder");
        let disk = Self(dir);
        disk.run(
            "mount",
            &["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "pegbox-test"],
        )
        .then_some(disk)
    }

    fn grow(&self, megabytes: u32) {
        assert!(
            self.run("mount", &["-o", &format!("remount,size={megabytes}m")]),
            "the disk grows"
        );
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, program: &str, args: &[&str]) -> bool {
        let mut command = Command::new(program);
        command.args(args).arg(self.path()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        self.run("umount", &["-l"]);
    }
}

/// Commits values of so many bytes until the disk is full; returns how many were acknowledged.
fn fill(engine: &dyn Engine, value_bytes: usize) -> usize {
    for n in 0.. {
        let value = vec![b'v'; value_bytes];
        match engine.commit(batch("fill").put(format!("fill/{n:06}"), value)) {
            Ok(_) => {}
            Err(error @ EngineError::Full { .. }) => {
                assert!(
                    error.to_string().contains("everything acknowledged before is kept"),
                    "{error}"
                );
                return n;
            }
            // The index met the full disk first: then the last answer was still a receipt.
            Err(error) => {
                assert!(error.to_string().contains("full"), "{error}");
                return n;
            }
        }
    }
    unreachable!("a small disk gets full")
}

#[test]
fn a_full_disk_loses_nothing() {
    for value_bytes in [300_000, 900] {
        let Some(disk) = SmallDisk::mount(12) else {
            eprintln!("SKIPPED a_full_disk_loses_nothing: mounting a tmpfs needs root");
            return;
        };
        let dir = disk.path().join("store");
        let engine = EmbeddedEngine::open(&dir).expect("the store opens");
        put(&engine, "first", "1");
        let acknowledged = fill(&engine, value_bytes);
        assert!(acknowledged > 5, "{acknowledged}");
        let refused = engine.commit(batch("more").put("more", "v")).expect_err("poisoned");
        assert!(matches!(refused, EngineError::Poisoned { .. }), "{refused}");
        drop(engine);

        match EmbeddedEngine::open(&dir) {
            Ok(engine) => assert_eq!(text(&engine, "first"), Some("1".into())),
            Err(error) => assert!(matches!(error, EngineError::Full { .. }), "{error}"),
        }
        disk.grow(64);
        let engine = EmbeddedEngine::open(&dir).expect("the store opens when there is room");
        assert_eq!(engine.recovery().missing_commits, 0);
        assert_eq!(
            engine.count(b"fill/").expect("count"),
            acknowledged as u64,
            "{value_bytes}"
        );
        assert_eq!(text(&engine, "first"), Some("1".into()));
        assert_eq!(engine.verify().expect("verify").findings, []);
        put(&engine, "more", "2");
        assert_eq!(text(&engine, "more"), Some("2".into()));
    }
}
