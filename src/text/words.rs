//! A command line that came as one text, as SSH sends it, cut into words as a POSIX shell would.

/// What a command line begins with.
const PROGRAM: &str = "pegbox";
/// The option whose value is a sentence.
const REASON: &str = "--reason";
/// What to do about a command line that cannot be read.
pub const QUOTING_HINT: &str = "quote it as for a shell, once more than for your own";

/// Cuts at blanks outside of quotes. Nothing is expanded: no variable, no pattern, no command.
///
/// # Errors
/// A quote is not closed, or nothing follows the last backslash.
pub fn split(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or("a single quote is not closed")? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or("a double quote is not closed")? {
                        '"' => break,
                        '\\' => match chars.next().ok_or("a double quote is not closed")? {
                            c @ ('"' | '\\' | '$' | '`') => word.push(c),
                            c => word.extend(['\\', c]),
                        },
                        c => word.push(c),
                    }
                }
            }
            '\\' => word
                .get_or_insert_default()
                .push(chars.next().ok_or("nothing follows the last backslash")?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Puts a reason together again. The person's own shell takes the quotes of `ssh HOST ... --reason "why it is so"`
/// away, and a reason of one word is too short to be one.
fn with_whole_reason(words: Vec<String>) -> Vec<String> {
    let mut whole: Vec<String> = Vec::new();
    let mut in_reason = false;
    for word in words {
        match whole.last_mut() {
            Some(reason) if in_reason && reason != REASON && !word.starts_with("--") => {
                reason.push(' ');
                reason.push_str(&word);
            }
            _ => {
                in_reason = word == REASON || in_reason && !word.starts_with("--");
                whole.push(word);
            }
        }
    }
    whole
}

/// The words of a command line that SSH brought as one text, with the program's name first whether it was written or
/// not.
///
/// # Errors
/// Why it cannot be read.
pub fn asked(text: &[u8]) -> Result<Vec<String>, &'static str> {
    let text = std::str::from_utf8(text).map_err(|_not_utf8| "it is not UTF-8")?;
    let mut words = split(text)?;
    if !text.contains(['\'', '"', '\\']) {
        words = with_whole_reason(words);
    }
    if words.first().is_none_or(|first| first != PROGRAM) {
        words.insert(0, PROGRAM.to_owned());
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_a_shell() {
        let cases: [(&str, &[&str]); 7] = [
            ("", &[]),
            (" status  --json\n", &["status", "--json"]),
            ("a 'b c' d", &["a", "b c", "d"]),
            (r#"--reason "it's \"bad\" \x""#, &["--reason", r#"it's "bad" \x"#]),
            (r"a\ b ''", &["a b", ""]),
            ("x'y'\"z\"", &["xyz"]),
            ("$HOME `id` *; rm", &["$HOME", "`id`", "*;", "rm"]),
        ];
        for (text, words) in cases {
            assert_eq!(split(text).unwrap(), words, "{text}");
        }
        assert_eq!(asked(b"pegbox status").unwrap(), asked(b"status").unwrap());
        assert_eq!(asked(b"").unwrap(), ["pegbox"]);
        assert_eq!(
            asked(b"release rollback x --reason it is  wrong --json").unwrap(),
            [
                "pegbox",
                "release",
                "rollback",
                "x",
                "--reason",
                "it is wrong",
                "--json"
            ]
        );
        assert_eq!(
            asked(b"a --reason 'b c' d").unwrap(),
            ["pegbox", "a", "--reason", "b c", "d"]
        );
        assert_eq!(asked(b"a --reason").unwrap(), ["pegbox", "a", "--reason"]);
        assert!(asked(b"\xff").is_err());
        for text in ["'a", "\"a", "\"a\\", "a\\"] {
            assert!(split(text).is_err(), "{text}");
        }
    }
}
