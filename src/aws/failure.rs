//! What AWS says when it does not do what it was asked, in the classes that we act upon.
//!
//! The codes and what to do about each are those of aws.md D; the sentences are for operators.

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};

use crate::https::last_cause;

/// How much of AWS's own words is kept: the reasons come first, and what an authorization failure
/// encodes goes on for a screen.
const WORDS_MAX: usize = 240;

/// The remedy where the code says no more than that something is wrong.
const PARTS: &str = "check the pool's configuration and its launch template";

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// This offer has nothing now: leave it alone for a while.
    Capacity,
    /// This subnet has no address left: leave its offers alone for a while.
    Addresses,
    /// The account may not have more of this market: leave its offers alone for a while.
    Quota,
    /// Asked too often: slow down, everybody.
    Throttled,
    /// Trying again cannot help before somebody has changed something.
    Configuration,
    /// The token was used for another request.
    Mismatch,
    /// What was named is not there, or not yet.
    NotFound,
    /// A dry run that would have gone through.
    DryRun,
    /// EC2 will not do it to this machine, for example because it is protected.
    Refused,
    /// Anything else: it may have happened or not.
    Unclear,
}

/// A failure in a class, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What to do.
    pub class: Class,
    /// AWS's code and words, and what would help, in one line.
    pub word: String,
}

impl Failure {
    /// Of a code and a message, as an answer or a row of a fleet gives them.
    pub fn of(code: &str, message: &str) -> Self {
        let (class, remedy) = classify(code, message);
        let said = said(code, message);
        let word = match remedy {
            "" => said,
            remedy => format!("{said}; {remedy}"),
        };
        Self { class, word }
    }
}

impl<E: ProvideErrorMetadata + std::error::Error + 'static, R: std::fmt::Debug + 'static>
    From<SdkError<E, R>> for Failure
{
    fn from(error: SdkError<E, R>) -> Self {
        if let Some(code) = error.code() {
            return Self::of(code, error.message().unwrap_or_default());
        }
        let cause = last_cause(&error);
        let word = match &error {
            SdkError::TimeoutError(_) => "no answer in time".to_owned(),
            // Credentials that cannot be found fail here too, and say so.
            _ => one_line(&cause),
        };
        Self {
            class: Class::Unclear,
            word,
        }
    }
}

/// What AWS says, in one line: its code, and its words if it has some.
pub(super) fn said(code: &str, message: &str) -> String {
    format!("{code}: {}", one_line(message))
}

fn one_line(text: &str) -> String {
    let text = text.split("Encoded authorization").next().unwrap_or(text);
    let shown = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(WORDS_MAX);
    let line: String = shown.collect();
    line.trim().trim_end_matches(['.', ';']).to_owned()
}

/// The class of a code, and what an operator can do about it.
fn classify(code: &str, message: &str) -> (Class, &'static str) {
    match code {
        "InsufficientInstanceCapacity"
        | "InsufficientHostCapacity"
        | "InsufficientCapacity"
        | "UnfulfillableCapacity"
        | "Unsupported"
        | "MaxFleetCountExceeded"
        | "ReservationCapacityExceeded"
        | "SpotMaxPriceTooLow" => (Class::Capacity, ""),
        "InsufficientFreeAddressesInSubnet" => {
            (Class::Addresses, "give the pool another or a larger subnet")
        }
        "VcpuLimitExceeded" | "InstanceLimitExceeded" | "MaxSpotInstanceCountExceeded" => (
            Class::Quota,
            "ask AWS for a higher quota, or lower machines_max",
        ),
        "RequestLimitExceeded"
        | "Throttling"
        | "ThrottlingException"
        | "EC2ThrottledException"
        | "ProvisionedThroughputExceededException" => (Class::Throttled, ""),
        "IdempotentParameterMismatch" => (Class::Mismatch, ""),
        "InvalidInstanceID.NotFound" => (Class::NotFound, ""),
        "DryRunOperation" => (Class::DryRun, ""),
        "OperationNotPermitted" | "IncorrectInstanceState" | "UnsupportedOperation" => {
            (Class::Refused, "")
        }
        _ => configuration(code, message).map_or((Class::Unclear, ""), |remedy| {
            (Class::Configuration, remedy)
        }),
    }
}

/// What would be right, if the code says that the configuration or the account is wrong.
fn configuration(code: &str, message: &str) -> Option<&'static str> {
    Some(match code {
        _ if code.starts_with("InvalidLaunchTemplate") => {
            "check launch_template: its id, version and region"
        }
        _ if code.starts_with("InvalidAMIID") => {
            "check the image: it must exist in this region and be shared with this account"
        }
        _ if code.starts_with("InvalidAMIName") => "give the image another name",
        "InvalidSnapshot.InUse" => "give up the image that is on it first",
        "HierarchyTypeMismatchException" => "take another parameter: this one keeps its type",
        _ if code.starts_with("InvalidSubnet") => "check the pool's subnets",
        _ if code.starts_with("InvalidSecurityGroup") || code.starts_with("InvalidGroup") => {
            "check the security groups of the launch template"
        }
        _ if code.starts_with("InvalidUserData") || message.contains("User data is limited") => {
            "shorten the user data of the launch template to 16 KiB"
        }
        _ if code.starts_with("InvalidFleetConfig") => {
            "check instance_types against the image, and that no two subnets lie in one zone"
        }
        "ResourceNotFoundException" => "check the name of the table, and the region",
        "ParameterNotFound" => "check the name of the parameter, and the region",
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => {
            "add this action to the scaler's role; `dayfly doctor` lists what is missing"
        }
        "AuthFailure.ServiceLinkedRoleCreationNotPermitted" => {
            "create the service-linked role for spot once, or allow iam:CreateServiceLinkedRole"
        }
        "AuthFailure"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "MissingAuthenticationTokenException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired" => "check the credentials and the clock",
        "OptInRequired" => "subscribe this account to the image's product or enable the region",
        "PendingVerification" | "Blocked" => "AWS holds the account back: ask its support",
        "MissingParameter"
        | "UnknownParameter"
        | "ValidationError"
        | "ValidationException"
        | "NoSuchEntity"
        | "TagLimitExceeded" => PARTS,
        _ if code.starts_with("Invalid") => PARTS,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_short_line_with_a_remedy() {
        let long = format!(
            "You are not authorized.\nEncoded authorization failure message: {}",
            "x".repeat(5_000)
        );
        let failure = Failure::of("UnauthorizedOperation", &long);
        assert_eq!(failure.class, Class::Configuration);
        assert_eq!(
            failure.word,
            "UnauthorizedOperation: You are not authorized; add this action to the scaler's role; \
             `dayfly doctor` lists what is missing"
        );
    }

    #[test]
    fn what_is_not_known_may_have_happened() {
        let failure = Failure::of("InternalError", "An internal error has occurred");
        assert_eq!(failure.class, Class::Unclear);
    }
}
