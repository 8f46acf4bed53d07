//! Lambda's side of the Runtime API, as far as a function sees it: it asks for the next
//! invocation, and says what became of it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use dayfly::model::time::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

/// What a function said.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// To one invocation.
    Response(Value),
    /// To one invocation, or before the first one.
    Error(Value),
}

/// A Runtime API on a port, until it is dropped.
pub struct RuntimeApi {
    pub address: SocketAddr,
    invocations: mpsc::UnboundedSender<Invocation>,
    answers: mpsc::UnboundedReceiver<Answer>,
    _server: JoinSet<()>,
}

struct Invocation {
    payload: String,
    deadline: Timestamp,
}

struct Lambda {
    invocations: Mutex<mpsc::UnboundedReceiver<Invocation>>,
    answers: mpsc::UnboundedSender<Answer>,
}

impl RuntimeApi {
    /// One for each process: a call that an ended process still had on its way would take what
    /// is meant for the next one.
    pub fn start() -> Self {
        let (invocations, next) = mpsc::unbounded_channel();
        let (answered, answers) = mpsc::unbounded_channel();
        let lambda = Arc::new(Lambda {
            invocations: Mutex::new(next),
            answers: answered,
        });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next_invocation))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(response),
            )
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(lambda);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it listens");
        listener.set_nonblocking(true).expect("a socket");
        let listener = TcpListener::from_std(listener).expect("a runtime");
        let mut server = JoinSet::new();
        server.spawn(async move {
            axum::serve(listener, routes).await.expect("it serves");
        });
        Self {
            address,
            invocations,
            answers,
            _server: server,
        }
    }

    /// Hands one invocation over, to be taken when the function asks for it.
    pub fn invoke(&self, payload: &str, deadline: Timestamp) {
        let payload = payload.to_owned();
        let invocation = Invocation { payload, deadline };
        self.invocations.send(invocation).expect("it serves");
    }

    /// What the function says next.
    pub async fn answer(&mut self) -> Answer {
        self.answers.recv().await.expect("it serves")
    }
}

async fn next_invocation(State(lambda): State<Arc<Lambda>>) -> impl IntoResponse {
    let next = lambda.invocations.lock().await.recv().await;
    let Invocation { payload, deadline } = next.expect("the test goes on");
    let headers = [
        ("lambda-runtime-aws-request-id", "request-1".to_owned()),
        (
            "lambda-runtime-deadline-ms",
            deadline.as_millis().to_string(),
        ),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-central-1:000000000000:function:dayfly".to_owned(),
        ),
    ];
    (headers, payload)
}

async fn response(
    State(lambda): State<Arc<Lambda>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    assert_eq!(id, "request-1");
    lambda.said(Answer::Response(json(&body)))
}

async fn error(
    State(lambda): State<Arc<Lambda>>,
    Path(_): Path<String>,
    body: Bytes,
) -> StatusCode {
    lambda.said(Answer::Error(json(&body)))
}

async fn init_error(State(lambda): State<Arc<Lambda>>, body: Bytes) -> StatusCode {
    lambda.said(Answer::Error(json(&body)))
}

impl Lambda {
    fn said(&self, answer: Answer) -> StatusCode {
        // A test that has ended hears nothing more.
        let _ = self.answers.send(answer);
        StatusCode::ACCEPTED
    }
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("an answer is JSON")
}
