//! The model called the right tools with the right arguments.
//!
//! Calls count over all turns, in the order in which the model wrote them. Arguments are compared as JSON.

use serde_json::{Map, Value as Json};

use super::finding::{Fault, Finding};
use super::observed::Case;
use super::words::{cut, expected_got, shown};
use crate::domain::grader::{ArgumentRule, CallOrder, CaseRule, ExpectedCall};
use crate::domain::outcome::ToolCall;
use crate::domain::same::same;

/// Longest call in an explanation, in characters.
const CALL_CHARS_MAX: usize = 90;

pub(super) struct ToolCalls {
    /// From the example's expected value where not given.
    pub(super) calls: Option<Vec<ExpectedCall>>,
    pub(super) expected_field: Option<String>,
    pub(super) arguments: ArgumentRule,
    pub(super) order: CallOrder,
}

/// An expected call, ready to compare.
struct Wanted {
    name: String,
    arguments: Option<Json>,
}

impl From<&ExpectedCall> for Wanted {
    fn from(call: &ExpectedCall) -> Self {
        Self {
            name: call.name.clone(),
            arguments: call.arguments.as_ref().map(crate::domain::json::JsonText::value),
        }
    }
}

/// A call that was made; its arguments are `None` where they are no JSON.
struct Made<'a> {
    call: &'a ToolCall,
    arguments: Option<Json>,
}

impl<'a> From<&'a ToolCall> for Made<'a> {
    fn from(call: &'a ToolCall) -> Self {
        let text = call.arguments.trim();
        // Some providers send nothing for a tool that takes nothing.
        let text = if text.is_empty() { "{}" } else { text };
        Self {
            call,
            arguments: serde_json::from_str(text).ok(),
        }
    }
}

impl ToolCalls {
    pub(super) fn grade(&self, case: &Case) -> Finding {
        let wanted = self.wanted(case)?;
        let made: Vec<Made> = case.observed.tool_calls.iter().map(Made::from).collect();
        if let (Some(first), []) = (wanted.first(), &*made) {
            return Err(Fault::tool(format!(
                "expected {}, but no tool was called",
                first.shown()
            )));
        }
        let fault = match self.order {
            CallOrder::Exact => self.in_order(&wanted, &made),
            CallOrder::Any => self.in_any_order(&wanted, &made),
            CallOrder::Contained => self.contained(&wanted, &made),
        };
        match (fault, &*made) {
            (Some(why), _) => Err(Fault::tool(why)),
            (None, []) => Ok("no tool was called".into()),
            (None, [one]) => Ok(format!("called {}", one.shown())),
            (None, [first, ..]) => Ok(format!("{} calls, the first {}", made.len(), first.shown())),
        }
    }

    fn wanted(&self, case: &Case) -> Result<Vec<Wanted>, Fault> {
        if let Some(calls) = &self.calls {
            return Ok(calls.iter().map(Wanted::from).collect());
        }
        let expected = case.expected_at(None, self.expected_field.as_deref())?;
        match ExpectedCall::list(&expected.to_string()) {
            Ok(calls) => Ok(calls.iter().map(Wanted::from).collect()),
            Err(error) => Err(Fault::label(format!("a label problem: {error}"))),
        }
    }

    fn in_order(&self, wanted: &[Wanted], made: &[Made]) -> Option<String> {
        let differs = (1..)
            .zip(wanted.iter().zip(made))
            .find_map(|(number, (want, made))| Some(format!("call {number}: {}", self.difference(want, made)?)));
        differs.or_else(|| {
            let missing = wanted.get(made.len()).map(|want| {
                let number = made.len() + 1;
                format!("call {number}, {}, was not made", want.shown())
            });
            let surplus = made.get(wanted.len()).map(|made| {
                let number = wanted.len() + 1;
                format!("call {number}, {}, was not expected", made.shown())
            });
            missing.or(surplus)
        })
    }

    fn in_any_order(&self, wanted: &[Wanted], made: &[Made]) -> Option<String> {
        let fits: Vec<Vec<bool>> = wanted
            .iter()
            .map(|want| made.iter().map(|made| self.difference(want, made).is_none()).collect())
            .collect();
        let taken_by = matching(&fits, made.len());
        let is_free = |place: &usize| taken_by.get(*place).is_some_and(Option::is_none);
        let missing = (0..wanted.len()).find(|place| !taken_by.contains(&Some(*place)));
        if let Some(want) = missing.and_then(|place| wanted.get(place)) {
            let mut free = (0..made.len()).filter(is_free).filter_map(|place| made.get(place));
            let near = free.find(|made| made.call.name == want.name);
            return Some(self.missing(want, near));
        }
        let surplus = (0..made.len()).find(is_free).and_then(|place| made.get(place))?;
        Some(format!("{} was not expected", surplus.shown()))
    }

