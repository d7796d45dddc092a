//! Conditions that can never hold, and those that say nothing beside another one of their step.

use serde_json::Value as Json;

use super::chain::{ChainStep, StepParser};
use super::condition::{Condition, Test};
use super::json::JsonText;
use super::value_path::{INPUT, ValuePath};

/// What stands at a path, as far as the parser of its step tells.
enum Given<'a> {
    /// A text.
    Text,
    /// One of these texts.
    Label(&'a [String]),
    /// A table of fields.
    Fields,
    /// Nobody knows.
    Unknown,
}

/// Checks that all conditions of a step can hold at once, together with those of the steps whose output it asks for,
/// and that each of them says something.
pub(super) fn check_conditions(step: &ChainStep, earlier: &[ChainStep]) -> Result<(), String> {
    for condition in &step.when {
        check_value(condition, earlier)?;
    }
    let needed = needed(step, earlier);
    let of_step = step.when.iter().map(|condition| (condition, None));
    let of_needed = needed.iter().flat_map(|other| {
        other
            .when
            .iter()
            .map(|condition| (condition, Some(other.name.as_str())))
    });
    let all: Vec<(&Condition, Option<&str>)> = of_step.chain(of_needed).collect();
    for (at, (condition, _)) in all.iter().enumerate().take(step.when.len()) {
        for (other, owner) in all.iter().skip(at + 1) {
            if condition.excludes(other) {
                let of = owner
                    .map(|name| format!(" of {name}, which it needs,"))
                    .unwrap_or_default();
                return Err(format!(
                    "the conditions on '{}' never hold together: {condition} and {other}{of} exclude each other",
                    condition.path
                ));
            }
        }
    }
    let conditions: Vec<&Condition> = all.iter().map(|(condition, _)| *condition).collect();
    step.when
        .iter()
        .try_for_each(|condition| check_missing(condition, &conditions, earlier))?;
    check_said(&step.when, earlier)
}

/// The earlier steps that ran wherever this one runs, since it asks for their output; and those that they ask for.
fn needed<'a>(step: &ChainStep, earlier: &'a [ChainStep]) -> Vec<&'a ChainStep> {
    let asks = |step: &ChainStep, other: &ChainStep| {
        let mut conditions = step.when.iter();
        conditions.any(|condition| condition.test != Test::Missing && condition.path.origin() == other.name)
    };
    let mut needed: Vec<&ChainStep> = Vec::new();
    for other in earlier.iter().rev() {
        if asks(step, other) || needed.iter().any(|later| asks(later, other)) {
            needed.push(other);
        }
    }
    needed
}

