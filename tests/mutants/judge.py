"""Compares the mutants that survived with those that are argued.

    judge.py ARGUED FOLDER…

ARGUED is the file of arguments. Each FOLDER is of one room: it has the crate that was mutated, the
list of all its mutants, all.json, and what cargo-mutants wrote of those that it tried.

A mutant is known by its file, its change and the words of its line, and not by the line's number,
so that an argument outlives what is written above it, and falls with the line that it is about.
"""

import json
import pathlib
import re
import sys
import tomllib

PLACE = re.compile(r":\d+:\d+: ")


def key(mutant: dict, folder: pathlib.Path) -> tuple[str, str, str]:
    """File, change and line of a mutant."""
    number = mutant["span"]["start"]["line"]
    line = (folder / "crate" / mutant["file"]).read_text().splitlines()[number - 1].strip()
    change = PLACE.split(mutant["name"], maxsplit=1)[-1]
    return mutant["file"], change, line


def outcomes(folder: pathlib.Path) -> list:
    """What became of the mutants that were tried; none if the options left none to try."""
    report = folder / "mutants.out" / "outcomes.json"
    found = json.loads(report.read_text())["outcomes"] if report.exists() else []
    return [outcome for outcome in found if outcome["scenario"] != "Baseline"]


def main() -> int:
    argued, *folders = (pathlib.Path(argument) for argument in sys.argv[1:])
    arguments = {}
    for entry in tomllib.loads(argued.read_text())["argued"]:
        arguments[(entry["file"], entry["change"], entry["line"])] = entry["why"]
    exists = set()
    fates: dict[str, list] = {}
    for folder in folders:
        exists |= {key(mutant, folder) for mutant in json.loads((folder / "all.json").read_text())}
        for outcome in outcomes(folder):
            mutant = outcome["scenario"]["Mutant"]
            fates.setdefault(outcome["summary"], []).append((key(mutant, folder), mutant["name"]))
    missed = fates.get("MissedMutant", [])
    caught = fates.get("CaughtMutant", []) + fates.get("Timeout", [])
    survivors = {known for known, _ in missed}
    errors = [f"survives, and is not argued: {name}" for known, name in missed if known not in arguments]
    for known in arguments:
        said = f"{known[0]}: {known[1]}, in `{known[2]}`"
        if known not in exists:
            errors.append(f"argued, and does not exist (any more): {said}")
        elif known not in survivors and known in {other for other, _ in caught}:
            errors.append(f"argued, and a test notices it: {said}")
    print(
        f"{sum(map(len, fates.values()))} mutants: {len(caught)} caught, "
        f"{sum(known in arguments for known, _ in missed)} argued, "
        f"{len(fates.get('Unviable', []))} do not build, {len(errors)} errors"
    )
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    if errors:
        hint = "write the test that notices it, or argue it in tests/mutants/argued.toml"
        print(f"\nhint: {hint}", file=sys.stderr)
    return 1 if errors else 0


sys.exit(main())
