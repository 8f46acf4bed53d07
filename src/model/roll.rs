//! What the hub's lists of agents say of one machine after the other.

use std::collections::BTreeMap;

use super::beside::Along;
use super::id::{MachineId, PoolName};
use super::job::AgentReport;
use super::machine::Machine;
use super::snapshot::PoolView;

/// What the hub's list of its pool's agents says of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing: the list did not come, may not be asked for, or nobody knows the pool.
    Nothing,
    /// Its agent is not registered.
    Absent,
    /// Its agent is registered.
    Present(AgentReport),
}

/// The lists of all pools' agents. Each is walked beside the machines, so they are best asked for
/// in the order of their ids.
#[derive(Clone, Debug)]
pub struct Roll<'a>(BTreeMap<&'a PoolName, Along<'a, MachineId, AgentReport>>);

impl<'a> Roll<'a> {
    /// The lists that have come.
    pub fn new(pools: &'a BTreeMap<PoolName, PoolView>) -> Self {
        let list = |(name, view): (&'a PoolName, &'a PoolView)| {
            let agents = view.agents.as_ref()?;
            Some((name, Along::new(agents)))
        };
        Self(pools.iter().filter_map(list).collect())
    }

    /// What they say of a machine.
    pub fn heard(&mut self, machine: &Machine) -> Heard {
        match self.0.get_mut(&machine.pool) {
            None => Heard::Nothing,
            Some(agents) => agents
                .get(&machine.id)
                .map_or(Heard::Absent, |report| Heard::Present(*report)),
        }
    }
}
