//! Graders made of other graders of their suite: which parts they have, and in which order all can be asked.

use std::collections::{HashMap, HashSet};

use super::DomainError;
use super::grader::{Grader, GraderKind};

impl GraderKind {
    /// The names of the graders that it is made of; none for one that looks at answers itself.
    pub fn parts(&self) -> Vec<&str> {
        match self {
            Self::AllOf { graders } | Self::AnyOf { graders } => graders.iter().map(String::as_str).collect(),
            Self::Weighted { weights, .. } => weights.iter().map(|part| part.grader.as_str()).collect(),
            Self::Not(kind) => kind.parts(),
            _ => Vec::new(),
        }
    }

    /// The key of suite files under which its parts stand.
    fn parts_key(&self) -> &'static str {
        match self {
            Self::Weighted { .. } => "weights",
            Self::Not(kind) => kind.parts_key(),
            _ => "graders",
        }
    }
}

/// The places of all graders, so ordered that the parts of a combination come before it.
///
/// # Errors
///
/// A part is no grader of the suite, or a combination is a part of itself.
pub fn order(graders: &[Grader]) -> Result<Vec<usize>, DomainError> {
    let places: HashMap<&str, usize> = graders
        .iter()
        .enumerate()
        .map(|(place, grader)| (grader.name.as_str(), place))
        .collect();
    let mut parts = Vec::with_capacity(graders.len());
    for grader in graders {
        let of_one = grader.kind.parts().into_iter().map(|name| {
            let place = places.get(name).copied();
            place.ok_or_else(|| fault(grader, format!("no grader is named '{name}'")))
        });
        parts.push(of_one.collect::<Result<Vec<usize>, _>>()?);
    }
    let mut ordered = Vec::with_capacity(graders.len());
    let mut is_placed = vec![false; graders.len()];
    loop {
        let next = (0..graders.len()).find(|place| !is_placed[*place] && parts[*place].iter().all(|p| is_placed[*p]));
        match next {
            Some(place) => {
                is_placed[place] = true;
                ordered.push(place);
            }
            None if ordered.len() == graders.len() => return Ok(ordered),
            None => return Err(circle(graders, &parts, &is_placed)),
        }
    }
}

/// The fault of the first circle. Each grader that has no place in the order has a part that has none.
fn circle(graders: &[Grader], parts: &[Vec<usize>], is_placed: &[bool]) -> DomainError {
    let mut way: Vec<usize> = Vec::new();
    let mut seen = HashSet::new();
    let mut here = is_placed.iter().position(|is_placed| !is_placed);
    while let Some(place) = here.filter(|place| seen.insert(*place)) {
        way.push(place);
        here = parts[place].iter().copied().find(|part| !is_placed[*part]);
    }
    let start = way.iter().position(|place| Some(*place) == here).unwrap_or(0);
    let names: Vec<&str> = way[start..]
        .iter()
        .chain(&here)
        .map(|place| graders[*place].name.as_str())
        .collect();
    fault(
        &graders[way[start]],
        format!("it is a part of itself: {}", names.join(" -> ")),
    )
}

fn fault(grader: &Grader, why: String) -> DomainError {
    DomainError::field(format!("grader {}.{}", grader.name, grader.kind.parts_key()), why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_of(name: &str, parts: &[&str]) -> Grader {
        let graders: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        Grader {
            name: name.into(),
            kind: if graders.is_empty() {
                GraderKind::JsonValid
            } else {
                GraderKind::Not(Box::new(GraderKind::AllOf { graders }))
            },
            step: None,
        }
    }

    #[test]
    fn parts_come_first() {
        let graders = [
            all_of("top", &["left", "right"]),
            all_of("left", &["leaf"]),
            all_of("leaf", &[]),
            all_of("right", &["leaf", "left"]),
        ];
        assert_eq!(order(&graders).unwrap(), [2, 1, 3, 0]);
        assert_eq!(order(&[]).unwrap(), Vec::<usize>::new());
    }

    #[test]
    fn circles_and_unknown_names_are_refused() {
        let message = |graders: &[Grader]| order(graders).unwrap_err().to_string();
        assert_eq!(
            message(&[
                all_of("a", &["b"]),
                all_of("b", &["c"]),
                all_of("c", &["leaf", "b"]),
                all_of("leaf", &[])
            ]),
            "grader b.graders: it is a part of itself: b -> c -> b"
        );
        assert_eq!(
            message(&[all_of("a", &["a"])]),
            "grader a.graders: it is a part of itself: a -> a"
        );
        assert_eq!(
            message(&[all_of("a", &["no"])]),
            "grader a.graders: no grader is named 'no'"
        );
    }
}
