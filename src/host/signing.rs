//! Signing a decision where the person is: with a key of their SSH agent, or of a file.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use russh::keys::agent::client::{AgentClient, AgentStream};
use russh::keys::ssh_key::{HashAlg, LineEnding, SshSig};
use russh::keys::{Algorithm, PrivateKey, PublicKey};
use serde::{Deserialize, Serialize};

use crate::domain::signature::{NAMESPACE, Statement};
use crate::text::Printable;
use crate::workbench::Fault;

/// What somebody is asked to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToSign {
    /// The statement, byte for byte.
    pub statement: String,
    /// The keys that may: algorithm and key as in an `authorized_keys` file.
    pub keys: Vec<String>,
    /// The key to use; whichever of theirs the agent has where none is named. A private key signs itself, a public key
    /// stands for the one in the agent.
    pub key_file: Option<PathBuf>,
}

impl ToSign {
    /// What is signed, for a person to read: each member on a line of its own.
    pub fn shown(&self) -> Result<String, Fault> {
        let statement = self.checked()?;
        let lines = serde_json::to_string_pretty(&statement).map_err(|error| no_statement(&error.to_string()))?;
        Ok(format!("signing as {NAMESPACE}:\n{}", Printable::block(&lines)))
    }

    /// Nothing but a decision is ever signed, whoever asks.
    fn checked(&self) -> Result<Statement, Fault> {
        Statement::parse(&self.statement).map_err(|error| no_statement(&error.to_string()))
    }

    /// Their keys, as far as this program knows such.
    fn known_keys(&self) -> Vec<PublicKey> {
        self.keys
            .iter()
            .filter_map(|key| PublicKey::from_openssh(key).ok())
            .collect()
    }
}

fn no_statement(why: &str) -> Fault {
    Fault {
        what: format!("there is nothing to sign: {why}"),
        hint: "update pegbox on both sides, or sign by hand with --statement".into(),
    }
}

/// Signs with the file that is named, or with the agent of this process. Gives the armoured signature.
///
/// # Errors
/// There is no such key, or it does not sign.
pub async fn sign(to_sign: &ToSign) -> Result<String, Fault> {
    to_sign.checked()?;
    let mut keys = to_sign.known_keys();
    if let Some(file) = &to_sign.key_file {
        match key_in(file)? {
            KeyFile::Private(key) => return by_key(&key, file, to_sign, &keys),
            KeyFile::Public(key) => keys.retain(|known| known.key_data() == key.key_data()),
        }
    }
    by_own_agent(to_sign, &keys).await
}

#[cfg(unix)]
async fn by_own_agent(to_sign: &ToSign, keys: &[PublicKey]) -> Result<String, Fault> {
    match AgentClient::connect_env().await {
        Ok(agent) => by_agent(agent, to_sign, keys).await,
        Err(error) => Err(Fault {
            what: format!("there is no SSH agent to sign with: {error}"),
            hint: "start one with eval $(ssh-agent) and ssh-add, forward yours with ssh -A, or sign what --statement \
                   prints and hand it in with --signature"
                .into(),
        }),
    }
}

#[cfg(not(unix))]
async fn by_own_agent(_to_sign: &ToSign, _keys: &[PublicKey]) -> Result<String, Fault> {
    Err(Fault {
        what: "this program asks no SSH agent on this system".into(),
        hint: "name a key with --sign-key FILE, or sign by hand with --statement".into(),
    })
}

/// What to do where somebody is elsewhere, and their keys with them.
pub const OVER_SSH: &str = "forward your agent with ssh -A and give --sign; or sign on yours what --statement prints, \
                            and send both back with --signature -";

/// Refuses key files to whoever is elsewhere: those here are not theirs.
///
/// # Errors
/// One is named.
pub fn no_key_file(to_sign: &ToSign) -> Result<(), Fault> {
    match &to_sign.key_file {
        Some(file) => Err(Fault {
            what: format!("{} is a file of the host's machine, not of yours", file.display()),
            hint: OVER_SSH.into(),
        }),
        None => Ok(()),
    }
}

/// Signs with the agent at the other end of a stream.
///
/// # Errors
/// It has no key of the person, or does not sign.
pub async fn over<S: AgentStream + Unpin>(stream: S, to_sign: &ToSign) -> Result<String, Fault> {
    to_sign.checked()?;
    by_agent(AgentClient::connect(stream), to_sign, &to_sign.known_keys()).await
}

