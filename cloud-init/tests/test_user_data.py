"""The user data of a machine, and what its begin.py does before an agent may start.

The hub, EC2, SSM and the agent are the real programs (`dayfly-lab`, `dayfly-agent`);
the metadata service is one of this file, which is off as soon as the account says so.

Environment: DAYFLY_LAB and DAYFLY_AGENT, the two programs.
"""

import contextlib
import datetime
import hashlib
import http.server
import io
import json
import os
import pathlib
import re
import shutil
import socket
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
import jsonschema
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
    """As Terraform's module renders it."""
    settings = SETTINGS | changes
    filled = re.sub(r"\$\{(\w+)\}", lambda match: settings[match[1]], TEMPLATE)
    return re.sub(r"(?m)^    ", "   ", re.sub(r"(?m)^ *# .*\n", "", filled))


def files(text):
    return {file["path"]: file for file in yaml.safe_load(text)["write_files"]}


def started():
    """The units that one target brings."""
    target = files(render())["/etc/systemd/system/dayfly.target"]["content"]
    return re.search(r"(?m)^Wants=(.*)$", target)[1].split()


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
                     "RuntimeMaxSec=90000", "Requires=dayfly-begin.service"]:
            self.assertIn(line + "\n", unit)
        before = files(render())["/etc/systemd/system/dayfly-begin.service"]["content"]
        for line in ["FailureAction=poweroff-force", "TimeoutStartSec=300"]:
            self.assertIn(line + "\n", before)

    def test_an_agent_is_told_to_stop_before_it_is_ended_by_force(self):
        written = files(render(interruption_grace_seconds="90"))
        agent = written["/etc/systemd/system/dayfly-agent.service"]["content"]
        for line in ["KillMode=mixed", "TimeoutStopSec=90s 2min", "OOMPolicy=continue"]:
            self.assertIn(line + "\n", agent)
        lifetime = written["/etc/systemd/system/dayfly-lifetime.service"]["content"]
        self.assertIn("ExecStart=systemctl stop dayfly-agent.service\n", lifetime)
        # Longer than the agent may take, and then by force, whether or not it stopped.
        for line in ["TimeoutStartSec=90s 5min", "SuccessAction=poweroff-force", "FailureAction=poweroff-force"]:
            self.assertIn(line + "\n", lifetime)

    def test_the_units_that_are_started_are_written(self):
        data = yaml.safe_load(render())
        [early], [late] = data["bootcmd"], data["runcmd"]
        self.assertIn(f"-pWants={late[-1]}", early)
        known = {pathlib.Path(path).name for path in files(render())}
        self.assertIn(late[-1], known)
        self.assertGreater(len(started()), 4)
        for unit in started():
            self.assertIn(unit, known)

    def test_what_starts_early_waits_for_the_last_file_and_for_nothing_else(self):
        data = yaml.safe_load(render())
        [early] = data["bootcmd"]
        self.assertIn("--no-block", early)
        self.assertIn("--path-property=PathExists=" + data["write_files"][-1]["path"], early)
        # With those, each would wait for the stage of the boot that starts it.
        for what in ["-p", "--path-property="]:
            self.assertIn(what + "DefaultDependencies=no", early)
        for name in ["dayfly-begin.service", "dayfly-boot-limit.timer", "dayfly-boot-limit.service"]:
            unit = files(render())["/etc/systemd/system/" + name]["content"]
            self.assertIn("DefaultDependencies=no\n", unit)
            self.assertNotIn("After=", unit)

    def test_what_is_started_pulls_nothing_of_the_boot_in_again(self):
        """The default dependencies want sysinit.target, whose short services would all run once more."""
        for name in ["dayfly.target", *started()]:
            unit = files(render())["/etc/systemd/system/" + name]["content"]
            self.assertIn("DefaultDependencies=no\n", unit, name)
        agent = files(render())["/etc/systemd/system/dayfly-agent.service"]["content"]
        for line in ["After=dayfly-begin.service systemd-tmpfiles-setup.service docker.service", "Conflicts=shutdown.target"]:
            self.assertIn(line + "\n", agent)

    def test_cloud_init_knows_every_key(self):
        schema = os.environ.get("CLOUD_INIT_SCHEMA")
        if not schema:
            self.skipTest("CLOUD_INIT_SCHEMA names no schema of cloud-init")
        validator = jsonschema.Draft4Validator(json.loads(pathlib.Path(schema).read_text()))

        def wrong(text):
            return sorted(error.message for error in validator.iter_errors(yaml.safe_load(text)))

        self.assertEqual(wrong(render()), [])
        # It would notice.
        self.assertNotEqual(wrong(render().replace("permissions:", "permission:", 1)), [])
        self.assertNotEqual(wrong(render().replace("\nruncmd:\n", "\nruncmd: 1\nothers:\n")), [])


