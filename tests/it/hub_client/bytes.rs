//! What goes over the wire, seen by a server that is no hub: a few bytes read, a few answered.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use dayfly::hub::client::{AgentClient, CallError, HttpSettings, PublicClient};
use dayfly::hub::wire::answer::Foreign;
use dayfly::model::id::{AgentType, JobId};
use dayfly::model::secret::Secret;

pub(super) const TOKEN: &str = "0badc0de0badc0de";

/// A server that gives one answer after the other on its first connection, and then closes it.
pub(super) struct Script {
    pub(super) settings: HttpSettings,
    thread: JoinHandle<(TcpListener, Vec<String>)>,
}

impl Script {
    pub(super) fn new(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = listener.local_addr().expect("it is bound").to_string();
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut requests = Vec::new();
            for answer in answers {
                requests.push(request(&mut stream));
                // A client that has left wants no answer.
                let _ = stream.write_all(answer.as_bytes());
            }
            (listener, requests)
        });
        let settings = HttpSettings {
            plain_http: true,
            user_agent: "DayflyAgent/1".to_owned(),
            ..HttpSettings::new(endpoint)
        };
        Self { settings, thread }
    }

    pub(super) fn agent(&self) -> AgentClient {
        AgentClient::new(&self.settings).expect("good settings")
    }

    pub(super) fn operator(&self) -> PublicClient {
        PublicClient::new(&self.settings, Secret::new(TOKEN)).expect("good settings")
    }

    /// The heads of the requests that came on the one connection. There was no other.
    fn requests(self) -> Vec<String> {
        let (listener, requests) = self.thread.join().expect("the server ends");
        listener.set_nonblocking(true).expect("a listener");
        let second = listener.accept().expect_err("one connection is enough");
        assert_eq!(second.kind(), ErrorKind::WouldBlock);
        requests
    }
}

/// The head of a request, whose body is read, too.
fn request(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            Ok(_) | Err(_) => break,
        }
    }
    let head = String::from_utf8(head).expect("a head is ASCII");
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.parse().expect("a number"))
    });
    let mut body = vec![0; length.unwrap_or_default()];
    // A client that has left sends no body either.
    let _ = stream.read_exact(&mut body);
    head
}

/// An answer in plain text, as the hub gives its errors.
pub(super) fn text(status: u16, body: &str) -> String {
    answer(status, "text/plain; charset=utf-8", body)
}

