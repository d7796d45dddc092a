//! The form that asks which example a draft is tried on. The newest dataset and suite come first.

use crate::domain::ids::{DatasetVersionId, SuiteVersionId};
use crate::tui::overlays::form::{Filled, Form, FormField};
use crate::workbench::{Answer, Request};

/// Comes back with a filled try form.
pub const TRY_TAG: &str = "try";

/// What there is to try on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TryTargets {
    datasets: Vec<(DatasetVersionId, u64)>,
    suites: Vec<SuiteVersionId>,
    loaded: [bool; 2],
}

impl TryTargets {
    /// What to load.
    pub fn requests() -> [Request; 2] {
        [Request::Datasets, Request::Suites]
    }

    /// Takes an answer to one of [`TryTargets::requests`]; gives any other back.
    pub fn take(&mut self, answer: Answer) -> Option<Answer> {
        match answer {
            Answer::Datasets(mut datasets) => {
                datasets.sort_by_key(|dataset| std::cmp::Reverse(dataset.created_at));
                self.datasets = datasets.into_iter().map(|it| (it.id, it.example_count)).collect();
                self.loaded[0] = true;
                None
            }
            Answer::Suites(mut suites) => {
                suites.sort_by_key(|suite| std::cmp::Reverse(suite.created_at));
                self.suites = suites.into_iter().map(|suite| suite.id).collect();
                self.loaded[1] = true;
                None
            }
            other => Some(other),
        }
    }

    /// Why nothing can be tried, where nothing can.
    pub fn availability(&self) -> Result<(), String> {
        match (self.loaded, self.datasets.is_empty(), self.suites.is_empty()) {
            ([true, true], false, false) => Ok(()),
            ([true, _], true, _) => Err("there is no dataset to try on: import one on the Data screen".into()),
            ([_, true], _, true) => Err("there is no suite to grade with: pegbox suite import reads one".into()),
            _ => Err("datasets and suites are still loading".into()),
        }
    }

    fn dataset_field(&self, first: Option<&DatasetVersionId>) -> FormField {
        let options = self
            .datasets
            .iter()
            .map(|(id, count)| format!("{id}  {count} examples"));
        let selected = self.datasets.iter().position(|(id, _)| Some(id) == first).unwrap_or(0);
        FormField::choice("dataset", "Dataset", options.collect()).selected(selected)
    }

    fn suite_field(&self, first: Option<&SuiteVersionId>) -> FormField {
        let selected = self.suites.iter().position(|id| Some(id) == first).unwrap_or(0);
        FormField::choice("suite", "Suite", self.suites.iter().map(ToString::to_string).collect()).selected(selected)
    }

    fn dataset(&self, filled: &Filled) -> Option<&(DatasetVersionId, u64)> {
        self.datasets.get(filled.choice("dataset"))
    }

    fn suite(&self, filled: &Filled) -> Option<&SuiteVersionId> {
        self.suites.get(filled.choice("suite"))
    }
}

/// On which example a draft is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TryTarget {
    /// The dataset version.
    pub dataset: DatasetVersionId,
    /// The example's place in it, from 0.
    pub place: u64,
    /// What grades the answer.
    pub suite: SuiteVersionId,
}

/// A try form that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TryForm {
    targets: TryTargets,
    last: Option<TryTarget>,
}

impl TryForm {
    /// Asks what to try a draft on; what it was tried on last is filled in.
    pub fn new(targets: &TryTargets, last: Option<TryTarget>) -> Self {
        Self {
            targets: targets.clone(),
            last,
        }
    }

    /// The form to open.
    pub fn form(&self) -> Form {
        let last = self.last.as_ref();
        let row = last.map_or(1, |last| last.place + 1).to_string();
        Form {
            tag: TRY_TAG,
            title: "Try the draft on one example; nothing is recorded".into(),
            notes: Vec::new(),
            fields: vec![
                self.targets.dataset_field(last.map(|last| &last.dataset)),
                FormField::text("row", "Row, from 1").required().filled_with(row),
                self.targets.suite_field(last.map(|last| &last.suite)),
            ],
            button: "Try".into(),
            more: None,
        }
    }

    /// What the filled form names; the error says what is wrong with it.
    pub fn target(&self, filled: &Filled) -> Result<TryTarget, String> {
        let (dataset, count) = self.targets.dataset(filled).ok_or("no dataset is selected")?;
        let suite = self.targets.suite(filled).ok_or("no suite is selected")?;
        let row = filled.text("row");
        match row.parse::<u64>() {
            Ok(row) if (1..=*count).contains(&row) => Ok(TryTarget {
                dataset: dataset.clone(),
                place: row - 1,
                suite: suite.clone(),
            }),
            _ => Err(format!("'{row}' is no row of {dataset}: it has rows 1 to {count}")),
        }
    }
}
