//! What the comparison shows beside its examples: the summary, the slices, the prompt's change, and one case.

use ratatui::text::{Line, Span};

use super::super::failures::case::{expected_text, output_text, scores_text};
use super::super::figures::measure_text;
use super::super::lines::{outside, wrapped_outside};
use super::super::panes::view_bar;
use super::flip::Flip;
use crate::domain::diff::unified_text;
use crate::domain::unit::Unit;
use crate::text::{cut, pad};
use crate::tui::theme::Theme;
use crate::workbench::{CaseView, Comparison, Effect, Group, MetricDelta, SliceFlips, p_text};

/// Columns of a metric's name.
const NAME_COLUMNS: usize = 20;
/// Columns of a number beside it.
const NUMBER_COLUMNS: usize = 8;
/// Columns of an interval.
const INTERVAL_COLUMNS: usize = 16;
/// Columns of a slice's name, at least and at most.
const SLICE_COLUMNS: (usize, usize) = (12, 40);

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum View {
    #[default]
    Summary,
    Slices,
    Prompt,
    Case,
}

impl View {
    const ALL: [Self; 4] = [Self::Summary, Self::Slices, Self::Prompt, Self::Case];

    fn title(self) -> &'static str {
        match self {
            Self::Summary => "Summary",
            Self::Slices => "Slices",
            Self::Prompt => "Prompt",
            Self::Case => "Case",
        }
    }

    /// The views with brackets around this one: `[Summary] Slices Prompt Case`.
    pub(super) fn bar(self) -> String {
        view_bar(Self::ALL.map(Self::title), self.title())
    }

    pub(super) fn next(self) -> Self {
        match self {
            Self::Summary => Self::Slices,
            Self::Slices => Self::Prompt,
            Self::Prompt | Self::Case => Self::Case,
        }
    }

    pub(super) fn previous(self) -> Self {
        match self {
            Self::Summary | Self::Slices => Self::Summary,
            Self::Prompt => Self::Slices,
            Self::Case => Self::Prompt,
        }
    }
}

/// Differences first: they say whether the rest can be compared at all.
pub(super) fn summary(comparison: &Comparison, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let result = &comparison.result;
    let mut lines = Vec::new();
    if result.differences.is_empty() {
        lines.push(Line::raw("same dataset, suite and model"));
    } else {
        lines.push(Line::styled("! read first: the runs differ in", theme.warn));
        for difference in &result.differences {
            lines.extend(wrapped_outside(difference, columns, 2, theme.warn));
        }
    }
    lines.push(Line::raw(""));
    lines.push(counts(comparison, theme));
    lines.push(Line::raw(""));
    let names = [
        comparison.base.to_string(),
        comparison.candidate.to_string(),
        "change".into(),
    ];
    lines.push(Line::styled(row("metric", names, "95 %", "p", columns), theme.dim));
    if let Some(passes) = &result.passes {
        let share = |share: f64| Unit::Share.text(share);
        let numbers = [share(passes.base), share(passes.candidate), passes.change_text()];
        lines.push(effect_line("every grader", numbers, Some(passes), columns, theme));
    }
    for change in &result.metrics {
        let unit = comparison.units.unit(&change.metric);
        lines.push(metric_line(change, unit, columns, theme));
    }
    for (name, ratio) in [("latency", &result.latency), ("cost", &result.cost)] {
        lines.extend(ratio.as_ref().map(|ratio| ratio_line(name, ratio, columns)));
    }
    lines.push(Line::raw(""));
    lines.extend(wrapped_outside(&chance_text(comparison), columns, 0, theme.text));
    for sentence in result.method_sentences() {
        lines.extend(wrapped_outside(&sentence, columns, 0, theme.dim));
    }
    let flagged: Vec<String> = result
        .slices
        .iter()
        .filter(|slice| slice.is_flagged())
        .map(|slice| slice.slice.to_string())
        .collect();
    if !flagged.is_empty() {
        let text = format!("! moved by more than chance explains: {}", flagged.join(", "));
        lines.extend(wrapped_outside(&text, columns, 0, theme.warn));
    }
    lines
}

fn chance_text(comparison: &Comparison) -> String {
    let result = &comparison.result;
    match (result.passes, result.p_value()) {
        (None, _) => "p value: none, since the suites differ".into(),
        (Some(_), _) if result.fixed.count + result.broken.count == 0 => {
            "p value: none, since no example flipped".into()
        }
        (Some(_), None) => "p value: none, since there are too few examples".into(),
        (Some(_), Some(p)) => format!(
            "p {}: so uneven flips, or more so, come in {} of 100 pairs of equally good versions",
            p_text(Some(p)),
            if p < 0.001 {
                "fewer than 0.1".to_owned()
            } else {
                format!("{:.1}", p * 100.0)
            }
        ),
    }
}

/// What became of the examples, with its sign, in one line.
fn counts(comparison: &Comparison, theme: &Theme) -> Line<'static> {
    let result = &comparison.result;
    let of = |flip: Flip, group: &Group| Span::styled(format!("{} {}   ", flip.word(), group.count), flip.style(theme));
    Line::from(vec![
        of(Flip::Broken, &result.broken),
        of(Flip::Fixed, &result.fixed),
        of(Flip::StillFailing, &result.still_failing),
        Span::raw(format!("right in both {}", result.both_right.count)),
    ])
}

