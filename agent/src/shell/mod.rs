//! The one shell of a job: `bash --login` on a terminal of its own (protocol.md section 7).
//!
//! A command is written to a file of mode 0600 and sourced, so that the folder, exported variables, functions,
//! aliases and options last from one to the next. What must stay true: a command that was begun ends, by
//! returning, by being interrupted, or with its shell; and no byte between its marks is lost.
//! What is not here: what a job consists of, and how its processes are ended (`agent::process`).

mod mark;
mod script;
mod terminal;
mod transcript;

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use thiserror::Error;
use tokio::process::Child;
use tokio::sync::watch;

pub(crate) use mark::quoted;
use mark::{Nonce, typed_line};
use script::Script;
use terminal::Terminal;
use transcript::{Piece, Transcript};

/// The first command of every shell: the job starts at home, and leaves no trace in the operator's history.
const SET_UP: &str = "set +o history; unset -v HISTFILE; cd ~";

/// Why there is no shell.
#[derive(Debug, Error)]
pub enum ShellError {
    /// The terminal or the scratch folder could not be had.
    #[error("a terminal for the job cannot be opened")]
    Terminal(#[source] io::Error),
    /// No process.
    #[error("bash cannot be started")]
    Bash(#[source] io::Error),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It returned this status.
    Returned(i32),
    /// Bash dropped the rest of the command and is back at its prompt, as when a child died of SIGINT.
    Interrupted(i32),
    /// The shell is gone, with this status; never 0. So it was for every command after that.
    Died(i32),
}

impl Ending {
    /// What the log shows.
    pub const fn exit_code(self) -> i32 {
        match self {
            Self::Returned(code) | Self::Interrupted(code) | Self::Died(code) => code,
        }
    }
}

/// What the shell lets hear while a command runs.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// Output, as the terminal gave it.
    Text(Vec<u8>),
    /// The command has ended; nothing more will be heard of it.
    Ended(Ending),
}

/// Whose the bytes are that come now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// After an end mark and before the prompt: bash's own notes on background jobs. Dropped, as they always were.
    Closing,
    /// Between prompt and start mark: output of background processes, kept for the next command.
    Between,
    /// Between start and end mark.
    Running,
}

/// A shell and all that is known of it.
#[derive(Debug)]
pub struct Shell {
    child: Child,
    /// Taken when the child was made, because the child forgets it once it has been waited for.
    process_id: u32,
    terminal: Terminal,
    transcript: Transcript,
    script: PathBuf,
    phase: Phase,
    /// A command was begun and has not ended.
    is_busy: bool,
    carried: Vec<u8>,
    heard: VecDeque<Heard>,
    gone: Option<i32>,
    /// Whether the shell was ended by us when it is gone.
    stop: watch::Receiver<bool>,
    buffer: Vec<u8>,
}

