//! What is known of running pipelines between two looks, and what to ask next. No call is made here.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::hub::wire::pipelines::{
    BlockDetail, BlockJob, PipelineDetail, PipelineRow, ProjectMetadata, TopologyBlock,
};
use crate::hub::wire::public::Job;
use crate::model::id::{BlockKind, PipelineId, PoolName};
use crate::model::pipeline::{Block, JobProgress, Look, Pipeline, Progress};
use crate::model::time::Timestamp;

/// Pipelines that are watched at once; more are not looked at.
const PIPELINES_MAX: usize = 500;
/// Kinds of blocks whose agent type is remembered; the first by name go when there are more.
const KINDS_MAX: usize = 5000;
/// Characters of a kind's name.
const KIND_MAX: usize = 200;
/// How long a pipeline that is over is shown, so that what it taught is taken in.
const SHOWN_FOR: Duration = Duration::from_secs(60);
/// A pipeline that nothing waits in is looked at so often, to learn how long its blocks take.
const SELDOM: Duration = Duration::from_secs(60);
/// How far back the first list of a project goes.
const BACK: Duration = Duration::from_secs(3600);
/// By so much two lists of a project overlap, for clocks that differ.
const OVERLAP: Duration = Duration::from_secs(120);

/// Everything that is known of pipelines. Losing it costs calls.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The projects that the token sees, and when they were listed.
    pub(super) projects: Vec<ProjectMetadata>,
    pub(super) projects_at: Option<Timestamp>,
    listed_at: BTreeMap<String, Timestamp>,
    pipelines: BTreeMap<PipelineId, Watched>,
    /// The agent type of each kind of block.
    types: BTreeMap<BlockKind, String>,
    /// How many jobs a block had, where that is another number than its topology said: the number
    /// that was said, and the true one.
    widths: BTreeMap<BlockKind, (u32, u32)>,
}

/// One pipeline.
#[derive(Debug, Default)]
struct Watched {
    /// Its project and its file.
    label: String,
    /// Asked for once: it never changes.
    topology: Option<Vec<TopologyBlock>>,
    blocks: BTreeMap<String, BlockDetail>,
    jobs: BTreeMap<String, Seen>,
    looked_at: Option<Timestamp>,
    over_at: Option<Timestamp>,
}

/// What was seen of a job.
#[derive(Clone, Copy, Debug)]
struct Seen {
    since: Timestamp,
    /// Whether it was seen to begin, or the hub has said when.
    is_sure: bool,
    took: Option<Duration>,
}

/// A question to the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// What its blocks are.
    Topology(PipelineId),
    /// How far they are.
    Detail(PipelineId),
    /// When a job began, and on what it runs.
    Job(PipelineId, BlockKind, String),
}

impl Watch {
    /// From when on a project's pipelines are to be listed.
    pub(super) fn created_after(&self, project: &str, now: Timestamp) -> Timestamp {
        let listed_at = self.listed_at.get(project);
        listed_at.map_or(now.minus(BACK), |at| at.minus(OVERLAP))
    }

    /// Projects by how long ago they were listed, the longest first.
    pub(super) fn projects_to_list(&self) -> Vec<ProjectMetadata> {
        let mut projects = self.projects.clone();
        projects.sort_by_key(|project| self.listed_at.get(&project.id).copied());
        projects
    }

    /// Takes in a list of a project's pipelines.
    pub(super) fn listed(
        &mut self,
        project: &ProjectMetadata,
        rows: Vec<PipelineRow>,
        now: Timestamp,
    ) {
        self.listed_at.insert(project.id.clone(), now);
        for row in rows {
            let id = PipelineId::new(&row.ppl_id);
            if row.state.eq_ignore_ascii_case("done") || row.ppl_id.is_empty() {
                continue;
            }
            if self.pipelines.len() < PIPELINES_MAX {
                let label = format!("{}: {}", project.name, row.yaml_file_name);
                let fresh = || Watched {
                    label,
                    ..Watched::default()
                };
                self.pipelines.entry(id).or_insert_with(fresh);
            }
        }
    }

    /// What to ask of the pipelines, the most useful first.
    pub(super) fn questions(&self, now: Timestamp) -> Vec<Question> {
        let open = self.pipelines.iter().filter(|(_, it)| it.over_at.is_none());
        let mut ordered: Vec<_> = open.collect();
        ordered.sort_by_key(|(_, watched)| watched.looked_at);
        let topologies = ordered
            .iter()
            .filter(|(_, watched)| watched.topology.is_none());
        let topologies = topologies.map(|(id, _)| Question::Topology((*id).clone()));
        let due = ordered.iter().filter(|(_, watched)| watched.is_due(now));
        let details = due.map(|(id, _)| Question::Detail((*id).clone()));
        topologies.chain(details).collect()
    }

