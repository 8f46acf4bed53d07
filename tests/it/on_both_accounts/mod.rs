//! The real AWS client, over TLS, against our emulated account and against moto, which others
//! wrote: what we believe of the wire is believed by somebody else, too.
//!
//! Each test asks both the same and expects the same. Where moto is known to be unlike EC2 (it
//! honors no client token, knows no shortage and no throttling, takes the first override alone),
//! nothing is asked of it.

mod images;
mod machines;
mod moto;
mod program;
mod services;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_ec2::types::{
    LaunchTemplateHttpTokensState, LaunchTemplateInstanceMetadataOptionsRequest,
    LaunchTemplateInstanceMetadataTagsState, RequestLaunchTemplateData, ShutdownBehavior,
};
use dayfly::aws::client::{behavior, door, retries, timeouts};
use dayfly::aws::{Clients, Ec2Cloud};
use dayfly::model::id::{AgentType, Deployment, LaunchToken, PoolName};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::{Market, Offer};
use dayfly::model::plan::LaunchOrder;
use dayfly::model::pool::{BreakerPolicy, Policy, PoolPolicy, Speculation};
use dayfly::model::template::LaunchTemplate;
use dayfly::ports::SystemClock;
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::settings::{Delays, Ec2Settings as Account};
use dayfly_lab::emulator::ec2::throttle::Throttling;
use dayfly_lab::emulator::http::{Server, Shared, Transport};
use tempfile::TempDir;

const TYPE: &str = "c7i.large";
/// Two of the subnets, of different zones; the emulated account has no other zones.
const ZONES: usize = 2;

/// An account behind a port, and what it holds.
pub struct Site {
    pub name: &'static str,
    pub endpoint: String,
    pub ca_file: PathBuf,
    pub region: &'static str,
    pub clients: Clients,
    pub template: String,
    pub image: String,
    pub subnets: Vec<String>,
    /// What keeps it alive.
    _server: Option<(Server<Ec2>, TempDir)>,
}

/// Our account, and moto if it is installed.
pub async fn sites() -> Vec<Site> {
    let mut sites = vec![emulated().await];
    if let Some((endpoint, ca_file)) = moto::moto() {
        sites.push(Site::new("moto", endpoint, ca_file, "us-east-1", None).await);
    }
    sites
}

async fn emulated() -> Site {
    let ec2 = Ec2::new(Account {
        throttling: Throttling::Off,
        delays: Delays {
            pending: Duration::ZERO,
            unseen: Duration::ZERO,
            image: Duration::ZERO,
            ..Delays::default()
        },
        parameters: BTreeMap::from([
            ("/dayfly/image".to_owned(), "ami-x86".to_owned()),
            ("/dayfly/linux".to_owned(), services::TOKEN.to_owned()),
        ]),
        tables: BTreeMap::from([(services::TABLE.to_owned(), "deployment".to_owned())]),
        ..Account::default()
    });
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let server = Server::start(Shared::new(ec2), listener, Transport::Tls, SystemClock);
    let server = server.expect("it can be served");
    let folder = TempDir::new().expect("a temporary folder");
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, server.ca_pem().expect("it speaks TLS")).expect("a file");
    let endpoint = format!("https://{}", server.address());
    let kept = Some((server, folder));
    Site::new("our account", endpoint, ca_file, "eu-central-1", kept).await
}

