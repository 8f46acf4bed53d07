//! A machine as a virtual one of this computer, by QEMU: a real kernel, a real cloud-init.
//!
//! What must stay true: no machine outlives the process that launched it, however that ends; what
//! a machine writes on its disk goes with it. What is not here: what the machine may ask about
//! itself (its metadata service is a socket that the caller serves), and which machines there are.

mod arguments;

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use tokio::process::{Child, Command};

/// The program that runs virtual machines.
const QEMU: &str = "qemu-system-x86_64";

/// What all virtual machines of this computer have in common.
#[derive(Clone, Debug)]
pub struct QemuSettings {
    /// The folder of an image: a `disk.ext4` that is never written, and its `vmlinuz`.
    pub image: PathBuf,
    /// Certificates that machines trust, in PEM form.
    pub trust: String,
    /// Lines for the environment of the agent's unit, such as `AWS_ENDPOINT_URL=…`.
    pub environment: String,
    /// This computer's address as its machines see it.
    pub host: String,
    /// This program, which is also each machine's supervisor and relay.
    pub program: PathBuf,
}

/// What one machine is told about itself by its hardware.
#[derive(Clone, Debug)]
pub struct Hardware {
    /// Its name.
    pub id: String,
    /// Its size, in EC2's words.
    pub size: String,
    /// The address of its network card.
    pub mac: String,
}

/// Who emulates a machine's processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accelerator {
    /// The processor itself.
    Kvm,
    /// QEMU, in software.
    Tcg,
}

/// The folder of one machine.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder of a machine under a root.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn create(root: &Path, id: &str) -> io::Result<Self> {
        let folder = root.join(id);
        super::process::folder::private_folder(&folder)?;
        Ok(Self(folder))
    }

    /// The socket on which the machine's metadata service has to be served.
    pub fn metadata(&self) -> PathBuf {
        self.0.join("metadata")
    }

    /// Removes it.
    pub fn remove(&self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "a machine's folder stays");
        }
    }
}

/// Proves that virtual machines can be had here.
///
/// # Errors
/// What is missing, and how it can be had.
pub fn check(settings: &QemuSettings) -> io::Result<()> {
    for name in ["disk.ext4", "vmlinuz"] {
        let path = settings.image.join(name);
        if !path.is_file() {
            let text = format!(
                "{} is no image: {name} is missing; cloud-init/image/build makes one",
                settings.image.display()
            );
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
    }
    let asked = std::process::Command::new(QEMU)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    asked.map(drop).map_err(|error| {
        let text = format!("{QEMU} cannot be started ({error}); its package is qemu-system-x86");
        io::Error::new(error.kind(), text)
    })
}

/// Starts a machine. Its console is the child's stdout; the child is there as long as the machine.
///
/// # Errors
/// It cannot be started.
pub fn start(settings: &QemuSettings, folder: &Folder, hardware: &Hardware) -> io::Result<Child> {
    fs::write(folder.0.join("trust"), &settings.trust)?;
    fs::write(folder.0.join("environment"), &settings.environment)?;
    let arguments = arguments::arguments(settings, folder, hardware, accelerator())?;
    let mut command = Command::new(&settings.program);
    command
        .args(["virtual-machine", "--"])
        .args(arguments)
        // What the machine writes on its disk: QEMU removes the file as soon as it has opened it.
        .env("TMPDIR", &folder.0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    command.spawn()
}

/// Becomes QEMU, with these arguments, and ends when the process that launched this one ends.
/// Returns only if that fails.
pub fn become_machine(arguments: &[std::ffi::OsString]) -> io::Error {
    let launcher = getppid();
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    // One that has ended before that line sends no signal any more.
    if getppid() != launcher || launcher.is_none_or(rustix::process::Pid::is_init) {
        return io::Error::other("the process that wanted this machine is gone");
    }
    std::process::Command::new(QEMU).args(arguments).exec()
}

/// Carries one connection of a machine between stdin with stdout and a socket.
///
/// # Errors
/// The socket is not there.
pub fn relay(socket: &Path) -> io::Result<()> {
    use std::net::Shutdown;
    use std::os::unix::net::UnixStream;
    let stream = UnixStream::connect(socket)?;
    let mut asking = stream.try_clone()?;
    std::thread::spawn(move || {
        // Either side may close first; the other one is told so.
        let _ = copy(&mut io::stdin().lock(), &mut asking);
        let _ = asking.shutdown(Shutdown::Write);
    });
    let mut answers = stream;
    copy(&mut answers, &mut io::stdout().lock())
}

/// Each part at once: whoever waits for it may have more to say only afterwards.
fn copy(from: &mut impl io::Read, to: &mut impl io::Write) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(buffer.get(..read).unwrap_or_default())?;
        to.flush()?;
    }
}

/// That `/dev/kvm` opens proves nothing: there are computers on which no stock kernel boots with
/// it. The modules of the two makers are what stands for a processor that does it by itself.
fn accelerator() -> Accelerator {
    let has_module = ["kvm_intel", "kvm_amd"]
        .iter()
        .any(|module| Path::new("/sys/module").join(module).exists());
    let opens = fs::File::options().read(true).write(true).open("/dev/kvm");
    if has_module && opens.is_ok() {
        Accelerator::Kvm
    } else {
        Accelerator::Tcg
    }
}
