//! A chain: several prompts, one after the other, with the conditions that route between them.
//!
//! Steps run in their order, each at most once, and look back only: so a chain always ends. A step whose conditions do
//! not all hold is skipped. Nobody reads what a skipped step would have said: an input that comes from a step that may
//! be skipped either has a default, or belongs to a step that runs only where the other one ran.

use serde::{Deserialize, Serialize};

use super::DomainError;
use super::actor::Actor;
use super::condition::{Condition, Test};
use super::condition_rules::check_conditions;
use super::hash::ContentHash;
use super::ids::{ChainVersionId, PromptName, VersionId};
use super::json::{JsonText, SourceJson};
use super::reason::Reason;
use super::time::Timestamp;
use super::value_path::{INPUT, ValuePath};
use super::version::verify_hash;

/// Most steps of a chain: each is a request that waits for the one before.
pub const STEPS_MAX: usize = 50;
/// Most inputs, conditions, choices or tools of one step.
const ENTRIES_MAX: usize = 100;
/// Longest name of a step, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// What fills a variable of a step's prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepValue {
    /// What stands at a place of the input or of an earlier step's output.
    From {
        /// The place.
        path: ValuePath,
        /// What stands in for it where it is missing; without one its absence is an error.
        default: Option<JsonText>,
    },
    /// Always the same.
    Literal(JsonText),
}

/// One input of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepInput {
    /// The variable of the step's prompt.
    pub variable: String,
    /// What fills it.
    pub value: StepValue,
}

/// What a step makes of the text of its answer, for later steps and for graders.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepParser {
    /// The text itself.
    #[default]
    Text,
    /// The text as JSON.
    Json {
        /// What it must be like.
        schema: Option<SourceJson>,
    },
    /// What a regular expression finds in it: a field for each named group; without any, the field `match` with the
    /// first group, or with all that was matched.
    Regex {
        /// The expression.
        pattern: String,
    },
    /// One of some labels, which is all that the text says: the field `label`. Case, blank space, quotation marks and a
    /// full stop around it do not count.
    Choice {
        /// The labels.
        labels: Vec<String>,
    },
}

impl StepParser {
    /// The word in files and on screens.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json { .. } => "json",
            Self::Regex { .. } => "regex",
            Self::Choice { .. } => "choice",
        }
    }
}

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChainStep {
    /// The step's name within the chain.
    pub name: String,
    /// The prompt version that it runs.
    pub version: VersionId,
    /// How the variables of the prompt are filled. It sees nothing else of the example but its documents.
    pub inputs: Vec<StepInput>,
    /// The step runs if every one of them holds.
    pub when: Vec<Condition>,
    /// What is made of its answer.
    pub parser: StepParser,
    /// Names of the prompt's tools that this step may call; all of them where not given.
    pub tools: Option<Vec<String>>,
}

/// The content of a chain version: what is hashed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChainContent {
    /// What it is for, in a sentence.
    pub description: String,
    /// The steps in order.
    pub steps: Vec<ChainStep>,
    /// Where the chain's answer stands; the last step that ran gives it where not given.
    pub answer: Option<ValuePath>,
}

/// One immutable version of a chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChainVersion {
    /// Its id.
    pub id: ChainVersionId,
    /// Its steps.
    pub content: ChainContent,
    /// SHA-256 over the canonical JSON of `content`.
    pub content_hash: ContentHash,
    /// Who made it.
    pub author: Actor,
    /// Why.
    pub reason: Reason,
    /// When.
    pub committed_at: Timestamp,
}

impl ChainVersion {
    /// Builds a chain version whose content keeps the rules.
    pub fn new(
        id: ChainVersionId,
        content: ChainContent,
        author: Actor,
        reason: Reason,
        committed_at: Timestamp,
    ) -> Result<Self, DomainError> {
        content.check()?;
        let content_hash = ContentHash::of(&content)?;
        Ok(Self {
            id,
            content,
            content_hash,
            author,
            reason,
            committed_at,
        })
    }

    /// Checks that the content is the one that was hashed.
    pub fn verify(&self) -> Result<(), DomainError> {
        verify_hash(&self.id, self.content_hash, ContentHash::of(&self.content)?)
    }
}

