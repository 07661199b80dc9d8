//! The same door, with TLS.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::tls::stand_in::{Authority, Signed};

/// A caller that believes an authority, and perhaps shows a certificate.
fn caller(believes: &Authority, shows: Option<&Signed>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(believes.pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match shows {
        None => config.with_no_client_auth(),
        Some(signed) => {
            let chain = CertificateDer::pem_slice_iter(signed.certificate.as_bytes());
            let key = PrivateKeyDer::from_pem_slice(signed.key.as_bytes()).unwrap();
            let chain = chain.collect::<Result<_, _>>().unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
    };
    TlsConnector::from(Arc::new(config))
}

async fn greet(caller: &TlsConnector, address: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("127.0.0.1").unwrap();
    caller.connect(name, connect(address).await).await
}

/// What a caller hears; empty where the door refuses it.
async fn heard(caller: &TlsConnector, address: SocketAddr) -> String {
    let Ok(mut stream) = greet(caller, address).await else {
        return String::new();
    };
    // With TLS 1.3 a caller learns only by reading that its certificate is refused.
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let _ = stream.write_all(request).await;
    rest(&mut stream).await
}

/// A door in a folder that keeps its files.
async fn door(authority: &Authority, bounds: Bounds) -> (tempfile::TempDir, Running) {
    let folder = tempfile::tempdir().unwrap();
    let tls = authority.sign().write(folder.path());
    let running = run_with(hello(), Some(tls), bounds).await;
    (folder, running)
}

fn hasty() -> Bounds {
    Bounds {
        head_timeout: SECOND / 5,
        ..Bounds::default()
    }
}

#[tokio::test]
async fn who_believes_the_authority_is_answered_and_nobody_else() {
    let authority = Authority::new();
    let (_folder, running) = door(&authority, Bounds::default()).await;
    let answer = heard(&caller(&authority, None), running.address).await;
    assert!(answer.ends_with("hello"), "{answer}");
    let foreign = caller(&Authority::new(), None);
    let refused = greet(&foreign, running.address).await.unwrap_err();
    assert!(
        refused.to_string().contains("invalid peer certificate"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_door_that_asks_for_certificates_lets_in_those_of_its_authority() {
    let (authority, others) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let mut tls = authority.sign().write(folder.path());
    let ca = folder.path().join("ca.crt");
    std::fs::write(&ca, &authority.pem).unwrap();
    tls.client_ca = Some(ca);
    let running = run_with(hello(), Some(tls), Bounds::default()).await;
    let none = caller(&authority, None);
    assert_eq!(heard(&none, running.address).await, "");
    let wrong = caller(&authority, Some(&others.sign()));
    assert_eq!(heard(&wrong, running.address).await, "");
    let right = caller(&authority, Some(&authority.sign()));
    let answer = heard(&right, running.address).await;
    assert!(answer.ends_with("hello"), "{answer}");
}

#[tokio::test]
async fn who_speaks_plainly_is_told_to_use_https() {
    let (_folder, running) = door(&Authority::new(), Bounds::default()).await;
    let mut plain = connect(running.address).await;
    // More than is read at once, so that a careless close would tear the answer away.
    let long = vec![b'x'; 1 << 20];
    let head = format!("POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n", long.len());
    plain.write_all(head.as_bytes()).await.unwrap();
    plain.write_all(&long).await.unwrap();
    plain.shutdown().await.unwrap();
    let answer = rest(&mut plain).await;
    assert!(
        answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with("use https\n"), "{answer}");
}

#[tokio::test]
async fn who_says_nothing_or_stops_in_the_middle_is_hung_up_on() {
    let (_folder, running) = door(&Authority::new(), hasty()).await;
    for said in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01"] {
        let mut slow = connect(running.address).await;
        slow.write_all(said).await.unwrap();
        let ended = tokio::time::timeout(SECOND * 60, rest(&mut slow)).await;
        assert!(ended.is_ok(), "the door still waits after {said:?}");
    }
}

#[tokio::test]
async fn who_never_finishes_its_head_is_hung_up_on_too() {
    let authority = Authority::new();
    let (_folder, running) = door(&authority, hasty()).await;
    let mut slow = greet(&caller(&authority, None), running.address)
        .await
        .unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
    let ended = tokio::time::timeout(SECOND * 60, rest(&mut slow)).await;
    assert!(ended.is_ok(), "the door still listens to a slow caller");
}

#[tokio::test]
async fn closing_does_not_wait_for_a_handshake() {
    let authority = Authority::new();
    let (_folder, running) = door(&authority, Bounds::default()).await;
    let mut stuttering = connect(running.address).await;
    stuttering.write_all(b"\x16\x03").await.unwrap();
    let answer = heard(&caller(&authority, None), running.address).await;
    assert!(answer.ends_with("hello"), "both have come by now");
    running.close.send(()).unwrap();
    tokio::time::timeout(SECOND * 20, running.served)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn closing_answers_a_request_in_hand() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let tls = authority.sign().write(folder.path());
    let (entered, has_entered) = oneshot::channel();
    let entered = Arc::new(std::sync::Mutex::new(Some(entered)));
    let slow = async move || {
        if let Some(entered) = entered.lock().unwrap().take() {
            entered.send(()).unwrap();
        }
        tokio::time::sleep(SECOND / 3).await;
        "late"
    };
    let router = Router::new().route("/", get(slow));
    let running = run_with(router, Some(tls), Bounds::default()).await;
    let address = running.address;
    let asking = tokio::spawn(async move { heard(&caller(&authority, None), address).await });
    has_entered.await.unwrap();
    running.close.send(()).unwrap();
    assert!(asking.await.unwrap().ends_with("late"));
    running.served.await.unwrap();
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_to_the_next_caller() {
    let (old, new) = (Authority::new(), Authority::new());
    let (folder, running) = door(&old, Bounds::default()).await;
    let (before, after) = (caller(&old, None), caller(&new, None));
    let mut kept = greet(&before, running.address).await.unwrap();
    new.sign().write(folder.path());
    let renewed = async {
        while heard(&after, running.address).await.is_empty() {
            tokio::time::sleep(SECOND / 10).await;
        }
    };
    tokio::time::timeout(SECOND * 60, renewed).await.unwrap();
    assert!(
        ask(&mut kept).await.ends_with("hello"),
        "who was there stays"
    );
    assert_eq!(heard(&before, running.address).await, "");
}
