//! What failed and why, what people say of it, what differs over repeats, and what changed against another run.

use std::collections::BTreeMap;

use super::measures::value_text;
use super::page::{Block, Cell, Page, lines};
use super::{IDS_MAX, ids_text};
use crate::domain::ids::RunId;
use crate::domain::json::JsonText;
use crate::domain::label::{LabelVerdict, standing};
use crate::domain::run::Run;
use crate::domain::unit::Unit;
use crate::workbench::{CaseRow, CaseView, Comparison, Effect, Listed, RunDetail, Workbench, WorkbenchError};

/// Failures that are counted at most, the first ones of the dataset.
const COUNTED_MAX: usize = 2_000;
/// Cases that are shown with their context, over all categories.
const CASES_MAX: usize = 40;
/// Of one category.
const CASES_OF_CATEGORY_MAX: usize = 8;
/// Characters of an input, an expected value or an answer.
const TEXT_CHARS_MAX: usize = 1_500;
/// Rows of a table of groups, or of labels.
const ROWS_MAX: usize = 40;

impl Workbench {
    /// The failures: how many lie where, then some of each category with what went in and what came.
    pub(super) fn failures_chapter(&self, page: &mut Page, detail: &RunDetail) -> Result<(), WorkbenchError> {
        page.chapter("Failures");
        let run = detail.run.id;
        let totals = &detail.progress.totals;
        let all = totals.failed + totals.errored;
        if all == 0 {
            page.paragraph("Nothing failed.");
            return Ok(());
        }
        page.paragraph(format!(
            "{all} of {} outcomes failed; {} of them have no answer.",
            totals.saved, totals.errored
        ));
        if let Some(advice) = self.run_triage(run)?.advice() {
            page.push(Block::Notice(format!("{advice}.")));
        }
        let rows = self.cases(run, Listed::Failed, None, COUNTED_MAX)?;
        let counted = rows.len() as u64;
        if counted < all {
            page.paragraph(format!(
                "The tables count the first {counted}; {} are left out.",
                all - counted
            ));
        }
        group_tables(page, &rows);
        self.cases_by_category(page, run, &rows)
    }

    fn cases_by_category(&self, page: &mut Page, run: RunId, rows: &[CaseRow]) -> Result<(), WorkbenchError> {
        let mut room = CASES_MAX;
        for (category, rows) in sorted(grouped(rows, |row| vec![category_of(row)])) {
            page.section(format!("Cause: {category}"));
            let shown = rows.len().min(CASES_OF_CATEGORY_MAX).min(room);
            room -= shown;
            for row in rows.iter().take(shown) {
                case_blocks(page, &row.label(), &self.case(run, row.place)?);
            }
            if rows.len() > shown {
                let others: Vec<String> = rows.iter().skip(shown).map(|row| row.label()).collect();
                page.paragraph(format!("Not shown: {}", ids_text(&others, others.len() as u64)));
            }
        }
        Ok(())
    }

    /// What people say of the outcomes; nothing where nobody says anything.
    pub(super) fn labels_chapter(&self, page: &mut Page, run: RunId) -> Result<(), WorkbenchError> {
        let all = self.labels_of(run)?;
        let labels = standing(&all);
        if labels.is_empty() {
            return Ok(());
        }
        page.chapter("What people say");
        let overrides = labels.iter().filter(|label| label.is_override).count();
        page.paragraph(format!(
            "{} labels, {overrides} of them against a grader.",
            labels.len()
        ));
        let mut shown = labels.clone();
        shown.sort_by_key(|label| !label.is_override);
        shown.truncate(ROWS_MAX);
        let rows = shown.into_iter().map(|label| {
            let verdict = label.verdict.map_or("-", LabelVerdict::as_str);
            let expected = label.expected.as_ref().map_or_else(|| "-".to_owned(), JsonText::plain);
            [
                label.example.to_string().into(),
                label
                    .grader
                    .clone()
                    .unwrap_or_else(|| "the answer as a whole".into())
                    .into(),
                if label.is_override {
                    format!("{verdict}, against")
                } else {
                    verdict.to_owned()
                }
                .into(),
                shortened(&expected).into(),
                label.comment.clone().into(),
                label.by.to_string().into(),
            ]
        });
        page.table(
            ["example", "about", "verdict", "expected", "comment", "by"],
            rows.collect(),
        );
        if labels.len() > ROWS_MAX {
            page.paragraph(format!("{} more labels are left out.", labels.len() - ROWS_MAX));
        }
        Ok(())
    }
}

