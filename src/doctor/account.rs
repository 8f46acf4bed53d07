//! The account: whether AWS knows us, what we may do in it, and whether the lease can be had.

use std::collections::BTreeMap;

use super::Finding;
use crate::model::id::{PoolName, Replica};
use crate::model::time::{Spoken, Timestamp};

/// What the first question to AWS brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// It knows us, whatever we may do.
    Yes,
    /// It does not take our credentials, or we have none; in its words.
    Stranger(String),
    /// There is no answer; the last cause, in words.
    No(String),
}

/// What a rehearsal of a call brought (EC2's `DryRun`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rehearsal {
    /// It would have gone through.
    Allowed,
    /// The role may not; in AWS's words.
    Denied(String),
    /// What it was about does not exist.
    NotFound,
    /// It may, and what it asks for is refused; in AWS's words, with their remedy.
    Refused(String),
    /// There is no answer; in words.
    Unclear(String),
}

/// How a launch for one pool was rehearsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launches {
    /// `CreateFleet`, as the scaler calls it.
    pub fleet: Rehearsal,
    /// `RunInstances`, which a fleet does in our name, with our tags.
    pub run: Rehearsal,
    /// The same without tags; asked only where tags were denied.
    pub run_without_tags: Option<Rehearsal>,
}

/// What the lease's table said to a write that can never come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Table {
    /// We may write; and who holds the lease now, until when.
    Writable(Option<(Replica, Timestamp)>),
    /// We may not, or there is no such table; in AWS's words, with their remedy.
    Refused(String),
    /// It did not answer; in words.
    Silent(String),
}

/// Whether AWS knows us.
pub fn credentials(reached: &Reached) -> Finding {
    let subject = "AWS";
    match reached {
        Reached::Yes => Finding::ok(subject, "answers, and takes the credentials"),
        Reached::Stranger(word) => Finding::wrong(
            subject,
            word,
            "give this computer a role, or name a profile in AWS_PROFILE; keys expire, and their \
             signatures need a clock that is right",
        ),
        Reached::No(word) => Finding::wrong(
            subject,
            word,
            "check the network, cloud.region, cloud.endpoint_url and the credentials' place",
        ),
    }
}

/// What the role may do with machines that are there. `has_machine` says whether the rehearsals
/// were about one of ours, or about one that does not exist.
pub fn permissions(
    rehearsals: &BTreeMap<&'static str, Rehearsal>,
    has_machine: bool,
) -> Vec<Finding> {
    let findings = rehearsals.iter().map(|(action, rehearsal)| {
        let subject = format!("permission {action}");
        match rehearsal {
            Rehearsal::Allowed => Finding::ok(subject, "given"),
            Rehearsal::NotFound if !has_machine => {
                untold(subject, "no machine is there to ask for")
            }
            // A role that is bound to our tag may nothing with a machine that has none.
            Rehearsal::Denied(_) if !has_machine && !action.starts_with("Describe") => {
                untold(subject, "denied for a machine that does not exist")
            }
            Rehearsal::Denied(word) => Finding::wrong(subject, word, allow(action)),
            Rehearsal::NotFound => untold(subject, "the machine that was asked for has just gone"),
            Rehearsal::Refused(word) | Rehearsal::Unclear(word) => {
                untold(subject, &format!("cannot be told: {word}"))
            }
        }
    });
    findings.collect()
}

fn untold(subject: String, found: &str) -> Finding {
    Finding::warning(
        subject,
        found,
        "ask again while a machine of this deployment runs",
    )
}

fn allow(action: &str) -> String {
    format!("allow ec2:{action} in the scaler's role")
}

/// What the role may launch for a pool, and whether EC2 would take the launch as it is.
pub fn launches(pool: &PoolName, launches: &Launches) -> [Finding; 2] {
    let run = match (&launches.run, &launches.run_without_tags) {
        (Rehearsal::Denied(word), Some(Rehearsal::Allowed)) => Finding::wrong(
            format!("pool {pool}: permission CreateTags"),
            word,
            "allow ec2:CreateTags for machines that RunInstances and CreateFleet make",
        ),
        (run, _) => launch(pool, "RunInstances", run),
    };
    [launch(pool, "CreateFleet", &launches.fleet), run]
}

fn launch(pool: &PoolName, action: &str, rehearsal: &Rehearsal) -> Finding {
    let subject = format!("pool {pool}: {action}");
    match rehearsal {
        Rehearsal::Allowed => Finding::ok(subject, "would go through"),
        Rehearsal::Denied(word) => {
            let remedy = format!(
                "{}, and iam:PassRole for the template's instance profile",
                allow(action)
            );
            Finding::wrong(subject, word, remedy)
        }
        Rehearsal::Refused(word) => {
            Finding::wrong(subject, word, "see the other lines of this pool")
        }
        Rehearsal::NotFound => Finding::wrong(
            subject,
            "something that it names does not exist",
            "see the other lines of this pool",
        ),
        Rehearsal::Unclear(word) => Finding::warning(subject, word, "ask again"),
    }
}

/// The lease's table. `None` where no lease was configured.
pub fn lease(table: &str, seen: Option<&Table>, now: Timestamp) -> Finding {
    let subject = "lease";
    match seen {
        None => Finding::ok(
            subject,
            "none is configured: one replica is the operator's promise",
        ),
        Some(Table::Writable(None)) => Finding::ok(
            subject,
            format!("table {table} can be written, and nobody holds it"),
        ),
        Some(Table::Writable(Some((replica, until)))) if now < *until => {
            let left = Spoken(until.since(now));
            Finding::ok(
                subject,
                format!("table {table} can be written; {replica} holds it for {left} more"),
            )
        }
        Some(Table::Writable(Some((replica, until)))) => {
            let since = Spoken(now.since(*until));
            Finding::ok(
                subject,
                format!("table {table} can be written; that of {replica} ended {since} ago"),
            )
        }
        Some(Table::Silent(word)) => Finding::wrong(
            subject,
            word,
            "check the network: without an answer from the table, nothing is applied",
        ),
        Some(Table::Refused(word)) => Finding::wrong(
            subject,
            word,
            "make the table with the text `deployment` as its key, and allow dynamodb:UpdateItem \
             and dynamodb:DeleteItem on it",
        ),
    }
}
