//! What the doctor asks AWS: looks, and launches that are only rehearsed (`DryRun`).
//!
//! Judging is `crate::doctor`'s. The calls are a handful, from a process of its own, so no bucket
//! counts them; like all others they are bounded in time and made once.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::{
    Filter, InstanceType, LaunchTemplateSpecification, ResourceType, ResponseLaunchTemplateData,
    TagSpecification,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::client::Clients;
use super::failure::{Class, Failure, said};
use super::fleet::Fleet;
use super::tags;
use crate::doctor::account::{Launches, Reached, Rehearsal};
use crate::doctor::place::{Image, Size, Subnet};
use crate::doctor::template::Template;
use crate::model::id::{Deployment, LaunchToken, PoolName};
use crate::model::plan::LaunchOrder;
use crate::model::pool::PoolPolicy;
use crate::model::template::{ImageSource, LaunchTemplate};

/// What stands for a machine where none of ours runs.
const NO_MACHINE: &str = "i-00000000000000000";
/// Codes by which AWS says that it does not know us, or does not serve us (aws.md D).
const STRANGER: [&str; 12] = [
    "AuthFailure",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "OptInRequired",
    "PendingVerification",
    "Blocked",
];

/// What was seen of a pool. An error is in AWS's words.
#[derive(Clone, Debug)]
pub struct PoolSeen {
    /// What its machines are made of.
    pub template: Result<Template, String>,
    /// What they boot.
    pub image: Result<Image, String>,
    /// Its types.
    pub types: Result<BTreeMap<String, Size>, String>,
    /// Where they stand.
    pub subnets: Result<BTreeMap<String, Subnet>, String>,
    /// A launch, rehearsed where all of the above is there.
    pub launches: Option<Launches>,
}

/// The doctor's questions about a deployment.
#[derive(Clone, Debug)]
pub struct Doctor<'a> {
    clients: &'a Clients,
    deployment: &'a Deployment,
}

impl<'a> Doctor<'a> {
    /// Asks these clients about this deployment.
    pub fn new(clients: &'a Clients, deployment: &'a Deployment) -> Self {
        Self {
            clients,
            deployment,
        }
    }

    /// Whether AWS knows us.
    pub async fn reached(&self) -> Reached {
        let ours = self.filter();
        let call = self.clients.ec2.describe_instances().filters(ours);
        match call.dry_run(true).send().await {
            Ok(_) => Reached::Yes,
            Err(error) => match error.code() {
                Some(code) if STRANGER.contains(&code) => Reached::Stranger(words(error)),
                Some(_) => Reached::Yes,
                None => Reached::No(words(error)),
            },
        }
    }

    /// A machine of ours that is alive, if there is one.
    pub async fn machine(&self) -> Option<String> {
        let alive = Filter::builder()
            .name("instance-state-name")
            .values("pending")
            .values("running")
            .build();
        let call = self.clients.ec2.describe_instances();
        let call = call.filters(self.filter()).filters(alive).max_results(5);
        let page = call.send().await.ok()?;
        let mut machines = page.reservations().iter().flat_map(|it| it.instances());
        machines.find_map(|it| it.instance_id()).map(str::to_owned)
    }

