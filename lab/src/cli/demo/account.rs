//! The virtual machines of a demo: an emulated account whose machines QEMU boots, with the user
//! data of the product, and the product's own client for AWS in front of it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::Region;
use aws_sdk_ec2::config::Credentials;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::stage::AccountSettings;
use crate::cli::cloud::virtual_machines::{self, VirtualMachines};
use crate::cli::host::{HostError, listener, write_ca};
use crate::emulator::artifact::Artifacts;
use crate::emulator::ec2::Ec2;
use crate::emulator::ec2::machine::State;
use crate::emulator::ec2::settings::Ec2Settings;
use crate::emulator::ec2::template::LaunchTemplate;
use crate::emulator::emulated::Emulated;
use crate::emulator::http::tls::SEEN_FROM_MACHINES;
use crate::emulator::http::{ServeError, Server, Shared, Transport};
use dayfly::aws::client::{behavior, door, retries, timeouts};
use dayfly::aws::{Clients, Ec2Cloud};
use dayfly::config::{Settings, resolve};
use dayfly::document::{Format, Problem};
use dayfly::https::HttpsError;
use dayfly::model::id::{AgentType, MachineId, PoolName};
use dayfly::model::time::Timestamp;
use dayfly::ports::SystemClock;
use dayfly::user_data::user_data;

/// The program of a machine, beside this one.
const AGENT: &str = "dayfly-agent";

