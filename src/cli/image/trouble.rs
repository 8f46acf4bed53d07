//! Why there is no image, or none that is named, and what would help.

use thiserror::Error;

use crate::aws::ConnectError;
use crate::aws::bakery::Trouble;
use crate::aws::bakery::build::BuildError;
use crate::aws::bakery::trial::TrialError;
use crate::cli::exit::Exit;
use crate::image::build::Failure;
use crate::image::history::{Nothing, Standing};
use crate::model::id::{ImageId, PoolName};

/// Where the permissions stand.
const PAGE: &str = "docs/IMAGES.md lists the permissions that images need";

/// Why a command about images did not do what was asked.
#[derive(Debug, Error)]
pub(super) enum ImageError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("cloud.kind is \"process\", and machines on this computer boot no image")]
    NoCloud,
    #[error("the configuration has no pool {0}")]
    NoPool(PoolName),
    #[error("pool {pool} names no parameter for its image: {found}")]
    NoParameter { pool: PoolName, found: String },
    #[error("{path} cannot be read")]
    Script {
        path: String,
        source: std::io::Error,
    },
    #[error("{what} is no image: expected ami- and hex digits, or a parameter that holds that")]
    NoSource { what: String },
    #[error("AWS did not answer as it should")]
    Aws(#[from] Trouble),
    #[error("no image")]
    Build(#[from] BuildError),
    #[error("pool {0} has no image that could be promoted")]
    NoCandidate(PoolName),
    #[error("image {image} cannot be named: {why}")]
    Standing { image: ImageId, why: String },
    #[error("image {image} is not promoted: {why}")]
    Trial { image: ImageId, why: TrialError },
    #[error("image {image} was taken back: {reason}")]
    TakenBack { image: ImageId, reason: String },
    #[error("image {image} is bad ({reason}), and {parameter} named no other that could be taken")]
    NoWayBack {
        image: ImageId,
        reason: String,
        parameter: String,
    },
    #[error("{parameter} named no earlier image that could be taken{}", passed_over(.nothing))]
    Nothing { parameter: String, nothing: Nothing },
    #[error("image {0} is none that this deployment has made for the pool")]
    NotOurs(ImageId),
    #[error("image {image} is named by {parameter}, and machines are launched from it")]
    Named { image: ImageId, parameter: String },
}

fn passed_over(nothing: &Nothing) -> String {
    let rows = nothing.passed_over.iter().map(|(image, standing)| {
        let why = standing_word(standing);
        format!("; {image} {why}")
    });
    rows.collect()
}

/// Why an image cannot be named, after its id.
pub(super) fn standing_word(standing: &Standing) -> String {
    match standing {
        Standing::Good => "can be named".to_owned(),
        Standing::Rejected(reason) => format!("was rejected: {reason}"),
        Standing::Gone => "is not there, or cannot be booted".to_owned(),
    }
}

impl ImageError {
    /// What would help, if anything is known to.
    pub(super) fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoParameter { .. } => {
                "write image = { parameter = \"/dayfly/NAME/image\" } into \
                                         the pool; the first promotion makes the parameter"
                    .to_owned()
            }
            Self::NoCandidate(pool) => {
                format!("make one: dayfly image build --pool {pool} --from IMAGE")
            }
            Self::Aws(Trouble::Refused(_)) | Self::Build(BuildError::Unseen(_)) => PAGE.to_owned(),
            Self::Build(BuildError::Failed { failure, left }) => return of_build(failure, left),
            Self::Trial {
                why: TrialError::Bad(_),
                ..
            } => "the console of that machine tells more: aws ec2 get-console-output --latest \
                  --instance-id ID"
                .to_owned(),
            Self::Trial {
                why: TrialError::AllTaken | TrialError::Interrupted,
                ..
            } => "ask again: the image is kept".to_owned(),
            Self::Standing { image, .. } => format!(
                "if it was rejected wrongly: dayfly image promote {image} --untried names it"
            ),
            Self::Named { .. } => "promote another one first, or go back".to_owned(),
            Self::Nothing { .. } | Self::NoWayBack { .. } => {
                "promote one that is good: dayfly image promote IMAGE --untried".to_owned()
            }
            Self::Connect(_)
            | Self::NoCloud
            | Self::NoPool(_)
            | Self::Script { .. }
            | Self::NoSource { .. }
            | Self::Aws(Trouble::Passing(_))
            | Self::Trial { .. }
            | Self::TakenBack { .. }
            | Self::NotOurs(_) => return None,
        })
    }

    /// The command's end in a number.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Connect(_)
            | Self::NoCloud
            | Self::NoPool(_)
            | Self::NoParameter { .. }
            | Self::Script { .. }
            | Self::NoSource { .. } => Exit::Configuration,
            Self::Aws(_)
            | Self::Build(_)
            | Self::NoCandidate(_)
            | Self::Standing { .. }
            | Self::Trial { .. }
            | Self::TakenBack { .. }
            | Self::NoWayBack { .. }
            | Self::Nothing { .. }
            | Self::NotOurs(_)
            | Self::Named { .. } => Exit::Failed,
        }
    }
}

fn of_build(failure: &Failure, left: &[String]) -> Option<String> {
    if !left.is_empty() {
        return Some("the next build ends and removes what is left, once it is old".to_owned());
    }
    Some(match failure {
        Failure::Refused(_) => PAGE.to_owned(),
        Failure::Recipe(_) => {
            "what the builder ran is shown by dayfly image build --dry-run".to_owned()
        }
        Failure::NeverStopped(_) => "give it more time: --limit-seconds".to_owned(),
        Failure::Rejected(image, _) => {
            format!("change what goes into it, or remove it: dayfly image remove {image}")
        }
        Failure::Interrupted
        | Failure::InVain(_)
        | Failure::Lost(..)
        | Failure::Image(..)
        | Failure::NeverAvailable(_) => return None,
    })
}
