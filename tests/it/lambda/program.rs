//! The real program as a function: invoked over the Runtime API, against an emulated hub and an
//! emulated account, with real agents in its machines.

use std::fs;

use dayfly_lab::emulator::ec2::settings::Ec2Settings;
use serde_json::{Value, json};
use tokio::process::Command;

use super::runtime_api::Answer;
use super::scene::{Scene, interruption, message, schedule};
use crate::hub_client::Served;
use crate::programs;
use crate::scaler::metrics::assert_emf;

#[tokio::test]
async fn a_schedule_launches_what_the_queue_asks_for_and_writes_metrics() {
    let mut scene = Scene::new().await;
    scene.write_token();
    scene.start(&scene.configuration(3600));
    let job = scene.hub.enqueue("a job");
    let summary = scene.succeed(&schedule(), 60).await;
    assert_eq!(
        summary,
        json!({
            "ticks": 1, "launched": 1, "ended": 0, "failed": 0, "silent": 0, "standing": "alone",
            "batchItemFailures": [],
        })
    );
    scene.wait_until_passed(&job).await;
    // The same process goes on with what it remembers.
    let summary = scene.succeed(&schedule(), 60).await;
    assert_eq!(
        (&summary["ticks"], &summary["launched"]),
        (&json!(1), &json!(0))
    );
    let stdout = scene.stdout();
    assert_eq!(stdout.lines().count(), 2);
    stdout.lines().for_each(assert_emf);
    let first: Value = serde_json::from_str(stdout.lines().next().expect("a line")).expect("JSON");
    assert_eq!(
        (&first["Pool"], &first["Launched"]),
        (&json!("test"), &json!(1))
    );
    for line in scene.stderr().lines() {
        serde_json::from_str::<Value>(line).expect("the log is JSON, a line an event");
    }
}

#[tokio::test]
async fn a_deadline_is_kept() {
    let mut scene = Scene::new().await;
    scene.write_token();
    scene.start(&scene.configuration(1));
    let (error_type, words) = scene.fail(&schedule(), -1).await;
    assert_eq!(error_type, "Dayfly.NoTime");
    assert!(words.starts_with("no time for a tick: the invocation ends in 0 ms"));
    assert_eq!(scene.stdout(), "");
    // The fourth tick would begin with a second left, and take longer than none. A computer that
    // is very slow may not even come to the first.
    let ticks = match scene.invoke(&schedule(), 4).await {
        Answer::Response(summary) => summary["ticks"].as_u64().expect("a count"),
        Answer::Error(error) => {
            assert_eq!(error["errorType"], "Dayfly.NoTime");
            0
        }
    };
    assert!(ticks <= 3, "{ticks}");
    assert_eq!(scene.stdout().lines().count() as u64, ticks);
}

#[tokio::test]
async fn messages_hasten_a_tick_if_they_are_about_machines() {
    let mut scene = Scene::new().await;
    scene.write_token();
    scene.start(&scene.configuration(3600));
    let job = scene.hub.enqueue("a job");
    let summary = scene.succeed(&interruption(), 60).await;
    assert_eq!(
        (&summary["ticks"], &summary["launched"]),
        (&json!(1), &json!(1))
    );
    for other in [
        "{\"source\": \"aws.s3\", \"detail-type\": \"x\"}",
        "{ not even JSON",
    ] {
        let summary = scene.succeed(&message(other), 60).await;
        assert_eq!(summary["ticks"], json!(0));
        assert_eq!(summary["batchItemFailures"], json!([]));
    }
    let stderr = scene.stderr();
    let warnings: Vec<&str> = stderr
        .lines()
        .filter(|line| line.contains("\"WARN\""))
        .collect();
    assert_eq!(warnings.len(), 1, "{stderr}");
    assert!(warnings[0].contains("a message is left alone"), "{stderr}");
    scene.wait_until_passed(&job).await;
}

#[tokio::test]
async fn a_wrong_configuration_fails_every_invocation_in_words() {
    let mut scene = Scene::new().await;
    scene.write_token();
    let configuration = scene
        .configuration(3600)
        .replace("machines_max", "machine_max");
    scene.start(&configuration);
    for _ in 0..2 {
        let (error_type, words) = scene.fail(&schedule(), 60).await;
        assert_eq!(error_type, "Dayfly.Configuration");
        assert!(
            words.contains("DAYFLY_CONFIG_TOML:2: machine_max: unknown key"),
            "{words}"
        );
    }
}

