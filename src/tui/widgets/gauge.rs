//! How much of something is done: `[#######---]`.

use crate::tui::theme::Glyphs;

/// A gauge of `columns` in all, brackets included. Full only when everything is done.
pub fn gauge(done: u64, total: u64, columns: usize, glyphs: &Glyphs) -> String {
    let cells = columns.saturating_sub(2);
    if cells == 0 {
        return String::new();
    }
    let filled = match total {
        0 => 0,
        _ => usize::try_from(u128::from(done.min(total)) * cells as u128 / u128::from(total)).unwrap_or(cells),
    };
    format!(
        "[{}{}]",
        glyphs.filled.repeat(filled),
        glyphs.empty.repeat(cells - filled)
    )
}

/// Whole percents, rounded down, so that 100 means done.
pub fn percent(done: u64, total: u64) -> u64 {
    u64::try_from(u128::from(done.min(total)) * 100 / u128::from(total.max(1))).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::screens::testing::with_context;

    #[test]
    fn is_full_only_at_the_end() {
        with_context(80, 24, |context| {
            let shown = |done, total, columns| gauge(done, total, columns, &context.theme.glyphs);
            assert_eq!(shown(71, 100, 12), "[#######---]");
            assert_eq!(shown(1_999, 2_000, 12), "[#########-]");
            assert_eq!(shown(2_000, 2_000, 12), "[##########]");
            assert_eq!(shown(5, 0, 6), "[----]");
            assert_eq!(shown(u64::MAX, 1, 6), "[####]");
            assert_eq!((shown(1, 2, 2), shown(1, 2, 0)), (String::new(), String::new()));
        });
        assert_eq!(
            (percent(1_999, 2_000), percent(0, 0), percent(u64::MAX, u64::MAX)),
            (99, 0, 100)
        );
    }
}
