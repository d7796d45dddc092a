//! TLS with certificates that prove nothing: nothing is sent, and another try would change nothing.

use crate::desk::{Desk, Said};
use crate::tls::{TlsServer, fixture};

/// Runs with the fixtures' authority as the one that the machine trusts.
fn trusting(desk: &Desk, server: &TlsServer) -> Said {
    let mut command = desk.asking(&server.base_url, &["--attempts", "3"]);
    command.env("SSL_CERT_FILE", fixture("authority.pem"));
    Said::of(&command.output().unwrap())
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    let server = TlsServer::start("good.pem");
    let fault = Desk::new(1).fails(&server.base_url, &["--attempts", "3"]);
    fault.assert_is(
        "connect",
        1,
        &["the certificate of 127.0.0.1 is refused: ", "SSL_CERT_FILE"],
    );
    assert!(server.requests.lock().unwrap().is_empty());
    assert_eq!(*server.connections.lock().unwrap(), 1);
}

#[test]
fn a_certificate_of_the_machines_authority_is_taken() {
    let (desk, server) = (Desk::new(1), TlsServer::start("good.pem"));
    let said = trusting(&desk, &server);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert_eq!(server.requests.lock().unwrap().len(), 1);
}

#[test]
fn a_certificate_of_another_host_or_another_time_is_refused() {
    for certificate in ["other_host.pem", "expired.pem"] {
        let (desk, server) = (Desk::new(1), TlsServer::start(certificate));
        let said = trusting(&desk, &server);
        assert_eq!(said.code, Some(6), "{said:#?}");
        let outcome = desk.outcome(1, 0);
        assert_eq!(outcome["attempts"].as_array().unwrap().len(), 1, "{outcome:#}");
        let message = outcome["error"]["message"].as_str().unwrap();
        assert!(
            message.starts_with("the certificate of 127.0.0.1 is refused: "),
            "{message}"
        );
        assert!(server.requests.lock().unwrap().is_empty());
    }
}
