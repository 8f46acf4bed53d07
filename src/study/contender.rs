//! Who scales: ours, the others, and what each is called.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::model::pool::{Speculation, Speed};

use super::boots::BootLaw;
use super::bound::{Knowing, ZeroIdle};
use super::group::{Extra, Group, Scheme};
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

/// What the bounds take a waiting second for, as `balanced` does.
const DEFAULT_WORTH: u32 = Speed::Balanced.waiting_worth();
/// How long an agent of the others waits before it is sent away, where the hub decides it.
const OTHERS_IDLE: u64 = 300_000;
const BUILDKITE_IDLE: u64 = 600_000;
/// As good as never: machines are ended from outside.
const NEVER: u64 = 1 << 40;

/// Every policy by its name, with what it is.
pub fn contenders() -> Vec<(&'static str, Contender, &'static str)> {
    let ours = |speed| own(speed, false);
    let ahead = |speed| own(speed, true);
    let fixed = |reserve| Contender::Ours {
        reserve,
        speculation: Speculation::default(),
        sees_pipelines: false,
    };
    let worth = Speed::Worth(DEFAULT_WORTH);
    let wait = Speed::WaitP95(Duration::ZERO);
    let mut all = vec![
        (
            "ours",
            ours(Speed::Balanced),
            "Dayfly with its default settings",
        ),
        (
            "economy",
            ours(Speed::Economy),
            "Dayfly, speed = \"economy\"",
        ),
        ("fast", ours(Speed::Fast), "Dayfly, speed = \"fast\""),
        (
            "reactive",
            ours(Speed::Reactive),
            "Dayfly, speed = \"reactive\": no machine ahead of demand",
        ),
        (
            "ours-ahead",
            ahead(Speed::Balanced),
            "Dayfly with an API token, by which it sees pipelines",
        ),
        (
            "economy-ahead",
            ahead(Speed::Economy),
            "the same with speed = \"economy\"",
        ),
        (
            "fast-ahead",
            ahead(Speed::Fast),
            "the same with speed = \"fast\"",
        ),
        (
            "ours-N",
            ours(worth),
            "Dayfly, if a waiting minute is worth N minutes of a machine, such as ours-17",
        ),
        ("ours-ahead-N", ahead(worth), "the same with an API token"),
        (
            "ours-p95-N",
            ours(wait),
            "Dayfly, wait_p95_seconds = N, such as ours-p95-45",
        ),
        (
            "ours-ahead-p95-N",
            ahead(wait),
            "the same with an API token",
        ),
        ("fixed-1", fixed(1), "Dayfly, reactive, with reserve = 1"),
        ("fixed-5", fixed(5), "Dayfly, reactive, with reserve = 5"),
        ("fixed-10", fixed(10), "Dayfly, reactive, with reserve = 10"),
    ];
    all.extend(others());
    all.extend(bounds());
    all
}

/// The product's own scaler at a speed, with or without pipelines in sight.
fn own(speed: Speed, sees_pipelines: bool) -> Contender {
    Contender::Ours {
        reserve: 0,
        speculation: Speculation::of(speed),
        sees_pipelines,
    }
}

/// The algorithms of others.
fn others() -> Vec<(&'static str, Contender, &'static str)> {
    let aas = |min, extra| Contender::Group(Scheme::Replacing { min, extra });
    let webhook = |delay, pool| Contender::Webhook { delay, pool };
    vec![
        (
            "aas",
            aas(0, Extra::None),
            "agent-aws-stack with its defaults",
        ),
        (
            "aas+5",
            aas(0, Extra::Number(5)),
            "agent-aws-stack, five machines more",
        ),
        (
            "aas+50%",
            aas(0, Extra::Percent(50)),
            "agent-aws-stack, half as many machines more",
        ),
        (
            "aas-min5",
            aas(5, Extra::None),
            "agent-aws-stack, five machines at least",
        ),
        (
            "github",
            webhook(30, 0),
            "terraform-aws-github-runner with its defaults",
        ),
        (
            "github-0",
            webhook(0, 0),
            "terraform-aws-github-runner without a delay",
        ),
        (
            "github-pool5",
            webhook(0, 5),
            "terraform-aws-github-runner, without a delay, five waiting in office hours",
        ),
        (
            "buildkite",
            Contender::Group(Scheme::Leaving { buffer: 0 }),
            "Buildkite's scaler",
        ),
        (
            "buildkite-5",
            Contender::Group(Scheme::Leaving { buffer: 5 }),
            "Buildkite's scaler with a buffer of five",
        ),
        (
            "gitlab",
            Contender::Taskscaler {
                idle: 2,
                percent: 50,
            },
            "GitLab's autoscaler: two, or half of those in use, in office hours",
        ),
    ]
}

/// What anybody could reach who does not know the draws to come.
fn bounds() -> Vec<(&'static str, Contender, &'static str)> {
    let worth = DEFAULT_WORTH;
    vec![
        (
            "zero-idle",
            Contender::ZeroIdle,
            "a bound: a machine for each job the moment it is queued",
        ),
        (
            "knowing",
            Contender::Knowing { worth },
            "a bound: knows running pipelines to the second and the laws of boots and made-up pushes",
        ),
        (
            "knowing-N",
            Contender::Knowing { worth },
            "the same, if a waiting minute is worth N minutes of a machine",
        ),
    ]
}

/// The policy of that name; where the list has an N, names have a number from 1 to 1000.
pub fn contender(name: &str) -> Option<Contender> {
    let number = name.rsplit_once('-').and_then(|(stem, number)| {
        let number = number.parse().ok()?;
        (1..=1000)
            .contains(&number)
            .then(|| (format!("{stem}-N"), number))
    });
    let numbered = |known: &str| number.as_ref().filter(|(stem, _)| stem == known);
    contenders().into_iter().find_map(|(known, contender, _)| {
        if known == name && !known.ends_with("-N") {
            return Some(contender);
        }
        numbered(known).map(|(_, number)| contender.with_number(*number))
    })
}

impl Contender {
    /// The same, if a waiting second is worth so many seconds of a machine, or if so many seconds
    /// are the wait that is wanted.
    #[must_use]
    fn with_number(mut self, number: u32) -> Self {
        match &mut self {
            Self::Ours { speculation, .. } => {
                *speculation = Speculation::of(match speculation.speed {
                    Speed::WaitP95(_) => Speed::WaitP95(Duration::from_secs(number.into())),
                    Speed::Reactive
                    | Speed::Economy
                    | Speed::Balanced
                    | Speed::Fast
                    | Speed::Worth(_) => Speed::Worth(number),
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
