//! The emulated hub on a port: it works by itself when something is due, answers travel as they
//! should, and nothing of it is left when it ends.

use std::io::{Read, Write};
use std::net::TcpStream as BlockingStream;
use std::sync::Arc;
use std::time::Duration;

use dayfly::hub::client::{AgentClient, CallError};
use dayfly::hub::wire::agent::RegisterRequest;
use dayfly_lab::emulator::edge::{EdgeSettings, MILLION};
use dayfly_lab::emulator::foreign::ForeignAnswer;
use dayfly_lab::emulator::http::Transport;
use dayfly_lab::emulator::hub::faults::{Before, Endpoint, Fault, Scope, Travel};
use dayfly_lab::emulator::hub::job::JobState;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig, ClientConnection, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::hub_client::Served;

async fn register(served: &Served) -> Result<(), CallError> {
    let client = AgentClient::new(&served.settings).expect("good settings");
    let request = RegisterRequest {
        name: "i-0123456789".to_owned(),
        ..RegisterRequest::default()
    };
    let registered = client.register(&served.registration_token, &request).await;
    registered.map(drop)
}

/// What becomes of a registration from now on.
fn fault(served: &Served, fault: impl Into<Fault>) {
    let mut hub = served.server.shared().lock();
    hub.add_fault(Scope::on(Endpoint::Register), fault);
}

#[tokio::test]
async fn what_is_due_is_done_without_a_request_and_the_bell_rings() {
    let served = Served::new();
    let shared = served.server.shared();
    let mut bell = shared.listen();
    let job = served.enqueue_untouched("built by the hub itself");
    shared.ring();
    let waiting = Some(JobState::WaitingForAgent);
    while shared.lock().job(&job).map(|record| record.state) != waiting {
        bell.changed().await.expect("the hub outlives this");
    }
}

#[tokio::test]
async fn the_bell_rings_for_every_request() {
    let served = Served::new();
    let bell = served.server.shared().listen();
    register(&served).await.expect("the hub admits it");
    assert!(bell.has_changed().expect("the hub outlives this"));
}

#[tokio::test]
async fn an_answer_that_is_late_arrives() {
    let served = Served::new();
    let late = Travel::Delayed(Duration::from_millis(20));
    fault(&served, late);
    register(&served).await.expect("it comes");
}

#[tokio::test]
async fn an_end_waits_for_no_answer_that_never_comes() {
    let served = Served::new();
    fault(&served, Before::BlackHole);
    let mut bell = served.server.shared().listen();
    let address = served.server.address();
    let client = AgentClient::new(&served.settings).expect("good settings");
    let request = RegisterRequest::default();
    let swallowed = client.register(&served.registration_token, &request);
    let ended = async {
        bell.changed().await.expect("the request has come");
        served.server.shutdown().await;
    };
    let (answer, ()) = tokio::join!(swallowed, ended);
    assert!(
        matches!(answer, Err(CallError::Unreachable { .. })),
        "{answer:?}"
    );
    let again = TcpStream::connect(address).await;
    again.expect_err("nobody listens any more");
}

#[tokio::test]
async fn connections_end_with_the_server_that_is_dropped() {
    let served = Served::over(Transport::Plain);
    let mut stream = TcpStream::connect(served.server.address())
        .await
        .expect("it listens");
    let request = b"GET /nowhere HTTP/1.1\r\nhost: hub\r\n\r\n";
    stream.write_all(request).await.expect("a connection");
    let mut answer = Vec::new();
    while !answer.ends_with(b"Not Found\n") {
        let read = stream.read_buf(&mut answer).await.expect("a connection");
        assert_ne!(
            read,
            0,
            "closed after {:?}",
            String::from_utf8_lossy(&answer)
        );
    }
    drop(served.server);
    let rest = stream.read_buf(&mut answer).await;
    assert_eq!(rest.expect("an orderly end"), 0);
}

#[tokio::test]
async fn a_client_with_an_old_tls_is_refused() {
    let served = Served::new();
    let address = served.server.address();
    let refused = tokio::task::spawn_blocking(move || {
        let provider = rustls::crypto::ring::default_provider();
        let config = ClientConfig::builder_with_provider(provider.into())
            .with_protocol_versions(&[&rustls::version::TLS12])
            .expect("TLS 1.2 is known here")
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let mut client = ClientConnection::new(Arc::new(config), name).expect("good settings");
        let mut stream = BlockingStream::connect(address).expect("it listens");
        let error = client.complete_io(&mut stream).expect_err("too old");
        let _ = (stream.flush(), stream.read(&mut [0; 16]));
        error
    });
    let error = refused.await.expect("no panic");
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let too_old = rustls::Error::AlertReceived(AlertDescription::ProtocolVersion);
    assert_eq!(tls, Some(&too_old), "{error}");
}

/// The head and the body of the answer to a poll without a token, over plain HTTP.
async fn polled(served: &Served) -> (String, String) {
    let mut stream = TcpStream::connect(served.server.address())
        .await
        .expect("it listens");
    let request = b"GET /api/v1/self_hosted_agents/metrics HTTP/1.1\r\nhost: hub\r\n\
                    connection: close\r\n\r\n";
    stream.write_all(request).await.expect("a connection");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.to_lowercase(), body.to_owned())
}

fn date(head: &str) -> &str {
    let mut lines = head.lines();
    let line = lines.find_map(|line| line.strip_prefix("date: "));
    line.expect("a Date header")
}

#[tokio::test]
async fn date_header_is_sent_and_can_be_years_off() {
    let served = Served::over(Transport::Plain);
    let (head, _) = polled(&served).await;
    assert!(date(&head).ends_with(" gmt"), "{head}");
    let years = 86_400 * 365 * 40;
    served.server.shared().set_date_offset_seconds(years);
    let (shifted, _) = polled(&served).await;
    let year = |head: &str| date(head).split(' ').nth(3).map(str::to_owned);
    assert_ne!(year(&head), year(&shifted));
    served.server.shared().set_date_offset_seconds(-years);
    let (shifted, _) = polled(&served).await;
    assert!(year(&shifted) < year(&head), "{shifted}");
}

#[tokio::test]
async fn foreign_answers_travel_with_their_headers() {
    let served = Served::over(Transport::Plain);
    for foreign in ForeignAnswer::ALL {
        let settings = EdgeSettings {
            faults_per_million: MILLION,
            kinds: vec![foreign],
            window: None,
            is_before: false,
        };
        served.server.shared().lock().set_edge(settings, Vec::new());
        let (head, body) = polled(&served).await;
        let said = foreign.response("127.0.0.1", None);
        // The hub's own answer is cut where it has seen the request.
        if foreign != ForeignAnswer::Truncated {
            let status = format!("http/1.1 {} ", said.status);
            assert!(head.starts_with(&status), "{foreign:?}: {head}");
            assert_eq!(body.as_bytes(), said.body, "{foreign:?}");
        }
        let has_type = head.contains("\r\ncontent-type: ");
        assert_eq!(has_type, !said.content_type.is_empty(), "{foreign:?}");
        let has_location = head.contains("\r\nlocation: ");
        assert_eq!(has_location, said.location.is_some(), "{foreign:?}");
    }
}
