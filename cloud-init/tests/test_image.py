"""What a builder of images is told, as `dayfly image build --dry-run` prints it.

Environment: DAYFLY, the program; CLOUD_INIT_SCHEMA, cloud-init's own schema.
"""

import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

import jsonschema
import yaml

from test_user_data import PATIENCE, Account, files, render

PLACE = "/var/lib/dayfly-image/"
SCRIPT = "#!/bin/sh\necho 'a \"quoted\" $word'\n"
AGENT = b"#!/bin/sh\nexit 0\n"


def configuration(url, sha256):
    return f"""
deployment = "ci"
machines_max = 1
[hub]
endpoint = "hub.invalid"
[cloud]
kind = "ec2"
region = "eu-central-1"
[pools.linux]
agent_type = "s1-linux"
registration_token = {{ parameter = "/dayfly/linux" }}
launch_template = {{ id = "lt-1", version = 1 }}
instance_types = ["c7i.large"]
subnets = ["subnet-a"]
[pools.linux.machine]
agent_url = "{url}"
agent_sha256 = "{sha256}"
"""


def builder_data(folder, url="https://example.com/dayfly-agent", sha256="0" * 64, script=SCRIPT):
    (folder / "dayfly.toml").write_text(configuration(url, sha256))
    (folder / "script").write_text(script)
    command = [os.environ["DAYFLY"], "image", "build", "--config", "dayfly.toml", "--pool", "linux",
               "--from", "ami-1", "--script", "script", "--dry-run"]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    if found.returncode != 0:
        raise AssertionError(found.stderr)
    return found.stdout


class Form(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            cls.text = builder_data(pathlib.Path(folder))
        cls.files = files(cls.text)

    def test_cloud_init_knows_every_key(self):
        schema = os.environ.get("CLOUD_INIT_SCHEMA")
        if not schema:
            self.skipTest("CLOUD_INIT_SCHEMA names no schema of cloud-init")
        validator = jsonschema.Draft4Validator(json.loads(pathlib.Path(schema).read_text()))
        self.assertEqual([error.message for error in validator.iter_errors(yaml.safe_load(self.text))], [])
        self.assertTrue(self.text.startswith("#cloud-config\n"))

    def test_it_fetches_the_agent_by_the_program_of_the_pools_machines(self):
        theirs = files(render())["/usr/local/lib/dayfly/begin.py"]["content"]
        self.assertEqual(self.files[PLACE + "begin.py"]["content"].strip(), theirs.strip())

    def test_the_script_arrives_as_it_was_written(self):
        script = self.files[PLACE + "script"]
        self.assertEqual((script["encoding"], script["permissions"]), ("b64", "0700"))
        self.assertEqual(base64.b64decode(script["content"]).decode(), SCRIPT)

    def test_what_is_in_a_shells_hands_is_shell(self):
        for text in [self.files[PLACE + "bake"]["content"], self.after()]:
            found = subprocess.run(["sh", "-n", "-c", text], capture_output=True, text=True)
            self.assertEqual((found.returncode, found.stderr), (0, ""))

    def after(self):
        """What systemd hands to the shell once the recipe has ended: its own quotes undone."""
        unit = self.files["/run/systemd/system/dayfly-image.service"]["content"]
        quoted = re.search(r"^ExecStopPost=/bin/sh -c '(.*)'$", unit, re.M)[1]
        return quoted.replace("%%", "%").replace("\\\\", "\\")

    def test_success_and_failure_are_said_by_a_line_of_their_own(self):
        with tempfile.TemporaryDirectory() as folder:
            console, step = pathlib.Path(folder, "console"), pathlib.Path(folder, "step")
            step.write_text("the script\n")
            script = self.after().replace("/dev/console", str(console)).replace("/run/dayfly-image-step", str(step))
            for result, code, said in [("success", "0", "ready"), ("exit-code", "3", "failed: the script: exit-code 3")]:
                subprocess.run(["sh", "-c", script], check=True, timeout=PATIENCE,
                               env={"PATH": os.environ["PATH"], "SERVICE_RESULT": result, "EXIT_STATUS": code})
                self.assertEqual(console.read_text(), f"\ndayfly: image {said}\n")

    def test_systemd_understands_the_unit(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("there is no systemd-analyze here")
        unit = self.files["/run/systemd/system/dayfly-image.service"]["content"]
        for line in ["SuccessAction=poweroff-force", "FailureAction=poweroff-force", "TimeoutStartSec=1800"]:
            self.assertIn(line + "\n", unit)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "dayfly-image.service")
            # The program is on the builder alone.
            path.write_text(unit.replace(PLACE + "bake", "/bin/true"))
            found = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True)
            said = [line for line in found.stderr.splitlines() if "dayfly" in line]
            self.assertEqual((found.returncode, said), (0, []))


class Fetch(Account):
    """fetch.py, as the builder runs it."""

    def fetch(self, url, sha256, certificate):
        written = files(builder_data(self.folder, url, sha256))
        for name in ("image.json", "begin.py", "fetch.py"):
            target = self.folder / "root" / (PLACE + name).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            text = written[PLACE + name]["content"]
            # Where it looks for begin.py is the builder's own place.
            target.write_text(text.replace(f'"{PLACE[:-1]}")', f'"{target.parent}")'))
        root = self.folder / "root"
        (root / "usr/local/lib/dayfly").mkdir(parents=True, exist_ok=True)
        (root / "usr/local/bin").mkdir(exist_ok=True)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {"DAYFLY_ROOT": str(root), "AWS_CA_BUNDLE": self.write("trust.pem", certificate)}
        command = [sys.executable, "-I", "-B", root / (PLACE + "fetch.py").lstrip("/")]
        found = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
        return found.returncode, found.stderr

    def test_the_agent_is_there_with_its_number_beside_it(self):
        url, certificate = self.serve_agent(AGENT)
        root, wanted = self.folder / "root", hashlib.sha256(AGENT).hexdigest()
        code, said = self.fetch(url, "0" * 64, certificate)
        self.assertEqual(code, 1)
        self.assertIn("has the SHA-256 " + wanted, said)
        self.assertFalse((root / "usr/local/lib/dayfly/baked").exists())
        code, said = self.fetch(url, wanted, certificate)
        self.assertEqual((code, said), (0, ""))
        program = root / "usr/local/bin/dayfly-agent"
        self.assertEqual((program.read_bytes(), stat.S_IMODE(program.stat().st_mode)), (AGENT, 0o755))
        self.assertEqual((root / "usr/local/lib/dayfly/baked").read_text(), wanted + "\n")


if __name__ == "__main__":
    unittest.main()
