//! What a person says of outcomes: whether an answer is right, where the cause of a failure lies, and that the prompt
//! is not what has to change. And the form in which one chooses what is listed.

use super::Failures;
use super::groups::{GroupRowId, Grouping};
use crate::domain::decision::OtherCause;
use crate::domain::json::JsonText;
use crate::domain::label::{LabelContent, LabelVerdict};
use crate::domain::outcome::{FailureCategory, OutcomePlace};
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::overlays::form::{Filled, Form, FormField};
use crate::workbench::{CaseView, Listed, NOT_MOST, Request, RunTriage};

pub(super) const LABEL: &str = "failures.label";
const TRIAGE: &str = "failures.triage";
const DECIDE: &str = "failures.decide";
const OPTIONS: &str = "failures.options";

const VERDICTS: [(&str, Option<LabelVerdict>); 3] = [
    ("it is right", Some(LabelVerdict::Passed)),
    ("it is wrong", Some(LabelVerdict::Failed)),
    ("no verdict", None),
];

/// The case that a label form is about, and what it offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Labelling {
    place: OutcomePlace,
    title: String,
    /// The graders that looked at the answer, each with what it says.
    graders: Vec<(String, bool)>,
    passed: bool,
}

impl Labelling {
    pub(super) fn new(case: &CaseView) -> Self {
        let outcome = &case.outcome;
        let scores = outcome.scores.iter();
        Self {
            place: outcome.place(),
            title: format!("Say whether the answer to {} is right", outcome.example),
            graders: scores.map(|score| (score.grader.clone(), score.passed)).collect(),
            passed: outcome.passed(),
        }
    }

    /// The form, with the graders' own verdict selected at first.
    pub(super) fn form(&self) -> Form {
        let says = |passed: bool| if passed { "passed" } else { "failed" };
        let whole = format!("the answer as a whole: {}", says(self.passed));
        let graders = self
            .graders
            .iter()
            .map(|(name, passed)| format!("{name}: {}", says(*passed)));
        Form {
            tag: LABEL,
            title: self.title.clone(),
            notes: vec!["it stands beside what the graders say; against them it needs a comment".into()],
            fields: vec![
                FormField::choice("verdict", "verdict", VERDICTS.map(|(text, _)| text.to_owned()).to_vec())
                    .selected(usize::from(!self.passed)),
                FormField::choice("about", "about", std::iter::once(whole).chain(graders).collect()),
                FormField::text("class", "class"),
                FormField::text("expected", "right answer, as JSON"),
                FormField::text("comment", "comment"),
            ],
            button: "Label".into(),
            more: None,
        }
    }

    fn content(&self, filled: &Filled) -> Result<LabelContent, String> {
        let text = |name: &str| Some(filled.text(name).to_owned()).filter(|text| !text.is_empty());
        let expected = text("expected").map(|json| JsonText::parse(&json)).transpose();
        let about = filled
            .choice("about")
            .checked_sub(1)
            .and_then(|at| self.graders.get(at));
        Ok(LabelContent {
            grader: about.map(|(grader, _)| grader.clone()),
            verdict: VERDICTS.get(filled.choice("verdict")).and_then(|(_, verdict)| *verdict),
            class: text("class"),
            expected: expected.map_err(|error| format!("right answer: {error}; text needs quotes around it"))?,
            comment: filled.text("comment").to_owned(),
        })
    }
}

