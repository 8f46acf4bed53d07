//! Images, their snapshots, and the parameter that names one.

use std::time::Duration;

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use dayfly::aws::bakery::Bakery;
use dayfly::aws::bakery::act::BuilderLaunch;
use dayfly::image::build::Order;
use dayfly::image::history::Standing;
use dayfly::image::{BuilderState, ImageState, Verdict};
use dayfly::model::id::{Deployment, ImageId, Recipe};
use dayfly::model::offer::Market;
use dayfly::ports::{Clock, Cloud, SystemClock};

use super::{Site, TYPE, deployment, pool, sites, unused_name};

fn tagged(kind: ResourceType, deployment: &Deployment) -> TagSpecification {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    TagSpecification::builder()
        .resource_type(kind)
        .tags(tag("dayfly:images", deployment.as_str()))
        .tags(tag("dayfly:pool", "linux"))
        .tags(tag("dayfly:recipe", "r1"))
        .build()
}

/// An image of a machine of this deployment, as a build makes it.
async fn make(site: &Site, deployment: &Deployment) -> ImageId {
    let cloud = site.cloud_of(deployment);
    let launched = cloud.launch(&site.order(1, Market::OnDemand)).await;
    let machine = launched.expect(site.name).machines.remove(0).id;
    let call = site.clients.ec2.create_image().name(unused_name("image"));
    let call = call.instance_id(machine.as_str());
    let call = call.tag_specifications(tagged(ResourceType::Image, deployment));
    // moto makes no tags of snapshots.
    let call = match site.is_moto() {
        true => call,
        false => call.tag_specifications(tagged(ResourceType::Snapshot, deployment)),
    };
    let made = call.send().await.expect(site.name);
    ImageId::new(made.image_id().expect("it has an id"))
}

#[tokio::test]
async fn an_image_is_listed_judged_and_removed_with_what_lies_under_it() {
    for site in sites().await {
        let deployment = deployment();
        let bakery = Bakery::new(site.clients.clone(), deployment.clone(), SystemClock);
        assert_eq!(bakery.images().await, Ok(Vec::new()), "{}", site.name);
        let id = make(&site, &deployment).await;
        let images = bakery.images().await.expect(site.name);
        let [image] = images.as_slice() else {
            panic!("{}: {images:?}", site.name);
        };
        assert_eq!(image.id, id, "{}", site.name);
        assert_eq!(
            (image.pool.as_str(), image.recipe.as_str()),
            ("linux", "r1")
        );
        assert_eq!(image.state, ImageState::Available, "{}", site.name);
        assert_eq!(
            (image.snapshots.len(), &image.verdict),
            (1, &None),
            "{}",
            site.name
        );
        let lost = ImageId::new("ami-0123456789abcdef0");
        let standings = bakery.standings(&[&id, &lost]).await.expect(site.name);
        assert_eq!(
            standings,
            [(id.clone(), Standing::Good)].into(),
            "{}",
            site.name
        );
        let rejected = Verdict::Rejected("2 of 3 machines failed".to_owned());
        bakery.judge(&id, &rejected).await.expect(site.name);
        let images = bakery.images().await.expect(site.name);
        assert_eq!(images[0].verdict, Some(rejected), "{}", site.name);
        // Twice: what is gone counts as removed.
        for _ in 0..2 {
            bakery.remove(&images[0]).await.expect(site.name);
        }
        assert_eq!(bakery.images().await, Ok(Vec::new()), "{}", site.name);
        let snapshots = site.clients.ec2.describe_snapshots().owner_ids("self");
        let snapshots = snapshots.send().await.expect(site.name);
        let left = snapshots
            .snapshots()
            .iter()
            .filter_map(|it| it.snapshot_id());
        let left: Vec<&str> = left.collect();
        assert!(
            !left.contains(&images[0].snapshots[0].as_str()),
            "{}",
            site.name
        );
    }
}

#[tokio::test]
async fn a_parameter_names_one_image_after_the_other_and_remembers_them() {
    for site in sites().await {
        let bakery = Bakery::new(site.clients.clone(), deployment(), SystemClock);
        let parameter = format!("/dayfly/{}", unused_name("parameter"));
        assert_eq!(bakery.named(&parameter).await, Ok(None), "{}", site.name);
        assert_eq!(
            bakery.history(&parameter).await,
            Ok(Vec::new()),
            "{}",
            site.name
        );
        for (number, image) in (1..).zip(["ami-1", "ami-2", "ami-1"]) {
            let version = bakery.name(&parameter, &ImageId::new(image)).await;
            assert_eq!(version, Ok(number), "{}", site.name);
        }
        let named = bakery.named(&parameter).await.expect(site.name);
        let named = named.expect("it is there");
        assert_eq!((named.number, named.image.as_str()), (3, "ami-1"));
        let history = bakery.history(&parameter).await.expect(site.name);
        let history = history.iter().map(|it| (it.number, it.image.as_str()));
        let history: Vec<(u64, &str)> = history.collect();
        assert_eq!(
            history,
            [(1, "ami-1"), (2, "ami-2"), (3, "ami-1")],
            "{}",
            site.name
        );
    }
}

#[tokio::test]
async fn a_builder_is_launched_with_its_tags_seen_and_ended() {
    for site in sites().await {
        let bakery = Bakery::new(site.clients.clone(), deployment(), SystemClock);
        let order = Order {
            pool: pool(),
            recipe: Recipe::new("r1"),
            builder_limit: Duration::from_secs(1800),
            image_limit: Duration::from_secs(3600),
        };
        let launch = BuilderLaunch {
            template: site.launch_template(),
            source: ImageId::new(&site.image),
            instance_type: TYPE.to_owned(),
            subnet: site.subnets[0].clone(),
            user_data: "#cloud-config\n".to_owned(),
        };
        let now = SystemClock.now();
        let id = bakery.launch(&order, &launch, now).await.expect(site.name);
        let seen = bakery.look(&order).await.expect(site.name);
        let [builder] = seen.builders.as_slice() else {
            panic!("{}: {seen:?}", site.name);
        };
        assert_eq!(
            (&builder.id, &builder.pool),
            (&id, &order.pool),
            "{}",
            site.name
        );
        assert_eq!(builder.recipe, order.recipe, "{}", site.name);
        assert_eq!(builder.state, BuilderState::Working, "{}", site.name);
        // No scaler takes it for a machine of its own.
        let cloud = site.cloud_of(&Deployment::new("any"));
        assert!(!cloud.machines().await.expect(site.name).contains_key(&id));
        for _ in 0..2 {
            bakery.end(&id).await.expect(site.name);
        }
        let seen = bakery.look(&order).await.expect(site.name);
        let state = &seen.builders[0].state;
        assert!(
            matches!(state, BuilderState::Ended(_)),
            "{}: {state:?}",
            site.name
        );
    }
}
