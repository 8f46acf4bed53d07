//! The one door of this room: reads a pipeline file and what lies around it from the disk.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::variable::variable;
use super::{Loaded, Variable, WorkingTree, read};
use dayfly::document::{Problem, Report};

/// Reads a pipeline file, the files that `commands_file` names, and where its working tree lies.
///
/// The working tree is the nearest folder upwards with a `.git` in it; without one, the folder of
/// the file, or the one above if that is called `.semaphore`.
///
/// # Errors
/// Everything that is wrong with the file, or that it cannot be read.
pub fn load(path: &Path) -> Result<Loaded, Vec<Problem>> {
    let file = path.display().to_string();
    let unreadable = |error: std::io::Error| {
        let report = Report::new(file.clone());
        let found = format!("cannot be read: {error}");
        report.add(None, "", found, "expected a pipeline file");
        report.into_problems()
    };
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let absolute = path.canonicalize().map_err(unreadable)?;
    let folder = absolute.parent().unwrap_or(Path::new("/"));
    let files =
        |name: &str| fs::read_to_string(folder.join(name)).map_err(|error| error.to_string());
    let mut loaded = read(&text, &file, &files)?;
    loaded.pipeline.working_tree = Some(working_tree(folder));
    Ok(loaded)
}

fn working_tree(folder: &Path) -> WorkingTree {
    let repository = folder.ancestors().find(|above| above.join(".git").exists());
    let is_semaphore = folder.ends_with(Component::Normal(".semaphore".as_ref()));
    let outside = if is_semaphore { folder.parent() } else { None };
    let top = repository.or(outside).unwrap_or(folder);
    let name = top.file_name().unwrap_or("repository".as_ref());
    let name = name.to_string_lossy();
    let mut env_vars = vec![
        variable("SEMAPHORE_GIT_PROVIDER", "local"),
        variable("SEMAPHORE_GIT_DIR", name.as_ref()),
        variable("SEMAPHORE_GIT_REPO_NAME", name.as_ref()),
        variable("SEMAPHORE_GIT_REPO_SLUG", format!("local/{name}")),
        variable("SEMAPHORE_GIT_URL", top.display().to_string()),
    ];
    if let Some(repository) = repository {
        env_vars.extend(head(repository));
    }
    WorkingTree {
        folder: top.display().to_string(),
        env_vars,
    }
}

/// The branch and the commit that are checked out, as far as the repository's files tell.
fn head(repository: &Path) -> Vec<Variable> {
    let git = git_folder(repository);
    let head = fs::read_to_string(git.join("HEAD")).unwrap_or_default();
    let head = head.trim();
    let Some(reference) = head.strip_prefix("ref: ") else {
        return vec![variable("SEMAPHORE_GIT_SHA", head)];
    };
    let branch = reference.strip_prefix("refs/heads/").unwrap_or(reference);
    let mut env_vars = vec![
        variable("SEMAPHORE_GIT_REF", reference),
        variable("SEMAPHORE_GIT_REF_TYPE", "branch"),
        variable("SEMAPHORE_GIT_BRANCH", branch),
        variable("SEMAPHORE_GIT_WORKING_BRANCH", branch),
    ];
    env_vars.extend(commit(&git, reference).map(|sha| variable("SEMAPHORE_GIT_SHA", sha)));
    env_vars
}

/// `.git` itself, or the folder that it names in a linked working tree.
fn git_folder(repository: &Path) -> PathBuf {
    let git = repository.join(".git");
    let text = fs::read_to_string(&git).unwrap_or_default();
    match text.trim().strip_prefix("gitdir: ") {
        Some(folder) => repository.join(folder),
        None => git,
    }
}

/// The commit of a reference: a file of its own, or a line among the packed ones.
fn commit(git: &Path, reference: &str) -> Option<String> {
    let shared = fs::read_to_string(git.join("commondir")).unwrap_or_default();
    let common = git.join(shared.trim());
    if let Ok(sha) = fs::read_to_string(common.join(reference)) {
        return Some(sha.trim().to_owned());
    }
    let packed = fs::read_to_string(common.join("packed-refs")).ok()?;
    let line = packed.lines().find_map(|line| {
        let (sha, name) = line.split_once(' ')?;
        (name == reference).then_some(sha)
    });
    line.map(str::to_owned)
}
