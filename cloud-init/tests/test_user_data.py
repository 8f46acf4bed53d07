"""The user data of a machine, and what its begin.py does before an agent may start.

The hub, EC2, SSM and the agent are the real programs (`dayfly hub`, `dayfly cloud`, `dayfly-agent`);
the metadata service is one of this file, which is off as soon as the account says so.

Environment: DAYFLY and DAYFLY_AGENT, the two programs.
"""

import datetime
import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import types
import unittest
import urllib.error
import urllib.parse
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import yaml

FOLDER = pathlib.Path(__file__).resolve().parents[1]
TEMPLATE = (FOLDER / "user-data.yaml").read_text()
SETTINGS = {
    "endpoint": "acme.semaphoreci.com",
    "region": "eu-central-1",
    "token_parameter": "/dayfly/linux",
    "agent": "dayfly",
    "agent_url": "",
    "agent_sha256": "",
    "metadata": "off",
    "boot_limit_seconds": "300",
    "lifetime_seconds": "90000",
    "idle_timeout_seconds": "45",
    "interruption_grace_seconds": "0",
    "sudo": "false",
}
# A test that waits for longer has found something that hangs.
PATIENCE = 180
SECRETS = {"AccessKeyId": "AKIAROLE", "SecretAccessKey": "the-secret-key", "Token": "the-session"}


def render(**changes):
    """As Terraform's templatefile renders it."""
    settings = SETTINGS | changes
    return re.sub(r"\$\{(\w+)\}", lambda match: settings[match[1]], TEMPLATE)


def files(text):
    return {file["path"]: file for file in yaml.safe_load(text)["write_files"]}