fn category_of(row: &CaseRow) -> String {
    row.cause
        .as_ref()
        .map_or("unknown", |cause| cause.category.as_str())
        .to_owned()
}

fn grouped(rows: &[CaseRow], names: impl Fn(&CaseRow) -> Vec<String>) -> BTreeMap<String, Vec<&CaseRow>> {
    let mut groups: BTreeMap<String, Vec<&CaseRow>> = BTreeMap::new();
    for row in rows {
        for name in names(row) {
            groups.entry(name).or_default().push(row);
        }
    }
    groups
}

/// The largest first; of equal ones by name.
fn sorted(groups: BTreeMap<String, Vec<&CaseRow>>) -> Vec<(String, Vec<&CaseRow>)> {
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    groups
}

fn group_tables(page: &mut Page, rows: &[CaseRow]) {
    let grader = |row: &CaseRow| {
        let why = row.line.why.split_once(": ");
        vec![why.map_or_else(|| row.line.why.clone(), |(grader, _)| grader.to_owned())]
    };
    let groupings: [(&str, BTreeMap<String, Vec<&CaseRow>>); 3] = [
        ("cause", grouped(rows, |row| vec![category_of(row)])),
        ("failed first", grouped(rows, grader)),
        ("slice", grouped(rows, |row| row.slices.clone())),
    ];
    for (name, groups) in groupings {
        let groups = sorted(groups);
        let left_out = groups.len().saturating_sub(ROWS_MAX);
        let row = |(group, rows): &(String, Vec<&CaseRow>)| -> [Cell; 4] {
            let new = rows.iter().filter(|row| row.passed_before == Some(true)).count();
            let ids: Vec<String> = rows.iter().take(IDS_MAX).map(|row| row.label()).collect();
            let ids = ids_text(&ids, rows.len() as u64);
            [
                group.clone().into(),
                rows.len().to_string().into(),
                new.to_string().into(),
                ids.into(),
            ]
        };
        let shown = groups.iter().take(ROWS_MAX).map(row).collect();
        page.table([name, "failures", "new against the base", "examples"], shown);
        if left_out > 0 {
            page.paragraph(format!("{left_out} more groups are left out."));
        }
    }
}

fn case_blocks(page: &mut Page, label: &str, case: &CaseView) {
    let outcome = &case.outcome;
    let cause = case.cause.as_ref().map(|cause| {
        let by = cause.by.as_ref().map_or_else(String::new, |by| format!(" (says {by})"));
        format!("{}{by}, since {}", cause.category.as_str(), cause.why)
    });
    let before = case
        .before
        .map(|(run, passed)| format!("{} in {run}", if passed { "passed" } else { "failed" }));
    let mut facts = vec![
        ("example", label.to_owned()),
        ("why", outcome.why().unwrap_or_default()),
        ("cause", cause.unwrap_or_else(|| "unknown".into())),
    ];
    facts.extend(before.map(|before| ("base", before)));
    let documents: Vec<String> = outcome
        .documents
        .iter()
        .map(|document| format!("{} {}", document.id, document.version))
        .collect();
    if !documents.is_empty() {
        facts.push(("documents", ids_text(&documents, documents.len() as u64)));
    }
    page.push(Block::Facts(facts));
    let text = |title, text: &str| Block::Text {
        title,
        text: shortened(text),
    };
    page.push(text("input", &case.example.content.input.plain()));
    if let Some(expected) = &case.example.content.expected {
        page.push(text("expected", &expected.plain()));
    }
    if outcome.error.is_none() {
        page.push(text("answer", outcome.text.as_deref().unwrap_or(&outcome.raw_response)));
    }
}

