//! What is said to people about a build and its trials.

use std::fmt;

use super::build::{Attempt, Awaited, Failure, PATIENCE, Step, Why};
use super::trial::Fate;

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End(machine, why) => write!(formatter, "ending builder {machine}: {why}"),
            Self::Remove(image, why) => {
                write!(
                    formatter,
                    "removing image {} and its snapshots: {why}",
                    image.id
                )
            }
            Self::RemoveSnapshot(id) => {
                write!(formatter, "removing snapshot {id}, which is under no image")
            }
            Self::Launch => formatter.write_str("launching a builder"),
            Self::Make(builder) => {
                write!(
                    formatter,
                    "builder {} is done, making its image",
                    builder.id
                )
            }
            Self::Wait(awaited) => write!(formatter, "waiting: {awaited}"),
            Self::Done(image) => write!(formatter, "image {image} is there"),
            Self::Fail(failure, _) => write!(formatter, "given up: {failure}"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Done => "its image is there",
            Self::GivenUp => "the build is given up",
            Self::LeftBehind => "an earlier build left it behind",
            Self::TooMany => "another one follows the same recipe",
        })
    }
}

impl fmt::Display for Awaited {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(id) => write!(formatter, "until the cloud lists {id}"),
            Self::Builder(id) => {
                write!(
                    formatter,
                    "until builder {id} has followed its recipe and powered off"
                )
            }
            Self::Console(id) => {
                write!(
                    formatter,
                    "until the console of builder {id} says how that went"
                )
            }
            Self::Image(id) => write!(formatter, "until image {id} can be booted"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = PATIENCE.as_secs();
        match self {
            Self::Interrupted => formatter.write_str("somebody asked to stop"),
            Self::Refused(word) => write!(formatter, "the cloud refuses: {word}"),
            Self::Recipe(words) => write!(formatter, "the recipe failed: {words}"),
            Self::NeverStopped(id) => {
                write!(
                    formatter,
                    "builder {id} did not power itself off in its time"
                )
            }
            Self::InVain(Attempt::Launch) => {
                write!(formatter, "no builder could be launched within {seconds} s")
            }
            Self::InVain(Attempt::Hear(id)) => write!(
                formatter,
                "builder {id} powered off, and its console said for {seconds} s neither that \
                 the recipe was done nor that it failed"
            ),
            Self::InVain(Attempt::Make(id)) => write!(
                formatter,
                "no image could be made of builder {id} within {seconds} s"
            ),
            Self::Lost(id, word) => write!(formatter, "builder {id} was ended: {word}"),
            Self::Image(id, word) => write!(formatter, "image {id} could not be made: {word}"),
            Self::NeverAvailable(id) => {
                write!(formatter, "image {id} could not be booted in its time")
            }
            Self::Rejected(id, reason) => {
                write!(
                    formatter,
                    "image {id} of this recipe was rejected: {reason}"
                )
            }
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Booting => formatter.write_str("boots"),
            Self::Registered => formatter.write_str("has registered, and waits for a job"),
            Self::AtWork => formatter.write_str("runs its job"),
            Self::Passed => formatter.write_str("has run its job, and the log has closed"),
            Self::Idle => formatter.write_str("had registered, and ended without a job"),
            Self::Taken => formatter.write_str("was taken away by the cloud"),
            Self::BootFailed(words) => write!(formatter, "did not boot: {words}"),
            Self::JobLost => formatter.write_str("ended in the middle of its job"),
        }
    }
}
