//! What the processes around a virtual machine are told, and how they are started.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use dayfly::emulator::emulated::Emulated;
use dayfly::emulator::http::tls::SEEN_FROM_MACHINES;
use dayfly::emulator::message::{Delivery, Request, Response};
use dayfly::model::time::Timestamp;
use ring::digest::{SHA256, digest};

use super::world::{BROKEN, LINUX};
use crate::cloud_command::told;

/// A place that serves one file, whatever is asked.
pub struct Artifact(pub Vec<u8>);

impl Emulated for Artifact {
    fn handle(&mut self, _: &Request, _: Timestamp) -> Response {
        Response {
            status: 200,
            content_type: "application/octet-stream",
            location: None,
            body: self.0.clone(),
            delivery: Delivery::Prompt,
        }
    }

    fn tick(&mut self, _: Timestamp) {}

    fn next_deadline(&self) -> Option<Timestamp> {
        None
    }
}

/// The agent without what only a debugger reads: a machine has to fetch it.
pub fn agent_program(folder: &Path) -> Vec<u8> {
    let (built, stripped) = (env!("CARGO_BIN_EXE_dayfly-agent"), folder.join("agent"));
    let mut strip = Command::new("strip");
    let path = match strip.arg("-o").arg(&stripped).arg(built).status() {
        Ok(status) if status.success() => stripped,
        Ok(_) | Err(_) => PathBuf::from(built),
    };
    fs::read(path).expect("the agent was built")
}

/// The user data of the product, as Terraform renders it.
pub fn user_data(hub: u16, artifact: u16, agent: &[u8]) -> String {
    let settings = [
        ("endpoint", format!("{SEEN_FROM_MACHINES}:{hub}")),
        ("region", "eu-central-1".to_owned()),
        ("token_parameter", "/dayfly/linux".to_owned()),
        ("agent", "dayfly".to_owned()),
        (
            "agent_url",
            format!("https://{SEEN_FROM_MACHINES}:{artifact}/agent"),
        ),
        ("agent_sha256", sha256(agent)),
        ("metadata", "off".to_owned()),
        ("boot_limit_seconds", "1200".to_owned()),
        ("lifetime_seconds", "7200".to_owned()),
        ("idle_timeout_seconds", "600".to_owned()),
        ("interruption_grace_seconds", "0".to_owned()),
        ("sudo", "true".to_owned()),
    ];
    let mut text = include_str!("../../../cloud-init/user-data.yaml").to_owned();
    for (name, value) in settings {
        text = text.replace(&format!("${{{name}}}"), &value);
    }
    assert!(!text.contains("${"), "a placeholder is left");
    text
}

fn sha256(agent: &[u8]) -> String {
    let hash = digest(&SHA256, agent);
    let hash = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
    hash.collect()
}

/// What `dayfly image` reads beside the scaler's configuration: where the agent is.
pub fn machine_table(artifact: u16, agent: &[u8]) -> String {
    format!(
        "[pools.{LINUX}.machine]\n\
         agent_url = \"https://{SEEN_FROM_MACHINES}:{artifact}/agent\"\n\
         agent_sha256 = \"{}\"\n\
         token_parameter = \"/dayfly/linux\"\n",
        sha256(agent)
    )
}

pub fn configuration(hub: u16, account: &str) -> String {
    let pool = |name: &str, template: &str, boot_limit: u32| {
        format!(
            "[pools.{name}]\n\
             agent_type = \"{name}\"\n\
             registration_token = {{ file = \"{name}\" }}\n\
             launch_template = {{ id = \"{template}\", version = 1 }}\n\
             boot_limit_seconds = {boot_limit}\n\
             instance_types = [\"c7i.large\"]\n\
             subnets = [\"subnet-a\"]\n"
        )
    };
    format!(
        "deployment = \"ci\"\n\
         machines_max = 6\n\
         [hub]\n\
         endpoint = \"127.0.0.1:{hub}\"\n\
         ca_file = \"hub.pem\"\n\
         [cloud]\n\
         kind = \"ec2\"\n\
         region = \"eu-central-1\"\n\
         endpoint_url = \"{account}\"\n\
         ca_file = \"account.pem\"\n\
         {}{}",
        pool(LINUX, "lt-1", 1200),
        pool(BROKEN, "lt-2", 90),
    )
}

pub fn dayfly(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dayfly"));
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

/// `dayfly cloud`, and the address that it has told.
pub fn start_account(folder: &Path, image: &Path) -> (Child, String) {
    let mut command = dayfly(
        folder,
        &[
            "cloud",
            "--ca-file",
            "account.pem",
            "--seconds-pending",
            "0",
            "--seconds-image",
            "0",
            "--parameter",
            "/dayfly/linux=s1-linux",
            "--user-data",
            "lt-1=good.yaml",
            "--user-data",
            "lt-2=broken.yaml",
            "--trust",
            "trust.pem",
            "--image",
        ],
    );
    let mut account = command
        .arg(image)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the account starts");
    let line = told(&mut account);
    let endpoint = line["endpoint"].as_str().expect("an address").to_owned();
    (account, endpoint)
}
