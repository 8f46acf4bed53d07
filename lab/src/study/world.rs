//! The world of a study: jobs, machines and their agents, from event to event.
//!
//! It knows no policy. Whoever drives it launches machines, ends those that wait, and sets timers;
//! it says what happened. What is simplified: no faults, no lag of the lists, one agent type. The
//! world with faults is the correctness simulator's.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::ops::Range;
use std::rc::Rc;

pub use super::berth::{Berth, Happening, Job, State, Surroundings, Timer};
use super::berth::{Course, count};
use super::boots::boot_time;
use super::draw::{Draw, milliseconds};
use super::rate::LaunchRate;
use super::stopped::Stopped;
use super::workload::{Push, Workload};

/// From a job's end to the machine's: disconnect, power off, terminate.
pub const TEARDOWN: u64 = 5_000;
/// How long a pipeline that has ended is shown at least.
const SHOWN_FOR: u64 = 30_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Push(usize),
    Ready(usize),
    Sync(usize),
    Done(usize),
    End(usize),
    Timer(Timer),
}

/// Jobs, machines, time.
#[derive(Debug)]
pub struct World {
    now: u64,
    workload: Rc<Workload>,
    around: Surroundings,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    order: u64,
    /// What happened at the same event and was not said yet.
    unsaid: Option<Happening>,
    jobs: Vec<Job>,
    queue: VecDeque<usize>,
    /// Of each push.
    courses: Vec<Course>,
    /// Pipelines that run, and those that have just ended, with when.
    pipelines: BTreeMap<usize, Option<u64>>,
    open: usize,
    machines: Vec<Berth>,
    alive: BTreeSet<usize>,
    idle: BTreeSet<usize>,
    busy: u32,
    calls: u64,
    rate: LaunchRate,
    stopped: Stopped,
    syncs: Draw,
}

impl World {
    /// A world at the beginning of its workload.
    pub fn new(workload: Rc<Workload>, around: Surroundings) -> Self {
        let now = workload.pushes.first().map_or(0, |push| push.at);
        let mut world = Self {
            now,
            around,
            events: BinaryHeap::new(),
            order: 0,
            unsaid: None,
            jobs: Vec::new(),
            queue: VecDeque::new(),
            courses: vec![Course::default(); workload.pushes.len()],
            pipelines: BTreeMap::new(),
            open: workload
                .pushes
                .iter()
                .map(|push| push.blocks.iter().map(Vec::len).sum::<usize>())
                .sum(),
            machines: Vec::new(),
            alive: BTreeSet::new(),
            idle: BTreeSet::new(),
            busy: 0,
            calls: 0,
            rate: LaunchRate::new(around.burst, around.launches_per_second, now),
            stopped: Stopped::new(around.stopped, around.seed),
            syncs: Draw::new(around.seed, 0x51C),
            workload,
        };
        if let Some(first) = world.workload.pushes.first() {
            world.at(first.at, Event::Push(0));
        }
        world
    }

    /// The present moment, in milliseconds since the epoch.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Jobs that wait for an agent.
    pub fn queued(&self) -> u32 {
        count(self.queue.len())
    }

