//! Whether a suite's names, references and values fit together.

use std::collections::HashSet;

use super::{Comparison, SuiteContent, Threshold};
use crate::domain::DomainError;
use crate::domain::combination;
use crate::domain::grader::Grader;
use crate::domain::metric::{Bins, ErrorRule, FieldOf, Metric, MetricKind, Slice};

/// Most graders, metrics or thresholds in a suite.
const ENTRIES_MAX: usize = 200;
/// Most fields in a crossing: more make slices of an example or two.
const CROSSED_MAX: usize = 4;
/// Most bounds of one field's bins.
const BOUNDS_MAX: usize = 50;
/// Most repeats that a metric looks at.
const K_MAX: u64 = 1_000;

/// Whether a path is neither one of steps nor the whole, which is `.` or nothing.
fn names_nothing(path: &str) -> bool {
    let is_whole = matches!(path, "" | ".");
    !is_whole && path.chars().all(|c| c.is_whitespace() || matches!(c, '.' | '[' | ']'))
}

/// The first name that stands twice.
fn twice<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

impl SuiteContent {
    /// Checks names, references and values.
    ///
    /// # Errors
    ///
    /// The first fault, with the entry that has it.
    pub fn check(&self) -> Result<(), DomainError> {
        let fault = |field: &str, why: String| Err(DomainError::field(field, why));
        for (field, count) in [
            ("graders", self.graders.len()),
            ("metrics", self.metrics.len()),
            ("thresholds", self.thresholds.len()),
            ("slices", self.slices.len()),
            ("crossings", self.crossings.len()),
            ("bins", self.bins.len()),
        ] {
            if count > ENTRIES_MAX {
                return fault(field, format!("{count} of them, at most {ENTRIES_MAX}"));
            }
        }
        if self.metrics.is_empty() {
            return fault(
                "metrics",
                "there is none: a suite without a metric measures nothing".into(),
            );
        }
        if let Some(name) = twice(self.graders.iter().map(|g| g.name.as_str())) {
            return fault("graders", format!("'{name}' is there twice"));
        }
        if let Some(name) = twice(self.metrics.iter().map(|m| m.name.as_str())) {
            return fault("metrics", format!("'{name}' is there twice"));
        }
        self.graders.iter().try_for_each(Grader::check)?;
        combination::order(&self.graders)?;
        self.check_slices()?;
        self.metrics.iter().try_for_each(|metric| self.check_metric(metric))?;
        self.thresholds
            .iter()
            .try_for_each(|threshold| self.check_threshold(threshold))?;
        self.check_clashes()
    }

    fn check_clashes(&self) -> Result<(), DomainError> {
        let Some((at, before, why)) = self.clashes().into_iter().next() else {
            return Ok(());
        };
        let (rule, earlier) = (&self.thresholds[at], &self.thresholds[before]);
        let why = format!("'{rule}' beside '{earlier}': {why}");
        Err(DomainError::field(format!("threshold {}", rule.metric), why))
    }

    /// Whether slices are made by this field.
    pub fn is_sliced_by(&self, field: &str) -> bool {
        self.slices.iter().any(|known| known == field) || self.bins.iter().any(|bins| bins.field == field)
    }

    fn check_slices(&self) -> Result<(), DomainError> {
        let fault = |field: &str, why: String| Err(DomainError::field(field, why));
        if let Some(field) = twice(self.bins.iter().map(|bins| bins.field.as_str())) {
            return fault("bins", format!("'{field}' is there twice"));
        }
        self.bins.iter().try_for_each(check_bins)?;
        for crossed in &self.crossings {
            if !(2..=CROSSED_MAX).contains(&crossed.len()) {
                let why = format!("a crossing has 2 to {CROSSED_MAX} fields, not {}", crossed.len());
                return fault("crossings", why);
            }
            if let Some(field) = twice(crossed.iter().map(String::as_str)) {
                return fault("crossings", format!("'{field}' is crossed with itself"));
            }
        }
        match &self.cluster {
            Some(field) if field.trim().is_empty() => fault("cluster", "the field has no name".into()),
            _ => Ok(()),
        }
    }

