//! The hub: whether it is reached, whether it knows our tokens, and what time it is there.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Finding, counted};
use crate::model::id::{AgentType, PoolName};
use crate::model::job::QueueCounts;
use crate::model::pool::Policy;
use crate::model::secret::Secret;
use crate::model::time::{Spoken, Timestamp};
use crate::ports::HubError;

/// Clocks may be so far apart; the lease's margin is made for it (decision 0009).
const CLOCKS_APART: Duration = Duration::from_secs(5);
/// AWS refuses a signature that is older or younger (its documentation says five minutes).
const SIGNATURES_APART: Duration = Duration::from_secs(300);

/// Whether the hub answers, and whether it knows the registration token of each pool.
pub fn registration_tokens(
    endpoint: &str,
    counts: &BTreeMap<PoolName, Result<QueueCounts, HubError>>,
) -> Vec<Finding> {
    let silence = counts.values().find_map(|answer| match answer {
        Err(error @ HubError::Unreachable { .. }) => Some(error),
        Ok(_) | Err(HubError::UnknownToken { .. } | HubError::Unexpected { .. }) => None,
    });
    if let Some(silence) = silence {
        let remedy = "check hub.endpoint, the network, proxies (HTTPS_PROXY) and hub.ca_file; the \
                      hub must speak TLS 1.3";
        return vec![Finding::wrong("hub", silence.to_string(), remedy)];
    }
    let reached = Finding::ok("hub", format!("{endpoint} answers"));
    let tokens = counts.iter().map(|(pool, answer)| {
        let subject = format!("pool {pool}: registration token");
        match answer {
            Ok(counts) => Finding::ok(
                subject,
                format!(
                    "the hub knows it: {} queued, {} running",
                    counts.queued, counts.running
                ),
            ),
            Err(error @ HubError::UnknownToken { .. }) => {
                let remedy = "copy it from the agent type's page, or reset it there, and put it \
                              where the configuration says";
                Finding::wrong(subject, error.to_string(), remedy)
            }
            Err(error @ (HubError::Unexpected { .. } | HubError::Unreachable { .. })) => {
                let remedy = "check hub.endpoint: this does not answer as the hub does";
                Finding::wrong(subject, error.to_string(), remedy)
            }
        }
    });
    [reached].into_iter().chain(tokens).collect()
}

/// Pools whose tokens are the same. A token belongs to one agent type, and so to one pool: the
/// others would read that one's queue, and their machines would take its jobs.
pub fn doubled_tokens(tokens: &BTreeMap<PoolName, Secret>) -> Vec<Finding> {
    let mut pairs = Vec::new();
    for (at, (pool, token)) in tokens.iter().enumerate() {
        let earlier = tokens.iter().take(at);
        let mut same = earlier.filter(|(_, other)| *other == token);
        if let Some((other, _)) = same.next() {
            pairs.push(Finding::wrong(
                format!("pool {pool}: registration token"),
                format!("is also that of pool {other}, and of another agent type"),
                "give each pool the token of its own agent type",
            ));
        }
    }
    pairs
}

/// What the hub lists for the API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// How many agents, of all pools; an error is in words.
    pub agents: Result<usize, String>,
    /// The names of the agent types; an error is in words.
    pub types: Result<Vec<AgentType>, String>,
}

/// Whether the API token lists agents, and whether the pools' agent types are there. `None` where
/// no API token was configured.
pub fn api_token(policy: &Policy, listed: Option<&Listed>) -> Vec<Finding> {
    let subject = "API token";
    let Some(listed) = listed else {
        return vec![Finding::warning(
            subject,
            "none is configured: counts alone tell what agents do",
            "make one that may list agents, and name it in hub.api_token",
        )];
    };
    let agents = match &listed.agents {
        Ok(count) => {
            let count = counted(*count, "agent", "agents");
            Finding::ok(subject, format!("the hub knows it, and lists {count}"))
        }
        Err(word) => {
            let remedy = "make one that may list agents, or check the one that hub.api_token names";
            return vec![Finding::wrong(subject, word, remedy)];
        }
    };
    let types = match &listed.types {
        Ok(types) => agent_types(policy, types),
        Err(word) => {
            let remedy = "let the token's owner read agent types, so that they can be compared";
            vec![Finding::warning("agent types", word, remedy)]
        }
    };
    [agents].into_iter().chain(types).collect()
}

fn agent_types(policy: &Policy, types: &[AgentType]) -> Vec<Finding> {
    let names: Vec<&str> = types.iter().map(AgentType::as_str).collect();
    let there = if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    };
    let findings = policy.pools.iter().map(|(name, pool)| {
        let subject = format!("pool {name}: agent type");
        let wanted = &pool.agent_type;
        if types.contains(wanted) {
            Finding::ok(subject, format!("the hub has {wanted}"))
        } else {
            Finding::wrong(
                subject,
                format!("the hub has no {wanted}; it has {there}"),
                "correct agent_type, or make that agent type at the hub",
            )
        }
    });
    findings.collect()
}

/// Our clock against another's, which has whole seconds.
pub fn clock(ours: Timestamp, theirs: Timestamp, whose: &str, has_lease: bool) -> Finding {
    let apart = ours.since(theirs).max(theirs.since(ours));
    let direction = if theirs <= ours { "ahead of" } else { "behind" };
    let found = format!("{} {direction} {whose}", Spoken(apart));
    let remedy = "synchronize it: chrony, or systemd-timesyncd";
    if SIGNATURES_APART <= apart {
        Finding::wrong("clock", found + ": AWS refuses such signatures", remedy)
    } else if apart <= CLOCKS_APART {
        Finding::ok(
            "clock",
            format!("within {} of {whose}", Spoken(CLOCKS_APART)),
        )
    } else if has_lease {
        Finding::wrong("clock", found + ": more than the lease allows for", remedy)
    } else {
        Finding::warning("clock", found, remedy)
    }
}
