//! What the processes around a virtual machine are told, and how they are started.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use dayfly::user_data::{TEMPLATE, TEMPLATE_FILE, fill};
use dayfly_lab::emulator::artifact::Artifacts;
use dayfly_lab::emulator::http::tls::SEEN_FROM_MACHINES;
use ring::digest::{SHA256, digest};

use crate::programs;
use crate::told::told;

/// The agent: the program, and an archive with it as the official agent's is.
pub struct Agent {
    pub program: Vec<u8>,
    pub archive: Vec<u8>,
}

const PROGRAM: &str = "/agent";
const ARCHIVE: &str = "/agent.tar.gz";

impl Agent {
    /// Packed with the help of a folder.
    pub fn new(folder: &Path) -> Self {
        let program = agent_program(folder);
        let tar = Command::new("tar")
            .args(["-czf", "agent.tar.gz", "agent"])
            .current_dir(folder)
            .status();
        assert!(tar.expect("tar is there").success());
        let archive = fs::read(folder.join("agent.tar.gz")).expect("it was written");
        Self { program, archive }
    }

    /// Where machines find both.
    pub fn files(&self) -> Artifacts {
        let files = [(PROGRAM, &self.program), (ARCHIVE, &self.archive)];
        let files = files.map(|(path, file)| (path.to_owned(), file.clone()));
        Artifacts(BTreeMap::from(files))
    }
}

/// The agent that was built with this, or another build of it in `DAYFLY_AGENT`; without what only
/// a debugger reads, because a machine has to fetch it.
pub fn agent_program(folder: &Path) -> Vec<u8> {
    let built = std::env::var_os("DAYFLY_AGENT").map(PathBuf::from);
    let built = built.unwrap_or_else(programs::agent);
    let stripped = folder.join("agent");
    let mut strip = Command::new("strip");
    let is_stripped = strip.arg("-o").arg(&stripped).arg(&built).status();
    if !is_stripped.is_ok_and(|status| status.success()) {
        fs::copy(&built, &stripped).expect("the agent was built");
    }
    fs::read(stripped).expect("it was written")
}

/// A pool of a world. Its name is its agent type's, and in that of its token's parameter.
#[derive(Clone, Copy)]
pub struct Pool {
    pub name: &'static str,
    pub told: Told,
    /// What the scaler goes by; what the machine goes by stands in its user data.
    pub boot_limit_seconds: u32,
}

