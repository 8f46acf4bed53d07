//! A look at running pipelines: few calls, bounded in number and time, and made seldom.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use super::error::CallError;
use super::public::PublicClient;
use super::watch::{Question, Watch};
use crate::hub::wire::pipelines::{PipelineDetail, TopologyBlock};
use crate::hub::wire::public::Job;
use crate::model::id::{BlockKind, JobId, PipelineId, PoolName};
use crate::model::pipeline::{LOOK_EVERY, Look};
use crate::model::time::Timestamp;

/// After a look that failed.
const PAUSE: Duration = Duration::from_secs(60);
/// How often projects are listed.
const PROJECTS_EVERY: Duration = Duration::from_secs(600);
/// Lists of projects' pipelines in one look; the others have their turn in the next ones.
const LISTS_MAX: usize = 10;
/// Questions about single pipelines and jobs in one look.
const QUESTIONS_MAX: usize = 40;
/// Questions at the same time.
const AT_ONCE: usize = 10;
/// How long a look may hold up a tick.
const LOOK_MAX: Duration = Duration::from_secs(3);

/// What was seen of pipelines, between looks.
#[derive(Debug, Default)]
pub(super) struct Eyes {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    watch: Watch,
    /// What came of the last look, and when it was.
    last: Option<(Timestamp, Result<Arc<Look>, CallError>)>,
}

impl Eyes {
    /// What is to be seen of pipelines: asked anew when the last look is old enough.
    ///
    /// # Errors
    /// The projects, or the pipelines of one of them, could not be listed; the same error is given
    /// until the hub is asked again.
    pub(super) async fn look(
        &self,
        public: &PublicClient,
        pools: &BTreeMap<&str, &PoolName>,
        now: Timestamp,
    ) -> Result<Arc<Look>, CallError> {
        let mut watch = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((at, last)) = &state.last {
                let pause = if last.is_ok() { LOOK_EVERY } else { PAUSE };
                if *at <= now && now.since(*at) < pause {
                    return last.clone();
                }
            }
            // Whoever is interrupted leaves nothing behind, and the next look begins anew.
            std::mem::take(&mut state.watch)
        };
        let asked = ask(public, &mut watch, now);
        // What was answered until then is kept.
        let asked = tokio::time::timeout(LOOK_MAX, asked)
            .await
            .unwrap_or(Ok(()));
        let answer = asked.map(|()| Arc::new(watch.look(pools, now)));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.watch = watch;
        state.last = Some((now, answer.clone()));
        answer
    }
}

async fn ask(public: &PublicClient, watch: &mut Watch, now: Timestamp) -> Result<(), CallError> {
    let is_old = |at: Timestamp| PROJECTS_EVERY <= now.since(at);
    if watch.projects_at.is_none_or(is_old) {
        let projects = public.projects().await?;
        watch.projects = projects.into_iter().map(|it| it.metadata).collect();
        watch.projects_at = Some(now);
    }
    let mut projects = watch.projects_to_list();
    projects.truncate(LISTS_MAX);
    let lists = projects.iter().map(|project| {
        let after = watch.created_after(&project.id, now);
        public.pipelines(&project.id, after)
    });
    for (project, rows) in projects.iter().zip(join_all(lists).await) {
        watch.listed(project, rows?, now);
    }
    let mut questions = watch.questions(now);
    questions.truncate(QUESTIONS_MAX);
    put(public, watch, &questions, now).await;
    let mut jobs = watch.jobs_to_ask();
    jobs.truncate(QUESTIONS_MAX - questions.len());
    put(public, watch, &jobs, now).await;
    Ok(())
}

/// What the hub says of one pipeline or job.
enum Answer {
    Topology(PipelineId, Vec<TopologyBlock>),
    Detail(PipelineId, PipelineDetail),
    Job(PipelineId, BlockKind, Box<Job>),
}

/// Asks, some at a time. A question without an answer is asked again at the next look; a pipeline
/// that is not there any more is forgotten.
async fn put(public: &PublicClient, watch: &mut Watch, questions: &[Question], now: Timestamp) {
    for some in questions.chunks(AT_ONCE) {
        let answers = join_all(some.iter().map(|question| answer(public, question))).await;
        for (question, answer) in some.iter().zip(answers) {
            match answer {
                Ok(Answer::Topology(id, blocks)) => watch.topology(&id, blocks),
                Ok(Answer::Detail(id, detail)) => watch.detail(&id, detail, now),
                Ok(Answer::Job(id, kind, job)) => watch.job(&id, &kind, &job, now),
                Err(error) => {
                    let (Question::Topology(id) | Question::Detail(id) | Question::Job(id, ..)) =
                        question;
                    if error.status() == Some(404) {
                        watch.forget(id);
                    }
                }
            }
        }
    }
}

async fn answer(public: &PublicClient, question: &Question) -> Result<Answer, CallError> {
    match question {
        Question::Topology(id) => {
            let blocks = public.topology(id).await?;
            Ok(Answer::Topology(id.clone(), blocks))
        }
        Question::Detail(id) => {
            let detail = public.pipeline(id).await?;
            Ok(Answer::Detail(id.clone(), detail))
        }
        Question::Job(id, kind, job) => {
            let job = public.job(&JobId::new(job)).await?;
            Ok(Answer::Job(id.clone(), kind.clone(), Box::new(job)))
        }
    }
}
