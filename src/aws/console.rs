//! Reads the consoles of machines that look wrong: the agent's marks are on them, and reading
//! them needs no credential in the machine.

use aws_sdk_ec2::operation::get_console_output::GetConsoleOutputOutput;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;

use super::cloud::Ec2Cloud;
use super::failure::Failure;
use super::throttle::Bucket;
use crate::model::id::MachineId;
use crate::model::machine::ConsoleMarks;
use crate::ports::{Clock, CloudError, Consoles};

impl<K: Clock> Ec2Cloud<K> {
    /// The marks of each console.
    pub(super) async fn read_consoles(&self, machines: &[MachineId]) -> Consoles {
        let read = machines.iter().map(async |id| {
            let marks = self.read_console(id).await;
            (id.clone(), marks)
        });
        join_all(read).await.into_iter().collect()
    }

    async fn read_console(&self, id: &MachineId) -> Result<Option<ConsoleMarks>, CloudError> {
        let text = self.console_text(id, true).await?;
        Ok((!text.trim().is_empty()).then(|| ConsoleMarks::read(&text)))
    }

    /// The text of a console: its latest lines, or those that were posted when its machine
    /// started or ended.
    pub(super) async fn console_text(
        &self,
        id: &MachineId,
        is_latest: bool,
    ) -> Result<String, CloudError> {
        let asked_at = self.may(Bucket::Consoles).await?;
        let call = self.ec2.get_console_output().instance_id(id.as_str());
        let call = call.latest(is_latest);
        let answer = call.send().await.map_err(Failure::from);
        let answer = answer.map_err(|failure| self.failed(Bucket::Consoles, asked_at, failure))?;
        self.throttle.went_well(Bucket::Consoles);
        text(id, &answer).map_err(CloudError::Failed)
    }
}

/// What an answer shows of a machine's console; empty while it shows nothing.
///
/// # Errors
/// It is no base64, which EC2 never sends.
pub(super) fn text(id: &MachineId, answer: &GetConsoleOutputOutput) -> Result<String, String> {
    let text = STANDARD.decode(answer.output().unwrap_or_default());
    let text = text.map_err(|error| format!("console of {id}: {error}"))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
