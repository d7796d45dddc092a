//! From a model's settings to a provider that is ready.

use std::sync::Arc;
use std::time::Duration;

use super::WorkbenchError;
use super::reusing::Tape;
use crate::domain::model::ModelConfig;
use crate::domain::outcome::ErrorKind;
use crate::domain::run::RunSettings;
use crate::providers::{self, Endpoint, Provider, ProviderError};

/// Makes the provider of a model ready.
pub(super) fn connect(model: &ModelConfig, settings: &RunSettings) -> Result<Arc<dyn Provider>, WorkbenchError> {
    connect_taped(model, settings, &Tape::Off)
}

/// The same, with its traffic on a tape.
pub(super) fn connect_taped(
    model: &ModelConfig,
    settings: &RunSettings,
    tape: &Tape,
) -> Result<Arc<dyn Provider>, WorkbenchError> {
    let endpoint = Endpoint {
        base_url: settings.base_url.clone(),
        timeout: Duration::from_millis(settings.timeout_ms),
        prices: providers::PriceTable::shipped(),
    };
    let environment = providers::Environment::read();
    providers::connect_taped(&environment, &model.provider, &endpoint, tape).map_err(provider_error)
}

/// What a provider refused before anything was sent.
fn provider_error(error: ProviderError) -> WorkbenchError {
    let hint = match error.kind {
        ErrorKind::Auth => "set the variable that the message names to a key of this endpoint",
        _ => "check the model's provider and the base URL",
    };
    WorkbenchError::Provider {
        why: error.message,
        hint: hint.into(),
    }
}
