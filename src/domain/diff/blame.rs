//! Which of several contents, each made of the one before, brought each line of the last.

use super::lines::LineKind;
use super::{diff, settings};
use crate::domain::prompt::{PromptContent, Role};

/// The lines of a content with where each came from: a place in the list of contents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Blame {
    /// Each setting that is set: name, value, and the content that gave it this value.
    pub settings: Vec<(String, String, usize)>,
    /// Each message in order: who speaks, and each line with the content that brought it.
    pub messages: Vec<(Role, Vec<(String, usize)>)>,
}

/// Who brought what of the last of these contents; empty for none. A line that went and came back is the one's that
/// brought it back.
pub fn blame(contents: &[&PromptContent]) -> Blame {
    let mut blame = Blame::default();
    let mut before: Option<&PromptContent> = None;
    for (at, content) in contents.iter().enumerate() {
        blame = match before {
            Some(before) => next(&blame, before, content, at),
            None => first(content, at),
        };
        before = Some(content);
    }
    blame
}

fn first(content: &PromptContent, at: usize) -> Blame {
    let lines = |text: &str| text.split('\n').map(|line| (line.to_owned(), at)).collect();
    Blame {
        settings: settings(content)
            .into_iter()
            .map(|(name, value)| (name, value, at))
            .collect(),
        messages: content
            .messages
            .iter()
            .map(|message| (message.role, lines(&message.text)))
            .collect(),
    }
}

/// What of `new` was there already keeps its origin; the rest came with the content at `at`.
fn next(blame: &Blame, old: &PromptContent, new: &PromptContent, at: usize) -> Blame {
    let origin = |name: &str, value: &str| {
        let same = |setting: &&(String, String, usize)| setting.0 == name && setting.1 == value;
        blame.settings.iter().find(same).map_or(at, |(_, _, origin)| *origin)
    };
    let settings = settings(new).into_iter().map(|(name, value)| {
        let origin = origin(&name, &value);
        (name, value, origin)
    });
    // The diff has the messages of both sides in their order.
    let mut old_messages = blame.messages.iter();
    let mut messages = Vec::new();
    for message in diff(old, new).messages {
        let is_of = |kind: LineKind| message.lines.iter().any(|line| line.kind != kind);
        let before = if is_of(LineKind::Added) {
            old_messages.next()
        } else {
            None
        };
        if !is_of(LineKind::Removed) {
            continue;
        }
        let lines = message.lines.iter().filter(|line| line.kind != LineKind::Removed);
        let lines = lines.map(|line| {
            let number = line.old_line.and_then(|number| usize::try_from(number).ok());
            let place = number.and_then(|number| number.checked_sub(1));
            let kept = before.zip(place).and_then(|((_, lines), place)| lines.get(place));
            (line.text(), kept.map_or(at, |(_, origin)| *origin))
        });
        messages.push((message.role, lines.collect()));
    }
    Blame {
        settings: settings.collect(),
        messages,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::ModelConfig;
    use crate::domain::prompt::MessageTemplate;

    fn content(texts: &[(Role, &str)], temperature: f64) -> PromptContent {
        let mut model = ModelConfig::new("openai", "gpt-4.1");
        model.temperature = Some(temperature);
        let message = |(role, text): &(Role, &str)| MessageTemplate {
            role: *role,
            text: (*text).to_owned(),
        };
        PromptContent {
            messages: texts.iter().map(message).collect(),
            variables: Vec::new(),
            model,
        }
    }

    #[test]
    fn each_line_is_the_ones_that_brought_it() {
        let contents = [
            content(&[(Role::System, "one\ntwo\nthree"), (Role::User, "{{ input }}")], 0.2),
            content(&[(Role::System, "one\n2\nthree"), (Role::User, "{{ input }}")], 0.2),
            content(
                &[
                    (Role::Developer, "new"),
                    (Role::System, "zero\none\n2"),
                    (Role::User, "{{ input }}"),
                ],
                0.7,
            ),
            content(&[(Role::System, "zero\none\ntwo\n2"), (Role::User, "{{ input }}")], 0.7),
        ];
        let contents: Vec<&PromptContent> = contents.iter().collect();
        let found = blame(&contents);
        let lines = |lines: &[(&str, usize)]| {
            let lines = lines.iter().map(|(text, at)| ((*text).to_owned(), *at));
            lines.collect::<Vec<_>>()
        };
        assert_eq!(
            found.messages,
            [
                (Role::System, lines(&[("zero", 2), ("one", 0), ("two", 3), ("2", 1)])),
                (Role::User, lines(&[("{{ input }}", 0)])),
            ]
        );
        let temperature = found.settings.iter().find(|(name, ..)| name == "model.temperature");
        assert_eq!(
            temperature.map(|(_, value, at)| (value.as_str(), *at)),
            Some(("0.7", 2))
        );
        let provider = found.settings.iter().find(|(name, ..)| name == "model.provider");
        assert_eq!(provider.map(|(.., at)| *at), Some(0));
        assert_eq!(blame(&[]), Blame::default());
    }
}
