//! What a pool's machines are made of: the launch template, and the user data in it.

use super::Finding;
use crate::model::id::PoolName;
use crate::model::secret::Secret;

/// EC2 takes so many bytes of user data, before base64 (aws.md D).
const USER_DATA_MAX: usize = 16 * 1024;
/// How compressed data begins, which cloud-init takes as well.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What a version of a launch template says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// What powering off does: `stop` or `terminate`, if it says.
    pub shutdown: Option<String>,
    /// Whether metadata needs a session token: `required` or `optional`, if it says.
    pub http_tokens: Option<String>,
    /// Whether a machine sees its tags, by which a launch tells how long its agents wait.
    pub shows_tags: bool,
    /// Whether machines have a role.
    pub has_profile: bool,
    /// As it stands in the template: decoded, or that it is no base64.
    pub user_data: Option<Result<Vec<u8>, String>>,
}

/// What the template says, and whether a machine of ours can live by it. `name` is its id and
/// version; an error is in AWS's words, with their remedy.
pub fn template(pool: &PoolName, name: &str, seen: &Result<Template, String>) -> Vec<Finding> {
    let subject = format!("pool {pool}: launch template");
    let template = match seen {
        Ok(template) => template,
        Err(word) => {
            let remedy = "check launch_template: its id, version and region; \
                          ec2:DescribeLaunchTemplateVersions has to be allowed";
            return vec![Finding::wrong(subject, format!("{name}: {word}"), remedy)];
        }
    };
    let shutdown = match template.shutdown.as_deref() {
        Some("terminate") => Finding::ok(&subject, format!("{name}: powering off ends a machine")),
        Some(_) | None => Finding::wrong(
            &subject,
            format!("{name}: powering off only stops a machine, and its disk goes on costing"),
            "set instance_initiated_shutdown_behavior = \"terminate\" in a new version",
        ),
    };
    let metadata = match template.http_tokens.as_deref() {
        Some("required") => Finding::ok(&subject, format!("{name}: metadata needs a session")),
        Some(_) | None => Finding::warning(
            &subject,
            format!("{name}: metadata can be read without a session, also through a job's proxy"),
            "set metadata_options { http_tokens = \"required\" } in a new version",
        ),
    };
    let tags = if template.shows_tags {
        Finding::ok(&subject, format!("{name}: machines see their tags"))
    } else {
        Finding::warning(
            &subject,
            format!("{name}: no machine sees how long its agent is to wait, and all wait as long"),
            "set metadata_options { instance_metadata_tags = \"enabled\" } in a new version",
        )
    };
    let profile = if template.has_profile {
        Finding::ok(&subject, format!("{name}: machines have a role"))
    } else {
        Finding::warning(
            &subject,
            format!("{name}: machines have no role, and cannot read the registration token"),
            "add an instance profile that may read that parameter, and nothing else",
        )
    };
    vec![shutdown, metadata, tags, profile]
}

/// The user data: its length, and that no token of ours is in it. Whoever may describe a machine
/// can read its user data, and so can every job on it.
pub fn user_data(
    pool: &PoolName,
    data: Option<&Result<Vec<u8>, String>>,
    tokens: &[&Secret],
) -> Finding {
    let subject = format!("pool {pool}: user data");
    let data = match data {
        None => return Finding::ok(subject, "none: the image starts the agent by itself"),
        Some(Err(word)) => {
            let remedy = "encode it in base64, once";
            return Finding::wrong(subject, word, remedy);
        }
        Some(Ok(data)) => data,
    };
    let holds = |token: &&&Secret| {
        let token = token.expose().as_bytes();
        !token.is_empty() && data.windows(token.len()).any(|window| window == token)
    };
    if tokens.iter().any(|token| holds(&token)) {
        return Finding::wrong(
            subject,
            "a token of this configuration is in it",
            "take it out and reset it: whoever may describe machines knows it, and so do all jobs",
        );
    }
    let length = data.len();
    if USER_DATA_MAX < length {
        return Finding::wrong(
            subject,
            format!("{length} bytes, and EC2 takes {USER_DATA_MAX}"),
            "move the longer part into the image, or compress it",
        );
    }
    if data.starts_with(&GZIP) {
        return Finding::warning(
            subject,
            format!(
                "{length} of {USER_DATA_MAX} bytes, compressed: it was not searched for tokens"
            ),
            "see to it that it holds none",
        );
    }
    Finding::ok(
        subject,
        format!("{length} of {USER_DATA_MAX} bytes, without a token"),
    )
}
