//! From the settings of a run and a model to a provider that is ready.

use std::sync::Arc;
use std::time::Duration;

use super::reusing::Tape;
use super::{Workbench, WorkbenchError};
use crate::domain::metric::MetricKind;
use crate::domain::model::ModelConfig;
use crate::domain::outcome::{ErrorKind, Usage};
use crate::domain::run::RunSettings;
use crate::domain::suite::SuiteContent;
use crate::evals::pipeline::CONCURRENCY_MAX;
use crate::providers::{self, Endpoint, Environment, Provider, ProviderError};

/// Most repeats of a run: more tell nothing that these do not.
const REPEATS_MAX: u32 = 1_000;
/// Most tries for one example: with the longest pauses, a quarter of an hour.
const ATTEMPTS_MAX: u32 = 100;
/// Longest time for one try, an hour, in milliseconds.
const TIMEOUT_MS_MAX: u64 = 60 * 60 * 1_000;

/// Refuses numbers with which a run would send nothing, or never end.
pub(super) fn check_settings(settings: &RunSettings) -> Result<(), WorkbenchError> {
    let ranges = [
        (
            "requests in flight",
            settings.concurrency.into(),
            CONCURRENCY_MAX.into(),
        ),
        ("repeats", settings.repeats.into(), REPEATS_MAX.into()),
        (
            "tries for one example",
            settings.attempts_max.into(),
            ATTEMPTS_MAX.into(),
        ),
        ("milliseconds for one try", settings.timeout_ms, TIMEOUT_MS_MAX),
    ];
    if settings.deadline_ms == Some(0) {
        return Err(WorkbenchError::invalid(
            "a deadline of 0 s: no example could be answered in it",
            "give a longer one, or none",
        ));
    }
    match ranges.into_iter().find(|(_, given, max)| !(1..=*max).contains(given)) {
        Some((what, given, max)) => Err(WorkbenchError::invalid(
            format!("{given} {what}: it must be 1 to {max}"),
            "choose another number",
        )),
        None => Ok(()),
    }
}

/// Refuses a run in which a metric of the suite could measure nothing, since it sums up repeats.
pub(super) fn check_repeats(repeats: u32, suite: &SuiteContent) -> Result<(), WorkbenchError> {
    let needed = |kind: &MetricKind| match kind {
        MetricKind::PassAtK { k, .. } | MetricKind::PassHatK { k, .. } => *k,
        MetricKind::Consistency { .. } => 2,
        _ => 1,
    };
    let Some(metric) = suite.metrics.iter().max_by_key(|metric| needed(&metric.kind)) else {
        return Ok(());
    };
    let needed = needed(&metric.kind);
    if u64::from(repeats) >= needed {
        return Ok(());
    }
    Err(WorkbenchError::invalid(
        format!(
            "metric {} needs {needed} repeats, and each example is asked {repeats} times",
            metric.name
        ),
        format!("start it with --repeats {needed}"),
    ))
}

impl Workbench {
    /// Makes the provider of a model ready.
    pub(super) fn connect(
        &self,
        model: &ModelConfig,
        settings: &RunSettings,
    ) -> Result<Arc<dyn Provider>, WorkbenchError> {
        self.connect_taped(model, settings, &Tape::Off)
    }

    /// The same, with its traffic on a tape.
    pub(super) fn connect_taped(
        &self,
        model: &ModelConfig,
        settings: &RunSettings,
        tape: &Tape,
    ) -> Result<Arc<dyn Provider>, WorkbenchError> {
        let endpoint = self.endpoint(settings, &model.provider);
        providers::connect_taped(&Environment::read(), &model.provider, &endpoint, tape).map_err(provider_error)
    }

    /// Makes a model that turns texts into vectors ready.
    pub(super) fn connect_embeddings(
        &self,
        provider: &str,
        settings: &RunSettings,
        tape: &Tape,
    ) -> Result<Arc<dyn Provider>, WorkbenchError> {
        let endpoint = self.endpoint(settings, provider);
        providers::connect_embeddings(&Environment::read(), provider, &endpoint, tape).map_err(provider_error)
    }

    fn endpoint(&self, settings: &RunSettings, provider: &str) -> Endpoint {
        Endpoint {
            base_url: settings.endpoint_of(provider).map(str::to_owned),
            timeout: Duration::from_millis(settings.timeout_ms),
            prices: Arc::clone(&self.prices),
        }
    }
}

/// Whether the price of a model is known.
pub(super) fn has_price(provider: &dyn Provider, model: &ModelConfig) -> bool {
    let one_token = Usage {
        input_tokens: Some(1),
        output_tokens: Some(1),
        ..Usage::default()
    };
    provider.cost(&model.name, &one_token).is_some()
}

/// What a provider refused before anything was sent.
fn provider_error(error: ProviderError) -> WorkbenchError {
    let check = "check the model's provider and the base URL";
    let hint = match error.kind {
        // The name of a provider or an address that cannot be meant: nobody failed but what was given.
        ErrorKind::BadRequest => return WorkbenchError::invalid(error.message, check),
        ErrorKind::Auth => "set the variable that the message names to a key of this endpoint",
        _ => check,
    };
    WorkbenchError::Provider {
        why: error.message,
        hint: hint.into(),
    }
}