/// A condition can hold for what the parser of its step gives.
fn check_value(condition: &Condition, earlier: &[ChainStep]) -> Result<(), String> {
    let path = &condition.path;
    if condition.test.values().is_some_and(|values| values.iter().any(is_null)) {
        return Err(format!(
            "the condition on '{path}' compares with null, which never holds: say exists = false"
        ));
    }
    let never = |why: &str| Err(format!("the condition on '{path}' never holds: {condition}, but {why}"));
    let is_numeric = condition.test.bound().is_some();
    let names = |wanted: fn(&Json) -> bool| {
        let equal = match &condition.test {
            Test::Equals(value) => std::slice::from_ref(value),
            Test::OneOf(values) => values.as_slice(),
            _ => return false,
        };
        !equal.iter().any(|value| wanted(&value.value()))
    };
    match given(path, earlier) {
        Given::Text | Given::Label(_) if is_numeric || names(Json::is_string) => never("a text stands there"),
        Given::Fields if is_numeric || names(Json::is_object) => never("its fields stand there: name one of them"),
        Given::Label(labels) => {
            let is_label = |value: &JsonText| labels.iter().any(|label| value.value().as_str() == Some(label));
            let mut values = condition.test.values().unwrap_or_default().iter();
            match values.find(|value| !is_label(value)) {
                Some(value) => Err(format!(
                    "the condition on '{path}' names {value}, which {} never gives: its labels are {}",
                    path.origin(),
                    labels.join(", ")
                )),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn is_null(value: &JsonText) -> bool {
    value.value().is_null()
}

fn given<'a>(path: &ValuePath, earlier: &'a [ChainStep]) -> Given<'a> {
    let Some(step) = earlier.iter().find(|step| step.name == path.origin()) else {
        return Given::Unknown;
    };
    match (&step.parser, path.field()) {
        _ if path.is_text() => Given::Text,
        (StepParser::Text, _) | (StepParser::Regex { .. }, Some(_)) => Given::Text,
        (StepParser::Choice { labels }, Some(_)) => Given::Label(labels),
        (StepParser::Choice { .. } | StepParser::Regex { .. }, None) => Given::Fields,
        (StepParser::Json { .. }, _) => Given::Unknown,
    }
}

/// The output of a step is never missing where the step always ran before.
fn check_missing(condition: &Condition, all: &[&Condition], earlier: &[ChainStep]) -> Result<(), String> {
    let path = &condition.path;
    let is_whole = path.field().is_none() && path.origin() != INPUT;
    let Some(step) = earlier.iter().find(|step| step.name == path.origin()) else {
        return Ok(());
    };
    let ran = |step: &ChainStep| {
        step.when
            .iter()
            .all(|asked| all.iter().any(|known| known.implies(asked)))
    };
    if condition.test == Test::Missing && is_whole && ran(step) {
        let why = if step.when.is_empty() {
            "is never skipped"
        } else {
            "always ran where the other conditions hold"
        };
        return Err(format!("the condition on '{path}' never holds: {} {why}", step.name));
    }
    Ok(())
}

/// No condition says nothing beside another one. One that stands at an earlier step too may: it tells that the two run
/// together.
fn check_said(when: &[Condition], earlier: &[ChainStep]) -> Result<(), String> {
    for (at, condition) in when.iter().enumerate() {
        if when.iter().take(at).any(|other| other == condition) {
            return Err(format!(
                "the condition on '{}' is there twice: {condition}",
                condition.path
            ));
        }
        let is_shared = earlier.iter().any(|step| step.when.contains(condition));
        let shadow = when
            .iter()
            .find(|other| *other != condition && other.implies(condition));
        if let Some(shadow) = shadow.filter(|_| !is_shared) {
            return Err(format!(
                "of the conditions on '{}', {condition} says nothing beside {shadow}: leave it out",
                condition.path
            ));
        }
    }
    Ok(())
}

impl Test {
    /// The values that it names.
    fn values(&self) -> Option<&[JsonText]> {
        match self {
            Self::Equals(value) | Self::NotEquals(value) => Some(std::slice::from_ref(value)),
            Self::OneOf(values) => Some(values),
            _ => None,
        }
    }

    /// The values of which it must be one.
    fn allowed(&self) -> Option<&[JsonText]> {
        self.values().filter(|_| !matches!(self, Self::NotEquals(_)))
    }

    /// The bound of numbers that it sets.
    fn bound(&self) -> Option<Bound> {
        let (is_lower, value, is_within) = match self {
            Self::AtLeast(value) => (true, *value, true),
            Self::Above(value) => (true, *value, false),
            Self::AtMost(value) => (false, *value, true),
            Self::Below(value) => (false, *value, false),
            _ => return None,
        };
        Some(Bound {
            is_lower,
            value,
            is_within,
        })
    }

    /// Whether no value satisfies both.
    fn excludes(&self, other: &Self) -> bool {
        if *self == Self::Missing || *other == Self::Missing {
            return self != other;
        }
        let lacks = |allowed: &[JsonText], test: &Self| !allowed.iter().any(|value| test.holds(Some(&value.value())));
        match (self.allowed(), other.allowed(), self.bound(), other.bound()) {
            (Some(allowed), ..) => lacks(allowed, other),
            (_, Some(allowed), ..) => lacks(allowed, self),
            (_, _, Some(one), Some(other)) => one.excludes(other),
            _ => false,
        }
    }

    /// Whether every value that satisfies it satisfies the other too.
    fn implies(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        match (self.allowed(), self.bound(), other.bound()) {
            (Some(allowed), ..) => allowed.iter().all(|value| other.holds(Some(&value.value()))),
            (_, Some(one), Some(other)) => one.implies(other),
            _ => *self != Self::Missing && *other == Self::Exists,
        }
    }
}

/// A bound of a range of numbers.
#[derive(Debug, Clone, Copy)]
struct Bound {
    is_lower: bool,
    value: f64,
    /// Whether the value itself is in the range.
    is_within: bool,
}

impl Bound {
    /// Whether no number is within both.
    fn excludes(self, other: Self) -> bool {
        let (low, high) = match (self.is_lower, other.is_lower) {
            (true, false) => (self, other),
            (false, true) => (other, self),
            _ => return false,
        };
        let share_it = low.is_within && high.is_within;
        low.value > high.value || (low.value >= high.value && !share_it)
    }

    /// Whether every number within this one is within the other.
    fn implies(self, other: Self) -> bool {
        let (tight, loose) = if self.is_lower {
            (self.value, other.value)
        } else {
            (-self.value, -other.value)
        };
        let is_edge_kept = other.is_within || !self.is_within;
        self.is_lower == other.is_lower && (tight > loose || (tight >= loose && is_edge_kept))
    }
}

impl Condition {
    /// Whether the two never hold at once.
    fn excludes(&self, other: &Self) -> bool {
        if self.path == other.path {
            return self.test.excludes(&other.test);
        }
        let lacks = |missing: &Self, wanted: &Self| {
            missing.test == Test::Missing && wanted.test != Test::Missing && wanted.path.is_within(&missing.path)
        };
        lacks(self, other) || lacks(other, self)
    }

    /// Whether the other one holds wherever this one does.
    fn implies(&self, other: &Self) -> bool {
        self.path == other.path && self.test.implies(&other.test)
    }
}

#[cfg(test)]
mod tests;