impl ChainStep {
    /// The paths that it reads.
    pub fn reads(&self) -> impl Iterator<Item = &ValuePath> {
        let inputs = self.inputs.iter().filter_map(|input| match &input.value {
            StepValue::From { path, .. } => Some(path),
            StepValue::Literal(_) => None,
        });
        inputs.chain(self.when.iter().map(|condition| &condition.path))
    }

    /// Whether it runs only where `other` ran: `other` always runs, or all its conditions are among those of this one,
    /// or one of these says that its output exists.
    fn needs(&self, other: &Self) -> bool {
        let is_asked = |condition: &Condition| condition.path.origin() == other.name && condition.test != Test::Missing;
        self.when.iter().any(is_asked) || other.when.iter().all(|condition| self.when.contains(condition))
    }

    fn fault(&self, why: impl Into<String>) -> DomainError {
        DomainError::field(format!("step {}", self.name), why)
    }

    /// The rules that look at this step alone.
    fn check(&self) -> Result<(), DomainError> {
        let labels = match &self.parser {
            StepParser::Choice { labels } => labels.as_slice(),
            _ => &[],
        };
        let tools = self.tools.as_deref().unwrap_or_default();
        for (what, count) in [
            ("inputs", self.inputs.len()),
            ("conditions", self.when.len()),
            ("labels", labels.len()),
            ("tools", tools.len()),
        ] {
            if count > ENTRIES_MAX {
                return Err(self.fault(format!("{count} {what}, at most {ENTRIES_MAX}")));
            }
        }
        let variables: Vec<&str> = self.inputs.iter().map(|input| input.variable.as_str()).collect();
        if let Some(name) = twice(&variables) {
            return Err(self.fault(format!("the variable '{name}' is mapped twice")));
        }
        for condition in &self.when {
            condition.check().map_err(|why| self.fault(why))?;
        }
        if let StepParser::Choice { labels } = &self.parser {
            let bare: Vec<String> = labels.iter().map(|label| bare_label(label)).collect();
            let bare: Vec<&str> = bare.iter().map(String::as_str).collect();
            if labels.len() < 2 || bare.contains(&"") {
                return Err(self.fault("a choice needs two labels or more, and none that is empty"));
            }
            if let Some(label) = twice(&bare) {
                return Err(self.fault(format!("the label '{label}' is there twice")));
            }
        }
        Ok(())
    }
}

/// What counts of a label, and of an answer that is to be one.
pub fn bare_label(text: &str) -> String {
    let marks = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '.');
    text.trim_matches(marks).to_lowercase()
}

/// The first name that stands twice.
fn twice<'a>(names: &[&'a str]) -> Option<&'a str> {
    let mut places = names.iter().enumerate();
    places
        .find(|(at, name)| names.iter().take(*at).any(|earlier| earlier == *name))
        .map(|(_, name)| *name)
}

/// Names are written into paths, so they hold no dots and brackets.
fn is_step_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(is_plain)
}

impl ChainContent {
    /// The step of this name.
    pub fn step(&self, name: &str) -> Option<&ChainStep> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// The versions of a prompt that its steps run.
    pub fn versions_of<'a>(&'a self, prompt: &'a PromptName) -> impl Iterator<Item = &'a VersionId> {
        let versions = self.steps.iter().map(|step| &step.version);
        versions.filter(move |version| &version.prompt == prompt)
    }

    /// The same chain with every step of the prompt on this version.
    #[must_use]
    pub fn with_version(&self, version: &VersionId) -> Self {
        let mut content = self.clone();
        for step in &mut content.steps {
            if step.version.prompt == version.prompt {
                step.version = version.clone();
            }
        }
        content
    }

