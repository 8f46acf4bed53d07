//! SSM's `GetParameter`, as far as a scaler and an agent use it.

use std::time::Duration;

use dayfly::emulator::ec2::error;
use dayfly::emulator::ec2::faults::{Fault, Scope, Travel};
use dayfly::emulator::ec2::throttle::Throttling;
use dayfly::emulator::message::{Delivery, Request};
use serde_json::{Value, json};

use super::world::World;

fn request(target: &str, body: &Value) -> Request {
    Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        authorization: Some("AWS4-HMAC-SHA256 Credential=a".to_owned()),
        target: Some(target.to_owned()),
        body: body.to_string().into_bytes(),
        ..Request::default()
    }
}

/// Status and JSON of an answer.
fn send(world: &mut World, request: &Request) -> (u16, Value) {
    let answer = world.send(request);
    let json = serde_json::from_str(&answer.text).expect("it is JSON");
    (answer.response.status, json)
}

fn get(world: &mut World, name: &str, with_decryption: bool) -> (u16, Value) {
    let body = json!({ "Name": name, "WithDecryption": with_decryption });
    send(world, &request("AmazonSSM.GetParameter", &body))
}

#[test]
fn a_parameter_has_a_value_that_has_to_be_decrypted() {
    let mut world = World::new();
    let (status, found) = get(&mut world, "/dayfly/image", true);
    assert_eq!(
        (status, &found["Parameter"]["Value"]),
        (200, &json!("ami-x86"))
    );
    let (_, hidden) = get(&mut world, "/dayfly/image", false);
    assert_eq!(hidden["Parameter"]["Value"], "(encrypted)");
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let mut world = World::new();
    let (status, lost) = get(&mut world, "/none", true);
    assert_eq!(
        (status, &lost["__type"]),
        (400, &json!("ParameterNotFound"))
    );
    let (_, unread) = send(&mut world, &request("AmazonSSM.GetParameter", &json!({})));
    assert_eq!(unread["__type"], "ValidationException");
    let (_, unknown) = send(&mut world, &request("AmazonSSM.Dance", &json!({})));
    assert_eq!(unknown["__type"], "UnknownOperationException");
    let mut unsigned = request("AmazonSSM.GetParameter", &json!({}));
    unsigned.authorization = None;
    let (_, refused) = send(&mut world, &unsigned);
    assert_eq!(refused["__type"], "MissingAuthenticationTokenException");
}

#[test]
fn a_parameter_has_a_bucket_of_its_own() {
    let mut world = World::with(|settings| settings.throttling = Throttling::Real);
    let burst = |world: &mut World| {
        let mut calls = 0..100;
        calls.position(|_| get(world, "/dayfly/image", true).0 != 200)
    };
    assert_eq!(burst(&mut world), Some(40));
    let (status, refused) = get(&mut world, "/dayfly/image", true);
    assert_eq!(
        (status, &refused["__type"]),
        (400, &json!("ThrottlingException"))
    );
    assert_eq!(world.describe(&[]).response.status, 200);
    world.pass(1);
    assert_eq!(burst(&mut world), Some(40));
}

#[test]
fn faults_strike_it_and_leave_ec2_alone() {
    let mut world = World::new();
    let once = Scope::on_get_parameter().times(1);
    world
        .ec2
        .add_fault(once.clone(), Fault::Refused(error::THROTTLING));
    assert_eq!(world.describe(&[]).response.status, 200);
    let (status, refused) = get(&mut world, "/dayfly/image", true);
    assert_eq!(
        (status, &refused["__type"]),
        (400, &json!("ThrottlingException"))
    );
    let delay = Duration::from_secs(9);
    world
        .ec2
        .add_fault(once, Fault::Travel(Travel::Delayed(delay)));
    let body = json!({ "Name": "/dayfly/image" });
    let late = world.send(&request("AmazonSSM.GetParameter", &body));
    assert_eq!(late.response.delivery, Delivery::Delayed(delay));
}
