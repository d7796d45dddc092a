//! A diff as plain text.

use std::fmt::Write;

use super::PromptDiff;
use super::lines::{DiffLine, LineKind};

/// Equal lines that are shown above and below a change.
const CONTEXT_LINES: usize = 3;

/// The diff for a terminal or a file: settings first, then the schema, then each message that changed. Empty where
/// nothing changed. The text is as untrusted as the prompts that it comes from.
pub fn unified_text(diff: &PromptDiff) -> String {
    let mut out = String::new();
    for change in &diff.settings {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "(not set)".into());
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}: {} -> {}", change.name, shown(&change.old), shown(&change.new));
    }
    push_section(&mut out, "schema", &diff.schema_lines);
    for message in &diff.messages {
        push_section(&mut out, &format!("-- {} --", message.role), &message.lines);
    }
    out
}

fn push_section(out: &mut String, title: &str, lines: &[DiffLine]) {
    if lines.iter().all(|line| line.kind == LineKind::Equal) {
        return;
    }
    let gap = if out.is_empty() { "" } else { "\n" };
    let _ = writeln!(out, "{gap}{title}");
    let mut was_shown = true;
    for (index, line) in lines.iter().enumerate() {
        let from = index.saturating_sub(CONTEXT_LINES);
        let near = lines.iter().skip(from).take(index - from + CONTEXT_LINES + 1);
        let is_shown = near.into_iter().any(|line| line.kind != LineKind::Equal);
        if is_shown {
            let sign = match line.kind {
                LineKind::Equal => ' ',
                LineKind::Added => '+',
                LineKind::Removed => '-',
            };
            let _ = writeln!(out, "{sign}{}", line.text());
        } else if was_shown {
            out.push_str("  ..\n");
        }
        was_shown = is_shown;
    }
}
