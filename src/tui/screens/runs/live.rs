//! A run on its way: how far it is, how fast, what it costs, its metrics so far.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::figures::{measure_text, result_interval_text, threshold_text};
use super::super::lines::{both_ends, facts, outside};
use super::super::panes::duration_text;
use super::super::{Context, run_figures};
use crate::domain::caveats::Caveats;
use crate::domain::metric::{Measure, MetricResult};
use crate::domain::progress::{LATENCY_BAR_ENDS_MS, LatencySummary, RunProgress};
use crate::domain::run::{RunState, RunTotals};
use crate::domain::suite::Threshold;
use crate::domain::unit::{Unit, Units};
use crate::text::{cut, pad};
use crate::tui::layout::WidthClass;
use crate::tui::theme::Theme;
use crate::tui::widgets::bars::{bar, sparkline};
use crate::tui::widgets::gauge::{gauge, percent};
use crate::tui::widgets::panel::Panel;
use crate::workbench::RunDetail;

/// Columns of the words behind the gauge: ` 1420/2000  71%`.
const GAUGE_WORDS: usize = 24;
/// Columns of a metric's name.
const NAME_COLUMNS: usize = 18;
/// Behind the words of a metric, where there is room: only the gate settles it.
const SO_FAR: &str = " so far";
/// Columns of the scale left of the score chart.
const SCALE_COLUMNS: u16 = 5;

/// The head of the pane.
pub(super) fn lines(
    detail: &RunDetail,
    thresholds: &[Threshold],
    columns: usize,
    context: &Context,
) -> Vec<Line<'static>> {
    let (progress, theme) = (&detail.progress, context.theme);
    let totals = &progress.totals;
    let total = progress.outcome_count;
    let bar = gauge(
        totals.saved,
        total,
        columns.saturating_sub(GAUGE_WORDS).min(52),
        &theme.glyphs,
    );
    let share = percent(totals.saved, total);
    let mut lines = vec![
        Line::styled(format!("{bar} {}/{total} {share:>3}%", totals.saved), theme.running),
        Line::raw(facts(&pace(progress), columns)),
        Line::raw(facts(
            &[
                format!("ok {:<4}", totals.passed),
                format!("fail {:<3}", totals.failed),
                format!("error {:<2}", totals.errored),
                format!("retried {:<2}", totals.retried),
                format!("not started {}", not_started(progress)),
                reused(detail),
            ],
            columns,
        )),
        Line::raw(facts(&[latencies(progress), tokens(progress)], columns)),
        Line::raw(facts(&costs(detail, context), columns)),
    ];
    lines.extend(judging(totals, columns));
    if let Some(notice) = &progress.notice {
        let mut spans = vec![Span::styled("! ", theme.warn)];
        spans.extend(outside(notice, columns.saturating_sub(2), theme.warn, theme));
        lines.push(Line::from(spans));
    }
    if !progress.results.is_empty() {
        if context.size_class.width > WidthClass::Narrow {
            lines.push(Line::styled("so far; the gate is settled at the end", theme.dim));
        }
        lines.extend(metrics_so_far(
            &progress.results,
            thresholds,
            &detail.units,
            columns,
            context,
        ));
    }
    lines
}

fn pace(progress: &RunProgress) -> Vec<String> {
    match progress.state {
        RunState::Running => vec![
            format!("elapsed {}", duration_text(progress.elapsed_ms)),
            format!("ETA {}", progress.eta_ms.map_or("--:--".into(), duration_text)),
            format!("{:.1}/s", progress.rate_per_s),
            progress.in_flight_text(),
        ],
        RunState::Interrupted => vec!["interrupted: nobody works on it; p goes on, x ends it".into()],
        RunState::Paused => vec!["paused: p goes on, x ends it".into()],
        RunState::Finished | RunState::Cancelled | RunState::Decided => {
            vec![format!("{}, settling the gate", progress.state.as_str())]
        }
    }
}

/// How many answers were taken from other runs, and from which; empty for none.
fn reused(detail: &RunDetail) -> String {
    let caveats = Caveats {
        reused_from: detail.caveats.reused_from.clone(),
        ..Caveats::default()
    };
    caveats
        .counting(&detail.progress.totals)
        .reused_text()
        .unwrap_or_default()
}

fn not_started(progress: &RunProgress) -> u64 {
    progress
        .outcome_count
        .saturating_sub(progress.totals.saved)
        .saturating_sub(u64::from(progress.in_flight))
}

