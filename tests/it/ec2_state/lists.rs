//! Subnets, images, templates and spot prices.

use super::world::World;

#[test]
fn a_subnet_tells_how_many_addresses_are_free() {
    let mut world = World::new();
    world.launch(3);
    let subnets = world.call("DescribeSubnets", &[]);
    assert_eq!(subnets.all("availableIpAddressCount"), ["4088", "4091"]);
    let one = world.call("DescribeSubnets", &[("SubnetId.1", "subnet-b")]);
    assert_eq!(one.all("availabilityZone"), ["eu-central-1b"]);
    let zone = [
        ("Filter.1.Name", "availability-zone"),
        ("Filter.1.Value.1", "*a"),
    ];
    assert_eq!(
        world.call("DescribeSubnets", &zone).all("subnetId"),
        ["subnet-a"]
    );
    let lost = world.call("DescribeSubnets", &[("SubnetId.1", "subnet-z")]);
    assert_eq!(lost.one("Code"), "InvalidSubnetID.NotFound");
}

#[test]
fn images_are_found_by_id_and_by_filter() {
    let mut world = World::new();
    let one = world.call("DescribeImages", &[("ImageId.1", "ami-arm")]);
    assert_eq!(
        (one.one("architecture"), one.one("imageState")),
        ("arm64".to_owned(), "available".to_owned(),)
    );
    let x86 = [
        ("Filter.1.Name", "architecture"),
        ("Filter.1.Value.1", "x86_64"),
    ];
    assert_eq!(
        world.call("DescribeImages", &x86).all("imageId"),
        ["ami-x86"]
    );
    let lost = world.call("DescribeImages", &[("ImageId.1", "ami-none")]);
    assert_eq!(lost.one("Code"), "InvalidAMIID.NotFound");
    let tag = world.call("DescribeImages", &[("Filter.1.Name", "tag:a")]);
    assert_eq!(tag.one("Code"), "InvalidParameterValue");
}

#[test]
fn versions_of_a_template_are_listed_by_number_and_by_word() {
    let mut world = World::with(|settings| {
        let template = settings.templates.get_mut("lt-1").unwrap();
        template.add_version(Some(1), Default::default());
        template.add_version(None, Default::default());
    });
    let mut list = |versions: &[(&str, &str)]| {
        let id = [("LaunchTemplateId", "lt-1")];
        world.call(
            "DescribeLaunchTemplateVersions",
            &[&id[..], versions].concat(),
        )
    };
    let all = list(&[]);
    assert_eq!(all.all("versionNumber"), ["1", "2", "3"]);
    assert_eq!(all.all("imageId"), ["ami-x86", "ami-x86"]);
    let words = [
        ("LaunchTemplateVersion.1", "$Latest"),
        ("LaunchTemplateVersion.2", "$Default"),
    ];
    let named = list(&words);
    assert_eq!(named.all("versionNumber"), ["3", "1"]);
    assert_eq!(named.all("defaultVersion"), ["false", "true"]);
    let lost = list(&[("LaunchTemplateVersion.1", "9")]);
    assert_eq!(lost.one("Code"), "InvalidLaunchTemplateId.VersionNotFound");
}

#[test]
fn spot_prices_are_of_sizes_and_zones_and_come_in_pages() {
    let mut world = World::new();
    let one = [
        ("InstanceType.1", "c7i.large"),
        ("AvailabilityZone", "eu-central-1b"),
    ];
    let prices = world.call("DescribeSpotPriceHistory", &one);
    assert_eq!(prices.all("spotPrice"), ["0.040740"]);
    let page = world.call("DescribeSpotPriceHistory", &[("MaxResults", "3")]);
    assert_eq!(page.all("spotPrice").len(), 3);
    let token = page.one("nextToken");
    let rest = [("MaxResults", "100"), ("NextToken", token.as_str())];
    let rest = world.call("DescribeSpotPriceHistory", &rest);
    assert_eq!(
        (rest.all("spotPrice").len(), rest.all("nextToken").len()),
        (5, 0)
    );
    let other = world.call(
        "DescribeSpotPriceHistory",
        &[("ProductDescription.1", "Windows")],
    );
    assert_eq!(other.all("spotPrice").len(), 0);
}
