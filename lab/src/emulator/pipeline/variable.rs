//! The variables of the pipeline group (protocol.md 5.3), and values as the payload carries them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{RunIds, Variable};
use dayfly::hub::wire::payload::EnvVar;

/// A variable from its two texts.
pub(super) fn variable(name: &str, value: impl Into<String>) -> Variable {
    Variable {
        name: name.to_owned(),
        value: value.into(),
    }
}

/// A variable as the payload carries it.
pub(super) fn encoded(variable: &Variable) -> EnvVar {
    EnvVar {
        name: variable.name.clone(),
        value: in_base64(&variable.value),
    }
}

/// A text as the payload carries it.
pub(super) fn in_base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// What every job of a run is told about its pipeline.
pub(super) fn of_pipeline(ids: &RunIds) -> Vec<Variable> {
    vec![
        variable("SEMAPHORE_ORGANIZATION_ID", &ids.organization),
        variable("SEMAPHORE_WORKFLOW_ID", &ids.workflow),
        variable("SEMAPHORE_WORKFLOW_NUMBER", "1"),
        variable("SEMAPHORE_WORKFLOW_RERUN", "false"),
        variable("SEMAPHORE_WORKFLOW_TRIGGERED_BY_HOOK", "false"),
        variable("SEMAPHORE_WORKFLOW_TRIGGERED_BY_SCHEDULE", "false"),
        variable("SEMAPHORE_WORKFLOW_TRIGGERED_BY_API", "false"),
        variable("SEMAPHORE_WORKFLOW_TRIGGERED_BY_MANUAL_RUN", "true"),
        variable("SEMAPHORE_PIPELINE_ID", &ids.pipeline),
        variable("SEMAPHORE_PIPELINE_ARTEFACT_ID", &ids.pipeline),
        variable("SEMAPHORE_PIPELINE_0_ARTEFACT_ID", &ids.pipeline),
        variable("SEMAPHORE_PIPELINE_RERUN", "false"),
        variable("SEMAPHORE_PIPELINE_PROMOTION", "false"),
        variable("SEMAPHORE_JOB_RERUN", "false"),
    ]
}
