//! A store whose prompt has several versions, and a suite that sees whether they lose a team: the simulated model
//! follows the lines of its prompt.

use crate::pegbox::{PROMPT, Pegbox, REASON, TICKETS};

/// Routing, by topic.
const ROUTING: &str = r#"
name = "routing"
description = "tickets go to the right team"
slices = ["topic"]

[[graders]]
name = "route"
kind = "field_match"
field = "route"

[[metrics]]
name = "routing_accuracy"
kind = "accuracy"
grader = "route"

[[thresholds]]
metric = "routing_accuracy"
at_least = 0.5

[pass_rule]
policy = "point"
"#;

/// The prompt with these edits: what comes in place of what.
pub fn edited<'a>(edits: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> String {
    edits.into_iter().fold(PROMPT.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to)
    })
}

/// A store with these versions of `support_triage`, 120 tickets and the suite `routing`.
pub fn store(versions: &[String]) -> Pegbox {
    let pegbox = Pegbox::new();
    let decided = |words: &[&str]| pegbox.does(&[words, &["--reason", REASON]].concat());
    for version in versions {
        let file = pegbox.write("prompt.md", version);
        pegbox.does(&["prompt", "import", "support_triage", &file]);
        decided(&["prompt", "commit", "support_triage", "--kind", "experiment"]);
    }
    let tickets: String = TICKETS.split_inclusive('\n').take(120).collect();
    let tickets = pegbox.write("tickets.jsonl", tickets);
    decided(&["dataset", "import", &tickets, "--name", "tickets", "--label", "v1"]);
    let suite = pegbox.write("suite.toml", ROUTING);
    decided(&["suite", "import", &suite]);
    pegbox
}

/// The command over the tickets with the suite.
pub fn over<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &["--dataset", "tickets", "--suite", "routing"]].concat()
}

/// How many runs there are.
pub fn runs(pegbox: &Pegbox) -> usize {
    pegbox.json(&["run", "list", "--limit", "100"])["runs"]
        .as_array()
        .unwrap()
        .len()
}
