//! How calls fail: in classes, with one clear sentence, and never with a token in it.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use dayfly::https::HttpsError;
use dayfly::hub::client::{
    AgentClient, CallError, ClientError, HttpSettings, HubClient, PoolAccess,
};
use dayfly::hub::wire::agent::{RegisterRequest, SyncRequest};
use dayfly::model::id::PoolName;
use dayfly::model::secret::Secret;
use dayfly::ports::{Hub, HubError};
use dayfly_lab::emulator::http::Transport;
use dayfly_lab::emulator::hub::faults::{Before, Endpoint, Fault, Scope, Travel};
use tokio::net::TcpSocket;

use super::{Served, agent_type};

const TOKEN: &str = "0badc0de0badc0de";

async fn sync(settings: &HttpSettings) -> CallError {
    let client = AgentClient::new(settings).expect("good settings");
    let request = SyncRequest::default();
    let error = client
        .sync(&Secret::new(TOKEN), &request)
        .await
        .expect_err("it cannot work");
    assert!(!error.to_string().contains(TOKEN), "{error}");
    assert!(!format!("{error:?}").contains(TOKEN), "{error:?}");
    error
}

#[tokio::test]
async fn nobody_listens() {
    // Given a port that is taken, so that no other test can have it, and not listened to.
    let socket = TcpSocket::new_v4().expect("a socket");
    let any = "127.0.0.1:0".parse().expect("an address");
    socket.bind(any).expect("a free port");
    let endpoint = socket.local_addr().expect("it is bound").to_string();
    let error = sync(&HttpSettings::new(endpoint.clone())).await;
    assert!(matches!(&error, CallError::Unreachable { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .starts_with(&format!("{endpoint} cannot be reached: ")),
        "{error}"
    );
}

#[tokio::test]
async fn a_token_that_the_hub_does_not_know_is_a_status() {
    let served = Served::new();
    assert_eq!(sync(&served.settings).await.status(), Some(404));
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_and_the_remedy_named() {
    let served = Served::new();
    let error = sync(&HttpSettings {
        ca_file: None,
        ..served.settings.clone()
    })
    .await;
    assert!(matches!(&error, CallError::Tls { .. }), "{error:?}");
    assert!(error.to_string().contains("CA file"), "{error}");
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused_and_the_name_said() {
    let served = Served::at("0.0.0.0:0", Transport::Tls);
    let port = served.server.address().port();
    let error = sync(&HttpSettings {
        endpoint: format!("127.0.0.2:{port}"),
        ..served.settings.clone()
    })
    .await;
    assert!(matches!(&error, CallError::Tls { .. }), "{error:?}");
    let shown = error.to_string().replace(&port.to_string(), "PORT");
    insta::assert_snapshot!(shown, @r#"127.0.0.2:PORT is not spoken to: its certificate is not accepted: certificate not valid for name "127.0.0.2"; certificate is only valid for IpAddress(0.0.0.0), IpAddress(127.0.0.1), IpAddress(169.254.0.2), IpAddress(0::1) or DnsName("localhost")"#);
}

#[tokio::test]
async fn the_scaler_learns_which_token_the_hub_does_not_know() {
    let served = Served::new();
    let pool = PoolName::new("linux");
    let hub = |registration_token: Secret, api_token: &str| {
        let access = PoolAccess {
            agent_type: agent_type(),
            registration_token,
        };
        let pools = BTreeMap::from([(pool.clone(), access)]);
        let api_token = Some(Secret::new(api_token));
        HubClient::new(&served.settings, pools, api_token).expect("good settings")
    };
    let unknown = |token| HubError::UnknownToken {
        endpoint: served.settings.endpoint.clone(),
        token,
        pool: pool.clone(),
    };
    let wrong = hub(Secret::new(TOKEN), TOKEN);
    let registration = unknown("registration_token");
    assert_eq!(wrong.counts(&pool).await, Err(registration.clone()));
    assert_eq!(wrong.jobs(&pool).await, Err(registration));
    assert_eq!(wrong.agents(&pool).await, Err(unknown("api_token")));
    // A token that no header can carry is not known either, and is not a panic.
    let broken = hub(Secret::new("two\nlines"), TOKEN);
    let error = broken.counts(&pool).await.expect_err("it is no token");
    assert!(!error.to_string().contains("lines"), "{error}");
    assert_eq!(error, unknown("registration_token"));
}

#[tokio::test]
async fn a_hub_with_an_old_tls_is_refused_and_said_so() {
    let served = Served::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let endpoint = listener.local_addr().expect("it is bound").to_string();
    let server = std::thread::spawn(move || old_server(&listener));
    let error = sync(&HttpSettings {
        endpoint,
        ..served.settings.clone()
    })
    .await;
    server.join().expect("the old server ends");
    assert!(matches!(&error, CallError::Tls { .. }), "{error:?}");
    assert!(error.to_string().contains("no TLS 1.3"), "{error}");
}

/// One handshake of a server that knows TLS 1.2 and nothing newer.
fn old_server(listener: &TcpListener) {
    let key = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let private = rustls::pki_types::PrivateKeyDer::Pkcs8(key.signing_key.serialize_der().into());
    let config = rustls::ServerConfig::builder_with_provider(
        rustls::crypto::ring::default_provider().into(),
    )
    .with_protocol_versions(&[&rustls::version::TLS12])
    .expect("TLS 1.2 is known here")
    .with_no_client_auth()
    .with_single_cert(vec![key.cert.der().clone()], private)
    .expect("a certificate and its key");
    let mut connection = rustls::ServerConnection::new(Arc::new(config)).expect("good settings");
    let (mut stream, _) = listener.accept().expect("a client");
    // The handshake fails, and the alert has to be sent for the client to learn why.
    let _ = connection.complete_io(&mut stream);
    while connection.wants_write() {
        if connection.write_tls(&mut stream).is_err() {
            return;
        }
    }
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.read(&mut [0; 64]);
}

#[tokio::test]
async fn plain_http_has_to_be_asked_for() {
    let served = Served::over(Transport::Plain);
    let error = sync(&HttpSettings {
        plain_http: false,
        ..served.settings.clone()
    })
    .await;
    assert!(matches!(&error, CallError::Tls { .. }), "{error:?}");
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
}

#[tokio::test]
async fn answers_that_are_lost_or_never_come_are_told_apart_from_refusals() {
    let served = Served::new();
    served.server.shared().lock().add_fault(
        Scope::on(Endpoint::Register),
        Fault::Travel(Travel::Dropped),
    );
    let impatient = HttpSettings {
        timeout: Duration::from_millis(300),
        ..served.settings.clone()
    };
    let impatient = AgentClient::new(&impatient).expect("good settings");
    let client = AgentClient::new(&served.settings).expect("good settings");
    let request = RegisterRequest {
        name: "i-0123456789".into(),
        ..RegisterRequest::default()
    };
    let lost = client.register(&served.registration_token, &request).await;
    assert!(
        matches!(lost, Err(CallError::Unreachable { .. })),
        "{lost:?}"
    );
    served.server.shared().lock().clear_faults();
    served.server.shared().lock().add_fault(
        Scope::on(Endpoint::Register),
        Fault::Before(Before::BlackHole),
    );
    let late = impatient
        .register(&served.registration_token, &request)
        .await;
    let error = late.expect_err("nothing comes");
    assert!(error.to_string().ends_with("no answer in time"), "{error}");
    // The row of the lost answer is there, and a repeat within five minutes gets it.
    served.server.shared().lock().clear_faults();
    client
        .register(&served.registration_token, &request)
        .await
        .expect("the same row");
    assert_eq!(served.server.shared().lock().agents().count(), 1);
}

#[tokio::test]
async fn a_hub_is_found_by_its_name() {
    let served = Served::over(Transport::Plain);
    let named = HttpSettings {
        endpoint: format!("localhost:{}", served.server.address().port()),
        ..served.settings.clone()
    };
    // It answers, if only that it does not know the agent.
    assert_eq!(sync(&named).await.status(), Some(404));
}

#[test]
fn settings_that_cannot_work_are_refused_before_any_call() {
    let new = |settings: HttpSettings| AgentClient::new(&settings).expect_err("it cannot work");
    for endpoint in [
        "",
        "https://acme.semaphoreci.com",
        "acme.semaphoreci.com/api",
        "a b",
        "acme.semaphoreci.com:",
        "acme.semaphoreci.com:https",
        "acme.semaphoreci.com:99999",
        "token@acme.semaphoreci.com",
    ] {
        let error = new(HttpSettings::new(endpoint));
        assert!(
            matches!(error, ClientError::Endpoint { .. }),
            "{endpoint}: {error}"
        );
    }
    let missing = HttpSettings {
        ca_file: Some("/nowhere/ca.pem".into()),
        ..HttpSettings::new("h")
    };
    assert!(matches!(
        new(missing),
        ClientError::Https(HttpsError::CaFile { .. })
    ));
    let empty = HttpSettings {
        ca_file: Some("/dev/null".into()),
        ..HttpSettings::new("h")
    };
    assert!(matches!(
        new(empty),
        ClientError::Https(HttpsError::NoCertificate { .. })
    ));
}
