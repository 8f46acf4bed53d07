//! Calls that are on their way: sent by a controller, carried by the world.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::emulator::ec2::api::{Call, Reply};
use crate::emulator::ec2::error::Refusal;
use crate::emulator::message::{Request, Response};
use dayfly::model::time::Timestamp;

/// What is asked, and so who is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The hub.
    Hub(Request),
    /// EC2.
    Ec2(Call),
    /// The table that holds the lease: the replica that claims it, and until when.
    Claim {
        /// Who.
        replica: String,
        /// Now, by its clock.
        now: Timestamp,
        /// Until when.
        until: Timestamp,
    },
}

/// What comes back.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The hub's response.
    Hub(Response),
    /// EC2's reply, or its refusal.
    Ec2(Result<Reply, Refusal>),
    /// Whether the lease was granted.
    Claim(bool),
    /// The connection was closed in place of an answer.
    Closed,
}

/// A call that was just sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its number, on its line.
    pub call: u64,
    /// What is asked.
    pub question: Question,
}

/// A controller's line into the world, and its only source of time. Clones are the same line.
#[derive(Clone, Debug, Default)]
pub struct Line(Rc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    now: Cell<Timestamp>,
    /// By how much the controller's clock goes wrong, in milliseconds.
    skew_ms: Cell<i64>,
    calls: Cell<u64>,
    outbox: RefCell<Vec<Sent>>,
    alarms: RefCell<Vec<Timestamp>>,
    slots: RefCell<BTreeMap<u64, Slot>>,
}

#[derive(Debug, Default)]
struct Slot {
    answer: Option<Answer>,
    waker: Option<Waker>,
}

/// The answer did not come in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAnswer;

impl Line {
    /// Sends a call, and waits for its answer until `limit` has passed.
    pub async fn call(&self, question: Question, limit: Duration) -> Result<Answer, NoAnswer> {
        let call = self.0.calls.get();
        self.0.calls.set(call + 1);
        self.0.slots.borrow_mut().insert(call, Slot::default());
        self.0.outbox.borrow_mut().push(Sent { call, question });
        let until = self.0.now.get().plus(limit);
        self.0.alarms.borrow_mut().push(until);
        let line = self.clone();
        Waiting { line, call, until }.await
    }

    /// Waits for a span of true time.
    pub fn sleep(&self, span: Duration) -> Sleep {
        let until = self.0.now.get().plus(span);
        self.0.alarms.borrow_mut().push(until);
        let line = self.clone();
        Sleep { line, until }
    }

    /// What the controller's clock shows.
    pub fn clock(&self) -> Timestamp {
        let now = self.0.now.get().as_millis();
        Timestamp::from_millis(now.saturating_add_signed(self.0.skew_ms.get()))
    }

    /// What every other clock shows.
    pub fn true_time(&self) -> Timestamp {
        self.0.now.get()
    }

    /// By how much its clock goes wrong.
    pub fn skew(&self) -> Duration {
        Duration::from_millis(self.0.skew_ms.get().unsigned_abs())
    }

    /// Sets its clock wrong by so many milliseconds.
    pub fn set_skew_ms(&self, skew_ms: i64) {
        self.0.skew_ms.set(skew_ms);
    }

    /// The world's time goes on.
    pub fn set_now(&self, now: Timestamp) {
        self.0.now.set(now);
    }

    /// What has been sent since the last time.
    pub fn take_sent(&self) -> Vec<Sent> {
        std::mem::take(&mut self.0.outbox.borrow_mut())
    }

    /// When the controller wants to be woken, since the last time.
    pub fn take_alarms(&self) -> Vec<Timestamp> {
        std::mem::take(&mut self.0.alarms.borrow_mut())
    }

    /// Whether somebody waits for the answer to a call.
    pub fn expects(&self, call: u64) -> bool {
        self.0.slots.borrow().contains_key(&call)
    }

    /// An answer arrives; one that nobody waits for any more is lost.
    pub fn answer(&self, call: u64, answer: Answer) {
        if let Some(slot) = self.0.slots.borrow_mut().get_mut(&call) {
            slot.answer = Some(answer);
            if let Some(waker) = slot.waker.take() {
                waker.wake();
            }
        }
    }

    /// Everybody looks again: time has passed.
    pub fn wake_all(&self) {
        for slot in self.0.slots.borrow_mut().values_mut() {
            if let Some(waker) = slot.waker.take() {
                waker.wake();
            }
        }
    }
}

/// One call's wait for its answer.
struct Waiting {
    line: Line,
    call: u64,
    until: Timestamp,
}

impl Future for Waiting {
    type Output = Result<Answer, NoAnswer>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let shared = &self.line.0;
        let mut slots = shared.slots.borrow_mut();
        let slot = slots.entry(self.call).or_default();
        if let Some(answer) = slot.answer.take() {
            return Poll::Ready(Ok(answer));
        }
        if self.until <= shared.now.get() {
            return Poll::Ready(Err(NoAnswer));
        }
        slot.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.line.0.slots.borrow_mut().remove(&self.call);
    }
}

/// A span that passes.
#[derive(Debug)]
pub struct Sleep {
    line: Line,
    until: Timestamp,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.until <= self.line.0.now.get() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}