    fn check_metric(&self, metric: &Metric) -> Result<(), DomainError> {
        let fault = |why: String| Err(DomainError::field(format!("metric {}", metric.name), why));
        if let Some(grader) = metric.kind.grader()
            && !self.graders.iter().any(|g| g.name == grader)
        {
            return fault(format!("no grader is named '{grader}'"));
        }
        if let Some(percentile) = metric.kind.percentile()
            && !(percentile > 0.0 && percentile <= 100.0)
        {
            return fault("the percentile is not in (0, 100]".into());
        }
        if let Some(FieldOf { labels, .. }) = metric.kind.field()
            && let Some(label) = twice(labels.iter().map(String::as_str))
        {
            return fault(format!("the label '{label}' is there twice"));
        }
        let fields = match &metric.kind {
            MetricKind::Precision(of) | MetricKind::Recall(of) | MetricKind::F1(of) => {
                Some((&of.field, &of.expected_field))
            }
            kind => kind.field().map(|of| (&of.field, &of.expected_field)),
        };
        let paths = fields.map(|(field, expected)| std::iter::once(field).chain(expected));
        if let Some(path) = paths.into_iter().flatten().find(|path| names_nothing(path)) {
            return fault(format!(
                "the field '{path}' names nothing: write a path such as route, or . for the whole answer"
            ));
        }
        match &metric.kind {
            MetricKind::PassAtK { k, .. } | MetricKind::PassHatK { k, .. } if !(1..=K_MAX).contains(k) => {
                fault(format!("k is {k}, not 1 to {K_MAX}"))
            }
            kind if kind.is_expense() && metric.errors == Some(ErrorRule::Fail) => {
                fault("an example without an answer has no latency or cost to fail with: use exclude or error".into())
            }
            _ => Ok(()),
        }
    }

    fn check_threshold(&self, threshold: &Threshold) -> Result<(), DomainError> {
        let fault = |why: String| Err(DomainError::field(format!("threshold {}", threshold.metric), why));
        let Some(metric) = self.metrics.iter().find(|metric| metric.name == threshold.metric) else {
            return fault("no metric has this name".into());
        };
        if !threshold.value.is_finite() {
            return fault("the value is not a number".into());
        }
        if let Some(slice) = &threshold.slice {
            self.check_slice(slice).or_else(fault)?;
        }
        let value = threshold.value;
        let is_count_rule = [0.0, 1.0].contains(&value);
        match threshold.comparison {
            Comparison::NoWorseBy if metric.kind.percentile().is_some() => fault(
                "no_worse_by compares the examples of two runs, for which a percentile has no method: take a mean"
                    .into(),
            ),
            Comparison::NoWorseBy if metric.kind.is_expense() => {
                fault("no_worse_by is for what more is better of: of latency and cost say at_most_ratio".into())
            }
            Comparison::NoWorseBy if value < 0.0 => fault(format!("the margin {value} is below 0")),
            Comparison::NoWorseBy if metric.kind.is_share() && value > 1.0 => {
                fault(format!("{value} is not between 0 and 1: write 1 point as 0.01"))
            }
            Comparison::AtMostRatio if !matches!(metric.kind, MetricKind::CostPerExample | MetricKind::LatencyMean) => {
                fault("at_most_ratio is for cost_per_example and latency_mean".into())
            }
            Comparison::AtMostRatio if value <= 0.0 => fault(format!("the ratio {value} is not above 0")),
            Comparison::NoWorseBy | Comparison::AtMostRatio => Ok(()),
            _ if metric.kind.is_share() && !(0.0..=1.0).contains(&value) => {
                fault(format!("{value} is not between 0 and 1: write 94 % as 0.94"))
            }
            Comparison::Equals if !is_count_rule => fault("'equals' is a count rule, for 0 or 1 only".into()),
            _ => Ok(()),
        }
    }

    /// Whether the suite makes this slice.
    fn check_slice(&self, slice: &Slice) -> Result<(), String> {
        let fields: Vec<&str> = slice.parts().map(|(field, _)| field).collect();
        if let [field] = fields[..] {
            if !self.is_sliced_by(field) {
                return Err(format!("'{field}' is not among the suite's slices"));
            }
        } else if !self.crossings.iter().any(|crossed| *crossed == fields) {
            return Err(format!(
                "{} are not crossed in this order by the suite",
                fields.join(" and ")
            ));
        }
        for (field, value) in slice.parts() {
            let bins = self.bins.iter().find(|bins| bins.field == field).map(Bins::all);
            if let Some(bins) = bins.filter(|bins| !bins.iter().any(|bin| bin == value)) {
                return Err(format!("'{value}' is no bin of '{field}': {}", bins.join(", ")));
            }
        }
        Ok(())
    }
}

fn check_bins(bins: &Bins) -> Result<(), DomainError> {
    let fault = |why: String| Err(DomainError::field(format!("bins {}", bins.field), why));
    if bins.bounds.is_empty() || bins.bounds.len() > BOUNDS_MAX {
        return fault(format!("{} bounds, not 1 to {BOUNDS_MAX}", bins.bounds.len()));
    }
    if !bins.bounds.iter().all(|bound| bound.is_finite()) {
        return fault("a bound is not a number".into());
    }
    if bins.bounds.windows(2).any(|pair| pair[0] >= pair[1]) {
        return fault("the bounds do not ascend".into());
    }
    Ok(())
}
