//! What a clean close says: afterwards no byte of the journal changes or goes unnoticed, index or not.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pegbox::store::embedded::backup::back_up;
use pegbox::store::embedded::{EmbeddedEngine, Inspection, Recovery};
use pegbox::store::engine::{Engine, EngineError};

use crate::store::{SMALL, batch, copy_store, flip, len, open, put, segment, text};

/// Commits of a store.
const COMMITS: u64 = 17;

/// Three segments, closed, and without an index.
fn closed_store(dir: &Path) -> u32 {
    let engine = open(dir);
    (1..COMMITS).for_each(|n| put(&engine, &format!("k/{n:02}"), &"value ".repeat(20)));
    engine.commit(batch("last").put("a", "1").put("b", "2")).expect("taken");
    let last = u32::try_from(engine.stats().expect("stats").segments).expect("few");
    drop(engine);
    fs::remove_dir_all(dir.join("index")).expect("removed");
    last
}

fn refused(dir: &Path, about: &str) -> EngineError {
    let error = EmbeddedEngine::open_with(dir, SMALL).expect_err(about);
    // The index was begun meanwhile, and knows what reads; it must not hide what does not.
    let again = EmbeddedEngine::open_with(dir, SMALL).expect_err(about);
    assert_eq!(error.to_string(), again.to_string(), "{about}");
    assert!(error.is_damage(), "{about}: {error}");
    fs::remove_dir_all(dir.join("index")).unwrap_or_default();
    error
}

fn inspected(dir: &Path, why: &EngineError) -> Inspection {
    EmbeddedEngine::inspect(dir, why).expect("it can look")
}

fn refuses_a_backup(dir: &Path, about: &str) {
    let to = tempfile::tempdir().expect("a folder");
    let to = to.path().join("backup");
    let error = back_up(dir, &to, &mut |_| {}).expect_err(about);
    assert!(error.is_damage(), "{about}: {error}");
    assert!(!to.exists(), "{about}");
}

fn journal(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(dir.join("journal")).expect("listed");
    let paths = files.map(|entry| entry.expect("an entry").path());
    paths
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read(&path).expect("read"))
        })
        .collect()
}

#[test]
fn a_changed_byte_of_the_last_segment_is_refused_and_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let last = closed_store(dir.path());
    let path = segment(dir.path(), last);
    // Headers of frames repeat every hundred bytes or so: each place in one has its turn.
    for offset in (0..len(&path)).step_by(3) {
        flip(&path, offset);
        let before = journal(dir.path());
        let error = refused(dir.path(), &format!("byte {offset}"));
        assert!(
            journal(dir.path()) == before,
            "byte {offset}: the journal was written to"
        );
        let Inspection { report, sound } = inspected(dir.path(), &error);
        let names = |finding: &pegbox::store::engine::Finding| finding.segment == last && finding.offset <= offset;
        assert!(report.findings.iter().any(names), "byte {offset}: {report:?}");
        assert!((1..COMMITS).contains(&sound), "byte {offset}: {sound}");
        if offset % 5 == 0 {
            refuses_a_backup(dir.path(), &format!("byte {offset}"));
        }
        flip(&path, offset);
    }
    assert_eq!(open(dir.path()).verify().expect("verify").findings, []);
}

#[test]
fn every_cut_and_every_addition_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let last = closed_store(dir.path());
    let path = segment(dir.path(), last);
    let whole = fs::read(&path).expect("read");
    for cut in (0..whole.len()).step_by(5) {
        fs::write(&path, &whole[..cut]).expect("cut");
        let error = refused(dir.path(), &format!("cut at {cut}"));
        let Inspection { report, .. } = inspected(dir.path(), &error);
        let names = |finding: &pegbox::store::engine::Finding| finding.segment == last;
        assert!(report.findings.iter().any(names), "cut at {cut}: {report:?}");
        refuses_a_backup(dir.path(), &format!("cut at {cut}"));
    }
    for added in [vec![0], vec![0; 4_096], whole[72..].to_vec()] {
        fs::write(&path, [whole.clone(), added].concat()).expect("written");
        let error = refused(dir.path(), "added");
        assert!(error.to_string().contains(&format!("journal/{last:08}.seg")), "{error}");
        refuses_a_backup(dir.path(), "added");
    }
    fs::write(&path, &whole).expect("put back");
    let next = segment(dir.path(), last + 1);
    fs::copy(segment(dir.path(), 1), &next).expect("copied");
    let error = refused(dir.path(), "a segment more");
    assert!(
        error.to_string().contains(&format!("{:08}.seg was added", last + 1)),
        "{error}"
    );
    fs::remove_file(&next).expect("removed");
    fs::remove_file(&path).expect("removed");
    let error = refused(dir.path(), "a segment less");
    assert!(error.to_string().contains("file is missing"), "{error}");
    refuses_a_backup(dir.path(), "a segment less");
}

