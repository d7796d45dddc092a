//! Backups, exports, and stores made of them: whole, or refused with what to do.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::acts::{self, path};
use crate::process::{self, Cut, Process, Said};
use crate::world::World;

/// The two kinds of copy: how one is made, how a store is made of it, and how what is no whole copy is refused.
struct Kind {
    make: &'static str,
    unmake: &'static str,
    refusal: &'static str,
}

const BACKUP: Kind = Kind {
    make: "backup",
    unmake: "restore",
    refusal: "is not a complete backup",
};
const EXPORT: Kind = Kind {
    make: "export",
    unmake: "import",
    refusal: "no complete export",
};

pub fn back_up(world: &mut World, cut: &Cut) -> Said {
    copy(world, &BACKUP, cut)
}

pub fn export(world: &mut World, cut: &Cut) -> Said {
    copy(world, &EXPORT, cut)
}

pub fn restore(world: &mut World, cut: &Cut) -> Said {
    store_of_copy(world, &BACKUP, cut)
}

pub fn import(world: &mut World, cut: &Cut) -> Said {
    store_of_copy(world, &EXPORT, cut)
}

/// Makes a copy. One that was killed is whole, or it is refused.
fn copy(world: &World, kind: &Kind, cut: &Cut) -> Said {
    let copy = world.beside(kind.make);
    let said = process::run(world.command("anna", &["store", kind.make, path(&copy)]), cut);
    assert_whole_or_refused(world, kind, &copy, &said);
    remove(&copy);
    said
}

/// Makes a backup while a run goes on, and kills that too.
pub fn back_up_run(world: &mut World, cut: &Cut) -> Said {
    let words = acts::run_words(world);
    let mut run = world.command("anna", &words);
    run.arg("--json");
    let run = Process::start(run);
    let copy = world.beside("backup");
    let until = world.chance.moment_in(Duration::from_millis(200));
    run.ends_within(until);
    let said = process::run(world.command("anna", &["store", "backup", path(&copy)]), cut);
    acts::note_run(world, &run.kill());
    assert_whole_or_refused(world, &BACKUP, &copy, &said);
    remove(&copy);
    said
}

fn assert_whole_or_refused(world: &World, kind: &Kind, copy: &Path, said: &Said) {
    let store = world.beside("copied");
    let made = process::run(
        world.on(&store, "anna", &["store", kind.unmake, path(copy)]),
        &Cut::Nothing,
    );
    if made.is_done() {
        // All that was acknowledged before the copy was begun.
        world.look_at(&store).assert_holds(&world.seen);
    } else {
        assert!(!said.is_done(), "it was said to be made, and is refused: {made:#?}");
        assert!(
            made.stderr.contains(kind.refusal) && made.stderr.contains("\nhint: "),
            "{made:#?}"
        );
        assert!(!store.exists(), "a store was made of half a copy");
    }
    remove(&store);
}

/// Makes a store of a copy. Where that was killed there is none, or a whole one, and it can be made again.
fn store_of_copy(world: &World, kind: &Kind, cut: &Cut) -> Said {
    let copy = world.beside("whole");
    world.does("anna", &["store", kind.make, path(&copy)]);
    let store = world.beside("copied");
    let words = ["store", kind.unmake, path(&copy)];
    let said = process::run(world.on(&store, "anna", &words), cut);
    assert!(store.exists() || !said.is_done(), "it was said to be made: {said:#?}");
    if !store.exists() {
        let again = process::run(world.on(&store, "anna", &words), &Cut::Nothing);
        assert!(again.is_done(), "{again:#?}");
    }
    world.look_at(&store).assert_holds(&world.seen);
    remove(&store);
    remove(&copy);
    said
}

fn remove(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap();
    }
}
