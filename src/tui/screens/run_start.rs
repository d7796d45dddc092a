//! The form for a new run: which version, on which data, with which checks. Several screens offer it.

use crate::domain::ids::{DatasetVersionId, PromptName, SuiteVersionId, VersionId};
use crate::domain::run::{Run, RunSettings, RuntimeContext};
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::overlays::form::{FieldKind, Filled, Form, FormField};
use crate::workbench::{Answer, PromptSummary, Request, StartRun};

/// [`Form::tag`] of the form.
const TAG: &str = "run.start";

/// What the form shows at first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preselected {
    /// The prompt whose versions come first.
    pub prompt: Option<PromptName>,
    /// The version; the newest of the first prompt where not given.
    pub version: Option<VersionId>,
    /// The dataset version; the newest where not given.
    pub dataset: Option<DatasetVersionId>,
    /// The suite version; the newest where not given.
    pub suite: Option<SuiteVersionId>,
    /// How requests are sent.
    pub settings: RunSettings,
}

impl Preselected {
    /// The same as an earlier run.
    pub fn like(run: &Run) -> Self {
        Self {
            prompt: run.subject.version().map(|version| version.prompt.clone()),
            version: run.subject.version().cloned(),
            dataset: Some(run.dataset.clone()),
            suite: Some(run.suite.clone()),
            settings: run.settings.clone(),
        }
    }

    /// The data and checks of an earlier run, for its prompt's newest version.
    pub fn newest_like(run: &Run) -> Self {
        Self {
            version: None,
            ..Self::like(run)
        }
    }
}

/// The steps from the key to the request.
#[derive(Debug, Default)]
pub struct RunStart {
    wanted: Option<Preselected>,
    prompts: Option<Vec<PromptSummary>>,
    datasets: Option<Vec<DatasetVersionId>>,
    suites: Option<Vec<SuiteVersionId>>,
    offered: Offered,
}

/// What the open form offers, in the order of its options.
#[derive(Debug, Default)]
struct Offered {
    versions: Vec<VersionId>,
    datasets: Vec<DatasetVersionId>,
    suites: Vec<SuiteVersionId>,
    settings: RunSettings,
}

impl RunStart {
    /// Asks for what the form offers; the form opens when all of it is here.
    pub fn begin(&mut self, preselected: Preselected) -> Vec<Effect> {
        *self = Self {
            wanted: Some(preselected),
            ..Self::default()
        };
        [Request::Prompts, Request::Datasets, Request::Suites]
            .map(Effect::Ask)
            .into()
    }

    /// Takes an answer; opens the form with the last one that it waited for.
    pub fn answered(&mut self, answer: &Answer) -> Vec<Effect> {
        if self.wanted.is_none() {
            return Vec::new();
        }
        match answer {
            Answer::Prompts(prompts) => self.prompts = Some(prompts.clone()),
            Answer::Datasets(datasets) => {
                let mut newest_first: Vec<_> = datasets.iter().collect();
                newest_first.sort_by_key(|dataset| std::cmp::Reverse(dataset.created_at));
                self.datasets = Some(newest_first.into_iter().map(|dataset| dataset.id.clone()).collect());
            }
            Answer::Suites(suites) => {
                let mut newest_first: Vec<_> = suites.iter().collect();
                newest_first.sort_by_key(|suite| std::cmp::Reverse(suite.created_at));
                self.suites = Some(newest_first.into_iter().map(|suite| suite.id.clone()).collect());
            }
            _ => return Vec::new(),
        }
        self.open().unwrap_or_default()
    }

