//! Who scales: ours, the others, and what each is called.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use dayfly::model::pool::{Speculation, Speed};

use super::boots::BootLaw;
use super::bound::{Knowing, ZeroIdle};
use super::group::{Group, Scheme};
use super::law::Law;
use super::nonsense::Learned;
use super::ours::Ours;
use super::taskscaler::Taskscaler;
use super::webhook::Webhook;
use super::workload::Kinds;
use super::world::{Happening, World};

/// A policy with its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// The product's own scaler.
    Ours {
        /// Machines kept waiting, always.
        reserve: u32,
        /// What it may do ahead of demand.
        speculation: Speculation,
        /// Whether it has an API token, by which pipelines are seen.
        sees_pipelines: bool,
        /// How many stopped machines are kept beside it.
        stopped: u32,
    },
    /// A scaler of an Auto Scaling group.
    Group(Scheme),
    /// terraform-aws-github-runner.
    Webhook {
        /// `delay_webhook_event`, in seconds.
        delay: u32,
        /// Machines kept waiting in office hours.
        pool: u32,
    },
    /// GitLab's autoscaler in office hours.
    Taskscaler {
        /// `idle_count`
        idle: u32,
        /// `scale_factor`, in percent.
        percent: u32,
    },
    /// A bound: a machine for each job when it is queued.
    ZeroIdle,
    /// A bound: who knows running pipelines and every law, and no draw.
    Knowing {
        /// What a waiting second is worth, in seconds of a machine.
        worth: u32,
    },
}

/// How long an agent of the others waits before it is sent away, where the hub decides it.
const OTHERS_IDLE: u64 = 300_000;
const BUILDKITE_IDLE: u64 = 600_000;
/// As good as never: machines are ended from outside.
const NEVER: u64 = 1 << 40;

impl Contender {
    /// The same with the number of its name: what a waiting second is worth, in seconds of a machine,
    /// or the wait that is wanted, in seconds, or how many stopped machines are kept.
    #[must_use]
    pub(super) fn with_number(mut self, number: u32) -> Self {
        match &mut self {
            Self::Ours { stopped, .. } if 0 < *stopped => *stopped = number,
            Self::Ours { speculation, .. } => {
                *speculation = Speculation::of(match speculation.speed.wanted_wait() {
                    Some(_) => Speed::WaitP95(Duration::from_secs(number.into())),
                    None => Speed::Worth(number),
                });
            }
            Self::Knowing { worth } => *worth = number,
            Self::Group(_) | Self::Webhook { .. } | Self::Taskscaler { .. } | Self::ZeroIdle => {}
        }
        self
    }

    /// How long an agent waits before it is sent away, in milliseconds, where its launch does not
    /// say it.
    pub fn idle_timeout(self) -> u64 {
        match self {
            Self::Ours { speculation, .. } => {
                u64::try_from(speculation.idle_timeout.as_millis()).unwrap_or(NEVER)
            }
            Self::Group(Scheme::Replacing { .. }) => OTHERS_IDLE,
            Self::Group(Scheme::Leaving { .. }) => BUILDKITE_IDLE,
            Self::Webhook { .. }
            | Self::Taskscaler { .. }
            | Self::ZeroIdle
            | Self::Knowing { .. } => NEVER,
        }
    }

    /// The same with another idle timeout, if it is ours.
    #[must_use]
    pub fn waiting_for(mut self, idle_timeout: Duration) -> Self {
        match &mut self {
            Self::Ours { speculation, .. } => {
                speculation.idle_timeout = idle_timeout;
                speculation.spare_timeout = speculation.spare_timeout.min(idle_timeout);
            }
            Self::Group(_)
            | Self::Webhook { .. }
            | Self::Taskscaler { .. }
            | Self::ZeroIdle
            | Self::Knowing { .. } => {}
        }
        self
    }

