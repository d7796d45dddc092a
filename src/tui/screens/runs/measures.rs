//! What an ended run measured beyond its gate: what a quarantine left out, what moved against the base run, the
//! intervals as bars, and the classes of each classification field.

use ratatui::text::{Line, Span};

use super::super::figures::measure_text;
use super::super::lines::{outside, wrapped_outside};
use crate::domain::confusion::{CLASS_CELLS, Confusion};
use crate::domain::gate::Gate;
use crate::domain::metric::{Measure, MetricResult};
use crate::domain::run::{AgainstBase, Regression, RunEnd};
use crate::domain::unit::{Unit, Units};
use crate::text::{Printable, cut, pad, width};
use crate::tui::theme::Theme;
use crate::tui::widgets::bars::interval_bar;

/// Columns from which intervals are drawn: those of a terminal of 100 columns without borders.
const BARS_COLUMNS_MIN: usize = 96;
/// Columns of a bar at most.
const BAR_COLUMNS_MAX: usize = 60;
/// Intervals that are drawn.
const BARS_MAX: usize = 20;
/// Regressions that are shown; the list begins with the surest.
const REGRESSIONS_MAX: usize = 20;
/// Classes that are shown.
const CLASSES_MAX: usize = 20;
/// Columns of a regression's numbers.
const REGRESSION_COLUMNS: usize = 46;
/// Columns of a regression's metric and slice at most.
const REGRESSION_NAME_MAX: usize = 60;
/// Columns of a class.
const CLASS_COLUMNS: usize = 16;
/// Columns of a number in the tables of classes, with the space before it.
const CELL_COLUMNS: usize = 10;

/// The examples that do not count in the gate.
pub(super) fn left_out_lines(gate: &Gate, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let left_out = gate.left_out.iter();
    left_out
        .flat_map(|left_out| wrapped_outside(&left_out.to_string(), columns, 0, theme.warn))
        .collect()
}

/// A metric or rule, over a slice where it has one.
pub(super) fn sliced_name(metric: &str, slice: Option<&impl std::fmt::Display>) -> String {
    slice.map_or_else(|| metric.to_owned(), |slice| format!("{metric}[{slice}]"))
}

/// What moved against the base run: what stands after Holm's correction first, the leads after it.
pub(super) fn against_lines(end: &RunEnd, units: &Units, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let Some(against) = &end.against_base else {
        return Vec::new();
    };
    let (flagged, leads): (Vec<&Regression>, Vec<&Regression>) =
        against.regressions.iter().partition(|regression| regression.is_flagged);
    let mut lines = vec![Line::raw("")];
    let head = against_text(against, flagged.len(), leads.len());
    lines.extend(wrapped_outside(&head, columns, 0, theme.title));
    if against.regressions.is_empty() {
        return lines;
    }
    let room = columns.saturating_sub(REGRESSION_COLUMNS).min(REGRESSION_NAME_MAX);
    let head = format!(
        "{}{:>9} {:>6} {:>7} {:>7}",
        pad("metric", room),
        "effect",
        "pairs",
        "p",
        "Holm"
    );
    lines.push(Line::styled(cut(&head, columns).into_owned(), theme.dim));
    let shown = flagged.into_iter().chain(leads).take(REGRESSIONS_MAX);
    let line = |regression: &Regression| regression_line(regression, units.unit(&regression.metric), room, theme);
    lines.extend(shown.map(line));
    lines.extend(more_line(against.regressions.len(), REGRESSIONS_MAX, end, theme));
    lines
}

fn against_text(against: &AgainstBase, flagged: usize, leads: usize) -> String {
    let counted = |count: u64, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    format!(
        "against {}: {}, {} after Holm's correction, {} to look into",
        against.run,
        counted(against.tests, "test"),
        counted(flagged as u64, "regression"),
        counted(leads as u64, "lead"),
    )
}

