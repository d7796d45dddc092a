//! The demo's story through the real renderer, graders and gate: v12 loses an escalation rule, v13 brings it back.

use std::path::Path;
use std::sync::Arc;

use pegbox::domain::example::Example;
use pegbox::domain::gate::Verdict;
use pegbox::domain::ids::ExampleId;
use pegbox::domain::outcome::Outcome;
use pegbox::domain::run::{AnswerSource, RunEnd};
use pegbox::domain::suite::SuiteContent;
use pegbox::domain::unit::Units;
use pegbox::evals::compare::{RunScores, Side, compare};
use pegbox::evals::gate;
use pegbox::evals::judges::Judges;
use pegbox::evals::pipeline::{Base, ExampleFeed, Job, Placed, PromptWork, StoreFault, Work};
use pegbox::interchange::dataset_file::{Format, import, preview};
use pegbox::interchange::prompt_document;
use pegbox::interchange::suite_file::SuiteFile;
use pegbox::providers::SimulatedProvider;

use crate::fakes::{Kept, Model, job, prompt_of, yes_to_all};
use crate::finished;

/// A dataset that was read whole.
struct Listed(Vec<Example>);

impl ExampleFeed for Listed {
    fn page_count(&self) -> u64 {
        1
    }

    fn page(&self, _page: u64) -> Result<Vec<Placed>, StoreFault> {
        let placed = (0..).zip(&self.0).map(|(index, example)| Placed {
            index,
            example: example.clone(),
        });
        Ok(placed.collect())
    }

    fn saved(&self, _page: u64) -> Result<Vec<Outcome>, StoreFault> {
        Ok(Vec::new())
    }
}

fn asset(name: &str) -> String {
    std::fs::read_to_string(Path::new("assets/demo").join(name)).unwrap()
}

fn examples() -> Vec<Example> {
    let file = "support_triage_regression.jsonl";
    let dataset = asset(file);
    let mapping = preview(dataset.as_bytes(), Format::Jsonl, file).unwrap().mapping;
    import(dataset.as_bytes(), Format::Jsonl, &mapping, file)
        .unwrap()
        .examples
}

fn story_job(prompt: &str) -> Job {
    let examples = examples();
    let blank = job(
        u64::try_from(examples.len()).unwrap(),
        &Arc::new(Model::new(yes_to_all)),
        &Arc::new(Kept::default()),
    );
    let mut run = blank.run;
    run.answers = AnswerSource::Simulated;
    Job {
        caps: pegbox::domain::run::Caps::default(),
        began_at: Vec::new(),
        run,
        work: Work::Prompt(PromptWork {
            prompt: prompt_document::parse(&asset(prompt)).unwrap(),
            provider: Arc::new(SimulatedProvider),
            limiter: None,
        }),
        suite: suite(),
        judges: Judges::default(),
        feed: Arc::new(Listed(examples)),
        find_base: Arc::new(|| {
            Ok(Base::Nothing {
                why: "there is none".into(),
            })
        }),
        quarantined: Vec::new(),
        now: blank.now,
    }
}

fn suite() -> SuiteContent {
    SuiteFile::parse(&asset("triage_quality.toml")).unwrap().content
}

async fn told(prompt: &str) -> (RunEnd, Vec<Outcome>) {
    let kept = Arc::new(Kept::default());
    let end = finished(story_job(prompt), &kept).await;
    let outcomes = kept.outcomes.lock().unwrap().values().cloned().collect();
    (end, outcomes)
}

#[tokio::test(start_paused = true)]
async fn v12_is_stopped_by_one_billing_dispute() {
    let (end, _) = told("support_triage_v12.prompt.md").await;
    let gate = end.gate.unwrap();
    assert_eq!(gate.verdict, Verdict::Fail);
    assert_eq!(
        gate.reason,
        "escalation_recall 34/35 = 97.1% < 98%; 1 missed: t-121 (topic=billing dispute)"
    );
    let lines = gate::print(&gate, &Units::of(&suite().metrics));
    assert!(
        lines[0].starts_with("PASS  routing_accuracy    230/240  95.8% >= 94% "),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].starts_with("PASS  json_validity       240/240  no violation "),
        "{}",
        lines[1]
    );
}

#[tokio::test(start_paused = true)]
async fn v13_passes_and_the_comparison_names_the_fixed_ticket() {
    let (before, now) = (
        told("support_triage_v12.prompt.md").await,
        told("support_triage_v13.prompt.md").await,
    );
    assert_eq!(now.0.gate.as_ref().unwrap().verdict, Verdict::Pass);
    let mut job = story_job("support_triage_v13.prompt.md");
    let prompt = prompt_of(&mut job).prompt.clone();
    let examples = examples();
    let scores = |outcomes: &[Outcome]| {
        let mut scores = RunScores::new(&job.suite);
        for (outcome, example) in outcomes.iter().zip(&examples) {
            scores.push(outcome, &example.content);
        }
        scores
    };
    let scores = (scores(&before.1), scores(&now.1));
    let side = |end, scores| Side {
        run: &job.run,
        content: Some(&prompt),
        suite: &job.suite,
        end: Some(end),
        scores,
    };
    let comparison = compare(side(&before.0, &scores.0), side(&now.0, &scores.1));
    assert_eq!(
        comparison.differences,
        Vec::<String>::new(),
        "only the prompt's text differs"
    );
    assert_eq!(comparison.fixed.examples, [ExampleId::new("t-121").unwrap()]);
    assert_eq!((comparison.broken.count, comparison.compared()), (0, 240));
}