    /// How many stopped machines are kept for its jobs.
    pub fn stopped(self) -> u32 {
        match self {
            Self::Ours { stopped, .. } => stopped,
            Self::Group(_)
            | Self::Webhook { .. }
            | Self::Taskscaler { .. }
            | Self::ZeroIdle
            | Self::Knowing { .. } => 0,
        }
    }

    /// Whether what it does depends on what it has seen weeks ago.
    pub fn learns(self) -> bool {
        match self {
            Self::Ours { speculation, .. } => speculation.speed != Speed::Reactive,
            Self::Group(_)
            | Self::Webhook { .. }
            | Self::Taskscaler { .. }
            | Self::ZeroIdle
            | Self::Knowing { .. } => false,
        }
    }
}

/// A policy at work.
#[derive(Debug)]
pub enum Driver {
    /// The product's own scaler.
    Ours(Box<Ours>),
    /// A scaler of an Auto Scaling group.
    Group(Group),
    /// terraform-aws-github-runner.
    Webhook(Webhook),
    /// GitLab's.
    Taskscaler(Taskscaler),
    /// A bound.
    ZeroIdle(ZeroIdle),
    /// A bound.
    Knowing(Knowing),
}

impl Driver {
    /// That policy over a world.
    pub fn new(contender: Contender, world: &Rc<RefCell<World>>, terms: Terms) -> Self {
        let mut driver = match contender {
            Contender::Ours {
                reserve,
                speculation,
                sees_pipelines,
                stopped: _,
            } => Self::Ours(Box::new(Ours::new(
                Rc::clone(world),
                reserve,
                speculation,
                sees_pipelines,
                terms,
            ))),
            Contender::Group(scheme) => {
                Self::Group(Group::new(scheme, terms.machines_max, terms.seed))
            }
            Contender::Webhook { delay, pool } => {
                Self::Webhook(Webhook::new(u64::from(delay) * 1000, pool))
            }
            Contender::Taskscaler { idle, percent } => {
                Self::Taskscaler(Taskscaler::new(idle, percent))
            }
            Contender::ZeroIdle => Self::ZeroIdle(ZeroIdle::default()),
            Contender::Knowing { worth } => {
                Self::Knowing(Knowing::new(worth, terms.boots, terms.law))
            }
        };
        let mut world = world.borrow_mut();
        match &mut driver {
            Self::Ours(ours) => ours.start(&mut world),
            Self::Group(group) => group.start(&mut world),
            Self::Webhook(webhook) => webhook.start(&mut world),
            Self::Taskscaler(taskscaler) => taskscaler.start(&mut world),
            Self::ZeroIdle(_) => {}
            Self::Knowing(knowing) => knowing.start(&mut world),
        }
        driver
    }

    /// Reacts to what happened.
    pub fn on(&mut self, happening: Happening, world: &Rc<RefCell<World>>) {
        match self {
            Self::Ours(ours) => ours.on(happening),
            Self::Group(group) => group.on(happening, &mut world.borrow_mut()),
            Self::Webhook(webhook) => webhook.on(happening, &mut world.borrow_mut()),
            Self::Taskscaler(taskscaler) => taskscaler.on(happening, &mut world.borrow_mut()),
            Self::ZeroIdle(zero_idle) => zero_idle.on(happening, &mut world.borrow_mut()),
            Self::Knowing(knowing) => knowing.on(happening, &mut world.borrow_mut()),
        }
    }
}

/// What all policies of a study have in common.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// What every draw follows from.
    pub seed: u64,
    /// Machines at once, at most.
    pub machines_max: u32,
    /// From look to look of our own scaler, in milliseconds.
    pub tick: u64,
    /// From when on our own scaler believes to have learned something else, and what.
    pub learned: Option<(u64, Learned)>,
    /// By what the runs of blocks are told apart, for who sees pipelines.
    pub kinds: Kinds,
    /// How machines boot, for who may know it.
    pub boots: BootLaw,
    /// The law of pushes, for who may know it.
    pub law: Option<Law>,
}
