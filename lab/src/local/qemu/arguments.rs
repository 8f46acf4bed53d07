//! QEMU's command line for one machine.

use std::io;
use std::path::Path;

use super::{Accelerator, Folder, Hardware, QemuSettings};

/// Where a machine of AWS finds its metadata service.
const METADATA: &str = "169.254.169.254";
/// Enough for the image and a small job, whatever the size says: the computer is shared.
const MEMORY_MIB: u32 = 512;
/// It boots from an NVMe disk without an initrd, because its kernel has what that takes. The disk
/// is looked for beside everything else and can come after the wish to mount it. On a busy
/// computer emulated timers are late, which this kernel would take for broken hardware.
const KERNEL: &str = "root=/dev/nvme0n1 rootwait rw no_timer_check console=ttyS0 quiet panic=5";

/// QEMU's arguments, without the program.
pub(super) fn arguments(
    settings: &QemuSettings,
    folder: &Folder,
    hardware: &Hardware,
    accelerator: Accelerator,
) -> io::Result<Vec<String>> {
    let (accel, processor) = match accelerator {
        Accelerator::Kvm => ("kvm", "host"),
        Accelerator::Tcg => ("tcg", "max"),
    };
    let disk = plain(&settings.image.join("disk.ext4"))?;
    let kernel = plain(&settings.image.join("vmlinuz"))?;
    let (program, socket) = (plain(&settings.program)?, plain(&folder.metadata())?);
    let host = &settings.host;
    let network = network_of(host);
    let uuid = uuid(&hardware.id);
    let memory = MEMORY_MIB.to_string();
    let words = [
        "-nodefaults -no-user-config -display none -no-reboot -smp 1 -machine q35",
        "-device virtio-rng-pci -chardev stdio,id=console,signal=off -serial chardev:console",
        "-device nvme,drive=disk,serial=vol-1",
    ];
    let mut arguments: Vec<String> = words
        .iter()
        .flat_map(|words| words.split(' '))
        .map(str::to_owned)
        .collect();
    let mut put = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
    put("-accel", accel.to_owned());
    put("-cpu", processor.to_owned());
    put("-m", memory);
    put("-kernel", kernel);
    put("-append", KERNEL.to_owned());
    let drive = format!("if=none,id=disk,file={disk},format=raw,snapshot=on,cache=unsafe");
    put("-drive", drive);
    // cloud-init looks for these words before it asks a metadata service as EC2's.
    put("-smbios", "type=0,vendor=Amazon EC2,version=1.0".to_owned());
    put(
        "-smbios",
        format!(
            "type=1,manufacturer=Amazon EC2,product={},uuid={uuid},serial={uuid}",
            hardware.size
        ),
    );
    let chassis = "type=3,manufacturer=Amazon EC2,asset=Amazon EC2";
    put("-smbios", chassis.to_owned());
    put(
        "-netdev",
        format!(
            "user,id=network,net={network}.0.0/16,host={host},dns={network}.0.3,\
             dhcpstart={network}.0.15,\
             guestfwd=tcp:{METADATA}:80-cmd:{program} relay {socket}"
        ),
    );
    let card = format!(
        "virtio-net-pci,netdev=network,romfile=,mac={}",
        hardware.mac
    );
    put("-device", card);
    for name in ["trust", "environment"] {
        let file = folder.0.join(name);
        put(
            "-fw_cfg",
            format!("name=opt/dayfly/{name},file={}", plain(&file)?),
        );
    }
    Ok(arguments)
}

/// The first two numbers of an address. Metadata is forwarded only inside a machine's own network.
fn network_of(host: &str) -> String {
    let numbers: Vec<&str> = host.split('.').take(2).collect();
    numbers.join(".")
}

/// EC2's machines have an identifier of hardware that begins with `ec2`.
fn uuid(id: &str) -> String {
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).collect();
    let digits = format!("{digits:0>17}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default().to_owned();
    format!("ec2{}-{}-4000-8000-{}", part(0, 5), part(1, 5), part(5, 17))
}

/// A path that means nothing else to QEMU, to which a comma and a space do.
fn plain(path: &Path) -> io::Result<String> {
    path.to_str()
        .filter(|path| !path.contains([',', ' ', '"', '\'', '\\']))
        .map(str::to_owned)
        .ok_or_else(|| {
            let text = format!(
                "{} has a character in it that QEMU reads as something else",
                path.display()
            );
            io::Error::other(text)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hardware_says_that_it_is_ec2s_and_which_machine_it_is() {
        assert_eq!(
            uuid("i-0123456789abcdef0"),
            "ec201234-1234-4000-8000-56789abcdef0"
        );
    }

    #[test]
    fn a_path_that_qemu_would_read_otherwise_is_refused() {
        for wrong in ["/tmp/a,b", "/tmp/a b", "/tmp/a'b"] {
            assert!(plain(Path::new(wrong)).is_err(), "{wrong}");
        }
        assert!(plain(Path::new("/tmp/dayfly-cloud-a1/i-1")).is_ok());
    }
}