impl Failures {
    /// The marked outcomes, of a marked group all; the one that is shown where none is marked.
    pub(super) fn chosen(&self) -> Vec<OutcomePlace> {
        let marked = self.list.marked();
        let in_group = |name: &str| self.groups.in_group(name);
        let mut places: Vec<OutcomePlace> = marked
            .iter()
            .flat_map(|id| match id {
                GroupRowId::Head(name) => in_group(name),
                GroupRowId::Case(place) => vec![*place],
            })
            .collect();
        if marked.is_empty() {
            places.extend(self.current.as_ref().map(|row| row.place));
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    pub(super) fn label_form(&mut self) -> Vec<Effect> {
        let Some(case) = &self.case else { return Vec::new() };
        let labelling = self.labelling.insert(Labelling::new(case));
        vec![Effect::Fill(labelling.form())]
    }

    pub(super) fn triage_form(&self) -> Vec<Effect> {
        let chosen = self.chosen();
        let about = match (chosen.len(), &self.current) {
            (1, Some(row)) => row.label(),
            (count, _) => format!("{count} marked failures"),
        };
        let current = self.current.as_ref().and_then(|row| row.cause.as_ref());
        let at = current.and_then(|cause| FailureCategory::ALL.iter().position(|known| *known == cause.category));
        let options = FailureCategory::ALL.map(|category| category.as_str().to_owned());
        vec![Effect::Fill(Form {
            tag: TRIAGE,
            title: format!("Say where the cause lies: {about}"),
            notes: current
                .map(|cause| format!("{}: {}", cause.category.as_str(), cause.why))
                .into_iter()
                .collect(),
            fields: vec![
                FormField::choice("category", "cause", options.to_vec()).selected(at.unwrap_or(0)),
                FormField::text("reason", "why there").required(),
            ],
            button: "Triage".into(),
            more: None,
        })]
    }

    pub(super) fn decide_form(&self) -> Vec<Effect> {
        let Some(triage) = &self.triage else { return Vec::new() };
        let at = triage
            .other_cause()
            .and_then(|cause| OtherCause::ALL.iter().position(|known| *known == cause));
        let options = OtherCause::ALL.map(|cause| cause.as_str().to_owned());
        vec![Effect::Fill(Form {
            tag: DECIDE,
            title: format!("Record on {} that the prompt is not the problem", self.run),
            notes: triage.advice().into_iter().collect(),
            fields: vec![
                FormField::choice("cause", "this is", options.to_vec()).selected(at.unwrap_or(0)),
                FormField::text("reason", "reason")
                    .required()
                    .filled_with(triage.reason().unwrap_or_default()),
            ],
            button: "Record decision".into(),
            more: None,
        })]
    }

    /// Why nothing is to be decided here; `None` where most failures are not the prompt's.
    pub(super) fn undecidable(&self) -> Option<&'static str> {
        match &self.triage {
            None => Some("the causes are not counted yet"),
            Some(triage) if triage.other_cause().is_none() => Some(NOT_MOST),
            Some(_) => None,
        }
    }

    pub(super) fn options_form(&self) -> Vec<Effect> {
        let groupings = Grouping::ALL.map(|grouping| grouping.title().to_owned());
        let lists = Listed::ALL.map(|listed| listed.as_str().to_owned());
        let at = |position: Option<usize>| position.unwrap_or(0);
        vec![Effect::Fill(Form {
            tag: OPTIONS,
            title: format!("Outcomes of {}", self.run),
            notes: Vec::new(),
            fields: vec![
                FormField::choice("list", "list", lists.to_vec())
                    .selected(at(Listed::ALL.iter().position(|listed| *listed == self.listed))),
                FormField::choice("group", "group by", groupings.to_vec()).selected(at(Grouping::ALL
                    .iter()
                    .position(|known| *known == self.groups.grouping))),
            ],
            button: "Show".into(),
            more: None,
        })]
    }

    /// Takes a form of this file; `None` for another.
    pub(super) fn judged(&mut self, filled: &Filled) -> Option<Vec<Effect>> {
        let run = self.run;
        Some(match filled.tag {
            LABEL => {
                let labelling = self.labelling.as_ref()?;
                match labelling.content(filled) {
                    Ok(content) => vec![Effect::Ask(Request::AddLabel {
                        run,
                        place: labelling.place,
                        content: Box::new(content),
                    })],
                    Err(why) => vec![Effect::Say(Note::warning(why)), Effect::Fill(labelling.form())],
                }
            }
            TRIAGE => vec![Effect::Ask(Request::AddTriages {
                run,
                places: self.chosen(),
                category: *FailureCategory::ALL.get(filled.choice("category"))?,
                reason: filled.text("reason").to_owned(),
            })],
            DECIDE => vec![Effect::Ask(Request::DecideOtherCause {
                run,
                cause: *OtherCause::ALL.get(filled.choice("cause"))?,
                reason: filled.text("reason").to_owned(),
            })],
            OPTIONS => {
                self.groups.grouping = *Grouping::ALL.get(filled.choice("group"))?;
                self.list_others(*Listed::ALL.get(filled.choice("list"))?)
            }
            _ => return None,
        })
    }

    /// Shows another list, from its first outcome on; or the same one in other groups.
    fn list_others(&mut self, listed: Listed) -> Vec<Effect> {
        if listed == self.listed {
            return self.narrow();
        }
        self.listed = listed;
        self.restart();
        vec![Effect::Ask(self.window())]
    }
}

/// Where the causes lie, in a line: `prompt 7, retrieval 3`; what follows from it first.
pub(super) fn causes_line(triage: &RunTriage) -> Vec<String> {
    let counted: Vec<String> = triage
        .categories
        .iter()
        .map(|(category, count)| format!("{} {count}", category.as_str()))
        .collect();
    let advice = triage.other_cause().map(|_| {
        let (others, all) = (triage.not_the_prompts(), triage.failures);
        format!("{others}/{all} not the prompt's")
    });
    let causes = (!counted.is_empty()).then(|| format!("causes: {}", counted.join(", ")));
    let labels = (triage.overrides > 0).then(|| format!("{} labels against graders", triage.overrides));
    [advice, causes, labels].into_iter().flatten().collect()
}
