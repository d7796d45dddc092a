//! What a suite's rules take, and how often they err, before any run.

use serde_json::json;

use super::Context;
use crate::cli::exit::CliError;
use crate::cli::output::{NO_VALUE, Plain, Reply, Table, or_none};
use crate::workbench::{PlannedOver, RulePlan};

/// Each rule over a number of examples.
pub fn show(context: &Context<'_>, suite: &str, over: &PlannedOver, differing: Option<f64>) -> Result<Reply, CliError> {
    let id = context.workbench.resolve_suite(suite)?;
    let plans = context.workbench.rule_plans(&id, over, differing)?;
    let mut table = Table::new([
        "rule",
        "policy",
        "examples",
        "misses allowed",
        "to prove it",
        "passes, by true rate",
    ]);
    for plan in &plans {
        table.row([
            plan.rule.clone(),
            plan.policy.as_str().to_owned(),
            plan.examples.to_string(),
            or_none(plan.misses_allowed),
            to_prove(plan),
            passes(plan),
        ]);
    }
    let of_slice = match over {
        PlannedOver::Examples(count) => format!("{count} examples; of a rule over a slice that many in the slice"),
        PlannedOver::Dataset(dataset) => format!("{dataset}; of a rule over a slice the examples in the slice"),
        PlannedOver::Run(run) => format!("the examples of {run}; of a rule over a slice those in the slice"),
    };
    let heading = match context.workbench.suite(&id)?.content.cluster {
        Some(field) => {
            format!("{id}, each example asked once, over {of_slice}; those with the same {field} count as one")
        }
        None => format!("{id}, each example asked once, over {of_slice}"),
    };
    let text = Plain::of(heading).table(&table, "the suite has no threshold");
    let text = plans.iter().fold(text, |text, plan| {
        let measured = as_measured(plan);
        let sentences = measured.iter().chain(&plan.against_base).chain(&plan.unknown);
        sentences.fold(text, |text, sentence| text.line(format!("{}: {sentence}", plan.rule)))
    });
    let (examples, dataset, run) = match over {
        PlannedOver::Examples(count) => (Some(count), None, None),
        PlannedOver::Dataset(dataset) => (None, Some(dataset), None),
        PlannedOver::Run(run) => (None, None, Some(run)),
    };
    let document = json!({
        "suite": id,
        "examples": examples,
        "dataset": dataset,
        "run": run,
        "differing": differing,
        "rules": plans,
    });
    Ok(Reply::done(document, text))
}

/// `with the run's 95.8%, it passes 91.7% of the time; to prove it with a chance of 80% takes 1052 examples`.
fn as_measured(plan: &RulePlan) -> Option<String> {
    let passes = plan.passes_as_measured.map(|chance| {
        let (rate, passes) = (chance.true_rate * 100.0, chance.passes * 100.0);
        format!("with the run's {rate:.1}% it passes {passes:.1}% of the time")
    });
    let examples = plan.examples_as_measured;
    let examples =
        examples.map(|count| format!("to prove it with a chance of 80% takes {count} examples like the run's"));
    let never = passes.is_some() && examples.is_none() && plan.unknown.is_none();
    let never = never.then(|| "no number of examples like the run's proves it".to_owned());
    let sentences: Vec<String> = [passes, examples, never].into_iter().flatten().collect();
    (!sentences.is_empty()).then(|| sentences.join("; "))
}

/// `149 with 0 misses, 236 with 1, 313 with 2`.
fn to_prove(plan: &RulePlan) -> String {
    let needed = plan.examples_to_prove.iter().enumerate();
    let needed: Vec<String> = needed
        .map(|(misses, count)| match misses {
            0 => format!("{count} with 0 misses"),
            misses => format!("{count} with {misses}"),
        })
        .collect();
    if needed.is_empty() {
        NO_VALUE.to_owned()
    } else {
        needed.join(", ")
    }
}

/// `0.93: 29%, 0.95: 63%`.
fn passes(plan: &RulePlan) -> String {
    let chances = plan.passes.iter();
    let chances: Vec<String> = chances
        .map(|chance| format!("{:.1}%: {:.1}%", chance.true_rate * 100.0, chance.passes * 100.0))
        .collect();
    if chances.is_empty() {
        NO_VALUE.to_owned()
    } else {
        chances.join(", ")
    }
}
