//! What a frame costs.
//!
//! Drawn are the table that every list uses and the way of a frame to the terminal, which here only counts bytes.
//!
//! How to read it:
//! - *a frame of a table*: moving the selection and drawing, in a list of 1,000,000 rows of which a page is loaded, by
//!   the same in a list of 10. 1 means that lists are windows: a million rows scroll as fast as ten.
//! - *bytes of a moved selection*: by the bytes of the first frame, which draws everything. Two rows change, so it
//!   should be near two rows' share of the table.
//! - *bytes of an idle frame*: nothing changed, so nothing may be written: the ratio is 0.
//!
//! `PEGBOX_BENCH_ROUNDS=1 cargo bench --bench screens` is a smoke run.

#[path = "support/table.rs"]
mod table;

use std::io::{self, Write};
use std::time::Instant;

use pegbox::domain::actor::Actor;
use pegbox::host::screen_out::ScreenOut;
use pegbox::tui::command::CommandId;
use pegbox::tui::session_info::{ColourDepth, GlyphSet, Link, SessionInfo};
use pegbox::tui::theme::Theme;
use pegbox::tui::widgets::field::Focus;
use pegbox::tui::widgets::listing::{HasId, Listing, PAGE_ROWS};
use pegbox::tui::widgets::table::{Column, Table as ListTable, TableCell};
use ratatui::Terminal;
use ratatui::layout::{Rect, Size};

use table::{Extent, Fault, Pairs, Row, Table};

/// The terminal, in columns and rows: as wide as usual, and as high as the small list with its header, so that both
/// lists draw the same number of rows.
const SIZE: Size = Size { width: 100, height: 11 };
const FEW_ROWS: u64 = 10;
const MANY_ROWS: u64 = 1_000_000;
/// Frames of one measurement: one alone is too short to time.
const FRAMES: usize = 5_000;

fn session() -> Result<SessionInfo, Fault> {
    Ok(SessionInfo {
        user: Actor::new("bench")?,
        roles: String::new(),
        store: "bench".into(),
        link: Link::Local,
        colours: ColourDepth::True,
        glyphs: GlyphSet::Unicode,
        light: false,
    })
}

/// Counts what would go to a terminal.
#[derive(Debug, Default)]
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A row of a list.
struct Entry {
    number: u64,
    text: String,
}

impl HasId for Entry {
    type Id = u64;

    fn id(&self) -> u64 {
        self.number
    }
}

/// A list on a screen of its own.
struct Screen {
    terminal: Terminal<ScreenOut<Counter>>,
    theme: Theme,
    columns: Vec<Column>,
    listing: Listing<Entry>,
}

impl Screen {
    /// A list of so many rows, the selection in the middle, the page around it loaded.
    fn open(rows: u64) -> Result<Self, Fault> {
        let mut listing = Listing::default();
        listing.set_page(rows, 0, Vec::new());
        listing.select_row(rows / 2);
        let first = listing.page_start();
        let page = (first..rows.min(first + PAGE_ROWS)).map(|number| Entry {
            number,
            text: format!("the parcel {number} never came, and nobody answers «please» – I want my money back"),
        });
        listing.set_page(rows, first, page.collect());
        Ok(Self {
            terminal: Terminal::new(ScreenOut::new(Counter::default(), SIZE))?,
            theme: Theme::new(&session()?),
            columns: vec![
                Column::number("row", 8),
                Column::share("ticket", 1),
                Column::fixed("route", 10),
            ],
            listing,
        })
    }

    /// Draws, and returns how many bytes that took.
    fn draw(&mut self) -> Result<u64, Fault> {
        let before = self.terminal.backend().sink().0;
        let Self {
            terminal,
            theme,
            columns,
            listing,
        } = self;
        let cells = |entry: &Entry| {
            vec![
                TableCell::plain(entry.number.to_string()),
                TableCell::plain(&entry.text),
                TableCell::new("billing", theme.dim),
            ]
        };
        terminal.draw(|frame| {
            let area: Rect = frame.area();
            ListTable::new(columns)
                .focus(Focus::Here)
                .draw(frame, area, theme, listing, cells);
        })?;
        Ok(self.terminal.backend().sink().0 - before)
    }

    /// Moves the selection up and down by turns and draws each time; microseconds for a frame.
    fn move_micros(&mut self, frames: usize) -> Result<f64, Fault> {
        let started = Instant::now();
        for command in [CommandId::MoveUp, CommandId::MoveDown]
            .into_iter()
            .cycle()
            .take(frames)
        {
            self.listing.command(command);
            self.draw()?;
        }
        Ok(started.elapsed().as_secs_f64() * 1e6 / frames as f64)
    }
}

fn compare_lists(table: &mut Table, extent: Extent) -> Result<(), Fault> {
    let (mut many, mut few) = (Screen::open(MANY_ROWS)?, Screen::open(FEW_ROWS)?);
    let frames = extent.count(FRAMES);
    let mut pairs = Pairs::default();
    extent.repeat(|| {
        pairs.push(many.move_micros(frames)?, few.move_micros(frames)?);
        Ok(())
    })?;
    let row = Row {
        what: "a frame of a table of 1,000,000 rows",
        limit: "a frame of a table of 10 rows",
        unit: "us",
        good: "near 1",
    };
    table.row("", row, &pairs)
}

fn compare_bytes(table: &mut Table, extent: Extent) -> Result<(), Fault> {
    let (mut moved, mut idle) = (Pairs::default(), Pairs::default());
    extent.repeat(|| {
        let mut screen = Screen::open(MANY_ROWS)?;
        let whole = screen.draw()? as f64;
        idle.push(screen.draw()? as f64, whole);
        screen.listing.command(CommandId::MoveUp);
        moved.push(screen.draw()? as f64, whole);
        Ok(())
    })?;
    let row = |what, good| Row {
        what,
        limit: "the first frame, which draws everything",
        unit: "bytes",
        good,
    };
    table.row("", row("bytes of an idle frame", "0"), &idle)?;
    table.row("", row("bytes of a moved selection", "low"), &moved)
}

fn main() -> Result<(), Fault> {
    let extent = Extent::from_environment()?;
    let mut table = Table::begin("screens", extent)?;
    compare_lists(&mut table, extent)?;
    compare_bytes(&mut table, extent)
}
