//! What can be done with a run, wherever it is shown: the list and the single run offer the same.

use super::super::figures::verdict_word;
use super::super::panes::offered;
use super::super::rerun::{self, RerunStart};
use super::super::resume::Resume;
use super::super::run_start::{RunStart, RunWish};
use super::super::{Place, ScreenEvent};
use crate::domain::gate::Verdict;
use crate::domain::ids::RunId;
use crate::domain::promotion::Environment;
use crate::domain::run::{Run, RunState};
use crate::tui::command::CommandId;
use crate::tui::effect::Effect;
use crate::tui::msg::Note;
use crate::tui::overlays::choose::{Choice, Chosen, Entry};
use crate::tui::overlays::dialog::{Confirmed, Dialog};
use crate::tui::overlays::form::{Filled, Form, FormField};
use crate::workbench::{Answer, Pause, Request, RunDetail, RunSummary};

/// Runs offered for a comparison: the newest of them.
pub(in super::super) const COMPARABLE_RUNS_MAX: usize = 100;
const COMPARE: &str = "run.compare";
const REVIEW: &str = "run.review";
const REPEAT: &str = "run.repeat";
const ALL: &str = "all";
const FAILED: &str = "failed";
/// Where a review may let a version in, in the order of the form.
const REVIEWED: [Environment; 2] = [Environment::Staging, Environment::Production];

/// What commands need to know of the run they act on.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct RunFacts<'a> {
    pub(in super::super) run: &'a Run,
    pub(in super::super) state: RunState,
    pub(in super::super) saved: u64,
    pub(in super::super) failed: u64,
    pub(in super::super) verdict: Option<Verdict>,
    pub(in super::super) pause: Option<&'a Pause>,
}

impl<'a> From<&'a RunSummary> for RunFacts<'a> {
    fn from(summary: &'a RunSummary) -> Self {
        Self {
            run: &summary.run,
            state: summary.state,
            saved: summary.saved,
            failed: summary.failed,
            verdict: summary.verdict.as_ref().map(|(verdict, _)| *verdict),
            pause: summary.pause.as_ref(),
        }
    }
}

impl<'a> From<&'a RunDetail> for RunFacts<'a> {
    fn from(detail: &'a RunDetail) -> Self {
        let totals = &detail.progress.totals;
        Self {
            run: &detail.run,
            state: detail.progress.state,
            saved: totals.saved,
            failed: totals.failed + totals.errored,
            verdict: detail
                .end
                .as_ref()
                .and_then(|end| end.gate.as_ref())
                .map(|gate| gate.verdict),
            pause: detail.pause.as_ref(),
        }
    }
}

/// Why a command that goes from problem to problem is off: failures have a screen of their own.
fn off_here(command: CommandId) -> Result<(), String> {
    match command {
        CommandId::ProblemNext | CommandId::ProblemPrevious => offered(command, &[]),
        _ => Ok(()),
    }
}

/// Why a command is off for a run.
pub(in super::super) fn availability(command: CommandId, facts: Option<RunFacts>) -> Result<(), String> {
    let needs_run = matches!(
        command,
        CommandId::Open
            | CommandId::RunCancel
            | CommandId::RunPause
            | CommandId::RunRepeat
            | CommandId::Compare
            | CommandId::ReviewRequest
            | CommandId::Lineage
            | CommandId::Matrix
            | CommandId::DraftEdit
    );
    let Some(RunFacts {
        run,
        state,
        failed,
        verdict,
        ..
    }) = facts
    else {
        return if needs_run {
            Err("no run is selected".into())
        } else {
            off_here(command)
        };
    };
    let off = |why: String| Err(why);
    let id = run.id;
    match (command, state) {
        (CommandId::Sort, _) => off("runs stand newest first".into()),
        (CommandId::RunCancel | CommandId::RunPause, RunState::Finished | RunState::Cancelled | RunState::Decided) => {
            off(format!("{id} has ended"))
        }
        (CommandId::RunRepeat, RunState::Running) => off(format!("{id} is running")),
        (CommandId::ReviewRequest, RunState::Running | RunState::Interrupted | RunState::Paused) => {
            off(format!("{id} has not finished"))
        }
        (CommandId::ReviewRequest, _) if run.selection.is_some() => {
            off(format!("{id} asked picked examples only: no evidence for a release"))
        }
        (CommandId::ReviewRequest, _) if verdict.is_none() => off(format!("{id} has no gate")),
        (CommandId::ReviewRequest | CommandId::DraftEdit, _) if run.subject.version().is_none() => {
            off(format!("{id} tested {}, which is no version", run.subject.label()))
        }
        (CommandId::Open, _) if failed == 0 => off(format!("{id} has no failures so far")),
        _ => off_here(command),
    }
}

/// Questions that are under way.
#[derive(Debug, Default)]
pub(in super::super) struct RunActs {
    start: RunStart,
    asked_about: Option<Run>,
    comparing: Option<Run>,
    repeating: Option<Run>,
    rerun: Option<RerunStart>,
    resume: Resume,
}

