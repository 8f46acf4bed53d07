//! Decides a named world, with the second opinion beside it.

use dayfly::model::plan::{Plan, WaitReason};
use dayfly::model::pool::Policy;
use dayfly::plan::decide;

use super::world::{World, now, pool};

/// Decides, has the second opinion agree, and gives the plan.
pub fn plan(world: &World, policy: &Policy) -> Plan {
    let plan = decide(&world.snapshot, policy, now());
    let violations = dayfly::plan::check::check(&world.snapshot, policy, &plan, now());
    assert!(violations.is_empty(), "{violations:?}");
    plan
}

pub fn launched(world: &World, policy: &Policy) -> (u32, Option<WaitReason>) {
    let plan = plan(world, policy);
    let pool = &plan.pools[&pool("linux")];
    (
        pool.launch.as_ref().map_or(0, |order| order.count),
        pool.obstacle.clone(),
    )
}
