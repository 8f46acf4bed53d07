//! What is wrong with a deployment, and what would help: answers in, findings out. Pure.
//!
//! Each part judges what a probe has brought: [`hub`] the hub's answers, tokens and clock,
//! [`account`] AWS's credentials, permissions and lease, [`template`] what machines are made of,
//! [`place`] where they stand, [`quota`] how many the account may have. What must stay true: a finding names no token, and one that is
//! wrong says what to do. What is not here: asking (`hub::client`, `aws::doctor`) and showing
//! (`cli::doctor`).

pub mod account;
pub mod hub;
pub mod place;
pub mod quota;
pub mod template;

use std::fmt;

use serde::Serialize;

/// One line of the doctor's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, such as `pool linux: subnets`.
    pub subject: String,
    /// How it is.
    pub health: Health,
    /// What was found.
    pub found: String,
    /// What to do about it; always there when something is wrong.
    pub remedy: Option<String>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Ok,
    /// It works, or it cannot be told; somebody should look at it.
    Warning,
    /// It does not work.
    Wrong,
}

impl Finding {
    /// All is well.
    pub fn ok(subject: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            health: Health::Ok,
            found: found.into(),
            remedy: None,
        }
    }

    /// Somebody should look at it.
    pub fn warning(
        subject: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            health: Health::Warning,
            remedy: Some(remedy.into()),
            ..Self::ok(subject, found)
        }
    }

    /// It does not work.
    pub fn wrong(
        subject: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            health: Health::Wrong,
            remedy: Some(remedy.into()),
            ..Self::ok(subject, found)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.subject, self.found)?;
        match &self.remedy {
            Some(remedy) => write!(formatter, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Wrong => "wrong",
        })
    }
}

/// The worst of all findings; nothing found is well.
pub fn worst(findings: &[Finding]) -> Health {
    let worst = findings.iter().map(|finding| finding.health).max();
    worst.unwrap_or(Health::Ok)
}

/// A number and its noun.
fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}
