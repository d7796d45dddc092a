//! Rows in columns, of which only those in view are made.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::field::Focus;
use super::listing::{HasId, Listing};
use crate::text::{Printable, cut, width};
use crate::tui::theme::Theme;

/// Columns of the sign before each row: `>` selected, `*` marked.
const SIGN_COLUMNS: u16 = 2;
/// Columns between two columns.
const GAP: u16 = 1;

/// How wide a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnWidth {
    /// That many columns.
    Fixed(u16),
    /// A share of what the others leave.
    Share(u16),
}

/// On which side its cells stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// One column.
#[derive(Debug, Clone)]
pub struct Column {
    title: Printable,
    width: ColumnWidth,
    align: Align,
}

impl Column {
    /// Text in that many columns.
    pub fn fixed(title: impl AsRef<str>, columns: u16) -> Self {
        Self {
            title: Printable::line(title.as_ref()),
            width: ColumnWidth::Fixed(columns),
            align: Align::Left,
        }
    }

    /// Text in a share of what fixed columns leave.
    pub fn share(title: impl AsRef<str>, share: u16) -> Self {
        Self {
            width: ColumnWidth::Share(share.max(1)),
            ..Self::fixed(title, 0)
        }
    }

    /// Numbers in that many columns.
    pub fn number(title: impl AsRef<str>, columns: u16) -> Self {
        Self {
            align: Align::Right,
            ..Self::fixed(title, columns)
        }
    }
}

/// One cell of a row.
#[derive(Debug, Clone)]
pub struct TableCell {
    text: Printable,
    style: Style,
}

impl TableCell {
    /// A cell in a style. The text may come from anywhere.
    pub fn new(text: impl AsRef<str>, style: Style) -> Self {
        Self {
            text: Printable::line(text.as_ref()),
            style,
        }
    }

    /// A cell in the style of ordinary text.
    pub fn plain(text: impl AsRef<str>) -> Self {
        Self::new(text, Style::new())
    }
}

/// Whether the first line names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// It does.
    Shown,
    /// It does not.
    Hidden,
}

/// How many lines the header takes, for finding the row under the mouse.
impl Header {
    fn lines(self) -> u16 {
        u16::from(self == Header::Shown)
    }
}

/// A table on its way to the screen.
#[derive(Debug)]
pub struct Table<'a> {
    columns: &'a [Column],
    header: Header,
    focus: Focus,
    empty: &'a str,
}

impl<'a> Table<'a> {
    /// A table with these columns, their names in its first line.
    pub fn new(columns: &'a [Column]) -> Self {
        Self {
            columns,
            header: Header::Shown,
            focus: Focus::Elsewhere,
            empty: "",
        }
    }

    /// Without names of columns.
    #[must_use]
    pub fn without_header(mut self) -> Self {
        self.header = Header::Hidden;
        self
    }

    /// Whether it has the focus: the selected row is then reversed, otherwise it only has its sign.
    #[must_use]
    pub fn focus(mut self, focus: Focus) -> Self {
        self.focus = focus;
        self
    }

    /// What an empty list says: what it is for and which key begins.
    #[must_use]
    pub fn empty(mut self, text: &'a str) -> Self {
        self.empty = text;
        self
    }

    /// Selects the row under a position inside `area`, where the table was drawn. Whether there is one.
    pub fn click<T: HasId>(&self, listing: &mut Listing<T>, area: Rect, row: u16) -> bool {
        row.checked_sub(area.y + self.header.lines())
            .is_some_and(|line| listing.click(line))
    }

    /// Draws the rows in view; `cells` makes the cells of one.
    pub fn draw<T: HasId>(
        &self,
        frame: &mut Frame,
        area: Rect,
        theme: &Theme,
        listing: &Listing<T>,
        cells: impl Fn(&T) -> Vec<TableCell>,
    ) {
        let widths = column_widths(self.columns, area.width.saturating_sub(SIGN_COLUMNS));
        let mut lines = Vec::with_capacity(usize::from(area.height));
        if self.header == Header::Shown && area.height > 1 {
            let titles = self.columns.iter().map(|column| TableCell {
                text: column.title.clone(),
                style: theme.dim,
            });
            lines.push(self.line("  ", theme.dim, &titles.collect::<Vec<_>>(), &widths, theme));
        }
        let height = area.height.saturating_sub(lines.len().try_into().unwrap_or(u16::MAX));
        let in_view = listing.in_view(height);
        if listing.total() == 0 {
            lines.push(Line::styled(format!("  {}", self.empty), theme.dim));
        }
        let mut missing_from = None;
        for number in in_view.clone() {
            let Some(row) = listing.row(number) else {
                missing_from.get_or_insert(number);
                continue;
            };
            let is_selected = number == listing.cursor();
            let sign = match (is_selected, listing.is_marked(row)) {
                (true, true) => ">*",
                (true, false) => "> ",
                (false, true) => " *",
                (false, false) => "  ",
            };
            let mut line = self.line(sign, theme.text, &cells(row), &widths, theme);
            if is_selected && self.focus == Focus::Here {
                line = line.patch_style(theme.selected);
            }
            lines.push(line);
        }
        if let Some(first) = missing_from {
            let text = format!("~ loading rows {}..{}", first + 1, in_view.end);
            lines.push(Line::styled(text, theme.dim));
        }
        for (line, y) in lines.into_iter().zip(area.y..area.bottom()) {
            frame.render_widget(line, Rect::new(area.x, y, area.width, 1));
        }
    }

