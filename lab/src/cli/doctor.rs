//! What `dayfly-lab doctor` looks at beside what `dayfly doctor` does.

use std::path::Path;

use dayfly::config::secret::Secrets;
use dayfly::config::{CloudSettings, Settings};
use dayfly::doctor::{Finding, place};
use rustix::fs::{Access, access};

use super::ec2;

/// The folder of this computer's machines, or EC2.
pub async fn examine(settings: &Settings, secrets: Option<&Secrets>) -> Vec<Finding> {
    match &settings.config.cloud {
        CloudSettings::Process(process) => {
            let is_writable = is_writable(&process.folder);
            vec![place::folder(&process.folder, is_writable)]
        }
        CloudSettings::Ec2(_) => Box::pin(ec2::examine(settings, secrets)).await,
    }
}

/// Whether a folder can be written, or made where it will be.
fn is_writable(folder: &Path) -> bool {
    let there = folder.ancestors().find(|ancestor| ancestor.exists());
    // A relative path's last ancestor is empty, and means the working folder.
    let there = there.filter(|path| !path.as_os_str().is_empty());
    let there = there.unwrap_or(Path::new("."));
    there.is_dir() && access(there, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}
