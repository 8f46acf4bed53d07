//! The emulated EC2 on a port, over TLS and over plain HTTP: the same state machine answers, and
//! what is due in it happens without a request.

use std::net::TcpListener;
use std::time::Duration;

use dayfly::ports::SystemClock;
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::settings::{Delays, Ec2Settings};
use dayfly_lab::emulator::http::{Server, Shared, Transport};
use reqwest::{Certificate, Client};

const RUN: &str = "Action=RunInstances&Version=2016-11-15&LaunchTemplate.LaunchTemplateId=lt-1\
                   &InstanceType=c7i.large&SubnetId=subnet-a&MinCount=1&MaxCount=1";

/// An emulated account on a port, in which machines run and are seen after a few milliseconds.
fn served(transport: Transport) -> Server<Ec2> {
    let ec2 = Ec2::new(Ec2Settings {
        delays: Delays {
            pending: Duration::from_millis(5),
            unseen: Duration::ZERO,
            ..Delays::default()
        },
        ..Ec2Settings::default()
    });
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let server = Server::start(Shared::new(ec2), listener, transport, SystemClock);
    server.expect("it can be served")
}

/// What a form gets over the port: status and text.
async fn post(server: &Server<Ec2>, form: &'static str) -> (u16, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = Client::builder();
    let mut scheme = "http";
    if let Some(pem) = server.ca_pem() {
        let certificate = Certificate::from_pem(pem.as_bytes()).expect("a certificate");
        client = client.tls_certs_only([certificate]);
        scheme = "https";
    }
    let client = client.build().expect("good settings");
    let request = client
        .post(format!("{scheme}://{}/", server.address()))
        .header("authorization", "AWS4-HMAC-SHA256 Credential=a")
        .body(form);
    let answer = request.send().await.expect("it answers");
    let status = answer.status().as_u16();
    (status, answer.text().await.expect("a text"))
}

#[tokio::test]
async fn a_machine_that_is_launched_over_the_port_runs_by_itself() {
    for transport in [Transport::Tls, Transport::Plain] {
        let server = served(transport);
        let mut bell = server.shared().listen();
        let (status, answer) = post(&server, RUN).await;
        assert_eq!(status, 200, "{answer}");
        assert!(answer.contains("<name>pending</name>"), "{answer}");
        let is_running = || {
            let ec2 = server.shared().lock();
            ec2.machines()
                .all(|machine| machine.state.name() == "running")
        };
        while !is_running() {
            bell.changed().await.expect("the account outlives this");
        }
    }
}

#[tokio::test]
async fn a_refusal_travels_with_its_status() {
    let server = served(Transport::Tls);
    let (status, answer) = post(&server, "Action=Dance&Version=2016-11-15").await;
    assert_eq!(status, 400);
    assert!(answer.contains("<Code>InvalidAction</Code>"), "{answer}");
}

#[tokio::test]
async fn date_header_of_the_account_can_be_years_off() {
    let server = served(Transport::Plain);
    let year = async || {
        let url = format!("http://{}/", server.address());
        let answer = reqwest::get(url).await.expect("it answers");
        let date = answer.headers().get("date").expect("a Date header");
        let date = date.to_str().expect("text").to_owned();
        let year = date.split(' ').nth(3).map(str::to_owned);
        year.expect("a year")
    };
    let now = year().await;
    server.shared().set_date_offset_seconds(-86_400 * 365 * 40);
    assert!(year().await < now);
}
