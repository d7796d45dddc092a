//! A command line that came as one text, as SSH sends it, cut into words as a POSIX shell would.

/// What a command line begins with.
const PROGRAM: &str = "pegbox";
/// The options whose values are sentences.
const SENTENCES: [&str; 4] = ["--reason", "--note", "--comment", "--description"];
/// What to do about a command line that cannot be read.
pub const QUOTING_HINT: &str = "quote it as for a shell, once more than for your own";

const BLANKS: [char; 3] = [' ', '\t', '\n'];

/// Cuts at blanks outside of quotes. Nothing is expanded: no variable, no pattern, no command.
///
/// # Errors
/// A quote is not closed, or nothing follows the last backslash.
pub fn split(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some((word, after)) = next_word(rest)? {
        words.push(word);
        rest = after;
    }
    Ok(words)
}

/// The first word of a text, and what follows it.
fn next_word(text: &str) -> Result<Option<(String, &str)>, &'static str> {
    let text = text.trim_start_matches(BLANKS);
    let mut chars = text.chars();
    let mut word = String::new();
    while let Some(c) = chars.clone().next().filter(|c| !BLANKS.contains(c)) {
        chars.next();
        match c {
            '\'' => loop {
                match chars.next().ok_or("a single quote is not closed")? {
                    '\'' => break,
                    c => word.push(c),
                }
            },
            '"' => loop {
                match chars.next().ok_or("a double quote is not closed")? {
                    '"' => break,
                    '\\' => match chars.next().ok_or("a double quote is not closed")? {
                        c @ ('"' | '\\' | '$' | '`') => word.push(c),
                        c => word.extend(['\\', c]),
                    },
                    c => word.push(c),
                }
            },
            '\\' => word.push(chars.next().ok_or("nothing follows the last backslash")?),
            c => word.push(c),
        }
    }
    Ok((!text.is_empty()).then_some((word, chars.as_str())))
}

/// The sentence at the start of a text, and what follows it. The person's own shell takes the quotes of
/// `ssh HOST ... --reason "why it isn't so"` away: then it is all up to the next option, as it stands. A sentence
/// that is still quoted is one by having a blank.
fn next_sentence(text: &str) -> (String, &str) {
    let text = text.trim_start_matches(BLANKS);
    if text.starts_with(['\'', '"'])
        && let Ok(Some((word, after))) = next_word(text)
        && (word.contains(BLANKS) || after.trim_start_matches(BLANKS).is_empty())
    {
        return (word, after);
    }
    let starts_option = |at: usize| {
        let option = text
            .get(at..)
            .and_then(|rest| rest.trim_start_matches(BLANKS).strip_prefix("--"));
        option.is_some_and(|option| option.starts_with(|c: char| c.is_ascii_lowercase()))
    };
    let end = text
        .match_indices(BLANKS)
        .map(|(at, _)| at)
        .find(|at| starts_option(*at));
    let (sentence, after) = text.split_at_checked(end.unwrap_or(text.len())).unwrap_or((text, ""));
    (sentence.split_whitespace().collect::<Vec<_>>().join(" "), after)
}

/// The words of a command line that SSH brought as one text, with the program's name first whether it was written or
/// not.
///
/// # Errors
/// Why it cannot be read.
pub fn asked(text: &[u8]) -> Result<Vec<String>, &'static str> {
    let mut rest = std::str::from_utf8(text).map_err(|_not_utf8| "it is not UTF-8")?;
    let mut words = Vec::new();
    loop {
        // With its value behind an equals sign, a sentence begins within the word.
        let start = rest.trim_start_matches(BLANKS);
        let equals = SENTENCES
            .iter()
            .find_map(|option| Some((*option, start.strip_prefix(option)?.strip_prefix('=')?)));
        if let Some((option, value)) = equals {
            let (sentence, after) = next_sentence(value);
            words.push(format!("{option}={sentence}"));
            rest = after;
            continue;
        }
        let Some((word, after)) = next_word(rest)? else { break };
        rest = after;
        let is_sentence = SENTENCES.contains(&word.as_str()) && !after.trim_start_matches(BLANKS).is_empty();
        words.push(word);
        if is_sentence {
            let (sentence, after) = next_sentence(rest);
            words.push(sentence);
            rest = after;
        }
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
        let cases: [(&str, &[&str]); 10] = [
            ("a --reason 'b c' d", &["a", "--reason", "b c", "d"]),
            ("a --reason", &["a", "--reason"]),
            (
                "a --reason it's worse, and won't do --json",
                &["a", "--reason", "it's worse, and won't do", "--json"],
            ),
            (
                r#"a --reason routing is worth "one" miss"#,
                &["a", "--reason", r#"routing is worth "one" miss"#],
            ),
            ("a --reason 'twas wrong", &["a", "--reason", "'twas wrong"]),
            (
                r#"a --reason "one" is too many"#,
                &["a", "--reason", r#""one" is too many"#],
            ),
            (
                "a --reason=the equals form --sign",
                &["a", "--reason=the equals form", "--sign"],
            ),
            (
                "a --reason='the equals form' b",
                &["a", "--reason=the equals form", "b"],
            ),
            (r"a --note c:\new -- or so", &["a", "--note", r"c:\new -- or so"]),
            ("a '--reason' b c", &["a", "--reason", "b c"]),
        ];
        for (text, words) in cases {
            assert_eq!(asked(text.as_bytes()).unwrap()[1..], *words, "{text}");
        }
        assert!(asked(b"\xff").is_err());
        for text in ["'a", "\"a", "\"a\\", "a\\"] {
            assert!(split(text).is_err(), "{text}");
        }
    }
}
