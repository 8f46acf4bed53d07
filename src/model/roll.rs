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
    /// Its agent is not in the list, and the hub's counts contradict the list.
    Unlisted,
    /// Its agent is not registered.
    Absent,
    /// Its agent is registered.
    Present(AgentReport),
}

/// The lists of all pools' agents. Each is walked beside the machines, so they are best asked for
/// in the order of their ids.
#[derive(Clone, Debug)]
pub struct Roll<'a>(BTreeMap<&'a PoolName, List<'a>>);

/// One pool's list, and whether it proves that an agent is missing.
#[derive(Clone, Debug)]
struct List<'a> {
    agents: Along<'a, MachineId, AgentReport>,
    is_whole: bool,
}

impl<'a> Roll<'a> {
    /// The lists that have come.
    pub fn new(pools: &'a BTreeMap<PoolName, PoolView>) -> Self {
        let list = |(name, view): (&'a PoolName, &'a PoolView)| {
            let agents = view.agents.as_ref()?;
            let list = List {
                agents: Along::new(agents),
                is_whole: view.lists_every_agent(),
            };
            Some((name, list))
        };
        Self(pools.iter().filter_map(list).collect())
    }

    /// What they say of a machine.
    pub fn heard(&mut self, machine: &Machine) -> Heard {
        match self.0.get_mut(&machine.pool) {
            None => Heard::Nothing,
            Some(list) => match list.agents.get(&machine.id) {
                Some(report) => Heard::Present(*report),
                None if list.is_whole => Heard::Absent,
                None => Heard::Unlisted,
            },
        }
    }
}
