//! The log server: `POST` and `GET` of a job's log (protocol.md 3.8, 6.3–6.5).

use serde::de::IgnoredAny;

use super::answer;
use super::faults::Inside;
use super::journal::Change;
use super::log_store::{Appended, Shelf};
use super::organization::Organization;
use super::progress::JobLifecycle;
use super::public::query_value;
use super::token::LogAction;
use super::violations::Violation;
use crate::emulator::message::{Request, Response};
use dayfly::hub::wire::log::LogEvent;
use dayfly::model::id::JobId;
use dayfly::model::time::Timestamp;

/// What pushing to a log and reading it takes.
#[derive(Debug)]
pub(super) struct LogServer<'a> {
    pub(super) organization: &'a Organization,
    pub(super) work: &'a mut JobLifecycle,
    pub(super) struck: &'a [Inside],
    pub(super) noticed: &'a mut Vec<Violation>,
    pub(super) now: Timestamp,
}

impl LogServer<'_> {
    pub(super) fn push(mut self, job: &JobId, request: &Request) -> Response {
        if !self.may(request, job, LogAction::Push) {
            return answer::status(401);
        }
        let Some(start_from) = query_value(&request.query, "start_from") else {
            return answer::refusal(400, "missing start_from");
        };
        let Ok(start_from) = start_from.parse::<i64>() else {
            return answer::refusal(400, "bad start_from");
        };
        let body = String::from_utf8_lossy(&request.body);
        let lines = body.split('\n').filter(|line| !line.is_empty());
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        if self.organization.settings.limits.push_events_max < lines.len() {
            return answer::refusal(413, "Too many log events");
        }
        self.store(job, start_from, lines)
    }

    fn store(&mut self, job: &JobId, start_from: i64, lines: Vec<String>) -> Response {
        let now = self.now;
        self.watch_push(job, start_from);
        let stored = self.work.logs.live_len(job);
        let bytes_max = self.log_bytes_max();
        let seconds = now.as_seconds();
        let logs = &mut self.work.logs;
        match logs.append(job, start_from, lines, bytes_max, seconds) {
            Appended::Full => answer::refusal(422, "No more space"),
            Appended::Stored => {
                let events = logs.live_len(job).saturating_sub(stored);
                if events > 0 {
                    self.work.journal.write(Change::LogGrown {
                        job: job.clone(),
                        events,
                        at: now,
                    });
                }
                answer::text(200, "")
            }
        }
    }

    fn log_bytes_max(&self) -> usize {
        for fault in self.struck {
            if let Inside::LogFull { bytes } = fault {
                return *bytes;
            }
        }
        self.organization.settings.limits.log_bytes_max
    }

    /// Notices what an agent must not do, and does it all the same, as the real log server.
    fn watch_push(&mut self, job: &JobId, start_from: i64) {
        let reported = self
            .work
            .jobs
            .find(job)
            .is_some_and(|job| job.reported.is_some());
        let stored = self.work.logs.live_len(job);
        if reported {
            self.noticed.push(Violation::PushAfterReport {
                job: job.clone(),
                at: self.now,
            });
        } else if stored < usize::try_from(start_from).unwrap_or(0) {
            self.noticed.push(Violation::PushBeyondEnd {
                job: job.clone(),
                start_from,
                stored,
            });
        }
    }

    pub(super) fn read(self, job: &JobId, request: &Request) -> Response {
        if !self.may(request, job, LogAction::Pull) {
            return answer::status(401);
        }
        let skip = match query_value(&request.query, "token").as_deref() {
            None | Some("") => 0,
            Some(text) => match text.parse::<usize>() {
                Ok(skip) => skip,
                Err(_) => return answer::refusal(400, "bad token"),
            },
        };
        let Some((shelf, lines)) = self.work.logs.find(job) else {
            return answer::status(404);
        };
        if query_value(&request.query, "raw").as_deref() == Some("true") {
            return answer::text(200, &plain_text(lines));
        }
        let tail = match shelf {
            Shelf::Archive if skip > 0 && self.struck.contains(&Inside::ArchiveTailLost) => &[],
            Shelf::Archive | Shelf::Live => lines.get(skip..).unwrap_or_default(),
        };
        page(tail, shelf, skip)
    }

    /// Whether the token in the query, or else in the header, allows this.
    fn may(&self, request: &Request, job: &JobId, action: LogAction) -> bool {
        let from_query = query_value(&request.query, "jwt");
        let header = request.authorization.as_deref().unwrap_or_default();
        let from_header = header.strip_prefix("Bearer ").unwrap_or_default();
        let token = from_query.as_deref().unwrap_or(from_header);
        let key = &self.organization.key;
        key.allows(token, job.as_str(), action, self.now)
    }
}

/// A page of JSON made of raw lines: one line that is no JSON spoils every read.
fn page(tail: &[String], shelf: Shelf, skip: usize) -> Response {
    if tail
        .iter()
        .any(|line| serde_json::from_str::<IgnoredAny>(line).is_err())
    {
        return answer::status(500);
    }
    let next = match shelf {
        Shelf::Live => (skip + tail.len()).to_string(),
        Shelf::Archive => "null".to_owned(),
    };
    let text = format!(r#"{{"events":[{}],"next":{next}}}"#, tail.join(","));
    answer::json_text(200, text.into_bytes())
}

/// What a person reads: each command's title, and its output.
fn plain_text(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        match serde_json::from_str::<LogEvent>(line) {
            Ok(LogEvent::CmdStarted { directive, .. }) => {
                text.push_str(&directive);
                text.push('\n');
            }
            Ok(LogEvent::CmdOutput { output, .. }) => text.push_str(&output),
            Ok(
                LogEvent::JobStarted { .. }
                | LogEvent::CmdFinished { .. }
                | LogEvent::JobFinished { .. },
            )
            | Err(_) => {}
        }
    }
    text
}
