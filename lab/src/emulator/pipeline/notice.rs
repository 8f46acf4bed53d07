//! What a file may say and a local run does not do: collected, then told in a sentence each.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Collects while a file is read.
#[derive(Debug, Default)]
pub(super) struct Notices {
    seen: RefCell<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    ignored: BTreeSet<&'static str>,
    conditions: Vec<String>,
    secrets: BTreeSet<String>,
    hosted: BTreeMap<String, String>,
    priority: bool,
    fail_fast: bool,
}

impl Notices {
    /// A key of the pipeline that has no effect.
    pub(super) fn ignored(&self, key: &'static str) {
        self.seen.borrow_mut().ignored.insert(key);
    }

    /// A condition that is not evaluated, by its path.
    pub(super) fn condition(&self, path: &str) {
        self.seen.borrow_mut().conditions.push(path.to_owned());
    }

    /// A secret that is not there.
    pub(super) fn secret(&self, name: &str) {
        self.seen.borrow_mut().secrets.insert(name.to_owned());
    }

    /// A hosted machine type, and the agent type that stands in for it.
    pub(super) fn hosted(&self, machine_type: &str, agent_type: &str) {
        let mut seen = self.seen.borrow_mut();
        seen.hosted
            .insert(machine_type.to_owned(), agent_type.to_owned());
    }

    /// A priority, which the local queue has none of.
    pub(super) fn priority(&self) {
        self.seen.borrow_mut().priority = true;
    }

    /// A condition of `fail_fast` that is not evaluated.
    pub(super) fn fail_fast(&self) {
        self.seen.borrow_mut().fail_fast = true;
    }

    /// One sentence for each kind.
    pub(super) fn into_sentences(self) -> Vec<String> {
        let seen = self.seen.into_inner();
        let mut sentences = Vec::new();
        let hosted = seen.hosted.iter().map(|(machine_type, agent_type)| {
            format!(
                "{machine_type} is a machine type of Semaphore's own; here its jobs run on agent type {agent_type}"
            )
        });
        sentences.extend(hosted);
        if !seen.secrets.is_empty() {
            let names = seen.secrets.into_iter().collect::<Vec<_>>().join(", ");
            sentences.push(format!(
                "secrets are not available in a local run, the jobs run without them: {names}"
            ));
        }
        if !seen.conditions.is_empty() {
            let paths = seen.conditions.join(", ");
            sentences.push(format!(
                "conditions are not evaluated in a local run, their blocks run: {paths}"
            ));
        }
        if seen.fail_fast {
            sentences.push(
                "the condition of fail_fast is not evaluated in a local run: it counts as true"
                    .to_owned(),
            );
        }
        if seen.priority {
            sentences.push(
                "priorities have no effect in a local run: jobs are taken in the order of the queue"
                    .to_owned(),
            );
        }
        if !seen.ignored.is_empty() {
            let keys = seen.ignored.into_iter().collect::<Vec<_>>().join(", ");
            sentences.push(format!("ignored in a local run: {keys}"));
        }
        sentences
    }
}
