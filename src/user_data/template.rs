//! A text with placeholders, filled in as Terraform's `templatefile` does, and more strictly.

use std::collections::BTreeSet;

use super::BYTES_MAX;
use crate::document::{Place, Problem, Report};

/// Begins a line that explains the template, in each of the languages in it. The first line of the
/// whole and of a script has no space there, and stays.
const COMMENT: &str = "# ";

/// What a file's text is indented by in the template. YAML is content with one space less.
const INDENT: &str = "    ";

/// Fills in every `${name}`, leaves out the lines that explain, and a space of each file's
/// indentation, because there is room for so many bytes alone. `file` names the template in problems.
///
/// # Errors
/// All at once: a placeholder without a value, a value without a placeholder, a value that could
/// end the quotes or the line that it stands in, what Terraform would take for a directive or an
/// escape of its own, and a result of more than [`BYTES_MAX`] bytes.
pub fn fill(template: &str, file: &str, values: &[(&str, String)]) -> Result<String, Vec<Problem>> {
    let report = Report::new(file);
    let mut used = BTreeSet::new();
    let mut filled = String::with_capacity(template.len());
    for (at, line) in template.split_inclusive('\n').enumerate() {
        let place = Some(Place {
            line: at + 1,
            column: 1,
        });
        for sign in ["%{", "$${"] {
            if line.contains(sign) {
                let expected = "expected placeholders such as ${endpoint} alone";
                report.add(place, "", format!("found {sign}"), expected);
            }
        }
        let is_comment = line.trim_start().starts_with(COMMENT);
        let begins = filled.len();
        let is_indented = line.starts_with(INDENT);
        let mut rest = if is_indented { &line[1..] } else { line };
        while let Some((before, after)) = rest.split_once("${") {
            filled.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                report.add(place, "", "found ${ without an end", "expected a }");
                rest = after;
                continue;
            };
            rest = after;
            match values.iter().find(|(known, _)| *known == name) {
                Some((name, value)) => {
                    used.insert(*name);
                    filled.push_str(value);
                }
                None => report.add(
                    place,
                    "",
                    format!("unknown placeholder ${{{name}}}"),
                    format!("expected one of {}", names(values)),
                ),
            }
        }
        filled.push_str(rest);
        if is_comment {
            filled.truncate(begins);
        }
    }
    for (name, value) in values {
        if !used.contains(name) {
            let found = format!("found no ${{{name}}}");
            report.add(None, "", found, "expected a placeholder for each value");
        }
        if value.chars().any(ends_its_place) {
            let found = format!("found a quote, a backslash or a line's end in {name}");
            report.add(None, "", found, "expected a value that needs no quoting");
        }
    }
    if filled.len() > BYTES_MAX {
        let found = format!("found {} bytes once it is filled in", filled.len());
        let expected = format!("expected at most {BYTES_MAX}, which is all that EC2 takes");
        report.add(None, "", found, expected);
    }
    let problems = report.into_problems();
    if problems.is_empty() {
        Ok(filled)
    } else {
        Err(problems)
    }
}

/// Values stand in JSON, in YAML and in systemd's units.
fn ends_its_place(c: char) -> bool {
    c.is_control() || matches!(c, '"' | '\'' | '\\' | '`' | '$' | '%')
}

fn names(values: &[(&str, String)]) -> String {
    let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, values: &[(&str, &str)]) -> Result<String, Vec<String>> {
        let values: Vec<_> = values.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
        let said = |problems: Vec<Problem>| problems.iter().map(ToString::to_string).collect();
        fill(template, "it.yaml", &values).map_err(said)
    }

    #[test]
    fn every_placeholder_is_filled_in() {
        let found = filled("a: ${a}\nb: ${b}${a}", &[("a", "1"), ("b", "2")]);
        assert_eq!(found.as_deref(), Ok("a: 1\nb: 21"));
    }

    #[test]
    fn what_explains_is_left_out_and_what_a_system_reads_stays() {
        let template = "#cloud-config\n# why ${a}\n  # because\nb: |\n  #!/bin/sh\n  a # b\n";
        let found = filled(template, &[("a", "1")]);
        let expected = "#cloud-config\nb: |\n  #!/bin/sh\n  a # b\n";
        assert_eq!(found.as_deref(), Ok(expected));
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once_with_its_line() {
        let template = "a: ${a}\nb: ${bee}\n%{ if a }\nc: ${c";
        let found = filled(template, &[("a", "x\"y"), ("b", "2")]);
        insta::assert_snapshot!(found.expect_err("much is wrong").join("\n"), @r#"
        it.yaml: found a quote, a backslash or a line's end in a; expected a value that needs no quoting
        it.yaml: found no ${b}; expected a placeholder for each value
        it.yaml:2: unknown placeholder ${bee}; expected one of a, b
        it.yaml:3: found %{; expected placeholders such as ${endpoint} alone
        it.yaml:4: found ${ without an end; expected a }
        "#);
    }

    #[test]
    fn what_ec2_does_not_take_is_refused() {
        let longest = "x".repeat(BYTES_MAX - 1);
        assert!(filled("${a}\n", &[("a", &longest)]).is_ok());
        let longer = filled("${a}\n", &[("a", &"x".repeat(BYTES_MAX))]);
        let said = longer.expect_err("it is too long");
        assert!(said[0].contains("found 16385 bytes"), "{said:?}");
    }
}
