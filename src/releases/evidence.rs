//! What a run's results rest on that the numbers do not show.

use super::{ReleaseError, found};
use crate::domain::alias::{Alias, Stale};
use crate::domain::caveats::Caveats;
use crate::domain::ids::RunId;
use crate::domain::policy::{Policy, SimulatedEvidence};
use crate::domain::run::{AnswerSource, Run, RunEnd};
use crate::store::{Store, StoreError};

/// What weakens the results of a run, as far as it has ended: only then is known which models answered and how many
/// answers were reused.
///
/// Only answers of models can be stale: those of a cassette and of the simulated model rest on no alias.
pub fn caveats(store: &Store, run: &Run, end: Option<&RunEnd>) -> Result<Caveats, StoreError> {
    let stale = match end {
        Some(end) if run.answers == AnswerSource::Model => stale(store, run, end)?,
        _ => None,
    };
    let reused_from = if run.settings.reuses_answers {
        store.reused_from(run.id)?
    } else {
        Vec::new()
    };
    Ok(Caveats {
        stale,
        reused: end.map_or(0, |end| end.totals.reused),
        reused_from,
    })
}

fn stale(store: &Store, run: &Run, end: &RunEnd) -> Result<Option<Stale>, StoreError> {
    let mut now = Vec::new();
    for content in store.contents_of(&run.subject)? {
        let alias = Alias::new(&content.model, run.settings.base_url.as_deref());
        now.extend(store.resolution(&alias)?);
    }
    let is_any = |model: &String| now.iter().any(|now| &now.model == model);
    let answered = end.resolved_models.iter();
    let older: Vec<String> = answered.filter(|model| !is_any(model)).cloned().collect();
    // Of several names it is the one whose model did not answer.
    let moved = now.iter().find(|now| !end.resolved_models.contains(&now.model));
    Ok(moved.or(now.first()).and_then(|now| Stale::of(&older, now.clone())))
}

/// Why the results of a run are no evidence for a release, whatever they say; empty where they are.
pub(super) fn faults(store: &Store, id: RunId) -> Result<Vec<String>, ReleaseError> {
    let run = found(store.run(id)?, "run", &id)?;
    let end = store.run_end(id)?;
    Ok(caveats(store, &run, end.as_ref())?.faults(&run))
}

/// Why a finished run says nothing for a release.
pub(super) fn no_evidence(
    store: &Store,
    run: &Run,
    end: &RunEnd,
    policy: &Policy,
) -> Result<Option<String>, ReleaseError> {
    let is_simulated = run.answers == AnswerSource::Simulated || end.totals.judging.simulated > 0;
    if is_simulated && policy.simulated_evidence == SimulatedEvidence::Refused {
        return Ok(Some("the simulated model answered".into()));
    }
    let faults = caveats(store, run, Some(end))?.faults(run);
    Ok((!faults.is_empty()).then(|| faults.join("; ")))
}
