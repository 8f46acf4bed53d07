//! The agent's settings: every layer, every problem at once, and no secret in any message.

use std::collections::BTreeMap;
use std::time::Duration;

use dayfly::model::secret::Secret;
use dayfly_agent::settings::{
    AgentSettings, FileLayer, Layers, SettingsError, TokenSource, resolve, take_token,
};
use insta::assert_snapshot;

const TOKEN: &str = "0123456789abcdef";

/// Settings from flags, variables and a YAML file.
fn read(
    flags: &[(&str, &str)],
    variables: &[(&str, &str)],
    file: &str,
) -> Result<AgentSettings, SettingsError> {
    let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, text) in flags {
        given
            .entry((*name).into())
            .or_default()
            .push((*text).into());
    }
    let pair = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    resolve(&Layers {
        flags: given,
        environment: variables.iter().map(pair).collect(),
        file: FileLayer::parse(file, "agent.yaml").map_err(SettingsError)?,
    })
}

const NEEDED: &str = "endpoint: acme.example.com\ntoken: 0123456789abcdef\n";

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let file = format!("{NEEDED}name: from-the-file\n");
    let variable = ("SEMAPHORE_AGENT_NAME", "from-the-environment");
    let flag = ("name", "from-the-flag");
    let name = |flags: &[_], variables: &[_]| read(flags, variables, &file).map(|read| read.name);
    assert_eq!(name(&[flag], &[variable]), Ok(Some("from-the-flag".into())));
    assert_eq!(
        name(&[], &[variable]),
        Ok(Some("from-the-environment".into()))
    );
    assert_eq!(name(&[], &[]), Ok(Some("from-the-file".into())));
}

#[test]
fn what_nobody_set_is_as_the_official_agent_has_it() {
    let settings = read(&[], &[], NEEDED).expect("enough");
    assert_eq!(settings.endpoint, "acme.example.com");
    assert_eq!(settings.token, TokenSource::Given(Secret::new(TOKEN)));
    assert!(!settings.disconnect_after_job && !settings.plain_http);
    assert_eq!(settings.name, None);
    assert_eq!(settings.idle_timeout, Duration::ZERO);
    assert_eq!(settings.interruption_grace_period, Duration::ZERO);
    assert_eq!(settings.notices, Vec::<String>::new());
}

#[test]
fn a_value_may_hold_equal_signs_commas_and_spaces() {
    let pairs = |settings: Result<AgentSettings, _>| settings.expect("enough").env_vars;
    let wanted = [
        ("A".to_owned(), "x=y".to_owned()),
        ("B".to_owned(), "1,2 3".to_owned()),
    ];
    let file = format!("{NEEDED}env-vars:\n  - A=x=y\n  - B=1,2 3\n");
    assert_eq!(pairs(read(&[], &[], &file)), wanted);
    assert_eq!(
        pairs(read(&[("env-vars", "A=x=y,B=1,2 3")], &[], NEEDED)),
        wanted
    );
    let variable = ("SEMAPHORE_AGENT_ENV_VARS", "A=x=y B=1,2 3");
    assert_eq!(pairs(read(&[], &[variable], NEEDED)), wanted);
}

#[test]
fn every_problem_is_told_at_once() {
    let file = "endpoint: https://acme.example.com/\ntokn: secret\nname: short\nfail-on-pre-job-hook-error: perhaps\n\
                disconnect-after-idle-timeout: -1\nkubernetes-executor: true\njob-id: abc\nenv-vars: [secret]\n\
                upload-job-logs: sometimes\n";
    let error = read(&[], &[], file).expect_err("nearly nothing is right");
    assert_snapshot!(error, @r"
    agent.yaml:2: `tokn` is no setting of the agent
    `endpoint` is `https://acme.example.com/`; it takes a host, and :port, without a scheme or a path
    `token-file` or `token` is missing: the agent type's registration token
    the name is `short`; it takes 8 to 80 letters, digits, `-`, `_`, `+` and `/`, and no `/` in front
    agent.yaml:5: `disconnect-after-idle-timeout` is `-1`; it takes whole seconds, 0 or more
    agent.yaml:4: `fail-on-pre-job-hook-error` is `perhaps`; it takes true or false
    agent.yaml:8: `env-vars` has an item that is not NAME=value
    `job-id` needs `disconnect-after-job`, for such an agent takes one job
    `kubernetes-executor` is true; this agent runs jobs in a shell of its machine
    agent.yaml:9: `upload-job-logs` is `sometimes`; it takes never, always or when-trimmed
    ");
}

#[test]
fn what_has_no_effect_is_told_and_harmless() {
    let file = format!(
        "{NEEDED}files: [/a:/b]\nkubernetes-labels: [a=b]\nupload-job-logs: when-trimmed\n"
    );
    let variable = ("SEMAPHORE_AGENT_LOG_FILE_PATH", "/tmp/log");
    let settings = read(&[], &[variable], &file).expect("harmless");
    assert_snapshot!(settings.notices.join("\n"), @r"
    `upload-job-logs` has no effect: logs are not uploaded as artifacts
    `files` has no effect: jobs run in a shell
    `kubernetes-labels` has no effect: jobs run in a shell
    SEMAPHORE_AGENT_LOG_FILE_PATH has no effect: the agent logs to stderr
    ");
}

#[test]
fn a_token_does_not_show_in_the_debug_output_of_settings() {
    let settings = read(&[], &[], NEEDED).expect("enough");
    assert!(!format!("{settings:?}").contains(TOKEN));
}

#[test]
fn toml_and_json_are_read_as_well() {
    let toml = "endpoint = \"acme.example.com\"\ntoken-file = \"/run/token\"\ndisconnect-after-job = true\n";
    let layer = FileLayer::parse(toml, "agent.toml").expect("TOML");
    let layers = Layers {
        file: layer,
        ..Layers::default()
    };
    let settings = resolve(&layers).expect("enough");
    assert!(settings.disconnect_after_job);
    assert_eq!(settings.token, TokenSource::File("/run/token".into()));

    let json = r#"{"endpoint": "acme.example.com", "token": "0123456789abcdef", "interruption-grace-period": 90}"#;
    let settings = read(&[], &[], json).expect("enough");
    assert_eq!(settings.interruption_grace_period, Duration::from_secs(90));
}

#[test]
fn a_token_file_that_an_agent_has_taken_already_is_explained() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let path = folder.path().join("token");
    std::fs::write(&path, "0123").expect("a file in it");
    let source = TokenSource::File(path);
    assert!(take_token(&source).is_ok());
    let error = take_token(&source).expect_err("it is gone").to_string();
    assert!(
        error.contains("removes the file once it has read it"),
        "{error}"
    );
}
