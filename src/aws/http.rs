//! The SDK's door to HTTP, with our one HTTP client behind it: one TLS stack, TLS 1.3 and
//! nothing older, proxies honored.

use std::path::Path;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use reqwest::{Client, Request};

use crate::https::date::LatestDate;
use crate::https::{self, HttpsError};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// One pool of connections for all of AWS.
#[derive(Clone, Debug)]
pub(super) struct Http {
    client: Client,
    /// Of AWS's latest answer, whichever service gave it: they share a clock.
    date: LatestDate,
}

impl Http {
    /// With the certificates of `ca_file` beside the computer's own.
    pub(super) fn new(ca_file: Option<&Path>) -> Result<Self, HttpsError> {
        let builder = https::builder(ca_file)?.connect_timeout(CONNECT_TIMEOUT);
        let client = https::build(builder)?;
        let date = LatestDate::default();
        Ok(Self { client, date })
    }

    /// The `Date` of AWS's latest answer.
    pub(super) fn date(&self) -> LatestDate {
        self.date.clone()
    }
}

impl HttpClient for Http {
    /// Connections are shared whatever timeouts a caller wants: the SDK bounds whole calls itself.
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (client, date) = (self.client.clone(), self.date.clone());
        HttpConnectorFuture::new(async move {
            let request = translate(request)?;
            let response = client.execute(request).await.map_err(failed)?;
            let status = StatusCode::try_from(response.status().as_u16())
                .map_err(|error| ConnectorError::user(error.into()))?;
            let headers = response.headers().clone();
            date.note(headers.get("date").and_then(|it| it.to_str().ok()));
            let body = response.bytes().await.map_err(failed)?;
            let mut answer = HttpResponse::new(status, SdkBody::from(body));
            for (name, value) in &headers {
                // A header that is no text is none that the SDK reads.
                if let Ok(value) = value.to_str() {
                    answer
                        .headers_mut()
                        .append(name.as_str().to_owned(), value.to_owned());
                }
            }
            Ok(answer)
        })
    }
}

/// Everything that we send is small and in memory.
fn translate(request: HttpRequest) -> Result<Request, ConnectorError> {
    let request = request
        .try_into_http1x()
        .map_err(|error| ConnectorError::user(error.into()))?;
    let body = request.body().bytes().map(<[u8]>::to_vec);
    let request = request.map(|_| body.unwrap_or_default());
    Request::try_from(request).map_err(|error| ConnectorError::user(error.into()))
}

/// Without the address: a presigned one would hold a signature.
fn failed(error: reqwest::Error) -> ConnectorError {
    let error = error.without_url();
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}