/// The SDK's clients as the product makes them, but for the credentials.
fn clients(endpoint: &str, ca_file: &std::path::Path, region: &'static str) -> Clients {
    let keys = Credentials::new("AKIATEST", "the-secret-key", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(behavior())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .retry_config(retries())
        .timeout_config(timeouts())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(door(Some(ca_file)).expect("a certificate"))
        .endpoint_url(endpoint)
        .build();
    Clients::of(&config)
}

impl Site {
    async fn new(
        name: &'static str,
        endpoint: String,
        ca_file: PathBuf,
        region: &'static str,
        server: Option<(Server<Ec2>, TempDir)>,
    ) -> Self {
        let clients = clients(&endpoint, &ca_file, region);
        let mut site = Self {
            name,
            endpoint,
            ca_file,
            region,
            clients,
            template: "lt-1".to_owned(),
            image: "ami-x86".to_owned(),
            subnets: vec!["subnet-a".to_owned(), "subnet-b".to_owned()],
            _server: server,
        };
        if site.is_moto() {
            site.furnish().await;
        }
        site
    }

    pub fn is_moto(&self) -> bool {
        self.name == "moto"
    }

    /// Gives moto what our account has from the start: a template, and names for its subnets.
    async fn furnish(&mut self) {
        let ec2 = &self.clients.ec2;
        let images = ec2.describe_images().owners("amazon").send().await;
        let images = images.expect("images");
        let image = images.images().iter().find(|image| {
            image.architecture().map(|it| it.as_str()) == Some("x86_64")
                && image.platform().is_none()
        });
        let image = image.and_then(|image| image.image_id());
        self.image = image.expect("an image for x86_64").to_owned();
        let subnets = ec2.describe_subnets().max_results(10).send().await;
        let subnets = subnets.expect("subnets");
        let ids = subnets.subnets().iter().filter_map(|it| it.subnet_id());
        self.subnets = ids.take(ZONES).map(str::to_owned).collect();
        let metadata = LaunchTemplateInstanceMetadataOptionsRequest::builder();
        let metadata = metadata
            .http_tokens(LaunchTemplateHttpTokensState::Required)
            .instance_metadata_tags(LaunchTemplateInstanceMetadataTagsState::Enabled)
            .build();
        let data = RequestLaunchTemplateData::builder()
            .image_id(&self.image)
            .metadata_options(metadata)
            .instance_initiated_shutdown_behavior(ShutdownBehavior::Terminate)
            .build();
        let made = ec2
            .create_launch_template()
            .launch_template_name(unused_name("template"))
            .launch_template_data(data)
            .send()
            .await
            .expect("a template");
        let id = made
            .launch_template()
            .and_then(|it| it.launch_template_id());
        self.template = id.expect("it has an id").to_owned();
    }

    pub fn offers(&self, market: Market) -> Vec<Offer> {
        let offer = |subnet: &String| Offer {
            instance_type: TYPE.to_owned(),
            subnet: subnet.clone(),
            market,
            hourly: MicroDollars(101_900),
        };
        self.subnets.iter().map(offer).collect()
    }

    pub fn policy(&self, deployment: &Deployment) -> Policy {
        let pool_policy = PoolPolicy {
            agent_type: AgentType::new("s1-linux"),
            machines_max: 100,
            reserve: 0,
            reserve_hours: Vec::new(),
            spot_patience: Duration::ZERO,
            boot_limit: Duration::from_secs(300),
            lifetime: Duration::from_secs(90_000),
            template: self.launch_template(),
            offers: [Market::OnDemand, Market::Spot]
                .map(|market| self.offers(market))
                .concat(),
            breaker: BreakerPolicy {
                failures_max: 3,
                pause: Duration::from_secs(300),
            },
            speculation: Speculation::default(),
        };
        Policy {
            deployment: deployment.clone(),
            machines_max: 100,
            launches_per_hour_max: 1000,
            hourly_max: None,
            pools: [(pool(), pool_policy)].into(),
        }
    }

    pub fn launch_template(&self) -> LaunchTemplate {
        LaunchTemplate::new(self.template.clone(), 1)
    }

    /// The product's cloud for one deployment.
    pub fn cloud_of(&self, deployment: &Deployment) -> Ec2Cloud<SystemClock> {
        let policy = self.policy(deployment);
        Ec2Cloud::new(self.clients.clone(), &policy, SystemClock)
    }

    pub fn order(&self, count: u32, market: Market) -> LaunchOrder {
        LaunchOrder {
            token: LaunchToken::new(unused_name("dayfly")),
            pool: pool(),
            count,
            template: self.launch_template(),
            offers: self.offers(market),
            boot_limit: Duration::from_secs(300),
            lifetime: Duration::from_secs(90_000),
            idle_timeout: Duration::from_secs(120),
        }
    }
}

pub fn pool() -> PoolName {
    PoolName::new("linux")
}

/// A deployment of this test alone: all tests share one moto.
pub fn deployment() -> Deployment {
    Deployment::new(unused_name("ci"))
}

fn unused_name(kind: &str) -> String {
    static DRAWN: AtomicU32 = AtomicU32::new(0);
    format!("{kind}-{}", DRAWN.fetch_add(1, Ordering::Relaxed))
}
