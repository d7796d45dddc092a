//! Every `--help`, so that a changed word, option or default shows in review.

use std::fmt::Write as _;

use crate::pegbox::{Pegbox, Said};

#[test]
fn the_whole_help_tree() {
    let pegbox = Pegbox::new();
    let mut tree = String::new();
    let mut left = vec![(Vec::new(), pegbox::cli::command_tree())];
    while let Some((path, command)) = left.pop() {
        let arguments: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        let _ = writeln!(tree, "$ pegbox {}", arguments.join(" "));
        let said = Said::of(&pegbox.bare(&arguments).output().unwrap());
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{path:?}");
        let _ = writeln!(tree, "{}", said.stdout);
        let inner: Vec<_> = command
            .get_subcommands()
            .filter(|inner| inner.get_name() != "help")
            .collect();
        for inner in inner.into_iter().rev() {
            let name = inner.get_name().to_owned();
            left.push((path.iter().cloned().chain([name]).collect(), inner.clone()));
        }
    }
    insta::assert_snapshot!("help", tree);
}

#[test]
fn version_and_completions_need_no_store() {
    let pegbox = Pegbox::new();
    for arguments in [
        &["--version"][..],
        &["completions", "bash"],
        &["completions", "zsh"],
        &["keys"],
    ] {
        let said = Said::of(&pegbox.bare(arguments).output().unwrap());
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{arguments:?}");
    }
    let entries = std::fs::read_dir(pegbox.home.path()).unwrap().count();
    assert_eq!(entries, 0, "nothing was made");
}
