//! What calls about machines ask for.

use super::super::filter::Filter;
use super::super::machine::Switch;
use super::super::template::ShutdownBehavior;

/// Which part of a list is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// How many rows at most; all without it.
    pub max_results: Option<u32>,
    /// The token that came with the page before.
    pub next_token: Option<String>,
}

/// Which machines are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineQuery {
    /// Their ids; any without one.
    pub ids: Vec<String>,
    /// The requirements that they must meet.
    pub filters: Vec<Filter>,
    /// The part of the list.
    pub page: PageRequest,
}

/// Which machines' status checks are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusQuery {
    /// The machines.
    pub machines: MachineQuery,
    /// Whether also those that do not run.
    pub include_all: bool,
}

/// An attribute of a machine and its new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeChange {
    /// Termination protection.
    Protection(Switch),
    /// What powering off does.
    Shutdown(ShutdownBehavior),
}
