//! A token stands in no configuration and in no problem.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use dayfly::config::SecretSource;
use dayfly::config::secret::{SecretError, read_all};
use dayfly::model::id::PoolName;

use super::{MOST, problems, settings, with};

#[test]
fn a_token_in_the_file_is_refused_and_not_shown() {
    let token = "x5jZh2kqS0oPz";
    let source = r#"{ env = "DAYFLY_TOKEN_LINUX" }"#;
    let literal = problems(&with(source, &format!("\"{token}\"")));
    let as_name = problems(&with(source, &format!("{{ env = \"{token}==\" }}")));
    let unquoted = problems(&with(source, token));
    let endpoint = format!("me:{token}@acme.semaphoreci.com");
    let endpoint = problems(&with("acme.semaphoreci.com", &endpoint));
    let all = [literal, as_name, unquoted, endpoint].join("\n");
    assert!(!all.contains(token), "{all}");
    insta::assert_snapshot!(all, @r#"
    dayfly.toml:11: pools.linux.registration_token: found a token written into the file; write where it is instead: { file = "/path" } or { env = "NAME" }, and reset this one, because whoever has read the file knows it
    dayfly.toml:11: pools.linux.registration_token.env: found a value that is not shown; expected the name of an environment variable, not its value
    dayfly.toml:11: string values must be quoted, expected literal string
    dayfly.toml:5: hub.endpoint: found a value that is not shown; expected a host, perhaps with :port, without scheme and path, such as acme.semaphoreci.com
    "#);
}

#[test]
fn tokens_are_read_apart_and_all_that_are_missing_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("api-token");
    fs::write(&token, "secret-a\n").expect("a file");
    let mut config = settings(MOST).config;
    config.api_token = Some(SecretSource::File(token.clone()));
    let arm = config.pools.get_mut(&PoolName::new("arm")).expect("it");
    arm.registration_token = SecretSource::File(token.clone());
    let get = |name: &str| (name == "DAYFLY_TOKEN_LINUX").then(|| " secret-b ".to_owned());
    let secrets = read_all(&config, get).expect("tokens");
    assert_eq!(
        secrets.api_token.map(|t| t.expose().to_owned()).as_deref(),
        Some("secret-a")
    );
    let tokens: BTreeMap<&str, &str> = secrets
        .registration_tokens
        .iter()
        .map(|(pool, token)| (pool.as_str(), token.expose()))
        .collect();
    assert_eq!(
        tokens,
        BTreeMap::from([("arm", "secret-a"), ("linux", "secret-b")])
    );

    fs::write(&token, "two words\n").expect("a file");
    config.api_token = Some(SecretSource::File(PathBuf::from("/nowhere/token")));
    let errors = read_all(&config, |_| None).expect_err("no tokens");
    let shown = |error: &SecretError| {
        let text = error
            .to_string()
            .replace(&folder.path().display().to_string(), "FOLDER");
        match error.source() {
            Some(source) => format!("{text}: {source}"),
            None => text,
        }
    };
    let lines: Vec<String> = errors.iter().map(shown).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    hub.api_token: /nowhere/token cannot be read: No such file or directory (os error 2)
    pools.arm.registration_token: what is in FOLDER/api-token is more than one word, or not ASCII, and a token is one word
    pools.linux.registration_token: environment variable DAYFLY_TOKEN_LINUX is not set
    ");
}
