//! The hub's own answers, told from foreign ones.

use std::collections::BTreeMap;

use dayfly::hub::client::{AgentClient, CallError, HubClient, PoolAccess};
use dayfly::hub::wire::agent::{RegisterRequest, SyncRequest};
use dayfly::hub::wire::answer::Foreign;
use dayfly::model::id::{AgentType, JobId, MachineId, PoolName};
use dayfly::model::job::{AgentReport, QueueCounts};
use dayfly::model::secret::Secret;
use dayfly::model::time::Timestamp;
use dayfly::ports::{Hub, HubError};

use super::bytes::{Script, TOKEN, answer, ok, text};

const HTML: &str = "<!doctype html><title>Sign in</title>";

fn client(answer: &str) -> AgentClient {
    Script::new(vec![answer.to_owned()]).agent()
}

fn token() -> Secret {
    Secret::new(TOKEN)
}

fn pool() -> PoolName {
    PoolName::new("linux")
}

fn scaler(answers: &[String]) -> HubClient {
    let script = Script::new(answers.to_vec());
    let access = PoolAccess {
        agent_type: AgentType::new("s1-x"),
        registration_token: token(),
    };
    let pools = BTreeMap::from([(pool(), access)]);
    HubClient::new(&script.settings, pools, Some(token())).expect("good settings")
}

async fn sync(answer: &str) -> CallError {
    let answer = client(answer).sync(&token(), &SyncRequest::default()).await;
    answer.expect_err("it says not what to do")
}

