//! `pegbox run reproduce`: check what a run rests on, ask again, and report the drift.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::{Value, json};

use super::follow::OnInterrupt;
use super::{Context, follow};
use crate::cli::exit::{CliError, Exit, Failure};
use crate::cli::output::{Plain, Reply, Table};
use crate::domain::ids::RunId;
use crate::workbench::{BeforeNow, Drift, Extent, Verified};

/// Examples that are asked again where nobody says how many.
const SAMPLE_DEFAULT: u64 = 20;
/// Runs that did not come to an end are no answer to what was asked.
const ENDINGS_PASSED_ON: [Exit; 2] = [Exit::Interrupted, Exit::Provider];

/// A run to reproduce.
#[derive(Debug, Args)]
pub struct ReproduceArgs {
    /// The finished run
    run: RunId,
    /// Ask this many examples again, picked at random
    #[arg(long, value_name = "N", default_value_t = SAMPLE_DEFAULT, value_parser = clap::value_parser!(u64).range(1..))]
    sample: u64,
    /// Ask every example again
    #[arg(long, conflicts_with = "sample")]
    all: bool,
}

/// Carries the command out.
pub fn reproduce(context: &mut Context<'_>, args: &ReproduceArgs) -> Result<Reply, CliError> {
    let verified = context.workbench.verify_run(args.run)?;
    let text = verified_text(&verified);
    let document = json!({ "run": args.run, "verified": verified });
    let faulty = verified.iter().filter(|checked| checked.fault.is_some()).count();
    if faulty > 0 {
        let mut reply = Reply::done(document, text);
        reply.exit = Exit::Store;
        reply.failure = Some(Failure {
            exit: Exit::Store,
            what: format!(
                "{faulty} of the records that {} rests on are not what they were",
                args.run
            ),
            hint: "look at them with pegbox store verify; nothing was sent".into(),
        });
        return Ok(reply);
    }
    let extent = if args.all {
        Extent::All
    } else {
        Extent::Sample(args.sample)
    };
    let again = context.workbench.reproduce_run(&context.actor, args.run, extent)?;
    context.out.note(&format!("{again} asks the same as {}", args.run));
    let ended = follow::follow(context, again, OnInterrupt::Park)?;
    if ENDINGS_PASSED_ON.contains(&ended.exit) {
        return Ok(ended);
    }
    let drift = context.workbench.drift(args.run, again)?;
    let mut reply = Reply::done(drift_document(document, &drift), drift_text(text.blank(), &drift));
    if !drift.reproduced() {
        reply.exit = Exit::GateNotPassed;
    }
    Ok(reply)
}

fn verified_text(verified: &[Verified]) -> Plain {
    let mut text = Plain::new();
    for Verified { what, id, hash, fault } in verified {
        let hash = hash.map_or_else(String::new, |hash| format!(" ({})", hash.short()));
        text = match fault {
            None => text.line(format!("[ok] {what} {id}{hash}")),
            Some(fault) => text.line(format!("[no] {what} {id}{hash}: {fault}")),
        };
    }
    text
}

fn drift_text(text: Plain, drift: &Drift) -> Plain {
    let of = |same: u64, all: u64| format!("{same} of {all}");
    let mut text = text
        .fields([
            ("reproduced", format!("{} as {}", drift.of, drift.again)),
            ("same answer", of(drift.same_answer, drift.compared)),
            ("same value", of(drift.same_parsed, drift.parsed)),
            ("same verdict", of(drift.same_verdict, drift.compared)),
            (
                "verdicts now",
                format!("{} fixed, {} broken", drift.fixed, drift.broken),
            ),
            ("no answer", drift.unanswered.to_string()),
            ("model", before_now_text(&drift.resolved_models)),
            ("fingerprint", before_now_text(&drift.system_fingerprints)),
        ])
        .blank();
    let mut table = Table::new(["example", "before", "now", "why"]);
    let verdict = |passed: bool| if passed { "pass" } else { "fail" };
    for drifted in &drift.drifted {
        table.row([
            drifted.example.to_string(),
            verdict(drifted.passed_before).to_owned(),
            verdict(drifted.passes_now).to_owned(),
            drifted.why.clone().unwrap_or_else(|| "another value".into()),
        ]);
    }
    text = text.table(&table, "no value and no verdict is another");
    if drift.resolved_models.changed() {
        return text
            .blank()
            .line("not reproduced: another model answers to the name now");
    }
    text
}

fn before_now_text(sets: &BeforeNow) -> String {
    let join = |names: &BTreeSet<String>| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if names.is_empty() {
            "not said".to_owned()
        } else {
            names.join(", ")
        }
    };
    if sets.changed() {
        format!("{} before, {} now", join(&sets.before), join(&sets.now))
    } else {
        format!("the same: {}", join(&sets.now))
    }
}

/// The document of the checks with the drift added.
fn drift_document(mut document: Value, drift: &Drift) -> Value {
    document["again"] = json!(drift.again);
    document["reproduced"] = json!(drift.reproduced());
    document["drift"] = json!({
        "compared": drift.compared,
        "unanswered": drift.unanswered,
        "same_answer": drift.same_answer,
        "parsed": drift.parsed,
        "same_parsed": drift.same_parsed,
        "same_verdict": drift.same_verdict,
        "fixed": drift.fixed,
        "broken": drift.broken,
        "resolved_models": drift.resolved_models,
        "resolved_model_changed": drift.resolved_models.changed(),
        "system_fingerprints": drift.system_fingerprints,
        "system_fingerprint_changed": drift.system_fingerprints.changed(),
        "drifted": drift.drifted,
    });
    document
}
