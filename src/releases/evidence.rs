//! What a run's results rest on that the numbers do not show.

use std::collections::BTreeSet;

use super::{ReleaseError, found};
use crate::domain::alias::{Alias, Stale};
use crate::domain::caveats::{Caveats, Overtaken, Pinned};
use crate::domain::ids::RunId;
use crate::domain::judgement::JudgedBy;
use crate::domain::policy::{Policy, SimulatedEvidence};
use crate::domain::review::no_longer_current;
use crate::domain::run::{AnswerSource, Run, RunEnd, Subject};
use crate::store::{Store, StoreError};

/// What weakens the results of a run, as far as it has ended: only then is known which models answered and how many
/// answers were reused.
///
/// Only answers of models can be stale: those of a cassette and of the simulated model rest on no alias.
pub fn caveats(store: &Store, run: &Run, end: Option<&RunEnd>) -> Result<Caveats, StoreError> {
    let mut stale = Vec::new();
    if let Some(end) = end {
        if run.answers == AnswerSource::Model {
            stale.extend(stale_answers(store, run, end)?);
        }
        stale.extend(stale_judgements(store, run)?);
    }
    let reused_from = if run.settings.reuses_answers {
        store.reused_from(run.id)?
    } else {
        Vec::new()
    };
    let caveats = Caveats {
        stale,
        reused_from,
        ..Caveats::default()
    };
    Ok(match end {
        Some(end) => caveats.counting(&end.totals),
        None => caveats,
    })
}

fn stale_answers(store: &Store, run: &Run, end: &RunEnd) -> Result<Option<Stale>, StoreError> {
    let mut now = Vec::new();
    for content in store.contents_of(&run.subject)? {
        let alias = Alias::new(&content.model, run.settings.endpoint_of(&content.model.provider));
        now.extend(store.resolution(&alias)?);
    }
    let is_any = |model: &String| now.iter().any(|now| &now.model == model);
    let answered = end.resolved_models.iter();
    let older: Vec<String> = answered.filter(|model| !is_any(model)).cloned().collect();
    // Of several names it is the one whose model did not answer.
    let moved = now.iter().find(|now| !end.resolved_models.contains(&now.model));
    Ok(moved.or(now.first()).and_then(|now| Stale::of(&older, now.clone())))
}

/// One for each name that judges of the run asked for and that stands for another model now.
fn stale_judgements(store: &Store, run: &Run) -> Result<Vec<Stale>, StoreError> {
    let mut judged: Vec<(Alias, Vec<String>)> = Vec::new();
    for line in store.judged_by(run.id)? {
        match judged.iter_mut().find(|(alias, _)| alias == &line.alias) {
            Some((_, models)) => models.push(line.model),
            None => judged.push((line.alias, vec![line.model])),
        }
    }
    let mut stale = Vec::new();
    for (alias, models) in judged {
        let now = store.resolution(&alias)?;
        if let Some(older) = now.and_then(|now| Stale::of(&models, now)) {
            stale.push(Stale {
                judges: judges_of(store, run, &alias)?,
                ..older
            });
        }
    }
    Ok(stale)
}

/// The judges and embedding models of a run's suite that ask for a name.
fn judges_of(store: &Store, run: &Run, alias: &Alias) -> Result<Vec<String>, StoreError> {
    let Some(suite) = store.suite(&run.suite)? else {
        return Ok(Vec::new());
    };
    let mut named = Vec::new();
    for judge in suite.content.judges() {
        let asks = store.version(&judge.version)?.is_some_and(|version| {
            let model = &version.content.model;
            (&model.provider, &model.name) == (&alias.provider, &alias.name)
        });
        if asks {
            named.push(judge.version.to_string());
        }
    }
    let embeddings = suite
        .content
        .graders
        .iter()
        .filter_map(|grader| grader.kind.embedding_model());
    for embedding in embeddings {
        let name = JudgedBy::Embeddings(embedding.clone()).to_string();
        let asks = (&embedding.provider, &embedding.name) == (&alias.provider, &alias.name);
        if asks && !named.contains(&name) {
            named.push(name);
        }
    }
    Ok(named)
}

/// What a run rests on that another version followed since.
pub fn overtaken(store: &Store, run: &Run) -> Result<Vec<Overtaken>, StoreError> {
    let mut overtaken = Vec::new();
    let newest = store.dataset_versions(&run.dataset.name)?.pop();
    if let Some(newest) = newest.filter(|newest| newest.content_hash != run.dataset_hash) {
        overtaken.push(Overtaken {
            what: Pinned::Dataset,
            version: run.dataset.to_string(),
            newest: newest.id.to_string(),
            since: newest.created_at,
            judges: Vec::new(),
        });
    }
    let newest = store.newest_suite(&run.suite.name)?;
    if let Some(newest) = newest.filter(|newest| newest.content_hash != run.suite_hash) {
        let before = store.suite(&run.suite)?;
        let was = before
            .iter()
            .flat_map(|suite| suite.content.judges())
            .collect::<BTreeSet<_>>();
        let others = newest.content.judges().into_iter().filter(|judge| !was.contains(judge));
        overtaken.push(Overtaken {
            what: Pinned::Suite,
            version: run.suite.to_string(),
            newest: newest.id.to_string(),
            since: newest.created_at,
            judges: others.map(|judge| judge.version.clone()).collect(),
        });
    }
    if let Subject::Chain { chain, content_hash } = &run.subject {
        let newest = store.newest_chain(&chain.name)?;
        if let Some(newest) = newest.filter(|newest| &newest.content_hash != content_hash) {
            overtaken.push(Overtaken {
                what: Pinned::Chain,
                version: chain.to_string(),
                newest: newest.id.to_string(),
                since: newest.committed_at,
                judges: Vec::new(),
            });
        }
    }
    Ok(overtaken)
}

/// Why the results of a run are no evidence for a release, whatever they say; empty where they are.
pub(super) fn faults(store: &Store, id: RunId) -> Result<Vec<String>, ReleaseError> {
    let run = found(store.run(id)?, "run", &id)?;
    let end = store.run_end(id)?;
    let mut faults = caveats(store, &run, end.as_ref())?.faults(&run);
    faults.extend(no_longer_current(id, &overtaken(store, &run)?));
    Ok(faults)
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
    let mut faults = caveats(store, run, Some(end))?.faults(run);
    let mut overtaken = overtaken(store, run)?;
    // Which version of a chain has to pass is for whoever asks.
    overtaken.retain(|one| one.what != Pinned::Chain);
    faults.extend(overtaken.iter().map(ToString::to_string));
    Ok((!faults.is_empty()).then(|| faults.join("; ")))
}
