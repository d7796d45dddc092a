//! What would be read of a file, and what could not be.

use ratatui::text::{Line, Span};

use crate::domain::example::Example;
use crate::text::pad;
use crate::tui::screens::example_text::{facts_line, json_cell};
use crate::tui::screens::lines::{outside, wrapped_outside};
use crate::tui::theme::Theme;
use crate::workbench::{ImportPreview, ImportReport, RowFault};

/// Columns of an example's id.
const ID_COLUMNS: usize = 10;

/// In a line: `JSON Lines   240 rows   6 columns`, and how many rows are malformed.
pub(super) fn summary(preview: &ImportPreview) -> String {
    let faults = match preview.fault_count {
        0 => "none malformed".to_owned(),
        count => format!("{count} MALFORMED"),
    };
    let columns = preview.columns.len();
    format!(
        "{}   {} rows   {faults}   {columns} columns",
        preview.format, preview.read
    )
}

/// Faults first: they stop the import.
pub(super) fn preview_lines(preview: &ImportPreview, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = wrapped_outside(&summary(preview), columns, 0, theme.text);
    let names = format!("columns {}", preview.columns.join(", "));
    lines.extend(wrapped_outside(&names, columns, 0, theme.dim));
    if preview.fault_count > 0 {
        lines.push(Line::raw(""));
        lines.push(Line::styled("malformed, so that nothing would be imported", theme.fail));
        lines.extend(fault_lines(&preview.faults, preview.fault_count, columns, theme));
    }
    lines.push(Line::raw(""));
    lines.push(Line::styled("mapping: the mapping field changes it", theme.title));
    lines.extend(mapping_lines(&preview.mapping, columns, theme));
    lines.push(Line::raw(""));
    lines.push(Line::styled("first rows", theme.title));
    lines.extend(
        preview
            .rows
            .iter()
            .flat_map(|example| row_lines(example, columns, theme)),
    );
    lines
}

/// An example as it would be stored: id and input, then what else is known of it.
fn row_lines(example: &Example, columns: usize, theme: &Theme) -> [Line<'static>; 2] {
    let content = &example.content;
    let room = columns.saturating_sub(ID_COLUMNS + 1);
    let mut input = outside(&pad(content.id.as_str(), ID_COLUMNS), ID_COLUMNS, theme.text, theme);
    input.push(Span::raw(" "));
    input.extend(outside(&json_cell(&content.input), room, theme.text, theme));
    let expected = content.expected.as_ref().map_or_else(
        || "nothing expected".to_owned(),
        |json| format!("expected {}", json_cell(json)),
    );
    let known = format!("{expected}   {}", facts_line(content));
    let mut more = vec![Span::raw(" ".repeat(ID_COLUMNS + 1))];
    more.extend(outside(&known, room, theme.dim, theme));
    [Line::from(input), Line::from(more)]
}

/// What an import that stored nothing says.
pub(super) fn report_lines(report: &ImportReport, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = wrapped_outside(
        &format!(
            "{} rows are malformed, {} are well-formed; nothing was stored",
            report.fault_count, report.read
        ),
        columns,
        0,
        theme.fail,
    );
    lines.extend(fault_lines(&report.faults, report.fault_count, columns, theme));
    lines.push(Line::raw(""));
    lines.push(Line::styled("mapping", theme.title));
    lines.extend(mapping_lines(&report.mapping, columns, theme));
    lines
}

fn fault_lines(faults: &[RowFault], count: u64, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let line = |fault: &RowFault| {
        let place = format!("line {:>7}  ", fault.line);
        let room = columns.saturating_sub(place.len());
        let mut spans = vec![Span::raw(place)];
        spans.extend(outside(&fault.reason, room, theme.text, theme));
        Line::from(spans)
    };
    let mut lines: Vec<Line> = faults.iter().map(line).collect();
    let more = count.saturating_sub(faults.len() as u64);
    if more > 0 {
        lines.push(Line::styled(format!("and {more} more"), theme.dim));
    }
    lines
}

fn mapping_lines(mapping: &[(String, String)], columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let pairs: Vec<String> = mapping
        .iter()
        .map(|(target, source)| format!("{target} <- {source}"))
        .collect();
    wrapped_outside(&pairs.join("    "), columns, 0, theme.text)
}
