//! Size classes and the three fixed rows around a screen's body: pure functions of the size.

use ratatui::layout::{Rect, Size};

/// Under this width keys are off.
pub const WIDTH_MIN: u16 = 60;
/// Under this height keys are off.
pub const HEIGHT_MIN: u16 = 16;
/// From this width there are side panes.
const NORMAL_FROM: u16 = 100;
/// From this width there is a third column.
pub const WIDE_FROM: u16 = 160;
/// Under this height strips and charts give way.
const SHORT_UNDER: u16 = 24;
/// Narrowest side of a side-by-side diff.
pub const DIFF_SIDE_MIN: u16 = 48;

/// How wide the terminal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WidthClass {
    /// 60 to 99 columns: one main pane, context in its title or a strip.
    Narrow,
    /// 100 to 159: list, main pane, one row of details.
    Normal,
    /// From 160: a third column.
    Wide,
}

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeClass {
    /// Columns.
    pub width: WidthClass,
    /// Under 24 rows: strips go first, then charts, then titles.
    pub short: bool,
}

/// The class of a size; none where it is too small for any screen.
pub fn size_class(size: Size) -> Option<SizeClass> {
    if size.width < WIDTH_MIN || size.height < HEIGHT_MIN {
        return None;
    }
    let width = match size.width {
        WIDE_FROM.. => WidthClass::Wide,
        NORMAL_FROM.. => WidthClass::Normal,
        _ => WidthClass::Narrow,
    };
    Some(SizeClass {
        width,
        short: size.height < SHORT_UNDER,
    })
}

/// The rows of the whole terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// Tabs, user and store.
    pub title: Rect,
    /// The screen.
    pub body: Rect,
    /// What was saved or happens.
    pub status: Rect,
    /// What can be done here.
    pub footer: Rect,
}

/// Splits the terminal into title, body, status and footer.
pub fn rows(size: Size) -> Rows {
    let row = |y: u16, height: u16| Rect::new(0, y, size.width, height);
    Rows {
        title: row(0, size.height.min(1)),
        body: row(1.min(size.height), size.height.saturating_sub(3)),
        status: row(size.height.saturating_sub(2), u16::from(size.height >= 3)),
        footer: row(size.height.saturating_sub(1), u16::from(size.height >= 2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_classes_of_the_design() {
        let class = |width, short| Some(SizeClass { width, short });
        for (width, height, expected) in [
            (0, 0, None),
            (59, 50, None),
            (200, 15, None),
            (60, 16, class(WidthClass::Narrow, true)),
            (80, 24, class(WidthClass::Narrow, false)),
            (99, 23, class(WidthClass::Narrow, true)),
            (100, 30, class(WidthClass::Normal, false)),
            (159, 24, class(WidthClass::Normal, false)),
            (160, 50, class(WidthClass::Wide, false)),
            (500, 300, class(WidthClass::Wide, false)),
        ] {
            assert_eq!(size_class(Size::new(width, height)), expected, "{width}x{height}");
        }
    }

    #[test]
    fn rows_fit_into_any_size() {
        for height in 0..40 {
            let rows = rows(Size::new(80, height));
            let parts = [rows.title, rows.body, rows.status, rows.footer];
            assert!(parts.iter().all(|part| part.bottom() <= height), "{height}");
            let total: u16 = parts.iter().map(|part| part.height).sum();
            assert_eq!(total, height, "no row is lost or drawn twice at {height}");
        }
    }
}
