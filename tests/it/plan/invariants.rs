//! The invariants of `docs/ARCHITECTURE.md` that can be stated on `decide`, over random worlds.

use std::collections::BTreeMap;
use std::time::Duration;

use dayfly::model::machine::Machine;
use dayfly::model::plan::{LaunchOrder, MachineVerdict, Plan, PoolPlan};
use dayfly::model::pool::Policy;
use dayfly::model::snapshot::{Machines, Snapshot};
use dayfly::model::time::Timestamp;
use dayfly::plan::check::check;
use dayfly::plan::decide;
use dayfly::scaler::apply::{Outcome, ends};
use dayfly::scaler::memory;
use proptest::prelude::*;

use super::random::any_world;
use super::world::now;

fn launched(plan: &Plan) -> u32 {
    plan.pools
        .values()
        .filter_map(|pool| pool.launch.as_ref())
        .map(|order| order.count)
        .sum()
}

fn acts(plan: &Plan) -> (u32, usize) {
    (launched(plan), ends(plan).len())
}

/// Carries a plan out perfectly: what is launched is listed, what is ended is gone.
fn carry_out(snapshot: &Snapshot, plan: &Plan, now: Timestamp) -> Snapshot {
    let mut after = snapshot.clone();
    let machines = after.machines.get_or_insert_default();
    for id in ends(plan).keys() {
        machines.remove(id);
    }
    for order in plan.pools.values().filter_map(|pool| pool.launch.as_ref()) {
        for index in 0..order.count {
            let id = format!("i-new-{}-{index}", order.pool);
            let machine = Machine {
                template: order.template.tag(),
                offer: order.offers[0].clone(),
                ..super::world::machine(&id, order.pool.as_str(), 0)
            };
            machines.insert(machine.id.clone(), machine);
        }
    }
    after.memory.launches.insert(now, launched(plan));
    after
}

/// Whether no limit held a pool back: neither from what it missed, which is an obstacle, nor from
/// what it would launch ahead of demand, which is none.
fn got_all_it_wanted(pool: &PoolPlan) -> bool {
    let wanted = pool.balance.missing.map(|it| it + pool.balance.ahead);
    pool.obstacle.is_none() && Some(pool.balance.launched) == wanted
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    /// *total*, *capped*, *ours alone*, *never kill work*, *breaks the circuit*: the second
    /// opinion, which shares no code with the planners, has nothing to say.
    #[test]
    fn the_second_opinion_agrees((snapshot, policy) in any_world()) {
        let plan = decide(&snapshot, &policy, now());
        let violations = check(&snapshot, &policy, &plan, now());
        prop_assert!(violations.is_empty(), "{violations:?}");
    }

    /// *pure*: the same world gathered in another order gives the same plan.
    #[test]
    fn the_order_of_gathering_changes_nothing((snapshot, policy) in any_world()) {
        let mut gathered = snapshot.clone();
        if let Some(machines) = gathered.machines.as_mut() {
            let backwards: Vec<_> = machines.iter().rev().map(|(id, it)| (id.clone(), it.clone())).collect();
            *machines = Machines::default();
            machines.extend(backwards);
        }
        prop_assert_eq!(decide(&snapshot, &policy, now()), decide(&gathered, &policy, now()));
    }

    /// *blind means still*: taking an answer away never adds an action.
    #[test]
    fn an_answer_less_is_no_action_more((snapshot, policy) in any_world(), which in 0..3) {
        let before = acts(&decide(&snapshot, &policy, now()));
        let mut blind = snapshot.clone();
        match which {
            0 => blind.machines = None,
            1 => blind.pools.values_mut().for_each(|view| view.counts = None),
            _ => blind.pools.clear(),
        }
        let after = acts(&decide(&blind, &policy, now()));
        prop_assert!(after.0 <= before.0, "launches {} after {}", after.0, before.0);
        prop_assert!(after.1 <= before.1, "ends {} after {}", after.1, before.1);
    }

    /// *idempotent*: the same causes give the same tokens, also for a process that forgot
    /// what it had just decided.
    #[test]
    fn the_same_causes_give_the_same_token((snapshot, policy) in any_world()) {
        let first = decide(&snapshot, &policy, now());
        let again = decide(&snapshot, &policy, now().plus(Duration::from_secs(5)));
        for (name, pool) in &first.pools {
            let (Some(order), Some(repeat)) = (&pool.launch, &again.pools[name].launch) else {
                continue;
            };
            let is_same = order.count == repeat.count && order.offers == repeat.offers;
            prop_assert_eq!(is_same, order.token == repeat.token);
        }
    }

    /// A plan that was carried out leaves nothing to launch: no tick undoes another.
    #[test]
    fn a_plan_carried_out_is_followed_by_none((snapshot, policy) in any_world()) {
        // Given a hub that lists its agents, because counts alone lag behind, and a cloud that answers.
        let mut snapshot = snapshot;
        snapshot.pools.values_mut().for_each(|view| { view.agents.get_or_insert_default(); });
        snapshot.machines.get_or_insert_default();
        let plan = decide(&snapshot, &policy, now());
        let after = decide(&carry_out(&snapshot, &plan, now()), &policy, now());
        prop_assert_eq!(ends(&after).len(), 0);
        for (name, pool) in &after.pools {
            // Only ending machines makes room under the caps, and a pool that was not held back needs none.
            let made_no_room = |before: &PoolPlan| before.obstacle.is_none() && ends(&plan).is_empty();
            if plan.pools.get(name).is_some_and(|before| got_all_it_wanted(before) || made_no_room(before)) {
                prop_assert_eq!(pool.launch.as_ref().map(|order| order.count), None);
            }
        }
    }

    /// Raising a pool's cap never launches fewer machines, unless it is money that they share: a
    /// pool with dearer offers then takes from another's.
    #[test]
    fn a_higher_cap_launches_no_less((snapshot, policy) in any_world(), more in 1_u32..20) {
        let policy = Policy { hourly_max: None, ..policy };
        let mut raised = policy.clone();
        raised.pools.values_mut().for_each(|pool| pool.machines_max += more);
        let draining = policy.pools.values().any(|pool| pool.machines_max == 0);
        prop_assume!(!draining);
        prop_assert!(
            launched(&decide(&snapshot, &policy, now())) <= launched(&decide(&snapshot, &raised, now()))
        );
    }

    /// *the world is the database*: a process that forgets everything ends no machine that one
    /// with its memory would have kept because its agent is at work.
    #[test]
    fn forgetting_ends_no_work((snapshot, policy) in any_world()) {
        let forgetful = Snapshot { memory: Default::default(), ..snapshot.clone() };
        let plan = decide(&forgetful, &policy, now());
        prop_assert!(check(&forgetful, &policy, &plan, now()).is_empty());
        for (name, pool) in &plan.pools {
            let agents = snapshot.pools.get(name).and_then(|view| view.agents.as_ref());
            for (id, verdict) in &pool.machines {
                let registered = agents.is_some_and(|agents| agents.contains_key(id));
                let outlived = snapshot.machines.iter().flatten().any(|(it, machine)| {
                    it == id && machine.lifetime_deadline() < now()
                });
                if registered && !outlived {
                    let is_ended = matches!(verdict, MachineVerdict::End { .. });
                    prop_assert!(!is_ended, "{id} works and is ended");
                }
            }
        }
    }

    /// *capped*, over time: a cloud that lags, fails and forgets never gets more than the caps
    /// from a scaler that ticks and remembers.
    #[test]
    fn many_ticks_stay_under_the_caps(
        (start, policy) in any_world(),
        queue in proptest::collection::vec(0_u32..80, 1..12),
        listed in proptest::collection::vec(any::<bool>(), 12),
    ) {
        ticks_stay_under_the_caps(start, &policy, &queue, &listed)?;
    }
}

