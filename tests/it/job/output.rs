//! Output arrives whole, in order, as text.

use std::fmt::Write;

use dayfly::hub::wire::log::LogEvent;
use dayfly_agent::job::output::CHUNK_BYTES_MAX;
use ring::digest::{SHA256, digest};

use super::given_commands;

#[test]
fn a_hundred_thousand_lines_arrive_whole_and_in_order() {
    let then = given_commands(&["seq -f 'line %06.0f of the output' 100000"]).run();
    let output = then.output("seq -f 'line %06.0f of the output' 100000");
    let mut expected = String::new();
    for line in 1..=100_000 {
        writeln!(expected, "line {line:06} of the output").expect("memory");
    }
    assert_eq!(output.lines().count(), 100_000);
    let hash = |text: &str| digest(&SHA256, text.as_bytes()).as_ref().to_vec();
    assert_eq!(hash(&output), hash(&expected));
    let longest = then.events.iter().map(|event| match event {
        LogEvent::CmdOutput { output, .. } => output.len(),
        LogEvent::JobStarted { .. }
        | LogEvent::CmdStarted { .. }
        | LogEvent::CmdFinished { .. }
        | LogEvent::JobFinished { .. } => 0,
    });
    assert!(longest.max() <= Some(CHUNK_BYTES_MAX));
}

#[test]
fn characters_are_never_cut() {
    let command = "for i in $(seq 2000); do printf 'zażółć €🦀'; done";
    let then = given_commands(&[command]).run();
    assert_eq!(then.output(command), "zażółć €🦀".repeat(2000));
}

#[test]
fn a_character_that_is_written_in_two_parts_arrives_as_one() {
    // The first part is flushed by the other process's end, and read before the second is written.
    let command = r"/bin/echo -ne '\xf0\x9f'; /bin/echo -ne '\xa6\x80\n'";
    let then = given_commands(&[command]).run();
    assert_eq!(then.output(command), "🦀\n");
}

#[test]
fn bytes_that_are_no_text_become_replacement_characters() {
    let command = r"printf '\x96\x96\x96\x96\x96'";
    let then = given_commands(&[command]).run();
    assert_eq!(then.output(command), "\u{FFFD}".repeat(5));
}

#[test]
fn every_byte_value_passes_and_only_line_ends_change() {
    let command = r"stty -opost; for i in $(seq 1 127); do printf \\x$(printf %x $i); done";
    let then = given_commands(&[command]).run();
    let expected: String = (1_u8..128).map(char::from).collect();
    assert_eq!(then.output(command), expected);
}

#[test]
fn progress_bars_and_colors_pass() {
    let command = r"printf '10%%\r20%%\r\033[32mok\033[0m\r\n'";
    let then = given_commands(&[command]).run();
    // The terminal makes \r\n of the newline, so that the command's own \r stays.
    assert_eq!(then.output(command), "10%\r20%\r\u{1b}[32mok\u{1b}[0m\r\n");
}

#[test]
fn output_of_a_background_process_goes_to_the_command_of_the_moment() {
    let then = given_commands(&[
        "mkfifo go; (read < go; echo from behind) &",
        "echo > go; wait",
    ])
    .run();
    assert_eq!(
        then.output("echo > go; wait")
            .matches("from behind\n")
            .count(),
        1
    );
}
