//! The demo's story without a screen: every step done by the functions that the screens call, and checked against what
//! it should give.

use super::{
    CommitReason, DEMO_FIX, DEMO_FIX_ABOVE, DEMO_PROMPT, Judgement, PromptRef, StartRun, Workbench, WorkbenchError,
};
use crate::domain::actor::Actor;
use crate::domain::gate::Verdict;
use crate::domain::ids::{PromptName, ReviewId, RunId, VersionId};
use crate::domain::metric::Measure;
use crate::domain::promotion::Environment;
use crate::domain::run::{RunEnd, RunSettings, RuntimeContext};
use crate::domain::unit::Units;
use crate::domain::version::ChangeKind;
use crate::evals::gate;
use crate::releases::rollback::Leaving;

/// Failures that the story reads out.
const FAILURES_SHOWN: usize = 11;

/// One step of the story, as it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryStep {
    /// What was done.
    pub title: String,
    /// What came of it, with ids.
    pub lines: Vec<String>,
    /// What should have come of it and did not; empty for a step that went as it should.
    pub faults: Vec<String>,
}

impl StoryStep {
    fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            lines: Vec::new(),
            faults: Vec::new(),
        }
    }

    fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Notes a fault unless both are equal.
    fn expect<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: &T, expected: &T) {
        if found != expected {
            self.faults
                .push(format!("{what}: expected {expected:?}, found {found:?}"));
        }
    }
}

/// Tells the story from the candidate's first run to the roll back. `tell` gets each step when it is done.
///
/// # Errors
/// The first step that could not be done at all. A step that was done and gave something else carries its faults.
pub fn tell_demo_story(workbench: &Workbench, tell: &mut dyn FnMut(StoryStep)) -> Result<(), WorkbenchError> {
    let story = Story {
        workbench,
        anna: Actor::new("anna")?,
        ben: Actor::new("ben")?,
        mei: Actor::new("mei")?,
        prompt: PromptName::new(DEMO_PROMPT)?,
    };
    tell(story.opening()?);
    let (candidate, step) = story.run_candidate()?;
    tell(step);
    tell(story.read_failures(candidate)?);
    tell(story.reject(candidate)?);
    let (fixed, step) = story.fix_prompt()?;
    tell(step);
    let (run, step) = story.run_fixed(&fixed)?;
    tell(step);
    tell(story.compare(candidate, run)?);
    tell(story.promote(&fixed, run, Environment::Staging, "support_triage_staging_v5")?);
    tell(story.promote(&fixed, run, Environment::Production, "support_triage_prod_v9")?);
    tell(story.roll_back()?);
    tell(story.trace(candidate)?);
    Ok(())
}

struct Story<'a> {
    workbench: &'a Workbench,
    anna: Actor,
    ben: Actor,
    mei: Actor,
    prompt: PromptName,
}