/// The machines that an order gives.
fn machines_of(order: &LaunchOrder, round: usize, at: Timestamp) -> Vec<Machine> {
    let id = |index| format!("i-{round}-{}-{index}", order.pool);
    let machines = (0..order.count).map(|index| Machine {
        launched_at: at,
        offer: order.offers[0].clone(),
        ..super::world::machine(&id(index), order.pool.as_str(), 0)
    });
    machines.collect()
}

fn ticks_stay_under_the_caps(
    start: Snapshot,
    policy: &Policy,
    queue: &[u32],
    listed: &[bool],
) -> Result<(), TestCaseError> {
    let mut snapshot = Snapshot {
        machines: Some(Machines::default()),
        ..start
    };
    snapshot.memory = Default::default();
    let mut hidden: BTreeMap<_, Machine> = BTreeMap::new();
    let mut at = now();
    for (round, queued) in queue.iter().enumerate() {
        at = at.plus(Duration::from_secs(10));
        if listed[round] {
            snapshot
                .machines
                .get_or_insert_default()
                .append(&mut hidden);
        }
        for view in snapshot.pools.values_mut() {
            view.counts.get_or_insert_default().queued = *queued;
        }
        let (pools, machines) = (snapshot.pools.clone(), snapshot.machines.clone());
        let clocks = snapshot.clocks;
        memory::see(
            &mut snapshot.memory,
            &pools,
            machines.as_deref(),
            clocks,
            at,
        );
        let plan = decide(&snapshot, policy, at);
        let mut outcomes = Vec::new();
        for order in plan.pools.values().filter_map(|pool| pool.launch.clone()) {
            let machines = machines_of(&order, round, at);
            hidden.extend(
                machines
                    .iter()
                    .map(|machine| (machine.id.clone(), machine.clone())),
            );
            let launched = dayfly::ports::Launched {
                machines,
                unavailable: Vec::new(),
            };
            outcomes.push(Outcome::Launched { order, launched });
        }
        memory::record(
            &mut snapshot.memory,
            snapshot.machines.as_deref(),
            &outcomes,
            at,
        );
        let alive = hidden.len() + snapshot.machines.iter().flatten().count();
        prop_assert!(
            alive <= policy.machines_max as usize,
            "{alive} machines in round {round}"
        );
        prop_assert!(
            alive <= policy.launches_per_hour_max as usize,
            "{alive} launches"
        );
    }
    Ok(())
}