impl RunActs {
    /// Takes a command for a run.
    pub(in super::super) fn command(&mut self, command: CommandId, facts: RunFacts) -> Vec<Effect> {
        let run = facts.run;
        let id = run.id;
        match command {
            CommandId::RunCancel => {
                self.asked_about = Some(run.clone());
                vec![Effect::Confirm(cancel_question(facts))]
            }
            CommandId::RunPause if facts.state == RunState::Running => vec![Effect::Ask(Request::PauseRun(id))],
            CommandId::RunPause => vec![self.resume.begin(id, facts.pause)],
            CommandId::RunRepeat if facts.state.can_resume() => vec![self.resume.begin(id, facts.pause)],
            CommandId::RunRepeat if facts.failed == 0 => self.start.begin(RunWish::again(run)),
            CommandId::RunRepeat => {
                self.repeating = Some(run.clone());
                vec![Effect::Choose(repeat_choice(facts))]
            }
            CommandId::RunStart => self.start_like(Some(run)),
            CommandId::Compare => {
                self.comparing = Some(run.clone());
                vec![Effect::Ask(comparable_runs())]
            }
            CommandId::ReviewRequest => {
                self.asked_about = Some(run.clone());
                vec![Effect::Fill(review_form(facts))]
            }
            CommandId::Lineage => vec![Effect::Open(Place::Lineage(id.to_string()))],
            CommandId::Matrix => vec![Effect::Open(Place::Matrix(id))],
            CommandId::DraftEdit => {
                let prompt = run.subject.version().map(|version| version.prompt.clone());
                prompt
                    .map(|prompt| Effect::Open(Place::Editor(prompt)))
                    .into_iter()
                    .collect()
            }
            CommandId::CopyId => vec![Effect::Copy(id.to_string())],
            CommandId::CopyValue => vec![Effect::Copy(run.subject.label())],
            CommandId::CopyCommand => vec![Effect::Copy(format!("pegbox run show {id}"))],
            CommandId::CopyJson => match serde_json::to_string_pretty(run) {
                Ok(json) => vec![Effect::Copy(json)],
                Err(error) => vec![Effect::Say(Note::warning(format!("{id} as JSON: {error}")))],
            },
            _ => Vec::new(),
        }
    }

    /// Asks what to run, with the data and checks of `like` where there is one. The version is the prompt's newest.
    pub(in super::super) fn start_like(&mut self, like: Option<&Run>) -> Vec<Effect> {
        self.start.begin(like.map(RunWish::after).unwrap_or_default())
    }

    /// Takes what the questions came to. `None` for events that are not about them.
    pub(in super::super) fn event(&mut self, event: &ScreenEvent) -> Option<Vec<Effect>> {
        match event {
            ScreenEvent::Answered {
                request,
                result: Ok(answer),
            } => self.answered(request, answer),
            ScreenEvent::Answered {
                request: Request::EstimateRun(_),
                result: Err(fault),
            } => Some(self.start.unestimated(fault)),
            ScreenEvent::Confirmed(confirmed) => self.confirmed(confirmed),
            ScreenEvent::Chosen(chosen) => self.chosen(chosen),
            ScreenEvent::Filled(filled) => self
                .start
                .filled(filled)
                .or_else(|| self.rerun.as_mut()?.filled(filled))
                .or_else(|| self.resume.filled(filled))
                .or_else(|| self.review_filled(filled)),
            _ => None,
        }
    }

    fn answered(&mut self, request: &Request, answer: &Answer) -> Option<Vec<Effect>> {
        match (request, answer) {
            (Request::StartRun(_), Answer::Run(id)) => Some(vec![
                Effect::Say(Note::info(format!("{id} started"))),
                Effect::Open(Place::Run(*id)),
            ]),
            (Request::Rerun(_), Answer::Run(id)) => Some(rerun::started(*id)),
            (Request::PauseRun(_), Answer::Run(id)) => Some(vec![
                Effect::Say(Note::info(format!(
                    "{id} sends nothing new; what is in flight is saved"
                ))),
                Effect::Ask(Request::RunDetail(*id)),
            ]),
            (Request::ResumeRun { .. }, Answer::Run(id)) => Some(vec![
                Effect::Say(Note::info(format!("{id} goes on; what is saved is not sent again"))),
                Effect::Ask(Request::RunDetail(*id)),
            ]),
            (Request::CancelRun(_), Answer::Run(id)) => Some(vec![
                Effect::Say(Note::info(format!("{id} is cancelled; what is saved stays"))),
                Effect::Ask(Request::RunDetail(*id)),
            ]),
            (_, Answer::ReviewRequested(review)) => Some(vec![Effect::Say(Note::info(format!(
                "{} asks for {} in {}; 5 shows it",
                review.id,
                review.version,
                review.environment.as_str()
            )))]),
            (request, Answer::Runs(runs)) if *request == comparable_runs() => {
                let run = self.comparing.as_ref()?;
                Some(vec![comparison_choice(run, runs)])
            }
            (_, answer @ (Answer::Prompts(_) | Answer::Datasets(_) | Answer::Suites(_) | Answer::Estimate(_))) => {
                let effects = self.start.answered(answer);
                (!effects.is_empty()).then_some(effects)
            }
            _ => None,
        }
    }

