//! Calls that change one machine: its metadata options, an attribute.

use std::sync::Arc;

use super::api::{AttributeChange, Execution};
use super::error::{self, Refusal};
use super::lifecycle::Lifecycle;
use super::machine::{Key, MachineRecord};
use super::template::MetadataChange;
use dayfly::model::time::Timestamp;

impl Lifecycle {
    /// `ModifyInstanceMetadataOptions`; gives the machine with its new options.
    pub(super) fn modify_metadata(
        &mut self,
        id: &str,
        change: MetadataChange,
        execution: Execution,
        now: Timestamp,
    ) -> Result<Arc<MachineRecord>, Refusal> {
        let key = self.kept(id, now)?;
        execution.check()?;
        self.change_metadata(key, change, now);
        let machine = self.machines.shared(key);
        let machine = machine.ok_or(Refusal::from(error::MACHINE_NOT_FOUND))?;
        Ok(Arc::clone(machine.1))
    }

    /// `ModifyInstanceAttribute`: termination protection, and what powering off does.
    pub(super) fn modify_attribute(
        &mut self,
        id: &str,
        change: AttributeChange,
        execution: Execution,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let key = self.kept(id, now)?;
        execution.check()?;
        if let Some(machine) = self.machines.get_mut(key) {
            match change {
                AttributeChange::Protection(protection) => machine.protection = protection,
                AttributeChange::Shutdown(shutdown) => machine.shutdown = shutdown,
            }
        }
        Ok(())
    }

    /// The machine of an id, if calls know it and its state lets it be changed.
    fn kept(&self, id: &str, now: Timestamp) -> Result<Key, Refusal> {
        let key = self.machines.known(id, now)?;
        if self.state(key).is_some_and(|state| state.is_kept()) {
            return Ok(key);
        }
        Err(error::STATE.into())
    }
}
