//! One hub, one moment, and one line for each thing that a client does.

use std::time::Duration;

use dayfly::hub::wire::payload::{Command, EnvVar, File};
use dayfly::hub::wire::{AGENT_API, LOG_API, PUBLIC_API};
use dayfly::model::id::{AgentType, JobId};
use dayfly::model::secret::Secret;
use dayfly::model::time::Timestamp;
use dayfly_lab::emulator::hub::Hub;
use dayfly_lab::emulator::hub::job::JobState;
use dayfly_lab::emulator::hub::settings::HubSettings;
use dayfly_lab::emulator::job_request::JobRequest;
use dayfly_lab::emulator::message::{Request, Response};
use serde_json::{Value, json};

/// A hub with the agent type `s1-linux`, its two tokens, and the present moment.
#[derive(Debug)]
pub struct World {
    pub hub: Hub,
    pub now: Timestamp,
    pub registration: Secret,
    pub api: Secret,
}

impl World {
    pub fn new() -> Self {
        Self::with(HubSettings::default())
    }

    pub fn with(settings: HubSettings) -> Self {
        let mut hub = Hub::new(settings);
        let now = Timestamp::from_seconds(1_790_000_000);
        let registration = hub.create_agent_type(linux(), now).expect("a good name");
        let api = hub.create_api_token();
        Self {
            hub,
            now,
            registration,
            api,
        }
    }

    /// Lets time pass, with the hub's background work.
    pub fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
        self.hub.tick(self.now);
    }

    /// Any request to any path.
    pub fn request(&mut self, method: &str, path: &str, auth: &str, body: &str) -> Response {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            authorization: (!auth.is_empty()).then(|| auth.to_owned()),
            user_agent: Some("SemaphoreAgent/v2.4.0".to_owned()),
            client_address: "10.0.0.7".to_owned(),
            body: body.as_bytes().to_vec(),
            ..Request::default()
        };
        self.hub.handle(&request, self.now)
    }

    /// A call of the agent API with a hub token.
    pub fn agent(&mut self, method: &str, path: &str, token: &str, body: &str) -> Response {
        let path = format!("{AGENT_API}{path}");
        self.request(method, &path, &format!("Token {token}"), body)
    }

    /// A call with the registration token.
    pub fn typed(&mut self, method: &str, path: &str, body: &str) -> Response {
        let token = self.registration.expose().to_owned();
        self.agent(method, path, &token, body)
    }

    /// A call of the public API with the operator's token.
    pub fn public(&mut self, method: &str, path: &str, body: &str) -> Response {
        let auth = format!("Token {}", self.api.expose());
        self.request(method, &format!("{PUBLIC_API}{path}"), &auth, body)
    }

    /// Registers with a few fields set, and gives the answer.
    pub fn try_register(&mut self, fields: Value) -> Response {
        self.typed("POST", "/register", &fields.to_string())
    }

    /// Registers an agent for one job, and gives its access token.
    pub fn register(&mut self, name: &str) -> String {
        self.register_with(json!({"name": name, "single_job": true}))
    }

    /// Registers, and gives the access token.
    pub fn register_with(&mut self, fields: Value) -> String {
        let response = self.try_register(fields);
        assert_eq!(response.status, 201, "{}", shown(&response));
        let token = body(&response)["token"].as_str().map(str::to_owned);
        token.expect("an access token")
    }

    /// One sync, and what the hub wants: `run-job`, `shutdown idle`, or a status.
    pub fn sync(&mut self, token: &str, state: &str, job: &str) -> String {
        self.sync_with(token, json!({"state": state, "job_id": job}))
    }

    /// A report of a result.
    pub fn finish(&mut self, token: &str, job: &JobId, result: &str) -> String {
        let id = job.as_str();
        self.sync_with(
            token,
            json!({"state": "finished-job", "job_id": id, "job_result": result}),
        )
    }

    pub fn sync_with(&mut self, token: &str, fields: Value) -> String {
        let response = self.agent("POST", "/sync", token, &fields.to_string());
        if response.status != 200 {
            return shown(&response);
        }
        let answer = body(&response);
        let action = answer["action"].as_str().unwrap_or_default();
        let reason = answer["shutdown_reason"].as_str().unwrap_or_default();
        format!("{action} {reason}").trim().to_owned()
    }

    /// Puts a job into the queue.
    pub fn enqueue(&mut self, name: &str) -> JobId {
        self.hub.enqueue(job_request(name), self.now)
    }

    /// Puts a job into the queue, and waits until an agent may take it.
    pub fn ready(&mut self, name: &str) -> JobId {
        let id = self.enqueue(name);
        self.pass(1);
        assert_eq!(self.state(&id), JobState::WaitingForAgent);
        id
    }

    /// An agent that was told to run a job.
    pub fn running(&mut self, name: &str) -> (String, JobId) {
        let job = self.ready(name);
        let token = self.register(&format!("agent-of-{name}"));
        assert_eq!(self.sync(&token, "waiting-for-jobs", ""), "run-job");
        (token, job)
    }

    pub fn state(&self, job: &JobId) -> JobState {
        self.hub.job(job).expect("the job is known").state
    }

    /// The payload, as the agent fetches it.
    pub fn payload(&mut self, token: &str, job: &JobId) -> Value {
        let response = self.agent("GET", &format!("/jobs/{job}"), token, "");
        assert_eq!(response.status, 200);
        body(&response)
    }

    /// The log token of a payload.
    pub fn log_token(&mut self, token: &str, job: &JobId) -> String {
        let payload = self.payload(token, job);
        let token = payload["logger"]["token"].as_str().map(str::to_owned);
        token.expect("a log token")
    }

    /// A push; the body in lines.
    pub fn push(&mut self, log_token: &str, job: &JobId, start_from: i64, lines: &str) -> String {
        let path = format!("{LOG_API}/{job}?start_from={start_from}");
        shown(&self.request("POST", &path, &format!("Bearer {log_token}"), lines))
    }

    /// The log as the public API's reader gets it, from a position on.
    pub fn read(&mut self, job: &JobId, query: &str) -> String {
        let response = self.public("GET", &format!("/logs/{job}"), "");
        let location = response.location.unwrap_or_default();
        shown(&self.request("GET", &format!("{location}{query}"), "", ""))
    }

    /// Everything that was broken, as text.
    pub fn violations(&self) -> Vec<String> {
        let violations = self.hub.violations();
        violations.iter().map(ToString::to_string).collect()
    }
}