    fn line(
        &self,
        sign: &'static str,
        style: Style,
        cells: &[TableCell],
        widths: &[u16],
        theme: &Theme,
    ) -> Line<'static> {
        let mut spans = vec![Span::styled(sign, style)];
        for ((cell, column), columns) in cells.iter().zip(self.columns).zip(widths) {
            let columns = usize::from(*columns);
            let shown = cut(cell.text.as_str(), columns);
            let blank = " ".repeat(columns.saturating_sub(width(&shown)));
            let gap = if columns == 0 { "" } else { " " };
            // Marks keep their style where nothing of the cell was cut; a cut cell is drawn in one style.
            let text = if shown.len() == cell.text.as_str().len() {
                let segments = cell.text.segments();
                segments
                    .map(|part| {
                        let style = if part.is_mark { theme.hidden } else { cell.style };
                        Span::styled(part.text.to_owned(), style)
                    })
                    .collect()
            } else {
                vec![Span::styled(shown.into_owned(), cell.style)]
            };
            match column.align {
                Align::Left => {
                    spans.extend(text);
                    spans.push(Span::raw(format!("{blank}{gap}")));
                }
                Align::Right => {
                    spans.push(Span::raw(blank));
                    spans.extend(text);
                    spans.push(Span::raw(gap));
                }
            }
        }
        Line::from(spans)
    }
}

/// Gives each column its width. Where fixed columns do not all fit, the last ones get less, down to nothing.
fn column_widths(columns: &[Column], room: u16) -> Vec<u16> {
    // A column of no width, left out at this size, has no gap either.
    let shown = columns.iter().filter(|column| column.width != ColumnWidth::Fixed(0));
    let gaps = GAP.saturating_mul(u16::try_from(shown.count()).unwrap_or(u16::MAX));
    let fixed = columns.iter().map(|column| match column.width {
        ColumnWidth::Fixed(columns) => columns,
        ColumnWidth::Share(_) => 0,
    });
    let shared = room
        .saturating_sub(gaps)
        .saturating_sub(fixed.fold(0, u16::saturating_add));
    let shares: u32 = columns
        .iter()
        .map(|column| match column.width {
            ColumnWidth::Share(share) => u32::from(share),
            ColumnWidth::Fixed(_) => 0,
        })
        .sum();
    let mut left = room;
    columns
        .iter()
        .map(|column| {
            let wanted = match column.width {
                ColumnWidth::Fixed(columns) => columns,
                ColumnWidth::Share(share) => {
                    let part = u32::from(shared) * u32::from(share) / shares.max(1);
                    u16::try_from(part).unwrap_or(shared)
                }
            };
            let given = wanted.min(left.saturating_sub(GAP));
            left = left.saturating_sub(if given == 0 { 0 } else { given + GAP });
            given
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::tui::screens::testing::{grid, with_context};

    struct Run(u32, &'static str);
    impl HasId for Run {
        type Id = u32;
        fn id(&self) -> u32 {
            self.0
        }
    }

    fn drawn(listing: &Listing<Run>, width: u16, height: u16) -> String {
        let columns = [
            Column::fixed("id", 4),
            Column::share("subject", 1),
            Column::number("fail", 5),
        ];
        with_context(80, 24, |context| {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            let table = Table::new(&columns).focus(Focus::Here).empty("No run. r starts one.");
            terminal
                .draw(|frame| {
                    table.draw(frame, frame.area(), context.theme, listing, |run| {
                        vec![
                            TableCell::plain(run.0.to_string()),
                            TableCell::plain(run.1),
                            TableCell::plain((run.0 * 7).to_string()),
                        ]
                    });
                })
                .unwrap();
            grid(terminal.backend())
        })
    }

    #[test]
    fn cuts_aligns_and_says_what_is_loading() {
        let mut listing = Listing::default();
        listing.set_page(
            9,
            0,
            vec![
                Run(421, "support_triage_v14"),
                Run(5, "a\u{202e}b"),
                Run(6, "漢字漢字漢字漢字"),
            ],
        );
        listing.command(CommandId::MoveDown);
        listing.toggle_mark();
        assert_eq!(
            drawn(&listing, 30, 6),
            "  id   subject           fail\n  421  support_triage_~  2947\n>*5    a<U+202E>b          35\n  \
             6    漢字漢字漢字漢字    42\n~ loading rows 4..5\n\n"
        );
    }

    use crate::tui::command::CommandId;

    #[test]
    fn draws_into_any_area() {
        let mut listing = Listing::default();
        assert!(drawn(&listing, 40, 3).contains("No run. r starts one."));
        listing.set_all(vec![Run(1, "one")]);
        for width in 0..12 {
            for height in 0..4 {
                drawn(&listing, width, height);
            }
        }
    }

    #[test]
    fn columns_never_need_more_than_there_is() {
        let columns = [
            Column::fixed("", 10),
            Column::share("", 2),
            Column::share("", 1),
            Column::number("", 8),
        ];
        for room in 0..80 {
            let widths = column_widths(&columns, room);
            let used: u16 = widths.iter().map(|width| width + GAP).sum();
            assert!(
                used <= room + GAP * 4 && widths.iter().sum::<u16>() <= room,
                "{room}: {widths:?}"
            );
        }
        assert_eq!(column_widths(&columns, 52), [10, 20, 10, 8]);
    }
}
