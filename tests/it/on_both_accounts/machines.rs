//! Launches, lists, tags, consoles, prices and ends.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{AttributeBooleanValue, AttributeValue, Instance, Tag};
use dayfly::model::ending::EndedBy;
use dayfly::model::id::MachineId;
use dayfly::model::machine::{ConsoleMarks, Machine, Phase};
use dayfly::model::offer::Market;
use dayfly::model::plan::LaunchOrder;
use dayfly::model::template::ImageSource;
use dayfly::ports::{Cloud, LaunchError, Launched};

use super::{Site, TYPE, deployment, sites};

fn ids(launched: &Launched) -> Vec<MachineId> {
    launched.machines.iter().map(|it| it.id.clone()).collect()
}

/// What the account itself says of a machine.
async fn instance(site: &Site, id: &MachineId) -> Instance {
    let call = site.clients.ec2.describe_instances();
    let answer = call.instance_ids(id.as_str()).send().await;
    let answer = answer.expect("it is there");
    let reservation = answer.reservations().first().expect("one reservation");
    reservation
        .instances()
        .first()
        .expect("one machine")
        .clone()
}

#[tokio::test]
async fn a_batch_comes_with_its_tags_and_is_listed_as_it_was_said() {
    for site in sites().await {
        let cloud = site.cloud_of(&deployment());
        let order = site.order(3, Market::OnDemand);
        let launched = cloud.launch(&order).await.expect(site.name);
        assert_eq!(ids(&launched).len(), 3, "{}", site.name);
        let listed = cloud.machines().await.expect(site.name);
        let named: BTreeSet<MachineId> = ids(&launched).into_iter().collect();
        assert_eq!(listed.keys().cloned().collect::<BTreeSet<_>>(), named);
        for said in &launched.machines {
            let machine = &listed[&said.id];
            // Whether it runs already, and the fraction of the second of its launch, differ.
            let told = Machine {
                phase: said.phase,
                launched_at: said.launched_at,
                ..machine.clone()
            };
            assert_eq!(&told, said, "{}", site.name);
            assert!(
                matches!(machine.phase, Phase::Pending | Phase::Running),
                "{}: {machine:?}",
                site.name
            );
        }
        let first = instance(&site, &launched.machines[0].id).await;
        assert_eq!(first.image_id(), Some(site.image.as_str()), "{}", site.name);
        assert_eq!(first.instance_type().map(|it| it.as_str()), Some(TYPE));
    }
}

#[tokio::test]
async fn spot_machines_are_known_as_such_and_cost_what_the_market_asks() {
    for site in sites().await {
        let cloud = site.cloud_of(&deployment());
        let prices = cloud.spot_prices().await.expect(site.name);
        let order = site.order(1, Market::Spot);
        let launched = cloud.launch(&order).await.expect(site.name);
        let listed = cloud.machines().await.expect(site.name);
        let machine = &listed[&launched.machines[0].id];
        assert_eq!(machine.offer.market, Market::Spot, "{}", site.name);
        let place = (TYPE.to_owned(), machine.offer.subnet.clone());
        let asked = prices.get(&place);
        assert_eq!(Some(&machine.offer.hourly), asked, "{}", site.name);
    }
}

#[tokio::test]
async fn an_image_that_a_parameter_names_is_booted() {
    for site in sites().await {
        let name = "/dayfly/image".to_owned();
        if site.is_moto() {
            let put = site.clients.ssm.put_parameter().name(&name);
            let put = put.value(&site.image).overwrite(true);
            let put = put.r#type(aws_sdk_ssm::types::ParameterType::String);
            put.send().await.expect("a parameter");
        }
        let cloud = site.cloud_of(&deployment());
        let mut order = site.order(1, Market::OnDemand);
        order.template.image = Some(ImageSource::Parameter(name));
        let launched = cloud.launch(&order).await.expect(site.name);
        let machine = instance(&site, &launched.machines[0].id).await;
        assert_eq!(machine.image_id(), Some(site.image.as_str()));
        let lost = ImageSource::Parameter("/dayfly/lost".to_owned());
        order.template.image = Some(lost);
        let refused = cloud.launch(&order).await.expect_err(site.name);
        let word = refused.to_string();
        assert!(word.contains("ParameterNotFound"), "{}: {word}", site.name);
    }
}

#[tokio::test]
async fn machines_of_another_deployment_are_not_listed() {
    for site in sites().await {
        let (ours, theirs) = (deployment(), deployment());
        let (ours, theirs) = (site.cloud_of(&ours), site.cloud_of(&theirs));
        let launched = theirs.launch(&site.order(2, Market::OnDemand)).await;
        launched.expect(site.name);
        assert_eq!(ours.machines().await.expect(site.name).len(), 0);
        assert_eq!(theirs.machines().await.expect(site.name).len(), 2);
    }
}

#[tokio::test]
async fn a_tag_of_an_operator_holds_a_machine() {
    for site in sites().await {
        let cloud = site.cloud_of(&deployment());
        let launched = cloud.launch(&site.order(2, Market::OnDemand)).await;
        let ids = ids(&launched.expect(site.name));
        let tag = Tag::builder().key("dayfly:held").value("").build();
        let call = site.clients.ec2.create_tags().resources(ids[0].as_str());
        call.tags(tag).send().await.expect("a tag");
        let listed = cloud.machines().await.expect(site.name);
        let held = |id: &MachineId| listed[id].held;
        assert_eq!((held(&ids[0]), held(&ids[1])), (true, false));
    }
}

