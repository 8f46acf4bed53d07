//! What the hub's answers mean.

use std::collections::BTreeMap;
use std::time::Duration;

use dayfly::doctor::Health;
use dayfly::doctor::hub::{Listed, api_token, clock, doubled_tokens, registration_tokens};
use dayfly::model::id::{AgentType, PoolName};
use dayfly::model::job::QueueCounts;
use dayfly::model::secret::Secret;
use dayfly::ports::HubError;

use super::assert_said;
use crate::plan::world::{now, policy};

fn unreachable() -> HubError {
    HubError::Unreachable {
        endpoint: "acme.test".into(),
        reason: "connection refused".into(),
    }
}

#[test]
fn a_hub_that_is_not_reached_is_one_finding_however_many_pools_there_are() {
    let pools = ["a", "b"].map(|name| (PoolName::new(name), Err(unreachable())));
    let findings = registration_tokens("acme.test", &pools.into());
    let [finding] = &findings[..] else {
        panic!("{findings:?}");
    };
    assert_said(
        finding,
        Health::Wrong,
        "acme.test cannot be reached: connection refused; check",
    );
}

#[test]
fn each_token_has_its_own_finding() {
    let unknown = HubError::UnknownToken {
        endpoint: "acme.test".into(),
        token: "registration_token",
        pool: PoolName::new("b"),
    };
    let odd = HubError::Unexpected {
        endpoint: "acme.test".into(),
        call: "GET /metrics".into(),
        status: 500,
        body: "oops".into(),
    };
    let counts = QueueCounts {
        queued: 3,
        ..QueueCounts::default()
    };
    let answers = [("a", Ok(counts)), ("b", Err(unknown)), ("c", Err(odd))];
    let answers = answers.map(|(name, answer)| (PoolName::new(name), answer));
    let findings = registration_tokens("acme.test", &answers.into());
    assert_said(&findings[0], Health::Ok, "hub: acme.test answers");
    assert_said(
        &findings[1],
        Health::Ok,
        "pool a: registration token: the hub knows it: 3 queued",
    );
    assert_said(
        &findings[2],
        Health::Wrong,
        "pool b: registration token: acme.test does not know",
    );
    assert_said(
        &findings[3],
        Health::Wrong,
        "answered 500 to GET /metrics: oops",
    );
    assert_eq!(findings.len(), 4);
}

#[test]
fn one_token_for_two_pools_is_wrong_and_not_shown() {
    let tokens = [("a", "token-1"), ("b", "token-2"), ("c", "token-1")];
    let tokens: BTreeMap<_, _> = tokens
        .map(|(name, token)| (PoolName::new(name), Secret::new(token)))
        .into();
    let findings = doubled_tokens(&tokens);
    assert_eq!(findings.len(), 1);
    assert_said(
        &findings[0],
        Health::Wrong,
        "pool c: registration token: is also that of pool a",
    );
    assert!(!findings[0].to_string().contains("token-1"));
}

#[test]
fn the_api_token_and_the_agent_types_are_compared() {
    let policy = policy(1, 0);
    let findings = |listed: Option<&Listed>| api_token(&policy, listed);
    assert_said(&findings(None)[0], Health::Warning, "none is configured");
    let mut listed = Listed {
        agents: Ok(1),
        types: Ok(vec![AgentType::new("s1-linux")]),
    };
    let found = findings(Some(&listed));
    assert_said(&found[0], Health::Ok, "lists 1 agent");
    assert_said(
        &found[1],
        Health::Ok,
        "pool linux: agent type: the hub has s1-linux",
    );
    listed.types = Ok(vec![AgentType::new("s1-arm"), AgentType::new("s1-mac")]);
    assert_said(
        &findings(Some(&listed))[1],
        Health::Wrong,
        "no s1-linux; it has s1-arm, s1-mac",
    );
    listed.types = Ok(Vec::new());
    assert_said(
        &findings(Some(&listed))[1],
        Health::Wrong,
        "no s1-linux; it has none",
    );
    listed.types = Err("403".into());
    assert_said(
        &findings(Some(&listed))[1],
        Health::Warning,
        "agent types: 403",
    );
    listed.agents = Err("401".into());
    let found = findings(Some(&listed));
    assert_said(&found[0], Health::Wrong, "API token: 401");
    assert_eq!(found.len(), 1, "what follows from it is not said");
}

#[test]
fn the_clock_may_be_five_seconds_off_and_a_lease_makes_more_wrong() {
    let apart = |seconds, has_lease| {
        let theirs = now().minus(Duration::from_secs(seconds));
        clock(now(), theirs, "the hub's", has_lease)
    };
    assert_said(
        &apart(5, true),
        Health::Ok,
        "clock: within 5 s of the hub's",
    );
    assert_said(
        &apart(6, false),
        Health::Warning,
        "clock: 6 s ahead of the hub's; synchronize",
    );
    assert_said(
        &apart(6, true),
        Health::Wrong,
        "6 s ahead of the hub's: more than the lease",
    );
    assert_said(
        &apart(300, false),
        Health::Wrong,
        "5 min ahead of the hub's: AWS refuses",
    );
    let behind = clock(
        now(),
        now().plus(Duration::from_secs(60)),
        "the hub's",
        false,
    );
    assert_said(&behind, Health::Warning, "1 min behind the hub's");
}