impl Story<'_> {
    fn version(&self, number: u32) -> VersionId {
        VersionId {
            prompt: self.prompt.clone(),
            number,
        }
    }

    fn opening(&self) -> Result<StoryStep, WorkbenchError> {
        let mut step = StoryStep::new("the sample store");
        let detail = self.workbench.prompt_detail(&self.prompt)?;
        let live = self.workbench.releases(&self.prompt)?;
        for version in detail.versions.iter().take(2) {
            step.say(format!(
                "{} by {}: {}",
                version.version.id, version.version.author, version.version.reason.text
            ));
        }
        let newest = detail.versions.first().map(|version| version.version.id.clone());
        step.expect("the candidate", &newest, &Some(self.version(12)));
        let release = live
            .first()
            .map(|release| (release.promotion.id.to_string(), &release.promotion.version));
        if let Some((id, version)) = &release {
            step.say(format!("{id} is live with {version}"));
        }
        step.expect(
            "the live release",
            &release,
            &Some(("support_triage_prod_v8".into(), &self.version(11))),
        );
        Ok(step)
    }

    fn start(&self, version: &VersionId) -> Result<(RunId, RunEnd), WorkbenchError> {
        let start = StartRun {
            subject: version.clone().into(),
            dataset: "support_triage_regression@2026-06-01".parse()?,
            suite: "triage_quality@v8".parse()?,
            base: None,
            environment: None,
            context: RuntimeContext::default(),
            settings: RunSettings::default(),
        };
        let run = self.workbench.start_run(&self.anna, &start)?;
        Ok((run, self.workbench.wait_run(run)?))
    }

    fn say_gate(&self, step: &mut StoryStep, end: &RunEnd) -> Result<(), WorkbenchError> {
        if let Some(settled) = &end.gate {
            let suite = self.workbench.suite(&"triage_quality@v8".parse()?)?;
            step.lines
                .extend(gate::print(settled, &Units::of(&suite.content.metrics)));
        }
        Ok(())
    }

    fn run_candidate(&self) -> Result<(RunId, StoryStep), WorkbenchError> {
        let mut step = StoryStep::new("run the candidate: support_triage_v12 (simulated model)");
        let (run, end) = self.start(&self.version(12))?;
        step.say(format!(
            "{run} on support_triage_regression@2026-06-01, suite triage_quality@v8"
        ));
        self.say_gate(&mut step, &end)?;
        step.expect(
            "routing_accuracy",
            &measure(&end, "routing_accuracy"),
            &Some(rate(230, 240)),
        );
        step.expect("json_validity", &measure(&end, "json_validity"), &Some(rate(240, 240)));
        step.expect(
            "escalation_recall",
            &measure(&end, "escalation_recall"),
            &Some(rate(34, 35)),
        );
        step.expect("the gate", &verdict(&end), &Some(Verdict::Fail));
        let why = end.gate.map(|gate| gate.reason).unwrap_or_default();
        step.expect(
            "the gate blames billing disputes",
            &why.contains("billing dispute"),
            &true,
        );
        Ok((run, step))
    }

    fn read_failures(&self, run: RunId) -> Result<StoryStep, WorkbenchError> {
        let mut step = StoryStep::new("read what failed");
        let failures = self.workbench.failures(run, None, FAILURES_SHOWN)?;
        for failure in &failures {
            let before = match failure.passed_before {
                Some(true) => ", passed with v11",
                Some(false) => ", failed with v11 too",
                None => "",
            };
            step.say(format!("{}  {}{before}", failure.line.example, failure.line.why));
        }
        let missed = failures
            .iter()
            .find(|failure| failure.line.why.starts_with("escalation: expected true"));
        step.expect("a missed escalation is among them", &missed.is_some(), &true);
        if let Some(missed) = missed {
            let case = self.workbench.case(run, missed.place)?;
            step.say(format!(
                "{} says: {}",
                case.example.content.id,
                case.example.content.input.as_str()
            ));
            step.expect("it passed in production's version", &missed.passed_before, &Some(true));
        }
        Ok(step)
    }

    fn reject(&self, run: RunId) -> Result<StoryStep, WorkbenchError> {
        let mut step = StoryStep::new("ask for a review all the same, and be refused");
        let review = self.workbench.request_review(
            &self.anna,
            &self.version(12),
            Environment::Staging,
            Some(run),
            "routing is five points better, recall is one ticket short",
        )?;
        step.say(format!("{} asks for {} in staging", review.id, review.version));
        let approval = self
            .workbench
            .decide(&self.ben, review.id, Judgement::Approve, "routing is worth one miss");
        match &approval {
            Err(error) => step.say(format!("approval {error}")),
            Ok(decision) => step.faults.push(format!("{} approved a failed gate", decision.id)),
        }
        let why = "escalation recall is below 0.98: a billing dispute was not escalated";
        let decision = self.workbench.decide(&self.ben, review.id, Judgement::Reject, why)?;
        step.say(format!(
            "{} by {}: {} ({})",
            decision.id, decision.actor, decision.kind, decision.reason
        ));
        Ok(step)
    }

    fn fix_prompt(&self) -> Result<(VersionId, StoryStep), WorkbenchError> {
        let mut step = StoryStep::new("add the missing rule in the draft, and commit it");
        let opened = self.workbench.open_draft(&self.anna, &self.prompt)?;
        let fixed = opened
            .draft
            .source
            .replacen(DEMO_FIX_ABOVE, &format!("{DEMO_FIX}\n{DEMO_FIX_ABOVE}"), 1);
        self.workbench
            .save_draft(&self.anna, &self.prompt, &opened.seen(), &fixed)?;
        let draft = PromptRef::Draft(self.prompt.clone());
        let counts = self
            .workbench
            .diff(&PromptRef::Version(self.version(12)), &draft)?
            .diff
            .counts();
        step.say(format!(
            "draft: +{} -{} lines, {} settings",
            counts.added_lines, counts.removed_lines, counts.settings
        ));
        let reason = CommitReason {
            kind: ChangeKind::EvalFailure,
            text: "v12 lost the rule that escalates billing disputes".into(),
            link: None,
        };
        let version = self.workbench.commit(&self.anna, &self.prompt, &reason)?;
        step.say(format!("{} with content {}", version.id, version.content_hash.short()));
        step.expect("the new version", &version.id, &self.version(13));
        Ok((version.id, step))
    }

    fn run_fixed(&self, version: &VersionId) -> Result<(RunId, StoryStep), WorkbenchError> {
        let mut step = StoryStep::new("run it again: support_triage_v13 (simulated model)");
        let (run, end) = self.start(version)?;
        self.say_gate(&mut step, &end)?;
        step.expect(
            "escalation_recall",
            &measure(&end, "escalation_recall"),
            &Some(rate(35, 35)),
        );
        step.expect("the gate", &verdict(&end), &Some(Verdict::Pass));
        Ok((run, step))
    }

    fn compare(&self, base: RunId, candidate: RunId) -> Result<StoryStep, WorkbenchError> {
        let mut step = StoryStep::new("compare both runs, example by example");
        let comparison = self.workbench.compare_runs(base, candidate)?.result;
        step.say(format!(
            "fixed {}, broken {}, still failing {}, both right {}",
            comparison.fixed.count,
            comparison.broken.count,
            comparison.still_failing.count,
            comparison.both_right.count
        ));
        step.expect("broken", &comparison.broken.count, &0);
        step.expect("something is fixed", &(comparison.fixed.count > 0), &true);
        Ok(step)
    }

    fn promote(
        &self,
        version: &VersionId,
        run: RunId,
        environment: Environment,
        expected: &str,
    ) -> Result<StoryStep, WorkbenchError> {
        let mut step = StoryStep::new(&format!("review and promote {version} to {}", environment.as_str()));
        let note = "escalates billing disputes again, and routes like v12";
        let review: ReviewId = self
            .workbench
            .request_review(&self.anna, version, environment, Some(run), note)?
            .id;
        let why = "recall is 35/35 and nothing that passed broke";
        let decision = self.workbench.decide(&self.ben, review, Judgement::Approve, why)?;
        step.say(format!(
            "{review}: {} approved by {} ({})",
            decision.id, decision.actor, decision.reason
        ));
        let promoted = self
            .workbench
            .promote(&self.mei, review, "support leads are on shift to watch it")?;
        let id = promoted.promotion().id.to_string();
        step.say(format!("{id} is live with {version}"));
        step.expect("the promotion", &id.as_str(), &expected);
        if let Some(target) = promoted.into_release().and_then(|release| release.rollback_target) {
            step.say(format!(
                "rolls back to {} ({}) with: {}",
                target.release, target.version, target.command
            ));
        }
        Ok(step)
    }

    fn roll_back(&self) -> Result<StoryStep, WorkbenchError> {
        let mut step = StoryStep::new("roll back");
        let leaving = Leaving::Release("support_triage_prod_v9".parse()?);
        let why = "the escalation queue doubled within the hour";
        let release = self.workbench.roll_back(&self.mei, &leaving, why)?;
        step.say(format!(
            "{} is live with {}",
            release.promotion.id, release.promotion.version
        ));
        step.expect(
            "the release",
            &release.promotion.id.to_string().as_str(),
            &"support_triage_prod_v10",
        );
        step.expect("its version", &release.promotion.version, &self.version(11));
        Ok(step)
    }

    fn trace(&self, run: RunId) -> Result<StoryStep, WorkbenchError> {
        let mut step = StoryStep::new("trace an answer to its records, and verify the store");
        let lineage = self.workbench.lineage(&format!("{run}/t-121"))?;
        for node in &lineage.nodes {
            step.say(format!("{}{} {}", "  ".repeat(node.depth), node.kind, node.id));
        }
        step.expect("every hash matches", &lineage.is_sound(), &true);
        let report = self.workbench.verify()?;
        step.say(format!(
            "{} records and {} commits verified",
            report.records, report.engine.commits
        ));
        step.expect("the store is sound", &report.is_sound(), &true);
        Ok(step)
    }
}

fn rate(hits: u64, total: u64) -> Measure {
    Measure::Rate { hits, total }
}

fn measure(end: &RunEnd, metric: &str) -> Option<Measure> {
    end.results
        .iter()
        .find(|result| result.metric == metric && result.slice.is_none())
        .map(|result| result.measure)
}

fn verdict(end: &RunEnd) -> Option<Verdict> {
    end.gate.as_ref().map(|gate| gate.verdict)
}
