//! Who somebody is: by a key of theirs, or by a certificate that an authority of theirs signed.

use std::net::IpAddr;

use ipnet::IpNet;
use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey};

use crate::domain::actor::Actor;
use crate::domain::people::People;
use crate::domain::person::Person;
use crate::domain::person_key::PersonKey;

/// The user that everybody may log in as; the key says who it is.
pub const ANYBODY: &str = "pegbox";

/// Somebody who proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Who.
    pub person: Actor,
    /// The fingerprint of their key.
    pub key: String,
    /// The fingerprint of the key in their record that vouches for them: that one, or an authority's.
    pub vouched_by: String,
    /// For the log: the key, and the certificate where there was one.
    pub proof: String,
}

impl Visitor {
    /// Whether the person is still let in, by what let them in.
    pub fn is_known(&self, people: &People) -> bool {
        let vouches = |person: &Person| person.keys.iter().any(|key| key.fingerprint == self.vouched_by);
        people
            .find(&self.person)
            .is_some_and(|person| person.is_active() && vouches(person))
    }
}

/// Whose key this is, of those who may log in as `user`. The sentence says why nobody is let in.
pub fn by_key(people: &People, user: &str, key: &PublicKey, algorithm: &Algorithm) -> Result<Visitor, String> {
    let print = fingerprint(key.key_data());
    check_algorithm(algorithm)?;
    check_strength(key.key_data()).map_err(|why| format!("key {print}: {why}"))?;
    let holds = |person: &&Person| {
        person
            .keys
            .iter()
            .any(|known| own_key(known).as_ref() == Some(key.key_data()))
    };
    let person = one_of(people.active().filter(holds), user).map_err(|why| match why {
        Nobody::NoneHasIt => format!("key {print} is nobody's"),
        Nobody::Others => format!("key {print} is not {user}'s"),
        Nobody::Several => format!("key {print} is that of several people"),
    })?;
    Ok(Visitor {
        person: person.name.clone(),
        proof: format!("key {print}"),
        vouched_by: print.clone(),
        key: print,
    })
}

/// Whether a key may be used to prove something: it is somebody's, or a certificate may vouch for it, which is seen
/// only when it comes.
pub fn may_try(people: &People, user: &str, key: &PublicKey, algorithm: &Algorithm) -> Result<(), String> {
    let has_authority = |person: &Person| person.keys.iter().any(|known| authority(known).is_some());
    let found = by_key(people, user, key, algorithm);
    if found.is_err() && people.active().any(has_authority) {
        return Ok(());
    }
    found.map(drop)
}

/// Whom a certificate that comes from there names, of those whose authority signed it. The sentence says why nobody is
/// let in.
pub fn by_certificate(people: &People, user: &str, from: IpAddr, certificate: &Certificate) -> Result<Visitor, String> {
    let print = fingerprint(certificate.public_key());
    let authority_print = fingerprint(certificate.signature_key());
    let id = certificate.key_id();
    let refused = |why: &str| format!("certificate {id:?} of key {print} {why}");
    check_certificate(certificate, from).map_err(|why| refused(&why))?;
    let trusts = |person: &&Person| {
        let keys = &mut person.keys.iter();
        keys.any(|known| authority(known).as_ref() == Some(certificate.signature_key()))
    };
    let trusting: Vec<&Person> = people.active().filter(trusts).collect();
    if trusting.is_empty() {
        return Err(refused(&format!(
            "is signed by {authority_print}, which nobody has as an authority"
        )));
    }
    let principals = certificate.valid_principals();
    let is_named = |person: &&Person| principals.iter().any(|principal| principal == person.name.as_str());
    let person = one_of(trusting.into_iter().filter(is_named), user).map_err(|why| match why {
        Nobody::NoneHasIt => refused("names nobody whose authority signed it"),
        Nobody::Others => refused(&format!("is not for {user}")),
        Nobody::Several => refused("names several people: log in under one's name"),
    })?;
    let serial = certificate.serial();
    Ok(Visitor {
        person: person.name.clone(),
        proof: format!("key {print}, certificate {id:?} number {serial} of {authority_print}"),
        vouched_by: authority_print,
        key: print,
    })
}

