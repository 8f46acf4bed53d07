//! What a pool's machines are made of, and where they stand.

use std::collections::BTreeMap;
use std::path::Path;

use dayfly::doctor::place::{self, Image, Size, Subnet};
use dayfly::doctor::template::{Template, template, user_data};
use dayfly::doctor::{Finding, Health};
use dayfly::model::secret::Secret;

use super::{assert_said, pool};

fn good() -> Template {
    Template {
        shutdown: Some("terminate".into()),
        http_tokens: Some("required".into()),
        shows_tags: true,
        has_profile: true,
        user_data: None,
    }
}

fn judged(seen: Template) -> Vec<Finding> {
    template(&pool(), "lt-1 version 3", &Ok(seen))
}

#[test]
fn a_template_is_judged_by_what_ends_protects_and_admits_its_machines() {
    let well = judged(good());
    assert_eq!(well.len(), 4);
    assert!(well.iter().all(|it| it.health == Health::Ok), "{well:?}");
    let stops = judged(Template {
        shutdown: Some("stop".into()),
        ..good()
    });
    assert_said(
        &stops[0],
        Health::Wrong,
        "lt-1 version 3: powering off only stops a machine",
    );
    // EC2's own defaults: stop, and metadata for everybody, without tags.
    let silent = judged(Template::default());
    assert_said(
        &silent[0],
        Health::Wrong,
        "instance_initiated_shutdown_behavior = \"terminate\"",
    );
    assert_said(&silent[1], Health::Warning, "without a session");
    assert_said(
        &silent[2],
        Health::Warning,
        "instance_metadata_tags = \"enabled\"",
    );
    assert_said(&silent[3], Health::Warning, "machines have no role");
    let lost = template(&pool(), "lt-1 version 3", &Err("NotFound: no".into()));
    assert_said(
        &lost[0],
        Health::Wrong,
        "lt-1 version 3: NotFound: no; check launch_template",
    );
}

#[test]
fn user_data_is_short_and_holds_no_token() {
    let (token, empty) = (Secret::new("registration-1"), Secret::default());
    let tokens = [&empty, &token];
    let found = |data: &[u8]| user_data(&pool(), Some(&Ok(data.to_vec())), &tokens);
    assert_said(
        &user_data(&pool(), None, &tokens),
        Health::Ok,
        "the image starts the agent",
    );
    assert_said(
        &found(&[b'#'; 16_384]),
        Health::Ok,
        "16384 of 16384 bytes, without a token",
    );
    assert_said(
        &found(&[b'#'; 16_385]),
        Health::Wrong,
        "16385 bytes, and EC2 takes 16384",
    );
    let leaking = found(b"TOKEN=registration-1\n");
    assert_said(
        &leaking,
        Health::Wrong,
        "a token of this configuration is in it; take it out",
    );
    assert!(!leaking.to_string().contains("registration-1"));
    assert_said(
        &found(&[0x1f, 0x8b, 8]),
        Health::Warning,
        "not searched for tokens",
    );
    let broken = user_data(&pool(), Some(&Err("no base64".into())), &tokens);
    assert_said(&broken, Health::Wrong, "no base64; encode it");
}

fn image() -> Image {
    Image {
        id: "ami-1".into(),
        state: "available".into(),
        architecture: "arm64".into(),
    }
}

#[test]
fn an_image_has_to_be_there_and_every_type_has_to_run_it() {
    assert_said(
        &place::image(&pool(), &Ok(image())),
        Health::Ok,
        "ami-1 is available, arm64",
    );
    let pending = Image {
        state: "pending".into(),
        ..image()
    };
    assert_said(
        &place::image(&pool(), &Ok(pending)),
        Health::Wrong,
        "ami-1 is pending; wait",
    );
    let lost = Err("InvalidAMIID.NotFound: no".to_owned());
    assert_said(
        &place::image(&pool(), &lost),
        Health::Wrong,
        "InvalidAMIID.NotFound: no; name",
    );

    let runs = |names: &[&str]| Size {
        runs: names.iter().map(|name| (*name).to_owned()).collect(),
        vcpus: Some(2),
    };
    let types = BTreeMap::from([
        ("c7g.large".to_owned(), runs(&["arm64"])),
        ("t2.small".to_owned(), runs(&["i386", "x86_64"])),
    ]);
    let unfit = place::types(&pool(), Some(&image()), &Ok(types.clone()));
    assert_said(
        &unfit,
        Health::Wrong,
        "t2.small cannot run ami-1, which is arm64; name types",
    );
    let fit = types.into_iter().take(1).collect();
    let fit = place::types(&pool(), Some(&image()), &Ok(fit));
    assert_said(&fit, Health::Ok, "1 type, all of which run arm64");
    let blind = place::types(&pool(), None, &Ok(BTreeMap::new()));
    assert_said(&blind, Health::Warning, "no image to compare");
    let odd = place::types(
        &pool(),
        Some(&image()),
        &Err("InvalidInstanceType: no".into()),
    );
    assert_said(
        &odd,
        Health::Wrong,
        "InvalidInstanceType: no; correct instance_types",
    );
}

#[test]
fn subnets_lie_in_zones_of_their_own_and_have_room() {
    let subnets = |rows: &[(&str, &str, u32)]| {
        let rows = rows.iter().map(|(id, zone, free)| {
            let zone = (*zone).to_owned();
            (
                (*id).to_owned(),
                Subnet {
                    zone,
                    free: Some(*free),
                },
            )
        });
        place::subnets(&pool(), 100, &Ok(rows.collect()))
    };
    let found = subnets(&[("subnet-a", "1a", 60), ("subnet-b", "1b", 40)]);
    assert_said(
        &found,
        Health::Ok,
        "2 subnets with 100 free addresses, and up to 100 machines",
    );
    let found = subnets(&[("subnet-a", "1a", 60), ("subnet-b", "1b", 39)]);
    assert_said(&found, Health::Warning, "99 free addresses");
    let found = subnets(&[("subnet-a", "1a", 0)]);
    assert_said(&found, Health::Wrong, "1 subnet with 0 free addresses");
    let found = subnets(&[("subnet-a", "1a", 900), ("subnet-b", "1a", 900)]);
    assert_said(
        &found,
        Health::Wrong,
        "subnet-a and subnet-b lie both in 1a, which a fleet refuses",
    );
    let lost = place::subnets(&pool(), 1, &Err("InvalidSubnetID.NotFound: no".into()));
    assert_said(
        &lost,
        Health::Wrong,
        "InvalidSubnetID.NotFound: no; correct the pool's subnets",
    );
}

#[test]
fn a_folder_is_named() {
    let folder = Path::new("/var/lib/dayfly");
    assert_said(
        &place::folder(folder, true),
        Health::Ok,
        "/var/lib/dayfly can be written",
    );
    assert_said(
        &place::folder(folder, false),
        Health::Wrong,
        "/var/lib/dayfly cannot be written",
    );
}