pub(super) fn latencies(progress: &RunProgress) -> String {
    progress.latencies.map_or_else(String::new, |latencies| {
        let [p50, p95, p99] = latencies.percentiles_ms;
        format!(
            "p50 {:<5}  p95 {:<5}  p99 {:<5}",
            run_figures::latency(p50),
            run_figures::latency(p95),
            run_figures::latency(p99)
        )
    })
}

pub(super) fn tokens(progress: &RunProgress) -> String {
    let totals = &progress.totals;
    if !totals.knows_tokens() {
        return "tokens unknown".into();
    }
    format!(
        "in {} out {} tok",
        run_figures::tokens(totals.input_tokens),
        run_figures::tokens(totals.output_tokens)
    )
}

/// What the judges took; none where there are none.
pub(super) fn judging(totals: &RunTotals, columns: usize) -> Option<Line<'static>> {
    let judging = totals.judging.facts();
    (!judging.is_empty()).then(|| Line::raw(facts(&judging, columns)))
}

fn costs(detail: &RunDetail, context: &Context) -> [String; 3] {
    let (run, progress) = (&detail.run, &detail.progress);
    let at_end = run_figures::cost_at_the_end(&progress.totals, progress.outcome_count);
    [
        run_figures::cost(&progress.totals),
        at_end.map_or_else(String::new, |cost| format!("about {cost} at the end")),
        format!("{}, {} ago", run.started_by, run.started_at.ago_text(context.now)),
    ]
}

/// The whole run's metrics, then the slices that have a threshold of their own.
fn metrics_so_far(
    results: &[MetricResult],
    thresholds: &[Threshold],
    units: &Units,
    columns: usize,
    context: &Context,
) -> Vec<Line<'static>> {
    let threshold_of = |result: &MetricResult| {
        thresholds
            .iter()
            .find(|threshold| threshold.metric == result.metric && threshold.slice == result.slice)
    };
    results
        .iter()
        .filter(|result| result.slice.is_none() || threshold_of(result).is_some())
        .map(|result| {
            let unit = units.unit(&result.metric);
            metric_line(result, unit, threshold_of(result), columns, context)
        })
        .collect()
}

fn metric_line(
    result: &MetricResult,
    unit: Unit,
    threshold: Option<&Threshold>,
    columns: usize,
    context: &Context,
) -> Line<'static> {
    let theme = context.theme;
    let name = result
        .slice
        .as_ref()
        .map_or_else(|| result.metric.clone(), |slice| format!("{}[{slice}]", result.metric));
    let interval = result_interval_text(unit, result);
    let measured = format!("{:>9} {interval:<14} ", measure_text(unit, result.measure));
    let (words, style) = threshold.map_or_else(
        || (String::new(), theme.text),
        |threshold| standing(threshold, unit, result.measure, theme),
    );
    let left = columns.saturating_sub(NAME_COLUMNS + measured.len() + 1);
    let words = if words.len() > left {
        words.trim_end_matches(SO_FAR)
    } else {
        &words
    };
    let mut spans = outside(&pad(&name, NAME_COLUMNS), NAME_COLUMNS, theme.text, theme);
    spans.push(Span::raw(format!(" {measured}")));
    spans.push(Span::styled(cut(words, left).into_owned(), style));
    Line::from(spans)
}

/// What a threshold asks for, and whether the value so far meets it, where that can be said.
fn standing(threshold: &Threshold, unit: Unit, measure: Measure, theme: &Theme) -> (String, Style) {
    let asked = threshold_text(threshold, unit);
    let meets = measure
        .value()
        .and_then(|value| run_figures::meets(value, threshold.comparison, threshold.value));
    match meets {
        Some(true) => (format!("{asked} meets{SO_FAR}"), theme.ok),
        Some(false) => (format!("{asked} MISSES{SO_FAR}"), theme.fail),
        None => (asked, theme.unknown),
    }
}