pub fn linux() -> AgentType {
    AgentType::new("s1-linux")
}

/// A job with a secret in a variable and in a file.
pub fn job_request(name: &str) -> JobRequest {
    JobRequest {
        name: name.to_owned(),
        block: "block".to_owned(),
        agent_type: linux(),
        executor: None,
        env_vars: vec![EnvVar {
            name: "PASSWORD".to_owned(),
            value: "c2VjcmV0".to_owned(),
        }],
        files: vec![File {
            path: ".ssh/id_rsa".to_owned(),
            content: "a2V5".to_owned(),
            mode: "0600".to_owned(),
        }],
        commands: vec![Command {
            directive: "true".to_owned(),
            alias: None,
        }],
        epilogue_always: Vec::new(),
        epilogue_on_pass: Vec::new(),
        epilogue_on_fail: Vec::new(),
        execution_time_limit: Duration::from_secs(3600),
    }
}

/// The body in JSON; `null` if it is none.
pub fn body(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_default()
}

/// Status and body in one line.
pub fn shown(response: &Response) -> String {
    let text = String::from_utf8_lossy(&response.body);
    format!("{} {text}", response.status).trim().to_owned()
}

/// A whole log of one command, in lines.
pub fn whole_log() -> String {
    [
        r#"{"event":"job_started","timestamp":1}"#,
        r#"{"event":"cmd_started","timestamp":1,"directive":"true"}"#,
        r#"{"event":"cmd_output","timestamp":1,"output":"hello\n"}"#,
        r#"{"event":"cmd_finished","timestamp":1,"directive":"true","exit_code":0,"started_at":1,"finished_at":1}"#,
        r#"{"event":"job_finished","timestamp":1,"result":"passed"}"#,
    ]
    .join("\n")
}