/// The user data of a pool's machines.
#[derive(Clone, Copy)]
pub enum Told {
    /// The product's, with some of its settings changed.
    Product(&'static [(&'static str, &'static str)]),
    /// Any other text.
    Other(&'static str),
}

impl Pool {
    /// A pool as a user has it.
    pub const fn usual(name: &'static str) -> Self {
        Self {
            name,
            told: Told::Product(&[]),
            boot_limit_seconds: 1200,
        }
    }

    /// The launch template of the pool in that place.
    pub fn template(place: usize) -> String {
        format!("lt-{}", place + 1)
    }

    /// What its machines are told, where hub and agent are on these ports of this computer.
    pub fn user_data(&self, hub: u16, port: u16, agent: &Agent) -> String {
        let changes = match self.told {
            Told::Product(changes) => changes,
            Told::Other(text) => return text.to_owned(),
        };
        let is_official = changes.contains(&("agent", "semaphore"));
        let (path, program) = if is_official {
            (ARCHIVE, &agent.archive)
        } else {
            (PROGRAM, &agent.program)
        };
        let host = SEEN_FROM_MACHINES;
        let mut settings = [
            ("endpoint", format!("{host}:{hub}")),
            ("region", "eu-central-1".to_owned()),
            ("token_parameter", format!("/dayfly/{}", self.name)),
            ("agent", "dayfly".to_owned()),
            ("agent_url", format!("https://{host}:{port}{path}")),
            ("agent_sha256", sha256(program)),
            ("metadata", "off".to_owned()),
            ("boot_limit_seconds", "1200".to_owned()),
            ("lifetime_seconds", "7200".to_owned()),
            ("idle_timeout_seconds", "600".to_owned()),
            ("interruption_grace_seconds", "0".to_owned()),
            ("sudo", "true".to_owned()),
        ];
        for (name, value) in changes {
            let known = settings.iter_mut().find(|(known, _)| known == name);
            known.expect("a setting").1 = (*value).to_owned();
        }
        fill(TEMPLATE, TEMPLATE_FILE, &settings).expect("the product's own template")
    }

    /// What `dayfly image` reads beside the scaler's configuration: where the agent is.
    pub fn machine_section(&self, port: u16, agent: &Agent) -> String {
        format!(
            "[pools.{name}.machine]\n\
             agent_url = \"https://{SEEN_FROM_MACHINES}:{port}{PROGRAM}\"\n\
             agent_sha256 = \"{hash}\"\n\
             token_parameter = \"/dayfly/{name}\"\n",
            name = self.name,
            hash = sha256(&agent.program),
        )
    }

    /// Reactive, because a slow computer's boots would be replaced while they last.
    fn section(&self, place: usize) -> String {
        format!(
            "[pools.{name}]\n\
             agent_type = \"{name}\"\n\
             registration_token = {{ file = \"{name}\" }}\n\
             launch_template = {{ id = \"{template}\", version = 1 }}\n\
             boot_limit_seconds = {boot_limit}\n\
             speed = \"reactive\"\n\
             instance_types = [\"c7i.large\"]\n\
             subnets = [\"subnet-a\"]\n",
            name = self.name,
            template = Self::template(place),
            boot_limit = self.boot_limit_seconds,
        )
    }
}

fn sha256(program: &[u8]) -> String {
    let hash = digest(&SHA256, program);
    let hash = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
    hash.collect()
}

pub fn configuration(pools: &[Pool], machines_max: u32, hub: u16, account: &str) -> String {
    let sections = pools.iter().enumerate();
    let sections: String = sections.map(|(place, pool)| pool.section(place)).collect();
    format!(
        "deployment = \"ci\"\n\
         machines_max = {machines_max}\n\
         [hub]\n\
         endpoint = \"127.0.0.1:{hub}\"\n\
         ca_file = \"hub.pem\"\n\
         [cloud]\n\
         kind = \"ec2\"\n\
         region = \"eu-central-1\"\n\
         endpoint_url = \"{account}\"\n\
         ca_file = \"account.pem\"\n\
         {sections}"
    )
}

pub fn dayfly(folder: &Path, arguments: &[&str]) -> Command {
    command(programs::dayfly(), folder, arguments)
}

fn command(program: PathBuf, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    let said = fs::File::options()
        .append(true)
        .create(true)
        .open(folder.join("said"));
    command
        .args(arguments)
        .current_dir(folder)
        .env("TMPDIR", folder)
        .env("AWS_ACCESS_KEY_ID", "any")
        .env("AWS_SECRET_ACCESS_KEY", "any")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .stderr(said.expect("a file"));
    command
}

/// `dayfly-lab emulate aws`, and the address that it has told. Each pool's user data is in a file that is
/// named by its template, and its token in one that is named by the pool.
pub fn start_account(folder: &Path, image: &Path, pools: &[Pool]) -> (Child, String) {
    let arguments = ["emulate", "aws", "--ca-file", "account.pem"];
    let mut command = command(programs::lab(), folder, &arguments);
    command.args([
        "--seconds-pending",
        "0",
        "--seconds-image",
        "0",
        "--trust",
        "trust.pem",
        "--image",
    ]);
    command.arg(image);
    for (place, pool) in pools.iter().enumerate() {
        let (name, template) = (pool.name, Pool::template(place));
        command.arg("--parameter");
        command.arg(format!("/dayfly/{name}={name}"));
        command.arg("--user-data");
        command.arg(format!("{template}={template}.yaml"));
    }
    let mut account = command
        .stdout(Stdio::piped())
        .spawn()
        .expect("the account starts");
    let line = told(&mut account);
    let endpoint = line["endpoint"].as_str().expect("an address").to_owned();
    (account, endpoint)
}
