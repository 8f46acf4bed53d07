//! Proxies, as the environment names them: proven with the real agent, because a test must not
//! change its own environment.

use std::io::{Read, Write, copy};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::thread::{self, JoinHandle};

use tokio::process::{Child, Command};

use super::Served;

/// A proxy that opens one tunnel to a fixed place, and tells for where it was asked.
fn proxy(to: SocketAddr) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("it is bound"));
    let thread = thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            client.read_exact(&mut byte).expect("a whole head");
            head.push(byte[0]);
        }
        let mut hub = TcpStream::connect(to).expect("the hub is there");
        client
            .write_all(b"HTTP/1.1 200 OK\r\n\r\n")
            .expect("a client");
        let mut up = client.try_clone().expect("a socket");
        let mut hub_up = hub.try_clone().expect("a socket");
        let upwards = thread::spawn(move || {
            let _ = copy(&mut up, &mut hub_up);
            let _ = hub_up.shutdown(Shutdown::Write);
        });
        let _ = copy(&mut hub, &mut client);
        let _ = client.shutdown(Shutdown::Write);
        upwards.join().expect("it copies");
        let head = String::from_utf8(head).expect("a head is ASCII");
        head.lines().next().unwrap_or_default().to_owned()
    });
    (address, thread)
}

/// The real agent, with these proxies in its environment.
fn agent(served: &Served, proxies: &[(&str, &str)]) -> Child {
    let mut command = Command::new(crate::programs::agent());
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    let endpoint = format!("localhost:{}", served.server.address().port());
    let ca_file = served.settings.ca_file.as_ref().expect("it has one");
    command
        .args([
            "start",
            "--name",
            "i-behind-a-proxy",
            "--endpoint",
            &endpoint,
        ])
        .arg("--ca-file")
        .arg(ca_file)
        .env("SEMAPHORE_AGENT_TOKEN", served.registration_token.expose())
        .envs(proxies.iter().copied())
        // It is killed in the end, and cannot remove its own folder.
        .env("TMPDIR", ca_file.parent().expect("it lies in a folder"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command.spawn().expect("the agent starts")
}

/// Waits until the agent has registered; it must not end before.
async fn registered(served: &Served, agent: &mut Child) {
    let mut bell = served.server.shared().listen();
    while served.server.shared().lock().agents().count() == 0 {
        tokio::select! {
            rung = bell.changed() => rung.expect("the hub outlives this"),
            ended = agent.wait() => panic!("the agent ended: {ended:?}"),
        }
    }
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_used_and_the_hub_spoken_to_through_it() {
    let served = Served::new();
    let (address, proxy) = proxy(served.server.address());
    let mut agent = agent(&served, &[("HTTPS_PROXY", &address)]);
    registered(&served, &mut agent).await;
    agent.kill().await.expect("it is ours");
    drop(served.server);
    let port = served.settings.endpoint.rsplit(':').next();
    let port = port.expect("an endpoint with a port");
    let asked = tokio::task::spawn_blocking(|| proxy.join()).await;
    let asked = asked.expect("no panic").expect("the proxy ends");
    assert_eq!(asked, format!("CONNECT localhost:{port} HTTP/1.1"));
}

#[tokio::test]
async fn no_proxy_names_hosts_that_are_reached_without_one() {
    let served = Served::new();
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", nobody.local_addr().expect("it is bound"));
    drop(nobody);
    let proxies = [("HTTPS_PROXY", address.as_str()), ("NO_PROXY", "localhost")];
    let mut agent = agent(&served, &proxies);
    registered(&served, &mut agent).await;
    agent.kill().await.expect("it is ours");
}
