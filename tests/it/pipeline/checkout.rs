//! `checkout` gives a job the working tree of the pipeline file, and touches nothing else.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use dayfly::hub::wire::payload::File;
use dayfly_lab::emulator::pipeline::{WorkingTree, expand};

use super::{ids, loaded};

/// The commands of a job with these, for a working tree.
fn commands(commands: &str, tree: &Path) -> Vec<String> {
    let text = format!("blocks: [{{task: {{jobs: [{{commands: [{commands}]}}]}}}}]");
    let mut pipeline = loaded(&text).pipeline;
    pipeline.working_tree = Some(WorkingTree {
        folder: tree.display().to_string(),
        env_vars: Vec::new(),
    });
    let expansion = expand(&pipeline, &ids());
    let job = &expansion.blocks[0].jobs[0];
    // As the agent injects files: before the first command, below the home folder.
    let inject = |file: &File| {
        assert_eq!(file.path, ".dayfly/checkout.sh");
        let content = &file.content;
        format!(
            "mkdir ~/.dayfly; base64 --decode <<< {content} > ~/{}",
            file.path
        )
    };
    let commands = job.commands.iter().map(|command| command.directive.clone());
    job.files.iter().map(inject).chain(commands).collect()
}

/// Runs commands one after the other in one bash, with a home folder of its own.
fn run(commands: &[String], home: &Path) -> Output {
    let git = ["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "a"));
    Command::new("bash")
        .args(["-c", &commands.join("\n")])
        .env("HOME", home)
        .env("SEMAPHORE_GIT_DIR", "project")
        .env("GIT_AUTHOR_EMAIL", "a@example.com")
        .env("GIT_COMMITTER_EMAIL", "a@example.com")
        .envs(git)
        .current_dir(home)
        .output()
        .expect("bash")
}

fn shown(output: &Output) -> String {
    let (out, errors) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(errors)
    )
}

#[test]
fn only_jobs_that_call_it_get_it() {
    let tree = Path::new("/tmp/it's");
    assert_eq!(commands("make, git checkout main", tree).len(), 2);
    let with = commands("checkout, make", tree);
    assert_eq!(
        with[1..],
        ["source ~/.dayfly/checkout.sh", "checkout", "make"]
    );
}

#[test]
fn a_plain_folder_is_copied_and_the_job_stands_in_it() {
    let (tree, home) = (
        tempfile::tempdir().expect("it"),
        tempfile::tempdir().expect("it"),
    );
    fs::create_dir(tree.path().join("a b")).expect("a folder");
    fs::write(tree.path().join("a b/.c"), "text").expect("a file");
    let commands = commands(
        "mkdir project, checkout, 'cat \"a b/.c\"', pwd, checkout",
        tree.path(),
    );
    let output = run(&commands, home.path());
    let expected = format!(
        "Copying {} into {1}\ntext{1}\n",
        tree.path().display(),
        home.path().join("project").display()
    );
    assert_eq!(shown(&output), expected);
    assert!(output.status.success());
}

#[test]
fn a_repository_is_cloned_with_what_is_not_committed_and_without_what_is_ignored() {
    let (tree, home) = (
        tempfile::tempdir().expect("it"),
        tempfile::tempdir().expect("it"),
    );
    let prepared = [
        "git init --quiet . && echo target > .gitignore && mkdir target sub",
        "echo one > changed && echo two > removed && touch target/big && git add . && git commit --quiet -m a",
        "echo three > changed && rm removed && echo new > 'sub/ä b'",
    ];
    let prepared =
        prepared.map(|line| format!("cd '{}' && {line} || exit 1", tree.path().display()));
    let output = run(&prepared, home.path());
    assert!(output.status.success(), "{}", shown(&output));
    let commands = commands(
        "checkout, 'git rev-parse --abbrev-ref HEAD > /dev/null', find . -path ./.git -prune -o -type f -print | sort, cat changed 'sub/ä b'",
        tree.path(),
    );
    let output = run(&commands, home.path());
    let shown = shown(&output);
    let (_, files) = shown.split_once('\n').expect("lines");
    assert_eq!(files, "./.gitignore\n./changed\n./sub/ä b\nthree\nnew\n");
}

#[test]
fn a_folder_that_is_there_already_is_left_as_it_is() {
    let (tree, home) = (
        tempfile::tempdir().expect("it"),
        tempfile::tempdir().expect("it"),
    );
    fs::create_dir(home.path().join("project")).expect("a folder");
    fs::write(home.path().join("project/mine"), "mine").expect("a file");
    let output = run(&commands("checkout", tree.path()), home.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(shown(&output).contains("exists already and is left as it is"));
    assert!(home.path().join("project/mine").exists());
}