class Form(unittest.TestCase):
    def test_every_placeholder_is_known_and_used(self):
        self.assertEqual(set(re.findall(r"\$\{(\w+)\}", TEMPLATE)), set(SETTINGS))
        self.assertNotIn("%{", TEMPLATE)

    def test_it_fits_into_what_ec2_takes(self):
        text = render(endpoint="e" * 60, agent_url="https://" + "u" * 200, token_parameter="/" + "t" * 200)
        self.assertTrue(text.startswith("#cloud-config\n"))
        self.assertLess(len(text.encode()), 16 * 1024)

    def test_what_holds_a_setting_is_private(self):
        machine = files(render())["/etc/dayfly/machine.json"]
        self.assertEqual(machine["permissions"], "0600")
        self.assertEqual(json.loads(machine["content"])["token_parameter"], "/dayfly/linux")

    def test_systemd_understands_the_units(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("there is no systemd-analyze here")
        with tempfile.TemporaryDirectory() as folder:
            units = []
            for path, file in files(render()).items():
                if path.startswith("/etc/systemd/system/"):
                    units.append(pathlib.Path(folder) / pathlib.Path(path).name)
                    # The programs and the user are on the machine alone.
                    text = re.sub(r"/usr/local/(bin|lib)/dayfly\S*( start)?", "/bin/true", file["content"])
                    units[-1].write_text(text.replace("User=semaphore", "User=daemon"))
            found = subprocess.run(
                ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True
            )
            said = [line for line in found.stderr.splitlines() if "dayfly" in line]
            self.assertEqual((found.returncode, said), (0, []))

    def test_every_end_of_the_agent_powers_off(self):
        unit = files(render())["/etc/systemd/system/dayfly-agent.service"]["content"]
        for line in ["SuccessAction=poweroff-force", "FailureAction=poweroff-force", "Restart=no",
                     "TimeoutStartSec=300", "RuntimeMaxSec=90000"]:
            self.assertIn(line + "\n", unit)


class Signature(unittest.TestCase):
    """AWS's own library signs the same."""

    def test_headers_are_signed_as_botocore_signs_them(self):
        module = types.ModuleType("begin")
        exec(files(render())["/usr/local/lib/dayfly/begin.py"]["content"], module.__dict__)
        now = datetime.datetime(2026, 11, 25, 23, 0, tzinfo=datetime.timezone.utc)
        botocore.auth.get_current_datetime = lambda *_, **__: now.replace(tzinfo=None)
        keys = botocore.credentials.Credentials(*SECRETS.values())
        target = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.GetParameter"}
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        agent = urllib.parse.quote("agents/dayfly agent+1~\u00e9.gz")
        for service, method, url, headers, body, signer in [
            ("ssm", "POST", "https://ssm.eu-central-1.amazonaws.com/", target, b'{"Name": "/a"}', botocore.auth.SigV4Auth),
            ("ec2", "POST", "https://ec2.eu-central-1.amazonaws.com/", form, b"Action=Dance", botocore.auth.SigV4Auth),
            ("s3", "GET", f"https://b.s3.eu-central-1.amazonaws.com/{agent}", {}, b"", botocore.auth.S3SigV4Auth),
        ]:
            ours = module.sign(SECRETS, service, "eu-central-1", method, url, headers, body, now)
            if service != "s3":
                headers = headers | {"X-Amz-Content-SHA256": ours["x-amz-content-sha256"]}
            request = botocore.awsrequest.AWSRequest(method, url, dict(headers), body or None)
            signer(keys, service, "eu-central-1").add_auth(request)
            self.assertEqual(ours["authorization"], request.headers["Authorization"], service)


class Metadata(http.server.BaseHTTPRequestHandler):
    """A metadata service, version 2, of one machine."""

    def log_message(self, *_):
        pass

    def answer(self, status, text=""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_PUT(self):
        if self.server.busy:
            return self.answer(self.server.busy.pop())
        off = self.server.is_off()
        self.answer(403 if off else 200, "" if off else "session")

    def do_GET(self):
        if self.server.is_off():
            return self.answer(403)
        # The role's credentials come late.
        if self.path.endswith("/security-credentials/") and self.server.late:
            self.server.late -= 1
            return self.answer(404)
        if self.headers.get("X-aws-ec2-metadata-token") != "session":
            return self.answer(401)
        known = {
            "/latest/meta-data/instance-id": self.server.machine,
            "/latest/meta-data/iam/security-credentials/": "machine-role",
            "/latest/meta-data/iam/security-credentials/machine-role": json.dumps(SECRETS),
        }
        text = known.get(self.path)
        return self.answer(404) if text is None else self.answer(200, text)


def serve(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Begin(unittest.TestCase):
    """begin.py against an account in which its machine runs."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dayfly-begin-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.started = []
        self.addCleanup(self.end)
        hub = self.start([os.environ["DAYFLY"], "hub", "--listen", "127.0.0.1:0", "--ca-file", "hub.pem",
                          "--pipeline", self.write("pipeline.yml", PIPELINE)])
        self.hub = hub
        self.token = hub["registration_tokens"]["s1-linux"]
        account = self.start([os.environ["DAYFLY"], "cloud", "--ca-file", "account.pem", "--seconds-pending", "0",
                              "--throttling", "none", "--parameter", f"/dayfly/linux={self.write('token', self.token)}"])
        self.endpoint, self.ca = account["endpoint"], str(self.folder / "account.pem")
        self.machine = self.launch()
        self.metadata = serve(Metadata)
        self.addCleanup(self.metadata.server_close)
        self.addCleanup(self.metadata.shutdown)
        self.metadata.machine, self.metadata.is_off = self.machine, self.metadata_is_off
        self.metadata.busy, self.metadata.late = [], 1

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def start(self, command):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=self.folder, text=True)
        self.started.append(child)
        return json.loads(child.stdout.readline())

    def end(self):
        for child in self.started:
            child.terminate()
            child.wait(PATIENCE)
            child.stdout.close()

    def ec2(self, **form):
        body = urllib.parse.urlencode({"Version": "2016-11-15"} | form).encode()
        request = urllib.request.Request(self.endpoint, body, {"Authorization": "AWS4-HMAC-SHA256 Credential=a"})
        tls = ssl.create_default_context(cafile=self.ca)
        with urllib.request.urlopen(request, context=tls, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def launch(self):
        form = {"Action": "RunInstances", "LaunchTemplate.LaunchTemplateId": "lt-1", "InstanceType": "c7i.large",
                "SubnetId": "subnet-a", "MinCount": 1, "MaxCount": 1}
        return re.search(r"<instanceId>(i-\w+)<", self.ec2(**form))[1]

    def metadata_is_off(self):
        try:
            listed = self.ec2(Action="DescribeInstances", **{"InstanceId.1": self.machine})
        except urllib.error.HTTPError:
            return False  # It is so young that it is not listed yet.
        return "<httpEndpoint>disabled<" in listed

    def begin(self, environment=None, **changes):
        text = render(endpoint=self.hub["endpoint"], **changes)
        written = files(text)
        for path in ("/etc/dayfly/machine.json", "/usr/local/lib/dayfly/begin.py"):
            target = self.folder / "root" / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(written[path]["content"])
        script = self.folder / "root/usr/local/lib/dayfly/begin.py"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        clean |= {
            "DAYFLY_ROOT": str(self.folder / "root"),
            "DAYFLY_USER": "root" if os.getuid() == 0 else os.environ.get("USER", ""),
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{self.metadata.server_port}",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CA_BUNDLE": self.ca,
            "DAYFLY_PROOFS_MAX": "12",
        } | (environment or {})
        found = subprocess.run([sys.executable, "-I", script], capture_output=True, text=True, env=clean, timeout=PATIENCE)
        said = found.stdout + found.stderr
        for secret in (self.token, SECRETS["SecretAccessKey"], SECRETS["Token"]):
            self.assertNotIn(secret, said)
        return found.returncode, said

    def left(self):
        root = self.folder / "root/run/dayfly"
        return sorted(path.name for path in root.iterdir()) if root.exists() else []

    def test_a_machine_without_metadata_runs_one_job(self):
        code, said = self.begin()
        self.assertEqual(code, 0, said)
        steps = re.findall(r"^dayfly: (.*) at [\d.]+ s$", said, re.M)
        self.assertEqual(steps, [f"begun {self.machine}", "token read", "metadata off"])
        self.assertTrue(self.metadata_is_off())
        self.assertEqual(self.left(), ["agent.yaml", "token"])
        for name in self.left():
            mode = (self.folder / "root/run/dayfly" / name).stat().st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o600, name)
        settings = yaml.safe_load((self.folder / "root/run/dayfly/agent.yaml").read_text())
        self.assertEqual((settings["name"], settings["disconnect-after-job"]), (self.machine, True))
        agent = subprocess.run(
            [os.environ["DAYFLY_AGENT"], "start", "--config-file", self.folder / "root/run/dayfly/agent.yaml"],
            capture_output=True, text=True, timeout=PATIENCE,
            env=os.environ | {"SEMAPHORE_AGENT_CA_FILE": str(self.folder / "hub.pem"), "TMPDIR": str(self.folder)},
        )
        self.assertEqual(agent.returncode, 0, agent.stderr)
        self.assertIn(f"dayfly: registered {self.machine}\n", agent.stdout)
        self.assertIn("dayfly: log closed ", agent.stdout)
        self.assertEqual(self.left(), ["agent.yaml"], "the agent has removed its token")
        self.assertNotIn(self.token, (self.folder / "root/run/dayfly/agent.yaml").read_text())

    def test_a_service_that_is_busy_is_not_taken_for_one_that_is_off(self):
        asked = iter([False] * 3)

        def is_off():
            # On for the first questions, then busy once, and never off.
            if next(asked, None) is None and not self.metadata.busy:
                self.metadata.busy.append(503)
            return False

        self.metadata.is_off = is_off
        code, said = self.begin()
        self.assertEqual((code, self.left()), (1, []), said)
        self.assertIn("dayfly: not begun: Trouble: the metadata service still answers", said)

    def test_a_machine_whose_metadata_stays_on_does_not_begin(self):
        self.metadata.is_off = lambda: False
        code, said = self.begin()
        self.assertEqual((code, self.left()), (1, []), said)
        self.assertIn("dayfly: not begun: Trouble: the metadata service still answers", said)

    def test_a_machine_that_may_not_turn_it_off_does_not_begin(self):
        self.metadata.machine = "i-0123456789abcdef0"
        code, said = self.begin()
        self.assertEqual((code, self.left()), (1, []), said)
        self.assertIn("not begun: Trouble: ec2 answered 400", said)
        self.assertIn("InvalidInstanceID.NotFound", said)

    def test_a_machine_without_a_token_says_so(self):
        code, said = self.begin(token_parameter="/dayfly/lost")
        self.assertEqual((code, self.left()), (1, []), said)
        self.assertIn("not begun: Trouble: ssm answered 400", said)
        self.assertIn("ParameterNotFound", said)
        self.assertFalse(self.metadata_is_off())

    def test_an_agent_of_another_kind_is_not_started(self):
        code, said = self.begin(agent_url="http://127.0.0.1:1/agent", agent_sha256="0" * 64)
        self.assertEqual(code, 1)
        self.assertIn("has to begin with https:// or s3://", said)
        url, certificate = self.serve_agent(b"#!/bin/sh\n")
        bundle = {"AWS_CA_BUNDLE": self.write("both.pem", pathlib.Path(self.ca).read_text() + certificate)}
        code, said = self.begin(bundle, agent_url=url, agent_sha256="0" * 64)
        self.assertEqual(code, 1)
        self.assertIn("has the SHA-256 ", said)
        wanted = hashlib.sha256(b"#!/bin/sh\n").hexdigest()
        code, said = self.begin(bundle, agent_url=url, agent_sha256=wanted)
        self.assertEqual(code, 0, said)
        program = self.folder / "root/usr/local/bin/dayfly-agent"
        self.assertEqual((program.read_bytes(), stat.S_IMODE(program.stat().st_mode)), (b"#!/bin/sh\n", 0o755))

    def serve_agent(self, program):
        class Agent(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(program)))
                self.end_headers()
                self.wfile.write(program)

        key, certificate = self.folder / "agent.key", self.folder / "agent.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-subj", "/CN=agent", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Agent)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"https://127.0.0.1:{server.server_port}/agent", certificate.read_text()

    def test_sudo_and_the_official_agent_are_a_pools_choice(self):
        code, said = self.begin(sudo="true", agent="semaphore")
        self.assertEqual(code, 0, said)
        sudoers = self.folder / "root/etc/sudoers.d/dayfly"
        self.assertEqual(stat.S_IMODE(sudoers.stat().st_mode), 0o440)
        settings = yaml.safe_load((self.folder / "root/run/dayfly/agent.yaml").read_text())
        self.assertEqual(settings["token"], self.token)
        self.assertEqual(settings["shutdown-hook-path"], "/usr/local/lib/dayfly/power-off")


PIPELINE = """
version: v1.0
name: One
agent: {machine: {type: s1-linux}}
blocks:
  - name: Block
    task:
      jobs:
        - name: Job
          commands: [echo from inside]
"""

if __name__ == "__main__":
    unittest.main()
