//! Pipelines through the public API (protocol.md 9.6): what their blocks are, and how far.
//!
//! The hub does not run them: who does says which job belongs where, and what was left out.

use serde_json::json;

use super::answer;
use super::job::{JobState, Jobs};
use super::organization::Organization;
use super::public::query_value;
use super::public_jobs::{result_word, state_word};
use crate::emulator::message::Response;
use dayfly::hub::wire::agent::JobResult;
use dayfly::hub::wire::pipelines::{
    BlockDetail, BlockJob, PipelineDetail, PipelineRow, PipelineState, Project, ProjectMetadata,
    TopologyBlock,
};
use dayfly::model::id::{JobId, PipelineId};
use dayfly::model::time::Timestamp;

/// The default, and the most.
const PAGE_SIZE_MAX: usize = 30;
/// The file that every pipeline here comes from.
const FILE: &str = "semaphore.yml";
/// Where that file is.
const FOLDER: &str = ".semaphore";

/// A block of a pipeline that somebody runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRequest {
    /// Unique in its pipeline.
    pub name: String,
    /// The names of its jobs.
    pub jobs: Vec<String>,
    /// The positions of the blocks that it waits for.
    pub dependencies: Vec<usize>,
}

/// A pipeline, as far as it is known here.
#[derive(Debug)]
struct Pipeline {
    id: PipelineId,
    name: String,
    created_at: Timestamp,
    blocks: Vec<Block>,
}

#[derive(Debug)]
struct Block {
    request: BlockRequest,
    /// The job of each name, once it is queued.
    jobs: Vec<Option<JobId>>,
    is_left_out: bool,
}

/// How far a block is: its state, its result.
type Words = (&'static str, &'static str);

/// All pipelines, oldest first.
#[derive(Debug, Default)]
pub(super) struct Pipelines(Vec<Pipeline>);

impl Pipelines {
    pub(super) fn open(
        &mut self,
        id: PipelineId,
        name: &str,
        blocks: Vec<BlockRequest>,
        now: Timestamp,
    ) {
        let block = |request: BlockRequest| Block {
            jobs: vec![None; request.jobs.len()],
            request,
            is_left_out: false,
        };
        self.0.push(Pipeline {
            id,
            name: name.to_owned(),
            created_at: now,
            blocks: blocks.into_iter().map(block).collect(),
        });
    }

    /// Says which job a place in a pipeline has been given. A place that is not there is none.
    pub(super) fn place_job(
        &mut self,
        pipeline: &PipelineId,
        (block, job): (usize, usize),
        id: JobId,
    ) {
        let block = self.block_mut(pipeline, block);
        if let Some(place) = block.and_then(|block| block.jobs.get_mut(job)) {
            *place = Some(id);
        }
    }

    /// Says that a block of a pipeline will not run.
    pub(super) fn leave_out(&mut self, pipeline: &PipelineId, block: usize) {
        if let Some(block) = self.block_mut(pipeline, block) {
            block.is_left_out = true;
        }
    }

    fn block_mut(&mut self, pipeline: &PipelineId, block: usize) -> Option<&mut Block> {
        let found = self.0.iter_mut().find(|it| it.id == *pipeline);
        found.and_then(|it| it.blocks.get_mut(block))
    }

    fn find(&self, id: &str) -> Option<&Pipeline> {
        self.0.iter().find(|it| it.id.as_str() == id)
    }

    /// Newest first; without a project or a workflow there is no such list.
    pub(super) fn list(&self, query: &str, project_id: &str, jobs: &Jobs) -> Response {
        let Some(project) = query_value(query, "project_id") else {
            return answer::status(404);
        };
        let number = |name| query_value(query, name).and_then(|it| it.parse::<u64>().ok());
        let after = number("created_after").unwrap_or(0);
        let page = number("page").unwrap_or(1).max(1) - 1;
        let size = number("page_size").map_or(PAGE_SIZE_MAX, |size| {
            usize::try_from(size).unwrap_or(PAGE_SIZE_MAX)
        });
        let size = size.clamp(1, PAGE_SIZE_MAX);
        let of_project = self.0.iter().rev();
        let of_project =
            of_project.filter(|it| project == project_id && after <= it.created_at.as_seconds());
        let from = usize::try_from(page)
            .unwrap_or(usize::MAX)
            .saturating_mul(size);
        let rows = of_project.skip(from).take(size).map(|pipeline| {
            let (state, result) = pipeline.words(jobs);
            PipelineRow {
                ppl_id: pipeline.id.as_str().to_owned(),
                wf_id: String::new(),
                name: pipeline.name.clone(),
                state: state.to_uppercase(),
                result: result.to_uppercase(),
                yaml_file_name: FILE.to_owned(),
                working_directory: FOLDER.to_owned(),
            }
        });
        answer::json(200, &rows.collect::<Vec<_>>())
    }

