//! Answers that are odd, contradictory or somebody else's, and what must not come of them.

use super::Scenario;
use super::sketch::scenario;
use crate::sim::weather::Kind;

/// All of them.
pub(super) fn all() -> Vec<Scenario> {
    vec![
        scenario(
            "EC2 ends machines while they boot",
            "elastic-ci-stack, 8,900 launches in ten hours",
            60,
            1300,
            |world| {
                world.weather(&[(Kind::BootEnded, 0, 600)]);
            },
        ),
        scenario(
            "a machine is protected from termination",
            "EC2, OperationNotPermitted",
            33,
            700,
            |world| {
                world.options.rates.stays_on = 1000;
                // Two of the first batch.
                world.pool().arrivals = vec![(1, 2), (12, 13), (300, 10), (500, 5)];
                world.weather(&[(Kind::Protected, 0, 11)]);
            },
        ),
        scenario(
            "the agent quota is reached for twenty minutes",
            "protocol.md 3.1, 422",
            50,
            1200,
            |world| {
                world.weather(&[(Kind::RegisterQuota, 0, 1200)]);
            },
        ),
        scenario(
            "the agent list is empty for ten minutes",
            "a hub whose cache is lost",
            45,
            500,
            |world| {
                world.options.job_seconds_max = 600;
                world.weather(&[(Kind::AgentsMissing, 60, 600)]);
            },
        ),
        scenario(
            "an edge answers in the hub's place",
            "an ingress that is reloaded",
            60,
            700,
            |world| {
                world.weather(&[
                    (Kind::EdgeAnswers, 40, 9),
                    (Kind::EdgeAnswers, 120, 30),
                    (Kind::EdgeAnswersAgents, 330, 20),
                ]);
            },
        ),
        scenario(
            "a clock steps a day ahead",
            "a host without a time server",
            45,
            500,
            |world| {
                world.options.job_seconds_max = 300;
                world.weather(&[(Kind::ClockStep, 60, 400)]);
            },
        ),
    ]
}
