//! JSON Schemas that people write: kept as written, refused where they are no schema.

use crate::domain::json::SourceJson;

/// Keeps the text if it is a JSON Schema; else says why not.
pub(super) fn parse(text: &str) -> Result<SourceJson, String> {
    let source = SourceJson::new(text).map_err(|error| error.to_string())?;
    match jsonschema::validator_for(&source.value()) {
        Ok(_) => Ok(source),
        Err(error) => {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { "the whole".into() } else { place };
            Err(format!("not a JSON Schema: at {place}: {error}"))
        }
    }
}
