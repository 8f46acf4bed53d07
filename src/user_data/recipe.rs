//! What a builder is told: `cloud-init/image.yaml`, filled in for one pool.
//!
//! It fetches the agent by the same `begin.py` as the pool's machines, which stands in
//! [`TEMPLATE`](super::TEMPLATE) and is copied from there.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Context, SHA256};

use super::{TEMPLATE, fill};
use crate::config::{CloudSettings, Settings};
use crate::document::{Problem, Report};
use crate::model::id::{PoolName, Recipe};

/// The template that ships.
const IMAGE_TEMPLATE: &str = include_str!("../../cloud-init/image.yaml");
/// Its name in problems.
const IMAGE_FILE: &str = "cloud-init/image.yaml";
/// Where `begin.py` stands in the one, and is wanted in the other.
const PROGRAM: &str = "- path: /usr/local/lib/dayfly/begin.py\n";
const MARKER: &str = "# begin.py\n";
/// What is run where the operator has no script.
const NO_SCRIPT: &[u8] = b"#!/bin/sh\n";

/// What goes into an image beside what the configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ingredients {
    /// What the builder runs as root once the agent is there.
    pub script: Option<Vec<u8>>,
    /// How long all of it may take.
    pub limit: Duration,
}

/// The user data of a pool's builder. `file` names the configuration in problems.
///
/// # Errors
/// Everything that keeps it from being rendered: a pool that is not there or not on EC2, no region,
/// nothing to put into an image, a script that makes it longer than EC2 takes.
pub fn builder_data(
    settings: &Settings,
    file: &str,
    pool: &PoolName,
    ingredients: &Ingredients,
) -> Result<String, Vec<Problem>> {
    let report = Report::new(file);
    let found = region_and_program(settings, &report, pool, ingredients);
    let Some((region, url, sha256)) = found else {
        return Err(report.into_problems());
    };
    let script = ingredients.script.as_deref().unwrap_or(NO_SCRIPT);
    let values = [
        ("region", region),
        ("agent_url", url),
        ("agent_sha256", sha256),
        ("script", STANDARD.encode(script)),
        ("limit_seconds", ingredients.limit.as_secs().to_string()),
    ];
    fill(&whole(), IMAGE_FILE, &values)
}

/// What an image is made by: what its builder is told and boots, and the template that it is
/// launched from, which says how large its disk is.
pub fn recipe(user_data: &str, source: &str, template: &str) -> Recipe {
    let mut digest = Context::new(&SHA256);
    for part in [user_data, source, template] {
        // A length before each part keeps ("ab", "c") and ("a", "bc") apart.
        digest.update(&part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    let mut text = String::new();
    for byte in &digest.finish().as_ref()[..8] {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
    }
    Recipe::new(text)
}

/// The template with `begin.py` in its place.
fn whole() -> String {
    let rest = TEMPLATE.split_once(PROGRAM).map_or("", |(_, rest)| rest);
    let program = rest.split_once("\n- path: ").map_or("", |(it, _)| it);
    IMAGE_TEMPLATE.replace(MARKER, &format!("{program}\n"))
}

/// Where the builder is, and where its agent; `None` only with a problem in the report.
fn region_and_program(
    settings: &Settings,
    report: &Report,
    pool: &PoolName,
    ingredients: &Ingredients,
) -> Option<(String, String, String)> {
    let CloudSettings::Ec2(ec2) = &settings.config.cloud else {
        let expected = "expected \"ec2\": machines on this computer boot no image";
        report.add(None, "cloud.kind", "found \"process\"", expected);
        return None;
    };
    let Some(of_pool) = settings.pools.get(pool) else {
        let names: Vec<&str> = settings.pools.keys().map(PoolName::as_str).collect();
        let expected = format!("expected one of its pools: {}", names.join(", "));
        report.add(None, format!("pools.{pool}"), "no such pool", expected);
        return None;
    };
    if ec2.region.is_none() {
        let expected = "expected the region that the builder fetches the agent in";
        report.add(None, "cloud.region", "missing", expected);
    }
    let (url, sha256) = match &of_pool.machine.program {
        Some(program) => (program.url.clone(), program.sha256.clone()),
        None => Default::default(),
    };
    if url.is_empty() && ingredients.script.is_none() {
        let path = format!("pools.{pool}.machine.agent_url");
        let expected = "expected where the agent is that goes into the image, or a --script";
        report.add(None, path, "missing", expected);
        return None;
    }
    Some((ec2.region.clone()?, url, sha256))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builder_has_the_machines_own_program() {
        let whole = whole();
        assert!(!whole.contains(MARKER));
        let at = |text: &str| whole.find(text).unwrap_or_else(|| panic!("no {text}"));
        let path = at("- path: /var/lib/dayfly-image/begin.py\n");
        assert!(path < at("def fetch_agent(") && at("def fetch_agent(") < at("sys.exit(1)"));
        assert!(at("sys.exit(1)") < at("- path: /var/lib/dayfly-image/fetch.py"));
    }

    #[test]
    fn other_ingredients_are_another_recipe() {
        let one = recipe("a", "ami-1", "lt-1:1");
        assert_eq!(one, recipe("a", "ami-1", "lt-1:1"));
        assert_eq!(one.as_str().len(), 16);
        for other in [
            recipe("b", "ami-1", "lt-1:1"),
            recipe("a", "ami-2", "lt-1:1"),
            recipe("a", "ami-1", "lt-1:2"),
            recipe("aa", "mi-1", "lt-1:1"),
        ] {
            assert_ne!(one, other);
        }
    }
}
