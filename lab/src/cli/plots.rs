//! `dayfly-lab simulate --plots FOLDER`: a study's pictures as files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::output::replace;
use crate::study::plots::plots;
use crate::study::report::Row;
use crate::study::sight::Sight;

/// Why there are no pictures.
#[derive(Debug, Error)]
pub enum PlotsError {
    /// The folder is none, and cannot be made.
    #[error("found no folder {path} and could not make it; expected one that can be written into")]
    Folder {
        /// Where it would be.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A picture could not be written.
    #[error("could not write {path}; expected a folder that can be written into")]
    File {
        /// Its name.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Makes the folder if it is missing. Done before anything is run, so that nobody waits in vain.
///
/// # Errors
/// It cannot be made, or is a file.
pub fn make_folder(path: &Path) -> Result<(), PlotsError> {
    fs::create_dir_all(path).map_err(|source| PlotsError::Folder {
        path: path.to_owned(),
        source,
    })
}

/// Writes the pictures of all workloads in place of those that are there; gives their names, one
/// on each line.
///
/// # Errors
/// One cannot be written.
pub fn write_plots(folder: &Path, rows: &[Row], sights: &[Sight]) -> Result<String, PlotsError> {
    let mut names = String::new();
    for plot in plots(rows, sights) {
        let path = folder.join(&plot.name);
        names.push_str(&format!("{}\n", path.display()));
        replace(&path, &plot.svg).map_err(|source| PlotsError::File { path, source })?;
    }
    Ok(names)
}