/// A row of the summary's table; the interval and p go where there is no room for them.
fn row(name: &str, numbers: [String; 3], interval: &str, p: &str, columns: usize) -> String {
    let [base, candidate, change] = numbers;
    let text = format!(
        "{} {base:>NUMBER_COLUMNS$} {candidate:>NUMBER_COLUMNS$} {change:>NUMBER_COLUMNS$}",
        pad(name, NAME_COLUMNS)
    );
    if columns >= text.len() + INTERVAL_COLUMNS + NUMBER_COLUMNS + 2 {
        format!("{text} {interval:>INTERVAL_COLUMNS$} {p:>NUMBER_COLUMNS$}")
    } else {
        text
    }
}

fn effect_line(
    name: &str,
    numbers: [String; 3],
    effect: Option<&Effect>,
    columns: usize,
    theme: &Theme,
) -> Line<'static> {
    let (interval, p) = effect.map_or_else(
        || ("--".to_owned(), "--".to_owned()),
        |effect| (effect.interval_text(), effect.p_text()),
    );
    // The name is the suite's; the numbers are ours.
    let numbers = row("", numbers, &interval, &p, columns);
    let mut spans = outside(&pad(name, NAME_COLUMNS), NAME_COLUMNS, theme.text, theme);
    spans.push(Span::raw(numbers.chars().skip(NAME_COLUMNS).collect::<String>()));
    Line::from(spans)
}

fn metric_line(change: &MetricDelta, unit: Unit, columns: usize, theme: &Theme) -> Line<'static> {
    let moved = change.change_text(unit).unwrap_or_else(|| "--".into());
    let measured = |measure| measure_text(unit, measure);
    let numbers = [measured(change.base), measured(change.candidate), moved];
    effect_line(&change.metric, numbers, change.effect.as_ref().ok(), columns, theme)
}

/// Latency or cost, example by example.
fn ratio_line(name: &str, ratio: &Effect, columns: usize) -> Line<'static> {
    let numbers = [String::new(), String::new(), ratio.change_text()];
    Line::raw(row(
        &format!("{name} by example"),
        numbers,
        &ratio.interval_text(),
        &ratio.p_text(),
        columns,
    ))
}

/// The slices, those first that moved most surely.
pub(super) fn slices(comparison: &Comparison, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let slices = &comparison.result.slices;
    if slices.is_empty() {
        return vec![Line::styled("The suite slices by no field of the examples.", theme.dim)];
    }
    let heads = ["examples", "+ fixed", "- broken", "change", "p (Holm)"];
    let head = slice_row("slice", heads.map(str::to_owned), columns);
    let mut lines = vec![Line::styled(cut(&head, columns).into_owned(), theme.dim)];
    lines.extend(slices.iter().map(|slice| slice_line(slice, columns, theme)));
    lines.push(Line::raw(""));
    let note = format!(
        "! moved by more than chance explains over all {} slices: p by Holm below 0.05",
        slices.len()
    );
    lines.extend(wrapped_outside(&note, columns, 0, theme.dim));
    lines
}

fn slice_row(name: &str, numbers: [String; 5], columns: usize) -> String {
    let (least, most) = SLICE_COLUMNS;
    let room = columns
        .saturating_sub(numbers.len() * (NUMBER_COLUMNS + 1))
        .clamp(least, most);
    let numbers = numbers.map(|number| format!(" {number:>NUMBER_COLUMNS$}"));
    format!("{}{}", pad(&cut(name, room), room), numbers.concat())
}

fn slice_line(slice: &SliceFlips, columns: usize, theme: &Theme) -> Line<'static> {
    let change = slice
        .effect
        .map_or_else(|| "--".to_owned(), |effect| effect.change_text());
    let numbers = [
        slice.examples().to_string(),
        slice.fixed.to_string(),
        slice.broken.to_string(),
        change,
        p_text(slice.p_holm),
    ];
    let mark = if slice.is_flagged() { "! " } else { "" };
    let name = format!("{mark}{}", slice.slice);
    let style = if slice.is_flagged() { theme.warn } else { theme.text };
    let text = slice_row(&name, numbers, columns);
    Line::from(outside(&text, columns, style, theme))
}

/// What changed in the prompt.
pub(super) fn prompt(comparison: &Comparison, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let Some(diff) = comparison.diff.as_ref() else {
        return vec![Line::styled("Chains send several prompts.", theme.dim)];
    };
    if diff.is_empty() {
        return vec![Line::styled("Both sent the same prompt.", theme.dim)];
    }
    let text = unified_text(diff);
    let lines = text.lines().flat_map(|line| {
        let style = match line.chars().next() {
            Some('+') => theme.added,
            Some('-') if !line.starts_with("-- ") => theme.removed,
            _ => theme.text,
        };
        wrapped_outside(line, columns, 0, style)
    });
    lines.collect()
}

/// What both runs made of one example.
pub(super) fn case(case: Option<&(CaseView, CaseView)>, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let Some((base, candidate)) = case else {
        return vec![Line::styled("Select an example.", theme.dim)];
    };
    let example = &candidate.example;
    let mut lines = Vec::new();
    let mut part = |title: String, text: &str| {
        lines.push(Line::styled(title, theme.title));
        lines.extend(wrapped_outside(text, columns, 2, theme.text));
        lines.push(Line::raw(""));
    };
    part(format!("expected of {}", example.content.id), &expected_text(example));
    for (what, side) in [("base", base), ("candidate", candidate)] {
        let outcome = &side.outcome;
        let passed = if outcome.passed() { "pass" } else { "FAIL" };
        part(
            format!("{what} {}: {passed}", outcome.run),
            &output_text(outcome, &side.example),
        );
        part(format!("graders of {}", outcome.run), &scores_text(outcome));
    }
    part("input".into(), &example.content.input.plain());
    lines
}
