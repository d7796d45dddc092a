//! Judges: models that say of an answer how good it is, of which class, or whether it is better than another.
//!
//! A judge whose reply cannot be read, or whose provider fails, has said nothing: its vote is missing and may have been
//! either way. What a grader says never depends on such a vote; where it would, there is no verdict.

mod question;
mod reply;
mod votes;

pub use question::check_prompt;

use self::reply::{Said, read};
use self::votes::Vote;
use super::asking::Asking;
use super::finding::{Cause, Fault, Finding, Pass};
use super::observed::Case;
use super::words;
use crate::domain::answer::JudgeRequest;
use crate::domain::judge::{Judge as JudgePin, JudgeGrader, PassingLabels, Question};
use crate::domain::judgement::{JudgedBy, Judgement};
use crate::domain::model::ModelConfig;
use crate::domain::outcome::{ErrorKind, OutcomeError, RenderedMessage, Usage};
use crate::evals::judges::{JudgeModel, Judges};
use crate::evals::render::Renderer;
use crate::evals::together::together;
use crate::providers::{ChatReply, ChatRequest, Exchange};

/// One judge, ready to be asked.
struct Panelist {
    pin: JudgePin,
    renderer: Renderer,
    config: ModelConfig,
    model: JudgeModel,
}

/// A grader that asks judges.
pub(super) struct Judge {
    grader: String,
    question: Question,
    repeats: u32,
    panel: Vec<Panelist>,
}

/// What a judge is shown of one answer, once for each order.
struct Sheet<'a> {
    panelist: &'a Panelist,
    shown: Vec<(Order, Vec<RenderedMessage>)>,
}

/// Which of a pairwise comparison's two orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The answer first, or alone.
    AnswerFirst,
    /// The other answer first.
    Swapped,
}

impl Judge {
    pub(super) fn compile(grader: &str, settings: &JudgeGrader, judges: &Judges) -> Result<Self, String> {
        let panel = settings.judges.iter().map(|pin| {
            let ready = judges.prompts.get(&pin.version);
            let ready = ready.ok_or_else(|| format!("the judge {} is missing", pin.version))?;
            if ready.version.content_hash != pin.content_hash {
                return Err(format!(
                    "the judge {} is not the one of this suite: its content differs",
                    pin.version
                ));
            }
            let content = &ready.version.content;
            check_prompt(&settings.question, content).map_err(|why| format!("the judge {}: {why}", pin.version))?;
            Ok(Panelist {
                pin: pin.clone(),
                renderer: Renderer::new(content).map_err(|error| format!("the judge {}: {error}", pin.version))?,
                config: content.model.clone(),
                model: ready.model.clone(),
            })
        });
        Ok(Self {
            grader: grader.to_owned(),
            question: settings.question.clone(),
            repeats: settings.repeats,
            panel: panel.collect::<Result<_, String>>()?,
        })
    }

