//! Where a pool's machines stand, and whether what they boot fits what they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::Path;

use super::{Finding, counted};
use crate::model::id::PoolName;

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `ami-…`.
    pub id: String,
    /// `available`, or what else.
    pub state: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
}

/// A type of machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// The architectures that it runs.
    pub runs: BTreeSet<String>,
    /// Its virtual processors, if EC2 gave them.
    pub vcpus: Option<u32>,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// Its availability zone.
    pub zone: String,
    /// Addresses that no machine has, if EC2 gave them.
    pub free: Option<u32>,
}

/// Whether the image exists and can be booted. An error is in AWS's words, with their remedy.
pub fn image(pool: &PoolName, seen: &Result<Image, String>) -> Finding {
    let subject = format!("pool {pool}: image");
    match seen {
        Ok(image) if image.state == "available" => Finding::ok(
            subject,
            format!("{} is available, {}", image.id, image.architecture),
        ),
        Ok(image) => Finding::wrong(
            subject,
            format!("{} is {}", image.id, image.state),
            "wait until it is available, or name another",
        ),
        Err(word) => Finding::wrong(
            subject,
            word,
            "name an image of this region that is shared with this account; a parameter needs \
             ssm:GetParameter",
        ),
    }
}

/// Whether every type can boot the image. `types` are those asked for.
pub fn types(
    pool: &PoolName,
    image: Option<&Image>,
    types: &Result<BTreeMap<String, Size>, String>,
) -> Finding {
    let subject = format!("pool {pool}: types");
    let types = match types {
        Ok(types) => types,
        Err(word) => {
            let remedy = "correct instance_types: each must exist in this region";
            return Finding::wrong(subject, word, remedy);
        }
    };
    let count = counted(types.len(), "type", "types");
    let Some(image) = image else {
        let remedy = "mend the image first";
        return Finding::warning(subject, format!("{count}, and no image to compare"), remedy);
    };
    let unfit = types
        .iter()
        .filter(|(_, size)| !size.runs.contains(&image.architecture));
    let unfit: Vec<&str> = unfit.map(|(name, _)| name.as_str()).collect();
    if unfit.is_empty() {
        return Finding::ok(
            subject,
            format!("{count}, all of which run {}", image.architecture),
        );
    }
    Finding::wrong(
        subject,
        format!(
            "{} cannot run {}, which is {}",
            unfit.join(", "),
            image.id,
            image.architecture
        ),
        "name types of one architecture, and an image of the same",
    )
}

/// Whether the subnets exist, lie in zones of their own, and have room for the pool.
pub fn subnets(
    pool: &PoolName,
    machines_max: u32,
    seen: &Result<BTreeMap<String, Subnet>, String>,
) -> Finding {
    let subject = format!("pool {pool}: subnets");
    let subnets = match seen {
        Ok(subnets) => subnets,
        Err(word) => return Finding::wrong(subject, word, "correct the pool's subnets"),
    };
    let mut zones: BTreeMap<&str, &str> = BTreeMap::new();
    for (id, subnet) in subnets {
        if let Some(other) = zones.insert(&subnet.zone, id) {
            return Finding::wrong(
                subject,
                format!(
                    "{other} and {id} lie both in {}, which a fleet refuses",
                    subnet.zone
                ),
                "name one subnet for each zone",
            );
        }
    }
    let free = subnets
        .values()
        .map(|subnet| subnet.free.map(u64::from))
        .sum::<Option<u64>>();
    let counted = counted(subnets.len(), "subnet", "subnets");
    let found = |free: &dyn Display| {
        format!("{counted} with {free} free addresses, and up to {machines_max} machines")
    };
    let remedy = "add a subnet in another zone, or a larger one";
    match free {
        None => Finding::warning(subject, found(&"an unknown number of"), remedy),
        Some(0) => Finding::wrong(subject, found(&0), remedy),
        Some(free) if free < u64::from(machines_max) => {
            Finding::warning(subject, found(&free), remedy)
        }
        Some(free) => Finding::ok(subject, found(&free)),
    }
}

/// The folder of machines on this computer: itself, or where it will be made.
pub fn folder(folder: &Path, is_writable: bool) -> Finding {
    let found = folder.display().to_string();
    if is_writable {
        Finding::ok("machines' folder", format!("{found} can be written"))
    } else {
        Finding::wrong(
            "machines' folder",
            format!("{found} cannot be written"),
            "name another in cloud.folder, or give it to the user that runs dayfly",
        )
    }
}
