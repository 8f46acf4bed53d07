//! Tokens from parameters, by the real client.

use std::collections::{BTreeMap, BTreeSet};

use dayfly::aws::secrets::read;
use dayfly::model::secret::Secret;
use dayfly_lab::emulator::ec2::faults::{Fault, Scope, Travel};
use dayfly_lab::emulator::ec2::{Ec2, error};

use super::wire::Wire;
use super::world::account;

const REFERENCE: &str = "/aws/reference/secretsmanager/dayfly/api";

/// An account with a parameter and a secret, as SSM shows them.
fn wire() -> Wire {
    let mut account = account();
    let given = [
        ("/dayfly/linux", "token-of-linux"),
        (REFERENCE, "token-of-api"),
    ];
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
    account.parameters.extend(given);
    Wire::new(Ec2::new(account))
}

async fn found(wire: &Wire, names: &[&str]) -> BTreeMap<String, Result<Secret, String>> {
    let names: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    read(&wire.clients().ssm, &names).await
}

#[tokio::test(start_paused = true)]
async fn parameters_and_secrets_are_read_decrypted_and_what_is_missing_is_said() {
    let wire = wire();
    let found = found(&wire, &["/dayfly/linux", REFERENCE, "/dayfly/lost"]).await;
    assert_eq!(found["/dayfly/linux"], Ok(Secret::new("token-of-linux")));
    assert_eq!(found[REFERENCE], Ok(Secret::new("token-of-api")));
    let lost = found["/dayfly/lost"]
        .as_ref()
        .expect_err("no such parameter");
    assert!(lost.starts_with("ParameterNotFound"), "{lost}");
    assert!(
        lost.ends_with("check the name of the parameter, and the region"),
        "{lost}"
    );
}

#[tokio::test(start_paused = true)]
async fn many_are_asked_for_each_once() {
    let wire = wire();
    let names: Vec<String> = (0..25).map(|index| format!("/dayfly/{index:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = found(&wire, &names).await;
    assert_eq!(found.len(), 25);
    assert!(found.values().all(Result::is_err));
    assert_eq!(wire.requests().len(), 25);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_or_is_a_refusal_is_an_error_in_words() {
    let wire = wire();
    let fault = wire
        .ec2()
        .add_fault(Scope::on_get_parameter(), Fault::Travel(Travel::Lost));
    let silent = found(&wire, &["/dayfly/linux"]).await;
    assert_eq!(silent["/dayfly/linux"], Err("no answer in time".to_owned()));
    wire.ec2().remove_fault(fault);
    wire.ec2().add_fault(
        Scope::on_get_parameter(),
        Fault::Refused(error::ACCESS_DENIED),
    );
    let refused = found(&wire, &["/dayfly/linux"]).await;
    let word = refused["/dayfly/linux"].as_ref().expect_err("refused");
    assert!(
        word.contains("add this action to the scaler's role"),
        "{word}"
    );
}
