//! What a demo shows while it runs: on a terminal a few lines that change in place,
//! otherwise one plain line for each thing that happens.

use std::collections::BTreeMap;

use super::live::{Count, Scene, lines};
use crate::cli::output::{Style, columns, print_stderr};
use crate::emulator::hub::Hub;
use crate::emulator::hub::job::JobState;
use crate::emulator::hub::journal::Change;
use dayfly::hub::wire::agent::JobResult;
use dayfly::hub::wire::log::LogEvent;
use dayfly::model::id::JobId;
use dayfly::model::time::Timestamp;

/// Shows what happens, or nothing at all with `--json`.
#[derive(Debug)]
pub(super) struct Progress {
    style: Style,
    quiet: bool,
    started_at: Timestamp,
    /// Lines that are on the screen and will be overwritten.
    shown: usize,
    last: String,
    /// The job whose log has grown last, and its last line.
    tail: String,
}

/// How many machines are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MachineCounts {
    /// Launched, agent not registered yet.
    pub(super) booting: u32,
    /// Agent waits for a job.
    pub(super) waiting: u32,
    /// Agent has a job.
    pub(super) running: u32,
    /// Its work is done, and it is going.
    pub(super) closing: u32,
}

impl Progress {
    /// A display that starts now.
    pub(super) fn new(style: Style, quiet: bool, started_at: Timestamp) -> Self {
        Self {
            style,
            quiet,
            started_at,
            shown: 0,
            last: String::new(),
            tail: String::new(),
        }
    }

    /// Says what has happened, unless the live lines say it.
    pub(super) fn tell(&mut self, hub: &Hub, changes: &[Change]) {
        if self.quiet {
            return;
        }
        if self.style.live {
            self.follow(hub, changes);
            return;
        }
        for change in changes {
            if let Some((at, sentence)) = sentence(hub, change) {
                self.line(at, &sentence);
            }
        }
    }

    /// Keeps the last line of output that has arrived from any job.
    fn follow(&mut self, hub: &Hub, changes: &[Change]) {
        let grown = changes.iter().rev().find_map(|change| match change {
            Change::LogGrown { job, .. } => {
                let line = last_line(hub.last_log_event(job)?)?;
                let name = hub.job(job).map(|record| record.name.as_str())?;
                Some(format!("{name}: {line}"))
            }
            _ => None,
        });
        if let Some(tail) = grown {
            self.tail = tail;
        }
    }

    /// Redraws the live lines, if anything in them has changed.
    pub(super) fn draw(
        &mut self,
        hub: &Hub,
        machines: MachineCounts,
        to_come: usize,
        now: Timestamp,
    ) {
        if self.quiet || !self.style.live {
            return;
        }
        let text = self.live_lines(hub, machines, to_come, now);
        if text == self.last {
            return;
        }
        self.wipe();
        print_stderr(&text);
        self.shown = text.lines().count();
        self.last = text;
    }

    /// Takes the live lines away, before the summary.
    pub(super) fn finish(&mut self) {
        if !self.quiet {
            self.wipe();
        }
    }

    fn wipe(&mut self) {
        if 0 < self.shown {
            print_stderr(&format!("\x1b[{}A\x1b[J", self.shown));
            self.shown = 0;
        }
    }

    fn line(&self, at: Timestamp, sentence: &str) {
        let elapsed = at.since(self.started_at);
        let seconds = elapsed.as_secs();
        let time = format!("{seconds:>4}.{} s", elapsed.subsec_millis() / 100);
        print_stderr(&format!("{}  {sentence}\n", self.style.paint("2", &time)));
    }

    fn live_lines(
        &self,
        hub: &Hub,
        machines: MachineCounts,
        to_come: usize,
        now: Timestamp,
    ) -> String {
        let mut states: BTreeMap<&str, usize> = BTreeMap::new();
        for job in hub.jobs() {
            *states.entry(word(job.state, job.result)).or_default() += 1;
        }
        let of = |glyph, colour, word, count| Count {
            colour,
            glyph,
            word,
            count,
        };
        let state = |colour, word| of("■", colour, word, states.get(word).copied().unwrap_or(0));
        let jobs = [
            state("32", "passed"),
            state("31", "failed"),
            state("33", "stopped"),
            state("36", "running"),
            state("2", "queued"),
            of("·", "2", "to come", to_come),
        ];
        let machines = [
            ("33", "booting", machines.booting),
            ("2", "waiting", machines.waiting),
            ("36", "running", machines.running),
            ("35", "closing", machines.closing),
        ];
        let machines = machines.map(|(colour, word, count)| of("▪", colour, word, count as usize));
        let scene = Scene {
            elapsed: now.since(self.started_at).as_secs(),
            jobs: &jobs,
            machines: &machines,
            tail: &self.tail,
        };
        lines(scene, columns(), self.style)
    }
}

/// The last line of an event's output, without what would move the cursor.
fn last_line(event: &str) -> Option<String> {
    let Ok(LogEvent::CmdOutput { output, .. }) = serde_json::from_str(event) else {
        return None;
    };
    let line = output.lines().rev().find(|line| !line.trim().is_empty())?;
    let mut plain = String::new();
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '\x1b' {
            // An escape sequence ends with its first letter.
            letters.by_ref().find(char::is_ascii_alphabetic);
        } else if !letter.is_control() {
            plain.push(letter);
        }
    }
    Some(plain)
}

fn word(state: JobState, result: Option<JobResult>) -> &'static str {
    match (state, result) {
        (_, Some(result)) => result.as_str(),
        (JobState::Started, None) => "running",
        (
            JobState::Pending
            | JobState::Enqueued
            | JobState::Scheduled
            | JobState::WaitingForAgent
            | JobState::Finished,
            None,
        ) => "queued",
    }
}

fn sentence(hub: &Hub, change: &Change) -> Option<(Timestamp, String)> {
    let name = |job: &JobId| {
        hub.job(job).map_or_else(
            || job.to_string(),
            |record| format!("{} / {}", record.block, record.name),
        )
    };
    match change {
        Change::AgentRegistered { agent, at, .. } => Some((*at, format!("{agent}  registered"))),
        Change::AgentLeft { agent, at, .. } => Some((*at, format!("{agent}  left"))),
        Change::JobStarted { job, agent, at } => {
            Some((*at, format!("{agent}  started   {}", name(job))))
        }
        Change::JobFinished { job, result, at } => {
            let agent = hub.job(job).and_then(|record| record.agent_name.clone());
            let agent = agent.unwrap_or_else(|| "-".to_owned());
            Some((
                *at,
                format!("{agent}  {:<8}  {}", result.as_str(), name(job)),
            ))
        }
        Change::LogClosed { .. } | Change::LogGrown { .. } | Change::JobWaiting { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_a_log_moves_no_cursor() {
        let event = r#"{"event":"cmd_output","timestamp":1,"output":"one\n\u001b[32mtwo\u001b[0m\u0007\n\n"}"#;
        assert_eq!(last_line(event).as_deref(), Some("two"));
        assert_eq!(last_line(r#"{"event":"job_started","timestamp":1}"#), None);
    }
}