    /// What may be done with machines that are there, by EC2's name for it.
    pub async fn permissions(&self, machine: Option<&str>) -> BTreeMap<&'static str, Rehearsal> {
        let ec2 = &self.clients.ec2;
        let id = machine.unwrap_or(NO_MACHINE);
        let running = Filter::builder()
            .name("instance-state-name")
            .values("running")
            .build();
        let list = ec2
            .describe_instances()
            .filters(self.filter())
            .dry_run(true);
        let status = ec2
            .describe_instance_status()
            .filters(running)
            .dry_run(true);
        let end = ec2.terminate_instances().instance_ids(id).dry_run(true);
        let console = ec2.get_console_output().instance_id(id).dry_run(true);
        let (list, status, end, console) =
            tokio::join!(list.send(), status.send(), end.send(), console.send());
        [
            ("DescribeInstances", rehearsed(list)),
            ("DescribeInstanceStatus", rehearsed(status)),
            ("TerminateInstances", rehearsed(end)),
            ("GetConsoleOutput", rehearsed(console)),
        ]
        .into()
    }

    /// Everything about a pool.
    pub async fn pool(&self, name: &PoolName, policy: &PoolPolicy) -> PoolSeen {
        let types: BTreeSet<&str> = policy.offers.iter().map(|it| &*it.instance_type).collect();
        let subnets: BTreeSet<&str> = policy.offers.iter().map(|it| &*it.subnet).collect();
        let (template, types, subnets) = tokio::join!(
            self.template(&policy.template),
            self.types(&types),
            self.subnets(&subnets)
        );
        let image = self.image(&policy.template, template.as_ref().ok()).await;
        let mut seen = PoolSeen {
            template: template.map(|data| read_template(&data)),
            image,
            types,
            subnets,
            launches: None,
        };
        if let (Ok(_), Ok(image), Ok(_), Ok(_)) =
            (&seen.template, &seen.image, &seen.types, &seen.subnets)
        {
            seen.launches = Box::pin(self.rehearse(name, policy, &image.id)).await;
        }
        seen
    }

    async fn template(
        &self,
        template: &LaunchTemplate,
    ) -> Result<ResponseLaunchTemplateData, String> {
        let call = self.clients.ec2.describe_launch_template_versions();
        let call = call
            .launch_template_id(&template.id)
            .versions(template.version.to_string())
            // What it says of its image may be the name of a parameter.
            .resolve_alias(true);
        let answer = call.send().await.map_err(words)?;
        let versions = answer.launch_template_versions.unwrap_or_default();
        let data = versions.into_iter().find_map(|it| it.launch_template_data);
        data.ok_or_else(|| "EC2 gave no such version".to_owned())
    }

    async fn image(
        &self,
        launched: &LaunchTemplate,
        template: Option<&ResponseLaunchTemplateData>,
    ) -> Result<Image, String> {
        let id = match (&launched.image, template) {
            (Some(ImageSource::Id(id)), _) => id.clone(),
            (Some(ImageSource::Parameter(name)), _) => self.parameter(name).await?,
            (None, Some(template)) => match template.image_id() {
                Some(id) => id.to_owned(),
                None => return Err("neither pool nor launch template names one".to_owned()),
            },
            (None, None) => return Err("the launch template cannot be read".to_owned()),
        };
        let call = self.clients.ec2.describe_images().image_ids(&id);
        let answer = call.send().await.map_err(words)?;
        let image = answer.images().first();
        let image = image.ok_or_else(|| format!("EC2 does not list {id}"))?;
        Ok(Image {
            state: image.state().map_or("unknown", |it| it.as_str()).to_owned(),
            architecture: image
                .architecture()
                .map_or("unknown", |it| it.as_str())
                .to_owned(),
            id,
        })
    }

    async fn parameter(&self, name: &str) -> Result<String, String> {
        let answer = self
            .clients
            .ssm
            .get_parameter()
            .name(name)
            .with_decryption(true)
            .send()
            .await;
        let answer = answer.map_err(|error| format!("parameter {name}: {}", words(error)))?;
        let value = answer.parameter.and_then(|it| it.value);
        value.ok_or_else(|| format!("parameter {name} has no value"))
    }

    async fn types(&self, types: &BTreeSet<&str>) -> Result<BTreeMap<String, Size>, String> {
        let names = types.iter().map(|name| InstanceType::from(*name)).collect();
        let call = self.clients.ec2.describe_instance_types();
        let answer = call
            .set_instance_types(Some(names))
            .send()
            .await
            .map_err(words)?;
        let rows = answer.instance_types().iter().filter_map(|row| {
            let runs = row.processor_info()?.supported_architectures();
            let vcpus = row.v_cpu_info().and_then(|it| it.default_v_cpus());
            let size = Size {
                runs: runs.iter().map(|it| it.as_str().to_owned()).collect(),
                vcpus: vcpus.and_then(|it| u32::try_from(it).ok()),
            };
            Some((row.instance_type()?.as_str().to_owned(), size))
        });
        Ok(rows.collect())
    }

    async fn subnets(&self, ids: &BTreeSet<&str>) -> Result<BTreeMap<String, Subnet>, String> {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        let call = self
            .clients
            .ec2
            .describe_subnets()
            .set_subnet_ids(Some(ids));
        let answer = call.send().await.map_err(words)?;
        let rows = answer.subnets().iter().filter_map(|row| {
            let free = row.available_ip_address_count();
            let subnet = Subnet {
                zone: row.availability_zone()?.to_owned(),
                free: free.and_then(|it| u32::try_from(it).ok()),
            };
            Some((row.subnet_id()?.to_owned(), subnet))
        });
        Ok(rows.collect())
    }

    /// Rehearses a launch as the scaler makes it, and what a fleet does for it.
    async fn rehearse(
        &self,
        name: &PoolName,
        policy: &PoolPolicy,
        image: &str,
    ) -> Option<Launches> {
        let best = policy.offers.first()?;
        let of_market = policy.offers.iter().filter(|it| it.market == best.market);
        let order = LaunchOrder {
            token: LaunchToken::new("dayfly-doctor"),
            pool: name.clone(),
            count: 1,
            template: policy.template.clone(),
            offers: of_market.cloned().collect(),
            boot_limit: policy.boot_limit,
            lifetime: policy.lifetime,
            idle_timeout: policy.speculation.idle_timeout,
        };
        let fleet = Fleet {
            order: &order,
            image: Some(image),
            deployment: self.deployment,
            offers: order.offers.clone(),
        };
        let fleet = fleet.request(&self.clients.ec2, 1).dry_run(true);
        let template = LaunchTemplateSpecification::builder()
            .launch_template_id(&policy.template.id)
            .version(policy.template.version.to_string())
            .build();
        let run = self.clients.ec2.run_instances().dry_run(true);
        let run = run
            .launch_template(template)
            .image_id(image)
            .instance_type(InstanceType::from(best.instance_type.as_str()))
            .subnet_id(&best.subnet)
            .min_count(1)
            .max_count(1);
        let tags = TagSpecification::builder()
            .resource_type(ResourceType::Instance)
            .set_tags(Some(tags::of_launch(self.deployment, &order)))
            .build();
        let tagged = run.clone().tag_specifications(tags);
        let (fleet, tagged) = tokio::join!(fleet.send(), tagged.send());
        let tagged = rehearsed(tagged);
        let run_without_tags = match &tagged {
            Rehearsal::Denied(_) => Some(rehearsed(run.send().await)),
            Rehearsal::Allowed
            | Rehearsal::NotFound
            | Rehearsal::Refused(_)
            | Rehearsal::Unclear(_) => None,
        };
        Some(Launches {
            fleet: rehearsed(fleet),
            run: tagged,
            run_without_tags,
        })
    }

    fn filter(&self) -> Filter {
        let name = format!("tag:{}", tags::DEPLOYMENT);
        let values = self.deployment.as_str();
        Filter::builder().name(name).values(values).build()
    }
}

