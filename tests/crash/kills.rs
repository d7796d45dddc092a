//! kill -9 at random moments of everything.

use std::collections::BTreeMap;

use crate::acts::{self, Act};
use crate::chance;
use crate::process::Cut;
use crate::world::World;

/// Kills of the short form; `PEGBOX_KILLS` asks for more.
const KILLS: u32 = 24;
/// Most requests in flight at a moment when a process is killed.
const IN_FLIGHT_MAX: usize = 64;

#[test]
fn what_was_acknowledged_survives_kill_9_at_any_moment() {
    let kills = chance::number("PEGBOX_KILLS").unwrap_or(KILLS);
    let seed = chance::seed();
    println!("{kills} kills, PEGBOX_SEED={seed}");
    let mut world = World::new(None, seed);
    let mut typical = acts::rehearse(&mut world, &[&Act::WRITING[..], &Act::COPYING].concat());
    let mut killed: BTreeMap<String, u32> = BTreeMap::new();
    let mut count = 0;
    while count < kills {
        let act = Act::any(&mut world.chance);
        let moment = world.chance.moment_in(typical[&act]);
        println!("kill {}: {act:?} after {moment:?}", count + 1);
        let said = act.carry_out(&mut world, &Cut::Kill(moment));
        if said.code.is_none() {
            count += 1;
            *killed.entry(format!("{act:?}")).or_default() += 1;
        } else {
            assert!(said.is_done(), "{act:?} was not killed, and failed: {said:#?}");
            typical.insert(act, said.took);
        }
        world.check();
    }
    world.finish();
    let again = world.sent_again();
    println!("killed: {killed:?}; {again} requests sent again");
    let deaths_of_runs = killed.values().sum::<u32>();
    assert!(again <= IN_FLIGHT_MAX * usize::try_from(deaths_of_runs).unwrap());
}
