//! Hub, account and scaler around the virtual machines of a test.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dayfly::hub::wire::agent::JobResult;
use dayfly::hub::wire::payload::{self, EnvVar, File};
use dayfly::model::id::{AgentType, JobId};
use dayfly::model::secret::Secret;
use dayfly::ports::{Clock, SystemClock};
use dayfly_lab::emulator::artifact::Artifacts;
use dayfly_lab::emulator::emulated::Emulated;
use dayfly_lab::emulator::http::tls::SEEN_FROM_MACHINES;
use dayfly_lab::emulator::http::{Server, Shared, Transport};
use dayfly_lab::emulator::hub::Hub;
use dayfly_lab::emulator::hub::job::{JobRecord, JobState};
use dayfly_lab::emulator::hub::settings::HubSettings;
use dayfly_lab::emulator::job_request::JobRequest;
use reqwest::{Certificate, Client};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use super::listed::{BY_ITSELF, Listed, between};
use super::setting::{Agent, Pool, configuration, dayfly, start_account};

/// A test that waits for longer has found something that hangs: software emulates the machines,
/// and other tests run beside this one.
const PATIENCE: Duration = Duration::from_secs(1500);
/// From one look to the next at other processes, which ring no bell here.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// A system that machines boot, by the variable that holds the folder of its image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Debian 12, whose cloud-init is a program for each stage.
    Bookworm,
    /// Debian 13, whose cloud-init is one program.
    Trixie,
}

impl System {
    /// The folder of its image, if there is one.
    pub fn image(self) -> Option<PathBuf> {
        let variable = match self {
            Self::Bookworm => "DAYFLY_IMAGE_BOOKWORM",
            Self::Trixie => "DAYFLY_IMAGE_TRIXIE",
        };
        let image = std::env::var_os(variable).map(PathBuf::from);
        if image.is_none() {
            let said =
                format!("skipped for QEMU: {variable} is not set; tests/run builds images\n");
            std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes()).expect("stderr");
        }
        image
    }
}

pub struct World {
    folder: TempDir,
    hub: Server<Hub>,
    tokens: BTreeMap<&'static str, Secret>,
    _artifacts: Server<Artifacts>,
    account: Child,
    endpoint: String,
    client: Client,
    scaler: Option<Child>,
}