    /// Of which jobs the hub is to be asked: of one in each block whose agent type is not known,
    /// or that was running already when its pipeline was seen for the first time.
    pub(super) fn jobs_to_ask(&self) -> Vec<Question> {
        let mut asked = BTreeMap::new();
        for (id, watched) in &self.pipelines {
            for block in watched.blocks.values() {
                let kind = watched.kind(&block.name);
                let unsure = block.jobs.iter().find(|job| {
                    let seen = watched.jobs.get(&job.job_id);
                    seen.is_some_and(|seen| !seen.is_sure && seen.took.is_none())
                        && is(&job.status, "running")
                });
                let unknown = || block.jobs.iter().find(|job| !job.job_id.is_empty());
                let unknown = || unknown().filter(|_| !self.types.contains_key(&kind));
                if let Some(job) = unsure.or_else(unknown) {
                    let question = Question::Job(id.clone(), kind.clone(), job.job_id.clone());
                    asked.entry(kind).or_insert(question);
                }
            }
        }
        asked.into_values().collect()
    }

    /// Takes in a pipeline's blocks.
    pub(super) fn topology(&mut self, id: &PipelineId, blocks: Vec<TopologyBlock>) {
        if let Some(watched) = self.pipelines.get_mut(id) {
            watched.topology = Some(blocks);
        }
    }

    /// A pipeline that the hub does not know any more.
    pub(super) fn forget(&mut self, id: &PipelineId) {
        self.pipelines.remove(id);
    }

    /// Takes in how far a pipeline is.
    pub(super) fn detail(&mut self, id: &PipelineId, detail: PipelineDetail, now: Timestamp) {
        let Some(watched) = self.pipelines.get_mut(id) else {
            return;
        };
        for block in &detail.blocks {
            let kind = watched.kind(&block.name);
            let said = watched.said(&block.name);
            let is = u32::try_from(block.jobs.len()).unwrap_or(u32::MAX);
            if let Some(said) = said.filter(|said| 0 < is && *said != is) {
                self.widths.insert(kind, (said, is));
            }
        }
        watched.see(detail, now);
    }

    /// Takes in what the hub says of a job.
    pub(super) fn job(&mut self, id: &PipelineId, kind: &BlockKind, job: &Job, now: Timestamp) {
        let agent_type = &job.spec.agent.machine.machine_type;
        if !agent_type.is_empty() {
            if KINDS_MAX <= self.types.len() {
                self.types.pop_first();
            }
            self.types.insert(kind.clone(), agent_type.clone());
        }
        let started: Option<u64> = job.metadata.start_time.parse().ok();
        let Some(started) = started.filter(|at| 0 < *at).map(Timestamp::from_seconds) else {
            return;
        };
        let Some(watched) = self.pipelines.get_mut(id) else {
            return;
        };
        // Jobs of a block that were all running already have mostly begun together.
        let beside = watched.beside(&job.metadata.id);
        for other in beside {
            if let Some(seen) = watched.jobs.get_mut(&other).filter(|seen| !seen.is_sure) {
                seen.since = started.min(now);
                seen.is_sure = true;
            }
        }
    }

    /// Everything that is known, for pools by the agent types that they have.
    pub(super) fn look(&mut self, pools: &BTreeMap<&str, &PoolName>, now: Timestamp) -> Look {
        self.pipelines
            .retain(|_, watched| watched.over_at.is_none_or(|at| now.since(at) < SHOWN_FOR));
        let known = self.projects.iter().map(|it| it.id.as_str());
        let known: std::collections::BTreeSet<&str> = known.collect();
        self.listed_at.retain(|id, _| known.contains(id.as_str()));
        while KINDS_MAX < self.widths.len() {
            self.widths.pop_first();
        }
        let pool = |kind: &BlockKind| {
            let agent_type = self.types.get(kind)?;
            pools.get(agent_type.as_str()).map(|pool| (*pool).clone())
        };
        let pipelines = self.pipelines.iter().filter_map(|(id, watched)| {
            let topology = watched.topology.as_ref()?;
            let position = |name: &String| topology.iter().position(|it| it.name == *name);
            let block = |block: &TopologyBlock| {
                let kind = watched.kind(&block.name);
                let said = u32::try_from(block.jobs.len()).unwrap_or(u32::MAX);
                let jobs = match self.widths.get(&kind) {
                    Some((was_said, is)) if *was_said == said => *is,
                    Some(_) | None => said,
                };
                Block {
                    pool: pool(&kind),
                    jobs,
                    after: block.dependencies.iter().filter_map(position).collect(),
                    progress: watched.progress(&block.name),
                    kind,
                }
            };
            Some(Pipeline {
                id: id.clone(),
                blocks: topology.iter().map(block).collect(),
            })
        });
        Look {
            at: now,
            pipelines: pipelines.collect(),
        }
    }
}