/// Score over time and latency, side by side where there is room.
pub(super) fn draw_charts(frame: &mut Frame, area: Rect, progress: &RunProgress, context: &Context) {
    if area.height == 0 {
        return;
    }
    if context.size_class.width == WidthClass::Narrow {
        let title = format!("Score over time   latency: {}", latency_words(progress));
        let inner = Panel::new(title).draw(frame, area, context.theme);
        return draw_score(frame, inner, progress, context);
    }
    let [left, right] = Layout::horizontal([Constraint::Fill(1); 2]).areas(area);
    let inner = Panel::new("Score over time")
        .note(format!("{} saved", progress.totals.saved))
        .draw(frame, left, context.theme);
    draw_score(frame, inner, progress, context);
    let inner = Panel::new("Latency").draw(frame, right, context.theme);
    draw_latency(frame, inner, progress, context);
}

/// The chart's scale ends at 100 % and begins at the ten below the lowest value.
fn draw_score(frame: &mut Frame, area: Rect, progress: &RunProgress, context: &Context) {
    let lowest = progress.score_points.iter().copied().fold(1.0, f64::min);
    let low = ((lowest * 10.0).floor() / 10.0).clamp(0.0, 0.9);
    let columns = area.width.saturating_sub(SCALE_COLUMNS + 1);
    let rows = sparkline(
        &progress.score_points,
        low,
        1.0,
        usize::from(columns),
        usize::from(area.height),
        &context.theme.glyphs,
    );
    let last = rows.len().saturating_sub(1);
    for (at, (row, y)) in rows.into_iter().zip(area.y..area.bottom()).enumerate() {
        let scale = match at {
            0 => " 100|".to_owned(),
            at if at == last => format!("{:>4.0}|", low * 100.0),
            _ => "    |".to_owned(),
        };
        let line = Line::from(vec![
            Span::styled(scale, context.theme.dim),
            Span::styled(row, context.theme.running),
        ]);
        frame.render_widget(line, Rect::new(area.x, y, area.width, 1));
    }
}

/// The counts with what they are counts of: `<0.25s`, ..., `>=4s`.
fn latency_counts(latencies: LatencySummary) -> impl Iterator<Item = (String, u64)> {
    let seconds = |ms: u64| ms as f64 / 1_000.0;
    let below = LATENCY_BAR_ENDS_MS.map(|end| format!("<{}s", seconds(end)));
    let above = LATENCY_BAR_ENDS_MS.last().map(|end| format!(">={}s", seconds(*end)));
    below.into_iter().chain(above).zip(latencies.bars)
}

fn latency_words(progress: &RunProgress) -> String {
    let counts = progress.latencies.into_iter().flat_map(latency_counts);
    let counts = counts.filter(|(_, count)| *count > 0);
    let words: Vec<String> = counts.map(|(label, count)| format!("{label} {count}")).collect();
    words.join("  ")
}

fn draw_latency(frame: &mut Frame, area: Rect, progress: &RunProgress, context: &Context) {
    let latencies = progress.latencies.unwrap_or_default();
    let largest = latencies.bars.iter().copied().max().unwrap_or(0);
    let room = usize::from(area.width).saturating_sub(16);
    for ((label, count), y) in latency_counts(latencies).zip(area.y..area.bottom()) {
        let shown = bar(count, largest, room, &context.theme.glyphs);
        let text = format!("{label:>6} {} {count:>7}", pad(&shown, room));
        frame.render_widget(Line::raw(text), Rect::new(area.x, y, area.width, 1));
    }
}

/// The newest failures, one a line.
pub(super) fn draw_failures(frame: &mut Frame, area: Rect, progress: &RunProgress, context: &Context) {
    if area.height == 0 {
        return;
    }
    let theme = context.theme;
    let count = progress.totals.failed + progress.totals.errored;
    let inner = Panel::new("Newest failures")
        .note(format!("{count} in all"))
        .draw(frame, area, theme);
    let columns = usize::from(inner.width);
    if progress.recent_failures.is_empty() {
        let text = if progress.totals.saved == 0 {
            "nothing is saved yet"
        } else {
            "no failure so far"
        };
        frame.render_widget(Line::styled(format!(" {text}"), theme.dim), inner);
    }
    for (failure, y) in progress.recent_failures.iter().zip(inner.y..inner.bottom()) {
        let left = format!(" {} {}", pad(failure.example.as_str(), 12), failure.why);
        let left = crate::text::Printable::line(&left);
        let row = both_ends(
            &cut(left.as_str(), columns.saturating_sub(9)),
            &format!("{} ", run_figures::latency(failure.latency_ms)),
            columns,
        );
        frame.render_widget(Line::raw(row), Rect::new(inner.x, y, inner.width, 1));
    }
}
