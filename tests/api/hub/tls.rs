//! A hub behind TLS, with a certificate that only this test knows.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::server::NAME;
use super::{Setup, folder, refusal};

/// Passes requests on to a hub. Returns its port, and its certificate as PEM.
fn start(hub: String) -> (u16, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config =
        config.unwrap().with_no_client_auth().with_single_cert(vec![cert.der().clone()], key);
    let config = Arc::new(config.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let (config, hub) = (Arc::clone(&config), hub.clone());
            // A client that doesn't trust the certificate hangs up.
            thread::spawn(move || pass_on(config, &hub, connection.unwrap()).ok());
        }
    });
    (port, cert.pem())
}

/// Passes one request on, and its answer back.
fn pass_on(config: Arc<ServerConfig>, hub: &str, connection: TcpStream) -> std::io::Result<()> {
    let mut client = StreamOwned::new(ServerConnection::new(config).unwrap(), connection);
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        request.extend(byte);
    }
    request.truncate(request.len() - 2);
    request.extend(b"connection: close\r\n\r\n");
    let mut server = TcpStream::connect(hub.strip_prefix("http://").unwrap())?;
    server.write_all(&request)?;
    std::io::copy(&mut server, &mut client)?;
    client.conn.send_close_notify();
    client.flush()
}

#[test]
fn a_certificate_is_checked_and_can_be_trusted() {
    let setup = Setup::new();
    let (port, certificate) = start(setup.hub.url());
    let file = setup.cache.path().join("certificate.pem");
    let fetch = |certificates: &str| {
        let command = setup.command(&["fetch", NAME]).env("SSL_CERT_FILE", certificates);
        command.env("HF_ENDPOINT", &format!("https://localhost:{port}")).output()
    };
    let unknown = refusal(&fetch(""));
    assert!(unknown.contains("can't be reached: ") && unknown.contains("certificate"), "{unknown}");

    let path = file.to_str().unwrap();
    fs::write(&file, "no certificate").unwrap();
    let empty = refusal(&fetch(path));
    assert!(empty.contains(&format!("SSL_CERT_FILE {path}: it has no certificate")), "{empty}");

    fs::write(&file, certificate).unwrap();
    folder(&fetch(path));
    setup.assert_only_whole_files();
}