/// Why there is no such account.
#[derive(Debug, Error)]
pub(super) enum AccountError {
    #[error(
        "{AGENT} is not beside this program, in {}: machines fetch it from here; `cargo build` makes both",
        .0.display()
    )]
    Agent(PathBuf, #[source] io::Error),
    /// QEMU, or the image.
    #[error(transparent)]
    Qemu(io::Error),
    #[error("this program does not find itself")]
    Program(#[source] io::Error),
    #[error("no file can be written in the demo's folder")]
    Folder(#[source] io::Error),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Https(#[from] HttpsError),
    /// A text of this program's own; an agent type's name may be no pool's.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Configuration(Vec<Problem>),
}

/// An account with virtual machines. Clones are the same one; with the last, all are off.
#[derive(Clone, Debug)]
pub(super) struct Account {
    /// The product's client for it.
    pub(super) cloud: Ec2Cloud<SystemClock>,
    /// What the configuration says of it.
    pub(super) settings: Arc<Settings>,
    server: Arc<Server<Ec2>>,
    _artifacts: Arc<Server<Artifacts>>,
    machines: Arc<Mutex<JoinSet<()>>>,
}

impl Account {
    /// Puts it up. Needs a tokio runtime.
    pub(super) fn new(asked: &AccountSettings<'_>) -> Result<Self, AccountError> {
        let program = std::env::current_exe().map_err(AccountError::Program)?;
        let agent = program.with_file_name(AGENT);
        let agent = fs::read(&agent).map_err(|error| AccountError::Agent(agent, error))?;
        let hash = digest(&SHA256, &agent);
        let hash = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
        let files = BTreeMap::from([(format!("/{AGENT}"), agent)]);
        let artifacts = serve(Artifacts(files))?;
        let url = format!(
            "https://{SEEN_FROM_MACHINES}:{}/{AGENT}",
            artifacts.address().port()
        );
        let text = configuration(asked, &url, &hash.collect::<String>());
        let settings = resolve(
            &text,
            "the demo's configuration",
            Format::Toml,
            asked.folder,
        );
        let settings = settings.map_err(AccountError::Configuration)?;
        let account = account(asked, &settings)?;
        let server = serve(account)?;
        let ca_file = write_ca(&server, asked.folder.join("account.pem"));
        let ca_file = ca_file.map_err(AccountError::Folder)?;
        let pems = [
            server.ca_pem(),
            artifacts.ca_pem(),
            asked.host.server.ca_pem(),
        ];
        let endpoint = format!("https://{}", server.address());
        let trust = pems.into_iter().flatten().collect();
        let virtual_ones = virtual_machines::settings(asked.image, trust, &endpoint);
        let virtual_ones = virtual_ones.map_err(AccountError::Qemu)?;
        let clients = clients(&endpoint, ca_file.as_deref())?;
        let folder = asked.folder.join("machines");
        let shared = server.shared().clone();
        let mut machines = JoinSet::new();
        machines.spawn(VirtualMachines::new(shared, virtual_ones, folder, asked.seed).follow());
        Ok(Self {
            cloud: Ec2Cloud::new(clients, &settings.policy(), SystemClock),
            settings: Arc::new(settings),
            server: Arc::new(server),
            _artifacts: Arc::new(artifacts),
            machines: Arc::new(Mutex::new(machines)),
        })
    }

    pub(super) fn listen(&self) -> watch::Receiver<()> {
        self.server.shared().listen()
    }

    pub(super) fn gone_at(&self, id: &MachineId) -> Option<Timestamp> {
        let account = self.server.shared().lock();
        account.machine(id.as_str())?.terminated_at
    }

    /// Launched in all, alive at once at most, alive now. The account lists the ended for an hour.
    pub(super) fn totals(&self) -> (u32, u32, u32) {
        let account = self.server.shared().lock();
        let lives = account
            .machines()
            .map(|it| (it.launched_at, it.terminated_at));
        let lives: Vec<_> = lives.collect();
        let alive_at = |moment: Timestamp| {
            let has_ended = |end: Option<Timestamp>| end.is_some_and(|end| end <= moment);
            let alive = lives
                .iter()
                .filter(|(from, end)| *from <= moment && !has_ended(*end));
            alive.count()
        };
        let peak = lives.iter().map(|(from, _)| alive_at(*from)).max();
        let alive = account
            .machines()
            .filter(|it| it.state != State::Terminated);
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (
            number(lives.len()),
            number(peak.unwrap_or(0)),
            number(alive.count()),
        )
    }

    /// Turns every machine off.
    pub(super) fn shutdown(&self) {
        let machines = self.machines.lock();
        machines.unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

fn serve<E: Emulated + Send + 'static>(emulated: E) -> Result<Server<E>, AccountError> {
    let listener = listener(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0))?;
    let shared = Shared::new(emulated);
    Ok(Server::start(
        shared,
        listener,
        Transport::Tls,
        SystemClock,
    )?)
}

/// What an operator would write for these machines.
fn configuration(asked: &AccountSettings<'_>, url: &str, hash: &str) -> String {
    let pool = |(place, name): (usize, &AgentType)| {
        format!(
            "[pools.\"{name}\"]\nagent_type = \"{name}\"\n\
             registration_token = {{ parameter = \"{parameter}\" }}\n\
             launch_template = {{ id = \"{template}\", version = 1 }}\n\
             instance_types = [\"c7i.large\"]\nsubnets = [\"subnet-a\"]\n\
             machines_max = {max}\nreserve = {reserve}\nspeed = \"reactive\"\n\
             boot_limit_seconds = 1200\nidle_timeout_seconds = 60\n\
             [pools.\"{name}\".machine]\nagent_url = \"{url}\"\nagent_sha256 = \"{hash}\"\nsudo = true\n",
            parameter = parameter(name),
            template = template(place),
            max = asked.machines_max,
            reserve = asked.reserve.min(asked.machines_max),
        )
    };
    let pools: String = asked
        .host
        .registration_tokens
        .keys()
        .enumerate()
        .map(pool)
        .collect();
    let (max, port) = (asked.machines_max, asked.host.server.address().port());
    format!(
        "deployment = \"demo\"\nmachines_max = {max}\n\
         [hub]\nendpoint = \"{SEEN_FROM_MACHINES}:{port}\"\n\
         [cloud]\nkind = \"ec2\"\nregion = \"eu-central-1\"\n{pools}"
    )
}

fn parameter(name: &AgentType) -> String {
    format!("/dayfly/{name}")
}

fn template(place: usize) -> String {
    format!("lt-{}", place + 1)
}

/// The account that such a configuration needs: a template and a token for each pool.
fn account(asked: &AccountSettings<'_>, settings: &Settings) -> Result<Ec2, AccountError> {
    let mut account = Ec2Settings {
        // Far from the end of all numbers, because ids are counted on from here.
        ids_from: asked.seed >> 8,
        ..Ec2Settings::default()
    };
    // Virtual machines take their own time for both.
    account.delays.pending = Duration::ZERO;
    account.delays.shutting_down = Duration::ZERO;
    for (place, (name, token)) in asked.host.registration_tokens.iter().enumerate() {
        let pool = PoolName::new(name.as_str());
        let told = user_data(settings, "the demo's configuration", &pool);
        let told = told.map_err(AccountError::Configuration)?;
        let mut of_pool = LaunchTemplate::of_image(&template(place), "ami-x86");
        for data in of_pool.versions.values_mut() {
            data.user_data = Some(STANDARD.encode(&told));
        }
        account.templates.insert(template(place), of_pool);
        account
            .parameters
            .insert(parameter(name), token.expose().to_owned());
    }
    Ok(Ec2::new(account))
}

/// Clients of an account that asks for some key, and not for a right one.
fn clients(endpoint: &str, ca_file: Option<&Path>) -> Result<Clients, AccountError> {
    let credentials = Credentials::new("demo", "demo", None, None, "demo");
    let config = aws_config::SdkConfig::builder()
        .behavior_version(behavior())
        .http_client(door(ca_file)?)
        .region(Region::new("eu-central-1"))
        .endpoint_url(endpoint)
        .credentials_provider(aws_sdk_ec2::config::SharedCredentialsProvider::new(
            credentials,
        ))
        .retry_config(retries())
        .timeout_config(timeouts())
        .build();
    Ok(Clients::of(&config))
}
