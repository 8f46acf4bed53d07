//! The log server: protocol.md 3.8, 6.3–6.5, S16, S22.

use dayfly::hub::wire::LOG_API;
use dayfly::model::id::JobId;
use dayfly_lab::emulator::hub::settings::HubSettings;

use super::world::{World, whole_log};

/// An agent with a job and a log token.
fn pushing() -> (World, String, JobId, String) {
    pushing_in(World::new())
}

fn pushing_in(mut world: World) -> (World, String, JobId, String) {
    let (token, job) = world.running("job");
    let log = world.log_token(&token, &job);
    (world, token, job, log)
}

fn numbered(range: std::ops::Range<u32>) -> String {
    let lines: Vec<String> = range.map(|number| format!("{{\"n\":{number}}}")).collect();
    lines.join("\n")
}

#[test]
fn positions_append_repeat_truncate_and_wipe() {
    let (mut world, _, job, log) = pushing();
    assert_eq!(world.push(&log, &job, 0, &numbered(0..3)), "200");
    assert_eq!(world.push(&log, &job, 3, &numbered(3..5)), "200");
    assert_eq!(
        world.push(&log, &job, 3, &numbered(3..5)),
        "200",
        "a repeat"
    );
    assert_eq!(world.hub.log_events(&job).join("\n"), numbered(0..5));
    world.push(&log, &job, 1, &numbered(7..8));
    assert_eq!(world.hub.log_events(&job).len(), 2, "cut at the position");
    world.push(&log, &job, 9, &numbered(9..10));
    assert_eq!(
        world.hub.log_events(&job).len(),
        3,
        "a gap is closed silently"
    );
    world.push(&log, &job, -1, &numbered(0..1));
    assert_eq!(
        world.hub.log_events(&job).len(),
        1,
        "zero and less start anew"
    );
    world.push(&log, &job, 1, "");
    assert_eq!(
        world.hub.log_events(&job).len(),
        1,
        "nothing is stored of nothing"
    );
}

#[test]
fn positions_that_are_missing_or_bad_are_400() {
    let (mut world, _, job, log) = pushing();
    let auth = format!("Bearer {log}");
    for (query, expected) in [
        ("", "missing start_from"),
        ("?start_from=x", "bad start_from"),
    ] {
        let path = format!("{LOG_API}/{job}{query}");
        let response = world.request("POST", &path, &auth, "{}");
        assert_eq!(response.status, 400);
        assert_eq!(String::from_utf8_lossy(&response.body).trim(), expected);
    }
}

#[test]
fn a_log_token_is_for_one_job_and_one_action_and_the_query_wins() {
    let (mut world, token, job, log) = pushing();
    let (_, other) = world.running("other");
    assert_eq!(world.push(&log, &other, 0, "{}"), "401 Unauthorized");
    assert_eq!(world.push(&token, &job, 0, "{}"), "401 Unauthorized");
    let with = |jwt: &str| format!("{LOG_API}/{job}?start_from=0&jwt={jwt}");
    let bearer = format!("Bearer {log}");
    assert_eq!(world.request("POST", &with(&log), "", "{}").status, 200);
    assert_eq!(
        world.request("POST", &with("x.y.z"), &bearer, "{}").status,
        401
    );
    let read = world.request("GET", &format!("{LOG_API}/{job}?jwt={log}"), "", "");
    assert_eq!(read.status, 401, "a token for pushing does not read");
}

#[test]
fn more_than_2000_events_are_too_many() {
    let (mut world, _, job, log) = pushing();
    assert_eq!(world.push(&log, &job, 0, &numbered(0..2000)), "200");
    let answer = world.push(&log, &job, 0, &numbered(0..2001));
    assert_eq!(answer, "413 Too many log events");
}

#[test]
fn a_full_log_takes_no_more_and_says_so_once() {
    let mut settings = HubSettings::default();
    settings.limits.log_bytes_max = 100;
    let (mut world, _, job, log) = pushing_in(World::with(settings));
    assert_eq!(
        world.push(&log, &job, 0, &numbered(0..50)),
        "200",
        "the first is not checked"
    );
    for _ in 0..3 {
        assert_eq!(world.push(&log, &job, 50, "{}"), "422 No more space");
    }
    let lines = world.hub.log_events(&job);
    assert_eq!(lines.len(), 51);
    assert!(lines[50].contains("trimmed"), "{}", lines[50]);
}

