//! How many virtual processors the account may have alive: asked of Service Quotas, for the doctor.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::client::Clients;
use super::doctor::words;
use crate::doctor::quota::{Granted, Quota};

/// Asks for each quota. They are a handful.
pub async fn granted(clients: &Clients, quotas: BTreeSet<Quota>) -> Granted {
    let answers = join_all(quotas.into_iter().map(async |quota| {
        let call = clients.quotas.get_service_quota();
        let call = call.service_code("ec2").quota_code(quota.code());
        let answer = Box::pin(call.send()).await.map_err(words);
        let value = answer.and_then(|answer| {
            let value = answer.quota().and_then(|it| it.value());
            value.ok_or_else(|| "Service Quotas gave no value".to_owned())
        });
        (quota, value.map(whole))
    }));
    answers.await.into_iter().collect()
}

/// Service Quotas speaks in fractions, and no quota of processors is one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a quota is a small whole number, and a negative one is as good as none"
)]
fn whole(value: f64) -> u64 {
    value.max(0.0) as u64
}
