//! Rules of style that no compiler holds. Each check is a function over a file's text, and is itself checked below.

#![expect(
    clippy::unwrap_used,
    reason = "an unreadable source file should fail the test where it is read"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 500;
const LINE_COLUMNS_MAX: usize = 120;
/// Files that may be longer, each with its reason beside it.
const LONG_FILES: &[&str] = &[];
/// Names that say nothing about what a thing is for.
const EMPTY_NAMES: &[&str] = &["helper", "helpers", "util", "utils", "misc", "manager"];

/// A check gives the line (0 for the whole file) and what is wrong there.
type Check = fn(file: &str, source: &str) -> Vec<(usize, String)>;

const CHECKS: &[Check] = &[
    size,
    leftovers,
    unbounded,
    colours,
    printing,
    sleeping,
    empty_names,
    module_docs,
];

#[test]
fn every_file_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut report = String::new();
    for path in rust_files(root) {
        let file = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        // This file has to name what it looks for.
        if file == "tests/tidy.rs" {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for (line, problem) in CHECKS.iter().flat_map(|check| check(&file, &source)) {
            let _ = writeln!(report, "{file}:{line}: {problem}");
        }
    }
    assert!(report.is_empty(), "untidy:\n{report}");
}

#[test]
fn each_check_catches_what_it_should() {
    let long_file = "//! docs\n".repeat(501);
    let long_line = format!("// {}", "x".repeat(118));
    let cases: &[(Check, &str, &str, usize)] = &[
        (size, "src/a.rs", &long_file, 1),
        (size, "tests/a.rs", &long_file, 0),
        (size, "src/a.rs", &long_line, 1),
        (size, "src/a.rs", "// é", 0),
        (leftovers, "src/a.rs", "// TODO later", 1),
        (leftovers, "tests/a.rs", "a\n// FIXME\n// XXX", 2),
        (leftovers, "src/a.rs", "// a todo list, TODOS", 0),
        (unbounded, "src/a.rs", "let (a, b) = mpsc::unbounded_channel();", 1),
        (unbounded, "src/a.rs", "let (a, b) = crossbeam::unbounded();", 1),
        (
            unbounded,
            "src/a.rs",
            "fn f(unbounded: Bound<u8>) {} // no unbounded()",
            0,
        ),
        (colours, "src/tui/screens/home.rs", "Style::new().fg(Color::Red)", 1),
        (colours, "src/tui/theme.rs", "Color::Red", 0),
        (colours, "src/tui/theme/dark.rs", "Color::Red", 0),
        (colours, "src/tui/depth.rs", "ThemeColor::Red", 0),
        (printing, "src/cli/mod.rs", "    println!(\"a\");\neprint!(\"b\");", 2),
        (printing, "src/cli/output.rs", "println!(\"a\");", 0),
        (printing, "tests/a.rs", "println!(\"a\");", 0),
        (
            sleeping,
            "tests/a.rs",
            "std::thread::sleep(d);\ntokio::time::sleep(d).await;",
            2,
        ),
        (sleeping, "src/providers/retry.rs", "tokio::time::sleep(d).await;", 0),
        (empty_names, "src/a.rs", "struct RunManager;\nmod utils;", 2),
        (
            empty_names,
            "src/a.rs",
            "fn misc_things() {}\n// a helper of sorts\nlet utilisation = 1;",
            1,
        ),
        (empty_names, "src/store/utils.rs", "", 1),
        (module_docs, "src/store/mod.rs", "mod a;", 1),
        (module_docs, "src/store/mod.rs", "//! The records on disk.\n", 0),
        (module_docs, "src/store/keys.rs", "mod a;", 0),
    ];
    for (check, file, source, expected) in cases {
        let found = check(file, source);
        assert_eq!(found.len(), *expected, "{file}: {source:.60}: {found:?}");
    }
}

