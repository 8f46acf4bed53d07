//! A machine that has ended, in words: who ended it, why as far as that shows, and what its
//! console said last.

use std::fmt::Write;
use std::time::Duration;

use crate::model::ending::{EndCause, EndedBy, Ending};
use crate::model::machine::Machine;
use crate::model::time::{Spoken, Timestamp};

/// How many lines of a console are shown: a screen has room for them beside the sentence.
const LINES_MAX: usize = 15;

/// One sentence about the end, and the last lines of the console, each on a line of its own.
pub fn text(machine: &Machine, ending: &Ending, now: Timestamp) -> String {
    let (id, pool) = (&machine.id, &machine.pool);
    let mut text = format!("Machine {id} of pool {pool} ");
    let mut put = |words: std::fmt::Arguments<'_>| {
        text.write_fmt(words)
            .expect("writing to a string cannot fail");
    };
    match ending.by {
        EndedBy::Request => put(format_args!("was ended by request")),
        EndedBy::Itself => put(format_args!("has powered itself off")),
        EndedBy::Cloud { .. } | EndedBy::SpotReclaim { .. } => {
            put(format_args!("was taken by the cloud"))
        }
    }
    if let Some(at) = ending.at {
        let (ago, age) = (Spoken(now.since(at)), Spoken(at.since(machine.launched_at)));
        put(format_args!(" {ago} ago, {age} after its launch"));
    }
    put(format_args!(": {}.\n", cause(&ending.cause(machine))));
    let lines = ending.last_lines(LINES_MAX);
    if lines.is_empty() {
        put(format_args!("Its console shows nothing.\n"));
    } else {
        put(format_args!("The last lines of its console:\n"));
    }
    for line in &lines {
        put(format_args!("  {line}\n"));
    }
    text
}

fn cause(cause: &EndCause) -> String {
    let limit = |what: &str, limit: &Duration| format!("{what} of {}", Spoken(*limit));
    match cause {
        EndCause::Cloud(word) => word.clone(),
        EndCause::Done => "its job is done, and the job's log was closed".to_owned(),
        EndCause::NotBegun(why) => format!("it could not begin: {why}"),
        EndCause::BootLimit(span) => limit("no agent registered within its boot limit", span),
        EndCause::Lifetime(span) => limit("it was older than its lifetime", span),
        EndCause::AgentEnded => {
            "its agent had registered, and ended without closing a job's log".to_owned()
        }
        EndCause::Early => "no agent had registered, and its limits were not over".to_owned(),
    }
}