    /// Checks what can be known without the prompts.
    pub fn check(&self) -> Result<(), DomainError> {
        if self.steps.is_empty() {
            return Err(DomainError::field("steps", "there is none"));
        }
        if self.steps.len() > STEPS_MAX {
            let count = self.steps.len();
            return Err(DomainError::field(
                "steps",
                format!("{count} of them, at most {STEPS_MAX}"),
            ));
        }
        for (index, step) in self.steps.iter().enumerate() {
            let earlier = self.steps.get(..index).unwrap_or_default();
            if step.name == INPUT || !is_step_name(&step.name) {
                let why = "is no name of a step: use letters, digits, _ and -, and not input";
                return Err(DomainError::field("steps.name", format!("'{}' {why}", step.name)));
            }
            if earlier.iter().any(|other| other.name == step.name) {
                return Err(DomainError::field(
                    "steps.name",
                    format!("'{}' is there twice", step.name),
                ));
            }
            step.check()?;
            for path in step.reads() {
                self.check_path(path, earlier).map_err(|why| step.fault(why))?;
            }
            for input in &step.inputs {
                check_default(step, input, earlier).map_err(|why| step.fault(why))?;
            }
            check_conditions(step, earlier).map_err(|why| step.fault(why))?;
        }
        self.check_answer().map_err(|why| DomainError::field("answer", why))
    }

    /// A path leads to the input or into what an earlier step gives.
    fn check_path(&self, path: &ValuePath, earlier: &[ChainStep]) -> Result<(), String> {
        if path.origin() == INPUT {
            return Ok(());
        }
        let Some(step) = earlier.iter().find(|step| step.name == path.origin()) else {
            let is_later = self.step(path.origin()).is_some();
            return Err(if is_later {
                format!("'{path}' looks ahead: a step sees the input and the steps before it")
            } else {
                format!("'{path}' is of no step: write input.FIELD or STEP.FIELD")
            });
        };
        let field = path.field();
        match &step.parser {
            StepParser::Text if field.is_some() => Err(format!(
                "'{path}': {} gives text, which has no fields: read {}.text",
                step.name, step.name
            )),
            StepParser::Choice { .. } if !matches!(field, None | Some("label")) => Err(format!(
                "'{path}': {} gives a choice: read {}.label",
                step.name, step.name
            )),
            _ => Ok(()),
        }
    }

    /// The answer stands in a step that always runs: an example whose route has no answer could not be graded.
    fn check_answer(&self) -> Result<(), String> {
        let Some(path) = &self.answer else { return Ok(()) };
        if path.origin() == INPUT {
            return Err(format!("'{path}' is of the input: the answer is what a step gives"));
        }
        self.check_path(path, &self.steps)?;
        match self.step(path.origin()) {
            Some(step) if !step.when.is_empty() => Err(format!(
                "{} may be skipped: leave the answer out, and the last step that ran gives it",
                step.name
            )),
            _ => Ok(()),
        }
    }
}

