//! The log on its way out: what was written and is not yet acknowledged (protocol.md section 6).
//!
//! An event is made a line once, when it is pushed, and dropped when the log server has it. What must
//! stay true: lines leave in order and are repeated from the acknowledged position, so that the server,
//! which truncates to `start_from`, ends with every event once. What is not here: the request, of
//! which the caller keeps at most one in flight, and the token.

use std::collections::VecDeque;
use std::time::Duration;

use dayfly::hub::wire::answer::Failure;
use dayfly::hub::wire::log::LogEvent;
use dayfly::model::time::Timestamp;

/// The log server refuses more lines in one request (protocol.md 3.8).
pub const EVENTS_MAX: usize = 2_000;
/// The log server reads a body for 5 seconds: a slow uplink needs small ones (quirk S17).
pub const BATCH_BYTES_MAX: usize = 1 << 20;
/// What may wait here: as much as the log server stores of one log (protocol.md 6.4).
const BACKLOG_BYTES_MAX: usize = 16 << 20;
/// Between two pushes while the job runs; the official agent takes 1.5 to 3 seconds.
const PACE: Duration = Duration::from_millis(500);
/// The pause after the first failure; it doubles with each further one.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(15);
/// How often the log server must refuse one event before a mark takes its place: a proxy that
/// answers 400 for some seconds must cost no line.
const REFUSALS_MIN: u32 = 6;
/// While closing there is a minute in all, so the pauses are shorter.
const RETRY_MAX_CLOSING: Duration = Duration::from_secs(2);

/// One request's worth of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// How many events the log server has before these.
    pub start_from: u64,
    /// JSON, one event a line.
    pub body: Vec<u8>,
    /// How many.
    pub events: usize,
}

/// How the log server refused a batch, as far as it makes a difference (protocol.md 3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 400 or 413: this batch, as it is, will probably never be taken (quirk A13).
    Unacceptable,
    /// 401, although the token was refreshed: the same again later.
    Token,
    /// 422: the log is full. The stream is over.
    Full,
    /// 404, 5xx, no answer, an answer that is not the log server's own: the same again later, in
    /// smaller pieces.
    Trouble,
}

/// The log server's words for a log that is full.
const FULL: &str = "No more space";

impl Refusal {
    /// What was wrong with an answer; `None` is no answer.
    pub fn of(failure: Option<&Failure>) -> Self {
        let (status, message) = match failure {
            Some(Failure::Refused { status, message }) => (status, message.as_str()),
            Some(Failure::Foreign { .. }) | None => return Self::Trouble,
        };
        match status {
            400 | 413 => Self::Unacceptable,
            401 => Self::Token,
            // It ends the stream for good, so the status alone is not enough.
            422 if message == FULL => Self::Full,
            0..=u16::MAX => Self::Trouble,
        }
    }
}

/// Why nothing more is pushed although there would be something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutShort {
    /// The log server has no more room.
    Trimmed,
}

/// The events of one job that the log server does not have yet.
#[derive(Clone, Debug)]
pub struct LogBuffer {
    lines: VecDeque<Line>,
    bytes: usize,
    /// The position of the first line: what the log server has acknowledged.
    acknowledged: u64,
    events_max: usize,
    bytes_max: usize,
    failures: u32,
    /// No push before; moved by every answer.
    rest_until: Timestamp,
    closing: bool,
    cut_short: Option<CutShort>,
    /// Events that did not reach the log server.
    lost: u64,
}

#[derive(Clone, Debug)]
struct Line {
    text: Vec<u8>,
    /// Written in place of an event that was refused.
    is_stand_in: bool,
    /// How often the log server has refused it alone.
    refusals: u32,
}

impl Default for LogBuffer {
    fn default() -> Self {
        Self {
            lines: VecDeque::new(),
            bytes: 0,
            acknowledged: 0,
            events_max: EVENTS_MAX,
            bytes_max: BATCH_BYTES_MAX,
            failures: 0,
            rest_until: Timestamp::default(),
            closing: false,
            cut_short: None,
            lost: 0,
        }
    }
}

impl LogBuffer {
    /// Takes the next event; once the stream is cut short, lets it go.
    pub fn push(&mut self, event: &LogEvent) {
        if self.cut_short.is_some() {
            self.lost += 1;
            return;
        }
        let line = Line {
            text: to_line(event),
            is_stand_in: false,
            refusals: 0,
        };
        self.bytes += line.text.len();
        self.lines.push_back(line);
    }

    /// Whether another event may be taken; otherwise the job has to wait for the log server.
    pub fn has_room(&self) -> bool {
        self.bytes < BACKLOG_BYTES_MAX
    }

    /// The oldest lines, as many as one request may carry; `None` if there are none.
    pub fn batch(&self) -> Option<Batch> {
        let events = self.batch_length();
        if events == 0 {
            return None;
        }
        let mut body = Vec::new();
        for line in self.lines.iter().take(events) {
            body.extend_from_slice(&line.text);
        }
        Some(Batch {
            start_from: self.acknowledged,
            body,
            events,
        })
    }