    /// Taking the first call that fits leaves the most calls for the rest, so nothing else has to be tried.
    fn contained(&self, wanted: &[Wanted], made: &[Made]) -> Option<String> {
        let mut rest = made.iter();
        let place = wanted
            .iter()
            .position(|want| !rest.any(|made| self.difference(want, made).is_none()))?;
        let missing = wanted.get(place)?;
        let before = place.checked_sub(1).and_then(|before| wanted.get(before));
        let is_elsewhere = made.iter().any(|made| self.difference(missing, made).is_none());
        Some(match before {
            Some(before) if is_elsewhere => format!("{} was not called after {}", missing.shown(), before.shown()),
            _ => self.missing(missing, made.iter().find(|made| made.call.name == missing.name)),
        })
    }

    /// That a call was not made, with what is wrong with the one that is nearest to it.
    fn missing(&self, want: &Wanted, near: Option<&Made>) -> String {
        let why = near.and_then(|made| self.difference(want, made));
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        format!("{} was not called{why}", want.shown())
    }

    /// Why a call is not the expected one; `None` where it is.
    fn difference(&self, want: &Wanted, made: &Made) -> Option<String> {
        if want.name != made.call.name {
            return Some(format!("expected {}, got {}", want.shown(), made.shown()));
        }
        let expected = want.arguments.as_ref()?.as_object()?;
        let Some(Json::Object(got)) = &made.arguments else {
            let arguments = shown(&Json::from(cut(&made.call.arguments, CALL_CHARS_MAX)));
            return Some(format!(
                "the arguments of {} are no JSON object: {arguments}",
                want.name
            ));
        };
        let why = argument_difference(expected, got, self.arguments)?;
        Some(format!("{}: {why}", want.name))
    }
}

fn argument_difference(expected: &Map<String, Json>, got: &Map<String, Json>, rule: ArgumentRule) -> Option<String> {
    let differs = expected.iter().find_map(|(name, want)| match got.get(name) {
        None => Some(format!("argument '{name}' is missing")),
        Some(have) if same(want, have, CaseRule::Sensitive) => None,
        Some(have) => Some(format!("argument '{name}': {}", expected_got(want, have))),
    });
    differs.or_else(|| {
        let surplus = got.keys().find(|name| !expected.contains_key(*name))?;
        (rule == ArgumentRule::Exact).then(|| format!("argument '{surplus}' was not expected"))
    })
}

impl Wanted {
    fn shown(&self) -> String {
        let arguments = self.arguments.as_ref().map_or("...".to_owned(), Json::to_string);
        call_shown(&self.name, &arguments)
    }
}

impl Made<'_> {
    fn shown(&self) -> String {
        let arguments = self.arguments.as_ref().map(Json::to_string);
        call_shown(&self.call.name, arguments.as_deref().unwrap_or(&self.call.arguments))
    }
}

fn call_shown(name: &str, arguments: &str) -> String {
    cut(&format!("{name}({arguments})"), CALL_CHARS_MAX)
}

/// Gives as many rows as can be a column of their own among those that fit them; says for each column which row took
/// it. (Augmenting paths: H. W. Kuhn, Naval Research Logistics Quarterly 2, 1955.) Each row moves others at most once
/// through every column.
fn matching(fits: &[Vec<bool>], column_count: usize) -> Vec<Option<usize>> {
    let mut taken_by = vec![None; column_count];
    for row in 0..fits.len() {
        let mut came_from: Vec<Option<usize>> = vec![None; column_count];
        let mut rows = vec![row];
        let mut end = None;
        while let Some(row) = rows.pop().filter(|_| end.is_none()) {
            for column in 0..column_count {
                if !fits[row][column] || came_from[column].is_some() {
                    continue;
                }
                came_from[column] = Some(row);
                let Some(owner) = taken_by[column] else {
                    end = Some(column);
                    break;
                };
                rows.push(owner);
            }
        }
        // Along the way back, each row takes the column through which it was reached and gives up its own.
        while let Some(column) = end {
            let Some(owner) = came_from[column] else { break };
            let given_up = taken_by.iter().position(|taken| *taken == Some(owner));
            taken_by[column] = Some(owner);
            end = given_up;
        }
    }
    taken_by
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matching_moves_rows_that_have_a_choice() {
        // The first row fits both columns and would take the only one of the second.
        let taken = matching(&[vec![true, true], vec![true, false]], 2);
        assert_eq!(taken, [Some(1), Some(0)]);
        // A chain of moves.
        let fits = [
            vec![true, true, false],
            vec![false, true, true],
            vec![true, false, false],
        ];
        assert_eq!(matching(&fits, 3), [Some(2), Some(0), Some(1)]);
        assert_eq!(matching(&[vec![], vec![]], 0), []);
        let one = matching(&[vec![true], vec![true]], 1);
        assert_eq!(one, [Some(0)]);
    }
}
