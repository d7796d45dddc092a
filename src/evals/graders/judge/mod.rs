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
use super::finding::{Cause, Fault, Finding, Pass};
use super::observed::Case;
use super::{Asked, words};
use crate::domain::judge::{Judge as JudgePin, JudgeGrader, PassingLabels, Question};
use crate::domain::judgement::{JudgedBy, Judgement};
use crate::domain::model::ModelConfig;
use crate::domain::outcome::{ErrorKind, OutcomeError, RenderedMessage, Usage};
use crate::evals::judges::{JudgeModel, Judges};
use crate::evals::render::Renderer;
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

/// Which of a pairwise comparison's two orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The answer first, or alone.
    AnswerFirst,
    /// The expected answer first.
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

    pub(super) async fn grade(&self, case: &Case<'_>, asked: &mut Asked) -> Finding<Pass> {
        // What the example lacks is found before anybody is paid.
        let passing = self.passing(case)?;
        let mut votes = Vec::new();
        for panelist in &self.panel {
            for repeat in 0..self.repeats {
                let vote = self.vote(panelist, repeat, &passing, case, asked).await?;
                votes.push(vote);
            }
        }
        votes::settle(&votes, &self.question)
    }

    async fn vote(
        &self,
        panelist: &Panelist,
        repeat: u32,
        passing: &[String],
        case: &Case<'_>,
        asked: &mut Asked,
    ) -> Result<Vote, Fault> {
        let judge = panelist.pin.version.to_string();
        // A provider that asks to be left alone is not asked the rest.
        if asked.wait.is_some() {
            return Ok(Vote::missing(judge, "it was not asked: the provider asks to wait"));
        }
        let mut answer_first = self.ask(panelist, repeat, Order::AnswerFirst, case, asked).await?;
        if !matches!(self.question, Question::Pairwise { .. }) {
            let vote = Vote::of(judge, &answer_first, &self.question, passing);
            answer_first.passed = vote.passed();
            asked.judgements.push(answer_first);
            return Ok(vote);
        }
        // One vote of both orders: a tie where the order decides.
        let mut swapped = self.ask(panelist, repeat, Order::Swapped, case, asked).await?;
        let vote = Vote::of_pair(judge, &answer_first, &swapped, &self.question);
        answer_first.passed = vote.passed();
        swapped.passed = vote.passed();
        asked.judgements.extend([answer_first, swapped]);
        Ok(vote)
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

    async fn ask(
        &self,
        panelist: &Panelist,
        repeat: u32,
        order: Order,
        case: &Case<'_>,
        asked: &mut Asked,
    ) -> Result<Judgement, Fault> {
        let rendered = self.render(panelist, order, case)?;
        let mut config = panelist.config.clone();
        // The same seed would give the same answer again.
        config.seed = config.seed.map(|seed| seed.saturating_add(repeat.into()));
        let request = ChatRequest::new(config, rendered);
        let exchange = panelist.model.ask(&request).await;
        asked.wait = asked.wait.or_else(|| exchange.asked_long());
        let judge = JudgedBy::Prompt(panelist.pin.clone());
        let blank = Judgement {
            repeat,
            is_swapped: order == Order::Swapped,
            rendered: request.messages,
            ..blank(&self.grader, judge, &panelist.model, &exchange)
        };
        Ok(match exchange.reply {
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
        cost: attempts.iter().map(|attempt| attempt.cost).sum(),
        error: None,
    }
}