fn regression_line(regression: &Regression, unit: Unit, room: usize, theme: &Theme) -> Line<'static> {
    let name = sliced_name(&regression.metric, regression.slice.as_ref());
    let mut spans = padded(&name, room, theme);
    spans.push(Span::raw(format!(
        "{:>9} {:>6} {:>7.4} {:>7.4}  ",
        unit.effect_text(regression.effect),
        regression.pairs,
        regression.p_value,
        regression.holm
    )));
    spans.push(if regression.is_flagged {
        Span::styled("regression", theme.fail)
    } else {
        Span::styled("lead", theme.unknown)
    });
    Line::from(spans)
}

/// Text from outside in exactly `columns`.
fn padded(text: &str, columns: usize, theme: &Theme) -> Vec<Span<'static>> {
    let mut spans = outside(text, columns, theme.text, theme);
    let used: usize = spans.iter().map(|span| width(&span.content)).sum();
    spans.push(Span::raw(" ".repeat(columns.saturating_sub(used))));
    spans
}

/// How many more there are, and where.
fn more_line(count: usize, shown: usize, end: &RunEnd, theme: &Theme) -> Option<Line<'static>> {
    let more = count.checked_sub(shown).filter(|more| *more > 0)?;
    let text = format!("and {more} more: pegbox run show {} --json", end.run);
    Some(Line::styled(text, theme.dim))
}

/// The intervals of rates on one scale, with the threshold of the rule that is about each; only in a wide pane.
pub(super) fn interval_lines(end: &RunEnd, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let drawn: Vec<(&MetricResult, Interval)> = end
        .results
        .iter()
        .filter_map(|result| Some((result, Interval::of(result, end.gate.as_ref())?)))
        .collect();
    if columns < BARS_COLUMNS_MIN || drawn.is_empty() {
        return Vec::new();
    }
    let ends = drawn.iter().map(|(_, interval)| interval.lowest());
    let lowest = ends.fold(1.0, f64::min);
    let low = ((lowest * 10.0).floor() / 10.0).clamp(0.0, 0.9);
    let head = format!(
        "95 % intervals of rates, from {:.0}% to 100%: {} measured, | threshold",
        low * 100.0,
        theme.glyphs.filled
    );
    let mut lines = vec![Line::raw(""), Line::styled(head, theme.title)];
    let bar_columns = (columns / 2).min(BAR_COLUMNS_MAX);
    let room = columns.saturating_sub(bar_columns + CELL_COLUMNS + 1);
    let total = drawn.len();
    lines.extend(drawn.into_iter().take(BARS_MAX).map(|(result, interval)| {
        let name = sliced_name(&result.metric, result.slice.as_ref());
        let bar = interval_bar(
            interval.span,
            interval.threshold,
            (low, 1.0),
            bar_columns,
            &theme.glyphs,
        );
        let mut spans = padded(&name, room, theme);
        spans.push(Span::raw(format!(
            "{:>CELL_COLUMNS$} ",
            measure_text(Unit::Share, result.measure)
        )));
        spans.push(Span::styled(bar, theme.running));
        Line::from(spans)
    }));
    lines.extend(more_line(total, BARS_MAX, end, theme));
    lines
}

/// A rate's interval, as a bar shows it.
#[derive(Debug, Clone, Copy)]
struct Interval {
    // Its low end, the rate, its high end.
    span: (f64, f64, f64),
    threshold: Option<f64>,
}

impl Interval {
    fn of(result: &MetricResult, gate: Option<&Gate>) -> Option<Self> {
        let Measure::Rate { .. } = result.measure else {
            return None;
        };
        let ((low, high), value) = (result.interval?, result.measure.value()?);
        let rules = gate.map(|gate| gate.rules.as_slice()).unwrap_or_default();
        let threshold = rules.iter().map(|rule| &rule.threshold).find(|threshold| {
            let is_about_it = threshold.metric == result.metric && threshold.slice == result.slice;
            is_about_it && !threshold.comparison.is_relative()
        });
        Some(Self {
            span: (low, value, high),
            threshold: threshold.map(|threshold| threshold.value),
        })
    }

    fn lowest(self) -> f64 {
        self.threshold.unwrap_or(1.0).min(self.span.0)
    }
}

