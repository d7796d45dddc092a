//! A report as one HTML file: no script, no resource from elsewhere, and a policy in it that forbids both. What comes
//! from models and data is text there, and no markup.

use std::fmt::Write as _;

use super::page::{Block, Cell, Page, line, lines, numbers};

/// Size of a drawn bar, in CSS pixels.
const BAR_WIDTH: f64 = 160.0;
const BAR_HEIGHT: f64 = 12.0;
/// Radius of the mark of a value.
const MARK: f64 = 4.0;

const STYLE: &str = "\
body{font:15px/1.5 system-ui,sans-serif;max-width:68rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}\
h1{font-size:1.6rem}h2{margin-top:2.2rem;border-bottom:1px solid #bbb}h3{margin-top:1.4rem}\
table{border-collapse:collapse;margin:.6rem 0;display:block;overflow-x:auto}\
th,td{border:1px solid #ccc;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
th{background:#f0f0f0}pre{background:#f6f6f6;border:1px solid #ddd;padding:.5rem;white-space:pre-wrap;\
overflow-wrap:anywhere}.notice{border-left:4px solid #b35900;background:#fff4e5;padding:.4rem .8rem;font-weight:600}\
@media print{body{margin:0}}";

impl Page {
    /// The report as one HTML file.
    pub fn html(&self) -> String {
        let title = escaped(&self.title);
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        );
        for block in &self.blocks {
            print(&mut out, block);
        }
        out.push_str("</body>\n</html>\n");
        out
    }
}

/// Writing to a String cannot fail.
fn print(out: &mut String, block: &Block) {
    match block {
        Block::Heading(level, text) => {
            let _ = writeln!(out, "<h{level}>{}</h{level}>", escaped(text));
        }
        Block::Paragraph(text) => {
            let _ = writeln!(out, "<p>{}</p>", escaped(text));
        }
        Block::Notice(text) => {
            let _ = writeln!(out, "<p class=\"notice\">{}</p>", escaped(text));
        }
        Block::Facts(facts) => {
            out.push_str("<table>\n");
            for (name, value) in facts {
                let _ = writeln!(out, "<tr><th scope=\"row\">{name}</th><td>{}</td></tr>", escaped(value));
            }
            out.push_str("</table>\n");
        }
        Block::Table { headings, rows } => {
            out.push_str("<table>\n<thead><tr>");
            for heading in headings {
                let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(heading));
            }
            out.push_str("</tr></thead>\n<tbody>\n");
            for row in rows {
                out.push_str("<tr>");
                for cell in row {
                    let _ = write!(out, "<td>{}</td>", printed(cell));
                }
                out.push_str("</tr>\n");
            }
            out.push_str("</tbody>\n</table>\n");
        }
        Block::Text { title, text } => {
            let _ = writeln!(out, "<p>{title}:</p>\n<pre>{}</pre>", escaped_lines(text));
        }
        Block::Command(command) => {
            let _ = writeln!(out, "<pre>{}</pre>", escaped_lines(command));
        }
    }
}

fn printed(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => escaped(text),
        Cell::Bar { value, interval } => bar(*value, *interval),
    }
}

/// The interval as a band, the value as a mark in it.
fn bar(value: f64, interval: Option<(f64, f64)>) -> String {
    let at = |share: f64| {
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        MARK + share * (BAR_WIDTH - 2.0 * MARK)
    };
    let middle = BAR_HEIGHT / 2.0;
    let band = interval.map_or_else(String::new, |(low, high)| {
        let (low, width) = (at(low), at(high) - at(low));
        format!(
            "<rect x=\"{low:.1}\" y=\"2\" width=\"{:.1}\" height=\"8\" fill=\"#9db8d9\"/>",
            width.max(0.0)
        )
    });
    let words = match interval {
        Some((low, high)) => format!("{value:.3}, between {low:.3} and {high:.3}"),
        None => format!("{value:.3}"),
    };
    format!(
        "<svg role=\"img\" aria-label=\"{words}\" width=\"{BAR_WIDTH}\" height=\"{BAR_HEIGHT}\" \
         viewBox=\"0 0 {BAR_WIDTH} {BAR_HEIGHT}\"><line x1=\"0\" y1=\"{middle}\" x2=\"{BAR_WIDTH}\" y2=\"{middle}\" \
         stroke=\"#ccc\"/>{band}<circle cx=\"{:.1}\" cy=\"{middle}\" r=\"{MARK}\" fill=\"#1f4e8c\"/></svg>{}",
        at(value),
        numbers(interval)
    )
}

fn escaped(text: &str) -> String {
    entities(&line(text))
}

fn escaped_lines(text: &str) -> String {
    entities(&lines(text))
}

/// Text as HTML, in elements and in quoted attributes.
fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
