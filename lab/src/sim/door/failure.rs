//! Why a call to EC2 has no reply.

use std::fmt;

use super::line::{Answer, NoAnswer};
use crate::emulator::ec2::api::Reply;
use crate::emulator::ec2::error::{self, Refusal};
use dayfly::ports::CloudError;

/// Why a call to EC2 has no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// EC2 refused it.
    Refused(Refusal),
    /// Nothing came in time.
    NoAnswer,
    /// The connection was closed.
    Closed,
}

impl Failure {
    /// The reply in an answer, or why there is none.
    pub(super) fn check(answer: Result<Answer, NoAnswer>) -> Result<Reply, Self> {
        match answer {
            Ok(Answer::Ec2(result)) => result.map_err(Self::Refused),
            Ok(Answer::Hub(_) | Answer::Claim(_) | Answer::Closed) => Err(Self::Closed),
            Err(NoAnswer) => Err(Self::NoAnswer),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => {
                write!(formatter, "{}: {}", refusal.code.name, refusal.message)
            }
            Self::NoAnswer => formatter.write_str("no answer in time"),
            Self::Closed => formatter.write_str("the connection was closed"),
        }
    }
}

impl From<Failure> for CloudError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) if refusal.code == error::THROTTLED => Self::Throttled,
            failure => Self::Failed(failure.to_string()),
        }
    }
}
