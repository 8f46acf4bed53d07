//! The pseudo-terminal of a job: nobody types on it but us, and it shows what it is asked to show.

use std::io;
use std::os::fd::AsFd;

use pty_process::{Pts, Pty, Size};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What tools assume of a terminal that does not tell, and what the official agent's 0 × 0 makes them
/// assume (protocol.md A22). Programs that divide by the width are spared the zero.
const ROWS: u16 = 24;
/// See `ROWS`.
const COLUMNS: u16 = 80;

/// More than a pseudo-terminal buffers (64 KiB and a line), so that a drain ends even while someone writes on.
const DRAIN_BYTES_MAX: usize = 256 * 1024;

/// Our side of the terminal.
pub(super) struct Terminal {
    pty: Pty,
    settings: Termios,
}

impl Terminal {
    /// A new terminal and the side that a shell is started on: 24 × 80, and no echo from the first byte on.
    pub(super) fn open() -> io::Result<(Self, Pts)> {
        let (pty, pts) = pty_process::open().map_err(io::Error::other)?;
        pty.resize(Size::new(ROWS, COLUMNS))
            .map_err(io::Error::other)?;
        let mut settings = tcgetattr(pts.as_fd())?;
        settings
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ECHOE | LocalModes::ECHOK | LocalModes::ECHONL);
        tcsetattr(pts.as_fd(), OptionalActions::Now, &settings)?;
        Ok((Self { pty, settings }, pts))
    }

    /// Types a line. The settings are put back before, because a command may have changed them (`stty echo`, or
    /// a full-screen program that was killed).
    pub(super) async fn type_line(&mut self, line: &str) -> io::Result<()> {
        tcsetattr(self.pty.as_fd(), OptionalActions::Now, &self.settings)?;
        self.pty.write_all(line.as_bytes()).await
    }

    /// Reads what is there, or waits for it. Nothing read, or an error, means that the last holder of the other
    /// side has closed it. May be dropped without losing a byte.
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.pty.read(buffer).await
    }

    /// Takes what was written until now, without waiting. It asks the kernel and not the runtime, which may not
    /// have heard of the last bytes yet.
    pub(super) fn drain(&self) -> Vec<u8> {
        let mut drained = Vec::new();
        let mut buffer = [0; 4096];
        while drained.len() < DRAIN_BYTES_MAX {
            match rustix::io::read(self.pty.as_fd(), &mut buffer) {
                Ok(0) => break,
                Ok(count) => drained.extend_from_slice(&buffer[..count]),
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => break,
            }
        }
        drained
    }
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Terminal")
    }
}
