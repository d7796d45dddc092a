//! Reads the entries of a suite file.

use crate::domain::gate::GatePolicy;
use crate::domain::metric::Bins;
use crate::domain::suite::SuiteContent;
use crate::text::nearest;

use super::super::mark::Marks;
use super::super::table::{Table, Text};
use super::read_grader::read_grader;
use super::read_metric::{read_metric, read_threshold};
use super::{JudgeHashes, SuiteFile};

/// `None` where the file has no name or an entry lacks a part; the fault is marked.
pub(super) fn read(mut root: Table<'_>, judges: JudgeHashes<'_>, marks: &mut Marks) -> Option<SuiteFile> {
    let name = root.required("name", marks).and_then(|text| match text.value.parse() {
        Ok(name) => Some(name),
        Err(error) => {
            marks.error(text.line, format!("name: {error}"));
            None
        }
    });
    let description = root.string("description", marks).unwrap_or_default();
    let slices = root.texts("slices", marks);
    let cluster = root.string("cluster", marks);
    let graders = root.tables("graders", marks);
    let graders = graders
        .into_iter()
        .filter_map(|table| read_grader(table, judges, marks))
        .collect();
    let metrics = root.tables("metrics", marks);
    let metrics = metrics
        .into_iter()
        .filter_map(|table| read_metric(table, marks))
        .collect();
    let thresholds = root.tables("thresholds", marks);
    let (threshold_lines, thresholds): (Vec<_>, Vec<_>) = thresholds
        .into_iter()
        .filter_map(|table| Some((table.line, read_threshold(table, marks)?)))
        .unzip();
    let crossings = root.tables("crossings", marks);
    let crossings = crossings.into_iter().map(|table| read_crossing(table, marks)).collect();
    let bins = root.tables("bins", marks);
    let bins = bins.into_iter().filter_map(|table| read_bins(table, marks)).collect();
    let pass_rule = root.table("pass_rule", marks);
    let policy = pass_rule.map_or(GatePolicy::default(), |table| read_pass_rule(table, marks));
    root.finish(marks);
    let content = SuiteContent {
        description,
        graders,
        metrics,
        thresholds,
        slices,
        policy,
        crossings,
        bins,
        cluster,
    };
    mark_clashes(&content, &threshold_lines, marks);
    Some(SuiteFile { name: name?, content })
}

/// Marks rules that cannot stand beside each other, with the lines of both.
fn mark_clashes(content: &SuiteContent, lines: &[Option<u32>], marks: &mut Marks) {
    for (at, before, why) in content.clashes() {
        let (rule, earlier) = (&content.thresholds[at], &content.thresholds[before]);
        let of_line = lines[before].map(|line| format!(" of line {line}")).unwrap_or_default();
        let message = format!("threshold {}: '{rule}' beside '{earlier}'{of_line}: {why}", rule.metric);
        marks.error(lines[at], message);
    }
}

/// Reads the name of an entry, by which its further faults are told.
pub(super) fn read_name<'n>(
    table: &mut Table<'n>,
    entry: &str,
    key: &'static str,
    marks: &mut Marks,
) -> Option<Text<'n>> {
    let name = table.required(key, marks)?;
    table.place = format!("{entry} {}", name.value);
    // The domain's rules tell an entry by the same words.
    marks.place(table.place.clone(), name.value, name.line);
    Some(name)
}

pub(super) fn unknown_word(table: &Table<'_>, key: &str, word: Text<'_>, known: &[&str], marks: &mut Marks) {
    let hint = nearest(word.value, known).map_or_else(
        || format!("use {}", known.join(", ")),
        |near| format!("did you mean '{near}'?"),
    );
    marks.error(
        word.line,
        format!("{}: '{}' is unknown: {hint}", table.path(key), word.value),
    );
}

fn read_crossing(mut table: Table<'_>, marks: &mut Marks) -> Vec<String> {
    let fields = table.texts("fields", marks);
    table.finish(marks);
    fields
}

fn read_bins(mut table: Table<'_>, marks: &mut Marks) -> Option<Bins> {
    let field = read_name(&mut table, "bins", "field", marks);
    let bounds = table.numbers("bounds", marks);
    table.finish(marks);
    Some(Bins {
        field: field?.value.to_owned(),
        bounds,
    })
}

fn read_pass_rule(mut table: Table<'_>, marks: &mut Marks) -> GatePolicy {
    let policy = read_policy(&mut table, marks);
    table.finish(marks);
    policy.unwrap_or_default()
}

/// The policy of a rule or of all rules.
pub(super) fn read_policy(table: &mut Table<'_>, marks: &mut Marks) -> Option<GatePolicy> {
    let policies = [GatePolicy::Point, GatePolicy::Proven, GatePolicy::NotRefuted];
    let word = table.text("policy", marks)?;
    let policy = policies.into_iter().find(|policy| policy.as_str() == word.value);
    if policy.is_none() {
        unknown_word(table, "policy", word, &policies.map(GatePolicy::as_str), marks);
    }
    policy
}
