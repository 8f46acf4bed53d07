"""Packs a program as Lambda's `bootstrap`, with files beside it, and says what came of it.

    python3 lambda/pack.py PROGRAM ZIP [FILE…]

The same content gives the same zip, so that an unchanged function is not deployed again.
"""

import hashlib
import os
import re
import sys
import zipfile

# Amazon Linux 2023, on which provided.al2023 runs.
GLIBC_OF_LAMBDA = (2, 34)
# What Lambda takes as a direct upload; beyond it, the zip has to lie in S3.
ZIP_BYTES_MAX = 50_000_000
# The earliest moment that a zip can name: every build has the same.
MOMENT = (1980, 1, 1, 0, 0, 0)


def glibc_of(program: bytes) -> tuple[int, int]:
    """The newest C library whose symbols a program names."""
    found = re.findall(rb"GLIBC_(\d+)\.(\d+)", program)
    return max(((int(major), int(minor)) for major, minor in found), default=(0, 0))


def add(archive: zipfile.ZipFile, name: str, content: bytes, mode: int) -> None:
    """Adds a file with a fixed time and its permissions."""
    entry = zipfile.ZipInfo(name, MOMENT)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, or the permissions do not count.
    entry.external_attr = (0o100000 | mode) << 16
    archive.writestr(entry, content, compresslevel=9)


def main(program: str, target: str, *files: str) -> int:
    """Writes the zip; 1 if Lambda could not run or take it."""
    with open(program, "rb") as file:
        content = file.read()
    needed = glibc_of(content)
    if GLIBC_OF_LAMBDA < needed:
        have, want = (".".join(map(str, version)) for version in (GLIBC_OF_LAMBDA, needed))
        print(f"error: the program needs glibc {want}, and Lambda has {have}", file=sys.stderr)
        print("\nhint: lambda/build --tools builds it with cargo-lambda", file=sys.stderr)
        return 1
    os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        add(archive, "bootstrap", content, 0o755)
        for path in sorted(files):
            with open(path, "rb") as file:
                add(archive, os.path.basename(path), file.read(), 0o644)
    with open(target, "rb") as file:
        packed = file.read()
    size = f"{len(content) / 1e6:.1f} MB, {len(packed) / 1e6:.1f} MB packed"
    print(f"{target}: {size}, sha256 {hashlib.sha256(packed).hexdigest()}")
    if ZIP_BYTES_MAX < len(packed):
        print("error: Lambda takes 50 MB at most from a file; put it in S3", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
