//! What a process is killed at.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::chance::Chance;
use crate::copies;
use crate::ledger::{Ack, RunSeen};
use crate::process::{self, Cut, Said};
use crate::world::{World, record};

/// Rows of an import that is there to be killed.
const ROWS: usize = 600;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// A new run, or one that goes on.
    Run,
    ImportDataset,
    ImportSuite,
    Commit,
    /// A draft that is saved over the last one.
    Draft,
    /// The next step on the way of a version into production: asked for, approved, promoted.
    Release,
    Backup,
    /// The same while a run goes on, which then dies too.
    BackupOfRun,
    Restore,
    Export,
    ImportStore,
    Compact,
}

impl Act {
    /// In an order in which each has what it needs.
    pub const WRITING: [Self; 7] = [
        Self::Commit,
        Self::ImportDataset,
        Self::ImportSuite,
        Self::Run,
        Self::Release,
        Self::Draft,
        Self::Compact,
    ];
    pub const COPYING: [Self; 5] = [
        Self::Backup,
        Self::BackupOfRun,
        Self::Restore,
        Self::Export,
        Self::ImportStore,
    ];

    /// Any of them.
    pub fn any(chance: &mut Chance) -> Self {
        match chance.below(3) {
            0 => chance.pick(&Self::COPYING),
            _ => Self::writing(chance),
        }
    }

    /// One that writes into the store; most often a run, which has most to lose.
    pub fn writing(chance: &mut Chance) -> Self {
        match chance.below(3) {
            0 => Self::Run,
            _ => chance.pick(&Self::WRITING),
        }
    }

    /// Carries it out in a process that may be cut short; notes what it said that it has done.
    pub fn carry_out(self, world: &mut World, cut: &Cut) -> Said {
        match self {
            Self::Run => {
                let words = run_words(world);
                let said = world.run(&words, cut);
                note_run(world, &said);
                said
            }
            Self::ImportDataset => import_dataset(world, cut),
            Self::ImportSuite => {
                let number = world.new_number();
                let suite = world.suite(number);
                let words = ["suite", "import", path(&suite), "--reason", "JSON or not, no more"];
                let said = world.run(&words, cut);
                note(world, &said, |document| record("suite", document));
                said
            }
            Self::Commit => {
                // One that was killed has left its draft.
                if world.seen.record("draft/echo").is_none() {
                    let number = world.new_number();
                    let prompt = world.prompt(number);
                    world.does("anna", &["prompt", "import", "echo", path(&prompt)]);
                }
                let words = [
                    "prompt",
                    "commit",
                    "echo",
                    "--kind",
                    "experiment",
                    "--reason",
                    "another attempt",
                ];
                let said = world.run(&words, cut);
                note(world, &said, |document| record("version", document));
                said
            }
            Self::Draft => draft(world, cut),
            Self::Release => release(world, cut),
            Self::Backup => copies::back_up(world, cut),
            Self::BackupOfRun => copies::back_up_run(world, cut),
            Self::Restore => copies::restore(world, cut),
            Self::Export => copies::export(world, cut),
            Self::ImportStore => copies::import(world, cut),
            Self::Compact => world.run(&["store", "compact"], cut),
        }
    }
}

/// Carries each act out to its end, and says how long that took.
pub fn rehearse(world: &mut World, acts: &[Act]) -> HashMap<Act, Duration> {
    let rehearsed = acts.iter().map(|act| {
        let said = act.carry_out(world, &Cut::Nothing);
        assert!(said.is_done(), "{act:?}: {said:#?}");
        world.check();
        (*act, said.took)
    });
    rehearsed.collect()
}

impl World {
    /// Runs a command of anna's that prints a document.
    fn run(&self, words: &[&str], cut: &Cut) -> Said {
        self.run_as("anna", words, cut)
    }

    fn run_as(&self, user: &str, words: &[&str], cut: &Cut) -> Said {
        let mut command = self.command(user, words);
        command.arg("--json");
        process::run(command, cut)
    }
}

/// A run that goes on, or a new one of the newest version.
pub fn run_words(world: &mut World) -> Vec<&'static str> {
    let open: Vec<RunSeen> = world.seen.runs().into_iter().filter(|run| !run.is_ended).collect();
    let words = if !open.is_empty() && world.chance.below(4) > 0 {
        let runs: Vec<u64> = open.iter().map(|run| run.number).collect();
        format!("run resume run_{}", world.chance.pick(&runs))
    } else {
        let version = world.seen.records("version").len();
        let url = world.new_number();
        let url = world.base_url(url);
        let (repeats, in_flight) = (1 + world.chance.below(2), world.chance.pick(&["4", "8", "auto"]));
        format!(
            "run start echo_v{version} --dataset numbers --suite shape --base-url {url} --repeats {repeats} \
             --concurrency {in_flight}"
        )
    };
    words.leak().split(' ').collect()
}