pub(super) fn answer(status: u16, content_type: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub(super) fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn redirect(location: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")
}

#[tokio::test]
async fn a_post_without_a_body_says_so_and_sends_no_header_of_the_edge() {
    let script = Script::new(vec![ok("disconnected")]);
    let gone = script.agent().disconnect(&Secret::new(TOKEN)).await;
    gone.expect("it was answered");
    let head = script.requests().remove(0).to_lowercase();
    let mut lines = head.trim_end().lines();
    assert_eq!(
        lines.next(),
        Some("post /api/v1/self_hosted_agents/disconnect http/1.1")
    );
    let mut headers: Vec<&str> = lines.filter(|line| !line.starts_with("host: ")).collect();
    headers.sort_unstable();
    assert_eq!(
        headers,
        [
            "accept: */*",
            "authorization: token 0badc0de0badc0de",
            "content-length: 0",
            "user-agent: dayflyagent/1",
        ]
    );
}

#[tokio::test]
async fn a_post_whose_answer_is_lost_is_not_sent_again_behind_our_back() {
    // The second request comes on a connection that is known to work, where clients like to retry.
    let script = Script::new(vec![ok("disconnected"), String::new()]);
    let (client, token) = (script.agent(), Secret::new(TOKEN));
    client.disconnect(&token).await.expect("it was answered");
    let lost = client.disconnect(&token).await;
    assert!(
        matches!(lost, Err(CallError::Unreachable { .. })),
        "{lost:?}"
    );
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let script = Script::new(vec![redirect("/elsewhere")]);
    let job = JobId::new("j1");
    let answer = script.agent().payload(&Secret::new(TOKEN), &job).await;
    let error = answer.expect_err("no payload");
    let is_redirect = matches!(
        error,
        CallError::Foreign {
            status: 302,
            what: Foreign::Redirect,
            ..
        }
    );
    assert!(is_redirect, "{error:?}");
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn a_log_that_lies_elsewhere_is_not_fetched_and_its_token_not_shown() {
    let script = Script::new(vec![redirect("https://elsewhere/api/v1/logs/j1?jwt=eyJh")]);
    let error = script.operator().log(&JobId::new("j1"), 0).await;
    let error = error.expect_err("it is not this hub's");
    assert!(matches!(error, CallError::BadBody { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("eyJh"), "{error:?}");
    script.requests();
}

#[tokio::test]
async fn a_refused_read_of_a_log_does_not_show_its_token() {
    let refusal = text(401, "Unauthorized\n");
    let script = Script::new(vec![redirect("/api/v1/logs/j1?jwt=eyJh"), refusal]);
    let error = script.operator().log(&JobId::new("j1"), 7).await;
    let error = error.expect_err("it is refused");
    assert_eq!(error.status(), Some(401));
    assert!(!format!("{error} {error:?}").contains("eyJh"), "{error:?}");
    let requests = script.requests();
    assert!(
        requests[1].starts_with("GET /api/v1/logs/j1?jwt=eyJh&token=7 "),
        "{requests:?}"
    );
    assert!(!requests[1].contains(TOKEN), "the API token is for the hub");
}

#[tokio::test]
async fn a_reader_who_meets_the_archive_starts_again_and_keeps_what_is_new() {
    let place = || redirect("/api/v1/logs/j1?jwt=eyJh");
    let event = |at: u64| format!(r#"{{"event":"job_started","timestamp":{at}}}"#);
    let whole = format!(r#"{{"events":[{},{}],"next":null}}"#, event(1), event(2));
    let nothing = r#"{"events":[],"next":null}"#;
    let script = Script::new(vec![place(), ok(nothing), place(), ok(&whole)]);
    let (events, next) = script
        .operator()
        .log(&JobId::new("j1"), 1)
        .await
        .expect("a log");
    assert_eq!((events.len(), next), (1, None));
    let requests = script.requests();
    assert!(requests[3].contains("&token=0 "), "{requests:?}");
}

#[tokio::test]
async fn pages_are_joined_rows_that_come_twice_count_once_and_other_types_not_at_all() {
    let agent = |name: &str, agent_type: &str| {
        format!(r#"{{"metadata":{{"name":"{name}","type":"{agent_type}"}}}}"#)
    };
    let page = |agents: &[String], cursor: &str| {
        ok(&format!(
            r#"{{"agents":[{}],"cursor":"{cursor}"}}"#,
            agents.join(",")
        ))
    };
    let first = [
        agent("a", "s1-x"),
        agent("b", "s1-x"),
        agent("c", "s1-other"),
    ];
    let second = [agent("b", "s1-x"), agent("d", "s1-x")];
    let script = Script::new(vec![page(&first, "1 7&x"), page(&second, "")]);
    let agents = script.operator().agents(&AgentType::new("s1-x")).await;
    let agents = agents.expect("two pages");
    let names: Vec<&str> = agents.iter().map(|it| it.metadata.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "d"]);
    let requests = script.requests();
    assert!(
        requests[1].contains("agent_type=s1-x&page_size=200&cursor=1+7%26x "),
        "{requests:?}"
    );
}

#[tokio::test]
async fn a_list_without_an_end_is_an_error_and_not_the_half_of_it() {
    let page = ok(r#"{"agents":[],"cursor":"1"}"#);
    let script = Script::new(vec![page; 1000]);
    let error = script.operator().agents(&AgentType::new("s1-x")).await;
    let error = error.expect_err("there is no end");
    assert!(error.to_string().contains("1000 pages"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_told_without_its_words() {
    let script = Script::new(vec![ok(r#"{"token":"eyJh"#)]);
    let error = script.agent().refresh(&Secret::new(TOKEN)).await;
    let error = error.expect_err("it is cut off");
    assert!(
        error.to_string().contains("JSON that is cut off"),
        "{error}"
    );
    assert!(!format!("{error} {error:?}").contains("eyJh"), "{error:?}");
}

#[tokio::test]
async fn a_log_address_in_the_clear_is_refused_unless_asked_for() {
    let settings = HttpSettings::new("hub.example");
    let client = AgentClient::new(&settings).expect("good settings");
    let url = "http://logs.example:8080/api/v1/logs/j1?jwt=eyJh";
    let error = client
        .push_log(url, &Secret::new(TOKEN), 0, Vec::new())
        .await;
    let error = error.expect_err("it would be in the clear");
    insta::assert_snapshot!(error, @"logs.example:8080 is not spoken to: its address does not start with https://, and plain HTTP has to be asked for in so many words");
}
