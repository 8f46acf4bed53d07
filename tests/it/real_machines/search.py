"""Looks for a registration token and for credentials wherever root may look. Prints what it finds.

The two halves of the token are in the environment, and only this process puts them together.
"""

import os
import re
import urllib.error
import urllib.request

TOKEN = (os.environ["TOKEN_BEGINS"] + os.environ["TOKEN_ENDS"]).encode()
# The id of a key as EC2 gives it to a role.
KEY = re.compile(b"ASIA[0-9A-F]{16}")
FOLDERS = ["/etc", "/var", "/run", "/home", "/root", "/tmp", "/usr/local", "/opt", "/srv", "/dev/shm"]
found = []


def look(where, content):
    if TOKEN in content or KEY.search(content):
        found.append(where)


def files():
    count = 0
    for top in FOLDERS:
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        look(path, file.read())
                    count += 1
    return count


def memory():
    count = 0
    for process in filter(str.isdigit, os.listdir("/proc")):
        if int(process) == os.getpid():
            continue
        try:
            for name in ("environ", "cmdline"):
                with open(f"/proc/{process}/{name}", "rb") as file:
                    look(f"{name} of {process}", file.read())
            with open(f"/proc/{process}/maps") as maps:
                areas = [line.split() for line in maps]
            with open(f"/proc/{process}/mem", "rb", 0) as content:
                for area in areas:
                    begins, ends = (int(number, 16) for number in area[0].split("-"))
                    if "w" not in area[1] or area[-1] in ("[vvar]", "[vsyscall]"):
                        continue
                    try:
                        content.seek(begins)
                        look(f"memory of {process}", content.read(ends - begins))
                    except (OSError, OverflowError):
                        pass  # A hole in it.
            count += 1
        except (FileNotFoundError, ProcessLookupError):
            pass  # It has just ended.
    return count


def metadata():
    request = urllib.request.Request(
        "http://169.254.169.254/latest/api/token",
        method="PUT",
        headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            found.append(f"metadata answers {answer.status}")
    except urllib.error.HTTPError as error:
        print("metadata says", error.code)


# A search that finds nothing anywhere proves nothing: it has to find these.
os.makedirs("/run/known", exist_ok=True)
with open("/run/known/token", "wb") as file:
    file.write(TOKEN)
with open("/run/known/key", "wb") as file:
    file.write(b"ASIA" + b"0" * 16)
sleeper = os.spawnve(os.P_NOWAIT, "/bin/sleep", ["sleep", "1000"], {"KNOWN": TOKEN.decode()})
files(), memory()
known = {"/run/known/token", "/run/known/key", f"environ of {sleeper}", f"memory of {sleeper}"}
print("the search works" if known <= set(found) else f"the search found only {found}")
os.kill(sleeper, 9)
os.waitpid(sleeper, 0)
for name in ("token", "key"):
    os.remove(f"/run/known/{name}")
found.clear()

print("as user", os.getuid())
print("looked at", files(), "files and", memory(), "processes")
metadata()
print("found", found or "nothing")
