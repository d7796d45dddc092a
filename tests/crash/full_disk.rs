//! The disk fills up at random moments of a process, and has room again later.

use std::time::Duration;

use crate::acts::{self, Act};
use crate::chance;
use crate::process::{self, Cut, Said};
use crate::small_disk::SmallDisk;
use crate::world::World;

/// Enough for all that is stored, and for what a store wants to stay free before it begins something long.
const DISK_MEGABYTES: u32 = 120;
/// Times that the disk fills up, in the short form; with `PEGBOX_KILLS`, a fourth of those.
const FILLS: u32 = 8;
/// What is left of a disk that fills up before the process starts, at most: some write a part, and some all.
const LEFT_BYTES_MAX: u64 = 4 * 1024 * 1024;

#[test]
fn what_was_acknowledged_survives_a_disk_that_fills_up() {
    let test = "what_was_acknowledged_survives_a_disk_that_fills_up";
    let Some(disk) = SmallDisk::mount(test, DISK_MEGABYTES) else {
        return;
    };
    let fills = chance::number("PEGBOX_KILLS").map_or(FILLS, |kills: u32| kills / 4);
    let seed = chance::seed();
    println!("{fills} fills, PEGBOX_SEED={seed}");
    let mut world = World::new(Some(disk.store()), seed);
    let typical = acts::rehearse(&mut world, &Act::WRITING);
    let mut failed = 0;
    for fill in 1..=fills {
        let act = Act::writing(&mut world.chance);
        let cut = if world.chance.below(4) > 0 {
            Cut::Fill {
                after: world.chance.moment_in(typical[&act]),
                mounted: disk.path().to_owned(),
                leaving: 0,
            }
        } else {
            Cut::Fill {
                after: Duration::ZERO,
                mounted: disk.path().to_owned(),
                leaving: world.chance.below(LEFT_BYTES_MAX),
            }
        };
        println!("fill {fill}: {act:?}, {cut:?}");
        let said = act.carry_out(&mut world, &cut);
        if !said.is_done() && !said.is_stale() {
            failed += 1;
            assert_says_full(&said);
        }
        // What can be read of a full disk is sound.
        let verified = process::run(world.command("anna", &["store", "verify"]), &Cut::Nothing);
        if !verified.is_done() {
            assert_says_full(&verified);
        }
        disk.unstuff();
        world.check();
    }
    world.finish();
    println!("{failed} of {fills} failed");
}

/// It ended because of the disk, or paused before that, and says so, and what to do.
fn assert_says_full(said: &Said) {
    let is_refused = matches!(said.code, Some(4 | 5));
    let is_paused = said.code == Some(130) && said.stderr.contains("paused: ");
    let says_full = said.stderr.contains(" is full") || said.stderr.contains(" MB free");
    assert!(
        (is_refused || is_paused) && says_full && said.stderr.contains("hint"),
        "{said:#?}"
    );
}