#[tokio::test]
async fn machines_end_and_one_that_nobody_knows_counts_as_ended() {
    for site in sites().await {
        let cloud = site.cloud_of(&deployment());
        let launched = cloud.launch(&site.order(3, Market::OnDemand)).await;
        let mut wanted = ids(&launched.expect(site.name));
        wanted.insert(1, MachineId::new("i-0123456789abcdef0"));
        for _ in 0..2 {
            let answers = cloud.end(&wanted).await;
            assert_eq!(answers.len(), 4, "{}", site.name);
            assert!(answers.values().all(Result::is_ok), "{answers:?}");
        }
        let listed = cloud.machines().await.expect(site.name);
        let ended = |machine: &Machine| match machine.phase {
            Phase::Stopping | Phase::Gone => true,
            Phase::Pending | Phase::Running => false,
        };
        assert!(listed.values().all(ended), "{}: {listed:?}", site.name);
    }
}

#[tokio::test]
async fn protected_machine_is_not_ended_until_a_call_unprotects_it() {
    for site in sites().await {
        let cloud = site.cloud_of(&deployment());
        let launched = cloud.launch(&site.order(1, Market::OnDemand)).await;
        let id = ids(&launched.expect(site.name)).remove(0);
        let ec2 = &site.clients.ec2;
        let protect = async |on: bool| {
            let value = AttributeBooleanValue::builder().value(on).build();
            let call = ec2.modify_instance_attribute().instance_id(id.as_str());
            let done = call.disable_api_termination(value).send().await;
            done.expect(site.name);
        };
        protect(true).await;
        let call = || ec2.terminate_instances().instance_ids(id.as_str());
        let refused = call().send().await.expect_err(site.name);
        let refused = refused.into_service_error();
        assert_eq!(refused.meta().code(), Some("OperationNotPermitted"));
        let sentence = format!(
            "The instance '{id}' may not be terminated. Modify its 'disableApiTermination' \
             instance attribute and try again."
        );
        assert_eq!(refused.meta().message(), Some(sentence.as_str()));
        protect(false).await;
        call().send().await.expect(site.name);
    }
}

#[tokio::test]
async fn shutdown_behavior_is_changed_by_a_call() {
    for site in sites().await {
        let cloud = site.cloud_of(&deployment());
        let launched = cloud.launch(&site.order(1, Market::OnDemand)).await;
        let id = ids(&launched.expect(site.name)).remove(0);
        let value = AttributeValue::builder().value("stop").build();
        let call = site.clients.ec2.modify_instance_attribute();
        let call = call.instance_id(id.as_str());
        let done = call.instance_initiated_shutdown_behavior(value).send();
        done.await.expect(site.name);
    }
}

#[tokio::test]
async fn how_a_machine_ended_is_told_as_long_as_it_is_listed() {
    for site in sites().await {
        let cloud = site.cloud_of(&deployment());
        let launched = cloud.launch(&site.order(2, Market::OnDemand)).await;
        let ids = ids(&launched.expect(site.name));
        // One that runs has come to no end.
        assert_eq!(cloud.ending(&ids[1]).await.expect(site.name), None);
        cloud.end(&ids[..1]).await;
        let ending = cloud.ending(&ids[0]).await.expect(site.name);
        let ending = ending.expect(site.name);
        assert_eq!(ending.by, EndedBy::Request, "{}", site.name);
        assert!(ending.at.is_some(), "{}: {ending:?}", site.name);
        // Machines of other deployments are nobody's business.
        let other = site.cloud_of(&deployment());
        assert_eq!(other.ending(&ids[0]).await.expect(site.name), None);
    }
}

#[tokio::test]
async fn a_console_without_our_marks_tells_of_no_agent() {
    for site in sites().await {
        let cloud = site.cloud_of(&deployment());
        let launched = cloud.launch(&site.order(1, Market::OnDemand)).await;
        let ids = ids(&launched.expect(site.name));
        let consoles = cloud.consoles(&ids).await;
        let marks = consoles[&ids[0]].as_ref().expect(site.name);
        let no_agent = ConsoleMarks {
            registered: false,
            log_closed: false,
            ..ConsoleMarks::default()
        };
        assert!(
            marks.is_none() || *marks == Some(no_agent),
            "{}: {marks:?}",
            site.name
        );
    }
}

#[tokio::test]
async fn a_subnet_or_a_template_that_is_not_there_is_refused_in_the_accounts_words() {
    for site in sites().await {
        let refusal = async |site: &Site, order: &LaunchOrder| {
            let cloud = site.cloud_of(&deployment());
            let error = cloud.launch(order).await.expect_err(site.name);
            let LaunchError::Refused { reason } = error else {
                panic!("{}: {error:?}", site.name);
            };
            reason
        };
        let mut order = site.order(1, Market::OnDemand);
        order.offers.truncate(1);
        order.offers[0].subnet = "subnet-0000000000000000f".to_owned();
        let reason = refusal(&site, &order).await;
        assert!(
            reason.starts_with("InvalidSubnetI"),
            "{}: {reason}",
            site.name
        );
        let lost = Site {
            template: "lt-0000000000000000f".to_owned(),
            ..site
        };
        let reason = refusal(&lost, &lost.order(1, Market::OnDemand)).await;
        assert!(
            reason.starts_with("InvalidLaunchTemplateI"),
            "{}: {reason}",
            lost.name
        );
    }
}
