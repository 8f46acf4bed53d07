//! Job logs as files and as text, and what they tell of commands that the machine lacks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::io;
use std::path::PathBuf;

use dayfly::hub::wire::log::LogEvent;
use dayfly::model::id::JobId;

/// How long a file's name gets before its number and its ending; file systems take 255 bytes.
const NAME_BYTES_MAX: usize = 200;

/// A folder with two files for each job: `NAME.jsonl` the raw events, `NAME.log` the text.
#[derive(Debug)]
pub(super) struct LogFolder {
    folder: PathBuf,
    /// The name of each job's files.
    names: BTreeMap<JobId, String>,
}

impl LogFolder {
    /// Makes the folder and proves that it can be written.
    pub(super) fn create(folder: PathBuf) -> io::Result<Self> {
        if folder.exists() && !folder.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        std::fs::create_dir_all(&folder)?;
        let probe = folder.join(".dayfly-can-write");
        std::fs::write(&probe, "")?;
        std::fs::remove_file(probe)?;
        Ok(Self {
            folder,
            names: BTreeMap::new(),
        })
    }

    /// Gives each job the name of its files. Jobs come in the order of their creation: which of two jobs of the
    /// same name gets a number must not depend on which of them ends first.
    pub(super) fn name_files<'j>(&mut self, jobs: impl IntoIterator<Item = (&'j JobId, &'j str)>) {
        for (job, name) in jobs {
            if !self.names.contains_key(job) {
                let name = self.free_name(&harmless(name));
                self.names.insert(job.clone(), name);
            }
        }
    }

    /// Writes both files of one job; one that was never named gets its id.
    pub(super) fn write(&self, job: &JobId, events: &[String]) -> io::Result<()> {
        let name = self.names.get(job).map_or(job.as_str(), String::as_str);
        let mut raw = events.join("\n");
        raw.push('\n');
        std::fs::write(self.folder.join(format!("{name}.jsonl")), raw)?;
        std::fs::write(
            self.folder.join(format!("{name}.log")),
            text(&parse(events)),
        )
    }

    /// The name itself, or the first of its numbers that no other job has.
    fn free_name(&self, name: &str) -> String {
        let is_free = |name: &String| self.names.values().all(|used| used != name);
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let mut names = std::iter::once(name.to_owned()).chain(numbered);
        names.find(is_free).expect("numbers do not end")
    }
}

/// A job's name as a file's: in this folder, in sight, and not too long.
fn harmless(job_name: &str) -> String {
    let mut name = job_name.replace(['/', '\0'], "_");
    if name.is_empty() || name.starts_with('.') {
        name.insert(0, '_');
    }
    name.truncate(name.floor_char_boundary(NAME_BYTES_MAX));
    name
}

/// The events of raw lines; what is no event is left out.
pub(super) fn parse(lines: &[String]) -> Vec<LogEvent> {
    lines
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// A log as a person reads it: each command after a `$`, its output, and its status if not 0.
pub(super) fn text(events: &[LogEvent]) -> String {
    let mut text = String::new();
    for event in events {
        match event {
            LogEvent::JobStarted { .. } => {}
            LogEvent::CmdStarted { directive, .. } => {
                start_line(&mut text);
                line(&mut text, format_args!("$ {directive}"));
            }
            LogEvent::CmdOutput { output, .. } => text.push_str(output),
            LogEvent::CmdFinished { exit_code: 0, .. } => {}
            LogEvent::CmdFinished { exit_code, .. } => {
                start_line(&mut text);
                line(&mut text, format_args!("(exit code {exit_code})"));
            }
            LogEvent::JobFinished { result, .. } => {
                start_line(&mut text);
                line(&mut text, format_args!("job {}", result.as_str()));
            }
        }
    }
    text
}

/// Commands that bash did not find. They come with a machine's image, which a local run has not.
pub(super) fn commands_not_found(events: &[LogEvent]) -> BTreeSet<String> {
    let mut output = String::new();
    for event in events {
        if let LogEvent::CmdOutput { output: piece, .. } = event {
            output.push_str(piece);
        }
    }
    output
        .lines()
        .filter_map(|line| line.trim_end().strip_suffix(": command not found"))
        .filter_map(|rest| rest.rsplit(": ").next())
        .map(str::to_owned)
        .collect()
}

fn start_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(text: &str) -> LogEvent {
        LogEvent::CmdOutput {
            timestamp: 0,
            output: text.to_owned(),
        }
    }

    #[test]
    fn a_missing_command_is_named_as_bash_names_it() {
        let events = [
            output("bash: line 1: sem-ver"),
            output("sion: command not found\n"),
            output("ok\n"),
        ];
        let found: Vec<String> = commands_not_found(&events).into_iter().collect();
        assert_eq!(found, ["sem-version"]);
    }

    #[test]
    fn no_job_name_leaves_the_folder_and_no_two_share_a_file() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let mut logs = LogFolder::create(folder.path().join("logs")).expect("it can be written");
        let long = "日".repeat(100);
        let jobs = ["../part - 1/7", "build", "build", "build-2", &long];
        let ids: Vec<JobId> = (0..jobs.len())
            .map(|number| JobId::new(number.to_string()))
            .collect();
        let named: Vec<(&JobId, &str)> = ids.iter().zip(jobs).collect();
        logs.name_files(named[..2].to_vec());
        logs.name_files(named);
        // The last ends first.
        for id in ids.iter().rev() {
            logs.write(id, &[]).expect("any name can be written");
        }
        let names: Vec<&str> = ids.iter().map(|id| logs.names[id].as_str()).collect();
        let long = "日".repeat(66);
        assert_eq!(
            names,
            ["_.._part - 1_7", "build", "build-2", "build-2-2", &long]
        );
    }
}
