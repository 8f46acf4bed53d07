//! Pictures of a study, and recordings that are compressed.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::{builds, recording, simulate};

const PICTURES: [&str; 3] = ["small-day.svg", "small-frontier.svg", "small-waits.svg"];

/// The study of a small recording, drawn into a folder.
fn drawn(file: &Path, into: &Path) -> String {
    let [file, into] = [file, into].map(|path| path.to_str().expect("it is text"));
    let output = simulate(&[
        "--workload",
        file,
        "--policy",
        "reactive,aas,github",
        "--weeks",
        "1",
        "--tick-seconds",
        "120",
        "--plots",
        into,
    ]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

/// Each element that is opened is closed, in the order of a tree.
fn assert_tree(svg: &str) {
    let mut open = Vec::new();
    for tag in svg
        .split('<')
        .skip(1)
        .filter(|tag| !tag.starts_with(['?', '!']))
    {
        let (inside, _) = tag.split_once('>').expect("a tag ends");
        let name = inside.trim_start_matches('/').split_whitespace().next();
        if inside.starts_with('/') {
            assert_eq!(open.pop(), name, "{inside}");
        } else if !inside.ends_with('/') {
            open.push(name.expect("a tag has a name"));
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn each_workload_has_three_pictures_that_name_its_policies() {
    let folder = tempfile::tempdir().expect("there is room");
    let into = folder.path().join("made/when/missing");
    let text = drawn(&recording(folder.path()), &into);
    for name in PICTURES {
        let path = into.join(name);
        assert!(text.contains(path.to_str().expect("it is text")), "{text}");
        let svg = fs::read_to_string(&path).expect("it was written");
        assert!(
            svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"),
            "{name}"
        );
        assert_tree(&svg);
        for policy in ["reactive", "aas", "github"] {
            assert!(svg.contains(policy), "{name} does not name {policy}");
        }
        for odd in ["NaN", "inf", ">-0<", "-0\n"] {
            assert!(!svg.contains(odd), "{name} has {odd}");
        }
    }
}

#[test]
fn the_same_study_is_drawn_with_the_same_bytes_over_older_pictures() {
    let folder = tempfile::tempdir().expect("there is room");
    let file = recording(folder.path());
    let pictures = || PICTURES.map(|name| fs::read(folder.path().join(name)).expect("written"));
    drawn(&file, folder.path());
    let first = pictures();
    fs::write(folder.path().join(PICTURES[0]), "an older one").expect("there is room");
    drawn(&file, folder.path());
    assert!(first == pictures());
}

#[test]
fn a_folder_that_cannot_be_made_is_said_before_anything_is_run() {
    let folder = tempfile::tempdir().expect("there is room");
    let file = recording(folder.path());
    let [path, into] = [file.clone(), file.join("below")];
    let [path, into] = [&path, &into].map(|path| path.to_str().expect("it is text"));
    let output = simulate(&["--workload", path, "--plots", into]);
    assert!(!output.status.success() && output.stdout.is_empty());
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        error.contains("found no folder") && error.contains("small.csv"),
        "{error}"
    );
}

#[test]
fn a_compressed_recording_gives_the_table_of_the_plain_one() {
    let folder = tempfile::tempdir().expect("there is room");
    let file = recording(folder.path());
    let packed = folder.path().join("small.csv.gz");
    let mut packing = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packing
        .write_all(builds().as_bytes())
        .expect("memory takes all");
    let bytes = packing.finish().expect("memory takes all");
    fs::write(&packed, &bytes).expect("there is room");
    let table = |path: &Path| {
        let path = path.to_str().expect("it is text");
        let output = simulate(&["--workload", path, "--policy", "aas", "--weeks", "1"]);
        assert!(output.status.success());
        output.stdout
    };
    assert_eq!(table(&packed), table(&file));
    let broken = folder.path().join("broken.csv.gz");
    fs::write(&broken, &bytes[..bytes.len() / 2]).expect("there is room");
    let output = simulate(&["--workload", broken.to_str().expect("it is text")]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(
        error.contains("broken.csv.gz: found broken gzip data ("),
        "{error}"
    );
}
