//! What the judges of a run would take, before it is started.

use serde_json::Map;

use super::estimating::{EXAMPLES_RENDERED, OUTPUT_TOKENS_GUESS, expected_tokens, share, tokens};
use super::reusing::Tape;
use super::running::eval_error;
use super::{StartRun, Workbench, WorkbenchError};
use crate::domain::dataset::DatasetVersion;
use crate::domain::example::ExampleContent;
use crate::domain::grader::Grader;
use crate::domain::json::JsonText;
use crate::domain::money::UsdNanos;
use crate::domain::outcome::Usage;
use crate::domain::run::AnswerSource;
use crate::domain::suite::SuiteVersion;
use crate::evals::judges::{JudgeModel, Judges};
use crate::evals::render::Renderer;

/// Newest runs in which one with the same suite is looked for.
const RUNS_LOOKED_AT: usize = 100;

/// What judges would take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JudgingEstimate {
    /// Judgements, each at least one request.
    pub judgements: u64,
    /// Tokens sent.
    pub input_tokens: u64,
    /// Tokens generated.
    pub output_tokens: u64,
    /// Money; `None` where a price is unknown.
    pub cost: Option<UsdNanos>,
}

impl JudgingEstimate {
    fn plus(self, other: Self) -> Self {
        Self {
            judgements: self.judgements.saturating_add(other.judgements),
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cost: self.cost.zip(other.cost).map(|(one, other)| one + other),
        }
    }
}

impl Workbench {
    /// What the judges of a run of so many outcomes would take, whose endpoint is that of `provider`; `None` for a
    /// suite that has none.
    pub(super) fn estimate_judging(
        &self,
        start: &StartRun,
        provider: &str,
        dataset: &DatasetVersion,
        outcomes: u64,
    ) -> Result<Option<JudgingEstimate>, WorkbenchError> {
        let suite = self.suite(&start.suite)?;
        let judges = self.judges(&suite.content, provider, &start.settings, &Tape::Off)?;
        if judges.is_empty() {
            return Ok(None);
        }
        if let Some(took) = self.earlier_judging(&suite, outcomes)? {
            return Ok(Some(took));
        }
        let mut examples = Vec::new();
        for place in 0..dataset.example_count.min(EXAMPLES_RENDERED) {
            examples.push(self.example_at(dataset, place)?.content);
        }
        let mut sum = JudgingEstimate {
            cost: Some(UsdNanos::default()),
            ..JudgingEstimate::default()
        };
        for grader in &suite.content.graders {
            sum = sum.plus(guess(grader, &judges, &examples, outcomes)?);
        }
        Ok(Some(sum))
    }

    /// What the judges of the newest run with the same suite took, for so many outcomes.
    fn earlier_judging(&self, suite: &SuiteVersion, outcomes: u64) -> Result<Option<JudgingEstimate>, WorkbenchError> {
        for run in self.store.runs(None, RUNS_LOOKED_AT)? {
            if run.suite_hash != suite.content_hash || run.answers == AnswerSource::Replayed {
                continue;
            }
            let Some(end) = self.store.run_end(run.id)? else {
                continue;
            };
            let (took, judged) = (
                end.totals.judging,
                end.totals.saved - end.totals.errored.min(end.totals.saved),
            );
            // What was taken from other runs says nothing of what asking costs.
            if took.judgements == 0 || judged == 0 || took.reused > 0 {
                continue;
            }
            let scaled = |sum: u64| share(sum, outcomes, judged);
            return Ok(Some(JudgingEstimate {
                judgements: scaled(took.judgements),
                input_tokens: scaled(took.input_tokens),
                output_tokens: scaled(took.output_tokens),
                cost: (took.cost_unknown == 0).then(|| UsdNanos(scaled(took.cost.0))),
            }));
        }
        Ok(None)
    }
}

/// What one grader's judges would take, as though every answer were the expected one.
fn guess(
    grader: &Grader,
    judges: &Judges,
    examples: &[ExampleContent],
    outcomes: u64,
) -> Result<JudgingEstimate, WorkbenchError> {
    let mut sum = JudgingEstimate {
        cost: Some(UsdNanos::default()),
        ..JudgingEstimate::default()
    };
    let scaled = |tokens: u64| share(tokens, outcomes, examples.len() as u64);
    if let Some(settings) = grader.kind.judge() {
        let orders = if settings.question.ties().is_some() { 2 } else { 1 };
        let asked = u64::from(settings.repeats) * orders;
        let ready = settings
            .judges
            .iter()
            .filter_map(|judge| judges.prompts.get(&judge.version));
        for judge in ready {
            let content = &judge.version.content;
            let renderer = Renderer::new(content).map_err(|error| eval_error(&error.into()))?;
            let input: u64 = examples.iter().map(|example| shown_tokens(&renderer, example)).sum();
            let name = &content.model.name;
            sum = sum.plus(took(
                &judge.model,
                name,
                outcomes * asked,
                scaled(input) * asked,
                OUTPUT_TOKENS_GUESS,
            ));
        }
    }
    let embedding = grader.kind.embedding_model();
    if let Some((embedding, model)) = embedding.and_then(|model| Some((model, judges.embeddings.get(model)?))) {
        let input: u64 = examples.iter().map(|example| 2 * expected_tokens(example)).sum();
        sum = sum.plus(took(model, &embedding.name, outcomes, scaled(input), 0));
    }
    Ok(sum)
}

fn took(model: &JudgeModel, name: &str, judgements: u64, input_tokens: u64, output_each: u64) -> JudgingEstimate {
    let output_tokens = judgements.saturating_mul(output_each);
    let usage = Usage {
        input_tokens: Some(input_tokens),
        output_tokens: Some(output_tokens),
        ..Usage::default()
    };
    JudgingEstimate {
        judgements,
        input_tokens,
        output_tokens,
        cost: model.provider().cost(name, &usage),
    }
}

fn shown_tokens(renderer: &Renderer, example: &ExampleContent) -> u64 {
    let expected = example.expected.as_ref().map(JsonText::value).unwrap_or_default();
    let values = ["answer", "expected", "first", "second"].map(|name| (name.to_owned(), expected.clone()));
    let rendered = renderer
        .render_with(example, Map::from_iter(values))
        .unwrap_or_default();
    tokens(rendered.iter().map(|message| message.text.chars().count()).sum())
}
