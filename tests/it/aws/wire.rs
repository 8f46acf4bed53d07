//! The real SDK, without a socket: its door to HTTP leads into the emulated EC2, in virtual time.

use std::sync::{Arc, Mutex, MutexGuard};

use aws_config::{Region, SdkConfig};
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use dayfly::aws::Clients;
use dayfly::aws::client::{behavior, retries, timeouts};
use dayfly::model::time::Timestamp;
use dayfly::ports::Clock;
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::message::{Delivery, Request, Response};
use tokio::task::yield_now;
use tokio::time::Instant;

/// A clock that moves with the runtime's, which tests pause.
#[derive(Clone, Copy, Debug)]
pub struct VirtualClock {
    start: Instant,
}

impl VirtualClock {
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000).plus(self.start.elapsed())
    }
}

/// The emulated EC2, and every request that it got.
#[derive(Clone, Debug)]
pub struct Wire {
    ec2: Arc<Mutex<Ec2>>,
    requests: Arc<Mutex<Vec<String>>>,
    refused: Arc<Mutex<Vec<String>>>,
    pub clock: VirtualClock,
}

impl Wire {
    pub fn new(ec2: Ec2) -> Self {
        Self {
            ec2: Arc::new(Mutex::new(ec2)),
            requests: Arc::default(),
            refused: Arc::default(),
            clock: VirtualClock::new(),
        }
    }

    pub fn ec2(&self) -> MutexGuard<'_, Ec2> {
        let mut ec2 = self.ec2.lock().expect("no panic before");
        ec2.tick(self.clock.now());
        ec2
    }

    /// The bodies of all requests so far, decoded enough to be searched, oldest first.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic before").clone()
    }

    /// The answers that refused for asking too often.
    pub fn refused(&self) -> Vec<String> {
        self.refused.lock().expect("no panic before").clone()
    }

    /// How many requests named an action.
    pub fn count(&self, action: &str) -> usize {
        let wanted = format!("Action={action}&");
        let requests = self.requests();
        requests
            .iter()
            .filter(|body| body.contains(&wanted))
            .count()
    }

    /// The SDK's clients, as the product sets them up, but for where they lead.
    pub fn clients(&self) -> Clients {
        let keys = Credentials::new("AKIATEST", "the-secret-key", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(behavior())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .retry_config(retries())
            .timeout_config(timeouts())
            .http_client(self.clone())
            .build();
        Clients::of(&config)
    }

    fn answer(&self, request: &HttpRequest) -> Response {
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let text = String::from_utf8_lossy(&body).into_owned();
        self.requests.lock().expect("no panic before").push(text);
        let header = |name| request.headers().get(name).map(str::to_owned);
        let asked = Request {
            method: request.method().to_owned(),
            path: "/".to_owned(),
            authorization: header("authorization"),
            target: header("x-amz-target"),
            user_agent: header("user-agent"),
            body,
            ..Request::default()
        };
        let response = self.ec2().handle(&asked, self.clock.now());
        if response.status == 503 {
            let text = String::from_utf8_lossy(&response.body).into_owned();
            self.refused.lock().expect("no panic before").push(text);
        }
        response
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let wire = self.clone();
        HttpConnectorFuture::new(async move {
            // A process can vanish before a call is made, and before its answer is read.
            yield_now().await;
            let response = wire.answer(&request);
            yield_now().await;
            match response.delivery {
                Delivery::Prompt => {}
                Delivery::Delayed(by) => {
                    let _ = tokio::time::timeout(by, std::future::pending::<()>()).await;
                }
                Delivery::Dropped => return Err(ConnectorError::io("closed".into())),
                Delivery::BlackHole => std::future::pending().await,
            }
            let status = StatusCode::try_from(response.status).expect("a status");
            let mut answer = HttpResponse::new(status, SdkBody::from(response.body));
            answer
                .headers_mut()
                .insert("content-type", response.content_type);
            Ok(answer)
        })
    }
}
