//! What would be read of a file, and what could not be.

use ratatui::text::{Line, Span};

use crate::text::pad;
use crate::tui::screens::example_text::{facts_line, json_cell};
use crate::tui::screens::lines::{outside, wrapped_outside};
use crate::tui::theme::Theme;
use crate::workbench::{Answer, ImportReport};

/// Columns of a target such as `metadata.channel`.
const TARGET_COLUMNS: usize = 20;

/// What would be read of a file, as text.
#[derive(Debug, Clone, Default)]
pub(super) struct FilePreview {
    pub(super) format: String,
    pub(super) columns: Vec<String>,
    /// Target and the column that it comes from.
    pub(super) mapping: Vec<(String, String)>,
    /// The first rows: a word that names the row, and the row.
    pub(super) rows: Vec<(String, String)>,
    /// Line and reason.
    pub(super) faults: Vec<(u64, String)>,
}

impl FilePreview {
    /// The workbench's preview; none for any other answer.
    pub(super) fn of(answer: Answer) -> Option<Self> {
        let Answer::Preview(preview) = answer else {
            return None;
        };
        let rows = preview.rows.iter().map(|example| {
            let content = &example.content;
            let expected = content
                .expected
                .as_ref()
                .map_or_else(String::new, |expected| format!("{}   |   ", json_cell(expected)));
            let row = format!("{expected}{}   {}", json_cell(&content.input), facts_line(content));
            (content.id.to_string(), row)
        });
        Some(Self {
            rows: rows.collect(),
            format: preview.format.to_string(),
            columns: preview.columns,
            mapping: preview.mapping,
            faults: preview
                .faults
                .into_iter()
                .map(|fault| (fault.line, fault.reason))
                .collect(),
        })
    }

    /// In a line: `JSON Lines, 6 columns`, and how many of the first rows are malformed.
    pub(super) fn summary(&self) -> String {
        let faults = match self.faults.len() {
            0 => "no fault among the first rows".to_owned(),
            count => format!("{count} malformed among the first rows"),
        };
        format!("{}, {} columns, {faults}", self.format, self.columns.len())
    }

    /// Faults first: they stop the import.
    pub(super) fn lines(&self, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
        let mut lines = wrapped_outside(
            &format!("{}   columns {}", self.format, self.columns.join(", ")),
            columns,
            0,
            theme.text,
        );
        if !self.faults.is_empty() {
            lines.push(Line::raw(""));
            lines.push(Line::styled("malformed, so that nothing would be imported", theme.fail));
            lines.extend(self.faults.iter().map(|fault| fault_line(fault, columns, theme)));
        }
        lines.push(Line::raw(""));
        lines.push(Line::styled(
            "mapping   (type over it in the mapping field)",
            theme.title,
        ));
        lines.extend(mapping_lines(&self.mapping, columns, theme));
        lines.push(Line::raw(""));
        lines.push(Line::styled("first rows", theme.title));
        for (name, row) in &self.rows {
            let mut spans = outside(&pad(name, 10), 10, theme.dim, theme);
            spans.push(Span::raw(" "));
            spans.extend(outside(row, columns.saturating_sub(11), theme.text, theme));
            lines.push(Line::from(spans));
        }
        lines
    }
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
    for fault in &report.faults {
        lines.push(fault_line(&(fault.line, fault.reason.clone()), columns, theme));
    }
    let more = report.fault_count.saturating_sub(report.faults.len() as u64);
    if more > 0 {
        lines.push(Line::styled(format!("and {more} more"), theme.dim));
    }
    lines.push(Line::raw(""));
    lines.push(Line::styled("mapping", theme.title));
    lines.extend(mapping_lines(&report.mapping, columns, theme));
    lines
}

fn fault_line((line, reason): &(u64, String), columns: usize, theme: &Theme) -> Line<'static> {
    let place = format!("line {line:>7}  ");
    let room = columns.saturating_sub(place.len());
    let mut spans = vec![Span::raw(place)];
    spans.extend(outside(reason, room, theme.text, theme));
    Line::from(spans)
}

fn mapping_lines(mapping: &[(String, String)], columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    let line = |(target, source): &(String, String)| {
        let text = format!("{} <- {source}", pad(target, TARGET_COLUMNS));
        Line::from(outside(&text, columns, theme.text, theme))
    };
    mapping.iter().map(line).collect()
}
