//! A new run, step by step: which version, on which data, with which checks, how. Several screens offer it.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use super::panes::duration_text;
use super::{run_figures, run_settings};
use crate::domain::dataset::DatasetVersion;
use crate::domain::ids::{DatasetVersionId, PromptName, SuiteVersionId, VersionId};
use crate::domain::promotion::Environment;
use crate::domain::run::{InFlight, Run, RunSettings, RuntimeContext};
use crate::domain::suite::SuiteVersion;
use crate::domain::time::Timestamp;
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::overlays::choose::{Choice, Chosen, Entry};
use crate::tui::overlays::form::{Filled, Form};
use crate::workbench::{Answer, Fault, PromptSummary, Request, RunEstimate, StartRun, SubjectId};

const VERSION: &str = "run_start.version";
const DATASET: &str = "run_start.dataset";
const SUITE: &str = "run_start.suite";
const SETTINGS: &str = "run_start.settings";
const MORE: &str = "run_start.more";
const RECORDED: &str = "run_start.recorded";

/// What is known before the first question: named parts are not asked about, the rest says what is offered first.
#[derive(Debug, Clone)]
pub struct RunWish {
    /// The prompt whose versions come first.
    pub prompt: Option<PromptName>,
    /// The prompt version or chain version.
    pub subject: Option<SubjectId>,
    /// The dataset version.
    pub dataset: Option<DatasetVersionId>,
    /// The suite version.
    pub suite: Option<SuiteVersionId>,
    /// The dataset version that comes first.
    pub dataset_first: Option<DatasetVersionId>,
    /// The suite version that comes first.
    pub suite_first: Option<SuiteVersionId>,
    /// The version to compare with; what is live, or the version's base, where not given.
    pub base: Option<VersionId>,
    /// Where the version counts as tested; where it is live, or `experiment`, where not given.
    pub environment: Option<Environment>,
    /// What surrounds it.
    pub context: RuntimeContext,
    /// How requests are sent.
    pub settings: RunSettings,
}

impl Default for RunWish {
    fn default() -> Self {
        Self {
            prompt: None,
            subject: None,
            dataset: None,
            suite: None,
            dataset_first: None,
            suite_first: None,
            base: None,
            environment: None,
            context: RuntimeContext::default(),
            settings: RunSettings::default().with_in_flight(InFlight::Auto),
        }
    }
}

impl RunWish {
    /// The run, once all of it is known.
    fn start(self) -> Option<StartRun> {
        Some(StartRun {
            subject: self.subject?,
            dataset: self.dataset?,
            suite: self.suite?,
            base: self.base,
            environment: self.environment,
            context: self.context,
            settings: self.settings,
        })
    }

    /// The same once more.
    pub fn again(run: &Run) -> Self {
        Self {
            subject: Some((&run.subject).into()),
            dataset: Some(run.dataset.clone()),
            suite: Some(run.suite.clone()),
            context: run.context.clone(),
            settings: run.settings.clone(),
            ..Self::default()
        }
    }

    /// Another run in which everything may differ; what this one had comes first.
    pub fn after(run: &Run) -> Self {
        Self {
            prompt: run.subject.version().map(|version| version.prompt.clone()),
            dataset_first: Some(run.dataset.clone()),
            suite_first: Some(run.suite.clone()),
            settings: run.settings.clone(),
            ..Self::default()
        }
    }
}

/// The steps from the key to the request.
#[derive(Debug, Default)]
pub struct RunStart {
    wish: Option<RunWish>,
    prompts: Option<Vec<PromptSummary>>,
    datasets: Option<Vec<DatasetVersion>>,
    suites: Option<Vec<SuiteVersion>>,
    waiting: bool,
    /// What the form that is open or about to open says of what the run would take.
    estimate: Vec<String>,
}

impl RunStart {
    /// Asks for what the questions offer; the first one opens when all of it is here.
    pub fn begin(&mut self, wish: RunWish) -> Vec<Effect> {
        *self = Self {
            wish: Some(wish),
            waiting: true,
            ..Self::default()
        };
        [Request::Prompts, Request::Datasets, Request::Suites]
            .map(Effect::Ask)
            .into()
    }

