//! Terminates machines, in batches.

use std::collections::BTreeMap;

use super::cloud::Ec2Cloud;
use super::failure::{Class, Failure};
use super::throttle::Bucket;
use crate::model::id::MachineId;
use crate::ports::{Clock, CloudError};

/// Machines a call: EC2 takes a thousand, and a smaller batch loses less to one wrong id.
const BATCH: usize = 500;
/// Calls for one batch of which EC2 refuses a part; what is left waits for the next tick.
/// A refusal that names its machine costs one call, one that does not costs about ten.
const CALLS_MAX: usize = 40;

type Answers = BTreeMap<MachineId, Result<(), CloudError>>;

impl<K: Clock> Ec2Cloud<K> {
    /// Terminates machines; one that is gone already counts as terminated.
    pub(super) async fn end_all(&self, machines: &[MachineId]) -> Answers {
        let mut answers = Answers::new();
        let wanted = u32::try_from(machines.len()).unwrap_or(u32::MAX);
        let granted = self.throttle.grab(Bucket::MachinesEnded, wanted);
        let granted = usize::try_from(granted).unwrap_or(usize::MAX);
        let (now, later) = machines.split_at(granted.min(machines.len()));
        let later = later.iter().cloned();
        answers.extend(later.map(|id| (id, Err(CloudError::Throttled))));
        for batch in now.chunks(BATCH) {
            self.end_batch(batch, &mut answers).await;
        }
        answers
    }

    /// Terminates one batch. EC2 refuses a batch because of one machine in it that is protected or
    /// that it does not know (any more), so the machines that it names are set apart and the rest
    /// is asked for again. A group of which it names none is asked for in halves.
    async fn end_batch(&self, batch: &[MachineId], answers: &mut Answers) {
        let mut groups: Vec<Vec<MachineId>> = vec![batch.to_vec()];
        for _ in 0..CALLS_MAX {
            let Some(group) = groups.pop() else { return };
            match self.end_group(&group).await {
                Ok(()) => answers.extend(group.into_iter().map(|id| (id, Ok(())))),
                Err(Refusal::OfAll(error)) => {
                    groups.push(group);
                    let rest = groups.into_iter().flatten();
                    answers.extend(rest.map(|id| (id, Err(error.clone()))));
                    return;
                }
                Err(Refusal::OfSome(failure)) => groups.extend(set_apart(group, &failure, answers)),
            }
        }
        let error = CloudError::Failed(format!("more than {CALLS_MAX} calls for one batch"));
        let rest = groups.into_iter().flatten();
        answers.extend(rest.map(|id| (id, Err(error.clone()))));
    }

    async fn end_group(&self, group: &[MachineId]) -> Result<(), Refusal> {
        let asked_at = self.may(Bucket::Ends).await.map_err(Refusal::OfAll)?;
        let ids = group.iter().map(|id| id.as_str().to_owned()).collect();
        let call = self.ec2.terminate_instances().set_instance_ids(Some(ids));
        match call.send().await.map_err(Failure::from) {
            Ok(_) => {
                self.throttle.went_well(Bucket::Ends);
                Ok(())
            }
            Err(failure) if is_about_a_machine(failure.class) => Err(Refusal::OfSome(failure)),
            Err(failure) => {
                let error = self.failed(Bucket::Ends, asked_at, failure);
                Err(Refusal::OfAll(error))
            }
        }
    }
}

/// Why a group was not terminated.
enum Refusal {
    /// For a reason that holds for every machine: no answer, or too many calls.
    OfAll(CloudError),
    /// Because of at least one machine of the group.
    OfSome(Failure),
}

/// Whether another machine might be terminated although EC2 answered this. Permission is among
/// the reasons: a policy may depend on the tags of a machine.
fn is_about_a_machine(class: Class) -> bool {
    match class {
        Class::Refused | Class::NotFound | Class::Configuration => true,
        Class::Capacity
        | Class::Addresses
        | Class::Quota
        | Class::Throttled
        | Class::Mismatch
        | Class::DryRun
        | Class::Unclear => false,
    }
}

/// Notes the answer for the machines that EC2 names, and gives the groups to ask for next.
fn set_apart(
    group: Vec<MachineId>,
    failure: &Failure,
    answers: &mut Answers,
) -> Vec<Vec<MachineId>> {
    let is_named = |id: &MachineId| names(&failure.word, id);
    let (mut named, mut rest): (Vec<_>, Vec<_>) = group.into_iter().partition(is_named);
    if named.is_empty() && rest.len() == 1 {
        named.append(&mut rest);
    }
    if named.is_empty() {
        let second = rest.split_off(rest.len() / 2);
        return vec![second, rest];
    }
    let answer = match failure.class {
        Class::NotFound => Ok(()),
        _ => Err(CloudError::Refused(failure.word.clone())),
    };
    answers.extend(named.into_iter().map(|id| (id, answer.clone())));
    if rest.is_empty() {
        Vec::new()
    } else {
        vec![rest]
    }
}

/// Whether a sentence names a machine, and not another one whose id only begins like it.
fn names(sentence: &str, id: &MachineId) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    sentence
        .split(|letter| !is_part(letter))
        .any(|word| word == id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[&str]) -> Vec<MachineId> {
        ids.iter().copied().map(MachineId::new).collect()
    }

    fn refused(message: &str) -> Failure {
        Failure::of("OperationNotPermitted", message)
    }

    #[test]
    fn refusal_that_names_a_machine_sets_it_apart() {
        let mut answers = Answers::new();
        let failure = refused("The instance 'i-2' may not be terminated.");
        let next = set_apart(ids(&["i-1", "i-2", "i-21"]), &failure, &mut answers);
        assert_eq!(next, [ids(&["i-1", "i-21"])]);
        let answer = answers.remove(&MachineId::new("i-2"));
        assert!(matches!(answer, Some(Err(CloudError::Refused(_)))));
        assert!(answers.is_empty());
    }

    #[test]
    fn refusal_without_a_name_is_asked_for_in_halves() {
        let mut answers = Answers::new();
        let failure = refused("One of them is protected.");
        let next = set_apart(ids(&["i-1", "i-2", "i-3"]), &failure, &mut answers);
        assert_eq!(next, [ids(&["i-2", "i-3"]), ids(&["i-1"])]);
        assert!(answers.is_empty());
        let next = set_apart(ids(&["i-1"]), &failure, &mut answers);
        assert!(next.is_empty() && answers.len() == 1);
    }

    #[test]
    fn machine_that_ec2_does_not_know_counts_as_terminated() {
        let mut answers = Answers::new();
        let failure = Failure::of("InvalidInstanceID.NotFound", "The instance IDs 'i-1, i-3'");
        let next = set_apart(ids(&["i-1", "i-2", "i-3"]), &failure, &mut answers);
        assert_eq!(next, [ids(&["i-2"])]);
        assert_eq!(answers.len(), 2);
        assert!(answers.values().all(Result::is_ok));
    }
}
