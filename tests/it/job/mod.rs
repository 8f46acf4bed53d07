//! A job is run in a real bash, and its whole log is read.

mod environment;
mod hooks;
mod output;
mod processes;
mod results;
mod shell;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dayfly::hub::wire::agent::JobResult;
use dayfly::hub::wire::log::LogEvent;
use dayfly::hub::wire::payload::{Command, EnvVar, File, Payload};
use dayfly::ports::SystemClock;
use dayfly_agent::job::{JobSettings, run};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

/// A job, an agent's settings and a home of its own.
struct Given {
    payload: Payload,
    settings: JobSettings,
    folder: TempDir,
    /// The job is stopped once its output holds this.
    stop_at: Option<&'static str>,
    is_stopped_at_once: bool,
}

/// How the job went.
struct Then {
    result: JobResult,
    events: Vec<LogEvent>,
    folder: TempDir,
}

/// An agent with a small environment of its own, and a job without commands.
fn given() -> Given {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    std::fs::create_dir(&home).expect("a home");
    let environment = BTreeMap::from([
        (
            OsString::from("PATH"),
            "/usr/local/bin:/usr/bin:/bin".into(),
        ),
        (OsString::from("LANG"), "C.UTF-8".into()),
    ]);
    let settings = JobSettings {
        environment: Some(environment),
        scratch: folder.path().join("scratch"),
        home: Some(home),
        ..JobSettings::default()
    };
    Given {
        payload: Payload::default(),
        settings,
        folder,
        stop_at: None,
        is_stopped_at_once: false,
    }
}

/// A job with these commands.
fn given_commands(commands: &[&str]) -> Given {
    let mut given = given();
    given.payload.commands = commands_of(commands);
    given
}

fn commands_of(commands: &[&str]) -> Vec<Command> {
    let command = |directive: &&str| Command {
        directive: String::from(*directive),
        alias: None,
    };
    commands.iter().map(command).collect()
}

impl Given {
    fn epilogues(mut self, always: &[&str], on_pass: &[&str], on_fail: &[&str]) -> Self {
        self.payload.epilogue_always_commands = commands_of(always);
        self.payload.epilogue_on_pass_commands = commands_of(on_pass);
        self.payload.epilogue_on_fail_commands = commands_of(on_fail);
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.payload.env_vars.push(EnvVar {
            name: String::from(name),
            value: STANDARD.encode(value),
        });
        self
    }

    fn file(mut self, path: &str, content: &str, mode: &str) -> Self {
        self.payload.files.push(File {
            path: String::from(path),
            content: STANDARD.encode(content),
            mode: String::from(mode),
        });
        self
    }

    fn agent_variable(mut self, name: &str, value: &str) -> Self {
        let (name, value) = (OsString::from(name), OsString::from(value));
        let environment = self.settings.environment.get_or_insert_default();
        environment.insert(name, value);
        self
    }

    /// A script beside the home folder.
    fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("a script");
        path
    }

    const fn stopped_at(mut self, output: &'static str) -> Self {
        self.stop_at = Some(output);
        self
    }

    /// Runs the job to its end.
    fn run(self) -> Then {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(self.run_here())
    }

    async fn run_here(self) -> Then {
        // As the agent does. Whoever runs these tests in the background may have it ignored, and
        // what is ignored stays so in every program that is started; what is caught does not.
        let _interrupts = signal(SignalKind::interrupt()).expect("a runtime");
        let (events, mut received) = mpsc::channel(16);
        let (stop, stopped) = watch::channel(self.is_stopped_at_once);
        let job = async {
            let clock = SystemClock;
            let result = run(&self.payload, &self.settings, &clock, &events, stopped).await;
            drop(events);
            result
        };
        let listener = async {
            let mut log = Vec::new();
            let mut output_so_far = String::new();
            while let Some(event) = received.recv().await {
                if let LogEvent::CmdOutput { output, .. } = &event {
                    output_so_far.push_str(output);
                }
                if self
                    .stop_at
                    .is_some_and(|text| output_so_far.contains(text))
                {
                    stop.send_replace(true);
                }
                log.push(event);
            }
            log
        };
        let (result, events) = tokio::join!(job, listener);
        Then {
            result,
            events,
            folder: self.folder,
        }
    }
}

impl Then {
    /// The log without its times: `> directive`, its output, `< exit code`. Outputs that follow each other are
    /// one, because how they are cut depends on when they were written.
    fn log(&self) -> String {
        assert_grammar(&self.events);
        let folder = self.folder.path().display().to_string();
        let lines = self.events.iter().map(|event| match event {
            LogEvent::JobStarted { .. } => String::from("job started\n"),
            LogEvent::CmdStarted { directive, .. } => format!("\n> {directive}\n"),
            LogEvent::CmdOutput { output, .. } => output.clone(),
            LogEvent::CmdFinished { exit_code, .. } => format!("\n< {exit_code}\n"),
            LogEvent::JobFinished { result, .. } => format!("\njob {}\n", result.as_str()),
        });
        let log: String = lines.collect();
        log.replace("\n\n", "\n").replace(&folder, "FOLDER")
    }

    /// The log from the first command on: without the two steps that are the same in every job.
    fn commands_log(&self) -> String {
        let log = self.log();
        let same = "job started\n> Exporting environment variables\n< 0\n> Injecting Files\n< 0\n";
        log.strip_prefix(same)
            .map_or_else(|| log.clone(), String::from)
    }

    /// All output of the step with this title.
    fn output(&self, title: &str) -> String {
        let mut inside = false;
        let mut text = String::new();
        for event in &self.events {
            match event {
                LogEvent::CmdStarted { directive, .. } => inside = directive == title,
                LogEvent::CmdOutput { output, .. } if inside => text.push_str(output),
                LogEvent::CmdOutput { .. }
                | LogEvent::CmdFinished { .. }
                | LogEvent::JobStarted { .. }
                | LogEvent::JobFinished { .. } => {}
            }
        }
        text
    }
}

/// `job_started (cmd_started cmd_output* cmd_finished)* job_finished`, titles and times in pairs.
fn assert_grammar(events: &[LogEvent]) {
    let (first, rest) = events.split_first().expect("a log");
    assert!(matches!(first, LogEvent::JobStarted { .. }), "{first:?}");
    let (last, steps) = rest.split_last().expect("an end");
    assert!(matches!(last, LogEvent::JobFinished { .. }), "{last:?}");
    let mut open: Option<(&str, u64)> = None;
    for event in steps {
        open = match (event, open) {
            (
                LogEvent::CmdStarted {
                    directive,
                    timestamp,
                },
                None,
            ) => Some((directive, *timestamp)),
            (LogEvent::CmdOutput { output, timestamp }, Some(step)) => {
                assert!(!output.is_empty());
                assert!(step.1 <= *timestamp);
                Some(step)
            }
            (
                LogEvent::CmdFinished {
                    directive,
                    started_at,
                    finished_at,
                    timestamp,
                    ..
                },
                Some(step),
            ) => {
                assert_eq!((directive.as_str(), *started_at), step);
                assert!(started_at <= finished_at && finished_at == timestamp);
                None
            }
            (event, open) => panic!("{event:?} while {open:?} is open"),
        };
    }
    assert_eq!(open, None);
}