/// A failure in AWS's words alone: remedies are the judge's.
pub(super) fn words<E, R>(error: SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match error.code() {
        Some(code) => said(code, error.message().unwrap_or_default()),
        None => Failure::from(error).word,
    }
}

/// A call that went through was no rehearsal, which EC2 never does.
fn rehearsed<T, E, R>(answer: Result<T, SdkError<E, R>>) -> Rehearsal
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let error = match answer {
        Ok(_) => return Rehearsal::Unclear("EC2 did not know that it was a rehearsal".to_owned()),
        Err(error) => error,
    };
    let is_denied = matches!(error.code(), Some("UnauthorizedOperation" | "AccessDenied"));
    if is_denied {
        return Rehearsal::Denied(words(error));
    }
    let Failure { class, word } = error.into();
    match class {
        Class::DryRun => Rehearsal::Allowed,
        Class::NotFound => Rehearsal::NotFound,
        Class::Configuration => Rehearsal::Refused(word),
        _ => Rehearsal::Unclear(word),
    }
}

fn read_template(data: &ResponseLaunchTemplateData) -> Template {
    let metadata = data.metadata_options();
    let decode = |text: &str| {
        let decoded = STANDARD.decode(text);
        decoded.map_err(|error| format!("is no base64: {error}"))
    };
    Template {
        shutdown: data
            .instance_initiated_shutdown_behavior()
            .map(|it| it.as_str().to_owned()),
        http_tokens: metadata
            .and_then(|it| it.http_tokens())
            .map(|it| it.as_str().to_owned()),
        shows_tags: metadata
            .and_then(|it| it.instance_metadata_tags())
            .is_some_and(|it| it.as_str() == "enabled"),
        has_profile: data.iam_instance_profile().is_some(),
        user_data: data.user_data().map(decode),
    }
}