    fn confirmed(&mut self, confirmed: &Confirmed) -> Option<Vec<Effect>> {
        let run = self.asked_about.take()?;
        (confirmed.command() == CommandId::RunCancel)
            .then(|| vec![Effect::Act(Request::CancelRun(run.id), confirmed.clone())])
    }

    fn chosen(&mut self, chosen: &Chosen) -> Option<Vec<Effect>> {
        if let Some(effects) = self.start.chosen(chosen) {
            return Some(effects);
        }
        if chosen.tag == REPEAT {
            let run = self.repeating.clone()?;
            if chosen.id == ALL {
                return Some(self.start.begin(RunWish::again(&run)));
            }
            let rerun = self.rerun.insert(RerunStart::new(&run, None));
            return Some(vec![Effect::Fill(rerun.form())]);
        }
        let base: RunId = (chosen.tag == COMPARE).then(|| chosen.id.parse().ok())??;
        let candidate = self.comparing.take()?.id;
        Some(vec![Effect::Open(Place::Comparison { base, candidate })])
    }

    fn review_filled(&mut self, filled: &Filled) -> Option<Vec<Effect>> {
        if filled.tag != REVIEW {
            return None;
        }
        let run = self.asked_about.as_ref()?;
        let version = run.subject.version()?.clone();
        Some(vec![Effect::Ask(Request::RequestReview {
            version,
            environment: *REVIEWED.get(filled.choice("environment"))?,
            run: Some(run.id),
            note: filled.text("note").to_owned(),
        })])
    }
}

fn comparable_runs() -> Request {
    Request::Runs {
        before: None,
        limit: COMPARABLE_RUNS_MAX,
    }
}

/// All examples again, or those that failed.
fn repeat_choice(facts: RunFacts) -> Choice {
    let entry = |id: &str, text: String, note: &str| Entry {
        id: id.into(),
        text,
        note: note.into(),
        off: None,
    };
    Choice {
        tag: REPEAT,
        title: format!("Run {} again", facts.run.id),
        entries: vec![
            entry(
                FAILED,
                match facts.run.settings.repeats {
                    0 | 1 => format!("the {} that failed", facts.failed),
                    _ => "those of which a repeat failed".into(),
                },
                "as a run of its own",
            ),
            entry(
                ALL,
                format!("all {}", facts.run.extent_text()),
                "the whole run once more",
            ),
        ],
    }
}

fn cancel_question(facts: RunFacts) -> Dialog {
    let left = facts.run.outcome_count().saturating_sub(facts.saved);
    let question = format!(
        "Cancel {}?  {} saved outcomes stay, {left} are not sent.",
        facts.run.id, facts.saved
    );
    Dialog::question(CommandId::RunCancel, question)
}

fn review_form(facts: RunFacts) -> Form {
    let gate = verdict_word(facts.verdict);
    let environments = REVIEWED
        .iter()
        .map(|environment| environment.as_str().to_owned())
        .collect();
    Form {
        tag: REVIEW,
        title: format!(
            "Request review of {} on {} (gate {gate})",
            facts.run.subject.label(),
            facts.run.id
        ),
        notes: Vec::new(),
        fields: vec![
            FormField::choice("environment", "to enter", environments),
            FormField::text("note", "what the reviewers should know").required(),
        ],
        button: "Request review".into(),
        more: None,
    }
}

/// Finished runs to compare with, those on the same data first.
fn comparison_choice(run: &Run, runs: &[RunSummary]) -> Effect {
    let mut others: Vec<&RunSummary> = runs.iter().filter(|other| other.run.id != run.id).collect();
    others.sort_by_key(|other| {
        let is_base = other.run.subject.version() == run.base.as_ref();
        (other.run.dataset != run.dataset, !is_base)
    });
    let entries = others.into_iter().map(|other| {
        let verdict = other
            .verdict
            .as_ref()
            .map_or("no gate".to_owned(), |(verdict, _)| format!("gate {verdict}"));
        Entry {
            id: other.run.id.to_string(),
            text: format!("{}  {}", other.run.id, other.run.subject.label()),
            note: format!("{verdict}  {}", other.run.dataset),
            off: (other.state != RunState::Finished).then(|| format!("it is {}", other.state.as_str())),
        }
    });
    Effect::Choose(Choice {
        tag: COMPARE,
        title: format!("Compare {} {} with", run.id, run.subject.label()),
        entries: entries.collect(),
    })
}