    /// Checks that every judge can be filled from this example; the error names what nothing fills.
    pub(super) fn check(&self, case: &Case) -> Result<(), String> {
        for panelist in &self.panel {
            match self.render(panelist, Order::AnswerFirst, case) {
                Err(fault) if fault.cause == Cause::Grader => {
                    return Err(format!("{}: the first example has no such input", fault.explanation));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether it compares with the answer of the base's run.
    pub(super) fn asks_base(&self) -> bool {
        matches!(self.question, Question::AgainstBase { .. })
    }

    /// Asks all judges at once; their judgements are in the order of the suite whoever answers first.
    pub(super) async fn grade(&self, case: &Case<'_>, asking: &Asking<'_>) -> (Finding<Pass>, Vec<Judgement>) {
        // What the example lacks is found before anybody is paid.
        let ready = self
            .passing(case)
            .and_then(|passing| Ok((passing, self.sheets(case)?, self.other(case)?)));
        let (passing, sheets, other) = match ready {
            Ok(ready) => ready,
            Err(fault) => return (Err(fault), Vec::new()),
        };
        let (sheets, passing, other) = (&sheets, &passing, &other);
        let votes = sheets
            .iter()
            .flat_map(|sheet| (0..self.repeats).map(move |repeat| self.vote(sheet, repeat, (passing, other), asking)));
        let (votes, judgements): (Vec<Vote>, Vec<Vec<Judgement>>) = together(votes).await.into_iter().unzip();
        (votes::settle(&votes, &self.question), judgements.concat())
    }

    /// What each judge is shown, in each order.
    fn sheets<'a>(&'a self, case: &Case) -> Result<Vec<Sheet<'a>>, Fault> {
        let is_pair = self.question.ties().is_some();
        let swapped = is_pair.then_some(Order::Swapped);
        let sheet = |panelist| {
            let orders = [Order::AnswerFirst].into_iter().chain(swapped);
            let shown = orders.map(|order| Ok((order, self.render(panelist, order, case)?)));
            let shown = shown.collect::<Result<_, Fault>>()?;
            Ok(Sheet { panelist, shown })
        };
        self.panel.iter().map(sheet).collect()
    }

    /// What the answer is compared with, in words.
    fn other(&self, case: &Case) -> Result<String, Fault> {
        Ok(match self.question {
            Question::AgainstBase { .. } => format!("the answer of {}", case.base()?.run),
            _ => "the expected answer".to_owned(),
        })
    }

    /// One vote, of both orders where there are two, with the judgements that came.
    async fn vote(
        &self,
        sheet: &Sheet<'_>,
        repeat: u32,
        (passing, other): (&[String], &str),
        asking: &Asking<'_>,
    ) -> (Vote, Vec<Judgement>) {
        let judge = sheet.panelist.pin.version.to_string();
        let asked = sheet
            .shown
            .iter()
            .map(|(order, messages)| self.ask(sheet.panelist, repeat, *order, messages, asking));
        let mut judgements: Vec<Judgement> = together(asked).await.into_iter().flatten().collect();
        let vote = match (judgements.as_slice(), self.question.ties()) {
            ([one], None) => Vote::of(judge, one, &self.question, passing),
            // A tie where the order decides.
            ([answer_first, swapped], Some(ties)) => Vote::of_pair(judge, (answer_first, swapped), ties, other),
            _ => Vote::missing(judge, "it was not asked: the provider asks to wait"),
        };
        for judgement in &mut judgements {
            judgement.passed = vote.passed();
        }
        (vote, judgements)
    }

    /// The classes that pass, for a classification.
    fn passing(&self, case: &Case) -> Result<Vec<String>, Fault> {
        let Question::Classification { passing, labels } = &self.question else {
            return Ok(Vec::new());
        };
        let expected = match passing {
            PassingLabels::Fixed(labels) => return Ok(labels.clone()),
            PassingLabels::Expected => case.expected()?,
            PassingLabels::Field(field) => case.expected_field(field, Some(field))?,
        };
        let label = words::plain(expected);
        if labels.contains(&label) {
            return Ok(vec![label]);
        }
        let shown = words::shown(expected);
        Err(Fault::label(format!(
            "the expected value {shown} is none of the judge's classes: a label problem"
        )))
    }

    /// `None` where it was not asked, since the provider wants to be left alone.
    async fn ask(
        &self,
        panelist: &Panelist,
        repeat: u32,
        order: Order,
        messages: &[RenderedMessage],
        asking: &Asking<'_>,
    ) -> Option<Judgement> {
        let request = |judged| JudgeRequest {
            endpoint: panelist.model.endpoint(),
            model: &panelist.config,
            messages,
            grader: &self.grader,
            judge_repeat: repeat,
            is_swapped: order == Order::Swapped,
            judged,
        };
        let judge = JudgedBy::Prompt(panelist.pin.clone());
        let known = asking.known(request).await;
        // What was read of the reply may have been read as an answer to another question.
        if let Some(known) = known.filter(|known| reply::answers(known, &self.question)) {
            return Some(Judgement { judge, ..known });
        }
        let mut config = panelist.config.clone();
        // The same seed would give the same answer again.
        config.seed = config.seed.map(|seed| seed.saturating_add(repeat.into()));
        let request = ChatRequest::new(config, messages.to_vec());
        let exchange = asking.ask(&panelist.model, &request).await?;
        let blank = Judgement {
            repeat,
            is_swapped: order == Order::Swapped,
            rendered: request.messages,
            ..blank(&self.grader, judge, &panelist.model, &exchange)
        };
        Some(match exchange.reply {
            Ok(reply) => self.judged(blank, reply),
            Err(error) => Judgement {
                raw_response: error.raw.unwrap_or_default(),
                error: Some(OutcomeError {
                    kind: error.kind,
                    message: error.message,
                }),
                ..blank
            },
        })
    }

    fn render(&self, panelist: &Panelist, order: Order, case: &Case) -> Result<Vec<RenderedMessage>, Fault> {
        let values = question::values(&self.question, order == Order::Swapped, case)?;
        panelist.renderer.render_with(case.example, values).map_err(|error| {
            let is_label =
                error.variable.as_deref().and_then(|name| name.split('.').next()) == Some(question::EXPECTED);
            if is_label && case.example.expected.is_none() {
                return Fault::label("the example has no expected value, which the judge is to see: a label problem");
            }
            Fault::grader(format!("the judge {} cannot be asked: {error}", panelist.pin.version))
        })
    }

    fn judged(&self, blank: Judgement, reply: ChatReply) -> Judgement {
        let said = match (&reply.text, &reply.refusal) {
            (Some(text), _) => read(text, &self.question),
            (None, Some(refusal)) => Err(format!("it refused: {refusal}")),
            (None, None) => Err("it said nothing".into()),
        };
        let blank = Judgement {
            raw_response: reply.raw,
            resolved_model: reply.resolved_model,
            ..blank
        };
        match said {
            Ok(Said {
                label,
                score,
                explanation,
            }) => Judgement {
                label,
                score,
                explanation,
                ..blank
            },
            Err(why) => Judgement {
                error: Some(OutcomeError {
                    kind: ErrorKind::BadResponse,
                    message: why,
                }),
                ..blank
            },
        }
    }
}

/// A judgement that says only who was asked, and what it took.
pub(super) fn blank(grader: &str, judge: JudgedBy, model: &JudgeModel, exchange: &Exchange) -> Judgement {
    let attempts = &exchange.attempts;
    Judgement {
        grader: grader.to_owned(),
        judge,
        source: model.source(),
        repeat: 0,
        is_swapped: false,
        rendered: Vec::new(),
        raw_response: String::new(),
        label: None,
        score: None,
        passed: None,
        explanation: String::new(),
        resolved_model: None,
        usage: attempts
            .iter()
            .fold(Usage::default(), |sum, attempt| sum.plus(attempt.usage)),
        latency_ms: attempts.iter().map(|attempt| attempt.latency_ms).sum(),
        reused_from: None,
        cost: attempts.iter().map(|attempt| attempt.cost).sum(),
        error: None,
    }
}