#[test]
fn readers_follow_a_live_log_and_see_its_end() {
    let (mut world, token, job, log) = pushing();
    assert_eq!(world.read(&job, ""), "404 Not Found");
    world.push(&log, &job, 0, &numbered(0..2));
    assert_eq!(
        world.read(&job, ""),
        r#"200 {"events":[{"n":0},{"n":1}],"next":2}"#
    );
    assert_eq!(
        world.read(&job, "&token=1"),
        r#"200 {"events":[{"n":1}],"next":2}"#
    );
    world.finish(&token, &job, "passed");
    // protocol.md S22, done right: the tail of an archived log is not lost.
    assert_eq!(
        world.read(&job, "&token=1"),
        r#"200 {"events":[{"n":1}],"next":null}"#
    );
}

#[test]
fn a_raw_log_is_text() {
    let (mut world, _, job, log) = pushing();
    world.push(&log, &job, 0, &whole_log());
    assert_eq!(world.read(&job, "&raw=true"), "200 true\nhello");
}

#[test]
fn one_malformed_line_breaks_every_read() {
    let (mut world, _, job, log) = pushing();
    world.push(&log, &job, 0, "{}\nnot json");
    assert_eq!(world.read(&job, ""), "500 Internal Server Error");
}

#[test]
fn a_late_push_hides_the_archive_until_the_next_teardown() {
    let (mut world, token, job, log) = pushing();
    world.push(&log, &job, 0, &whole_log());
    world.finish(&token, &job, "passed");
    assert_eq!(world.push(&log, &job, 5, &numbered(0..1)), "200");
    assert_eq!(world.hub.log_events(&job).len(), 1);
    world.finish(&token, &job, "passed");
    assert_eq!(
        world.read(&job, ""),
        r#"200 {"events":[{"n":0}],"next":null}"#
    );
    let late = format!("the log of job {job} was pushed at");
    assert!(world.violations()[0].starts_with(&late));
}

#[test]
fn a_reader_has_five_minutes() {
    let (mut world, _, job, log) = pushing();
    world.push(&log, &job, 0, "{}");
    let response = world.public("GET", &format!("/logs/{job}"), "");
    assert_eq!(response.status, 302);
    let location = response.location.expect("an address");
    world.pass(299);
    assert_eq!(world.request("GET", &location, "", "").status, 200);
    world.pass(1);
    assert_eq!(world.request("GET", &location, "", "").status, 401);
}

#[test]
fn gaps_and_broken_orders_are_noticed() {
    let (mut world, token, job, log) = pushing();
    world.push(&log, &job, 0, r#"{"event":"job_started","timestamp":1}"#);
    world.push(
        &log,
        &job,
        5,
        r#"{"event":"cmd_output","timestamp":1,"output":"x"}"#,
    );
    world.finish(&token, &job, "passed");
    world.agent("POST", "/disconnect", &token, "");
    let expected = vec![
        format!("the log of job {job} was pushed from 5, and has 1 events"),
        format!(
            "event 1 of job {job} is not in its place: {}",
            r#"{"event":"cmd_output","timestamp":1,"output":"x"}"#
        ),
    ];
    assert_eq!(world.violations(), expected);
}

#[test]
fn a_log_cut_short_is_noticed_and_an_empty_one_is_not() {
    let (mut world, token, job, log) = pushing();
    world.push(&log, &job, 0, r#"{"event":"job_started","timestamp":1}"#);
    world.finish(&token, &job, "passed");
    world.agent("POST", "/disconnect", &token, "");
    let (token, empty) = world.running("empty");
    world.finish(&token, &empty, "failed");
    world.agent("POST", "/disconnect", &token, "");
    let expected = format!("the log of job {job} ends after 1 events, without job_finished");
    assert_eq!(world.violations(), vec![expected]);
}
