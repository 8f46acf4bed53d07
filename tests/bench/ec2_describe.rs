//! How long the emulated EC2 takes to list 10,000 machines: one filtered page, and all of them.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use dayfly::model::time::Timestamp;
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::settings::Ec2Settings;
use dayfly_lab::emulator::ec2::throttle::Throttling;
use dayfly_lab::emulator::message::Request;

const LAUNCHED_AT: Timestamp = Timestamp::from_seconds(1_790_000_000);
const NOW: Timestamp = Timestamp::from_seconds(1_790_000_060);

fn request(form: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        authorization: Some("AWS4-HMAC-SHA256 …".to_owned()),
        body: format!("Version=2016-11-15&{form}").into_bytes(),
        ..Request::default()
    }
}

/// 10,000 machines, half of them with the tag that is asked for.
fn crowd() -> Ec2 {
    let mut settings = Ec2Settings {
        throttling: Throttling::Off,
        ..Ec2Settings::default()
    };
    for subnet in settings.subnets.values_mut() {
        subnet.addresses_max = 65_536;
    }
    let mut ec2 = Ec2::new(settings);
    for launch in 0..20 {
        let form = format!(
            "Action=RunInstances&LaunchTemplate.LaunchTemplateId=lt-1&InstanceType=c7i.large\
             &SubnetId=subnet-a&MinCount=500&MaxCount=500&TagSpecification.1.ResourceType=instance\
             &TagSpecification.1.Tag.1.Key=dayfly%3Adeployment\
             &TagSpecification.1.Tag.1.Value=bench-{}",
            launch % 2
        );
        let launched = ec2.handle(&request(&form), LAUNCHED_AT);
        assert_eq!(launched.status, 200, "the account is large enough");
    }
    ec2
}

fn describe(criterion: &mut Criterion) {
    let mut ec2 = crowd();
    let mut group = criterion.benchmark_group("emulated_ec2");
    let page = request(
        "Action=DescribeInstances&MaxResults=1000&Filter.1.Name=tag%3Adayfly%3Adeployment\
         &Filter.1.Value.1=bench-1&Filter.2.Name=instance-state-name&Filter.2.Value.1=pending\
         &Filter.2.Value.2=running",
    );
    let whole = request("Action=DescribeInstances");
    group.bench_function("a_filtered_page_of_1000_out_of_10000", |bencher| {
        bencher.iter(|| black_box(ec2.handle(black_box(&page), NOW)));
    });
    group.bench_function("a_whole_listing_of_10000", |bencher| {
        bencher.iter(|| black_box(ec2.handle(black_box(&whole), NOW)));
    });
    group.finish();
}

criterion_group!(benches, describe);
criterion_main!(benches);