/// Signs at the desk of a guest of the host, and shows what, unless the screens have shown it.
///
/// # Errors
/// As of [`sign`]: what failed, and what to do.
pub async fn sign_as_guest(to_sign: &ToSign, has_screens: bool) -> Result<String, (String, String)> {
    let signed = match to_sign.shown() {
        Ok(shown) => {
            show(&shown, has_screens);
            sign(to_sign).await
        }
        Err(fault) => Err(fault),
    };
    signed.map_err(|fault| (fault.what, fault.hint))
}

fn show(shown: &str, has_screens: bool) {
    if !has_screens {
        // Nobody depends on it, so a closed standard error stops no work.
        let _ = writeln!(io::stderr(), "{shown}");
    }
}

/// Signs with the first of these keys that an agent has.
///
/// # Errors
/// It has none of them, or does not sign.
async fn by_agent<S: AgentStream + Unpin>(
    mut agent: AgentClient<S>,
    to_sign: &ToSign,
    keys: &[PublicKey],
) -> Result<String, Fault> {
    let failed = |what: String| Fault {
        what: format!("the SSH agent did not sign: {what}"),
        hint: "look at ssh-add -l, or name a key with --sign-key FILE".into(),
    };
    let identities = agent
        .request_identities()
        .await
        .map_err(|error| failed(error.to_string()))?;
    let is_theirs = |key: &PublicKey| keys.iter().any(|known| known.key_data() == key.key_data());
    let mut public = identities.iter().map(|identity| identity.public_key().into_owned());
    let Some(key) = public.find(is_theirs) else {
        let fingerprints: Vec<String> = keys
            .iter()
            .map(|key| key.fingerprint(HashAlg::Sha256).to_string())
            .collect();
        return Err(match fingerprints.as_slice() {
            [] => not_theirs("the key that is named"),
            wanted => failed(format!(
                "it has no key of yours in this store, which are {}",
                wanted.join(", ")
            )),
        });
    };
    let hash = matches!(key.algorithm(), Algorithm::Rsa { .. }).then_some(HashAlg::Sha512);
    let data = SshSig::signed_data(NAMESPACE, HashAlg::Sha512, to_sign.statement.as_bytes());
    let data = data.map_err(|error| failed(error.to_string()))?;
    let signature = agent.sign_request_signature(&key, hash, &data).await;
    let signature = signature.map_err(|error| failed(error.to_string()))?;
    let signed = SshSig::new(key.key_data().clone(), NAMESPACE, HashAlg::Sha512, signature);
    armoured(signed).map_err(failed)
}

/// A key as a file has it.
enum KeyFile {
    Private(Box<PrivateKey>),
    Public(PublicKey),
}

fn key_in(file: &Path) -> Result<KeyFile, Fault> {
    let fault = |what: String, hint: &str| Fault {
        what: format!("{}: {what}", file.display()),
        hint: hint.to_owned(),
    };
    let text = fs::read_to_string(file).map_err(|error| fault(error.to_string(), "name a file with an SSH key"))?;
    if let Ok(key) = PublicKey::from_openssh(&text) {
        return Ok(KeyFile::Public(key));
    }
    match PrivateKey::from_openssh(&text) {
        Ok(key) if key.is_encrypted() => Err(fault(
            "the key is encrypted".into(),
            "give it to your agent with ssh-add, and sign with --sign alone",
        )),
        Ok(key) => Ok(KeyFile::Private(Box::new(key))),
        Err(error) => Err(fault(
            format!("not a key that OpenSSH writes: {error}"),
            "convert it with ssh-keygen -p -f FILE, or give it to your agent with ssh-add",
        )),
    }
}

fn not_theirs(what: &str) -> Fault {
    Fault {
        what: format!("{what} is no key of yours in this store"),
        hint: "have an admin add it with pegbox user, or sign with another".into(),
    }
}

fn by_key(key: &PrivateKey, file: &Path, to_sign: &ToSign, keys: &[PublicKey]) -> Result<String, Fault> {
    let public = key.public_key();
    if !keys.iter().any(|known| known.key_data() == public.key_data()) {
        return Err(not_theirs(&format!(
            "{} with {}",
            file.display(),
            public.fingerprint(HashAlg::Sha256)
        )));
    }
    let signed = key.sign(NAMESPACE, HashAlg::Sha512, to_sign.statement.as_bytes());
    armoured(signed).map_err(|what| Fault {
        what: format!("{} does not sign: {what}", file.display()),
        hint: "give it to your agent with ssh-add, and sign with --sign alone".into(),
    })
}

fn armoured(signed: Result<SshSig, russh::keys::ssh_key::Error>) -> Result<String, String> {
    let armoured = signed.and_then(|signed| signed.to_pem(LineEnding::LF));
    armoured.map_err(|error| error.to_string())
}
