"""README's example is examples/minimal; docs/DEPLOY.md has a row for each statement of iam.tf, and
docs/IMAGES.md for each of images.tf."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parents[2]
wrong = []
minimal = (root / "terraform/examples/minimal/main.tf").read_text()
if len(minimal.splitlines()) > 15:
    wrong.append("terraform/examples/minimal/main.tf is longer than 15 lines")
if f"```hcl\n{minimal}```" not in (root / "README.md").read_text():
    wrong.append("README.md does not hold terraform/examples/minimal/main.tf word for word")

for file, page in [("iam.tf", "docs/DEPLOY.md"), ("images.tf", "docs/IMAGES.md")]:
    source = (root / "terraform" / file).read_text()
    statements = re.findall(r'\n\s+Sid\s+= "(\w+)"\n\s+Effect\s+= "Allow"\n\s+Action\s+= \[(.*?)\]', source, re.S)
    needed = sorted((sid, action) for sid, actions in statements for action in re.findall(r'"([\w:]+)"', actions))
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| [^|]+ \|$", (root / page).read_text(), re.M)
    told = sorted((sid, action) for sid, actions in rows for action in re.findall(r"`([\w:]+)`", actions))
    for sid, action in sorted(set(needed) - set(told)):
        wrong.append(f"{page} has no row for {action} of {sid}")
    for sid, action in sorted(set(told) - set(needed)):
        wrong.append(f"{page} tells of {action} of {sid}, which {file} does not allow")
    if not needed:
        wrong.append(f"no statement was found in terraform/{file}")
sys.exit("\n".join(f"error: {it}" for it in wrong) or None)
