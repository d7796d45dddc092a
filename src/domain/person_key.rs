//! Public keys of people.

use russh::keys::ssh_key::public::KeyData;
use russh::keys::{HashAlg, PublicKey};
use serde::{Deserialize, Serialize};

/// Shortest RSA key that counts, in bits: NIST SP 800-131A disallows shorter ones.
const RSA_BITS_MIN: usize = 2_048;
/// How the line of a certificate authority begins.
const AUTHORITY: &str = "cert-authority ";

/// A public key by which a person is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonKey {
    /// Algorithm and key as in an `authorized_keys` file, without options and comment. Begins with `cert-authority `
    /// where certificates that it signed for the person's name count, and not the key itself.
    pub public_key: String,
    /// SHA-256 fingerprint as OpenSSH prints it, such as `SHA256:...`.
    pub fingerprint: String,
}

impl PersonKey {
    /// The key, or as an authority the certificates that it signed.
    ///
    /// # Errors
    /// Why the key proves too little.
    pub fn new(key: &PublicKey, is_authority: bool) -> Result<Self, String> {
        check_strength(key.key_data())?;
        let bare = PublicKey::new(key.key_data().clone(), "");
        let line = bare.to_openssh().map_err(|error| error.to_string())?;
        Ok(Self {
            public_key: if is_authority {
                format!("{AUTHORITY}{}", line.trim_end())
            } else {
                line.trim_end().to_owned()
            },
            fingerprint: fingerprint(&bare),
        })
    }

    /// Whether certificates that it signed count, and not the key itself.
    pub fn is_authority(&self) -> bool {
        self.public_key.starts_with(AUTHORITY)
    }

    /// Algorithm and key alone.
    pub fn line(&self) -> &str {
        self.public_key.strip_prefix(AUTHORITY).unwrap_or(&self.public_key)
    }

    /// The algorithm, such as `ssh-ed25519`.
    pub fn algorithm(&self) -> &str {
        self.line().split(' ').next().unwrap_or_default()
    }

    /// Why the fingerprint is not that of the key; `None` where it is.
    pub fn fault(&self) -> Option<String> {
        match PublicKey::from_openssh(self.line()) {
            Ok(key) if fingerprint(&key) == self.fingerprint => None,
            Ok(key) => Some(format!(
                "its key {} has the fingerprint {}",
                self.fingerprint,
                fingerprint(&key)
            )),
            Err(error) => Some(format!("its key {} cannot be read: {error}", self.fingerprint)),
        }
    }
}

/// The SHA-256 fingerprint of a key as OpenSSH prints it.
fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

fn check_strength(key: &KeyData) -> Result<(), String> {
    match key {
        KeyData::Dsa(_) => Err("it is a DSA key, which OpenSSH does not accept any more".into()),
        KeyData::Certificate(_) => Err("it is a certificate, and certificates end".into()),
        KeyData::Rsa(rsa) => {
            let modulus = rsa.n().as_positive_bytes().unwrap_or_default();
            let leading = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
            let bits = modulus.len() * 8 - leading;
            if bits < RSA_BITS_MIN {
                return Err(format!(
                    "its RSA key has {bits} bits, and fewer than {RSA_BITS_MIN} are too few"
                ));
            }
            Ok(())
        }
        KeyData::Ecdsa(_) | KeyData::Ed25519(_) | KeyData::SkEcdsaSha2NistP256(_) | KeyData::SkEd25519(_) => Ok(()),
        _ => Err(format!("keys of the kind {} are not known here", key.algorithm())),
    }
}
