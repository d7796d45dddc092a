//! Bars in text cells: one bar a row, and a line of values over time.

use crate::tui::theme::Glyphs;

/// A horizontal bar of at most `columns`: something for every value above 0.
pub fn bar(value: u64, largest: u64, columns: usize, glyphs: &Glyphs) -> String {
    if value == 0 || largest == 0 || columns == 0 {
        return String::new();
    }
    let cells = usize::try_from(u128::from(value.min(largest)) * columns as u128 / u128::from(largest));
    glyphs.filled.repeat(cells.unwrap_or(columns).max(1))
}

/// An interval on a scale of exactly `columns` cells: a rule over its span, `filled` at the value, and a `|` at the
/// mark, which hides the value where both fall into one cell. Ends beyond the scale stand at its ends.
pub fn interval_bar(
    (low, value, high): (f64, f64, f64),
    mark: Option<f64>,
    scale: (f64, f64),
    columns: usize,
    glyphs: &Glyphs,
) -> String {
    let cell = |value: f64| steps_up(value, scale.0, scale.1, columns.saturating_sub(1));
    let (low, value, high, mark) = (cell(low), cell(value), cell(high), mark.map(cell));
    (0..columns)
        .map(|at| match at {
            at if Some(at) == mark => "|",
            at if at == value => glyphs.filled,
            at if (low..=high).contains(&at) => glyphs.rule,
            _ => " ",
        })
        .collect()
}

/// Values over time as rows of text, the highest first, each of exactly `columns` cells at most. More values than
/// columns are thinned to the last of each stretch; the scale goes from `low` to `high`.
pub fn sparkline(values: &[f64], low: f64, high: f64, columns: usize, rows: usize, glyphs: &Glyphs) -> Vec<String> {
    let levels = glyphs.bars.len() - 1;
    let heights: Vec<usize> = thinned(values, columns)
        .map(|value| level(value, low, high, rows.saturating_mul(levels)))
        .collect();
    (0..rows)
        .rev()
        .map(|row| {
            let below = row * levels;
            heights
                .iter()
                .map(|height| {
                    glyphs
                        .bars
                        .get(height.saturating_sub(below).min(levels))
                        .copied()
                        .unwrap_or(" ")
                })
                .collect()
        })
        .collect()
}

/// At most `count` of the values, each the last of its stretch.
fn thinned(values: &[f64], count: usize) -> impl Iterator<Item = f64> {
    let shown = values.len().min(count);
    (1..=shown).filter_map(move |at| {
        values
            .get((at * values.len() / shown.max(1)).saturating_sub(1))
            .copied()
    })
}

/// The value's place between `low` and `high` in steps; at least one, so that the lowest value is seen too.
fn level(value: f64, low: f64, high: f64, steps: usize) -> usize {
    if value.is_nan() || steps == 0 {
        return 0;
    }
    steps_up(value, low, high, steps).clamp(1, steps)
}

/// The same from zero on: a value at `low`, or none, is no step up.
fn steps_up(value: f64, low: f64, high: f64, steps: usize) -> usize {
    let share = if high > low {
        ((value - low) / (high - low)).clamp(0.0, 1.0)
    } else {
        1.0
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the share is between 0 and 1, the steps are those of a screen; NaN becomes 0"
    )]
    let steps_up = (share * steps as f64).round() as usize;
    steps_up
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::screens::testing::with_context;

    #[test]
    fn every_value_above_zero_is_seen() {
        with_context(80, 24, |context| {
            let shown = |value, largest| bar(value, largest, 10, &context.theme.glyphs);
            assert_eq!(shown(604, 604), "##########");
            assert_eq!(shown(1, 604), "#");
            assert_eq!((shown(0, 604), shown(3, 0)), (String::new(), String::new()));
        });
    }

    #[test]
    fn a_line_fits_its_cells() {
        with_context(80, 24, |context| {
            let glyphs = &context.theme.glyphs;
            let rising: Vec<f64> = (0..100).map(f64::from).collect();
            let rows = sparkline(&rising, 0.0, 100.0, 8, 2, glyphs);
            assert_eq!(rows.len(), 2);
            assert!(rows.iter().all(|row| row.len() == 8), "{rows:?}");
            assert!(
                rows[0].ends_with('#') && rows[0].starts_with(' ') && rows[1].ends_with('#'),
                "{rows:?}"
            );
            assert_eq!(sparkline(&[f64::NAN, 1.0], 1.0, 1.0, 8, 1, glyphs), [" #"]);
            assert_eq!(sparkline(&[], 0.0, 1.0, 8, 1, glyphs), [""]);
            assert_eq!(sparkline(&[1.0], 0.0, 1.0, 0, 0, glyphs), Vec::<String>::new());
        });
    }

    #[test]
    fn an_interval_has_its_value_and_the_threshold_in_it() {
        with_context(80, 24, |context| {
            let glyphs = &context.theme.glyphs;
            let shown = |interval, mark, columns| interval_bar(interval, mark, (0.8, 1.0), columns, glyphs);
            assert_eq!(shown((0.9, 0.94, 0.98), Some(0.96), 11), "     --#|- ");
            assert_eq!(shown((0.5, 0.8, 1.2), None, 5), "#----", "cut at the ends of the scale");
            assert_eq!(shown((0.9, f64::NAN, 0.9), None, 3), "#- ");
            assert_eq!(shown((0.9, 0.9, 0.9), None, 0), "");
        });
    }
}
