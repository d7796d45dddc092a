//! What a judge is shown.

use serde_json::{Map, Value as Json};

use crate::domain::judge::Question;
use crate::domain::prompt::PromptContent;
use crate::evals::graders::finding::Fault;
use crate::evals::graders::observed::Case;
use crate::evals::graders::words;
use crate::evals::path;
use crate::evals::render::Renderer;

/// The variable that is the expected value.
pub(super) const EXPECTED: &str = "expected";
/// The variables that every judge has.
const ALWAYS: [&str; 3] = [EXPECTED, "input", "documents"];

/// The variables that hold what is judged, each of which its prompt must show.
fn judged(question: &Question) -> &'static [&'static str] {
    match question {
        Question::Rubric { .. } | Question::Classification { .. } => &["answer"],
        Question::Pairwise { .. } | Question::AgainstBase { .. } => &["first", "second"],
    }
}

/// Checks that a prompt can be filled as the judge of this question: it shows what is judged, and uses no variable that
/// nobody fills.
///
/// # Errors
///
/// What is missing, or which variable nobody fills.
pub fn check_prompt(question: &Question, prompt: &PromptContent) -> Result<(), String> {
    let renderer = Renderer::new(prompt).map_err(|error| error.to_string())?;
    let used = renderer.used_variables();
    let judged = judged(question);
    if let Some(missing) = judged.iter().find(|name| !used.contains(**name)) {
        return Err(format!(
            "its prompt never shows what is judged: use {{{{ {missing} }}}} in a message"
        ));
    }
    let is_declared = |name: &str| prompt.variables.iter().any(|variable| variable.name == name);
    let is_filled = |name: &str| judged.contains(&name) || ALWAYS.contains(&name) || is_declared(name);
    match used.iter().find(|name| !is_filled(name)) {
        Some(unknown) => {
            let known = [judged, &ALWAYS].concat().join(", ");
            Err(format!(
                "nobody fills its variable '{unknown}': {} sees {known}, and fields of the input that it declares",
                question.kind()
            ))
        }
        None => Ok(()),
    }
}

/// The values that only a judge sees.
pub(super) fn values(question: &Question, is_swapped: bool, case: &Case) -> Result<Map<String, Json>, Fault> {
    let answer = Json::from(case.text());
    let mut values = Map::new();
    if let Ok(expected) = case.expected() {
        values.insert(EXPECTED.into(), expected.clone());
    }
    let other = match question {
        Question::Rubric { .. } | Question::Classification { .. } => {
            values.insert("answer".into(), answer);
            return Ok(values);
        }
        Question::Pairwise { expected_field, .. } => expected(expected_field.as_deref(), case)?,
        Question::AgainstBase { .. } => Json::from(case.base()?.text.as_str()),
    };
    let (first, second) = if is_swapped { (other, answer) } else { (answer, other) };
    values.insert("first".into(), first);
    values.insert("second".into(), second);
    Ok(values)
}

/// The expected answer that a pairwise judge compares with.
fn expected(field: Option<&str>, case: &Case) -> Result<Json, Fault> {
    let expected = match field {
        None => Some(case.expected()?),
        Some(field) => path::at(case.expected()?, field),
    };
    let expected = expected.ok_or_else(|| {
        let field = field.unwrap_or_default();
        Fault::label(format!(
            "the example has no expected value for '{field}': a label problem"
        ))
    })?;
    Ok(Json::from(words::plain(expected)))
}