/// `src/`, `tests/` and `benches/`, but no fixtures.
fn rust_files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root.join("src"), root.join("tests"), root.join("benches")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
        {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// One problem for each line that the predicate holds for.
fn lines_where(source: &str, problem: &str, is_bad: impl Fn(&str) -> bool) -> Vec<(usize, String)> {
    (1..)
        .zip(source.lines())
        .filter(|(_, line)| is_bad(line))
        .map(|(number, _)| (number, problem.to_owned()))
        .collect()
}

/// The names in a line of code, without what follows `//`.
fn names(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or_default();
    code.split(|c: char| c != '_' && !c.is_alphanumeric())
        .filter(|name| !name.is_empty())
}

fn size(file: &str, source: &str) -> Vec<(usize, String)> {
    let is_table_row = |line: &str| line.trim_start().starts_with("//! |");
    let mut found = lines_where(source, "longer than 120 columns", |line| {
        line.chars().count() > LINE_COLUMNS_MAX && !is_table_row(line)
    });
    let length = source.lines().count();
    if file.starts_with("src/") && length > FILE_LINES_MAX && !LONG_FILES.contains(&file) {
        found.push((
            0,
            format!("{length} lines; split it along a seam with a name (limit {FILE_LINES_MAX})"),
        ));
    }
    found
}

fn leftovers(_: &str, source: &str) -> Vec<(usize, String)> {
    let is_leftover = |word: &str| matches!(word, "TODO" | "FIXME" | "XXX");
    lines_where(source, "unfinished work: do it, or open an issue", |line| {
        line.split(|c: char| !c.is_alphanumeric()).any(is_leftover)
    })
}

fn unbounded(_: &str, source: &str) -> Vec<(usize, String)> {
    let makers = [
        "unbounded_channel",
        "unbounded(",
        "unbounded::<",
        "UnboundedSender",
        "UnboundedReceiver",
    ];
    lines_where(source, "every channel has a bound", |line| {
        let code = line.split("//").next().unwrap_or_default();
        makers.iter().any(|maker| code.contains(maker))
    })
}

fn colours(file: &str, source: &str) -> Vec<(usize, String)> {
    if !file.starts_with("src/") || file.starts_with("src/tui/theme") {
        return Vec::new();
    }
    lines_where(source, "a colour outside the theme: name what it means there", |line| {
        let parts: Vec<&str> = line.split("Color::").collect();
        parts
            .windows(2)
            .any(|pair| !pair[0].ends_with(|c: char| c == '_' || c.is_alphanumeric()))
    })
}

fn printing(file: &str, source: &str) -> Vec<(usize, String)> {
    if !file.starts_with("src/") || file == "src/cli/output.rs" {
        return Vec::new();
    }
    lines_where(source, "prints past src/cli/output.rs", |line| {
        ["print!(", "println!(", "eprint!(", "eprintln!("]
            .iter()
            .any(|print| line.trim_start().starts_with(print))
    })
}

fn sleeping(file: &str, source: &str) -> Vec<(usize, String)> {
    if !file.starts_with("tests/") {
        return Vec::new();
    }
    lines_where(source, "a test that sleeps: wait for what it waits for", |line| {
        line.contains("thread::sleep") || line.contains("time::sleep")
    })
}

fn empty_names(file: &str, source: &str) -> Vec<(usize, String)> {
    if !file.starts_with("src/") {
        return Vec::new();
    }
    let is_empty = |name: &str| words(name).iter().any(|word| EMPTY_NAMES.contains(&word.as_str()));
    let problem = "a name that says nothing: say what it is for";
    let mut found = lines_where(source, problem, |line| names(line).any(is_empty));
    if file.trim_end_matches(".rs").split('/').any(is_empty) {
        found.push((0, problem.to_owned()));
    }
    found
}

/// The words of a snake or camel case name, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c != '_') {
            word.extend(c.to_lowercase());
        }
    }
    words
}

fn module_docs(file: &str, source: &str) -> Vec<(usize, String)> {
    let is_layer = file.starts_with("src/") && file.ends_with("/mod.rs") && file.matches('/').count() == 2;
    if is_layer && !source.starts_with("//!") {
        return vec![(
            1,
            "starts without docs: say what the layer is for, may use, and must never do".to_owned(),
        )];
    }
    Vec::new()
}