#[tokio::test]
async fn a_configuration_is_in_one_place() {
    for variables in [
        &[][..],
        &[("DAYFLY_CONFIG", "a.toml"), ("DAYFLY_CONFIG_TOML", "a = 1")],
        &[
            ("DAYFLY_CONFIG_TOML", "a = 1"),
            ("DAYFLY_CONFIG_JSON", "{}"),
        ],
    ] {
        let mut scene = Scene::new().await;
        scene.start_with(variables);
        let (error_type, words) = scene.fail(&schedule(), 60).await;
        assert_eq!(error_type, "Dayfly.Configuration");
        assert!(
            words.starts_with(&format!("found {} of ", variables.len())),
            "{words}"
        );
    }
}

#[tokio::test]
async fn a_configuration_may_be_json() {
    let mut scene = Scene::new().await;
    scene.start_with(&[("DAYFLY_CONFIG_JSON", r#"{"machine_max": 1}"#)]);
    let (error_type, words) = scene.fail(&schedule(), 60).await;
    assert_eq!(error_type, "Dayfly.Configuration");
    assert!(
        words.contains("DAYFLY_CONFIG_JSON:1: machine_max: unknown key"),
        "{words}"
    );
}

#[tokio::test]
async fn a_configuration_file_lies_in_the_zip() {
    let mut scene = Scene::new().await;
    scene.write_token();
    let file = scene.folder.path().join("dayfly.toml");
    fs::write(file, scene.configuration(3600)).expect("our folder");
    scene.start_with(&[("DAYFLY_CONFIG", "dayfly.toml")]);
    assert_eq!(scene.succeed(&schedule(), 60).await["ticks"], json!(1));
}

#[tokio::test]
async fn a_token_that_comes_later_heals_the_function() {
    let mut scene = Scene::new().await;
    scene.start(&scene.configuration(3600));
    let (error_type, words) = scene.fail(&schedule(), 60).await;
    assert_eq!(error_type, "Dayfly.Secrets");
    assert!(words.contains("pools.test.registration_token"), "{words}");
    scene.write_token();
    assert_eq!(scene.succeed(&schedule(), 60).await["ticks"], json!(1));
}

#[tokio::test]
async fn silence_all_around_is_an_error() {
    let mut scene = Scene::new().await;
    scene.write_token();
    scene.start(&scene.configuration(3600));
    scene.succeed(&schedule(), 60).await;
    // Both ports are closed.
    let other = Scene::of(Ec2Settings::default());
    let ec2 = std::mem::replace(&mut scene.ec2, other.ec2);
    let hub = std::mem::replace(&mut scene.hub, other.hub);
    ec2.shutdown().await;
    hub.server.shutdown().await;
    let (error_type, words) = scene.fail(&schedule(), 60).await;
    assert_eq!(error_type, "Dayfly.Silent");
    assert!(words.starts_with("neither the hub nor the cloud answers: no counts of pool test"));
}

#[tokio::test]
async fn no_token_is_in_anything_that_it_writes() {
    let mut scene = Scene::new().await;
    scene.write_token();
    scene.start_with(&[
        ("DAYFLY_CONFIG_TOML", &scene.configuration(3600)),
        ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
    ]);
    let job = scene.hub.enqueue("a job");
    let mut written = scene.succeed(&schedule(), 60).await.to_string();
    scene.wait_until_passed(&job).await;
    // Every question that cannot be asked has the token in it, and its error must not.
    let hub = std::mem::replace(&mut scene.hub, Served::new());
    let token = hub.registration_token.expose().to_owned();
    hub.server.shutdown().await;
    written += &scene.succeed(&interruption(), 60).await.to_string();
    written += &scene.stdout();
    written += &scene.stderr();
    assert!(written.contains("a question was not answered"), "{written}");
    assert!(!written.contains(&token));
}

#[tokio::test]
async fn function_outside_lambda_names_the_missing_variable() {
    let output = Command::new(programs::function())
        .env_clear()
        .output()
        .await
        .expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("AWS_LAMBDA_RUNTIME_API is not set"),
        "{stderr}"
    );
}
