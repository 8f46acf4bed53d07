//! Subnets, images, templates and spot prices.

use dayfly::model::offer::Market;
use dayfly_lab::emulator::ec2::template::TemplateData;

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
    let key = world.call("DescribeImages", &[("Filter.1.Name", "tag-key")]);
    assert_eq!(key.one("Code"), "InvalidParameterValue");
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
fn a_version_tells_all_that_a_launch_takes_over() {
    let mut world = World::with(|settings| {
        let template = settings.templates.get_mut("lt-1").unwrap();
        let data = TemplateData {
            image: Some("resolve:ssm:/dayfly/image".to_owned()),
            user_data: Some("IyEvYmluL3No".to_owned()),
            subnet: Some("subnet-b".to_owned()),
            market: Some(Market::Spot),
            ..TemplateData::default()
        };
        template.add_version(Some(1), data);
    });
    let mut version = |more: &[(&str, &str)]| {
        let asked = [
            ("LaunchTemplateName", "dayfly"),
            ("LaunchTemplateVersion.1", "2"),
        ];
        let parameters = [&asked[..], more].concat();
        world.call("DescribeLaunchTemplateVersions", &parameters)
    };
    let said = version(&[]);
    assert_eq!(said.one("imageId"), "resolve:ssm:/dayfly/image");
    assert_eq!(said.one("userData"), "IyEvYmluL3No");
    assert_eq!(said.one("subnetId"), "subnet-b");
    assert_eq!(said.one("marketType"), "spot");
    assert_eq!(said.one("instanceInitiatedShutdownBehavior"), "terminate");
    assert_eq!(
        said.one("metadataOptions"),
        "<httpTokens>required</httpTokens>"
    );
    let resolved = version(&[("ResolveAlias", "true")]);
    assert_eq!(resolved.one("imageId"), "ami-x86");
}

#[test]
fn versions_come_in_pages() {
    let mut world = World::with(|settings| {
        let template = settings.templates.get_mut("lt-1").unwrap();
        template.add_version(Some(1), TemplateData::default());
        template.add_version(Some(1), TemplateData::default());
    });
    let mut page = |token: &str| {
        let parameters = [
            ("LaunchTemplateId", "lt-1"),
            ("MaxResults", "2"),
            ("NextToken", token),
        ];
        let page = world.call("DescribeLaunchTemplateVersions", &parameters);
        (page.all("versionNumber"), page.one("nextToken"))
    };
    let (first, token) = page("");
    let (second, end) = page(&token);
    assert_eq!(
        (first.join(" "), second.join(" ")),
        ("1 2".to_owned(), "3".to_owned())
    );
    assert_eq!(end, "");
}

#[test]
fn sizes_tell_their_processors_and_memory() {
    let mut world = World::new();
    let mut list = |parameters: &[(&str, &str)]| world.call("DescribeInstanceTypes", parameters);
    let one = list(&[("InstanceType.1", "m7i.large")]);
    assert_eq!(one.all("instanceType"), ["m7i.large"]);
    assert_eq!(
        (one.one("defaultVCpus"), one.one("sizeInMiB")),
        ("2".to_owned(), "8192".to_owned())
    );
    assert_eq!(one.one("supportedArchitectures"), "<item>x86_64</item>");
    let mut found = |name: &str, value: &str| {
        let filter = [("Filter.1.Name", name), ("Filter.1.Value.1", value)];
        list(&filter).all("instanceType").join(" ")
    };
    assert_eq!(found("instance-type", "c7i.*"), "c7i.large c7i.xlarge");
    assert_eq!(found("vcpu-info.default-vcpus", "4"), "c7i.xlarge");
    assert_eq!(
        found("memory-info.size-in-mib", "4096"),
        "c7g.large c7i.large"
    );
    assert_eq!(
        found("processor-info.supported-architecture", "arm64"),
        "c7g.large"
    );
    let lost = list(&[("InstanceType.1", "m7i.large"), ("InstanceType.2", "x.y")]);
    assert_eq!(lost.one("Code"), "InvalidInstanceType");
    assert!(lost.one("Message").ends_with("[x.y]"), "{}", lost.text);
    let few = list(&[("MaxResults", "101")]);
    assert_eq!(few.one("Code"), "InvalidParameterValue");
}

#[test]
fn spot_prices_are_filtered() {
    let mut world = World::new();
    let mut count = |name: &str, value: &str| {
        let filter = [("Filter.1.Name", name), ("Filter.1.Value.1", value)];
        let prices = world.call("DescribeSpotPriceHistory", &filter);
        assert_eq!(prices.response.status, 200, "{}", prices.text);
        prices.all("spotPrice").len()
    };
    assert_eq!(count("availability-zone", "eu-central-1a"), 4);
    assert_eq!(count("instance-type", "c7i.*"), 4);
    assert_eq!(count("product-description", "Linux/UNIX"), 8);
    assert_eq!(count("product-description", "Windows"), 0);
    assert_eq!(count("spot-price", "0.040740"), 2);
    let lost = world.call("DescribeSpotPriceHistory", &[("Filter.1.Name", "tag:a")]);
    assert_eq!(lost.one("Code"), "InvalidParameterValue");
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