/// All that makes a certificate good, but for whom it names.
fn check_certificate(certificate: &Certificate, from: IpAddr) -> Result<(), String> {
    check_algorithm(&certificate.signature().algorithm())?;
    for key in [certificate.public_key(), certificate.signature_key()] {
        check_strength(key).map_err(|why| format!("proves too little: {why}"))?;
    }
    if certificate.cert_type() != CertType::User {
        return Err("is not that of a person".into());
    }
    for (option, value) in certificate.critical_options().iter() {
        match option.as_str() {
            "source-address" if is_listed(value, from) => {}
            "source-address" => return Err(format!("is good from {value:?} alone, not from {from}")),
            _ => return Err(format!("has the critical option {option}, which is not known here")),
        }
    }
    let signed_by = certificate.signature_key().fingerprint(HashAlg::Sha256);
    if certificate.validate(&[signed_by]).is_err() {
        return Err("is forged, expired, or not valid yet".into());
    }
    Ok(())
}

/// Whether an address is on a list of addresses and networks between commas, as of OpenSSH's `PROTOCOL.certkeys`. A
/// list that cannot be read whole has nobody on it.
fn is_listed(list: &str, from: IpAddr) -> bool {
    let network = |entry: &str| match entry.parse::<IpAddr>() {
        Ok(address) => Some(IpNet::from(address)),
        Err(_) => entry.parse::<IpNet>().ok(),
    };
    let networks: Option<Vec<IpNet>> = list.split(',').map(network).collect();
    networks.is_some_and(|networks| networks.iter().any(|network| network.contains(&from)))
}

/// Why nobody is meant.
enum Nobody {
    NoneHasIt,
    Others,
    Several,
}

/// The only one of these who may log in as `user`.
fn one_of<'a>(people: impl Iterator<Item = &'a Person>, user: &str) -> Result<&'a Person, Nobody> {
    let mut people = people.peekable();
    if people.peek().is_none() {
        return Err(Nobody::NoneHasIt);
    }
    let mut people = people.filter(|person| user == ANYBODY || user == person.name.as_str());
    match (people.next(), people.next()) {
        (Some(person), None) => Ok(person),
        (None, _) => Err(Nobody::Others),
        (Some(_), Some(_)) => Err(Nobody::Several),
    }
}

/// A person's own key.
fn own_key(key: &PersonKey) -> Option<KeyData> {
    (!key.is_authority()).then(|| parsed(key)).flatten()
}

/// The key of an authority.
fn authority(key: &PersonKey) -> Option<KeyData> {
    key.is_authority().then(|| parsed(key)).flatten()
}

fn parsed(key: &PersonKey) -> Option<KeyData> {
    Some(PublicKey::from_openssh(key.line()).ok()?.key_data().clone())
}

fn fingerprint(key: &KeyData) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// SHA-1 proves nothing any more.
fn check_algorithm(algorithm: &Algorithm) -> Result<(), String> {
    match algorithm {
        Algorithm::Rsa { hash: None } => Err("signs with SHA-1".into()),
        Algorithm::Dsa => Err("is of the kind DSA".into()),
        _ => Ok(()),
    }
}

/// A key that could not be added proves nothing either.
fn check_strength(key: &KeyData) -> Result<(), String> {
    PersonKey::new(&PublicKey::new(key.clone(), ""), false).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_on_a_list_or_is_not() {
        let from = |list: &str, address: &str| is_listed(list, address.parse().unwrap());
        for (list, address) in [
            ("192.0.2.7", "192.0.2.7"),
            ("198.51.100.0/24,192.0.2.0/29", "192.0.2.7"),
            ("0.0.0.0/0", "203.0.113.1"),
            ("2001:db8::/32", "2001:db8:1::7"),
            ("192.0.2.7,::1", "::1"),
        ] {
            assert!(from(list, address), "{address} is on {list}");
        }
        for (list, address) in [
            ("192.0.2.8", "192.0.2.7"),
            ("192.0.2.8/29", "192.0.2.7"),
            ("::/0", "192.0.2.7"),
            ("0.0.0.0/0", "2001:db8::7"),
            ("", "192.0.2.7"),
            ("192.0.2.7,", "192.0.2.7"),
            ("192.0.2.7, 192.0.2.8", "192.0.2.7"),
            ("!192.0.2.8,0.0.0.0/0", "192.0.2.7"),
            ("192.0.2.7/33", "192.0.2.7"),
            ("office", "192.0.2.7"),
        ] {
            assert!(!from(list, address), "{address} is not on {list:?}");
        }
    }
}
