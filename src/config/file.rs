//! The one look at the disk: the configuration file itself.

use std::fs;
use std::path::Path;

use super::resolve::resolve;
use super::settings::Settings;
use crate::document::{Format, Problem, Report};

/// Reads a configuration file: TOML, or JSON if its name ends in `.json`.
///
/// Relative paths in it are taken from the folder that it lies in.
///
/// # Errors
/// Everything that is wrong with it, or that it cannot be read.
pub fn load(path: &Path) -> Result<Settings, Vec<Problem>> {
    let file = path.display().to_string();
    let whole = |found: String, expected: &str| {
        let report = Report::new(file.clone());
        report.add(None, "", found, expected);
        report.into_problems()
    };
    let extension = path.extension().and_then(|extension| extension.to_str());
    let format = match extension {
        Some("json") => Format::Yaml,
        Some("toml") | None => Format::Toml,
        Some(other) => {
            let found = format!("found the extension .{other}");
            return Err(whole(found, "expected a .toml or a .json file"));
        }
    };
    let text = fs::read_to_string(path).map_err(|error| {
        let found = format!("cannot be read: {error}");
        whole(found, "expected a configuration file")
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    resolve(&text, &file, format, folder)
}
