//! Where logs are kept: one list for each live log, and an archive (protocol.md 6.3–6.5).

use std::collections::BTreeMap;

use dayfly::model::id::JobId;

/// What the log server adds, once, to a log that is full.
const TRIMMED_NOTICE: &str = "Content of the log is bigger than 16MB. Log is trimmed.\n";
/// What a list spends on an entry besides its text; the real one is a sampled estimate.
const ENTRY_OVERHEAD: usize = 8;

/// One log, in raw lines.
#[derive(Debug, Default)]
struct StoredLog {
    lines: Vec<String>,
    bytes: usize,
    trimmed: bool,
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appended {
    /// The events are stored.
    Stored,
    /// The log is full.
    Full,
}

/// A log as its reader finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shelf {
    /// It may still grow.
    Live,
    /// It has been archived.
    Archive,
}

/// All logs.
#[derive(Debug, Default)]
pub(super) struct LogStore {
    live: BTreeMap<JobId, StoredLog>,
    archived: BTreeMap<JobId, StoredLog>,
}

impl LogStore {
    /// Stores events from a position on; see the table of protocol.md 6.3. A position of zero or
    /// less starts the log anew, a position before the end cuts it there, one after it is taken as the end.
    pub(super) fn append(
        &mut self,
        job: &JobId,
        start_from: i64,
        lines: Vec<String>,
        bytes_max: usize,
        now_seconds: u64,
    ) -> Appended {
        let start = usize::try_from(start_from).unwrap_or(0);
        if start == 0 {
            self.live.remove(job);
        }
        if lines.is_empty() {
            return Appended::Stored;
        }
        let log = self.live.entry(job.clone()).or_default();
        if 0 < start && bytes_max < log.bytes {
            log.trim(now_seconds);
            return Appended::Full;
        }
        log.cut(start);
        for line in lines {
            log.push(line);
        }
        Appended::Stored
    }

    /// Moves a live log to the archive, over what is there. Without a live log, an archive stays
    /// as it is, and an empty one is made where there is none.
    pub(super) fn archive(&mut self, job: &JobId) {
        match self.live.remove(job) {
            Some(log) => {
                self.archived.insert(job.clone(), log);
            }
            None => {
                self.archived.entry(job.clone()).or_default();
            }
        }
    }

    /// How many events of the live log are stored.
    pub(super) fn live_len(&self, job: &JobId) -> usize {
        self.live.get(job).map_or(0, |log| log.lines.len())
    }

    /// Whether the log server has refused to take more of this log.
    pub(super) fn is_trimmed(&self, job: &JobId) -> bool {
        let logs = [self.live.get(job), self.archived.get(job)];
        logs.into_iter().flatten().any(|log| log.trimmed)
    }

    /// A log and where it was found: live ones hide archived ones.
    pub(super) fn find(&self, job: &JobId) -> Option<(Shelf, &[String])> {
        let live = self.live.get(job).map(|log| (Shelf::Live, log));
        let archived = || self.archived.get(job).map(|log| (Shelf::Archive, log));
        live.or_else(archived)
            .map(|(shelf, log)| (shelf, log.lines.as_slice()))
    }

    /// The lines of a log; none if there is no log.
    pub(super) fn lines(&self, job: &JobId) -> &[String] {
        self.find(job).map_or(&[], |(_, lines)| lines)
    }
}

impl StoredLog {
    fn push(&mut self, line: String) {
        self.bytes += line.len() + ENTRY_OVERHEAD;
        self.lines.push(line);
    }

    fn cut(&mut self, length: usize) {
        for line in self.lines.drain(length.min(self.lines.len())..) {
            self.bytes -= line.len() + ENTRY_OVERHEAD;
        }
    }

    fn trim(&mut self, now_seconds: u64) {
        if self.trimmed {
            return;
        }
        self.trimmed = true;
        let notice = serde_json::json!({
            "event": "cmd_output",
            "timestamp": now_seconds,
            "output": TRIMMED_NOTICE,
        });
        self.push(notice.to_string());
    }
}
