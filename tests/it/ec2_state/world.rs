//! An emulated account and its clock, for the tests of this folder.

use std::time::Duration;

use dayfly::model::time::Timestamp;
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::settings::Ec2Settings;
use dayfly_lab::emulator::ec2::throttle::Throttling;
use dayfly_lab::emulator::message::{Request, Response};

/// Parameters of a request.
pub type Parameters<'a> = &'a [(&'a str, &'a str)];

#[derive(Debug)]
pub struct World {
    pub ec2: Ec2,
    pub now: Timestamp,
}

/// An answer, and what can be read in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub response: Response,
    pub text: String,
}

impl World {
    /// An account in which nothing is throttled.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Ec2Settings)) -> Self {
        let mut settings = Ec2Settings {
            throttling: Throttling::Off,
            ..Ec2Settings::default()
        };
        change(&mut settings);
        Self {
            ec2: Ec2::new(settings),
            now: Timestamp::from_seconds(1_790_000_000),
        }
    }

    pub fn call(&mut self, action: &str, parameters: Parameters<'_>) -> Answer {
        let mut form = format!("Action={action}&Version=2016-11-15");
        for (name, value) in parameters {
            form.push_str(&format!("&{name}={}", escaped(value)));
        }
        self.send(&request(&form))
    }

    pub fn send(&mut self, request: &Request) -> Answer {
        let response = self.ec2.handle(request, self.now);
        let text = String::from_utf8(response.body.clone()).expect("answers are UTF-8");
        Answer { response, text }
    }

    /// Launches `count` machines from the default template.
    pub fn launch(&mut self, count: u32) -> Vec<String> {
        self.launch_with(count, &[])
    }

    pub fn launch_with(&mut self, count: u32, more: Parameters<'_>) -> Vec<String> {
        let answer = self.run(count, count, more);
        assert_eq!(answer.response.status, 200, "{}", answer.text);
        answer.all("instanceId")
    }

    pub fn run(&mut self, count_min: u32, count_max: u32, more: Parameters<'_>) -> Answer {
        let (count_min, count_max) = (count_min.to_string(), count_max.to_string());
        let mut parameters = vec![
            ("LaunchTemplate.LaunchTemplateId", "lt-1"),
            ("MinCount", count_min.as_str()),
            ("MaxCount", count_max.as_str()),
        ];
        for default in [("InstanceType", "c7i.large"), ("SubnetId", "subnet-a")] {
            if more.iter().all(|(name, _)| *name != default.0) {
                parameters.push(default);
            }
        }
        parameters.extend(more);
        self.call("RunInstances", &parameters)
    }

    /// A fleet over (size, subnet) overrides, preferred first.
    pub fn fleet(
        &mut self,
        market: &str,
        target: u32,
        overrides: &[(&str, &str)],
        more: Parameters<'_>,
    ) -> Answer {
        let target = target.to_string();
        let mut owned = Vec::new();
        for (index, (size, subnet)) in overrides.iter().enumerate() {
            let prefix = format!("LaunchTemplateConfigs.1.Overrides.{}", index + 1);
            owned.push((format!("{prefix}.InstanceType"), (*size).to_owned()));
            owned.push((format!("{prefix}.SubnetId"), (*subnet).to_owned()));
            owned.push((format!("{prefix}.Priority"), format!("{index}.0")));
        }
        let template = "LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateId";
        let mut parameters = vec![
            ("Type", "instant"),
            (template, "lt-1"),
            (
                "TargetCapacitySpecification.TotalTargetCapacity",
                target.as_str(),
            ),
            (
                "TargetCapacitySpecification.DefaultTargetCapacityType",
                market,
            ),
            ("OnDemandOptions.AllocationStrategy", "prioritized"),
            (
                "SpotOptions.AllocationStrategy",
                "capacity-optimized-prioritized",
            ),
        ];
        parameters.extend(
            owned
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        parameters.extend(more);
        self.call("CreateFleet", &parameters)
    }

    pub fn describe(&mut self, parameters: Parameters<'_>) -> Answer {
        self.call("DescribeInstances", parameters)
    }

    pub fn end(&mut self, id: &str) -> Answer {
        self.call("TerminateInstances", &[("InstanceId.1", id)])
    }

    pub fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
        self.ec2.tick(self.now);
    }

    /// The state of a machine, in EC2's word.
    pub fn state(&self, id: &str) -> &'static str {
        self.ec2
            .machine(id)
            .map_or("gone", |machine| machine.state.name())
    }
}

impl Answer {
    /// The texts of all elements of a name.
    pub fn all(&self, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let parts = self.text.split(&open).skip(1);
        let texts = parts.filter_map(|part| part.split(&close).next());
        texts.map(str::to_owned).collect()
    }

    /// The text of the first element of a name; empty if there is none.
    pub fn one(&self, name: &str) -> String {
        self.all(name).into_iter().next().unwrap_or_default()
    }

    /// Status and code of a refusal.
    pub fn refusal(&self) -> (u16, String) {
        (self.response.status, self.one("Code"))
    }

    /// The ids of a fleet's machines.
    pub fn fleet_ids(&self) -> Vec<String> {
        let lists = self.all("instanceIds").join("");
        let ids = lists.split("<item>").skip(1);
        ids.map(|id| id.trim_end_matches("</item>").to_owned())
            .collect()
    }
}

pub fn request(form: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        authorization: Some("AWS4-HMAC-SHA256 Credential=a".to_owned()),
        body: form.as_bytes().to_vec(),
        ..Request::default()
    }
}

fn escaped(value: &str) -> String {
    let bytes = value.bytes();
    bytes.map(|byte| format!("%{byte:02X}")).collect()
}
