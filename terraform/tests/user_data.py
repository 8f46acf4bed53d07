"""Terraform and `dayfly render user-data` make the same user data, byte by byte.

    user_data.py OUTPUT DAYFLY CONFIGURATION

OUTPUT is what `terraform test -json -verbose` has printed, with every launch template in it.
"""
import base64
import json
import subprocess
import sys

output, dayfly, configuration = sys.argv[1:]


def templates(module):
    yield from (it for it in module.get("resources", []) if it["type"] == "aws_launch_template")
    for child in module.get("child_modules", []):
        yield from templates(child)


states = [json.loads(line).get("test_state") for line in open(output) if line.startswith("{")]
state = next(state for state in states if state)
found = {it["index"]: it["values"]["user_data"] for it in templates(state["root_module"]) if it["name"] == "pool"}
pools = json.load(open(configuration))["pools"]
if set(found) != set(pools):
    sys.exit(f"error: launch templates of the pools {sorted(found)}, and a configuration of {sorted(pools)}")
for pool, text in sorted(found.items()):
    command = [dayfly, "render", "user-data", "--config", configuration, "--pool", pool]
    ours = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    theirs = base64.b64decode(text)
    if ours != theirs:
        lines = zip(ours.splitlines(), theirs.splitlines())
        number, pair = next(((at, pair) for at, pair in enumerate(lines, 1) if pair[0] != pair[1]), (0, "their length"))
        sys.exit(f"error: the user data of pool {pool} differs in line {number}: {pair}")
    print(f"user data of pool {pool}: {len(ours)} bytes, as Terraform's")