class Console(unittest.TestCase):
    """The script that brings the agent's lines to the console, with commands of this file."""

    def lines(self, text):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            script = files(render())["/usr/local/lib/dayfly/console"]["content"]
            script = script.replace("/run/dayfly-shown", f"{folder}/shown")
            (folder / "script").write_text(script.replace(">/dev/console", f">>{folder}/console"))
            (folder / "journal").write_text(text)
            for name, body in [("systemctl", "echo 4711"), ("journalctl", f'echo "$@" >{folder}/asked; cat {folder}/journal'),
                               ("systemd-run", f'echo "$@" >>{folder}/timers')]:
                (folder / name).write_text(f"#!/bin/sh\n{body}\n")
                (folder / name).chmod(0o755)
            path = f"{folder}:{os.environ['PATH']}"
            subprocess.run(["sh", folder / "script"], check=True, env=os.environ | {"PATH": path}, timeout=PATIENCE)
            timers = folder / "timers"
            self.shown = (folder / "shown").exists()
            return ((folder / "asked").read_text().split(), (folder / "console").read_text(),
                    timers.read_text().splitlines() if timers.exists() else [])

    def test_only_the_agents_own_process_makes_marks(self):
        asked, shown, timers = self.lines("dayfly: registered i-1\n")
        self.assertIn("_PID=4711", asked)
        self.assertEqual((shown, timers), ("dayfly: registered i-1\n", []))

    def test_an_agent_that_has_done_its_work_has_two_minutes_to_leave(self):
        end = "--no-block --on-active=2min /usr/local/lib/dayfly/power-off"
        for line in ["dayfly: log closed j-1", 'Nov 26 01:00:00.000 i-1 : Disconnecting the Agent from Semaphore']:
            _, shown, timers = self.lines(f"first\n{line}\n")
            self.assertEqual((shown, timers), (f"first\n{line}\n", [end]))

    def test_the_power_goes_when_the_last_line_is_on_the_console(self):
        unit = files(render())["/etc/systemd/system/dayfly-agent.service"]["content"]
        self.assertRegex(unit, r"(?m)^ExecStopPost=-\+timeout \d+ sh .*until \[ -e /run/dayfly-shown \]")
        self.lines("dayfly: registered i-1\ndayfly: log closed j-1\n")
        self.assertFalse(self.shown)
        for line in ["dayfly: leaving: its job is done", "Nov 26 i-1 : Disconnecting the Agent from Semaphore"]:
            self.lines(f"dayfly: registered i-1\n{line}\n")
            self.assertTrue(self.shown, line)


def begin_module():
    module = types.ModuleType("begin")
    exec(files(render())["/usr/local/lib/dayfly/begin.py"]["content"], module.__dict__)
    return module


class Signature(unittest.TestCase):
    """AWS's own library signs the same."""

    def test_headers_are_signed_as_botocore_signs_them(self):
        module = begin_module()
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
            ours = module.sign(SECRETS, service, "eu-central-1", method, url, headers, body, now.timetuple())
            if service != "s3":
                headers = headers | {"X-Amz-Content-SHA256": ours["x-amz-content-sha256"]}
            request = botocore.awsrequest.AWSRequest(method, url, dict(headers), body or None)
            signer(keys, service, "eu-central-1").add_auth(request)
            self.assertEqual(ours["authorization"], request.headers["Authorization"], service)


    def test_every_partition_has_its_domain(self):
        module = begin_module()
        for region, domain in [("eu-central-1", "eu-central-1.amazonaws.com"),
                               ("us-gov-west-1", "us-gov-west-1.amazonaws.com"),
                               ("cn-north-1", "cn-north-1.amazonaws.com.cn")]:
            self.assertEqual(module.domain(region), domain)
            asked = []
            module.ask = lambda url, *_, **__: asked.append(url) or b""
            module.aws(SECRETS, "ssm", region, {}, b"{}")
            self.assertEqual(asked, [f"https://ssm.{domain}/"])


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
        if self.server.idle_timeout:
            known["/latest/meta-data/tags/instance/dayfly:idle-timeout"] = self.server.idle_timeout
        text = known.get(self.path)
        return self.answer(404) if text is None else self.answer(200, text)


