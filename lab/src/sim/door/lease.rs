//! The lease among replicas, over a line. What the table does with a claim is the world's.

use std::time::Duration;

use super::line::{Answer, Line, Question};
use crate::sim::mutant::Mutant;
use dayfly::model::time::Timestamp;
use dayfly::ports::{Claim, Lease, LeaseError};

/// How long a claim may take.
const LIMIT: Duration = Duration::from_secs(5);

/// One replica's way to the lease.
#[derive(Clone, Debug)]
pub struct SimLease {
    /// The line.
    pub line: Line,
    /// Whose way it is.
    pub replica: String,
    /// What is broken on purpose.
    pub mutant: Option<Mutant>,
}

impl Lease for SimLease {
    async fn claim(&self, now: Timestamp, until: Timestamp) -> Result<Claim, LeaseError> {
        if self.mutant == Some(Mutant::LeaseForEverybody) {
            return Ok(Claim::Granted);
        }
        let replica = self.replica.clone();
        let question = Question::Claim {
            replica,
            now,
            until,
        };
        match self.line.call(question, LIMIT).await {
            Ok(Answer::Claim(true)) => Ok(Claim::Granted),
            Ok(Answer::Claim(false)) => Ok(Claim::Held { by: None }),
            Ok(_) | Err(_) => Err(LeaseError {
                place: "the table of leases".to_owned(),
                reason: "no answer in time".to_owned(),
            }),
        }
    }

    async fn release(&self) -> Result<(), LeaseError> {
        Ok(())
    }
}
