//! Imports point only downward, and crates with a fence stay behind it.
//!
//! The table below is the one of the code map in `src/lib.rs`. A file belongs to the layer whose folder (or `.rs` file)
//! under `src/` it is in. Comments and strings are not looked at; tests inside a layer are held to the same table.

#![expect(
    clippy::unwrap_used,
    reason = "an unreadable source file should fail the test where it is read"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Each layer and those it may use, itself apart.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("stats", &[]),
    ("text", &[]),
    ("store", &["domain"]),
    ("providers", &["domain"]),
    ("evals", &["domain", "stats", "store", "providers", "text"]),
    ("releases", &["domain", "stats", "store", "text"]),
    ("traces", &["domain", "stats", "store", "text"]),
    ("interchange", &["domain", "store", "text"]),
    (
        "workbench",
        &[
            "domain",
            "stats",
            "text",
            "store",
            "providers",
            "evals",
            "releases",
            "traces",
            "interchange",
        ],
    ),
    ("tui", &["domain", "text", "workbench"]),
    ("host", &["domain", "text", "workbench", "tui"]),
    ("api", &["domain", "text", "workbench"]),
    ("cli", &["domain", "text", "workbench", "host"]),
];

/// Crates that only these layers (or files) may name.
const FENCED: &[(&str, &[&str])] = &[
    ("sled", &["store"]),
    ("bincode", &["store"]),
    ("zstd", &["store"]),
    ("reqwest", &["providers"]),
    ("rustls", &["providers", "main.rs"]),
    ("backon", &["providers"]),
    ("ratatui", &["tui", "host"]),
    ("tui_textarea", &["tui"]),
    ("nucleo_matcher", &["tui"]),
    ("crossterm", &["host"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
];

/// Crates that these layers may not name.
const BANNED: &[(&str, &[&str])] = &[("tokio", &["tui", "domain", "stats", "text"])];

/// The files of `domain` that may hold free JSON: they turn it into text or a hash, or compare it, and store none.
const FREE_JSON_FILES: &[&str] = &[
    "src/domain/canonical.rs",
    "src/domain/condition.rs",
    "src/domain/condition_rules.rs",
    "src/domain/json.rs",
    "src/domain/same.rs",
];

#[test]
fn imports_point_only_downward() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut report = String::new();
    for path in rust_files(&root.join("src")) {
        let shown = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        for violation in violations(&shown, &std::fs::read_to_string(&path).unwrap()) {
            let _ = writeln!(report, "{violation}");
        }
    }
    assert!(report.is_empty(), "the layer table is broken:\n{report}");
}

/// The files above the store that make audit entries: each asks first whether whoever acts may, or belongs to a run
/// whose start was asked about. Nobody else can commit a change.
const MAKERS_OF_AUDIT_ENTRIES: &[&str] = &[
    "src/releases/mod.rs",
    "src/workbench/committing.rs",
    "src/workbench/mod.rs",
    "src/workbench/run_store.rs",
];

#[test]
fn audit_entries_are_made_where_permission_is_asked() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut makers: Vec<String> = rust_files(&root.join("src"))
        .into_iter()
        .filter(|path| std::fs::read_to_string(path).unwrap().contains("AuditEntry {"))
        .map(|path| path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/"))
        .filter(|path| !path.starts_with("src/store/"))
        .collect();
    makers.sort();
    assert_eq!(makers, MAKERS_OF_AUDIT_ENTRIES);
}

/// A file, what is in it, and how the one sentence about it starts.
const CAUGHT: &[(&str, &str, &str)] = &[
    (
        "src/tui/app.rs",
        "//! says\nuse crate::store::Engine;",
        "src/tui/app.rs:2: `tui` uses `store`;",
    ),
    (
        "src/tui/app.rs",
        "use crate::{\n    text,\n    store::{self, Engine},\n};",
        "src/tui/app.rs:3: `tui` uses `store`;",
    ),
    (
        "src/tui/app.rs",
        "use crate::{text::{cut, pad}, store};",
        "src/tui/app.rs:1: `tui` uses `store`;",
    ),
    (
        "src/tui/app.rs",
        "let c = '\"'; let d = crate::cli::x;",
        "src/tui/app.rs:1: `tui` uses `cli`;",
    ),
    (
        "src/tui/app.rs",
        "use crossterm::event;",
        "src/tui/app.rs:1: `tui` uses the crate `crossterm`;",
    ),
    (
        "src/tui/app.rs",
        "use tokio::time;",
        "src/tui/app.rs:1: `tui` uses the crate `tokio`;",
    ),
    (
        "src/domain/run.rs",
        "fn f() -> crate::stats::McNemar {}",
        "src/domain/run.rs:1: `domain` uses `stats`;",
    ),
    (
        "src/domain/run.rs",
        "use super::super::store::Engine;",
        "src/domain/run.rs:1: `domain` uses `store`;",
    ),
    (
        "src/domain/mod.rs",
        "use super::store::Engine;",
        "src/domain/mod.rs:1: `domain` uses `store`;",
    ),
    (
        "src/domain/run.rs",
        "use serde_json::{Map, Value};",
        "src/domain/run.rs:1: `domain` uses `serde_json::Value`;",
    ),
    (
        "src/domain/run.rs",
        "a: serde_json::Value,",
        "src/domain/run.rs:1: `domain` uses `serde_json::Value`;",
    ),
    (
        "src/host/mod.rs",
        "use crate::cli::Args;",
        "src/host/mod.rs:1: `host` uses `cli`;",
    ),
    (
        "src/evals/plan.rs",
        "let db = sled::open(path);",
        "src/evals/plan.rs:1: `evals` uses the crate `sled`;",
    ),
    (
        "src/evals/plan.rs",
        "use ::zstd;",
        "src/evals/plan.rs:1: `evals` uses the crate `zstd`;",
    ),
    (
        "src/main.rs",
        "use reqwest as http;",
        "src/main.rs:1: `main` uses the crate `reqwest`;",
    ),
];

const CLEAN: &[(&str, &str)] = &[
    ("src/tui/app.rs", "use crate::workbench::Workbench;"),
    (
        "src/tui/app.rs",
        "let c = r#\"a \" crate::cli::x\"#; fn f<'a>(x: &'a str) {}",
    ),
    (
        "src/domain/run.rs",
        "// crate::stats is for gates\nconst A: &str = \"crate::stats\";",
    ),
    (
        "src/domain/run.rs",
        "/* crate::store\n crate::store */ use crate::domain::Run;",
    ),
    ("src/domain/run.rs", "use super::store::Kept;"),
    ("src/domain/run.rs", "use serde_json::to_string;"),
    ("src/domain/canonical.rs", "use serde_json::Value;"),
    ("src/evals/plan.rs", "let sled = 1; let x = store::sled::open();"),
    ("src/lib.rs", "pub mod store;"),
    ("src/main.rs", "rustls::crypto::ring::default_provider();"),
];

#[test]
fn the_scan_catches_what_it_should() {
    for (file, source, start) in CAUGHT {
        let found = violations(file, source);
        assert!(
            found.len() == 1 && found[0].starts_with(start),
            "{source:?} in {file} gave {found:?}"
        );
    }
    for (file, source) in CLEAN {
        let found = violations(file, source);
        assert!(found.is_empty(), "{source:?} in {file} is fine, but: {found:?}");
    }
}

#[test]
fn the_table_allows_no_circle() {
    for (layer, below) in LAYERS {
        for lower in *below {
            let (_, lower_uses) = LAYERS.iter().find(|(name, _)| name == lower).unwrap();
            assert!(
                !lower_uses.contains(layer),
                "`{layer}` and `{lower}` may use each other"
            );
        }
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// One sentence for each forbidden use: where, what, and what the table says.
fn violations(file: &str, source: &str) -> Vec<String> {
    let place = file
        .strip_prefix("src/")
        .unwrap_or(file)
        .split('/')
        .next()
        .unwrap_or_default();
    let layer = place.strip_suffix(".rs").unwrap_or(place);
    let allowed = LAYERS
        .iter()
        .find(|(name, _)| *name == layer)
        .map(|(_, allowed)| *allowed);
    // How often `super` leads from the file's module to the crate's root.
    let depth = file.matches('/').count() - usize::from(file.ends_with("/mod.rs"));
    let mut found = Vec::new();
    for path in paths(source) {
        let here = format!("{file}:{}: `{layer}` uses", path.line);
        let first = path.parts.first().map_or("", String::as_str);
        if let (Some(allowed), Some(used)) = (allowed, used_layer(&path.parts, depth))
            && used != layer
            && !allowed.contains(&used)
        {
            found.push(format!("{here} `{used}`; the table lets it use {allowed:?}"));
        }
        for (name, places) in FENCED {
            if first == *name && !places.contains(&layer) && !places.contains(&place) {
                found.push(format!("{here} the crate `{name}`; the table keeps it to {places:?}"));
            }
        }
        for (name, layers) in BANNED {
            if first == *name && layers.contains(&layer) {
                found.push(format!("{here} the crate `{name}`; the table bans it from {layers:?}"));
            }
        }
        let is_free_json = first == "serde_json" && path.parts.iter().any(|part| part == "Value");
        if layer == "domain" && is_free_json && !FREE_JSON_FILES.contains(&file) {
            found.push(format!("{here} `serde_json::Value`; only {FREE_JSON_FILES:?} may"));
        }
    }
    found.dedup();
    found
}

/// The layer that a path names, from the crate's root or by climbing to it.
fn used_layer(parts: &[String], depth: usize) -> Option<&'static str> {
    let climbs = parts.iter().take_while(|part| *part == "super").count();
    let next = match parts.first()?.as_str() {
        "crate" | "pegbox" => parts.get(1)?,
        "super" if climbs >= depth => parts.get(climbs)?,
        _ => return None,
    };
    LAYERS.iter().map(|(name, _)| *name).find(|name| name == next)
}

/// A path such as `crate::store::Engine`, and the line it stands on. A group in a `use` gives one path for each leaf.
#[derive(Debug)]
struct UsedPath {
    line: usize,
    parts: Vec<String>,
}

/// Every path of two parts or more in the code, and what a `use` names; each leaf of a group by itself.
fn paths(source: &str) -> Vec<UsedPath> {
    let tokens = tokens(&without_comments_and_strings(source));
    let mut found = Vec::new();
    let mut is_after_use = false;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let mut read = Vec::new();
        at = if is_name(&token.text) {
            read_path(&tokens, at, &[], &mut read)
        } else {
            at + 1
        };
        found.extend(read.into_iter().filter(|path| is_after_use || path.parts.len() > 1));
        is_after_use = token.text == "use" || (is_after_use && token.text == "::");
    }
    found
}

/// Reads one path from a name on, with the parts of the groups around it before it; gives where reading stopped.
fn read_path(tokens: &[Token], start: usize, before: &[String], found: &mut Vec<UsedPath>) -> usize {
    let mut parts = before.to_vec();
    let mut at = start;
    let mut line = tokens.get(start).map_or(0, |token| token.line);
    while let Some(token) = tokens.get(at).filter(|token| is_name(&token.text)) {
        parts.push(token.text.clone());
        line = token.line;
        at += 1;
        if tokens.get(at).is_none_or(|token| token.text != "::") {
            break;
        }
        at += 1;
        if tokens.get(at).is_some_and(|token| token.text == "{") {
            return read_group(tokens, at + 1, &parts, found);
        }
    }
    if parts.len() > before.len() {
        found.push(UsedPath { line, parts });
    }
    at
}

fn read_group(tokens: &[Token], start: usize, before: &[String], found: &mut Vec<UsedPath>) -> usize {
    let mut at = start;
    while let Some(token) = tokens.get(at).filter(|token| token.text != "}") {
        at = if is_name(&token.text) {
            read_path(tokens, at, before, found)
        } else {
            at + 1
        };
    }
    at + 1
}

fn is_name(text: &str) -> bool {
    text != "use" && text.starts_with(|c: char| c == '_' || c.is_alphabetic())
}

struct Token {
    line: usize,
    text: String,
}

/// Names, `::`, and every other character by itself.
fn tokens(source: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (line, content) in (1..).zip(source.lines()) {
        let mut rest = content;
        while let Some(c) = rest.chars().next() {
            let word = rest
                .find(|c: char| c != '_' && !c.is_alphanumeric())
                .unwrap_or(rest.len());
            let length = if rest.starts_with("::") {
                2
            } else {
                word.max(c.len_utf8())
            };
            let (text, behind) = rest.split_at(length);
            if !text.trim().is_empty() {
                tokens.push(Token {
                    line,
                    text: text.to_owned(),
                });
            }
            rest = behind;
        }
    }
    tokens
}

/// The source with comments, strings and character literals as spaces; line breaks stay.
fn without_comments_and_strings(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let length = literal_length(rest);
        let (skipped, behind) = rest.split_at(length.unwrap_or(c.len_utf8()));
        if length.is_some() {
            out.extend(skipped.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        } else {
            out.push(c);
        }
        rest = behind;
    }
    out
}

/// The length of the comment, string or character literal that the text starts with.
fn literal_length(rest: &str) -> Option<usize> {
    let until = |end: &str, from: usize| {
        let at = rest.get(from..).and_then(|behind| behind.find(end));
        at.map_or(rest.len(), |at| from + at + end.len())
    };
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(until("*/", 2));
    }
    if let Some(raw) = rest.strip_prefix('r') {
        let quoted = raw.trim_start_matches('#');
        let hashes = raw.len() - quoted.len();
        if quoted.starts_with('"') {
            return Some(until(&format!("\"{}", "#".repeat(hashes)), hashes + 2));
        }
    }
    if rest.starts_with('"') {
        return Some(quoted_length(rest, '"'));
    }
    let mut after_quote = rest.strip_prefix('\'')?.chars();
    let (first, second) = (after_quote.next()?, after_quote.next()?);
    (first == '\\' || second == '\'').then(|| quoted_length(rest, '\''))
}

/// The length of a quoted literal, in which a backslash takes the next character along.
fn quoted_length(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}
