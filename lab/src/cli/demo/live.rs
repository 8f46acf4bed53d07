//! The live lines of a demo as text: jobs, machines, and the last line of a log.
//!
//! What must stay true: no line is wider than the terminal. One that wraps takes two rows, and whoever goes up
//! by the number of lines to overwrite them leaves the rest standing.

use std::fmt::Write;

use crate::cli::output::Style;

/// The widest bar: beyond it one glyph stands for several jobs or machines.
const BAR_COLUMNS_MAX: usize = 60;
/// A bar that is narrower than this says less than the numbers beside it.
const BAR_COLUMNS_MIN: usize = 4;

/// How many jobs or machines are in one state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    /// The ANSI colour of its part of the bar.
    pub(super) colour: &'static str,
    /// What that part is made of; one column wide.
    pub(super) glyph: &'static str,
    /// The state.
    pub(super) word: &'static str,
    /// How many.
    pub(super) count: usize,
}

/// What the lines show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'s> {
    /// Seconds since the start.
    pub(super) elapsed: u64,
    /// Jobs by state.
    pub(super) jobs: &'s [Count],
    /// Machines by state.
    pub(super) machines: &'s [Count],
    /// The last line of the log that has grown last, without control characters; or nothing yet.
    pub(super) tail: &'s str,
}

/// The lines, each with its end, for a terminal of so many columns.
pub(super) fn lines(scene: Scene<'_>, columns: usize, style: Style) -> String {
    // Some terminals wrap when the last column is written.
    let columns = columns.saturating_sub(1);
    let jobs_head = format!("{:>4} s  jobs      ", scene.elapsed);
    let mut text = row(&jobs_head, scene.jobs, columns, style);
    text += &row("        machines  ", scene.machines, columns, style);
    if !scene.tail.is_empty() {
        let head = fit("        log       ", columns);
        let tail = fit(scene.tail, columns - head.len());
        writeln!(text, "{head}{}", style.paint("2", &tail)).expect("a string takes all");
    }
    text
}

/// One line of a bar and numbers. The numbers go first when there is no room for both.
fn row(head: &str, counts: &[Count], columns: usize, style: Style) -> String {
    let present = counts.iter().filter(|count| 0 < count.count);
    let numbers: Vec<String> = present
        .map(|count| format!("{} {}", count.count, count.word))
        .collect();
    let numbers = if numbers.is_empty() {
        "none".to_owned()
    } else {
        numbers.join("  ")
    };
    let head = fit(head, columns);
    let room = columns - head.len();
    let numbers = fit(&numbers, room);
    let bar_room = (room - numbers.len()).saturating_sub(2);
    let bar = bar(counts, bar_room.min(BAR_COLUMNS_MAX), style);
    let gap = if bar.is_empty() { "" } else { "  " };
    format!("{head}{bar}{gap}{numbers}\n")
}

/// One glyph for each that is counted, or their shares of the room.
fn bar(counts: &[Count], room: usize, style: Style) -> String {
    let total: usize = counts.iter().map(|count| count.count).sum();
    if room < BAR_COLUMNS_MIN || total == 0 {
        return String::new();
    }
    let length = total.min(room);
    let (mut text, mut counted, mut drawn) = (String::new(), 0, 0);
    for count in counts.iter().filter(|count| 0 < count.count) {
        counted += count.count;
        let end = counted * length / total;
        text += &style.paint(count.colour, &count.glyph.repeat(end - drawn));
        drawn = end;
    }
    text
}

/// As much of a text as is sure to fit.
fn fit(text: &str, columns: usize) -> String {
    let mut used = 0;
    let fits = |letter: &char| {
        // From Hangul on letters may be two columns wide; to take some for wider than they are does no harm.
        used += if *letter < '\u{1100}' { 1 } else { 2 };
        used <= columns
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn count(glyph: &'static str, word: &'static str, count: usize) -> Count {
        let colour = "32";
        Count {
            colour,
            glyph,
            word,
            count,
        }
    }

    fn shown(factor: usize, tail: &str, columns: usize) -> String {
        let jobs = [
            count("■", "passed", 2 * factor),
            count("■", "failed", 0),
            count("·", "to come", 3 * factor),
        ];
        let machines = [count("▪", "booting", factor - 1)];
        let scene = Scene {
            elapsed: 7,
            jobs: &jobs,
            machines: &machines,
            tail,
        };
        lines(scene, columns, Style::default())
    }

    #[test]
    fn every_job_has_a_glyph_while_there_is_room_and_its_share_otherwise() {
        assert_snapshot!(shown(1, "", 80), @"
           7 s  jobs      ■■···  2 passed  3 to come
                machines  none
        ");
        assert_snapshot!(shown(100, "make: ok", 60), @"
           7 s  jobs      ■■■■■■··········  200 passed  300 to come
                machines  ▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪  99 booting
                log       make: ok
        ");
        assert_snapshot!(shown(100, "make: ok", 40), @"
           7 s  jobs      200 passed  300 to co
                machines  ▪▪▪▪▪▪▪▪▪  99 booting
                log       make: ok
        ");
    }

    #[test]
    fn no_line_is_as_wide_as_the_terminal() {
        for columns in 0..200 {
            let text = shown(1000, &"日本語 and latin ".repeat(20), columns);
            let wide = |letter: char| if "日本語".contains(letter) { 2 } else { 1 };
            for line in text.lines() {
                let width: usize = line.chars().map(wide).sum();
                assert!(width < columns.max(1), "{width} of {columns}: {line}");
            }
        }
    }
}
