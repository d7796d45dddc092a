//! How much the answer is like the expected text: what the measures have in common.

use serde_json::Value as Json;

use super::finding::{Fault, Finding, Pass};
use super::observed::Case;
use super::words::{expected_got, plain};
use crate::domain::grader::ScoreValue;

/// Texts to compare, and how alike they must be. An expected value that is a list holds several right answers, of which
/// the nearest counts.
pub(super) struct Similarity {
    pub(super) field: Option<String>,
    pub(super) expected_field: Option<String>,
    pub(super) at_least: f64,
}

impl Similarity {
    /// The expected texts and the answer's, without blank space at their ends.
    pub(super) fn read(&self, case: &Case) -> Result<(Vec<String>, String), Fault> {
        let expected = case.expected_at(self.field.as_deref(), self.expected_field.as_deref())?;
        let trimmed = |value: &Json| plain(value).trim().to_owned();
        let wanted = match expected {
            Json::Array(several) => several.iter().map(trimmed).collect(),
            one => vec![trimmed(one)],
        };
        let got = case.text_at(self.field.as_deref())?;
        Ok((wanted, got.trim().to_owned()))
    }

    /// Grades by a measure between 0 and 1; `name` is what explanations call it.
    pub(super) fn grade(
        &self,
        case: &Case,
        name: &str,
        measure: impl Fn(&str, &str) -> Result<f64, Fault>,
    ) -> Finding<Pass> {
        let (wanted, got) = self.read(case)?;
        let got = got.as_str();
        let mut nearest: Option<(f64, &str)> = None;
        for want in &wanted {
            let similarity = measure(want, got)?;
            if nearest.is_none_or(|(best, _)| similarity > best) {
                nearest = Some((similarity, want));
            }
        }
        let Some((similarity, want)) = nearest else {
            return Err(Fault::label("the list of expected texts is empty: a label problem"));
        };
        let (value, at_least) = (ScoreValue::new(similarity), self.at_least);
        let shown = shown(similarity);
        if similarity >= at_least {
            let explanation = format!("{name} {shown}, at least {at_least}");
            return Ok(Pass { explanation, value });
        }
        let difference = expected_got(&Json::from(want), &Json::from(got));
        let fault = Fault::answer(format!("{name} {shown} is below {at_least}: {difference}"));
        Err(Fault { value, ..fault })
    }
}

/// Three digits, never rounded up: what is below a limit is shown below it.
pub(super) fn shown(value: f64) -> String {
    format!("{}", (value * 1000.0).floor() / 1000.0)
}
