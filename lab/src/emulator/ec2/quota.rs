//! `GetServiceQuota` of Service Quotas, for the two quotas that launches are held to here.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{self, Refusal};
use super::settings::Ec2Settings;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetServiceQuota {
    service_code: String,
    quota_code: String,
}

impl Ec2Settings {
    /// The quota that a request's body asks for.
    pub(super) fn quota(&self, body: &[u8]) -> Result<Value, Refusal> {
        let read = serde_json::from_slice(body);
        let asked: GetServiceQuota =
            read.map_err(|error| Refusal::new(error::VALIDATION, error.to_string()))?;
        let (name, vcpus_max) = match (asked.service_code.as_str(), asked.quota_code.as_str()) {
            ("ec2", "L-1216C47A") => (
                "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
                self.on_demand_vcpus_max,
            ),
            ("ec2", "L-34B43A08") => (
                "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests",
                self.spot_vcpus_max,
            ),
            _ => return Err(error::NO_SUCH_RESOURCE.into()),
        };
        Ok(json!({
            "Quota": {
                "ServiceCode": asked.service_code,
                "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
                "QuotaCode": asked.quota_code,
                "QuotaName": name,
                "Value": vcpus_max,
                "Unit": "None",
                "Adjustable": true,
                "GlobalQuota": false,
            }
        }))
    }
}
