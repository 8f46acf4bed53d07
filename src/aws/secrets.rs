//! Tokens in parameters of SSM, and in Secrets Manager by way of SSM (decision 0010).

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ssm::types::ParameterType;
use futures_util::future::join_all;

use super::failure::Failure;
use crate::model::secret::Secret;

/// How many are asked for at the same time: SSM allows 40 such calls a second to a whole account.
const AT_ONCE: usize = 10;

/// What each parameter holds, decrypted, or why it cannot be had, in words.
pub async fn read(
    client: &aws_sdk_ssm::Client,
    names: &BTreeSet<String>,
) -> BTreeMap<String, Result<Secret, String>> {
    let names: Vec<&String> = names.iter().collect();
    let mut found = BTreeMap::new();
    for names in names.chunks(AT_ONCE) {
        let answers = join_all(names.iter().map(|name| one(client, name))).await;
        found.extend(names.iter().map(|name| (*name).clone()).zip(answers));
    }
    found
}

async fn one(client: &aws_sdk_ssm::Client, name: &str) -> Result<Secret, String> {
    let call = client.get_parameter().name(name).with_decryption(true);
    let answer = call.send().await;
    let answer = answer.map_err(|error| Failure::from(error).word)?;
    let parameter = answer.parameter().ok_or("SSM gave no parameter")?;
    if parameter.r#type() != Some(&ParameterType::SecureString) {
        tracing::warn!(
            parameter = name,
            "a token is in a parameter that is no SecureString: whoever may read parameters has it"
        );
    }
    let value = parameter.value().ok_or("the parameter has no value")?;
    Ok(Secret::new(value))
}