impl Watched {
    fn kind(&self, block: &str) -> BlockKind {
        kind(&self.label, block)
    }

    fn said(&self, block: &str) -> Option<u32> {
        let topology = self.topology.as_ref()?;
        let found = topology.iter().find(|it| it.name == block)?;
        u32::try_from(found.jobs.len()).ok()
    }

    /// Whether it is time to look at it again: at each look while a block waits.
    fn is_due(&self, now: Timestamp) -> bool {
        let waits = self.blocks.is_empty() || self.blocks.values().any(|block| !has_begun(block));
        let looked_at = self.looked_at;
        looked_at.is_none_or(|at| waits || SELDOM <= now.since(at))
    }

    fn see(&mut self, detail: PipelineDetail, now: Timestamp) {
        let is_first = self.looked_at.is_none();
        self.looked_at = Some(now);
        for job in detail.blocks.iter().flat_map(|block| &block.jobs) {
            if job.job_id.is_empty() {
                continue;
            }
            if is(&job.status, "running") {
                self.jobs.entry(job.job_id.clone()).or_insert(Seen {
                    since: now,
                    is_sure: !is_first,
                    took: None,
                });
            } else if is(&job.status, "finished")
                && let Some(seen) = self.jobs.get_mut(&job.job_id)
                && seen.is_sure
            {
                seen.took.get_or_insert(now.since(seen.since));
            }
        }
        let blocks = detail.blocks.into_iter();
        self.blocks = blocks.map(|block| (block.name.clone(), block)).collect();
        if is(&detail.pipeline.state, "done") {
            self.over_at.get_or_insert(now);
        }
    }

    /// The jobs of the block that has this one.
    fn beside(&self, job: &str) -> Vec<String> {
        let has = |block: &&BlockDetail| block.jobs.iter().any(|it| it.job_id == job);
        let block = self.blocks.values().find(has);
        let jobs = block.into_iter().flat_map(|block| &block.jobs);
        jobs.map(|job| job.job_id.clone()).collect()
    }

    fn progress(&self, name: &str) -> Progress {
        let Some(block) = self.blocks.get(name) else {
            return Progress::Waiting;
        };
        if is(&block.state, "done") {
            let ran = |job: &&BlockJob| !job.job_id.is_empty();
            let took = |job: &BlockJob| self.jobs.get(&job.job_id)?.took;
            return match block.jobs.iter().find(ran) {
                Some(_) => Progress::Done {
                    took: block.jobs.iter().filter_map(took).collect(),
                },
                None => Progress::LeftOut,
            };
        }
        if !has_begun(block) {
            return Progress::Waiting;
        }
        let of = |job: &BlockJob| {
            let seen = self.jobs.get(&job.job_id);
            match seen {
                _ if is(&job.status, "finished") => JobProgress::Done {
                    took: seen.and_then(|seen| seen.took),
                },
                Some(seen) => JobProgress::Running { since: seen.since },
                None => JobProgress::Queued,
            }
        };
        Progress::Running {
            jobs: block.jobs.iter().map(of).collect(),
        }
    }
}

/// What a block is called for people, on one line: whoever writes a pipeline chose these names.
fn kind(label: &str, block: &str) -> BlockKind {
    let name = format!("{label}: {block}");
    let plain = name
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it });
    BlockKind::new(plain.take(KIND_MAX).collect::<String>())
}

/// Whether a block's jobs have been queued. What is said of its state is believed only with its
/// jobs: a block that runs and has none yet is about to.
fn has_begun(block: &BlockDetail) -> bool {
    is(&block.state, "done") || !block.jobs.is_empty() && !is(&block.state, "waiting")
}

/// The lists and the details write the same words in capital and in small letters.
fn is(word: &str, expected: &str) -> bool {
    word.eq_ignore_ascii_case(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_begins_no_line_and_commands_no_terminal() {
        let evil = kind("site: semaphore.yml", "Te\u{1b}[31m\nended machine=i-1\r");
        assert_eq!(
            evil.as_str(),
            "site: semaphore.yml: Te [31m ended machine=i-1 "
        );
        assert_eq!(kind("a", &"b".repeat(1000)).as_str().len(), KIND_MAX);
    }
}
