//! The log's way to the log server, while the job runs and until it is closed.
//!
//! What must stay true: one request in flight; when this ends, nothing is pushed any more. That is
//! why the job's result is reported only afterwards.

use std::cell::RefCell;
use std::future::{Future, pending};
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use super::clock::SteadyClock;
use super::logbuf::{Batch, LogBuffer, Refusal};
use super::uplink::{LogTarget, Uplink};
use dayfly::hub::wire::log::LogEvent;
use dayfly::model::id::JobId;
use dayfly::model::time::Timestamp;
use dayfly::ports::Clock;

/// How long the rest of a log may take once its job has ended (protocol.md 6.5).
const FLUSH_MAX: Duration = Duration::from_secs(60);
/// Events taken from the job at once.
const TAKEN_MAX: usize = 512;

type Push<'line> = Pin<Box<dyn Future<Output = (Batch, Result<(), Refusal>)> + 'line>>;

/// Streams one job's events until the job has let go of the channel and all are stored, or a minute
/// later. `release` turns true when the job must not be held back any more.
pub(super) async fn stream(
    job: &JobId,
    uplink: &Uplink,
    target: LogTarget,
    mut events: mpsc::Receiver<LogEvent>,
    mut release: watch::Receiver<bool>,
    clock: SteadyClock,
) {
    let target = RefCell::new(target);
    let mut buffer = LogBuffer::default();
    let mut taken = Vec::with_capacity(TAKEN_MAX);
    let mut released = false;
    let mut flush_until: Option<Timestamp> = None;
    let mut in_flight: Option<Push<'_>> = None;
    while !buffer.is_drained() {
        let open = flush_until.is_none();
        let push_at = buffer.next_push_at();
        tokio::select! {
            biased;
            (batch, answer) = finished(&mut in_flight) => {
                in_flight = None;
                match answer {
                    Ok(()) => buffer.acked(batch.start_from, batch.events, clock.now()),
                    Err(refusal) => buffer.refused(refusal, clock.now()),
                }
            }
            count = events.recv_many(&mut taken, TAKEN_MAX), if open && (released || buffer.has_room()) => {
                taken.drain(..).for_each(|event| buffer.push(&event));
                if count == 0 {
                    buffer.close(clock.now());
                    flush_until = Some(clock.now().plus(FLUSH_MAX));
                }
            }
            _ = release.changed(), if !released => released = true,
            () = clock.until(push_at), if in_flight.is_none() && push_at.is_some() => {
                in_flight = buffer.batch().map(|batch| push(uplink, &target, batch));
            }
            () = clock.until(flush_until), if !open => break,
        }
    }
    conclude(job, &buffer);
}

fn push<'line>(
    uplink: &'line Uplink,
    target: &'line RefCell<LogTarget>,
    batch: Batch,
) -> Push<'line> {
    Box::pin(async move {
        let answer = uplink.push(target, &batch).await;
        (batch, answer)
    })
}

/// The end of the push that is in flight; never, if there is none.
async fn finished(in_flight: &mut Option<Push<'_>>) -> (Batch, Result<(), Refusal>) {
    match in_flight {
        Some(push) => push.await,
        None => pending().await,
    }
}

/// A log that is not whole is told loudly: its reader cannot know (quirk A12).
fn conclude(job: &JobId, buffer: &LogBuffer) {
    match (buffer.lost(), buffer.cut_short()) {
        (0, None) => info!(%job, "log closed"),
        (lost, None) => warn!(%job, lost, "log closed, and some of its events did not arrive"),
        (lost, Some(why)) => warn!(%job, lost, ?why, "log closed, and the log server took no more"),
    }
}