#[test]
fn every_changed_byte_of_the_seal_is_refused_and_named() {
    let dir = tempfile::tempdir().expect("a folder");
    closed_store(dir.path());
    let path = dir.path().join("seal");
    for offset in 0..len(&path) {
        flip(&path, offset);
        let error = refused(dir.path(), &format!("byte {offset}"));
        assert!(error.to_string().contains("file seal"), "byte {offset}: {error}");
        assert!(inspected(dir.path(), &error).report.seal.is_some());
        refuses_a_backup(dir.path(), &format!("byte {offset}"));
        flip(&path, offset);
    }
    fs::remove_file(&path).expect("removed");
    let error = refused(dir.path(), "no seal");
    assert!(error.to_string().contains("the file is missing"), "{error}");
}

/// A store as `kill -9` leaves it: copied while a process has it open.
#[test]
fn after_a_kill_the_seal_still_knows_what_was_acknowledged() {
    let dir = tempfile::tempdir().expect("a folder");
    let (live, killed) = (dir.path().join("live"), dir.path().join("killed"));
    let engine = open(&live);
    put(&engine, "a", "1");
    let first = len(&segment(&live, 1));
    put(&engine, "b", "2");
    let second = len(&segment(&live, 1));
    copy_store(&live, &killed);
    fs::remove_dir_all(killed.join("index")).expect("removed");
    let path = segment(&killed, 1);
    let whole = fs::read(&path).expect("read");
    for torn in [vec![], b"PGBF\x01\x00".to_vec(), vec![0; 300]] {
        let copy = dir.path().join("copy");
        copy_store(&killed, &copy);
        fs::write(segment(&copy, 1), [whole.clone(), torn.clone()].concat()).expect("written");
        let opened = EmbeddedEngine::open_with(&copy, SMALL).expect("a torn write is no damage");
        assert_eq!(opened.recovery().cut_bytes, torn.len() as u64);
        assert_eq!(opened.count(b"").expect("count"), 2);
        drop(opened);
        assert_eq!(open(&copy).recovery(), &Recovery::default());
        fs::remove_dir_all(&copy).expect("removed");
    }
    for cut in [first, first + 10, second - 1] {
        fs::write(&path, &whole[..usize::try_from(cut).expect("small")]).expect("cut");
        let error = refused(&killed, &format!("cut at {cut}"));
        assert!(
            matches!(
                error,
                EngineError::Lost {
                    reads: 1,
                    acknowledged: 2,
                    ..
                }
            ),
            "cut at {cut}: {error}"
        );
    }
}

#[test]
fn who_only_reads_leaves_the_seal_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    closed_store(dir.path());
    let seal = fs::read(dir.path().join("seal")).expect("read");
    let engine = open(dir.path());
    assert!(engine.verify().expect("verify").is_sound());
    assert_eq!(fs::read(dir.path().join("seal")).expect("read"), seal);
    put(&engine, "c", "3");
    assert!(engine.verify().expect("verify").is_sound());
    assert!(
        fs::read_to_string(dir.path().join("seal"))
            .expect("read")
            .contains("\nopen\n")
    );
    flip(&dir.path().join("seal"), 20);
    let report = engine.verify().expect("verify");
    assert_eq!((report.findings.len(), report.is_sound()), (0, false), "{report:?}");
}

#[test]
fn files_of_two_stores_or_of_two_ages_do_not_pass_for_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let (one, two, old) = (dir.path().join("one"), dir.path().join("two"), dir.path().join("old"));
    let last = closed_store(&one);
    let engine = open(&two);
    (1..COMMITS).for_each(|n| put(&engine, &format!("k/{n:02}"), &"other ".repeat(20)));
    engine.commit(batch("last").put("a", "3").put("b", "4")).expect("taken");
    drop(engine);
    let mine: Vec<_> = (1..=last).map(|n| fs::read(segment(&one, n)).expect("read")).collect();
    for number in 1..=last {
        fs::copy(segment(&two, number), segment(&one, number)).expect("copied");
        refused(&one, &format!("segment {number} of another store"));
        refuses_a_backup(&one, &format!("segment {number} of another store"));
        fs::write(segment(&one, number), &mine[number as usize - 1]).expect("put back");
    }
    let seal = fs::read(one.join("seal")).expect("read");
    fs::copy(two.join("seal"), one.join("seal")).expect("copied");
    refused(&one, "the seal of another store");
    fs::write(one.join("seal"), &seal).expect("put back");

    copy_store(&one, &old);
    put(&open(&one), "later", "5");
    fs::copy(segment(&old, last), segment(&one, last)).expect("copied");
    refused(&one, "an old copy of the last segment");
    let now = fs::read(one.join("seal")).expect("read");
    assert!(now != seal);
    fs::copy(old.join("seal"), one.join("seal")).expect("copied");
    let index = one.join("index");
    fs::remove_dir_all(&index).unwrap_or_default();
    let engine = open(&one);
    assert_eq!(
        engine.stats().expect("stats").commits,
        COMMITS,
        "a whole old copy is a whole store"
    );
}