#[tokio::test]
async fn own_error_is_told_from_a_foreign_one() {
    for own in [
        text(404, "Not Found\n"),
        answer(404, "application/json", r#"{"message":"no"}"#),
    ] {
        assert_eq!(sync(&own).await.status(), Some(404));
    }
    for foreign in [
        answer(404, "text/html", HTML),
        text(404, ""),
        text(404, "404 page not found\n"),
        text(404, "default backend - 404"),
        text(404, "Your address 203.0.113.9\nis not allowed.\n"),
        answer(401, "text/html", HTML),
        ok(HTML),
        ok("{}"),
        ok("[]"),
        ok("null"),
        ok(""),
        ok(r#"{"action":"cont"#),
    ] {
        let error = sync(&foreign).await;
        assert!(matches!(error, CallError::Foreign { .. }), "{error:?}");
        assert_eq!(error.status(), None, "{foreign}");
        assert!(error.may_pass(), "{foreign}");
    }
    let error = sync(&answer(404, "text/html", HTML)).await.to_string();
    let (_, words) = error.split_once(' ').expect("the endpoint comes first");
    insta::assert_snapshot!(words, @"answered 404 to POST /api/v1/self_hosted_agents/sync with an HTML page, which is not the hub's own answer");
}

#[tokio::test]
async fn register_with_any_2xx_and_the_right_body_succeeds() {
    let request = RegisterRequest::default();
    let body = r#"{"name":"i-1","token":"abc"}"#;
    for status in [200, 201, 202] {
        let answer = answer(status, "application/json", body);
        let answer = client(&answer).register(&token(), &request).await;
        assert_eq!(answer.expect("a success").name, "i-1");
    }
    for body in [
        r#"{"name":"","token":"abc"}"#,
        r#"{"name":"i-1","token":""}"#,
        r#"{"name":"i-1"}"#,
        HTML,
    ] {
        let answer = answer(201, "application/json", body);
        let error = client(&answer).register(&token(), &request).await;
        error.expect_err("it admits nobody");
    }
}

#[tokio::test]
async fn body_of_an_auth_endpoint_is_shown_nowhere() {
    let request = RegisterRequest::default();
    let received = "c0ffee".repeat(14);
    let echo = format!("authorization: Token {TOKEN}\n");
    for status in [200, 202, 400, 404, 422, 500] {
        for body in [
            echo.clone(),
            format!("bad token {TOKEN}\n"),
            format!("{{\"message\":\"{TOKEN}\"}}"),
            format!("{{\"name\":\"\",\"token\":\"{received}\"}}"),
            format!("{{\"message\":\"{received}\"}}"),
            format!("{{\"name\":\"i-1\",\"token\":\"{received}"),
            format!("unknown {received}\n"),
        ] {
            for content_type in ["text/plain", "application/json"] {
                let answer = answer(status, content_type, &body);
                let registered = client(&answer).register(&token(), &request).await;
                let mut shown = format!("{registered:?}");
                shown += &registered.map_or_else(|error| error.to_string(), |_| String::new());
                let refreshed = client(&answer).refresh(&token()).await;
                shown += &format!("{refreshed:?}");
                shown += &refreshed.map_or_else(|error| error.to_string(), |_| String::new());
                assert!(!shown.contains(TOKEN), "{shown}");
                assert!(!shown.contains("c0ffee"), "{shown}");
            }
        }
    }
}

#[tokio::test]
async fn push_and_disconnect_with_a_foreign_body_are_not_done() {
    let push = async |answer: &str| {
        let script = Script::new(vec![answer.to_owned()]);
        let url = format!("http://{}/api/v1/logs/j1", script.settings.endpoint);
        script
            .agent()
            .push_log(&url, &token(), 0, b"{}".to_vec())
            .await
    };
    assert_eq!(push(&ok("")).await, Ok(()));
    for foreign in [ok(HTML), ok("{}"), answer(200, "text/html", "")] {
        let error = push(&foreign).await.expect_err("it is not stored");
        assert!(matches!(error, CallError::Foreign { .. }), "{error:?}");
    }
    let full = push(&text(422, "No more space\n")).await;
    assert_eq!(full.expect_err("it is full").status(), Some(422));
    for foreign in [text(422, "full"), answer(413, "text/html", HTML)] {
        let error = push(&foreign).await.expect_err("it is not stored");
        assert_eq!(error.status(), None, "{error:?}");
    }
    for done in [ok("disconnected"), ok("disconnected\n"), ok("{}")] {
        let answer = client(&done).disconnect(&token()).await;
        assert_eq!(answer, Ok(()), "{done}");
    }
    for foreign in [ok(""), ok(HTML), ok("bye")] {
        let answer = client(&foreign).disconnect(&token()).await;
        answer.expect_err("nobody has let go of the agent");
    }
}

#[tokio::test]
async fn payload_with_a_redirect_is_foreign() {
    let answer = client(&answer(302, "text/html", HTML));
    let error = answer.payload(&token(), &JobId::new("j1")).await;
    let error = error.expect_err("no payload");
    let what = Foreign::Redirect;
    assert!(
        matches!(&error, CallError::Foreign { what: it, .. } if *it == what),
        "{error:?}"
    );
}

#[tokio::test]
async fn metrics_without_a_number_are_unknown() {
    let counts = async |body: &str| scaler(&[ok(body)]).counts(&pool()).await;
    let whole = r#"{"jobs":{"queued":1,"running":2},"agents":{"idle":3,"occupied":4}}"#;
    let expected = QueueCounts {
        queued: 1,
        running: 2,
        idle: 3,
        occupied: 4,
    };
    assert_eq!(counts(whole).await, Ok(expected));
    for body in [
        r#"{"jobs":{"running":2},"agents":{"idle":3,"occupied":4}}"#,
        r#"{"jobs":{"queued":null,"running":2},"agents":{"idle":3,"occupied":4}}"#,
        r#"{"jobs":{"queued":1,"running":2},"agents":{"idle":3}}"#,
        r#"{"jobs":{},"agents":{}}"#,
        r#"[[1,2],[3,4]]"#,
        "{}",
        "null",
        HTML,
    ] {
        let unknown = counts(body).await;
        let is_unexpected = matches!(unknown, Err(HubError::Unexpected { .. }));
        assert!(is_unexpected, "{body}: {unknown:?}");
    }
}

#[tokio::test]
async fn queued_jobs_need_their_key() {
    let jobs = async |body: &str| scaler(&[ok(body)]).jobs(&pool()).await;
    assert_eq!(jobs(r#"{"jobs":null}"#).await, Ok(Vec::new()));
    assert_eq!(
        jobs(r#"{"jobs":[{"id":"a"}]}"#).await,
        Ok(vec![JobId::new("a")])
    );
    for body in ["{}", "[]", "null", r#"{"jobs":{}}"#, HTML] {
        let unknown = jobs(body).await;
        assert!(unknown.is_err(), "{body}: {unknown:?}");
    }
}

#[tokio::test]
async fn agents_that_are_no_object_are_unknown() {
    let agents = async |body: &str| scaler(&[ok(body)]).agents(&pool()).await;
    let none: BTreeMap<MachineId, AgentReport> = BTreeMap::new();
    for body in ["{}", "null", r#"{"agents":null}"#] {
        assert_eq!(agents(body).await, Ok(Some(none.clone())), "{body}");
    }
    for body in ["[]", "true", "", HTML] {
        let unknown = agents(body).await;
        assert!(unknown.is_err(), "{body}: {unknown:?}");
    }
}

#[tokio::test]
async fn token_is_unknown_only_if_the_hub_itself_says_so() {
    for status in [401, 404] {
        let foreign = scaler(&[answer(status, "text/html", HTML)])
            .counts(&pool())
            .await;
        let is_unexpected = matches!(foreign, Err(HubError::Unexpected { .. }));
        assert!(is_unexpected, "{foreign:?}");
    }
    let own = scaler(&[text(404, "Not Found\n")]).counts(&pool()).await;
    assert!(matches!(own, Err(HubError::UnknownToken { .. })), "{own:?}");
}

#[tokio::test]
async fn date_of_the_latest_success_is_remembered() {
    let dated = |status: u16, date: &str| {
        let body = r#"{"jobs":[]}"#;
        let length = body.len();
        format!("HTTP/1.1 {status} X\r\ndate: {date}\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    let hub = scaler(&[
        dated(200, "Sun, 06 Nov 1994 08:49:37 GMT"),
        dated(502, "Sun, 06 Nov 1994 09:49:37 GMT"),
        ok(r#"{"jobs":[]}"#),
    ]);
    assert_eq!(hub.time(), None);
    let date = Timestamp::from_seconds(784_111_777);
    let an_hour_later = Timestamp::from_seconds(784_115_377);
    for is_answered in [true, false, true] {
        assert_eq!(hub.jobs(&pool()).await.is_ok(), is_answered);
        let time = hub.time().expect("a success has told");
        assert!(date <= time && time < an_hour_later, "{time:?}");
    }
}
