//! A server that others wrote, for what it says of our requests.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

/// A running `aimock` (npm `@copilotkit/aimock` 1.43.0), a mock of provider APIs that others wrote; it is
/// ended when dropped.
pub struct Aimock {
    child: Child,
    /// Where it listens on the loopback.
    pub port: u16,
    _folder: tempfile::TempDir,
}

impl Aimock {
    /// Answers by these fixtures. `None`, said aloud, where nobody says where the program lies.
    pub fn start(fixtures_text: &str) -> Option<Self> {
        let Ok(script) = std::env::var("PEGBOX_AIMOCK") else {
            println!("SKIPPED: PEGBOX_AIMOCK is not set; set it to dist/cli.js of npm @copilotkit/aimock 1.43.0");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let fixtures = folder.path().join("fixtures.json");
        std::fs::write(&fixtures, fixtures_text).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut child = Command::new("node")
            .args([script.as_str(), "-p", &port.to_string(), "-f"])
            .arg(&fixtures)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("PEGBOX_AIMOCK names {script}, which does not start: {e}"));
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        assert!(lines.any(|line| line.contains("listening")), "aimock ended at once");
        // Read on, so that it never waits for room in the pipe.
        std::thread::spawn(move || lines.count());
        Some(Self {
            child,
            port,
            _folder: folder,
        })
    }
}

impl Drop for Aimock {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