    fn open(&mut self) -> Option<Vec<Effect>> {
        let prompts = self.prompts.as_ref()?;
        let (datasets, suites) = (self.datasets.clone()?, self.suites.clone()?);
        let wanted = self.wanted.take()?;
        let versions = versions_of(prompts, &wanted);
        let missing = if versions.is_empty() {
            Some("there is no version to run: save one in Prompts")
        } else if datasets.is_empty() {
            Some("there is no dataset: import one in Data")
        } else if suites.is_empty() {
            Some("there is no suite: import one with pegbox suite import FILE")
        } else {
            None
        };
        if let Some(missing) = missing {
            return Some(vec![Effect::Say(Note::warning(missing))]);
        }
        let place = |at: Option<usize>| at.unwrap_or(0);
        let chosen = [
            place(
                wanted
                    .version
                    .and_then(|id| versions.iter().position(|(other, _)| *other == id)),
            ),
            place(
                wanted
                    .dataset
                    .and_then(|id| datasets.iter().position(|other| *other == id)),
            ),
            place(
                wanted
                    .suite
                    .and_then(|id| suites.iter().position(|other| *other == id)),
            ),
        ];
        let labels = versions.iter().map(|(id, note)| format!("{id}{note}")).collect();
        self.offered = Offered {
            versions: versions.into_iter().map(|(id, _)| id).collect(),
            datasets,
            suites,
            settings: wanted.settings.clone(),
        };
        Some(vec![Effect::Fill(self.form(labels, chosen, &wanted.settings))])
    }

    fn form(&self, versions: Vec<String>, chosen: [usize; 3], settings: &RunSettings) -> Form {
        let choice = |name, label: &str, options, selected| FormField {
            name,
            label: label.into(),
            kind: FieldKind::Choice { options, selected },
            required: true,
        };
        let [version, dataset, suite] = chosen;
        let datasets = self.offered.datasets.iter().map(ToString::to_string).collect();
        let suites = self.offered.suites.iter().map(ToString::to_string).collect();
        Form {
            tag: TAG,
            title: "New run".into(),
            fields: vec![
                choice("version", "version", versions, version),
                choice("dataset", "dataset", datasets, dataset),
                choice("suite", "suite", suites, suite),
                FormField::text("concurrency", "requests in flight")
                    .required()
                    .filled_with(settings.concurrency.to_string()),
                FormField::text("base_url", "endpoint, if not the provider's own")
                    .filled_with(settings.base_url.clone().unwrap_or_default()),
            ],
            button: "Start run".into(),
        }
    }

    /// Takes a form that was sent, if it is this one.
    pub fn filled(&mut self, filled: &Filled) -> Option<Vec<Effect>> {
        if filled.tag != TAG {
            return None;
        }
        let offered = &self.offered;
        let version = offered.versions.get(filled.choice("version"))?.clone();
        let dataset = offered.datasets.get(filled.choice("dataset"))?.clone();
        let suite = offered.suites.get(filled.choice("suite"))?.clone();
        let typed = filled.text("concurrency");
        let base_url = Some(filled.text("base_url").to_owned()).filter(|url| !url.is_empty());
        let Ok(concurrency) = typed.parse() else {
            let labels = offered.versions.iter().map(ToString::to_string).collect();
            let chosen = ["version", "dataset", "suite"].map(|name| filled.choice(name));
            let settings = RunSettings {
                base_url,
                ..offered.settings.clone()
            };
            let note = Note::warning(format!("requests in flight: '{typed}' is no number, as 8 is"));
            return Some(vec![
                Effect::Say(note),
                Effect::Fill(self.form(labels, chosen, &settings)),
            ]);
        };
        Some(vec![Effect::Ask(Request::StartRun(StartRun {
            version,
            dataset,
            suite,
            base: None,
            environment: None,
            context: RuntimeContext::default(),
            settings: RunSettings {
                concurrency,
                base_url,
                ..offered.settings.clone()
            },
        }))])
    }
}

/// What can be run: of each prompt its newest version and those that are live, and the one that was asked for.
/// Those of the same prompt come first.
fn versions_of(prompts: &[PromptSummary], wanted: &Preselected) -> Vec<(VersionId, &'static str)> {
    let mut versions: Vec<(VersionId, &'static str)> = Vec::new();
    for prompt in prompts {
        for (version, note) in [
            (&prompt.newest, "  newest"),
            (&prompt.staging, "  staging"),
            (&prompt.production, "  production"),
        ] {
            if let Some(version) = version
                && !versions.iter().any(|(known, _)| known == version)
            {
                versions.push((version.clone(), note));
            }
        }
    }
    if let Some(asked_for) = &wanted.version
        && !versions.iter().any(|(known, _)| known == asked_for)
    {
        versions.push((asked_for.clone(), ""));
    }
    versions.sort_by_key(|(version, _)| Some(&version.prompt) != wanted.prompt.as_ref());
    versions
}
