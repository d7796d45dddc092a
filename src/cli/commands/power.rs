//! What a suite's rules take, and how often they err, before any run.

use serde_json::json;

use super::Context;
use crate::cli::exit::CliError;
use crate::cli::output::{NO_VALUE, Plain, Reply, Table, or_none};
use crate::workbench::{PlannedOver, RulePlan};

/// Each rule over a number of examples.
pub fn show(context: &Context<'_>, suite: &str, over: &PlannedOver, differing: f64) -> Result<Reply, CliError> {
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
    };
    let heading = match context.workbench.suite(&id)?.content.cluster {
        Some(field) => {
            format!("{id}, each example asked once, over {of_slice}; those with the same {field} count as one")
        }
        None => format!("{id}, each example asked once, over {of_slice}"),
    };
    let text = Plain::of(heading).table(&table, "the suite has no threshold");
    let text = plans.iter().fold(text, |text, plan| {
        let sentences = plan.against_base.iter().chain(&plan.unknown);
        sentences.fold(text, |text, sentence| text.line(format!("{}: {sentence}", plan.rule)))
    });
    let (examples, dataset) = match over {
        PlannedOver::Examples(count) => (Some(count), None),
        PlannedOver::Dataset(dataset) => (None, Some(dataset)),
    };
    let document = json!({
        "suite": id,
        "examples": examples,
        "dataset": dataset,
        "differing": differing,
        "rules": plans,
    });
    Ok(Reply::done(document, text))
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
        .map(|chance| format!("{:.3}: {:.1}%", chance.true_rate, chance.passes * 100.0))
        .collect();
    if chances.is_empty() {
        NO_VALUE.to_owned()
    } else {
        chances.join(", ")
    }
}
