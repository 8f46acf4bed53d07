//! One HTTP client: its TLS, its limits, and the one function that all calls go through.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{CallError, ClientError};
use crate::https;
use crate::https::date::LatestDate;
use crate::hub::wire::answer::{Answer as WireAnswer, Failure};
use crate::model::secret::Secret;
use crate::model::time::Timestamp;

/// How long a connection may take to come about: a machine that is there answers much sooner.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How to reach a hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// Host, with `:port` if it is not the scheme's own.
    pub endpoint: String,
    /// Certificates to trust beside the computer's own, in PEM form.
    pub ca_file: Option<PathBuf>,
    /// Plain HTTP instead of HTTPS, for a hub on the same computer.
    pub plain_http: bool,
    /// For a whole call, from the first byte to the last.
    pub timeout: Duration,
    /// The `User-Agent` header.
    pub user_agent: String,
}

impl HttpSettings {
    /// HTTPS with the computer's own certificates and the official agent's timeout
    /// (protocol.md section 1).
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            ca_file: None,
            plain_http: false,
            timeout: Duration::from_secs(30),
            user_agent: format!("Dayfly/{}", env!("CARGO_PKG_VERSION")),
        }
    }
}

/// A client for one hub.
#[derive(Clone, Debug)]
pub(super) struct Http {
    client: Client,
    /// Host and port, for errors.
    endpoint: String,
    /// Scheme, host and port.
    base: String,
    /// Of successes alone: an edge in front of the hub has a clock of its own.
    latest_date: LatestDate,
}

/// The JSON that a body has to be. Types whose fields all have defaults would be read from others.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Object,
    ObjectOrNull,
    List,
}

/// What a call sends.
pub(super) enum Body {
    /// Nothing; a `POST` says so with `Content-Length: 0`, without which some servers refuse it.
    Empty,
    /// JSON.
    Json(Vec<u8>),
    /// Log events, a line each.
    Text(Vec<u8>),
}

impl Body {
    /// The JSON of plain data.
    pub(super) fn json(value: &impl Serialize) -> Self {
        Self::Json(serde_json::to_vec(value).expect("the protocol's types have text keys"))
    }
}

/// An answer of any status.
pub(super) struct Answer {
    /// Host and port of who answered, for errors.
    endpoint: String,
    pub(super) status: u16,
    content_type: String,
    pub(super) location: Option<String>,
    /// What time it is there, in whole seconds.
    pub(super) date: Option<Timestamp>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// What the protocol looks at.
    pub(super) fn wire(&self) -> WireAnswer<'_> {
        WireAnswer {
            status: self.status,
            content_type: &self.content_type,
            body: &self.body,
        }
    }

    /// The error that the answer to a call is. A server that repeats the token shows it to nobody.
    pub(super) fn error(
        &self,
        call: &str,
        failure: Failure,
        authorization: Authorization<'_>,
    ) -> CallError {
        let (endpoint, call) = (self.endpoint.clone(), call.to_owned());
        let body = String::from_utf8_lossy(&self.body);
        match failure {
            Failure::Refused { status, message } => CallError::Status {
                endpoint,
                call,
                status,
                body: if authorization.is_in(&message) || authorization.is_in(&body) {
                    "(a message with the token in it)".to_owned()
                } else {
                    message
                },
            },
            Failure::Foreign { status, what } => CallError::Foreign {
                endpoint,
                call,
                status,
                what,
            },
        }
    }
}

impl Http {
    pub(super) fn new(settings: &HttpSettings) -> Result<Self, ClientError> {
        check_endpoint(&settings.endpoint)?;
        let builder = https::builder(settings.ca_file.as_deref())?
            .https_only(!settings.plain_http)
            .connect_timeout(CONNECT_TIMEOUT.min(settings.timeout))
            .timeout(settings.timeout)
            .user_agent(&settings.user_agent);
        let client = https::build(builder)?;
        let scheme = if settings.plain_http { "http" } else { "https" };
        let endpoint = settings.endpoint.clone();
        Ok(Self {
            client,
            base: format!("{scheme}://{endpoint}"),
            endpoint,
            latest_date: LatestDate::default(),
        })
    }

    /// What time it is at the hub, by the successes of the last minute.
    pub(super) fn time(&self) -> Option<Timestamp> {
        self.latest_date.time()
    }

