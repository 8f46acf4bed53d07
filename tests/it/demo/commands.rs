//! `hub`, `run`, `plan`, `check` and `explain`: the real commands, as an operator types them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::programs;
use crate::scaler::metrics::assert_emf;

/// `dayfly-lab emulate hub` with a pipeline of two jobs that tell a FIFO when they have run, and a
/// configuration that points at it.
pub struct Operator {
    pub folder: TempDir,
    hub: Child,
    line: Value,
}

impl Operator {
    pub fn new() -> Self {
        Self::with_hub(&[])
    }

    /// The same, with further arguments for the hub.
    pub fn with_hub(hub_arguments: &[&str]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let fifo = folder.path().join("fifo");
        assert!(
            Command::new("mkfifo")
                .arg(&fifo)
                .status()
                .expect("mkfifo runs")
                .success()
        );
        let pipeline = format!(
            "version: v1.0\nagent: {{machine: {{type: s1-test}}}}\nblocks:\n  - task:\n      jobs:\n        \
             - {{name: job, parallelism: 2, commands: ['echo $SEMAPHORE_JOB_INDEX > {}']}}\n",
            fifo.display()
        );
        std::fs::write(folder.path().join("pipeline.yml"), pipeline).expect("a file");
        let mut hub = Command::new(programs::lab())
            .args([
                "emulate",
                "hub",
                "--sync-interval-ms",
                "50",
                "100",
                "--pipeline",
            ])
            .arg(folder.path().join("pipeline.yml"))
            .args(hub_arguments)
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the hub starts");
        let mut line = String::new();
        let stdout = hub.stdout.take().expect("it is piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("one line");
        let line: Value = serde_json::from_str(&line).expect("JSON");
        Self { folder, hub, line }
    }

    fn text(&self, key: &str) -> &str {
        self.line[key]
            .as_str()
            .unwrap_or_else(|| panic!("{key} in {}", self.line))
    }

    pub fn config(&self) -> PathBuf {
        let path = self.folder.path().join("dayfly.toml");
        let config = format!(
            "deployment = \"test\"\nmachines_max = 4\ntick_seconds = 1\n\n[hub]\nendpoint = {:?}\n\
             ca_file = {:?}\napi_token = {{ env = \"API\" }}\n\n[cloud]\nkind = \"process\"\n\
             folder = \"machines\"\n\n[pools.linux]\nagent_type = \"s1-test\"\n\
             registration_token = {{ env = \"TOKEN\" }}\nmachines_max = 4\n",
            self.text("endpoint"),
            self.text("ca_file"),
        );
        std::fs::write(&path, config).expect("a file");
        path
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(programs::lab(), arguments)
    }

    pub fn command_of(&self, program: PathBuf, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        let token = self.line["registration_tokens"]["s1-test"]
            .as_str()
            .expect("a token");
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("TOKEN", token)
            .env("API", self.text("api_token"));
        command
    }

    fn output(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.command(arguments).output().expect("it starts");
        let Output {
            status,
            stdout,
            stderr,
        } = output;
        let text = String::from_utf8_lossy(&stdout) + String::from_utf8_lossy(&stderr);
        assert!(!text.contains(self.text("api_token")), "a token in {text}");
        (status.code().expect("not killed"), text.into_owned())
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.hub.kill();
        let _ = self.hub.wait();
    }
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("a temporary path is text")
}

#[test]
fn plan_with_a_clock_a_day_ahead_begins_with_a_warning() {
    let operator = Operator::with_hub(&["--date-offset-seconds=-86400"]);
    let config = operator.config();
    let (status, plan) = operator.output(&["plan", "--config", utf8(&config)]);
    assert_eq!(status, 0, "{plan}");
    let begins = plan.starts_with("Warning: this host's clock is 24 h ahead of the hub's: ");
    assert!(begins, "{plan}");
    assert!(plan.contains("launches 2"), "{plan}");
}

#[test]
fn an_operator_asks_before_anything_runs() {
    let operator = Operator::new();
    let config = operator.config();
    let config = utf8(&config);
    let (status, text) = operator.output(&["check", "--config", config]);
    assert_eq!(status, 0, "{text}");
    assert!(
        text.contains("linux: agent type s1-test, 4 machines at most"),
        "{text}"
    );

    let saved = operator.folder.path().join("seen.json");
    let (status, plan) = operator.output(&["plan", "--config", config, "--save", utf8(&saved)]);
    assert_eq!(status, 0, "{plan}");
    assert!(plan.contains("2 queued"), "{plan}");
    assert!(plan.contains("launches 2"), "{plan}");
    assert!(
        !operator.folder.path().join("machines").exists(),
        "plan changes nothing"
    );
    let (status, again) = operator.output(&["plan", "--snapshot", utf8(&saved)]);
    assert_eq!(
        (status, &again),
        (0, &plan),
        "the same snapshot gives the same plan"
    );
    let (_, json) = operator.output(&["plan", "--snapshot", utf8(&saved), "--json"]);
    let json: Value = serde_json::from_str(&json).expect("JSON and nothing else");
    assert_eq!(json["pools"]["linux"]["launch"]["count"], 2);

    let (status, text) = operator.output(&["explain", "linux", "--config", config]);
    assert!(
        status == 0 && text.starts_with("Pool linux: 2 queued"),
        "{text}"
    );
    let jobs = json["pools"]["linux"]["jobs"]
        .as_object()
        .expect("verdicts by job");
    let job = jobs.keys().next().expect("two jobs");
    let (status, text) = operator.output(&["explain", job, "--config", config]);
    assert!(
        status == 0 && text.contains("gets a machine launched now"),
        "{text}"
    );
    let (status, text) = operator.output(&["explain", "nothing", "--config", config]);
    assert!(status == 1 && text.contains("hint:"), "{text}");
}

#[test]
fn run_scales_until_it_is_told_to_stop_and_leaves_nothing() {
    let operator = Operator::new();
    let config = operator.config();
    let text = std::fs::read_to_string(&config).expect("just written");
    std::fs::write(&config, format!("metrics = \"emf\"\n{text}")).expect("a file");
    // Paths in a file that is named without a folder: machines have working folders of their own.
    let mut run = operator
        .command(&["run", "--config", "dayfly.toml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // Open for writing as well, so that it ends with neither job: they tell one after the other, or
    // in the same moment.
    let fifo = std::fs::File::options()
        .read(true)
        .write(true)
        .open(operator.folder.path().join("fifo"))
        .expect("a FIFO");
    let mut told: Vec<String> = BufReader::new(fifo)
        .lines()
        .take(2)
        .map(|line| line.expect("a job tells"))
        .collect();
    told.sort_unstable();
    assert_eq!(told, ["1", "2"]);
    kill_process(Pid::from_child(&run), Signal::TERM).expect("it runs");
    let mut log = String::new();
    std::io::Read::read_to_string(&mut run.stderr.take().expect("piped"), &mut log).expect("text");
    let mut metrics = String::new();
    let mut stdout = run.stdout.take().expect("piped");
    std::io::Read::read_to_string(&mut stdout, &mut metrics).expect("text");
    assert_eq!(run.wait().expect("it ends").code(), Some(0), "{log}");
    assert!(log.contains("launched"), "{log}");
    metrics.lines().for_each(assert_emf);
    assert_eq!(metrics.lines().count(), log.matches(" tick ").count());
    let token = operator.line["registration_tokens"]["s1-test"]
        .as_str()
        .expect("a token");
    assert!(!log.contains(token), "a token in the log");
    assert!(
        !operator.folder.path().join("machines").exists(),
        "machines are left over"
    );
}

#[test]
fn what_is_wrong_with_a_configuration_or_a_token_is_one_sentence_each() {
    let operator = Operator::new();
    let config = operator.config();
    let text = std::fs::read_to_string(&config).expect("just written");
    let broken = operator.folder.path().join("broken.toml");
    std::fs::write(
        &broken,
        text.replace("machines_max = 4", "machine_max = -1"),
    )
    .expect("a file");
    let (status, text) = operator.output(&["check", "--config", utf8(&broken)]);
    assert_eq!(status, 3, "{text}");
    assert_eq!(
        text.matches("machine_max").count(),
        2,
        "both places are named: {text}"
    );

    let mut unset = operator.command(&["run", "--config", utf8(&config)]);
    let output = unset.env_remove("TOKEN").output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("TOKEN is not set"), "{text}");

    let mut wrong = operator.command(&["plan", "--config", utf8(&config)]);
    let output = wrong.env("TOKEN", "0badc0de").output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("does not know the registration_token of pool linux"),
        "{text}"
    );
    assert!(!text.contains("0badc0de"), "{text}");
}

#[test]
fn a_port_in_use_is_said_before_anything_is_served() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let demo = super::Demo::of_jobs(&[("job", &["true"])]);
    let output = Command::new(programs::lab())
        .args(["emulate", "hub", "--listen", &address, "--pipeline"])
        .arg(demo.folder.path().join("pipeline.yml"))
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains(&format!("cannot listen on {address}")),
        "{text}"
    );
    assert!(output.stdout.is_empty());
}