def serve(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Account(unittest.TestCase):
    """A hub and an account, and begin.py as a machine in it runs it."""

    prefix = []  # A command that runs commands elsewhere.

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dayfly-begin-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.started = []
        self.addCleanup(self.end)
        hub = self.start([os.environ["DAYFLY_LAB"], "emulate", "hub", "--listen", "127.0.0.1:0", "--ca-file", "hub.pem",
                          "--pipeline", self.write("pipeline.yml", PIPELINE)])
        self.hub = hub
        self.token = hub["registration_tokens"]["s1-linux"]
        account = self.start([os.environ["DAYFLY_LAB"], "emulate", "aws", "--ca-file", "account.pem", "--seconds-pending", "0",
                              "--throttling", "none", "--parameter", f"/dayfly/linux={self.write('token', self.token)}"])
        self.endpoint, self.ca = account["endpoint"], str(self.folder / "account.pem")
        self.environment = {}

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def serve_tls(self, handler, path):
        key, certificate = self.folder / "agent.key", self.folder / "agent.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-subj", "/CN=agent", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"https://127.0.0.1:{server.server_port}{path}", certificate.read_text()

    def serve_agent(self, program):
        class Agent(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(program)))
                self.end_headers()
                self.wfile.write(program)

        return self.serve_tls(Agent, "/agent")

    def start(self, command):
        child = subprocess.Popen(self.prefix + command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                 cwd=self.folder, text=True)
        self.started.append(child)
        return json.loads(child.stdout.readline())

    def end(self):
        for child in self.started:
            child.terminate()
            child.wait(PATIENCE)
            child.stdout.close()

    def begin(self, environment=None, stdout=subprocess.PIPE, uptime=70.0, **changes):
        text = render(endpoint=self.hub["endpoint"], **changes)
        written = files(text)
        self.write_uptime(self.folder / "root", uptime)
        for path in ("/etc/dayfly/machine.json", "/usr/local/lib/dayfly/begin.py"):
            target = self.folder / "root" / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(written[path]["content"])
        (self.folder / "root/usr/local/bin").mkdir(exist_ok=True)
        script = self.folder / "root/usr/local/lib/dayfly/begin.py"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        clean |= {
            "DAYFLY_ROOT": str(self.folder / "root"),
            "DAYFLY_USER": "root" if os.getuid() == 0 else os.environ.get("USER", ""),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CA_BUNDLE": self.ca,
            "DAYFLY_PROOFS_MAX": "12",
        } | self.environment | (environment or {})
        found = subprocess.run(self.prefix + [sys.executable, "-I", script], stdout=stdout, stderr=subprocess.PIPE,
                               text=True, env=clean, timeout=PATIENCE)
        said = (found.stdout or "") + found.stderr
        for secret in (self.token, SECRETS["SecretAccessKey"], SECRETS["Token"]):
            self.assertNotIn(secret, said)
        return found.returncode, said

    def write_uptime(self, root, seconds):
        (root / "proc").mkdir(parents=True, exist_ok=True)
        (root / "proc/uptime").write_text(f"{seconds:.2f} 100.00\n")

    def left(self):
        root = self.folder / "root/run/dayfly"
        return sorted(path.name for path in root.iterdir()) if root.exists() else []


