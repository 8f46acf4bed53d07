//! Region, credentials and connections: the SDK's clients, all behind one door to HTTP.

use std::path::Path;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use thiserror::Error;

use super::http::Http;
use crate::config::Ec2Settings;
use crate::https::HttpsError;
use crate::https::date::LatestDate;

/// For a whole call. A fleet of a thousand machines is answered within some seconds.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// Why there are no clients: always a matter of configuration.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// No HTTP client could be made.
    #[error(transparent)]
    Https(#[from] HttpsError),
    /// Nobody says which region.
    #[error("no region is known: set cloud.region, or AWS_REGION in the environment")]
    NoRegion,
}

/// The services of AWS that we ask.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Machines.
    pub ec2: aws_sdk_ec2::Client,
    /// Parameters: image ids and tokens.
    pub ssm: aws_sdk_ssm::Client,
    /// How much the account may have.
    pub quotas: aws_sdk_servicequotas::Client,
    /// The lease.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The `Date` of the latest answer of any of them.
    pub date: LatestDate,
}

impl Clients {
    /// Finds region and credentials where AWS's own tools do, as far as the settings do not say.
    ///
    /// # Errors
    /// The CA file cannot be used, or no region is known. Credentials are looked for when the
    /// first call is made.
    pub async fn connect(settings: &Ec2Settings) -> Result<Self, ConnectError> {
        let http = Http::new(settings.ca_file.as_deref())?;
        let date = http.date();
        let http = SharedHttpClient::new(http);
        let mut loader = with_habits(aws_config::defaults(behavior())).http_client(http);
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(endpoint) = &settings.endpoint_url {
            loader = loader.endpoint_url(endpoint);
        }
        let config = loader.load().await;
        if config.region().is_none() {
            return Err(ConnectError::NoRegion);
        }
        Ok(Self {
            date,
            ..Self::of(&config)
        })
    }

    /// The clients of a configuration that was made elsewhere.
    pub fn of(config: &SdkConfig) -> Self {
        Self {
            ec2: aws_sdk_ec2::Client::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
            quotas: aws_sdk_servicequotas::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            date: LatestDate::default(),
        }
    }
}

/// The SDK's way to the network: TLS 1.3 and nothing older, with the certificates of `ca_file`
/// beside the computer's own.
///
/// # Errors
/// The CA file cannot be used.
pub fn door(ca_file: Option<&Path>) -> Result<SharedHttpClient, HttpsError> {
    Ok(SharedHttpClient::new(Http::new(ca_file)?))
}

/// The SDK's defaults of a day that we have read about (aws.md E), not of the day it was built.
pub fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// No retries: a tick that fails is followed by another tick, our own buckets count every call,
/// and the SDK would take a lack of capacity for a passing trouble. A timeout on everything.
fn with_habits(loader: aws_config::ConfigLoader) -> aws_config::ConfigLoader {
    loader
        .retry_config(retries())
        .timeout_config(timeouts())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

/// How often the SDK repeats a call by itself: never.
pub fn retries() -> RetryConfig {
    RetryConfig::disabled()
}

/// How long the SDK waits.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_timeout(CALL_TIMEOUT)
        .build()
}
