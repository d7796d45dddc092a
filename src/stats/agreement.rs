//! Agreement of two raters, such as a judge and the human labels, beyond what chance gives.

use super::sample::{Limits, check_lengths, defined};
use super::special::norm_ppf;
use super::{StatsError, check_confidence};

/// Cohen's kappa of a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kappa {
    /// `(p_o - p_e)/(1 - p_e)`; `None` where chance alone agrees on everything, or nothing was rated.
    pub kappa: Option<f64>,
    /// Large-sample standard error (Fleiss, Cohen, Everitt 1969).
    pub se: Option<f64>,
    /// `kappa ± z se`, not clipped.
    pub limits: Option<Limits>,
    /// Kappa with disagreement weighed by its squared distance, for ordered labels.
    pub quadratic: Option<f64>,
}

/// Cohen's kappa from counts, rows one rater and columns the other, labels in one order (vector `kappa_from_table`).
/// Show sensitivity and specificity beside it: kappa alone hides which way the judge errs.
///
/// Errors: a table that is not square; confidence outside (0, 1).
pub fn kappa_from_table(table: &[Vec<u64>], confidence: f64) -> Result<Kappa, StatsError> {
    for row in table {
        check_lengths(table.len(), row.len())?;
    }
    check_confidence(confidence)?;
    let shares = Shares::of(table);
    let chance = shares.expected(|i, j| if i == j { 1.0 } else { 0.0 });
    let room = 1.0 - chance;
    let total: f64 = counts_sum(table);
    if total <= 0.0 || shares.is_single() {
        return Ok(Kappa {
            kappa: None,
            se: None,
            limits: None,
            quadratic: None,
        });
    }
    let kappa = (shares.observed(|i, j| if i == j { 1.0 } else { 0.0 }) - chance) / room;
    let missing = 1.0 - kappa;
    let variance = (shares.observed(|i, j| {
        if i == j {
            (1.0 - (shares.rows[i] + shares.columns[i]) * missing).powi(2)
        } else {
            missing * missing * (shares.columns[i] + shares.rows[j]).powi(2)
        }
    }) - (kappa - chance * missing).powi(2))
        / (room * room * total);
    let se = variance.max(0.0).sqrt();
    let z = -norm_ppf((1.0 - confidence) / 2.0);
    let distance = |i: usize, j: usize| (i.abs_diff(j) as f64).powi(2);
    Ok(Kappa {
        kappa: defined(kappa),
        se: defined(se),
        limits: Limits::around(kappa, z * se),
        quadratic: defined(1.0 - shares.observed(distance) / shares.expected(distance)),
    })
}

pub(super) fn counts_sum(table: &[Vec<u64>]) -> f64 {
    table.iter().flatten().map(|count| *count as f64).sum()
}

/// A table of counts in shares of 1, with its margins.
struct Shares {
    cells: Vec<Vec<f64>>,
    rows: Vec<f64>,
    columns: Vec<f64>,
}

impl Shares {
    fn of(table: &[Vec<u64>]) -> Self {
        let total = counts_sum(table);
        let share = |count: &u64| if total > 0.0 { *count as f64 / total } else { 0.0 };
        let cells: Vec<Vec<f64>> = table.iter().map(|row| row.iter().map(share).collect()).collect();
        let rows = cells.iter().map(|row| row.iter().sum()).collect();
        let columns = (0..table.len()).map(|j| cells.iter().map(|row| row[j]).sum()).collect();
        Self { cells, rows, columns }
    }

    /// Whether both raters used one and the same label throughout, so that chance agreement is 1.
    fn is_single(&self) -> bool {
        let used = |margin: &[f64]| -> Vec<usize> { (0..margin.len()).filter(|i| margin[*i] > 0.0).collect() };
        let rows = used(&self.rows);
        rows.len() == 1 && rows == used(&self.columns)
    }

    fn observed(&self, weight: impl Fn(usize, usize) -> f64) -> f64 {
        self.sum(|i, j| self.cells[i][j] * weight(i, j))
    }

    fn expected(&self, weight: impl Fn(usize, usize) -> f64) -> f64 {
        self.sum(|i, j| self.rows[i] * self.columns[j] * weight(i, j))
    }

    fn sum(&self, term: impl Fn(usize, usize) -> f64) -> f64 {
        let size = self.rows.len();
        (0..size).map(|i| (0..size).map(|j| term(i, j)).sum::<f64>()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapping_the_raters_changes_nothing() {
        let table = [vec![20, 5, 1], vec![3, 30, 4], vec![2, 2, 13]];
        let mirrored: Vec<Vec<u64>> = (0..3).map(|j| table.iter().map(|row| row[j]).collect()).collect();
        let (there, back) = (
            kappa_from_table(&table, 0.95).unwrap(),
            kappa_from_table(&mirrored, 0.95).unwrap(),
        );
        for (there, back) in [
            (there.kappa, back.kappa),
            (there.se, back.se),
            (there.quadratic, back.quadratic),
        ] {
            assert!((there.unwrap() - back.unwrap()).abs() < 1e-12);
        }
    }

    #[test]
    fn nothing_rated_or_one_label_only_has_no_kappa() {
        for table in [
            vec![],
            vec![vec![7]],
            vec![vec![0, 0], vec![0, 7]],
            vec![vec![0, 0], vec![0, 0]],
        ] {
            assert_eq!(kappa_from_table(&table, 0.95).unwrap().kappa, None);
        }
        assert_eq!(
            kappa_from_table(&[vec![0, 7], vec![0, 0]], 0.95).unwrap().kappa,
            Some(0.0)
        );
        assert!(kappa_from_table(&[vec![1, 2]], 0.95).is_err());
    }
}
