//! `pegbox diff`: what changed between two versions or drafts.

use serde_json::{Value, json};

use super::Context;
use crate::cli::args::DiffArgs;
use crate::cli::exit::CliError;
use crate::cli::output::{Plain, Reply};
use crate::domain::diff::{DiffLine, LineKind, PromptDiff, unified_text};
use crate::workbench::{DiffView, PromptRef};

/// Settings first, then the schema, then the messages.
pub fn diff(args: &DiffArgs, context: &Context<'_>) -> Result<Reply, CliError> {
    let (old, new) = references(&args.versions)?;
    let view = context.workbench.diff(&old, &new)?;
    Ok(Reply::done(diff_document(&view), diff_text(Plain::new(), &view)))
}

/// Old and new, where the prompt may stand before both, or in only one of them.
fn references(words: &[String]) -> Result<(PromptRef, PromptRef), CliError> {
    let (prompt, old, new) = match words {
        [old, new] => (None, old, new),
        [prompt, old, new] => (Some(prompt.clone()), old, new),
        _ => {
            return Err(CliError::invalid(
                "a diff has an old and a new side",
                "name two versions or drafts",
            ));
        }
    };
    let prompt = prompt.or_else(|| [old, new].into_iter().find_map(|word| prompt_of(word)));
    let whole = |word: &str| match &prompt {
        Some(prompt) if is_bare_number(word) => PromptRef::parse(&format!("{prompt}_{word}")),
        Some(prompt) if word == "draft" => PromptRef::parse(prompt),
        None if is_bare_number(word) => Err(crate::workbench::WorkbenchError::invalid(
            format!("{word} of which prompt?"),
            format!("name the prompt too: pegbox diff support_triage {old} {new}"),
        )),
        _ => PromptRef::parse(word),
    };
    Ok((whole(old)?, whole(new)?))
}

/// The prompt that a whole reference names.
fn prompt_of(word: &str) -> Option<String> {
    match PromptRef::parse(word).ok()? {
        PromptRef::Version(id) => Some(id.prompt.to_string()),
        PromptRef::Draft(name) if !is_bare_number(word) && word != "draft" => Some(name.to_string()),
        PromptRef::Draft(_) => None,
    }
}

/// Whether the word is `v12`.
fn is_bare_number(word: &str) -> bool {
    let digits = word.strip_prefix('v').unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A diff as text.
pub fn diff_text(text: Plain, view: &DiffView) -> Plain {
    let text = text.line(format!("--- {}", view.old)).line(format!("+++ {}", view.new));
    if view.diff.is_empty() {
        return text.line("no difference");
    }
    text.block(&unified_text(&view.diff))
}

/// A diff for machines, with what it is between.
pub fn diff_document(view: &DiffView) -> Value {
    let mut document = json!({ "old": view.old, "new": view.new });
    if let (Value::Object(document), Value::Object(diff)) = (&mut document, prompt_diff_document(&view.diff)) {
        document.extend(diff);
    }
    document
}

/// Every setting, and every line that is not in both.
pub fn prompt_diff_document(diff: &PromptDiff) -> Value {
    let settings = diff
        .settings
        .iter()
        .map(|change| json!({ "name": change.name, "old": change.old, "new": change.new }));
    let messages = diff
        .messages
        .iter()
        .map(|message| json!({ "role": message.role, "lines": lines_document(&message.lines) }));
    let counts = diff.counts();
    json!({
        "added_lines": counts.added_lines,
        "removed_lines": counts.removed_lines,
        "settings": settings.collect::<Vec<_>>(),
        "schema": lines_document(&diff.schema_lines),
        "messages": messages.collect::<Vec<_>>(),
    })
}

fn lines_document(lines: &[DiffLine]) -> Value {
    let changed = lines.iter().filter(|line| line.kind != LineKind::Equal);
    let document = |line: &DiffLine| {
        let kind = if line.kind == LineKind::Added {
            "added"
        } else {
            "removed"
        };
        json!({ "kind": kind, "old_line": line.old_line, "new_line": line.new_line, "text": line.text() })
    };
    changed.map(document).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prompt_is_named_once() {
        let read = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            references(&words)
                .map(|(old, new)| format!("{old} | {new}"))
                .map_err(|error| error.to_string())
        };
        let both = Ok("triage_v11 | triage_v12".to_owned());
        assert_eq!(read(&["triage_v11", "triage_v12"]), both);
        assert_eq!(read(&["triage_v11", "v12"]), both);
        assert_eq!(read(&["v11", "triage_v12"]), both);
        assert_eq!(read(&["triage", "v11", "v12"]), both);
        assert_eq!(read(&["triage", "v12"]), Ok("triage draft | triage_v12".to_owned()));
        assert_eq!(
            read(&["triage", "v12", "draft"]),
            Ok("triage_v12 | triage draft".to_owned())
        );
        assert_eq!(read(&["v11", "v12"]), Err("v11 of which prompt?".to_owned()));
        assert!(read(&["Triage", "v12"]).is_err());
    }
}