/// The classes of each classification field with their scores, and which were taken for which.
pub(super) fn confusion_lines(end: &RunEnd, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let confusions = end.confusions.iter();
    confusions
        .flat_map(|confusion| one_confusion(confusion, end, columns, theme))
        .collect()
}

fn one_confusion(confusion: &Confusion, end: &RunEnd, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let classes = confusion.classes();
    let most = confusion.most_missed(CLASSES_MAX);
    let title = format!("classes of {}", confusion.field);
    let mut lines = vec![Line::raw(""), Line::from(outside(&title, columns, theme.title, theme))];
    lines.push(row_line(
        "class",
        CLASS_CELLS.map(|word| (word.to_owned(), theme.dim)),
        columns,
        theme,
    ));
    for class in most.iter().filter_map(|at| classes.get(*at)) {
        lines.push(row_line(
            &class.label,
            class.cells("--").map(|cell| (cell, theme.text)),
            columns,
            theme,
        ));
    }
    if classes.len() > most.len() {
        let text = format!("those with the most mistakes of {} classes", classes.len());
        lines.extend(wrapped_outside(&text, columns, 0, theme.warn));
    }
    lines.extend(more_line(classes.len(), CLASSES_MAX, end, theme));
    lines.extend(left_out_columns(&CLASS_CELLS, columns, theme));
    lines.extend(matrix_lines(confusion, columns, theme));
    if confusion.unlabelled > 0 {
        let s = if confusion.unlabelled == 1 { "" } else { "s" };
        let text = format!("{} outcome{s} without an expected class", confusion.unlabelled);
        lines.push(Line::styled(text, theme.dim));
    }
    lines
}

/// Cells that fit behind a class.
fn cells_in(columns: usize) -> usize {
    columns.saturating_sub(CLASS_COLUMNS) / CELL_COLUMNS
}

/// Which columns of a table there is no room for.
fn left_out_columns(names: &[&str], columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    match names.get(cells_in(columns)..) {
        None | Some([]) => Vec::new(),
        Some(names) => {
            let text = format!("no room for {}", names.join(", "));
            wrapped_outside(&text, columns, 0, theme.dim)
        }
    }
}

/// The matrix of as many classes as there is room for.
fn matrix_lines(confusion: &Confusion, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    // Two columns are those of the others and of no answer.
    let room = cells_in(columns).saturating_sub(2);
    if room == 0 {
        return wrapped_outside("no room for which was taken for which", columns, 0, theme.dim);
    }
    let shown = confusion.most_missed(room);
    let layout = confusion.layout(&shown);
    let mut lines = vec![Line::raw("")];
    if shown.len() < confusion.labels.len() {
        let text = format!(
            "{} of {} classes, those with the most mistakes; answers of the others are summed up",
            shown.len(),
            confusion.labels.len()
        );
        lines.extend(wrapped_outside(&text, columns, 0, theme.warn));
    }
    let head = layout.heads.into_iter().map(|name| (name.to_owned(), theme.dim));
    lines.push(row_line("expected", head, columns, theme));
    lines.extend(layout.rows.into_iter().map(|row| {
        let cells = row.cells.into_iter().map(|(count, is_right)| {
            let style = match count {
                0 => theme.dim,
                _ if is_right => theme.text,
                _ => theme.warn,
            };
            (count.to_string(), style)
        });
        row_line(row.label, cells, columns, theme)
    }));
    lines
}

/// A class, then cells at the right of their columns.
fn row_line(
    class: &str,
    cells: impl IntoIterator<Item = (String, ratatui::style::Style)>,
    columns: usize,
    theme: &Theme,
) -> Line<'static> {
    let room = CLASS_COLUMNS.min(columns);
    let mut spans = padded(class, room, theme);
    spans.extend(cells.into_iter().take(cells_in(columns)).map(|(cell, style)| {
        let cell = Printable::line(&cell);
        let cell = cut(cell.as_str(), CELL_COLUMNS - 1);
        Span::styled(at_right(&cell, CELL_COLUMNS), style)
    }));
    Line::from(spans)
}

fn at_right(text: &str, columns: usize) -> String {
    let gap = columns.saturating_sub(width(text));
    format!("{}{text}", " ".repeat(gap))
}
