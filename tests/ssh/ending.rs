//! What a host that ends says to those on its lines.

use crate::runs::{Follower, START};
use crate::site::{Site, is_missing};

#[test]
fn a_host_that_is_told_to_end_says_so_to_whoever_waits() {
    if is_missing() {
        return;
    }
    let site = Site::with_records(20);
    let mut starter = Follower::start(&site, &format!("{START} 1000"));
    starter.wait_for("run_1  0/20000");
    let mut watcher = Follower::start(&site, "run watch run_1");
    watcher.wait_for("run_1  ");
    site.house.signal("TERM");
    for (follower, code) in [(&mut starter, 130), (&mut watcher, 130)] {
        follower.wait_for("run_1 has ");
        assert_eq!(follower.process.wait().unwrap().code(), Some(code));
    }
}
