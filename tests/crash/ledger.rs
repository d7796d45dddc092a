//! What has to be in the store: everything that a look at it has shown before, and everything that a process said it
//! had stored.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Kinds of records that later ones replace; all others stay as they are for ever.
const REPLACED: [&str; 5] = ["audit", "policy", "draft", "trace", "answer"];

/// Something that a process said is stored.
#[derive(Debug, Clone)]
pub enum Ack {
    /// A record of this kind with this id, and with this content hash where it has one.
    Record {
        kind: &'static str,
        id: String,
        hash: Option<String>,
    },
    /// So many outcomes of a run.
    Saved { run: u64, count: usize },
    /// The end of a run.
    Ended { run: u64 },
}

/// Requests that a server has seen: by the first part of the path, which each run has of its own, and the message.
pub type Requests = HashMap<(String, String), usize>;

/// A run, as far as it is stored.
#[derive(Debug, Clone)]
pub struct RunSeen {
    pub number: u64,
    pub version: String,
    /// The first part of the path that its requests go to.
    pub path: String,
    pub example_count: usize,
    pub repeats: usize,
    pub saved: usize,
    pub is_ended: bool,
}

/// Everything that one look at a store shows.
#[derive(Default)]
pub struct Look {
    /// The lines of an export, by key.
    pub lines: BTreeMap<String, String>,
    /// The hashes of the audit chain.
    pub chain: Vec<String>,
}

impl Look {
    /// Reads an export.
    pub fn at(export: &Path) -> Self {
        let (mut lines, mut chain) = (BTreeMap::new(), Vec::new());
        for entry in fs::read_dir(export).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "jsonl") {
                continue;
            }
            for line in fs::read_to_string(&path).unwrap().lines() {
                if path.ends_with("audit.jsonl") {
                    chain.push(quoted_after(line, "\"hash\":\"").to_owned());
                } else {
                    lines.insert(quoted_after(line, "{\"key\":\"").to_owned(), line.to_owned());
                }
            }
        }
        Self { lines, chain }
    }

    pub fn record(&self, key: &str) -> Option<Value> {
        let line: Value = serde_json::from_str(self.lines.get(key)?).unwrap();
        Some(line["record"].clone())
    }

    /// The records of a kind, in order.
    pub fn records(&self, kind: &str) -> Vec<Value> {
        let prefix = format!("{kind}/");
        self.keys(&prefix).map(|key| self.record(key).unwrap()).collect()
    }

    pub fn keys<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a String> {
        self.lines.keys().filter(move |key| key.starts_with(prefix))
    }

    pub fn runs(&self) -> Vec<RunSeen> {
        let runs = self.keys("run/").map(|key| {
            let (number, run) = (key.strip_prefix("run/").unwrap(), self.record(key).unwrap());
            let count = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
            let url = run["settings"]["base_url"].as_str().unwrap();
            RunSeen {
                number: number.parse().unwrap(),
                version: run["subject"]["prompt"]["version"].as_str().unwrap().to_owned(),
                path: url.split('/').nth(3).unwrap().to_owned(),
                example_count: count(&run["example_count"]),
                repeats: count(&run["settings"]["repeats"]),
                saved: self.keys(&format!("outcome/{number}/")).count(),
                is_ended: self.lines.contains_key(&format!("run-end/{number}")),
            }
        });
        runs.collect()
    }

    /// How many answers each example of a run has, by the message that was sent for it.
    fn answers(&self, run: &RunSeen) -> HashMap<String, usize> {
        let mut outcomes = HashMap::new();
        for outcome in self.records(&format!("outcome/{:010}", run.number)) {
            let message = outcome["rendered"][0]["text"].as_str().unwrap().to_owned();
            assert!(outcome["error"].is_null(), "nothing can fail here: {outcome}");
            *outcomes.entry(message).or_default() += 1;
        }
        outcomes
    }

    /// Nothing that another look has shown is missing or otherwise, and the audit chain begins as that one's.
    pub fn assert_holds(&self, earlier: &Look) {
        for (key, line) in &earlier.lines {
            let kind = key.split('/').next().unwrap();
            if !REPLACED.contains(&kind) {
                assert_eq!(
                    self.lines.get(key),
                    Some(line),
                    "{key} was stored, and can never change"
                );
            }
        }
        assert!(
            self.chain.starts_with(&earlier.chain),
            "the audit chain was written anew: {} commits, {} before",
            self.chain.len(),
            earlier.chain.len()
        );
    }

    pub fn assert_acknowledged(&self, acks: &[Ack]) {
        for ack in acks {
            let is_there = match ack {
                Ack::Record { kind, id, hash } => self.records(kind).iter().any(|record| {
                    // A release is a promotion with more around it.
                    let record = record.get("promotion").unwrap_or(record);
                    let is_same = |name, expected: &str| record[name].as_str() == Some(expected);
                    is_same("id", id) && hash.as_deref().is_none_or(|hash| is_same("content_hash", hash))
                }),
                Ack::Saved { run, count } => {
                    let outcomes = format!("outcome/{run:010}/");
                    self.keys(&outcomes).count() >= *count
                }
                Ack::Ended { run } => self.lines.contains_key(&format!("run-end/{run:010}")),
            };
            assert!(is_there, "it was acknowledged and is not there: {ack:?}");
        }
    }
}

/// What the server has to have seen of examples that are finished, ever since.
#[derive(Default)]
pub struct Finished {
    /// Requests for each example of a run when all its outcomes were there.
    requests: HashMap<(u64, String, String), usize>,
    /// Runs that had ended, so that nothing of them can be new.
    ended: HashSet<u64>,
}

impl Finished {
    /// No example whose outcomes were all there at an earlier look has been sent since.
    pub fn assert_none_again(&mut self, look: &Look, requests: &Requests) {
        let sent = |path: &String, message: &String| {
            let key = (path.clone(), message.clone());
            requests.get(&key).copied().unwrap_or(0)
        };
        for ((run, path, message), before) in &self.requests {
            let now = sent(path, message);
            assert_eq!(
                now, *before,
                "run {run}: '{message}' had its outcome and was sent again"
            );
        }
        for run in look.runs() {
            if self.ended.contains(&run.number) {
                continue;
            }
            for (message, answers) in look.answers(&run) {
                let sent = sent(&run.path, &message);
                assert!(
                    sent >= answers,
                    "run {} has {answers} answers to {sent} requests",
                    run.number
                );
                if answers == run.repeats {
                    let key = (run.number, run.path.clone(), message);
                    self.requests.entry(key).or_insert(sent);
                }
            }
            if run.is_ended {
                self.ended.insert(run.number);
            }
        }
    }
}

/// The text between a mark and the next quotation mark.
fn quoted_after<'a>(line: &'a str, mark: &str) -> &'a str {
    let (_, rest) = line.split_once(mark).unwrap();
    rest.split('"').next().unwrap()
}
