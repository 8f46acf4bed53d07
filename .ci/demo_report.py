"""Checks the object that `dayfly-lab demo --json` printed: usage: demo_report.py FILE"""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    report = json.load(file)  # one object and nothing else, or this fails

jobs, machines, wrong = report["jobs"], report["machines"], []
if not jobs:
    wrong.append("no job ran")
for job in jobs:
    name = f"job {job['name']}"
    if job["result"] != "passed":
        wrong.append(f"{name} {job['result']}")
    order = ["queued_at", "started_at", "finished_at"]
    times = [job[key] for key in order]
    if None in times or times != sorted(times):
        wrong.append(f"{name}: {order} are {times}")
    closed, gone = job["log_closed_at"], job["machine_gone_at"]
    if closed is None or gone is None or gone < closed:
        wrong.append(f"{name}: log_closed_at {closed}, machine_gone_at {gone}")
if len({job["machine"] for job in jobs}) != len(jobs):
    wrong.append("a machine ran two jobs")
if machines["alive"] != 0:
    wrong.append(f"{machines['alive']} machines are left over")
if machines["launched"] < len(jobs):
    wrong.append(f"{machines['launched']} machines for {len(jobs)} jobs")

for line in wrong:
    print(f"error: {line}")
print(f"{len(jobs)} jobs, {machines['launched']} machines, {len(wrong)} wrong")
sys.exit(1 if wrong else 0)
