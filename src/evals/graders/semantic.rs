//! How near the answer is to the expected text, by the cosine of their vectors.
//!
//! The cosine of the angle between vectors `u` and `v` is `u.v / (|u| |v|)` (G. Salton, A. Wong, C. S. Yang, A Vector
//! Space Model for Automatic Indexing, Communications of the ACM 18, 1975).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::asking::Asking;
use super::finding::{Fault, Finding, Pass};
use super::judge::blank;
use super::observed::Case;
use super::similarity::{Similarity, shown};
use crate::domain::grader::ScoreValue;
use crate::domain::judge::{EmbeddingModel, SemanticSimilarity};
use crate::domain::judgement::{JudgedBy, Judgement};
use crate::domain::model::ModelConfig;
use crate::domain::outcome::{ErrorKind, OutcomeError, RenderedMessage};
use crate::domain::prompt::Role;
use crate::evals::judges::{JudgeModel, Judges};
use crate::providers::ChatRequest;

/// Vectors of expected texts that are kept, so that repeats and equal labels ask once: some 50 MB at 1,536 numbers.
const KEPT_MAX: usize = 4_096;

type Vector = Arc<[f64]>;

pub(super) struct Semantic {
    grader: String,
    texts: Similarity,
    embedding: EmbeddingModel,
    model: JudgeModel,
    kept: Mutex<HashMap<String, Vector>>,
}

impl Semantic {
    pub(super) fn compile(grader: &str, settings: &SemanticSimilarity, judges: &Judges) -> Result<Self, String> {
        let model = judges.embeddings.get(&settings.model);
        let model = model.ok_or_else(|| format!("the embedding model '{}' is not connected", settings.model.name))?;
        Ok(Self {
            grader: grader.to_owned(),
            texts: Similarity {
                field: settings.field.clone(),
                expected_field: settings.expected_field.clone(),
                at_least: settings.at_least,
            },
            embedding: settings.model.clone(),
            model: model.clone(),
            kept: Mutex::default(),
        })
    }

    pub(super) async fn grade(&self, case: &Case<'_>, asking: &Asking<'_>) -> (Finding<Pass>, Vec<Judgement>) {
        let mut judgement = None;
        let finding = self.compared(case, asking, &mut judgement).await;
        (finding, judgement.into_iter().collect())
    }

    async fn compared(&self, case: &Case<'_>, asking: &Asking<'_>, judgement: &mut Option<Judgement>) -> Finding<Pass> {
        let (wanted, got) = self.texts.read(case)?;
        if got.is_empty() {
            return Err(Fault::nothing_there("the answer is empty"));
        }
        let (vector, expected) = self.vectors(&got, &wanted, asking, judgement).await?;
        let mut nearest = None;
        for expected in &expected {
            let cosine = cosine(&vector, expected).map_err(Fault::grader)?;
            nearest = Some(nearest.map_or(cosine, |best: f64| best.max(cosine)));
        }
        let Some(cosine) = nearest else {
            return Err(Fault::label("the list of expected texts is empty: a label problem"));
        };
        let (value, at_least) = (ScoreValue::new(cosine.clamp(0.0, 1.0)), self.texts.at_least);
        let passed = cosine >= at_least;
        if let Some(judgement) = judgement {
            judgement.score = Some(cosine);
            judgement.passed = Some(passed);
        }
        if passed {
            let explanation = format!("cosine {}, at least {at_least}", shown(cosine));
            return Ok(Pass { explanation, value });
        }
        let fault = Fault::answer(format!("cosine {} is below {at_least}", shown(cosine)));
        Err(Fault { value, ..fault })
    }

    /// The vectors of the answer and of the expected texts, of which only those are asked that are not kept.
    async fn vectors(
        &self,
        got: &str,
        wanted: &[String],
        asking: &Asking<'_>,
        judgement: &mut Option<Judgement>,
    ) -> Result<(Vector, Vec<Vector>), Fault> {
        let mut known: HashMap<String, Vector> = {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            wanted
                .iter()
                .filter_map(|text| Some((text.clone(), Arc::clone(kept.get(text)?))))
                .collect()
        };
        let mut texts: Vec<&str> = vec![got];
        for text in wanted {
            if !known.contains_key(text) && !texts.contains(&text.as_str()) {
                texts.push(text);
            }
        }
        let vectors = self.embed(&texts, asking, judgement).await?;
        known.extend(texts.iter().map(|text| (*text).to_owned()).zip(vectors));
        self.keep(wanted, &known);
        let of = |text: &str| {
            known
                .get(text)
                .cloned()
                .ok_or_else(|| Fault::grader("a vector is missing"))
        };
        let expected = wanted.iter().map(|text| of(text)).collect::<Result<_, Fault>>()?;
        Ok((of(got)?, expected))
    }