/// What a page has room for, and how much more there is.
fn shortened(text: &str) -> String {
    let text = lines(text);
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        None => text,
        Some((at, _)) => {
            let (shown, rest) = text.split_at(at);
            format!("{shown}\n[{} more characters are left out]", rest.chars().count())
        }
    }
}

/// Examples whose repeats do not agree.
pub(super) fn flaky(page: &mut Page, run: &Run, flaky: &[(String, u64, u64)]) {
    page.chapter("Flaky examples");
    if run.settings.repeats < 2 {
        page.paragraph("Each example was asked once, so nothing is known of answers that differ over repeats.");
        return;
    }
    if flaky.is_empty() {
        page.paragraph(format!(
            "None: all {} repeats of each example agree.",
            run.settings.repeats
        ));
        return;
    }
    page.paragraph(format!(
        "{} examples pass in some repeats and fail in others.",
        flaky.len()
    ));
    let rows = flaky
        .iter()
        .take(ROWS_MAX)
        .map(|(example, passed, count)| [Cell::from(example.clone()), Cell::from(format!("{passed} of {count}"))]);
    page.table(["example", "repeats that pass"], rows.collect());
    if flaky.len() > ROWS_MAX {
        page.paragraph(format!("{} more are left out.", flaky.len() - ROWS_MAX));
    }
}

/// What changed against another run, where there is one to compare with.
pub(super) fn comparison(page: &mut Page, comparison: Option<&Comparison>) {
    page.chapter("Comparison");
    let Some(comparison) = comparison else {
        page.paragraph(
            "No run of the base on this dataset had finished when this one began, so there is none to compare with.",
        );
        return;
    };
    let result = &comparison.result;
    page.paragraph(format!(
        "{} ({}) to {} ({})",
        comparison.base, comparison.base_subject, comparison.candidate, comparison.candidate_subject
    ));
    for difference in &result.differences {
        page.push(Block::Notice(format!("Careful: {difference}")));
    }
    let groups = [
        ("fixed", &result.fixed),
        ("broken", &result.broken),
        ("still failing", &result.still_failing),
        ("both right", &result.both_right),
        ("of these answered otherwise", &result.answered_otherwise),
    ];
    let rows = groups.map(|(kind, group)| -> [Cell; 3] {
        let ids = ids_text(&group.examples, group.count);
        [kind.into(), group.count.to_string().into(), ids.into()]
    });
    page.table(["flips", "examples", "which"], rows.to_vec());
    let metrics = result.metrics.iter().map(|metric| {
        let unit = comparison.units.unit(&metric.metric);
        let (base, candidate) = (value_text(unit, metric.base), value_text(unit, metric.candidate));
        let measured = [Some(base), Some(candidate), metric.change_text(unit)];
        row(&metric.metric, measured, metric.effect.as_ref().ok())
    });
    let passes = result.passes.as_ref().map(|passes| {
        let [base, candidate] = [passes.base, passes.candidate].map(|share| Some(Unit::Share.text(share)));
        row(
            "every grader",
            [base, candidate, Some(passes.change_text())],
            Some(passes),
        )
    });
    let ratios = [
        ("latency by example", &result.latency),
        ("cost by example", &result.cost),
    ];
    let ratios = ratios
        .into_iter()
        .filter_map(|(name, ratio)| Some((name, ratio.as_ref()?)))
        .map(|(name, ratio)| row(name, [None, None, Some(ratio.change_text())], Some(ratio)));
    page.table(
        ["metric", "base", "candidate", "change", "95 % interval", "p"],
        metrics.chain(passes).chain(ratios).collect(),
    );
    for sentence in result.method_sentences() {
        page.paragraph(sentence);
    }
}

/// A metric with what the base and the candidate have, and the change between them.
fn row(name: &str, [base, candidate, change]: [Option<String>; 3], effect: Option<&Effect>) -> [Cell; 6] {
    let text = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned()).into();
    [
        name.to_owned().into(),
        text(base),
        text(candidate),
        text(change),
        text(effect.map(Effect::interval_text)),
        text(effect.map(Effect::p_text)),
    ]
}