    /// Host and port, for errors.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Calls a path of the hub; gives whatever it answers.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        authorization: Authorization<'_>,
        body: Body,
    ) -> Result<Answer, CallError> {
        self.call_url(method, &format!("{}{path}", self.base), authorization, body)
            .await
    }

    /// Calls an absolute address, as `logger.url` is one.
    pub(super) async fn call_url(
        &self,
        method: Method,
        url: &str,
        authorization: Authorization<'_>,
        body: Body,
    ) -> Result<Answer, CallError> {
        let endpoint = self.endpoint_of(url);
        if self.base.starts_with("https:") && !url.starts_with("https:") {
            return Err(CallError::in_the_clear(endpoint));
        }
        let mut request = self.client.request(method.clone(), url);
        if let Some(header) = authorization.header() {
            request = request.header(AUTHORIZATION, header);
        }
        request = match body {
            Body::Empty if method == Method::POST => request.header(CONTENT_LENGTH, "0"),
            Body::Empty => request,
            Body::Json(json) => request.header(CONTENT_TYPE, "application/json").body(json),
            Body::Text(text) => request.header(CONTENT_TYPE, "text/plain").body(text),
        };
        let failed = |error| CallError::from_transport(&endpoint, error);
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let header = |name| response.headers().get(name).and_then(|it| it.to_str().ok());
        let location = header("location").map(str::to_owned);
        let content_type = header("content-type").unwrap_or_default().to_owned();
        let date = header("date").and_then(https::date::read);
        if let 200..300 = status {
            self.latest_date.note(header("date"));
        }
        let body = response.bytes().await.map_err(failed)?.to_vec();
        Ok(Answer {
            endpoint,
            status,
            content_type,
            location,
            date,
            body,
        })
    }

    /// What an absolute address of this hub asks for, from its path on; `None` for another's.
    pub(super) fn path_of<'a>(&self, address: &'a str) -> Option<&'a str> {
        let path = address.strip_prefix(&self.base).unwrap_or(address);
        path.starts_with('/').then_some(path)
    }

    /// Host and port of an address. The payload names the log server's, which may be another's.
    fn endpoint_of(&self, url: &str) -> String {
        if self.path_of(url).is_some() {
            return self.endpoint.clone();
        }
        let url = Url::parse(url).ok();
        let host = url.as_ref().and_then(Url::host_str);
        let port = url.as_ref().and_then(Url::port);
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        format!("{}{port}", host.unwrap_or("the log server"))
    }

    /// Calls a path and wants a success, whose body is the caller's to read.
    pub(super) async fn expect(
        &self,
        method: Method,
        path: &str,
        authorization: Authorization<'_>,
        body: Body,
    ) -> Result<Answer, CallError> {
        let call = format!("{method} {}", without_query(path));
        let answer = self.call(method, path, authorization, body).await?;
        self.wanted(&call, answer, authorization)
    }

    /// A success, or the error that the answer is otherwise.
    pub(super) fn wanted(
        &self,
        call: &str,
        answer: Answer,
        authorization: Authorization<'_>,
    ) -> Result<Answer, CallError> {
        match answer.wire().success() {
            Ok(()) => Ok(answer),
            Err(failure) => Err(answer.error(call, failure, authorization)),
        }
    }

    /// Reads JSON, and says which call gave something else.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        call: &str,
        body: &[u8],
        shape: Shape,
    ) -> Result<T, CallError> {
        let bad = |reason: String| CallError::BadBody {
            endpoint: self.endpoint.clone(),
            call: call.to_owned(),
            reason,
        };
        let is_shaped = match (shape, body.trim_ascii().first()) {
            (Shape::Object | Shape::ObjectOrNull, Some(b'{')) | (Shape::List, Some(b'[')) => true,
            (Shape::ObjectOrNull, Some(b'n')) => true,
            (Shape::Object | Shape::ObjectOrNull | Shape::List, _) => false,
        };
        if !is_shaped {
            let wanted = match shape {
                Shape::Object | Shape::ObjectOrNull => "a JSON object",
                Shape::List => "a JSON list",
            };
            return Err(bad(format!("not {wanted}")));
        }
        // The position alone: the words would quote the body, which may hold a token.
        serde_json::from_slice(body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            bad(format!(
                "not the JSON expected, at line {line} column {column}"
            ))
        })
    }
}

/// Which token a call shows, and how.
#[derive(Clone, Copy)]
pub(super) enum Authorization<'a> {
    /// None: the address holds it.
    Inside,
    /// `Token …`, for hub and public API.
    Token(&'a Secret),
    /// `Bearer …`, for the log server.
    Bearer(&'a Secret),
}

impl Authorization<'_> {
    fn header(self) -> Option<HeaderValue> {
        let text = match self {
            Self::Inside => return None,
            Self::Token(token) => format!("Token {}", token.expose()),
            Self::Bearer(token) => format!("Bearer {}", token.expose()),
        };
        // A token with a line break is no token of any hub: it is sent as none, and refused.
        let mut header =
            HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("Token"));
        header.set_sensitive(true);
        Some(header)
    }

    /// Whether the token is in a text.
    fn is_in(self, text: &str) -> bool {
        match self {
            Self::Inside => false,
            Self::Token(token) | Self::Bearer(token) => {
                !token.is_empty() && text.contains(token.expose())
            }
        }
    }
}

/// A path with a query whose values may be any text.
pub(super) fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut url = Url::parse("https://hub").expect("a constant address");
    url.query_pairs_mut().extend_pairs(pairs);
    format!("{path}?{}", url.query().unwrap_or_default())
}

/// A path without its query, for errors.
pub(super) fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

fn check_endpoint(endpoint: &str) -> Result<(), ClientError> {
    let is_strange = |letter: char| {
        letter.is_whitespace()
            || letter.is_control()
            || matches!(letter, '/' | '\\' | '@' | '?' | '#')
    };
    // What a URL cannot hold, such as a port above 65535, would look like a hub that is away.
    let is_address = Url::parse(&format!("https://{endpoint}")).is_ok();
    if is_address && !endpoint.ends_with(':') && !endpoint.contains(is_strange) {
        return Ok(());
    }
    Err(ClientError::Endpoint {
        found: endpoint.to_owned(),
    })
}
