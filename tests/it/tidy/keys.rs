//! Every key of a configuration stands on its page.

use dayfly::config;
use dayfly_agent::settings::KEYS;

use super::source::read;
use super::{Finding, assert_clean};

const PAGE: &str = "docs/CONFIGURATION.md";

/// A key is explained in backticks, as a table's head, or in an example of a value.
fn undocumented(page: &str, keys: &[&str]) -> Vec<Finding> {
    let forms = |key: &str| {
        [
            format!("`{key}`"),
            format!("`[{key}"),
            format!("`{{ {key} ="),
        ]
    };
    let lost = keys
        .iter()
        .filter(|key| !forms(key).iter().any(|form| page.contains(form)));
    lost.map(|key| Finding::new(PAGE, 0, format!("does not explain the key `{key}`")))
        .collect()
}

#[test]
fn every_key_of_the_agent_stands_on_its_page() {
    let keys: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    assert_clean(&undocumented(&read(PAGE), &keys));
}

#[test]
fn every_key_of_the_scaler_stands_on_its_page() {
    let keys: Vec<&str> = config::keys().collect();
    assert_clean(&undocumented(&read(PAGE), &keys));
}

#[test]
fn a_key_that_nobody_explains_is_found() {
    assert_eq!(undocumented("| `name` | … |", &["name", "job-id"]).len(), 1);
}