    pub(super) fn describe(&self, id: &str, query: &str, jobs: &Jobs) -> Response {
        let Some(pipeline) = self.find(id) else {
            return answer::status(404);
        };
        let (state, result) = pipeline.words(jobs);
        let state = PipelineState {
            ppl_id: id.to_owned(),
            state: state.to_owned(),
            result: result.to_owned(),
        };
        if query_value(query, "detailed").as_deref() != Some("true") {
            return answer::json(200, &json!({ "pipeline": state }));
        }
        let blocks = pipeline.blocks.iter().map(|block| block.detail(jobs));
        answer::json(
            200,
            &PipelineDetail {
                pipeline: state,
                blocks: blocks.collect(),
            },
        )
    }

    pub(super) fn describe_topology(&self, id: &str) -> Response {
        let Some(pipeline) = self.find(id) else {
            return answer::status(404);
        };
        let name = |at: &usize| Some(pipeline.blocks.get(*at)?.request.name.clone());
        let block = |block: &Block| TopologyBlock {
            name: block.request.name.clone(),
            jobs: block.request.jobs.clone(),
            dependencies: block.request.dependencies.iter().filter_map(name).collect(),
        };
        let blocks: Vec<TopologyBlock> = pipeline.blocks.iter().map(block).collect();
        answer::json(200, &blocks)
    }
}

impl Organization {
    pub(super) fn list_projects(&self) -> Response {
        let project = Project {
            metadata: ProjectMetadata {
                name: self.settings.organization.clone(),
                id: self.project_id.clone(),
            },
        };
        answer::json(200, &[project])
    }
}

impl Pipeline {
    fn words(&self, jobs: &Jobs) -> Words {
        let words = self.blocks.iter().map(|block| block.words(jobs));
        let words: Vec<Words> = words.collect();
        if words.iter().any(|(state, _)| *state != "done") {
            return ("running", "");
        }
        let worst = ["failed", "stopped", "canceled"].into_iter();
        let worst = worst.map(|word| (word, words.iter().any(|(_, result)| *result == word)));
        let found = worst.into_iter().find(|(_, is_there)| *is_there);
        ("done", found.map_or("passed", |(word, _)| word))
    }
}

impl Block {
    fn detail(&self, jobs: &Jobs) -> BlockDetail {
        let (state, result) = self.words(jobs);
        let placed = self.request.jobs.iter().zip(&self.jobs);
        let placed = placed.filter_map(|(name, id)| {
            let job = jobs.find(id.as_ref()?)?;
            Some(BlockJob {
                name: name.clone(),
                status: state_word(job).to_owned(),
                result: result_word(job.record.result).to_owned(),
                job_id: job.record.id.as_str().to_owned(),
            })
        });
        BlockDetail {
            name: self.request.name.clone(),
            state: state.to_owned(),
            result: result.to_owned(),
            jobs: placed.collect(),
        }
    }

    fn words(&self, jobs: &Jobs) -> Words {
        if self.is_left_out {
            return ("done", "canceled");
        }
        let placed = self.jobs.iter().flatten();
        let records: Vec<_> = placed
            .filter_map(|id| Some(&jobs.find(id)?.record))
            .collect();
        if records.is_empty() {
            return ("waiting", "");
        }
        if records
            .iter()
            .any(|record| record.state != JobState::Finished)
        {
            return ("running", "");
        }
        let has = |result| records.iter().any(|record| record.result == Some(result));
        let result = if has(JobResult::Failed) {
            "failed"
        } else if has(JobResult::Stopped) {
            "stopped"
        } else {
            "passed"
        };
        ("done", result)
    }
}
