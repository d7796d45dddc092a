//! A drawn screen as SVG: text stays text, so that a picture is small, sharp and can be searched.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

const CELL_WIDTH: f32 = 8.4;
const CELL_HEIGHT: f32 = 18.0;
const PADDING: f32 = 10.0;
const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#d6d9e0";

/// The buffer as an SVG document.
pub fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (f32::from(buffer.area.width), f32::from(buffer.area.height));
    let (width, height) = (columns * CELL_WIDTH + 2.0 * PADDING, rows * CELL_HEIGHT + 2.0 * PADDING);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.1} {height:.1}\" font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, monospace\" \
         font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n"
    );
    for row in 0..buffer.area.height {
        let mut column = 0;
        while column < buffer.area.width {
            column = draw_stretch(&mut out, buffer, row, column);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Draws the cells from `column` on that look the same, and returns the column behind them.
fn draw_stretch(out: &mut String, buffer: &Buffer, row: u16, column: u16) -> u16 {
    let first = &buffer[(column, row)];
    let mut end = column;
    let mut text = String::new();
    while end < buffer.area.width && looks_like(&buffer[(end, row)], first) {
        text.push_str(buffer[(end, row)].symbol());
        end += 1;
    }
    let (x, y) = (
        PADDING + f32::from(column) * CELL_WIDTH,
        PADDING + f32::from(row) * CELL_HEIGHT,
    );
    let width = f32::from(end - column) * CELL_WIDTH;
    let is_reversed = first.modifier.contains(Modifier::REVERSED);
    let (ink, paper) = if is_reversed {
        (BACKGROUND.to_owned(), colour(first.fg))
    } else {
        (colour(first.fg), String::new())
    };
    if is_reversed {
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{CELL_HEIGHT}\" fill=\"{paper}\"/>"
        );
    }
    if !text.trim().is_empty() {
        let baseline = y + 13.5;
        let _ = writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{baseline:.1}\" textLength=\"{width:.1}\" xml:space=\"preserve\" \
             fill=\"{ink}\"{}>{}</text>",
            attributes(first.modifier),
            escaped(&text)
        );
    }
    end
}

fn looks_like(a: &Cell, b: &Cell) -> bool {
    a.fg == b.fg && a.modifier == b.modifier
}

fn attributes(modifier: Modifier) -> String {
    let mut out = String::new();
    if modifier.contains(Modifier::BOLD) {
        out.push_str(" font-weight=\"bold\"");
    }
    if modifier.contains(Modifier::DIM) {
        out.push_str(" opacity=\"0.65\"");
    }
    if modifier.contains(Modifier::UNDERLINED) {
        out.push_str(" text-decoration=\"underline\"");
    }
    out
}

fn colour(colour: Color) -> String {
    match colour {
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        _ => FOREGROUND.to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
