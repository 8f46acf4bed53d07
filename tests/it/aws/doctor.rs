//! What the doctor sees through the real client, and what each fault of an account looks like.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dayfly::aws::doctor::{Doctor, PoolSeen};
use dayfly::aws::quotas::granted;
use dayfly::doctor::account::{Launches, Reached, Rehearsal};
use dayfly::doctor::place::{Image, Size, Subnet};
use dayfly::doctor::quota::{Family, Quota};
use dayfly::model::id::Deployment;
use dayfly::model::offer::Market;
use dayfly::model::template::ImageSource;
use dayfly::ports::Cloud;
use dayfly_lab::emulator::ec2::action::Action;
use dayfly_lab::emulator::ec2::faults::{Fault, Scope};
use dayfly_lab::emulator::ec2::settings::Ec2Settings as Account;
use dayfly_lab::emulator::ec2::template::ShutdownBehavior;
use dayfly_lab::emulator::ec2::{Ec2, error};
use tokio::time::advance;

use super::wire::Wire;
use super::world::{UNSEEN, account, cloud, offers, order, policy, pool};

fn deployment() -> Deployment {
    Deployment::new("ci")
}

/// What is seen of the one pool, whose image `image` may name.
async fn seen(wire: &Wire, image: Option<ImageSource>) -> PoolSeen {
    let mut policy = policy(offers(Market::OnDemand)).pools[&pool()].clone();
    policy.template.image = image;
    let (clients, deployment) = (wire.clients(), deployment());
    let doctor = Doctor::new(&clients, &deployment);
    Box::pin(doctor.pool(&pool(), &policy)).await
}