impl World {
    /// An account whose machines boot `image`, and a hub without a job.
    pub fn new(image: &Path, pools: &[Pool], machines_max: u32) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let mut hub = Hub::new(HubSettings::default());
        let tokens = pools.iter().map(|pool| {
            let token = hub.create_agent_type(AgentType::new(pool.name), SystemClock.now());
            (pool.name, token.expect("a good name"))
        });
        let tokens: BTreeMap<&str, Secret> = tokens.collect();
        let hub = serve(hub);
        // What the hub calls itself is read in machines.
        let port = hub.address().port();
        hub.shared()
            .lock()
            .set_base_url(format!("https://{SEEN_FROM_MACHINES}:{port}"));
        let agent = Agent::new(folder.path());
        let artifacts = serve(agent.files());
        let agent_port = artifacts.address().port();
        let place = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("a file");
        };
        place("trust.pem", &[pem(&hub), pem(&artifacts)].concat());
        place("hub.pem", &pem(&hub));
        for (number, pool) in pools.iter().enumerate() {
            let template = Pool::template(number);
            let told = pool.user_data(port, agent_port, &agent);
            place(&format!("{template}.yaml"), &told);
            place(pool.name, tokens[pool.name].expose());
        }
        let (account, endpoint) = start_account(folder.path(), image, pools);
        let pem = fs::read(folder.path().join("account.pem")).expect("the account wrote it");
        // The first client of a process settles who does the cryptography.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let certificate = Certificate::from_pem(&pem).expect("a certificate");
        let client = Client::builder().tls_certs_only([certificate]);
        let configuration = configuration(pools, machines_max, port, &endpoint);
        place("dayfly.toml", &configuration);
        let machine = pools
            .first()
            .map(|pool| pool.machine_section(agent_port, &agent));
        place(
            "image.toml",
            &(configuration + &machine.unwrap_or_default()),
        );
        Self {
            folder,
            hub,
            tokens,
            _artifacts: artifacts,
            account,
            endpoint,
            client: client.build().expect("good settings"),
            scaler: None,
        }
    }

    pub fn enqueue(&self, agent_type: &str, command: &str) -> JobId {
        self.put(agent_type, command, Vec::new(), Vec::new())
    }

    /// A job that looks for the token of its pool, of which it knows two halves.
    pub fn search(&self, agent_type: &str) -> JobId {
        let token = self.tokens[agent_type].expose();
        let (begins, ends) = token.split_at(token.len() / 2);
        let variables = [("TOKEN_BEGINS", begins), ("TOKEN_ENDS", ends)];
        let variables = variables.map(|(name, value)| EnvVar {
            name: name.to_owned(),
            value: STANDARD.encode(value),
        });
        let file = File {
            path: "search.py".to_owned(),
            content: STANDARD.encode(include_str!("search.py")),
            mode: "0644".to_owned(),
        };
        let command = "sudo -E python3 ~/search.py";
        self.put(agent_type, command, variables.to_vec(), vec![file])
    }

    fn put(
        &self,
        agent_type: &str,
        command: &str,
        env_vars: Vec<EnvVar>,
        files: Vec<File>,
    ) -> JobId {
        let request = JobRequest {
            name: command.to_owned(),
            block: "Block".to_owned(),
            agent_type: AgentType::new(agent_type),
            executor: None,
            env_vars,
            files,
            commands: vec![payload::Command {
                directive: command.to_owned(),
                alias: None,
            }],
            epilogue_always: Vec::new(),
            epilogue_on_pass: Vec::new(),
            epilogue_on_fail: Vec::new(),
            execution_time_limit: Duration::from_secs(3600),
        };
        let job = self.hub.shared().lock().enqueue(request, SystemClock.now());
        self.hub.shared().ring();
        job
    }

    /// Takes a job back that nobody will run.
    pub fn stop(&self, job: &JobId) {
        let now = SystemClock.now();
        self.hub.shared().lock().stop_job(job, now);
        self.hub.shared().ring();
    }

    pub fn start_scaler(&mut self) {
        let scaler = dayfly(self.folder.path(), &["run", "--config", "dayfly.toml"])
            .stdout(Stdio::null())
            .spawn();
        self.scaler = Some(scaler.expect("the scaler starts"));
    }

    /// What `dayfly explain` answers about a machine. It asks the hub that this thread serves.
    pub async fn explain(&self, machine: &str) -> String {
        let arguments = ["explain", machine, "--config", "dayfly.toml"];
        let mut command = Command::from(dayfly(self.folder.path(), &arguments));
        let answer = command.output().await.expect("it is there");
        assert_eq!(answer.status.code(), Some(0), "{}", self.said());
        String::from_utf8(answer.stdout).expect("a text")
    }

    /// As the kernel does that is out of memory.
    pub fn kill_scaler(&mut self) {
        let mut scaler = self.scaler.take().expect("it was started");
        scaler.kill().expect("it runs");
        scaler.wait().expect("it ends");
    }

    pub fn kill_account(&mut self) {
        self.account.kill().expect("it runs");
        self.account.wait().expect("it ends");
    }

    /// Ends both as an operator would.
    pub fn end(mut self) {
        let scaler = self.scaler.as_mut().expect("it runs");
        for child in [scaler, &mut self.account] {
            kill_process(Pid::from_child(child), Signal::TERM).expect("it runs");
            assert_eq!(child.wait().expect("it ends").code(), Some(0));
        }
    }

    /// Looks again and again until it is so.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let looking = async {
            let mut looks = tokio::time::interval(LOOK_AGAIN);
            while !is_so(self) {
                looks.tick().await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, looking).await;
        found.unwrap_or_else(|_| panic!("not so in time: {what}\n{}", self.said()));
    }

    pub async fn result(&self, job: &JobId) -> JobResult {
        let is_done = |world: &Self| world.job(job).state == JobState::Finished;
        self.until("a job has ended", is_done).await;
        self.job(job).result.expect("it has ended")
    }

    pub fn has_started(&self, job: &JobId) -> bool {
        JobState::Started <= self.job(job).state
    }

    pub fn job(&self, job: &JobId) -> JobRecord {
        let hub = self.hub.shared().lock();
        hub.job(job).cloned().expect("it was put there")
    }

    /// What the job has printed.
    pub fn log(&self, job: &JobId) -> String {
        let events = self.hub.shared().lock().log_events(job);
        let events = events.iter().map(|event| {
            let event: Value = serde_json::from_str(event).expect("JSON");
            event["output"].as_str().unwrap_or_default().to_owned()
        });
        events.collect()
    }

    /// Each job had a machine of its own in that pool, which ended itself after the job's log was
    /// closed.
    pub async fn assert_one_machine_each(&self, pool: &str, jobs: &[JobId]) {
        let jobs: Vec<JobRecord> = jobs.iter().map(|job| self.job(job)).collect();
        let mut names: Vec<String> = jobs
            .iter()
            .map(|job| job.agent_name.clone().expect("an agent took it"))
            .collect();
        assert!(jobs.iter().all(|job| job.log_closed_at.is_some()));
        names.sort();
        names.dedup();
        assert_eq!(names.len(), jobs.len(), "{names:?}");
        let all_ended = |listed: &[Listed]| {
            let ended = listed.iter().filter(|it| it.has_ended());
            ended.count() == jobs.len()
        };
        let listed = self.listed(pool, all_ended).await;
        // No machine beside these was ever launched for the pool.
        let mut found: Vec<&str> = listed.iter().map(|it| it.id.as_str()).collect();
        found.sort_unstable();
        if found != names {
            let mut consoles = String::new();
            for machine in &found {
                consoles += &format!("{machine}\n{}\n", self.console(machine).await);
            }
            panic!("{found:?}, not {names:?}\n{}\n{consoles}", self.said());
        }
        for machine in &listed {
            assert_eq!(machine.reason, BY_ITSELF, "{}", machine.id);
        }
    }

    /// The first machine of a pool that has ended, and why.
    pub async fn ended(&self, pool: &str) -> Listed {
        let has_ended = |listed: &[Listed]| listed.iter().any(Listed::has_ended);
        let listed = self.listed(pool, has_ended).await;
        let ended = listed.into_iter().find(Listed::has_ended);
        ended.expect("it was there")
    }

    /// The machines of a pool, as soon as they are as wanted.
    pub async fn listed(&self, pool: &str, is_so: impl Fn(&[Listed]) -> bool) -> Vec<Listed> {
        let form = format!(
            "Action=DescribeInstances&Filter.1.Name=tag:dayfly:pool&Filter.1.Value.1={pool}"
        );
        let looking = async {
            let mut looks = tokio::time::interval(LOOK_AGAIN);
            loop {
                looks.tick().await;
                let listed = Listed::read(&self.ask(&form).await);
                if is_so(&listed) {
                    return listed;
                }
            }
        };
        let found = tokio::time::timeout(PATIENCE, looking).await;
        found.unwrap_or_else(|_| panic!("{pool} is not listed so in time\n{}", self.said()))
    }

    /// What is on a machine's console by now.
    pub async fn console(&self, machine: &str) -> String {
        let form = format!("Action=GetConsoleOutput&Latest=true&InstanceId={machine}");
        let answer = self.ask(&form).await;
        let output = between(&answer, "<output>", "</output>").unwrap_or_default();
        let text = STANDARD.decode(output).expect("base64");
        String::from_utf8_lossy(&text).into_owned()
    }

    async fn ask(&self, form: &str) -> String {
        let body = format!("Version=2016-11-15&{form}");
        let request = self.client.post(&self.endpoint).body(body);
        let request = request.header("authorization", "AWS4-HMAC-SHA256 Credential=a");
        let answer = request.send().await.expect("it answers");
        answer.text().await.expect("a text")
    }

    /// Builds an image for the first pool, whose builder runs a script, and gives exit code and
    /// stdout.
    pub async fn build_image(&self, pool: &str, script: &str) -> (Option<i32>, String) {
        fs::write(self.folder.path().join("script"), script).expect("a file");
        let mut command = dayfly(self.folder.path(), &["image", "build", "--from", "ami-x86"]);
        command.args([
            "--config",
            "image.toml",
            "--pool",
            pool,
            "--script",
            "script",
        ]);
        // What the builder fetches is served by this thread.
        let built = tokio::task::spawn_blocking(move || command.output());
        let built = tokio::time::timeout(PATIENCE, built).await;
        let built = built.expect("it ends").expect("no panic");
        let built = built.expect("it starts");
        let text = String::from_utf8_lossy(&built.stdout).into_owned();
        (built.status.code(), text)
    }

    /// The processes of virtual machines of this world.
    pub fn processes(&self) -> Vec<String> {
        let ours = self.folder.path().to_str().expect("text");
        let found = fs::read_dir("/proc").expect("Linux").flatten();
        let found = found.filter(|entry| {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).into_owned();
            line.contains("qemu-system") && line.contains(ours)
        });
        found
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    }

    /// What account and scaler have written to stderr.
    pub fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("said")).unwrap_or_default()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for child in self.scaler.iter_mut().chain([&mut self.account]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn serve<E: Emulated + Send + 'static>(emulated: E) -> Server<E> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let server = Server::start(Shared::new(emulated), listener, Transport::Tls, SystemClock);
    server.expect("it can be served")
}

fn pem<E>(server: &Server<E>) -> String {
    server.ca_pem().expect("it speaks TLS").to_owned()
}
