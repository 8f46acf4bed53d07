//! Images with the agent baked in: what is to be done next, out of what is seen. Pure.
//!
//! In reading order: the nouns of this page, [`build`] (a builder, its image, and the end of
//! both), [`trial`] (how a machine that boots an image fares), [`promote`] (trials before an image
//! is named, and after), [`history`] (which image was named before).
//!
//! What must stay true: the account is the database, so that any process can go on where another
//! was killed; a builder that did not say that its recipe went well makes no image; what is not
//! ours by its tags is neither ended nor removed. What is not here: calls, waiting, the recipe.

#![deny(missing_docs)]

pub mod build;
pub mod history;
pub mod promote;
pub mod trial;
mod words;

use std::time::Duration;

use crate::model::id::{ImageId, MachineId, PoolName, Recipe};
use crate::model::time::Timestamp;

/// An image that a build of this deployment has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its id.
    pub id: ImageId,
    /// Its name, which no other image of the account has.
    pub name: String,
    /// Whose machines are to boot it.
    pub pool: PoolName,
    /// What it was made by.
    pub recipe: Recipe,
    /// Whether it can be booted.
    pub state: ImageState,
    /// When it was asked for.
    pub made_at: Timestamp,
    /// What lies under it, by the ids of snapshots.
    pub snapshots: Vec<String>,
    /// What trials have said of it.
    pub verdict: Option<Verdict>,
}

/// Whether an image can be booted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageState {
    /// It is being made.
    Pending,
    /// It can.
    Available,
    /// It never will, with the cloud's word.
    Failed(String),
}

/// What trials have said of an image; a tag keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its machines booted: the parameter has named it.
    Promoted,
    /// It is not to be named, and why.
    Rejected(String),
}

/// A machine that an image is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Builder {
    /// Its id.
    pub id: MachineId,
    /// Whose image it makes.
    pub pool: PoolName,
    /// What it follows.
    pub recipe: Recipe,
    /// How far it is.
    pub state: BuilderState,
    /// When it was launched.
    pub launched_at: Timestamp,
    /// How long its build may take at most, its image included; it was left behind after that.
    pub lifetime: Duration,
}

/// How far a builder is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuilderState {
    /// It boots, or follows its recipe.
    Working,
    /// It powers off.
    Stopping,
    /// It has powered off, and its disk can become an image.
    Stopped,
    /// It is gone or about to be, with the cloud's word for it.
    Ended(String),
}

impl BuilderState {
    /// Whether it still has to be ended.
    pub const fn is_kept(&self) -> bool {
        match self {
            Self::Working | Self::Stopping | Self::Stopped => true,
            Self::Ended(_) => false,
        }
    }
}

/// A snapshot that a build of this deployment has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Its id.
    pub id: String,
    /// When it was begun.
    pub made_at: Timestamp,
}

/// What a builder has said on its console of how its recipe went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Said {
    /// Nothing, or nothing that was read yet.
    #[default]
    Nothing,
    /// Everything was done.
    Ready,
    /// It failed, in its own words.
    Failed(String),
}

/// A builder's line on its console once everything is done.
pub const READY: &str = "dayfly: image ready";
/// How its line begins when something failed.
pub const FAILED: &str = "dayfly: image failed: ";

impl Said {
    /// What a console's text says. Marks are beginnings of lines; a failure outweighs.
    pub fn read(console: &str) -> Self {
        let failed = console.lines().find_map(|line| line.strip_prefix(FAILED));
        if let Some(words) = failed {
            return Self::Failed(words.trim_end().to_owned());
        }
        let is_ready = console.lines().any(|line| line.starts_with(READY));
        if is_ready { Self::Ready } else { Self::Nothing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_builder_is_ready_only_by_its_own_whole_line() {
        assert_eq!(
            Said::read("x\r\ndayfly: image ready at 3.1 s\r\n"),
            Said::Ready
        );
        assert_eq!(Said::read("+ echo dayfly: image ready"), Said::Nothing);
        assert_eq!(Said::read(""), Said::Nothing);
        let both = "dayfly: image failed: no space at 2 s\r\ndayfly: image ready\n";
        assert_eq!(Said::read(both), Said::Failed("no space at 2 s".to_owned()));
    }
}
