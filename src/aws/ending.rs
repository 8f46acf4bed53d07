//! How a machine came to its end: EC2 lists it for an hour after, and keeps its console as long.

use aws_sdk_ec2::primitives::{DateTime, DateTimeFormat};
use aws_sdk_ec2::types::InstanceStateName;

use super::cloud::Ec2Cloud;
use super::convert::{ended_by, moment};
use super::describe::filter;
use super::failure::Failure;
use super::throttle::Bucket;
use crate::model::ending::Ending;
use crate::model::id::MachineId;
use crate::model::time::Timestamp;
use crate::ports::{Clock, CloudError};

impl<K: Clock> Ec2Cloud<K> {
    /// What EC2 says of a machine's end; `None` if it does not list it any more, or says nothing.
    pub(super) async fn ask_ending(&self, id: &MachineId) -> Result<Option<Ending>, CloudError> {
        let asked_at = self.may(Bucket::Lists).await?;
        let ours = filter("tag:dayfly:deployment", [self.deployment.as_str()]);
        let call = self.ec2.describe_instances().filters(ours);
        let call = call.filters(filter("instance-id", [id.as_str()]));
        let answer = call.send().await.map_err(Failure::from);
        let answer = answer.map_err(|failure| self.failed(Bucket::Lists, asked_at, failure))?;
        self.throttle.went_well(Bucket::Lists);
        let mut listed = answer.reservations().iter().flat_map(|it| it.instances());
        let Some(listed) = listed.next() else {
            return Ok(None);
        };
        let Some(by) = ended_by(listed) else {
            return Ok(None);
        };
        let state = listed.state().and_then(|state| state.name());
        // A console is posted when its machine ends; before, only its latest lines are of use.
        let is_latest = state != Some(&InstanceStateName::Terminated);
        let console = self.console_text(id, is_latest).await?;
        let at = listed.state_transition_reason().and_then(moment_of);
        Ok(Some(Ending { by, at, console }))
    }
}

/// The moment in `User initiated (2026-11-26 11:28:56 GMT)`.
fn moment_of(sentence: &str) -> Option<Timestamp> {
    let (_, rest) = sentence.split_once('(')?;
    let said = rest.get(.."2026-11-26 11:28:56".len())?;
    let text = format!("{}Z", said.replacen(' ', "T", 1));
    let parsed = DateTime::from_str(&text, DateTimeFormat::DateTime);
    parsed.ok().as_ref().map(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_where_ec2_writes_one() {
        let read = moment_of("User initiated (2026-09-21 14:13:20 GMT)");
        assert_eq!(read, Some(Timestamp::from_seconds(1_790_000_000)));
        for other in ["", "User initiated", "Server (2026-09-21)", "(x GMT)"] {
            assert_eq!(moment_of(other), None, "{other}");
        }
    }
}
