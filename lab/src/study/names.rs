//! What each policy of a study is called.

use std::time::Duration;

use dayfly::model::pool::{Speculation, Speed};

use super::contender::Contender;
use super::group::{Extra, Scheme};

/// What the bounds take a waiting second for, as `balanced` does.
const DEFAULT_WORTH: u32 = Speed::Balanced.waiting_worth();

/// Every policy by its name, with what it is.
pub fn contenders() -> Vec<(&'static str, Contender, &'static str)> {
    let ours = |speed| own(speed, false, 0);
    let ahead = |speed| own(speed, true, 0);
    let fixed = |reserve| Contender::Ours {
        reserve,
        speculation: Speculation::default(),
        sees_pipelines: false,
        stopped: 0,
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

/// The product's own scaler at a speed, with or without pipelines in sight, over so many stopped
/// machines.
fn own(speed: Speed, sees_pipelines: bool, stopped: u32) -> Contender {
    Contender::Ours {
        reserve: 0,
        speculation: Speculation::of(speed),
        sees_pipelines,
        stopped,
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

/// What nobody can choose: what could be reached without knowing the draws to come, and what is not
/// built.
fn bounds() -> Vec<(&'static str, Contender, &'static str)> {
    let worth = DEFAULT_WORTH;
    let stopped = |sees_pipelines| own(Speed::Balanced, sees_pipelines, 1);
    vec![
        (
            "zero-idle",
            Contender::ZeroIdle,
            "a bound: a machine for each job the moment it is queued",
        ),
        (
            "stopped-N",
            stopped(false),
            "what is not built: ours, and N stopped machines that are ready in eleven seconds",
        ),
        (
            "stopped-ahead-N",
            stopped(true),
            "the same with an API token",
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