impl Shell {
    /// Starts bash with this environment and no other, in the folder `/`; its command files go to `scratch`.
    /// Whoever turns `stop` true ends the shell; a command that it takes along then has the exit code 1.
    pub fn start(
        environment: &BTreeMap<OsString, OsString>,
        scratch: &Path,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, ShellError> {
        let nonce = Nonce::random().map_err(ShellError::Terminal)?;
        let (terminal, pts) = Terminal::open().map_err(ShellError::Terminal)?;
        let child = pty_process::Command::new("bash")
            .args(["--login", "--noediting"])
            .env_clear()
            .envs(environment)
            .current_dir("/")
            .kill_on_drop(true)
            .spawn(pts)
            .map_err(|error| ShellError::Bash(io::Error::other(error)))?;
        let process_id = child
            .id()
            .ok_or_else(|| ShellError::Bash(io::Error::other("it ended at once")))?;
        Ok(Self {
            child,
            process_id,
            terminal,
            transcript: Transcript::new(nonce),
            script: scratch.join("command"),
            phase: Phase::Closing,
            is_busy: false,
            carried: Vec::new(),
            heard: VecDeque::new(),
            gone: None,
            stop,
            buffer: vec![0; 8192],
        })
    }

    /// The shell's process, which is also its session and its first process group.
    pub const fn process_id(&self) -> u32 {
        self.process_id
    }

    /// Waits until the login files have run and the shell is at home. What they print is not part of the log.
    pub async fn settle(&mut self) -> io::Result<Ending> {
        self.run_silently(SET_UP.as_bytes())
            .await
            .map(|(ending, _)| ending)
    }

    /// Runs a script to its end, and gives what it printed to the caller alone.
    pub async fn run_silently(&mut self, script: &[u8]) -> io::Result<(Ending, Vec<u8>)> {
        let _file = self.begin(script).await?;
        let mut printed = Vec::new();
        loop {
            match self.hear().await {
                Heard::Text(text) => printed.extend_from_slice(&text),
                Heard::Ended(ending) => return Ok((ending, printed)),
            }
        }
    }

    /// Begins a command. The file that is given back must live until the command has ended, and goes when it is
    /// dropped. An error means that the file could not be written; a shell that is gone is heard of by `hear`.
    pub async fn begin(&mut self, script: &[u8]) -> io::Result<Script> {
        let file = Script::write(&self.script, script)?;
        let nonce = Nonce::random()?;
        let line = typed_line(&nonce, &self.script);
        self.transcript.turn_to(nonce);
        self.is_busy = true;
        if self.gone.is_some() {
            // Every command of a dead shell fails in the same way (docs/decisions/0005).
            self.heard.push_back(Heard::Ended(Ending::Died(1)));
        } else if self.terminal.type_line(&line).await.is_err() {
            self.bury().await;
        }
        Ok(file)
    }

    /// Waits for the next word of the command that was begun. May be dropped without losing a byte.
    pub async fn hear(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return heard;
            }
            let count = tokio::select! {
                biased;
                // First, because a daemon that keeps writing must not hide that the shell is gone.
                _ = self.child.wait() => 0,
                read = self.terminal.read(&mut self.buffer) => read.unwrap_or(0),
            };
            if count == 0 {
                self.bury().await;
            } else {
                let pieces = self.transcript.push(&self.buffer[..count]);
                self.sort(pieces);
            }
        }
    }

    /// The shell is gone, or is about to be: takes its last words and its status.
    async fn bury(&mut self) {
        let status = self.child.wait().await;
        let last_words = self.terminal.drain();
        let mut pieces = self.transcript.push(&last_words);
        pieces.extend(self.transcript.finish());
        self.sort(pieces);
        let code = if *self.stop.borrow() {
            1
        } else {
            death_code(status.ok())
        };
        self.gone = Some(code);
        self.heard.push_back(Heard::Ended(Ending::Died(code)));
    }

    /// Tells the command's output from everything else.
    fn sort(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            match (piece, self.phase) {
                (Piece::Text(text), Phase::Running) => self.heard.push_back(Heard::Text(text)),
                (Piece::Text(text), Phase::Between) => self.carried.extend(text),
                (Piece::Text(_), Phase::Closing) => {}
                (Piece::Started, _) => self.open(),
                (Piece::Ended(status), Phase::Running) => {
                    self.close(Ending::Returned(status), Phase::Closing);
                }
                (Piece::Prompt(status), _) if self.is_busy => {
                    let status = status.filter(|status| *status != 0).unwrap_or(1);
                    self.close(Ending::Interrupted(status), Phase::Between);
                }
                (Piece::Prompt(_) | Piece::EarlierPrompt, Phase::Closing) => {
                    self.phase = Phase::Between;
                }
                (Piece::Prompt(_) | Piece::EarlierPrompt | Piece::Ended(_), _) => {}
            }
        }
    }

    fn open(&mut self) {
        self.phase = Phase::Running;
        if !self.carried.is_empty() {
            let carried = std::mem::take(&mut self.carried);
            self.heard.push_back(Heard::Text(carried));
        }
    }

    fn close(&mut self, ending: Ending, phase: Phase) {
        self.phase = phase;
        self.is_busy = false;
        self.heard.push_back(Heard::Ended(ending));
    }
}

/// The exit code of a command that took its shell with it: the true status, but never success, because what
/// should have come after it did not (docs/decisions/0005).
fn death_code(status: Option<ExitStatus>) -> i32 {
    let code = status.and_then(|status| {
        let signal = status.signal().map(|signal| 128 + signal);
        status.code().or(signal)
    });
    code.filter(|code| *code != 0).unwrap_or(1)
}
