//! The real program with a token in a parameter, for machines on this computer.

use std::net::TcpListener;

use dayfly::ports::SystemClock;
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::settings::Ec2Settings;
use dayfly_lab::emulator::http::{Server, Shared, Transport};

use super::Scene;

/// What `dayfly-lab plan` says, with AWS's own variables pointing at the emulated parameters.
async fn plan(scene: &Scene, aws: &Server<Ec2>) -> (i32, String) {
    let output = tokio::process::Command::new(crate::programs::lab())
        .args(["plan", "--config", "dayfly.toml"])
        .current_dir(scene.folder.path())
        .env("API", scene.api_token.expose())
        .env("AWS_ENDPOINT_URL", format!("http://{}", aws.address()))
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "AKIATEST")
        .env("AWS_SECRET_ACCESS_KEY", "the-secret-key")
        .output()
        .await
        .expect("it starts");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).expect("text");
    (output.status.code().expect("not killed"), text)
}

#[tokio::test]
async fn a_token_in_a_parameter_is_read_where_awss_own_tools_look() {
    let scene = Scene::new();
    let mut account = Ec2Settings::default();
    let path = "/aws/reference/secretsmanager/dayfly/linux".to_owned();
    let token = scene.registration_token.expose().to_owned();
    account.parameters.insert(path, token);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let shared = Shared::new(Ec2::new(account));
    let aws = Server::start(shared, listener, Transport::Plain, SystemClock);
    let aws = aws.expect("it can be served");
    scene.enqueue("true");

    scene.configure("", "{ env = \"API\" }", "{ secret = \"dayfly/linux\" }");
    let (status, text) = plan(&scene, &aws).await;
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("1 queued"), "{text}");
    assert!(!text.contains(scene.registration_token.expose()), "{text}");

    scene.configure("", "{ env = \"API\" }", "{ parameter = \"/dayfly/lost\" }");
    let (status, text) = plan(&scene, &aws).await;
    assert_eq!(status, 3, "{text}");
    let sentence = "error: pools.linux.registration_token: parameter /dayfly/lost cannot be read: \
                    ParameterNotFound";
    assert!(text.contains(sentence), "{text}");
}