    /// The log server has `events` events from `start_from` on.
    pub fn acked(&mut self, start_from: u64, events: usize, now: Timestamp) {
        let stored = start_from.saturating_add(events as u64);
        while self.acknowledged < stored
            && let Some(line) = self.lines.pop_front()
        {
            self.bytes -= line.text.len();
            self.acknowledged += 1;
        }
        self.failures = 0;
        self.events_max = self.events_max.saturating_mul(2).min(EVENTS_MAX);
        self.bytes_max = self.bytes_max.saturating_mul(2).min(BATCH_BYTES_MAX);
        self.rest_until = now.plus(PACE);
    }

    /// The log server did not take the batch that `batch` gives.
    pub fn refused(&mut self, refusal: Refusal, now: Timestamp) {
        match refusal {
            Refusal::Full => return self.cut(CutShort::Trimmed),
            Refusal::Unacceptable if self.batch_length() <= 1 => self.refuse_first(),
            Refusal::Unacceptable => {
                // Smaller pieces can pass at once: nothing has to heal first.
                self.halve();
                self.rest_until = now;
                return;
            }
            Refusal::Token => {}
            Refusal::Trouble => self.halve(),
        }
        let doublings = self.failures.min(8);
        let longest = if self.closing {
            RETRY_MAX_CLOSING
        } else {
            RETRY_MAX
        };
        self.failures += 1;
        self.rest_until = now.plus((RETRY_FIRST * (1 << doublings)).min(longest));
    }

    /// The last event has been pushed: what is left goes out without a pace.
    pub fn close(&mut self, now: Timestamp) {
        self.closing = true;
        self.rest_until = self.rest_until.min(now.plus(RETRY_MAX_CLOSING));
    }

    /// Whether nothing is left to do for this log.
    pub fn is_drained(&self) -> bool {
        self.closing && self.lines.is_empty()
    }

    /// When the next batch may leave; `None` if there is nothing to send. The past means now.
    pub fn next_push_at(&self) -> Option<Timestamp> {
        if self.lines.is_empty() {
            return None;
        }
        let hurry =
            self.closing || self.events_max <= self.lines.len() || self.bytes_max <= self.bytes;
        if hurry && self.failures == 0 {
            return Some(Timestamp::default());
        }
        Some(self.rest_until)
    }

    /// Why the stream ended early, if it did.
    pub fn cut_short(&self) -> Option<CutShort> {
        self.cut_short
    }

    /// How many events the log server will never have, those included that still wait here.
    pub fn lost(&self) -> u64 {
        self.lost + self.lines.len() as u64
    }

    fn batch_length(&self) -> usize {
        let mut bytes = 0;
        let fits = |line: &&Line| {
            bytes += line.text.len();
            bytes <= self.bytes_max
        };
        let whole = self.lines.iter().take(self.events_max).take_while(fits);
        // A line that is larger than a batch goes alone.
        whole.count().max(1).min(self.lines.len())
    }

    /// Half of what was refused, which may have been less than what was allowed.
    fn halve(&mut self) {
        let events = self.batch_length();
        let bytes: usize = self
            .lines
            .iter()
            .take(events)
            .map(|line| line.text.len())
            .sum();
        self.events_max = (events / 2).max(1);
        self.bytes_max = (bytes.min(self.bytes_max) / 2).max(1);
    }

    /// Puts a mark in the place of the one event that the log server keeps refusing. If it refuses
    /// the mark as well, the event is not the reason, and nothing can be done but to try again.
    fn refuse_first(&mut self) {
        let Some(first) = self.lines.front_mut() else {
            return;
        };
        first.refusals += 1;
        if first.is_stand_in || first.refusals < REFUSALS_MIN {
            return;
        }
        if let Ok(event) = serde_json::from_slice::<LogEvent>(&first.text) {
            let stand_in = to_line(&stand_in(event, first.text.len()));
            self.lost += u64::from(stand_in != first.text);
            self.bytes = self.bytes - first.text.len() + stand_in.len();
            first.text = stand_in;
        }
        first.is_stand_in = true;
    }

    fn cut(&mut self, why: CutShort) {
        self.cut_short = Some(why);
        self.lost += self.lines.len() as u64;
        self.lines.clear();
        self.bytes = 0;
    }
}

/// The event as the line that is sent.
fn to_line(event: &LogEvent) -> Vec<u8> {
    let mut line = serde_json::to_vec(event).expect("a log event is plain data");
    line.push(b'\n');
    line
}

/// The same kind of event, so that the log's grammar holds, with a word about the gap.
fn stand_in(event: LogEvent, size: usize) -> LogEvent {
    let note = format!("[dayfly: the log server refused this event of {size} bytes]");
    match event {
        LogEvent::CmdStarted { timestamp, .. } => LogEvent::CmdStarted {
            timestamp,
            directive: note,
        },
        LogEvent::CmdOutput { timestamp, .. } => LogEvent::CmdOutput {
            timestamp,
            output: note + "\n",
        },
        LogEvent::CmdFinished {
            timestamp,
            exit_code,
            started_at,
            finished_at,
            ..
        } => LogEvent::CmdFinished {
            timestamp,
            directive: note,
            exit_code,
            started_at,
            finished_at,
        },
        small @ (LogEvent::JobStarted { .. } | LogEvent::JobFinished { .. }) => small,
    }
}
