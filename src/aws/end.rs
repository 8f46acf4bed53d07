//! Ends machines, in batches.

use std::collections::BTreeMap;

use super::cloud::Ec2Cloud;
use super::failure::{Class, Failure};
use super::throttle::Bucket;
use crate::model::id::MachineId;
use crate::ports::{Clock, CloudError};

/// Machines a call: EC2 takes a thousand, and a smaller batch loses less to one wrong id.
const BATCH: usize = 500;

type Answers = BTreeMap<MachineId, Result<(), CloudError>>;

impl<K: Clock> Ec2Cloud<K> {
    /// Ends machines; one that is gone already counts as ended.
    pub(super) async fn end_all(&self, machines: &[MachineId]) -> Answers {
        let mut answers = Answers::new();
        let wanted = u32::try_from(machines.len()).unwrap_or(u32::MAX);
        let granted = self.throttle.grab(Bucket::MachinesEnded, wanted);
        let granted = usize::try_from(granted).unwrap_or(usize::MAX);
        let (now, later) = machines.split_at(granted.min(machines.len()));
        let later = later.iter().cloned();
        answers.extend(later.map(|id| (id, Err(CloudError::Throttled))));
        for batch in now.chunks(BATCH) {
            let result = self.end_batch(batch).await;
            answers.extend(batch.iter().cloned().map(|id| (id, result.clone())));
        }
        answers
    }

    /// One batch. EC2 refuses it whole because of one machine that it does not know (any more):
    /// that one is done, and the rest is asked for again.
    async fn end_batch(&self, batch: &[MachineId]) -> Result<(), CloudError> {
        let mut rest: Vec<MachineId> = batch.to_vec();
        while !rest.is_empty() {
            let asked_at = self.may(Bucket::Ends).await?;
            let ids = rest.iter().map(|id| id.as_str().to_owned()).collect();
            let call = self.ec2.terminate_instances().set_instance_ids(Some(ids));
            match call.send().await.map_err(Failure::from) {
                Ok(_) => {
                    self.throttle.went_well(Bucket::Ends);
                    return Ok(());
                }
                Err(failure) if failure.class == Class::NotFound => {
                    let before = rest.len();
                    rest.retain(|id| !failure.word.contains(id.as_str()));
                    if rest.len() == before {
                        return Err(CloudError::Failed(failure.word));
                    }
                }
                Err(failure) => return Err(self.failed(Bucket::Ends, asked_at, failure)),
            }
        }
        Ok(())
    }
}