#[test]
fn an_accepted_loss_keeps_what_reads_and_sets_the_rest_aside() {
    let dir = tempfile::tempdir().expect("a folder");
    let last = closed_store(dir.path());
    assert!(last > 2);
    let nothing = EmbeddedEngine::open_accepting_loss(dir.path(), SMALL, &mut |_| {});
    assert!(matches!(nothing, Err(EngineError::NothingLost)), "{nothing:?}");
    for number in [last, 2] {
        let copy = tempfile::tempdir().expect("a folder");
        copy_store(dir.path(), copy.path());
        let store = copy.path();
        fs::remove_dir_all(store.join("index")).expect("removed");
        let path = segment(store, number);
        flip(&path, 72 + 28 + 5);
        let before = journal(store);
        let error = refused(store, "damaged");
        let sound = inspected(store, &error).sound;

        // Looked at, and not accepted: it is as it was.
        let (engine, loss) = EmbeddedEngine::open_accepting_loss(store, SMALL, &mut |_| {}).expect("it opens");
        assert_eq!((loss.kept, loss.known), (sound, COMMITS));
        assert_eq!(engine.stats().expect("stats").commits, sound);
        drop(engine);
        assert!(journal(store) == before, "nothing was cut off");
        refused(store, "nobody has accepted it");
        refuses_a_backup(store, "nobody has accepted it");

        let (engine, loss) = EmbeddedEngine::open_accepting_loss(store, SMALL, &mut |_| {}).expect("it opens");
        assert_eq!(
            (loss.kept, loss.known),
            (sound, COMMITS),
            "what was known is not forgotten"
        );
        put(&engine, "accepted", "by ann");
        drop(engine);
        let aside = store.join(&loss.folder);
        assert_eq!(
            fs::read(aside.join(format!("{number:08}.seg.from-72"))).expect("set aside"),
            before[&format!("{number:08}.seg")][72..]
        );
        for later in number + 1..=last {
            let name = format!("{later:08}.seg");
            assert_eq!(fs::read(aside.join(&name)).expect("set aside"), before[&name]);
        }
        let engine = open(store);
        assert_eq!(engine.recovery(), &Recovery::default());
        assert_eq!(text(&engine, "accepted"), Some("by ann".into()));
        assert_eq!(engine.stats().expect("stats").commits, sound + 1);
        assert!(engine.verify().expect("verify").is_sound());
    }
}

#[test]
fn a_recovery_that_was_interrupted_is_begun_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let last = closed_store(dir.path());
    let whole = len(&segment(dir.path(), last));
    flip(&segment(dir.path(), last), whole - 1);
    let (engine, first) = EmbeddedEngine::open_accepting_loss(dir.path(), SMALL, &mut |_| {}).expect("it opens");
    put(&engine, "accepted", "once");
    // Killed before it was closed.
    let killed = tempfile::tempdir().expect("a folder");
    copy_store(dir.path(), killed.path());
    drop(engine);
    let error = refused(killed.path(), "killed");
    assert!(error.to_string().contains("recovery"), "{error}");
    let again = EmbeddedEngine::open_accepting_loss(killed.path(), SMALL, &mut |_| {});
    let (engine, second) = again.expect("it opens");
    assert_eq!((second.kept, second.bytes), (first.kept + 1, 0));
    put(&engine, "accepted", "twice");
    drop(engine);
    assert!(open(killed.path()).verify().expect("verify").is_sound());
}

#[test]
fn a_store_of_which_nothing_reads_is_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    closed_store(dir.path());
    flip(&segment(dir.path(), 1), 3);
    let before = journal(dir.path());
    let refused = EmbeddedEngine::open_accepting_loss(dir.path(), SMALL, &mut |_| {});
    assert!(matches!(refused, Err(EngineError::NothingReads { .. })), "{refused:?}");
    assert!(journal(dir.path()) == before);
}