    /// The numbers of the jobs that wait, the oldest first.
    pub fn queue(&self) -> impl Iterator<Item = usize> + '_ {
        self.queue.iter().copied()
    }

    /// Jobs that run.
    pub fn running(&self) -> u32 {
        self.busy
    }

    /// Agents that wait.
    pub fn idle(&self) -> &BTreeSet<usize> {
        &self.idle
    }

    /// Machines that are paid for.
    pub fn alive(&self) -> &BTreeSet<usize> {
        &self.alive
    }

    /// One machine.
    pub fn machine(&self, number: usize) -> &Berth {
        &self.machines[number]
    }

    /// Pipelines that run, and some that have ended, by the number of their push.
    pub fn pipelines(&self) -> impl Iterator<Item = usize> + '_ {
        self.pipelines.keys().copied()
    }

    /// One push.
    pub fn push_of(&self, number: usize) -> &Push {
        &self.workload.pushes[number]
    }

    /// The jobs of a push's block, if it has begun.
    pub fn jobs_of(&self, push: usize, block: usize) -> Option<&[Job]> {
        let first = *self.courses[push].begun.get(block)?;
        let count = self.workload.pushes[push].blocks[block].len();
        self.jobs.get(first..first + count)
    }

    /// The machines that are kept stopped.
    pub fn stopped(&self) -> &Stopped {
        &self.stopped
    }

    /// All machines there ever were.
    pub fn machines(&self) -> &[Berth] {
        &self.machines
    }

    /// Of each job that was queued: whether its push is scored, and how long it waited, if it did
    /// not wait for ever.
    pub fn waits(&self) -> impl Iterator<Item = Option<u64>> + '_ {
        let scored = self
            .jobs
            .iter()
            .filter(|job| self.workload.scored_from <= self.workload.pushes[job.push].at);
        scored.map(|job| job.started_at.map(|at| at - job.queued_at))
    }

    /// Sets a timer of the driver.
    pub fn timer(&mut self, at: u64, timer: Timer) {
        self.at(at, Event::Timer(timer));
    }

    /// Launches machines in one call, as many as the cloud's rate allows; gives their numbers.
    pub fn launch(&mut self, wanted: u32) -> Range<usize> {
        let idle_timeout = self.around.idle_timeout;
        self.launch_waiting(wanted, |_| idle_timeout)
    }

    /// As [`launch`](Self::launch), with agents that wait for as long as this says for their boot;
    /// all in milliseconds.
    pub fn launch_waiting(&mut self, wanted: u32, waits: impl Fn(u64) -> u64) -> Range<usize> {
        let first = self.machines.len();
        let granted = self.rate.take(wanted, self.now);
        let waiting = self.queued();
        (0..granted).for_each(|nth| self.add_machine(&waits, nth < waiting));
        self.calls += 1;
        first..self.machines.len()
    }

    /// Ends a machine that boots or waits, at once. One that works goes on.
    pub fn end(&mut self, number: usize) {
        match self.machines[number].state {
            State::Booting | State::Idle => self.leave(number),
            State::Busy | State::Leaving | State::Gone => {}
        }
    }

    /// Ends so many of those that wait and of which this holds, the oldest first.
    pub fn end_idle(&mut self, surplus: usize, is_old: impl Fn(&Berth) -> bool) {
        let idle = self.idle.iter().copied();
        let old = idle.filter(|number| is_old(&self.machines[*number]));
        let ended: Vec<usize> = old.take(surplus).collect();
        ended.into_iter().for_each(|number| self.end(number));
    }

    /// Lets a machine that is leaving be paid for longer.
    pub fn linger(&mut self, number: usize, span: u64) {
        if let Some(ends_at) = &mut self.machines[number].ends_at {
            *ends_at += span;
        }
    }

    /// Goes on to the next event; `None` when every job has ended and no more will come.
    pub fn step(&mut self) -> Option<Happening> {
        if let Some(happening) = self.unsaid.take() {
            return Some(happening);
        }
        let over = self.workload.until < self.now && self.open == 0;
        let stuck = self.workload.until + 2 * super::workload::DAY < self.now;
        if over || stuck {
            return None;
        }
        let Reverse((at, _, event)) = self.events.pop()?;
        self.now = at;
        Some(match event {
            Event::Push(number) => self.push(number),
            Event::Ready(number) => self.ready(number),
            Event::Sync(number) => self.sync(number),
            Event::Done(number) => self.done(number),
            Event::End(number) => self.gone(number),
            Event::Timer(timer) => Happening::Timer(timer),
        })
    }

    fn at(&mut self, at: u64, event: Event) {
        self.order += 1;
        self.events.push(Reverse((at, self.order, event)));
    }

    /// One that a job waits for is a stopped one, if there is one.
    fn add_machine(&mut self, waits: impl Fn(u64) -> u64, has_job: bool) {
        let number = self.machines.len();
        let (law, seed) = (self.around.boots, self.around.seed);
        let started = has_job.then(|| self.stopped.start(self.now)).flatten();
        let boot = started.unwrap_or_else(|| boot_time(law, seed, number as u64, self.calls));
        let ready_at = self.now + boot;
        self.machines.push(Berth {
            launched_at: self.now,
            ready_at,
            ends_at: None,
            state: State::Booting,
            has_run: false,
            idle_timeout: waits(boot),
            period: milliseconds(self.syncs.uniform(4.0, 6.0)),
            asked: false,
            job: usize::MAX,
        });
        self.alive.insert(number);
        self.at(ready_at, Event::Ready(number));
    }

    fn push(&mut self, number: usize) -> Happening {
        if let Some(next) = self.workload.pushes.get(number + 1) {
            let at = next.at;
            self.at(at, Event::Push(number + 1));
        }
        let now = self.now;
        let is_shown = |ended: &Option<u64>| ended.is_none_or(|at| now < at + SHOWN_FOR);
        self.pipelines.retain(|_, ended| is_shown(ended));
        self.pipelines.insert(number, None);
        self.start_block(number, 0)
    }

    fn start_block(&mut self, push: usize, block: usize) -> Happening {
        let workload = Rc::clone(&self.workload);
        let durations = &workload.pushes[push].blocks[block];
        self.courses[push].begun.push(self.jobs.len());
        self.courses[push].left = durations.len();
        for duration in durations {
            self.queue.push_back(self.jobs.len());
            self.jobs.push(Job {
                queued_at: self.now,
                started_at: None,
                finished_at: None,
                duration: *duration,
                push,
            });
        }
        let waiting: Vec<usize> = self.idle.iter().copied().collect();
        waiting
            .into_iter()
            .for_each(|number| self.ask(number, self.now));
        Happening::Queued(count(durations.len()))
    }

    /// The next sync of an agent that waits, from some moment on.
    fn ask(&mut self, number: usize, from: u64) {
        let machine = &mut self.machines[number];
        if machine.asked {
            return;
        }
        machine.asked = true;
        let since = from.saturating_sub(machine.ready_at);
        let at = machine.ready_at + since.div_ceil(machine.period) * machine.period;
        self.at(at, Event::Sync(number));
    }

    /// A fresh agent syncs at once; then it waits until the hub has a job or sends it away.
    fn ready(&mut self, number: usize) -> Happening {
        if self.machines[number].state != State::Booting {
            return Happening::Internal;
        }
        self.machines[number].state = State::Idle;
        self.idle.insert(number);
        if !self.take(number) {
            let until = self.now + self.machines[number].idle_timeout;
            self.at(until, Event::Sync(number));
        }
        Happening::Internal
    }

    /// The hub looks for a job first, and then whether the agent has waited for too long.
    fn sync(&mut self, number: usize) -> Happening {
        let machine = &mut self.machines[number];
        machine.asked = false;
        if machine.state != State::Idle {
            return Happening::Internal;
        }
        let is_over = machine.idle_timeout <= self.now - machine.ready_at;
        if self.take(number) {
            return Happening::Internal;
        }
        if is_over {
            self.leave(number);
            return Happening::SentAway(number);
        }
        Happening::Internal
    }

    fn take(&mut self, number: usize) -> bool {
        let Some(job) = self.queue.pop_front() else {
            return false;
        };
        self.jobs[job].started_at = Some(self.now);
        let done_at = self.now + self.jobs[job].duration;
        let machine = &mut self.machines[number];
        machine.state = State::Busy;
        machine.has_run = true;
        machine.job = job;
        self.idle.remove(&number);
        self.busy += 1;
        self.at(done_at, Event::Done(number));
        true
    }

    fn leave(&mut self, number: usize) {
        self.idle.remove(&number);
        let ends_at = self.now + TEARDOWN;
        let machine = &mut self.machines[number];
        machine.state = State::Leaving;
        machine.ends_at = Some(ends_at);
        self.at(ends_at, Event::End(number));
    }

    /// The job has ended: its machine leaves, and the next block may begin.
    fn done(&mut self, number: usize) -> Happening {
        self.busy -= 1;
        self.open -= 1;
        self.leave(number);
        let job = &mut self.jobs[self.machines[number].job];
        job.finished_at = Some(self.now);
        let push = job.push;
        let course = &mut self.courses[push];
        course.left -= 1;
        let next = course.begun.len();
        if course.left == 0 && next < self.workload.pushes[push].blocks.len() {
            self.unsaid = Some(self.start_block(push, next));
        } else if course.left == 0 {
            self.pipelines.insert(push, Some(self.now));
        }
        Happening::Finished(number)
    }

    fn gone(&mut self, number: usize) -> Happening {
        let machine = &mut self.machines[number];
        if let Some(ends_at) = machine.ends_at.filter(|ends_at| self.now < *ends_at) {
            self.at(ends_at, Event::End(number));
            return Happening::Internal;
        }
        machine.state = State::Gone;
        self.alive.remove(&number);
        Happening::Gone(number)
    }
}