class Begin(Account):
    """begin.py against an account in which its machine runs."""

    def setUp(self):
        super().setUp()
        self.machine = self.launch()
        self.metadata = serve(Metadata)
        self.addCleanup(self.metadata.server_close)
        self.addCleanup(self.metadata.shutdown)
        self.metadata.machine, self.metadata.is_off = self.machine, self.metadata_is_off
        self.metadata.busy, self.metadata.late, self.metadata.idle_timeout = [], 1, None
        self.environment = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{self.metadata.server_port}"}

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

    def test_a_machine_without_metadata_runs_one_job(self):
        code, said = self.begin()
        self.assertEqual(code, 0, said)
        steps = re.findall(r"^dayfly: (.*) at [\d.]+ s$", said, re.M)
        # The kernel's log and cloud-init's are this computer's here, if there are any.
        steps = [step for step in steps if step not in ("kernel", "network")]
        self.assertEqual(steps, [f"begun {self.machine}", "token read", "metadata off"])
        self.assertTrue(self.metadata_is_off())
        self.assertEqual(self.left(), ["agent.yaml", "marks", "token"])
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
        self.assertRegex(agent.stdout, rf"(?m)^dayfly: registered {self.machine} at [0-9.]+ s$")
        self.assertIn("dayfly: log closed ", agent.stdout)
        self.assertEqual(self.left(), ["agent.yaml", "marks"], "the agent has removed its token")
        self.assertNotIn(self.token, (self.folder / "root/run/dayfly/agent.yaml").read_text())

    def test_an_agent_waits_as_its_launch_says_or_else_as_its_pool_does(self):
        # Where there is no tag, or no number in it, what the pool says holds. The first minute is
        # paid anyway: nobody leaves sooner than ten seconds before its end.
        for tag, uptime, waits in [("20", 70, 20), (None, 70, 45), ("soon", 70, 45), ("5", 70, 5),
                                   ("5", 46, 5), ("5", 20.3, 29), ("120", 20.3, 120)]:
            self.metadata.idle_timeout, self.metadata.machine = tag, self.launch()
            self.machine = self.metadata.machine
            code, said = self.begin(uptime=uptime)
            self.assertEqual(code, 0, said)
            settings = yaml.safe_load((self.folder / "root/run/dayfly/agent.yaml").read_text())
            self.assertEqual(settings["disconnect-after-idle-timeout"], waits)

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

    def test_an_agent_that_the_image_holds_is_not_fetched(self):
        baked = self.folder / "root/usr/local/lib/dayfly/baked"
        baked.parent.mkdir(parents=True)
        baked.write_text("0" * 64 + "\n")
        # Nobody listens there.
        url = "https://127.0.0.1:1/agent"
        code, said = self.begin(agent_url=url, agent_sha256="1" * 64)
        self.assertEqual(code, 1)
        self.assertIn("not begun: URLError", said)
        code, said = self.begin(agent_url=url, agent_sha256="0" * 64)
        self.assertEqual(code, 0, said)

    def serve_refusals(self):
        """The account behind somebody who first refuses some calls of each service, in each way."""
        account, context = self.endpoint, ssl.create_default_context(cafile=self.ca)
        throttled, busy = (400, b'{"__type": "ThrottlingException"}'), (503, b"<Code>RequestLimitExceeded</Code>")
        refusals = [("ssm", throttled), ("ssm", (500, b"")), ("ssm", None), ("ec2", busy), ("ec2", None)]

        class Refusing(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service = self.headers["Authorization"].split("/")[3]
                refusal = next((it for it in refusals if it[0] == service), None)
                if refusal:
                    refusals.remove(refusal)
                    if refusal[1] is None:
                        return self.connection.shutdown(socket.SHUT_RDWR)  # No answer at all.
                    return self.answer(*refusal[1])
                request = urllib.request.Request(account, body, dict(self.headers))
                try:
                    with urllib.request.urlopen(request, context=context, timeout=PATIENCE) as found:
                        self.answer(found.status, found.read())
                except urllib.error.HTTPError as error:
                    self.answer(error.code, error.read())

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return *self.serve_tls(Refusing, "/"), refusals

    def test_sudo_and_the_official_agent_are_a_pools_choice(self):
        code, said = self.begin(sudo="true", agent="semaphore")
        self.assertEqual(code, 0, said)
        sudoers = self.folder / "root/etc/sudoers.d/dayfly"
        self.assertEqual(stat.S_IMODE(sudoers.stat().st_mode), 0o440)
        settings = yaml.safe_load((self.folder / "root/run/dayfly/agent.yaml").read_text())
        self.assertEqual(settings["token"], self.token)
        self.assertNotIn("token-file", settings)

    def test_marks_reach_the_journal_and_the_console(self):
        # Under systemd, stdout is a socket, which cannot be opened by its name.
        console = self.folder / "root/dev/console"
        console.parent.mkdir(parents=True)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            code, _ = self.begin(stdout=theirs)
            theirs.close()
            said = b"".join(iter(lambda: ours.recv(65536), b"")).decode()
        self.assertEqual(code, 0, said)
        self.assertIn("dayfly: token read at ", said)
        self.assertIn("dayfly: metadata off at ", console.read_text())

    def test_what_others_say_begins_no_line(self):
        module = begin_module()
        shown = io.StringIO()
        module.ROOT = str(self.folder)
        self.write_uptime(self.folder, 70)
        with contextlib.redirect_stdout(shown):
            module.mark("not begun: it said\ndayfly: registered i-1\r\ndayfly: log closed j-1")
        self.assertEqual(len(shown.getvalue().splitlines()), 1, shown.getvalue())

    def test_what_passes_is_asked_for_again(self):
        """Throttled, failed and broken answers of SSM and EC2."""
        url, certificate, refusals = self.serve_refusals()
        bundle = self.write("both.pem", pathlib.Path(self.ca).read_text() + certificate)
        code, said = self.begin({"AWS_ENDPOINT_URL": url, "AWS_CA_BUNDLE": bundle})
        self.assertEqual((code, self.left()), (0, ["agent.yaml", "marks", "token"]), said)
        self.assertEqual(refusals, [], "every refusal has been met")
        self.assertTrue(self.metadata_is_off())


    def test_the_user_of_jobs_is_made_where_the_image_has_none(self):
        name = f"dayfly-{os.getpid()}"
        made = self.folder / "made"
        programs = self.folder / "programs"
        programs.mkdir()
        path = {"DAYFLY_USER": name, "PATH": f"{programs}:{os.environ['PATH']}"}
        (programs / "useradd").write_text(f'#!/bin/sh\necho "$*" >{made}\nexit 1\n')
        (programs / "useradd").chmod(0o755)
        code, said = self.begin(path)
        self.assertEqual(code, 1)
        self.assertIn(f"name not found: '{name}'", said)
        self.assertEqual(made.read_text(), f"-ms /bin/bash {name}\n")
        self.assertFalse(self.metadata_is_off(), "before the job's user is known, nothing is locked down")

    def test_it_trusts_whom_the_system_trusts(self):
        """By the folder of authorities where they have names there, else by the file of all."""
        named, unnamed = self.folder / "named", self.folder / "unnamed"
        for folder in (named, unnamed):
            folder.mkdir()
            shutil.copy(self.ca, folder / "authority.pem")
        subprocess.run(["openssl", "rehash", named], check=True)
        nobody = self.write("nobody.pem", "")
        trusts = [(named, nobody, 0), (unnamed, self.ca, 0), (unnamed, nobody, 1), (named, self.ca, 0)]
        for folder, file, wanted in trusts:
            with self.subTest(folder=folder, file=file):
                self.metadata.machine = self.machine = self.launch()
                code, said = self.begin({"AWS_CA_BUNDLE": "", "SSL_CERT_DIR": str(folder), "SSL_CERT_FILE": str(file),
                                         "DAYFLY_PROOFS_MAX": "12" if wanted == 0 else "1"})
                self.assertEqual(code, wanted, said)
                self.assertEqual("certificate verify failed" in said, wanted == 1, said)


def can_make_networks():
    if os.getuid() != 0 or not shutil.which("ip"):
        return False
    return subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode == 0


@unittest.skipUnless(can_make_networks(), "networks can be made by root alone, with iproute2")
class Guarded(Account):
    """A machine in a network of its own, and the metadata service at its real addresses in another."""

    def setUp(self):
        self.ours, self.theirs = (f"dayfly-{end}-{os.getpid()}" for end in ("machine", "aws"))
        for name in (self.ours, self.theirs):
            self.ip("netns", "add", name)
            self.addCleanup(self.ip, "netns", "del", name)
        self.ip("-n", self.ours, "link", "add", "inner", "type", "veth", "peer", "name", "outer", "netns", self.theirs)
        for name, link, v4, v6 in [(self.ours, "inner", "169.254.0.1/16", "fd00:ec2::1/64"),
                                   (self.theirs, "outer", "169.254.169.254/16", "fd00:ec2::254/64")]:
            self.ip("-n", name, "link", "set", "lo", "up")
            self.ip("-n", name, "link", "set", link, "up")
            self.ip("-n", name, "address", "add", v4, "dev", link)
            self.ip("-n", name, "-6", "address", "add", v6, "dev", link, "nodad")
        self.prefix = [shutil.which("ip"), "netns", "exec", self.ours]
        super().setUp()
        service = subprocess.Popen(["ip", "netns", "exec", self.theirs, sys.executable, __file__, "--metadata"],
                                   stdout=subprocess.PIPE, text=True)
        self.started.append(service)
        self.assertEqual(service.stdout.readline(), "ready\n")
        self.environment = {"DAYFLY_USER": "nobody"}

    def ip(self, *arguments):
        subprocess.run(["ip", *arguments], check=True)

    def guarded(self, instead=None):
        """Begins, perhaps with another command in place of `ip`."""
        environment = {}
        if instead:
            (self.folder / "bin").mkdir()
            program = self.folder / "bin/ip"
            program.write_text(f"#!/bin/sh\nreal={shutil.which('ip')}\n{instead}\n")
            program.chmod(0o755)
            environment["PATH"] = f"{self.folder}/bin:{os.environ['PATH']}"
        return self.begin(environment, metadata="guarded")

    def reaches(self, user, address):
        script = f"import socket; socket.create_connection(('{address}', 80), 5)"
        command = [*self.prefix, "setpriv", f"--reuid={user}", "--clear-groups", sys.executable, "-c", script]
        found = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        return found.returncode == 0

    def test_root_alone_reaches_the_metadata_service(self):
        for address in ("169.254.169.254", "fd00:ec2::254"):
            self.assertTrue(self.reaches("nobody", address), "before, everybody does")
        code, said = self.guarded()
        self.assertEqual((code, self.left()), (0, ["agent.yaml", "marks", "token"]), said)
        for address in ("169.254.169.254", "fd00:ec2::254"):
            self.assertFalse(self.reaches("nobody", address), address)
            self.assertTrue(self.reaches("root", address), address)

    def assert_not_begun(self, instead, reason):
        code, said = self.guarded(instead)
        self.assertEqual((code, self.left()), (1, []), said)
        self.assertRegex(said, f"dayfly: not begun: .*{reason}")

    def test_a_rule_that_is_not_there_is_noticed(self):
        self.assert_not_begun("exit 0", "the job's user is not kept from the metadata service")

    def test_a_rule_for_one_address_is_not_enough(self):
        self.assert_not_begun('[ "$1" = -6 ] || exec $real "$@"', "the job's user is not kept from")

    def test_a_network_that_is_gone_proves_nothing(self):
        self.assert_not_begun("exec $real link set inner down", "the job's user is not kept from")

    def test_a_service_that_root_cannot_reach_proves_nothing(self):
        self.assert_not_begun('$real "$@"; exec $real link set inner down', "")


def serve_metadata():
    """The metadata service of Guarded, in the network that this process is in."""
    for family, address in [(socket.AF_INET, "169.254.169.254"), (socket.AF_INET6, "fd00:ec2::254")]:
        kind = type("Server", (http.server.ThreadingHTTPServer,), {"address_family": family})
        server = kind((address, 80), Metadata)
        server.machine, server.is_off = "i-0123456789abcdef0", lambda: False
        server.busy, server.late, server.idle_timeout = [], 0, None
        threading.Thread(target=server.serve_forever).start()
    print("ready", flush=True)


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
    serve_metadata() if sys.argv[1:] == ["--metadata"] else unittest.main()
