//! A token stands in no configuration and in no problem.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use dayfly::config::SecretSource;
use dayfly::config::secret::{Parameters, SecretError, parameters, read_all};
use dayfly::model::id::PoolName;
use dayfly::model::secret::Secret;

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
    dayfly.toml:11: pools.linux.registration_token: found a token written into the file; write where it is instead: { file = "/path" }, { env = "NAME" }, { parameter = "/path" } or { secret = "name" }, and reset this one, because whoever has read the file knows it
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
    let mut settings = settings(MOST);
    settings.config.api_token = Some(SecretSource::File(token.clone()));
    let arm = settings.pools.get_mut(&PoolName::new("arm")).expect("it");
    arm.registration_token = SecretSource::File(token.clone());
    let get = |name: &str| (name == "DAYFLY_TOKEN_LINUX").then(|| " secret-b ".to_owned());
    let secrets = read_all(&settings, get, &Parameters::new()).expect("tokens");
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
    settings.config.api_token = Some(SecretSource::File(PathBuf::from("/nowhere/token")));
    let errors = read_all(&settings, |_| None, &Parameters::new()).expect_err("no tokens");
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

#[test]
fn tokens_of_aws_are_asked_for_by_the_name_of_a_parameter() {
    let of = |source: &str| {
        let text = with(r#"{ env = "DAYFLY_TOKEN_LINUX" }"#, source);
        parameters(&settings(&text)).into_iter().collect::<Vec<_>>()
    };
    assert_eq!(of(r#"{ env = "A" }"#), Vec::<String>::new());
    assert_eq!(of(r#"{ file = "a" }"#), Vec::<String>::new());
    assert_eq!(of(r#"{ parameter = "/dayfly/linux" }"#), ["/dayfly/linux"]);
    let path = "/aws/reference/secretsmanager/dayfly/linux-token";
    assert_eq!(of(r#"{ secret = "dayfly/linux-token" }"#), [path]);
    let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:dayfly/linux-token-AbC1d2";
    assert_eq!(of(&format!("{{ secret = {arn:?} }}")), [path]);
}

#[test]
fn what_aws_gives_is_checked_like_a_file_and_never_shown() {
    let mut settings = settings(MOST);
    settings.config.api_token = Some(SecretSource::Parameter("/dayfly/api".to_owned()));
    let arm = settings.pools.get_mut(&PoolName::new("arm")).expect("it");
    arm.registration_token = SecretSource::SecretsManager("arm".to_owned());
    let get = |_: &str| Some("secret-b".to_owned());
    let reference = "/aws/reference/secretsmanager/arm".to_owned();
    let given = |api: &str, arm: &str| {
        let api = ("/dayfly/api".to_owned(), Ok(Secret::new(api)));
        Parameters::from([api, (reference.clone(), Ok(Secret::new(arm)))])
    };
    let secrets = read_all(&settings, get, &given("secret-a", "secret-c\n")).expect("tokens");
    assert_eq!(secrets.api_token, Some(Secret::new("secret-a")));
    let arm = &secrets.registration_tokens[&PoolName::new("arm")];
    assert_eq!(arm, &Secret::new("secret-c"));

    let lines = |parameters: &Parameters| {
        let errors = read_all(&settings, get, parameters).expect_err("no tokens");
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        lines.join("\n")
    };
    let shown = lines(&given("", r#"{"token":"secret-c"}"#));
    insta::assert_snapshot!(shown, @"
    hub.api_token: what is in parameter /dayfly/api is empty, and a token is one word
    pools.arm.registration_token: what is in secret arm of Secrets Manager is a JSON object, and a token is one word
    ");
    let denied = Err("AccessDeniedException: no permission".to_owned());
    insta::assert_snapshot!(lines(&Parameters::from([(reference, denied)])), @"
    hub.api_token: parameter /dayfly/api cannot be read: it was not asked for
    pools.arm.registration_token: secret arm of Secrets Manager cannot be read: AccessDeniedException: no permission
    ");
}

#[test]
fn a_token_in_the_place_of_a_name_is_refused_and_not_shown() {
    let token = "0123456789abcdef".repeat(5);
    let of = |key: &str| {
        let source = format!("{{ {key} = {token:?} }}");
        problems(&with(r#"{ env = "DAYFLY_TOKEN_LINUX" }"#, &source))
    };
    let all = ["env", "parameter", "secret"].map(of).join("\n");
    assert!(!all.contains(&token), "{all}");
    insta::assert_snapshot!(all, @"
    dayfly.toml:11: pools.linux.registration_token.env: found a value that is not shown; expected the name of an environment variable, not its value
    dayfly.toml:11: pools.linux.registration_token.parameter: found a value that is not shown; expected a parameter's name, such as /dayfly/name, not its value
    dayfly.toml:11: pools.linux.registration_token.secret: found a value that is not shown; expected the name of a secret of Secrets Manager or its whole ARN, not its value
    ");
    let partial = r#"{ secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a" }"#;
    let both = r#"{ file = "a", secret = "b" }"#;
    for (source, expected) in [
        (partial, "its whole ARN"),
        (both, "found file and secret; expected one of them"),
        ("{}", "found none of its keys"),
    ] {
        let found = problems(&with(r#"{ env = "DAYFLY_TOKEN_LINUX" }"#, source));
        assert!(found.contains(expected), "{found}");
    }
}