fn x86() -> Image {
    Image {
        id: "ami-x86".into(),
        state: "available".into(),
        architecture: "x86_64".into(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_is_well_is_seen_whole_and_nothing_is_launched() {
    let wire = Wire::new(Ec2::new(account()));
    let seen = seen(&wire, None).await;
    let template = seen.template.expect("it is there");
    assert_eq!(template.shutdown.as_deref(), Some("terminate"));
    assert_eq!(template.http_tokens.as_deref(), Some("required"));
    assert_eq!(seen.image, Ok(x86()));
    let types = seen.types.expect("they are there");
    let size = Size {
        runs: BTreeSet::from(["x86_64".to_owned()]),
        vcpus: Some(2),
    };
    assert_eq!(
        types,
        ["c7i.large", "m7i.large"]
            .map(|it| (it.to_owned(), size.clone()))
            .into()
    );
    let subnet = |zone: &str| Subnet {
        zone: zone.to_owned(),
        free: Some(4091),
    };
    let expected = [("subnet-a", "eu-central-1a"), ("subnet-b", "eu-central-1b")];
    let expected = expected
        .map(|(id, zone)| (id.to_owned(), subnet(zone)))
        .into();
    assert_eq!(seen.subnets, Ok(expected));
    let launches = Launches {
        fleet: Rehearsal::Allowed,
        run: Rehearsal::Allowed,
        run_without_tags: None,
    };
    assert_eq!(seen.launches, Some(launches));
    assert_eq!(wire.ec2().machines().count(), 0);
    let launches = ["Action=CreateFleet&", "Action=RunInstances&"];
    for request in wire.requests() {
        let is_launch = launches.iter().any(|action| request.contains(action));
        assert!(!is_launch || request.contains("DryRun=true"), "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_told_in_awss_words_and_no_launch_is_rehearsed() {
    let wire = Wire::new(Ec2::new(account()));
    let lost = seen(&wire, Some(ImageSource::Id("ami-lost".into()))).await;
    let word = lost.image.expect_err("no such image");
    assert!(word.starts_with("InvalidAMIID.NotFound: "), "{word}");
    assert_eq!(lost.launches, None);
    let lost = seen(&wire, Some(ImageSource::Parameter("/lost".into()))).await;
    let word = lost.image.expect_err("no such parameter");
    assert!(
        word.starts_with("parameter /lost: ParameterNotFound: "),
        "{word}"
    );
    let parameter = seen(&wire, Some(ImageSource::Parameter("/dayfly/image".into()))).await;
    assert_eq!(parameter.image, Ok(x86()));
    wire.ec2().settings_mut().subnets.remove("subnet-b");
    wire.ec2().settings_mut().types.remove("m7i.large");
    wire.ec2().settings_mut().templates.clear();
    let lost = seen(&wire, None).await;
    let word = lost.template.expect_err("no such template");
    assert!(
        word.starts_with("InvalidLaunchTemplateId.NotFound: "),
        "{word}"
    );
    assert_eq!(lost.image, Err("the launch template cannot be read".into()));
    let word = lost.types.expect_err("no such type");
    assert!(
        word.starts_with("InvalidInstanceType: ") && word.contains("m7i.large"),
        "{word}"
    );
    let word = lost.subnets.expect_err("no such subnet");
    assert!(word.starts_with("InvalidSubnetID.NotFound: "), "{word}");
}

#[tokio::test(start_paused = true)]
async fn a_templates_user_data_is_read_as_a_machine_reads_it() {
    let wire = Wire::new(Ec2::new(account()));
    let change = |data: &str, shutdown| {
        let mut ec2 = wire.ec2();
        let template = ec2
            .settings_mut()
            .templates
            .get_mut("lt-1")
            .expect("the default");
        let version = template.versions.get_mut(&1).expect("the first");
        version.user_data = Some(data.to_owned());
        version.shutdown = shutdown;
    };
    change(
        &STANDARD.encode("#cloud-config\n"),
        Some(ShutdownBehavior::Stop),
    );
    let template = seen(&wire, None).await.template.expect("it is there");
    assert_eq!(template.user_data, Some(Ok(b"#cloud-config\n".to_vec())));
    assert_eq!(template.shutdown.as_deref(), Some("stop"));
    change("#cloud-config", None);
    let template = seen(&wire, None).await.template.expect("it is there");
    let word = template
        .user_data
        .expect("there is some")
        .expect_err("no base64");
    assert!(word.starts_with("is no base64: "), "{word}");
    assert_eq!(template.shutdown, None);
}

#[tokio::test(start_paused = true)]
async fn permissions_are_rehearsed_with_a_machine_of_ours_if_there_is_one() {
    let (wire, cloud) = cloud(account());
    let (clients, deployment) = (wire.clients(), deployment());
    let doctor = Doctor::new(&clients, &deployment);
    assert_eq!(doctor.machine().await, None);
    let rehearsals = Box::pin(doctor.permissions(None)).await;
    assert_eq!(rehearsals["DescribeInstances"], Rehearsal::Allowed);
    assert_eq!(rehearsals["DescribeInstanceStatus"], Rehearsal::Allowed);
    assert_eq!(rehearsals["TerminateInstances"], Rehearsal::NotFound);
    assert_eq!(rehearsals["GetConsoleOutput"], Rehearsal::NotFound);
    let launched = cloud
        .launch(&order("dayfly-1", 1))
        .await
        .expect("a machine");
    advance(UNSEEN).await;
    let machine = doctor.machine().await.expect("it is listed");
    assert_eq!(machine, launched.machines[0].id.as_str());
    let rehearsals = Box::pin(doctor.permissions(Some(&machine))).await;
    assert!(
        rehearsals.values().all(|it| *it == Rehearsal::Allowed),
        "{rehearsals:?}"
    );
    let record = wire
        .ec2()
        .machine(&machine)
        .expect("it is there")
        .state
        .name();
    assert_ne!(record, "shutting-down", "it was a rehearsal");

    let scope = Scope::on(Action::TerminateInstances);
    wire.ec2()
        .add_fault(scope, Fault::Refused(error::UNAUTHORIZED));
    let scope = Scope::on(Action::GetConsoleOutput);
    wire.ec2().add_fault(scope, Fault::Refused(error::INTERNAL));
    let rehearsals = Box::pin(doctor.permissions(Some(&machine))).await;
    let Rehearsal::Denied(word) = &rehearsals["TerminateInstances"] else {
        panic!("denied: {rehearsals:?}");
    };
    // The remedy is the judge's.
    assert!(
        word.starts_with("UnauthorizedOperation: ") && !word.contains("doctor"),
        "{word}"
    );
    assert!(
        matches!(rehearsals["GetConsoleOutput"], Rehearsal::Unclear(_)),
        "{rehearsals:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_launch_that_may_not_be_tagged_is_told_from_one_that_may_not_be() {
    let wire = Wire::new(Ec2::new(account()));
    let scope = Scope::on(Action::RunInstances).times(1);
    wire.ec2()
        .add_fault(scope, Fault::Refused(error::UNAUTHORIZED));
    let launches = seen(&wire, None).await.launches.expect("rehearsed");
    assert!(matches!(launches.run, Rehearsal::Denied(_)), "{launches:?}");
    assert_eq!(launches.run_without_tags, Some(Rehearsal::Allowed));
    let scope = Scope::on(Action::CreateFleet);
    wire.ec2()
        .add_fault(scope, Fault::Refused(error::SERVICE_LINKED_ROLE));
    let launches = seen(&wire, None).await.launches.expect("rehearsed");
    let Rehearsal::Refused(word) = launches.fleet else {
        panic!("refused: {launches:?}");
    };
    assert!(word.contains("create the service-linked role"), "{word}");
}

#[tokio::test(start_paused = true)]
async fn strangers_and_silence_are_told_apart() {
    let wire = Wire::new(Ec2::new(account()));
    let (clients, deployment) = (wire.clients(), deployment());
    let doctor = Doctor::new(&clients, &deployment);
    assert_eq!(doctor.reached().await, Reached::Yes);
    let mut asked = Vec::new();
    for fault in [
        Fault::Refused(error::UNAUTHORIZED),
        Fault::Refused(error::AUTH_FAILURE),
        Fault::Reset,
    ] {
        let id = wire
            .ec2()
            .add_fault(Scope::on(Action::DescribeInstances), fault);
        asked.push(doctor.reached().await);
        wire.ec2().remove_fault(id);
    }
    assert_eq!(
        asked[0],
        Reached::Yes,
        "who may nothing is known all the same"
    );
    let auth = "AuthFailure: AWS was not able to validate the provided access credentials";
    assert_eq!(asked[1], Reached::Stranger(auth.into()));
    assert!(matches!(&asked[2], Reached::No(_)), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn quotas_are_those_of_the_account_and_a_refusal_is_in_its_words() {
    let wire = Wire::new(Ec2::new(Account {
        spot_vcpus_max: 64,
        ..account()
    }));
    let quota = |family, market| Quota { family, market };
    let spot = quota(Family::Standard, Market::Spot);
    let graphics = quota(Family::Graphics, Market::OnDemand);
    let asked = async || granted(&wire.clients(), BTreeSet::from([spot, graphics])).await;
    let told = asked().await;
    assert_eq!(told[&spot], Ok(64));
    let word = told[&graphics].as_ref().expect_err("this account has none");
    assert!(word.starts_with("NoSuchResourceException: "), "{word}");
    let denied = Fault::Refused(error::ACCESS_DENIED);
    wire.ec2().add_fault(Scope::on_get_service_quota(), denied);
    let told = asked().await;
    let word = told[&spot].as_ref().expect_err("denied");
    assert!(word.starts_with("AccessDeniedException: "), "{word}");
}
