//! Recorded builds from a CSV file: `start_unix,project,jobs,job_seconds`, or one job a line.

use thiserror::Error;

use super::draw::Draw;
use super::workload::{Push, WEEK, Workload, spread};
use dayfly::history::HEADER as JOBS;

/// Builds of a recording, the jobs of one at the same moment.
const BUILDS: &str = "start_unix,project,jobs,job_seconds";
/// Jobs of one build, at most.
const JOBS_MAX: u32 = 10_000;

/// Why a file is no recording.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RecordingError {
    /// Its first line is another.
    #[error("line 1: found {0:?}; expected \"{BUILDS}\" or \"{JOBS}\"")]
    Header(String),
    /// A line cannot be read.
    #[error("line {line}: found {found:?}; expected {expected}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What stands there.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
    /// It has no build.
    #[error("found no job; expected one at least")]
    Empty,
}

/// Reads a recording. Of its weeks the last `weeks` are taken, and of those the last `scored` days
/// are scored; `seed` spreads the seconds of builds over their jobs.
///
/// # Errors
/// The file is none, with the line that shows it.
pub fn recorded(
    name: &str,
    text: &str,
    weeks: u64,
    scored: u64,
    seed: u64,
) -> Result<Workload, RecordingError> {
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default().trim();
    let mut draw = Draw::new(seed, 0xC5F);
    let lines = lines.enumerate().map(|(at, line)| (at + 2, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty());
    let mut pushes = match header {
        BUILDS => lines
            .map(|(at, line)| build(at, line, &mut draw))
            .collect::<Result<Vec<_>, _>>()?,
        JOBS => pipelines(lines)?,
        other => return Err(RecordingError::Header(other.to_owned())),
    };
    pushes.sort_by_key(|push| push.at);
    let Some(last) = pushes.last() else {
        return Err(RecordingError::Empty);
    };
    let until = last.at + 1;
    let from = until.saturating_sub(weeks * WEEK);
    pushes.retain(|push| from <= push.at);
    Ok(Workload {
        name: name.to_owned(),
        pushes,
        scored_from: until.saturating_sub(scored * WEEK / 7),
        until,
        law: None,
    })
}

fn build(at: usize, line: &str, draw: &mut Draw) -> Result<Push, RecordingError> {
    let wrong = |expected| RecordingError::Line {
        line: at,
        found: line.to_owned(),
        expected,
    };
    let fields: Vec<&str> = line.split(',').collect();
    let [start, _, jobs, total] = fields[..] else {
        return Err(wrong("four fields"));
    };
    let start: u64 = start
        .parse()
        .map_err(|_| wrong("whole seconds since 1970 first"))?;
    let jobs: u32 = jobs.parse().map_err(|_| wrong("a number of jobs"))?;
    if jobs == 0 || JOBS_MAX < jobs {
        return Err(wrong("1 to 10,000 jobs"));
    }
    let total: u64 = total
        .parse()
        .map_err(|_| wrong("whole seconds of all jobs"))?;
    Ok(Push {
        at: start.saturating_mul(1000),
        blocks: vec![spread(total.saturating_mul(1000), jobs, draw)],
    })
}

/// Jobs of one pipeline, block by block: a block begins where its number changes.
fn pipelines<'a>(
    lines: impl Iterator<Item = (usize, &'a str)>,
) -> Result<Vec<Push>, RecordingError> {
    let mut found: std::collections::BTreeMap<
        &str,
        std::collections::BTreeMap<u64, (u64, Vec<u64>)>,
    > = std::collections::BTreeMap::new();
    for (line, text) in lines {
        let wrong = |expected| RecordingError::Line {
            line,
            found: text.to_owned(),
            expected,
        };
        let fields: Vec<&str> = text.split(',').collect();
        let [queued, pipeline, block, duration] = fields[..] else {
            return Err(wrong("four fields"));
        };
        let queued: u64 = queued
            .parse()
            .map_err(|_| wrong("whole seconds since 1970 first"))?;
        let block: u64 = block.parse().map_err(|_| wrong("a block's number"))?;
        let duration: u64 = duration
            .parse()
            .map_err(|_| wrong("whole seconds of the job"))?;
        let blocks = found.entry(pipeline).or_default();
        let (at, jobs) = blocks.entry(block).or_insert((queued, Vec::new()));
        *at = (*at).min(queued);
        jobs.push(duration.saturating_mul(1000).max(1000));
    }
    let of = |blocks: std::collections::BTreeMap<u64, (u64, Vec<u64>)>| {
        let at = blocks.values().map(|(at, _)| *at).min().unwrap_or_default();
        Push {
            at: at.saturating_mul(1000),
            blocks: blocks.into_values().map(|(_, jobs)| jobs).collect(),
        }
    };
    Ok(found.into_values().map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_becomes_its_jobs_and_its_seconds_stay() {
        let text = format!("{BUILDS}\n1000,acme/site,3,300\n2000,acme/site,1,60\n");
        let workload = recorded("acme", &text, 5, 7, 1).expect("it is right");
        assert_eq!(workload.pushes.len(), 2);
        let first: u64 = workload.pushes[0].blocks[0].iter().sum();
        assert!((299_990..=300_010).contains(&first), "{first}");
    }

    #[test]
    fn jobs_of_a_pipeline_come_block_by_block() {
        let text = format!("{JOBS}\n1000,p,0,10\n1020,p,1,5\n1021,p,1,6\n900,q,0,1\n");
        let workload = recorded("own", &text, 5, 7, 1).expect("it is right");
        assert_eq!(workload.pushes[0].at, 900_000);
        assert_eq!(
            workload.pushes[1].blocks,
            [vec![10_000], vec![5_000, 6_000]]
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let error = |text: &str| {
            recorded("x", text, 5, 7, 1)
                .expect_err("it is wrong")
                .to_string()
        };
        assert!(error("a,b\n").starts_with("line 1: found \"a,b\""));
        assert_eq!(
            error(&format!("{BUILDS}\n5,p,0,9\n")),
            "line 2: found \"5,p,0,9\"; expected 1 to 10,000 jobs"
        );
        assert_eq!(
            error(&format!("{BUILDS}\n")),
            "found no job; expected one at least"
        );
    }
}