/// An input from a step that may be skipped has a default, or the two steps run together.
fn check_default(step: &ChainStep, input: &StepInput, earlier: &[ChainStep]) -> Result<(), String> {
    let StepValue::From { path, default: None } = &input.value else {
        return Ok(());
    };
    match earlier.iter().find(|other| other.name == path.origin()) {
        Some(other) if !step.needs(other) => Err(format!(
            "'{}' comes from {}, which may be skipped: give it a default, or this step the same conditions",
            input.variable, other.name
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str, from: &str) -> ChainStep {
        ChainStep {
            name: name.into(),
            version: "support_triage_v1".parse().unwrap(),
            inputs: vec![StepInput {
                variable: "ticket".into(),
                value: StepValue::From {
                    path: from.parse().unwrap(),
                    default: None,
                },
            }],
            when: Vec::new(),
            parser: StepParser::Json { schema: None },
            tools: None,
        }
    }

    fn when(mut step: ChainStep, path: &str, test: Test) -> ChainStep {
        let path = path.parse().unwrap();
        step.when.push(Condition { path, test });
        step
    }

    fn fault(steps: Vec<ChainStep>, answer: Option<&str>) -> Option<String> {
        let content = ChainContent {
            description: String::new(),
            steps,
            answer: answer.map(|path| path.parse().unwrap()),
        };
        content.check().err().map(|error| error.to_string())
    }

    fn is(text: &str) -> Test {
        Test::Equals(JsonText::string(text))
    }

    #[test]
    fn steps_look_back_only() {
        let none = |steps| fault(steps, None);
        assert_eq!(
            none(vec![step("route", "input.ticket"), step("reply", "route.text")]),
            None
        );
        let ahead = none(vec![step("route", "reply.text"), step("reply", "input.ticket")]).unwrap();
        assert!(ahead.starts_with("step route: 'reply.text' looks ahead"), "{ahead}");
        let own = none(vec![step("route", "route.text")]).unwrap();
        assert!(own.contains("looks ahead"), "{own}");
        let unknown = none(vec![step("route", "rout.text")]).unwrap();
        assert!(unknown.contains("is of no step"), "{unknown}");
        let twice = none(vec![step("a", "input.x"), step("a", "input.x")]).unwrap();
        assert_eq!(twice, "steps.name: 'a' is there twice");
        for name in ["", "input", "a.b", "a b", "a[0]", "ü"] {
            assert!(none(vec![step(name, "input.x")]).is_some(), "{name}");
        }
        assert!(none(Vec::new()).is_some());
        let many = (0..=STEPS_MAX).map(|at| step(&format!("s{at}"), "input.x")).collect();
        assert_eq!(none(many).unwrap(), "steps: 51 of them, at most 50");
    }

    #[test]
    fn an_input_from_a_step_that_may_be_skipped_needs_a_default_or_the_same_conditions() {
        let route = || step("route", "input.ticket");
        let refund = || when(step("refund", "input.ticket"), "route.topic", is("billing"));
        let reply = || step("reply", "refund.text");
        let refused = fault(vec![route(), refund(), reply()], None).unwrap();
        assert!(
            refused.contains("'ticket' comes from refund, which may be skipped"),
            "{refused}"
        );
        let same = when(reply(), "route.topic", is("billing"));
        assert_eq!(fault(vec![route(), refund(), same], None), None);
        let other = when(reply(), "route.topic", is("technical"));
        assert!(fault(vec![route(), refund(), other], None).is_some());
        let asked = when(reply(), "refund", Test::Exists);
        assert_eq!(fault(vec![route(), refund(), asked], None), None);
        let absent = when(reply(), "refund", Test::Missing);
        assert!(fault(vec![route(), refund(), absent], None).is_some());
        let mut with_default = reply();
        with_default.inputs[0].value = StepValue::From {
            path: "refund.text".parse().unwrap(),
            default: Some(JsonText::string("none")),
        };
        assert_eq!(fault(vec![route(), refund(), with_default], None), None);
    }

    #[test]
    fn the_answer_and_the_fields_of_a_step_are_those_that_it_gives() {
        let route = || step("route", "input.ticket");
        let choice = || ChainStep {
            parser: StepParser::Choice {
                labels: vec!["billing".into(), "Technical".into()],
            },
            ..route()
        };
        let text = || ChainStep {
            parser: StepParser::Text,
            ..route()
        };
        assert_eq!(fault(vec![route()], Some("route.topic")), None);
        assert!(fault(vec![route()], Some("input.ticket")).is_some());
        assert!(fault(vec![when(route(), "input.kind", is("mail"))], Some("route")).is_some());
        assert_eq!(fault(vec![choice(), step("b", "route.label")], None), None);
        let no_field = fault(vec![choice(), step("b", "route.topic")], None).unwrap();
        assert!(no_field.contains("read route.label"), "{no_field}");
        let no_field = fault(vec![text(), step("b", "route.topic")], None).unwrap();
        assert!(no_field.contains("read route.text"), "{no_field}");
        let same = StepParser::Choice {
            labels: vec!["a".into(), "A.".into()],
        };
        assert!(
            fault(
                vec![ChainStep {
                    parser: same,
                    ..route()
                }],
                None
            )
            .is_some()
        );
    }

    #[test]
    fn another_version_replaces_every_step_of_its_prompt() {
        let content = ChainContent {
            description: String::new(),
            steps: vec![step("a", "input.x"), step("b", "input.x")],
            answer: None,
        };
        let version: VersionId = "support_triage_v2".parse().unwrap();
        let bumped = content.with_version(&version);
        assert_eq!(
            bumped.versions_of(&version.prompt).filter(|id| **id == version).count(),
            2
        );
        let other: VersionId = "other_v2".parse().unwrap();
        assert_eq!(content.with_version(&other), content);
    }
}
