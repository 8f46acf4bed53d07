//! The log buffer against a model of the log server: every event once, in order, whatever is lost.

use std::time::Duration;

use dayfly::hub::wire::agent::JobResult;
use dayfly::hub::wire::log::LogEvent;
use dayfly::model::time::Timestamp;
use dayfly_agent::logbuf::{BATCH_BYTES_MAX, CutShort, EVENTS_MAX, LogBuffer, Refusal};
use proptest::collection::vec;
use proptest::prelude::*;

/// The log server's rules for `start_from` (protocol.md 6.3).
#[derive(Default)]
struct LogServer {
    lines: Vec<String>,
}

impl LogServer {
    fn store(&mut self, start_from: u64, body: &[u8]) {
        let start_from = usize::try_from(start_from).expect("small");
        assert!(start_from <= self.lines.len(), "a gap before {start_from}");
        self.lines.truncate(start_from);
        let body = std::str::from_utf8(body).expect("JSON");
        self.lines.extend(body.lines().map(str::to_owned));
    }
}

fn output(text: impl Into<String>) -> LogEvent {
    LogEvent::CmdOutput {
        timestamp: 1,
        output: text.into(),
    }
}

fn lines(events: &[LogEvent]) -> Vec<String> {
    let line = |event| serde_json::to_string(event).expect("plain data");
    events.iter().map(line).collect()
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// A buffer that holds so many outputs, and is closed.
fn closed_with(count: usize) -> LogBuffer {
    let mut buffer = LogBuffer::default();
    for index in 0..count {
        buffer.push(&output(format!("{index:04}")));
    }
    buffer.close(at(0));
    buffer
}

/// Sends batches and lets the server answer, until nothing is left.
fn drain(buffer: &mut LogBuffer, server: &mut LogServer, now: Timestamp) {
    while let Some(batch) = buffer.batch() {
        server.store(batch.start_from, &batch.body);
        buffer.acked(batch.start_from, batch.events, now);
    }
}

#[test]
fn a_batch_holds_what_the_log_server_takes() {
    let buffer = closed_with(5_000);
    let batch = buffer.batch().expect("events");
    assert_eq!(batch.events, EVENTS_MAX);

    let mut buffer = LogBuffer::default();
    for _ in 0..10 {
        buffer.push(&output("x".repeat(300_000)));
    }
    let batch = buffer.batch().expect("events");
    assert_eq!(batch.events, 3);
    assert!(batch.body.len() <= BATCH_BYTES_MAX);
}

#[test]
fn a_line_that_is_larger_than_a_batch_goes_alone() {
    let mut buffer = LogBuffer::default();
    buffer.push(&output("x".repeat(BATCH_BYTES_MAX)));
    buffer.push(&output("y"));
    assert_eq!(buffer.batch().expect("events").events, 1);
}

#[test]
fn the_first_event_leaves_at_once_and_the_next_ones_at_a_pace() {
    let mut buffer = LogBuffer::default();
    assert_eq!(buffer.next_push_at(), None);
    buffer.push(&output("a"));
    assert!(buffer.next_push_at() <= Some(at(10)));
    buffer.acked(0, 1, at(10));
    buffer.push(&output("b"));
    assert_eq!(
        buffer.next_push_at(),
        Some(at(10).plus(Duration::from_millis(500)))
    );
    buffer.close(at(10));
    assert!(buffer.next_push_at() <= Some(at(10)));
}

#[test]
fn trouble_makes_batches_smaller_and_pauses_longer_and_success_undoes_both() {
    let mut buffer = closed_with(2_000);
    buffer.refused(Refusal::Trouble, at(0));
    assert_eq!(buffer.batch().expect("events").events, 1_000);
    let first = buffer.next_push_at();
    buffer.refused(Refusal::Trouble, at(0));
    assert!(first < buffer.next_push_at());
    assert_eq!(buffer.batch().expect("events").events, 500);
    buffer.acked(0, 500, at(1));
    assert!(buffer.next_push_at() <= Some(at(1)));
    assert_eq!(buffer.batch().expect("events").events, 1_000);
}

#[test]
fn a_repeat_starts_where_the_log_server_acknowledged() {
    let mut buffer = closed_with(10);
    buffer.acked(0, 4, at(0));
    // An answer that comes twice moves nothing.
    buffer.acked(0, 4, at(0));
    assert_eq!(buffer.batch().expect("events").start_from, 4);
}

#[test]
fn a_full_log_ends_the_stream_and_what_follows_is_counted() {
    let mut buffer = closed_with(10);
    buffer.acked(0, 4, at(0));
    buffer.refused(Refusal::Full, at(0));
    buffer.push(&output("more"));
    assert!(buffer.is_drained());
    assert_eq!(buffer.cut_short(), Some(CutShort::Trimmed));
    assert_eq!(buffer.lost(), 7);
}

#[test]
fn an_event_that_is_refused_leaves_a_mark_in_its_place() {
    let mut buffer = LogBuffer::default();
    let events = [output("good"), output("bad"), output("fine")];
    events.iter().for_each(|event| buffer.push(event));
    let mut server = LogServer::default();
    while let Some(batch) = buffer.batch() {
        let body = String::from_utf8(batch.body.clone()).expect("JSON");
        if body.contains("bad") {
            buffer.refused(Refusal::Unacceptable, at(0));
        } else {
            server.store(batch.start_from, &batch.body);
            buffer.acked(batch.start_from, batch.events, at(0));
        }
    }
    assert_eq!(server.lines.len(), 3);
    assert!(
        server.lines[1].contains("refused this event"),
        "{}",
        server.lines[1]
    );
    assert_eq!(buffer.lost(), 1);
    assert_eq!(buffer.cut_short(), None);
}

#[test]
fn server_that_refuses_everything_for_seconds_costs_no_event() {
    let mut buffer = closed_with(2_000);
    // From the whole batch down to one event, and then that one a few times.
    for _ in 0..10 + 5 {
        buffer.refused(Refusal::Unacceptable, at(0));
    }
    let mut server = LogServer::default();
    while let Some(batch) = buffer.batch() {
        server.store(batch.start_from, &batch.body);
        buffer.acked(batch.start_from, batch.events, at(20));
    }
    assert_eq!((server.lines.len(), buffer.lost()), (2_000, 0));
}

#[test]
fn server_that_refuses_everything_loses_one_event_and_is_asked_again() {
    let mut buffer = closed_with(2_000);
    for _ in 0..1_000 {
        buffer.refused(Refusal::Unacceptable, at(0));
        assert_eq!(buffer.batch().expect("all of them").start_from, 0);
    }
    buffer.acked(0, 1, at(0));
    assert_eq!(buffer.cut_short(), None);
    assert_eq!(buffer.lost(), 1 + 1_999);
}

#[test]
fn a_backlog_of_sixteen_mebibytes_holds_the_job_back() {
    let mut buffer = LogBuffer::default();
    for _ in 0..16 {
        assert!(buffer.has_room());
        buffer.push(&output("x".repeat(1 << 20)));
    }
    assert!(!buffer.has_room());
    let batch = buffer.batch().expect("events");
    buffer.acked(batch.start_from, batch.events, at(0));
    assert!(buffer.has_room());
}

/// What happens next to the stream.
#[derive(Clone, Debug)]
enum Happening {
    Written(String),
    Stored,
    /// Stored, and the answer lost.
    StoredUnknown,
    Refused(Refusal),
}

fn any_happening() -> impl Strategy<Value = Happening> {
    let refusals = vec![Refusal::Token, Refusal::Trouble];
    prop_oneof![
        3 => ".{0,12}".prop_map(Happening::Written),
        2 => Just(Happening::Stored),
        1 => Just(Happening::StoredUnknown),
        1 => proptest::sample::select(refusals).prop_map(Happening::Refused),
    ]
}

proptest! {
    #[test]
    fn the_log_server_ends_with_every_event_once_and_in_order(
        happenings in vec(any_happening(), 0..200),
    ) {
        let mut buffer = LogBuffer::default();
        let mut server = LogServer::default();
        let mut written = vec![LogEvent::JobStarted { timestamp: 1 }];
        buffer.push(&written[0]);
        for happening in happenings {
            let batch = buffer.batch();
            match (happening, batch) {
                (Happening::Written(text), _) => {
                    written.push(output(text));
                    buffer.push(&written[written.len() - 1]);
                }
                (Happening::Stored, Some(batch)) => {
                    server.store(batch.start_from, &batch.body);
                    buffer.acked(batch.start_from, batch.events, at(0));
                }
                (Happening::StoredUnknown, Some(batch)) => {
                    server.store(batch.start_from, &batch.body);
                    buffer.refused(Refusal::Trouble, at(0));
                }
                (Happening::Refused(refusal), Some(_)) => buffer.refused(refusal, at(0)),
                (Happening::Stored | Happening::StoredUnknown | Happening::Refused(_), None) => {}
            }
        }
        written.push(LogEvent::JobFinished { timestamp: 1, result: JobResult::Passed });
        buffer.push(&written[written.len() - 1]);
        buffer.close(at(0));
        drain(&mut buffer, &mut server, at(0));
        prop_assert!(buffer.is_drained());
        prop_assert_eq!(buffer.lost(), 0);
        prop_assert_eq!(server.lines, lines(&written));
    }
}
