//! What a size has to have, in place of its name.

use crate::emulator::ec2::settings::MachineType;

/// From the least to the most, or without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The least.
    pub least: u32,
    /// The most.
    pub most: Option<u32>,
}

/// Processors and memory; EC2 knows two dozen more, and none of them is emulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// Processors.
    pub vcpus: Span,
    /// Memory, in MiB.
    pub memory_mib: Span,
}

impl Requirements {
    pub(super) fn fit(self, kind: &MachineType) -> bool {
        self.vcpus.holds(kind.vcpus) && self.memory_mib.holds(kind.memory_mib)
    }
}

impl Span {
    fn holds(self, count: u32) -> bool {
        self.least <= count && self.most.is_none_or(|most| count <= most)
    }
}
