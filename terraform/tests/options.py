"""Every option of the module is rendered by tests/everything, and every check of it refuses something.

A variable needs as many runs that expect it to fail as it has validations, and a resource one for
its preconditions."""
import collections
import pathlib
import re
import sys

module = pathlib.Path(__file__).resolve().parents[1]
wrong = []


def blocks(text, head):
    """The top-level blocks whose first line matches, by their names, each with its body."""
    return re.findall(r"^" + head + r" \{\n(.*?)^\}", text, re.M | re.S)


sources = {path.name: path.read_text() for path in sorted(module.glob("*.tf"))}
tests = "".join(path.read_text() for path in sorted(module.glob("tests/*.tftest.hcl")))
expected = collections.Counter(re.findall(r"expect_failures\s*= \[([\w.]+)\]", tests))
everything = (module / "tests/everything/main.tf").read_text()
checks = options = 0
for file, text in sources.items():
    for name, body in blocks(text, r'variable "(\w+)"'):
        validations = len(re.findall(r"^  validation \{", body, re.M))
        checks += validations
        if expected[f"var.{name}"] < validations:
            wrong.append(f"{file}: variable {name} has {validations} validations, and {expected[f'var.{name}']} runs of the tests expect it to fail")
        # Attributes of objects: name = type, four blanks in, before the default.
        attributes = re.findall(r"^    (\w+)\s+= (?:optional|string|number|bool|list|map)\b", body, re.M)
        for option in [name, *attributes]:
            options += 1
            if not re.search(rf"(?<![\w.]){option}\s+= ", everything):
                wrong.append(f"{file}: {name if option == name else f'{name}.{option}'} is not set by tests/everything/main.tf")
    for kind, name, body in blocks(text, r'resource "(\w+)" "(\w+)"'):
        preconditions = len(re.findall(r"^    (?:pre|post)condition \{", body, re.M))
        checks += preconditions
        if expected[f"{kind}.{name}"] < preconditions:
            wrong.append(f"{file}: {kind}.{name} has {preconditions} conditions, and {expected[f'{kind}.{name}']} runs of the tests expect it to fail")
# A check that this script overlooks would not be counted.
written = sum(len(re.findall(r"\b(?:validation|precondition|postcondition) \{", text)) for text in sources.values())
if checks != written or not checks:
    wrong.append(f"{written} checks are written in the module, and {checks} were found in their places")
if not wrong:
    print(f"{options} options are rendered, {checks} checks refuse something")
sys.exit("\n".join(f"error: {it}" for it in wrong) or None)
