//! Loading finds the files around a pipeline, and says what it cannot read.

use std::fs;
use std::path::Path;

use dayfly_lab::emulator::pipeline::{WorkingTree, load};

use super::{HEAD, TASK};

fn written(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn tree(path: &Path) -> WorkingTree {
    let loaded = load(path).expect("a pipeline");
    loaded.pipeline.working_tree.expect("a working tree")
}

fn variable(tree: &WorkingTree, name: &str) -> Option<String> {
    let found = tree.env_vars.iter().find(|variable| variable.name == name);
    found.map(|variable| variable.value.clone())
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let problems = load(Path::new("/nowhere/ci.yml")).expect_err("no such file");
    insta::assert_snapshot!(problems[0], @"/nowhere/ci.yml: cannot be read: No such file or directory (os error 2); expected a pipeline file");
}

#[test]
fn commands_files_lie_beside_the_pipeline() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("{HEAD}blocks: [{{task: {{jobs: [{{commands_file: ../test.sh}}]}}}}]");
    written(folder.path(), ".semaphore/ci.yml", &text);
    written(folder.path(), "test.sh", "make test\n");
    let pipeline = load(&folder.path().join(".semaphore/ci.yml"))
        .expect("it")
        .pipeline;
    assert_eq!(pipeline.blocks[0].task.jobs[0].commands, ["make test"]);
}

#[test]
fn the_working_tree_is_the_repository_or_what_holds_the_semaphore_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let top = folder.path().canonicalize().expect("a path");
    let text = format!("{HEAD}blocks: [{{task: {TASK}}}]");
    written(&top, "plain/.semaphore/ci.yml", &text);
    written(&top, "bare/ci.yml", &text);
    written(&top, "repo/deep/er/ci.yml", &text);
    written(&top, "repo/.git/HEAD", "ref: refs/heads/a/b\n");
    written(
        &top,
        "repo/.git/packed-refs",
        "# pack-refs\n0123 refs/heads/a/b\n",
    );
    let folder_of = |path: &str| tree(&top.join(path)).folder;
    let at = |name: &str| top.join(name).display().to_string();
    assert_eq!(folder_of("plain/.semaphore/ci.yml"), at("plain"));
    assert_eq!(folder_of("bare/ci.yml"), at("bare"));
    let repository = tree(&top.join("repo/deep/er/ci.yml"));
    assert_eq!(repository.folder, at("repo"));
    let get = |name| variable(&repository, name);
    assert_eq!(get("SEMAPHORE_GIT_DIR").as_deref(), Some("repo"));
    assert_eq!(get("SEMAPHORE_GIT_BRANCH").as_deref(), Some("a/b"));
    assert_eq!(get("SEMAPHORE_GIT_SHA").as_deref(), Some("0123"));
    written(&top, "repo/.git/refs/heads/a/b", "4567\n");
    let repository = tree(&top.join("repo/deep/er/ci.yml"));
    let sha = variable(&repository, "SEMAPHORE_GIT_SHA");
    assert_eq!(sha.as_deref(), Some("4567"));
}
