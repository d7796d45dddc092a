//! Checks of signatures: that each is good, over the very decision that is stored, by a key of the person who took it.

use super::Verification;
use crate::domain::signature::{Signature, Statement};
use crate::store::keys;
use crate::store::records::StoreError;
use crate::store::signature::check_signature;

impl Verification<'_> {
    pub(super) fn signature(&self, key: &str, signature: &Signature) -> Result<Option<String>, StoreError> {
        if key != keys::signature(signature.decision) {
            return Ok(Some("it lies under another decision".into()));
        }
        let signer = match check_signature(&signature.statement, &signature.signature) {
            Ok(signer) => signer,
            Err(fault) => return Ok(Some(fault)),
        };
        if signer.armoured != signature.signature {
            return Ok(Some("its armour is not as it was written".into()));
        }
        if (&signer.public_key, &signer.fingerprint) != (&signature.public_key, &signature.fingerprint) {
            return Ok(Some(format!(
                "it was made by {}, not by the key it names",
                signer.fingerprint
            )));
        }
        let signed = match Statement::parse(&signature.statement) {
            Ok(signed) => signed,
            Err(fault) => return Ok(Some(fault.to_string())),
        };
        let Some(decision) = self.store.decision(signature.decision)? else {
            return Ok(Some(format!("{} is missing", signature.decision)));
        };
        let differences = signed.differences(&self.store.statement_of(&decision)?);
        if !differences.is_empty() {
            let differences = differences.join("; ");
            return Ok(Some(format!("{} is not what was signed: {differences}", decision.id)));
        }
        let Some(person) = self.store.person(&signed.person)? else {
            return Ok(Some(format!("nobody named {} was ever added", signed.person)));
        };
        // A key may have been taken from them since, and their record says only when it changed last.
        let is_theirs = person.keys.iter().any(|key| key.fingerprint == signature.fingerprint);
        let is_unchanged = person.changed_at <= signed.at;
        Ok((is_unchanged && !is_theirs).then(|| {
            format!(
                "{} was no key of {} when it was made",
                signature.fingerprint, signed.person
            )
        }))
    }
}