    /// Takes an answer; opens the first question with the last one that it waited for.
    pub fn answered(&mut self, answer: &Answer) -> Vec<Effect> {
        if let Answer::Estimate(estimate) = answer {
            self.estimate = estimate_lines(estimate);
            return self.form().map(Effect::Fill).into_iter().collect();
        }
        if !self.waiting {
            return Vec::new();
        }
        match answer {
            Answer::Prompts(prompts) => self.prompts = Some(prompts.clone()),
            Answer::Datasets(datasets) => self.datasets = Some(datasets.clone()),
            Answer::Suites(suites) => self.suites = Some(suites.clone()),
            _ => return Vec::new(),
        }
        if self.prompts.is_none() || self.datasets.is_none() || self.suites.is_none() {
            return Vec::new();
        }
        self.waiting = false;
        self.ask_next().into_iter().collect()
    }

    /// Goes on without an estimate: the form may name another endpoint, which can be asked.
    pub fn unestimated(&mut self, fault: &Fault) -> Vec<Effect> {
        self.estimate = vec![format!("no estimate: {}", fault.what)];
        self.form().map(Effect::Fill).into_iter().collect()
    }

    /// Takes what was picked, if it answers a question of this flow.
    pub fn chosen(&mut self, chosen: &Chosen) -> Option<Vec<Effect>> {
        let wish = self.wish.as_mut()?;
        match chosen.tag {
            VERSION => wish.subject = chosen.id.parse().ok(),
            DATASET => wish.dataset = chosen.id.parse().ok(),
            SUITE => wish.suite = chosen.id.parse().ok(),
            _ => return None,
        }
        Some(self.ask_next().into_iter().collect())
    }

    /// Takes a page of the last form, if it is of this flow.
    pub fn filled(&mut self, filled: &Filled) -> Option<Vec<Effect>> {
        let wish = self.wish.clone()?;
        let read = match filled.tag {
            SETTINGS => run_settings::with_first(&wish.settings, filled).map(|settings| RunWish { settings, ..wish }),
            MORE => run_settings::with_more(&wish.settings, filled).map(|settings| RunWish { settings, ..wish }),
            RECORDED => run_settings::with_recorded(wish, filled),
            _ => return None,
        };
        match read {
            Ok(wish) => self.wish = Some(wish),
            Err(why) => {
                return Some(vec![
                    Effect::Say(Note::warning(why)),
                    Effect::Fill(self.page(filled.tag)?),
                ]);
            }
        }
        let next = match (filled.tag, filled.wants_more) {
            (SETTINGS, true) => Effect::Fill(self.page(MORE)?),
            (MORE, true) => Effect::Fill(self.page(RECORDED)?),
            // It stays: a refused form comes back and is sent again.
            (SETTINGS, false) => Effect::Ask(Request::StartRun(Box::new(self.wish.clone()?.start()?))),
            // What was set may change what the run would take.
            _ => self.ask_next()?,
        };
        Some(vec![next])
    }

    fn form(&self) -> Option<Form> {
        self.page(SETTINGS)
    }

    fn page(&self, tag: &'static str) -> Option<Form> {
        let wish = self.wish.as_ref()?;
        let version = wish.subject.as_ref()?;
        let title = format!("Run {version} on {}", wish.dataset.as_ref()?);
        Some(match tag {
            MORE => run_settings::more_form(MORE, format!("Run {version}: more settings"), &wish.settings, true),
            RECORDED => run_settings::recorded_form(RECORDED, format!("Run {version}: recorded with it"), wish),
            _ => Form {
                tag: SETTINGS,
                title,
                notes: self
                    .estimate
                    .iter()
                    .cloned()
                    .chain(run_settings::more_text(&wish.settings))
                    .collect(),
                fields: run_settings::first_fields(&wish.settings),
                button: format!("Start run with {}", wish.suite.as_ref()?),
                more: Some("More settings".into()),
            },
        })
    }