/// Notes what a process that followed a run said about it.
pub fn note_run(world: &mut World, said: &Said) {
    for line in said.stderr.lines() {
        let mut words = line.split_whitespace();
        let run = words.next().and_then(|word| word.strip_prefix("run_"));
        let (Some(run), Some(count)) = (run.and_then(|run| run.parse().ok()), words.next()) else {
            continue;
        };
        let saved = count.split_once('/').and_then(|(saved, _)| saved.parse().ok());
        // `run_7 is running` says that it is there, and nothing more.
        world.acknowledged(Ack::Saved {
            run,
            count: saved.unwrap_or(0),
        });
        if saved.is_none() {
            world.acknowledged(Ack::Record {
                kind: "run",
                id: format!("run_{run}"),
                hash: None,
            });
        }
    }
    let ended = said.document().filter(|document| document["state"] == "finished");
    let id = ended.and_then(|document| document["run_id"].as_str()?.strip_prefix("run_")?.parse().ok());
    if let Some(run) = id {
        world.acknowledged(Ack::Ended { run });
    }
}

fn note(world: &mut World, said: &Said, ack: impl FnOnce(&Value) -> Ack) {
    if let Some(document) = said.document() {
        world.acknowledged(ack(&document));
    }
}

fn import_dataset(world: &mut World, cut: &Cut) -> Said {
    let number = world.new_number();
    let rows = world.rows("import.jsonl", ROWS, usize::try_from(number).unwrap() * ROWS);
    let name = format!("rows_{number}");
    let words = [
        "dataset",
        "import",
        path(&rows),
        "--name",
        &name,
        "--reason",
        "rows to import",
    ];
    let said = world.run(&words, cut);
    note(world, &said, |document| record("dataset", &document["dataset"]));
    said
}

/// Imports a draft, or saves over it by way of an editor.
fn draft(world: &mut World, cut: &Cut) -> Said {
    let number = world.new_number();
    let prompt = world.prompt(number);
    let source = fs::read_to_string(&prompt).unwrap();
    let mut command = if world.seen.record("prompt/notes").is_none() {
        world.command("anna", &["prompt", "import", "notes", path(&prompt)])
    } else {
        world.command("anna", &["prompt", "edit", "notes"])
    };
    command.env("EDITOR", "/bin/cp prompt.md");
    let said = process::run(command, cut);
    if said.is_done() {
        world.drafts = vec![source];
    } else {
        world.drafts.push(source);
    }
    said
}

/// Takes the next step of the version that is on its way, or of the newest that has run and was not asked for.
fn release(world: &mut World, cut: &Cut) -> Said {
    let reason = ["--reason", "every answer is JSON"];
    let reviews = world.seen.records("review");
    let decisions = world.seen.records("decision");
    let releases = world.seen.records("release");
    let is_over = |review: &Value| {
        let id = &review["id"];
        let mut released = releases.iter().map(|release| &release["promotion"]["review"]);
        released.any(|review| review == id) || world.stale.iter().any(|stale| stale == id)
    };
    let Some(open) = reviews.iter().find(|review| !is_over(review)) else {
        let asked: Vec<&str> = reviews.iter().filter_map(|review| review["version"].as_str()).collect();
        let runs = world.seen.runs();
        let run = runs
            .iter()
            .rev()
            .find(|run| run.is_ended && !asked.contains(&run.version.as_str()));
        let Some(run) = run else {
            // What could be released has to be written and run first.
            let act = if runs.iter().any(|run| !run.is_ended) {
                Act::Run
            } else {
                Act::Commit
            };
            return act.carry_out(world, cut);
        };
        let id = format!("run_{}", run.number);
        let words = ["review", "request", &run.version, "--to", "production", "--run", &id];
        let said = world.run(&[&words[..], &reason].concat(), cut);
        note(world, &said, |document| record("review", document));
        return said;
    };
    let id = open["id"].as_str().unwrap();
    let said = if decisions.iter().any(|decision| decision["review"] == id) {
        let words = ["release", "promote", "echo", "--to", "production"];
        let said = world.run_as("ben", &[&words[..], &reason].concat(), cut);
        note(world, &said, |document| record("release", &document["promotion"]));
        said
    } else {
        let words = ["review", "approve", id];
        let said = world.run_as("ben", &[&words[..], &reason].concat(), cut);
        note(world, &said, |document| record("decision", document));
        said
    };
    if said.is_stale() {
        world.stale.push(id.to_owned());
    }
    said
}

pub fn path(path: &std::path::Path) -> &str {
    path.to_str().unwrap()
}
