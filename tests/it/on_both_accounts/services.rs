//! What is asked of AWS beside machines: tokens, the lease, and the doctor's looks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_ssm::types::ParameterType;
use dayfly::aws::TableLease;
use dayfly::aws::doctor::Doctor;
use dayfly::aws::secrets;
use dayfly::doctor::account::{Launches, Reached, Rehearsal, Table};
use dayfly::doctor::place::Size;
use dayfly::model::id::Replica;
use dayfly::model::secret::Secret;
use dayfly::ports::{Claim, Clock, Lease, SystemClock};

use super::{Site, TYPE, deployment, pool, sites};

pub const TOKEN: &str = "token-of-linux";
pub const TABLE: &str = "leases";

#[tokio::test]
async fn a_token_in_a_secure_parameter_is_read_decrypted_and_a_lost_one_is_said() {
    for site in sites().await {
        let names = ["/dayfly/linux", "/dayfly/lost"].map(str::to_owned);
        if site.is_moto() {
            let put = site.clients.ssm.put_parameter().name(&names[0]);
            let put = put.value(TOKEN).r#type(ParameterType::SecureString);
            put.overwrite(true).send().await.expect("a parameter");
        }
        let found = secrets::read(&site.clients.ssm, &BTreeSet::from(names)).await;
        assert_eq!(found["/dayfly/linux"], Ok(Secret::new(TOKEN)));
        let lost = found["/dayfly/lost"].as_ref().expect_err(site.name);
        assert!(lost.starts_with("ParameterNotFound"), "{lost}");
    }
}

async fn make_table(site: &Site) {
    let attribute = AttributeDefinition::builder()
        .attribute_name("deployment")
        .attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder()
        .attribute_name("deployment")
        .key_type(KeyType::Hash);
    let call = site.clients.dynamodb.create_table().table_name(TABLE);
    let call = call
        .attribute_definitions(attribute.build().expect("an attribute"))
        .key_schema(key.build().expect("a key"))
        .billing_mode(BillingMode::PayPerRequest);
    // Another test of this binary may have made it.
    let _ = call.send().await;
}

#[tokio::test]
async fn of_two_replicas_one_has_the_lease_until_it_gives_it_back_or_it_is_over() {
    for site in sites().await {
        if site.is_moto() {
            make_table(&site).await;
        }
        let deployment = deployment();
        let lease = |name| {
            let replica = Replica::new(name);
            TableLease::new(site.clients.dynamodb.clone(), TABLE, &deployment, replica)
        };
        let (one, other) = (lease("a"), lease("b"));
        let now = SystemClock.now();
        let until = now.plus(Duration::from_secs(60));
        assert_eq!(one.look().await, Ok(Table::Writable(None)), "{}", site.name);
        assert_eq!(one.claim(now, until).await, Ok(Claim::Granted));
        let by = Some((Replica::new("a"), until));
        assert_eq!(other.look().await, Ok(Table::Writable(by.clone())));
        assert_eq!(other.claim(now, until).await, Ok(Claim::Held { by }));
        assert_eq!(other.release().await, Ok(()), "nothing of its own");
        assert_eq!(one.claim(now, until).await, Ok(Claim::Granted));
        let after = until.plus(Duration::from_millis(1));
        let longer = after.plus(Duration::from_secs(60));
        assert_eq!(other.claim(after, longer).await, Ok(Claim::Granted));
        assert_eq!(one.release().await, Ok(()), "it is another's");
        assert_eq!(other.release().await, Ok(()));
        assert_eq!(one.look().await, Ok(Table::Writable(None)));
    }
}

#[tokio::test]
async fn a_table_that_is_not_there_is_said() {
    for site in sites().await {
        let replica = Replica::new("a");
        let dynamodb = site.clients.dynamodb.clone();
        let lost = TableLease::new(dynamodb, "lost", &deployment(), replica);
        let Ok(Table::Refused(word)) = lost.look().await else {
            panic!("{}: {:?}", site.name, lost.look().await);
        };
        assert!(word.starts_with("ResourceNotFound"), "{word}");
    }
}

#[tokio::test]
async fn the_doctor_sees_a_pool_that_is_well_and_launches_nothing() {
    for site in sites().await {
        let deployment = deployment();
        let doctor = Doctor::new(&site.clients, &deployment);
        let reached = Box::pin(doctor.reached()).await;
        assert!(
            matches!(reached, Reached::Yes),
            "{}: {reached:?}",
            site.name
        );
        let policy = site.policy(&deployment);
        let seen = Box::pin(doctor.pool(&pool(), &policy.pools[&pool()])).await;
        let made_of = seen.template.expect(site.name);
        assert_eq!(made_of.http_tokens.as_deref(), Some("required"));
        // Of our own account's template nobody has asked for it.
        assert_eq!(made_of.shows_tags, site.is_moto());
        assert_eq!(made_of.shutdown.as_deref(), Some("terminate"));
        assert_eq!(seen.image.expect(site.name).id, site.image);
        let size = Size {
            runs: BTreeSet::from(["x86_64".to_owned()]),
            vcpus: Some(2),
        };
        let types = BTreeMap::from([(TYPE.to_owned(), size)]);
        assert_eq!(seen.types, Ok(types), "{}", site.name);
        let subnets = seen.subnets.expect(site.name);
        assert_eq!(subnets.len(), site.subnets.len(), "{}", site.name);
        let rehearsed = Launches {
            fleet: Rehearsal::Allowed,
            run: Rehearsal::Allowed,
            run_without_tags: None,
        };
        assert_eq!(seen.launches, Some(rehearsed), "{}", site.name);
        let cloud = site.cloud_of(&deployment);
        let listed = dayfly::ports::Cloud::machines(&cloud).await;
        assert_eq!(listed.expect(site.name).len(), 0);
    }
}