    fn keep(&self, wanted: &[String], known: &HashMap<String, Vector>) {
        // An entry is put in whole or not at all.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for text in wanted {
            if let Some(vector) = known.get(text).filter(|_| kept.len() < KEPT_MAX) {
                kept.insert(text.clone(), Arc::clone(vector));
            }
        }
    }

    async fn embed(
        &self,
        texts: &[&str],
        asking: &Asking<'_>,
        made: &mut Option<Judgement>,
    ) -> Result<Vec<Vector>, Fault> {
        let message = |text: &&str| RenderedMessage {
            role: Role::User,
            text: (*text).to_owned(),
        };
        let config = ModelConfig::new(self.embedding.provider.as_str(), self.embedding.name.as_str());
        let request = ChatRequest::new(config, texts.iter().map(message).collect());
        let Some(exchange) = asking.ask(&self.model, &request).await else {
            let why = format!("{}: it was not asked: the provider asks to wait", self.embedding.name);
            return Err(Fault::grader(why));
        };
        let judge = JudgedBy::Embeddings(self.embedding.clone());
        let mut judgement: Judgement = blank(&self.grader, judge, &self.model, &exchange);
        let read = match exchange.reply {
            Ok(reply) => {
                judgement.resolved_model = reply.resolved_model;
                read(reply.text.as_deref().unwrap_or_default(), texts.len())
                    .map_err(|why| (ErrorKind::BadResponse, why))
            }
            Err(error) => Err((error.kind, error.message)),
        };
        let read = read.map_err(|(kind, message)| {
            let fault = Fault::grader(format!("{}: {message}", self.embedding.name));
            judgement.error = Some(OutcomeError { kind, message });
            fault
        });
        *made = Some(judgement);
        read
    }
}

/// One vector for each text, all of one length.
fn read(text: &str, count: usize) -> Result<Vec<Vector>, String> {
    let vectors: Vec<Vec<f64>> = serde_json::from_str(text).map_err(|error| format!("no list of vectors: {error}"))?;
    if vectors.len() != count {
        return Err(format!("{} vectors for {count} texts", vectors.len()));
    }
    let length = vectors.first().map_or(0, Vec::len);
    if vectors.iter().any(|vector| vector.len() != length) {
        return Err("vectors of different lengths".into());
    }
    Ok(vectors.into_iter().map(Arc::from).collect())
}

fn cosine(u: &[f64], v: &[f64]) -> Result<f64, String> {
    if u.len() != v.len() {
        return Err(format!("vectors of {} and {} numbers", u.len(), v.len()));
    }
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let cosine = dot(u, v) / (dot(u, u).sqrt() * dot(v, v).sqrt());
    if cosine.is_finite() {
        // Rounding can lead just beyond.
        Ok(cosine.clamp(-1.0, 1.0))
    } else {
        Err("a vector has no direction".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_of_known_angles() {
        for (u, v, expected) in [
            (&[1.0, 0.0][..], &[2.0, 0.0][..], 1.0),
            (&[1.0, 0.0], &[0.0, 3.0], 0.0),
            (&[1.0, 0.0], &[-1.0, 0.0], -1.0),
            (&[1.0, 1.0], &[1.0, 0.0], 0.5_f64.sqrt()),
            (&[3.0, 4.0], &[4.0, 3.0], 0.96),
        ] {
            assert!((cosine(u, v).unwrap() - expected).abs() < 1e-12, "{u:?} {v:?}");
        }
        assert!(cosine(&[0.0], &[1.0]).is_err());
        assert!(cosine(&[1.0], &[1.0, 2.0]).is_err());
        assert!(cosine(&[1e200, 1e200], &[1e200, 1.0]).is_err());
    }

    #[test]
    fn a_vector_for_each_text() {
        assert_eq!(read("[[1,2],[3,4]]", 2).unwrap().len(), 2);
        for (text, count) in [
            ("[[1]]", 2),
            ("[[1],[1,2]]", 2),
            ("", 1),
            ("[\"a\"]", 1),
            ("[[null]]", 1),
        ] {
            assert!(read(text, count).is_err(), "{text}");
        }
    }
}