    /// The next question. One that has a single answer is not asked.
    fn ask_next(&mut self) -> Option<Effect> {
        let wish = self.wish.as_mut()?;
        if wish.subject.is_none() {
            let entries = version_entries(self.prompts.as_deref()?, wish.prompt.as_ref());
            let none = "there is no version to run: save one in Prompts";
            return Some(pick(VERSION, "Run which version", entries, none));
        }
        if wish.dataset.is_none() {
            let entries = dataset_entries(self.datasets.as_deref()?, wish.dataset_first.as_ref());
            wish.dataset = only(&entries).and_then(|id| id.parse().ok());
            if wish.dataset.is_none() {
                let none = "there is no dataset: import one in Data";
                let title = format!("Run {} on which dataset", wish.subject.as_ref()?);
                return Some(pick(DATASET, &title, entries, none));
            }
        }
        if wish.suite.is_none() {
            let entries = suite_entries(self.suites.as_deref()?, wish.suite_first.as_ref());
            wish.suite = only(&entries).and_then(|id| id.parse().ok());
            if wish.suite.is_none() {
                let none = "there is no suite: import one with pegbox suite import FILE";
                let title = format!("Run {} with which suite", wish.subject.as_ref()?);
                return Some(pick(SUITE, &title, entries, none));
            }
        }
        // The last form shows what the run would take, so that comes first.
        let start = wish.clone().start()?;
        Some(Effect::Ask(Request::EstimateRun(Box::new(start))))
    }
}

/// What a run would take, and what that rests on.
fn estimate_lines(estimate: &RunEstimate) -> Vec<String> {
    let cost = estimate
        .cost
        .map_or("cost unknown".into(), |cost| format!("about {cost}"));
    let time = estimate
        .elapsed_ms
        .map_or("time unknown".into(), |ms| format!("about {}", duration_text(ms)));
    let mut lines = vec![format!(
        "estimate: {} outcomes, {} tokens in, {} out, {cost}, {time}",
        estimate.outcomes,
        run_figures::tokens(estimate.input_tokens),
        run_figures::tokens(estimate.output_tokens)
    )];
    lines.extend(estimate.judging.as_ref().map(|judging| {
        let cost = judging
            .cost
            .map_or("cost unknown".into(), |cost| format!("about {cost}"));
        format!(
            "its judges: {} judgements, {} tokens in, {} out, {cost}",
            judging.judgements,
            run_figures::tokens(judging.input_tokens),
            run_figures::tokens(judging.output_tokens)
        )
    }));
    lines.push(format!("it rests on {}", estimate.basis));
    lines
}

fn only(entries: &[Entry]) -> Option<&str> {
    match entries {
        [entry] => Some(&entry.id),
        _ => None,
    }
}

fn pick(tag: &'static str, title: &str, entries: Vec<Entry>, none: &str) -> Effect {
    if entries.is_empty() {
        return Effect::Say(Note::warning(none));
    }
    Effect::Choose(Choice {
        tag,
        title: title.into(),
        entries,
    })
}

/// Of each prompt its newest version and those that are live; the wished prompt's first.
fn version_entries(prompts: &[PromptSummary], first: Option<&PromptName>) -> Vec<Entry> {
    let mut entries: Vec<(bool, Entry)> = Vec::new();
    for prompt in prompts {
        let is_other = Some(&prompt.prompt.name) != first;
        for (version, note) in [
            (&prompt.newest, "newest"),
            (&prompt.staging, "in staging"),
            (&prompt.production, "in production"),
        ] {
            let Some(id) = version.as_ref().map(ToString::to_string) else {
                continue;
            };
            match entries.iter_mut().find(|(_, entry)| entry.id == id) {
                Some((_, entry)) => entry.note = format!("{}, {note}", entry.note),
                None => entries.push((is_other, Entry::new(id).note(note))),
            }
        }
    }
    entries.sort_by_key(|(is_other, _)| *is_other);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

fn dataset_entries(datasets: &[DatasetVersion], first: Option<&DatasetVersionId>) -> Vec<Entry> {
    newest_first(datasets, |dataset| (Some(&dataset.id) != first, dataset.created_at))
        .map(|dataset| {
            let note = format!("{} examples   {}", dataset.example_count, dataset.reason);
            Entry::new(dataset.id.to_string()).note(note)
        })
        .collect()
}

fn suite_entries(suites: &[SuiteVersion], first: Option<&SuiteVersionId>) -> Vec<Entry> {
    newest_first(suites, |suite| (Some(&suite.id) != first, suite.created_at))
        .map(|suite| Entry::new(suite.id.to_string()).note(&suite.content.description))
        .collect()
}

/// What comes first, then the rest by age.
fn newest_first<T>(all: &[T], key: impl Fn(&T) -> (bool, Timestamp)) -> impl Iterator<Item = &T> {
    let mut sorted: Vec<&T> = all.iter().collect();
    sorted.sort_by_key(|item| {
        let (is_later, at) = key(item);
        (is_later, Reverse(at))
    });
    sorted.into_iter()
}
