# SPDX-License-Identifier: MIT
"""The programs that are measured, what stands behind them, and the clients before them. All of it runs
in one directory of its own, and ends with the one who started it."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

NAMES = ("direct", "floor", "duties", "loop", "relayd", "proxyd", "socat")
# Those that have every case.
ALL_ROUND = tuple(name for name in NAMES if name != "loop")
TITLES = {
    "direct": "direct", "floor": "barest relay", "duties": "barest relay with relayd's duties",
    "loop": "barest relay on libev", "relayd": "relayd", "proxyd": "systemd-socket-proxyd", "socat": "socat",
}
PROXYD = "/usr/lib/systemd/systemd-socket-proxyd"
# No more than a person would wait, and more than the slowest needs.
PATIENCE = 20


def wait_for(what, seconds, condition):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"bench: waited {seconds} s in vain for {what}")
        time.sleep(0.01)


class Instance:
    """A program that was started: where its clients connect, and its first process."""

    def __init__(self, program, start, path, process=None):
        self.program = program
        self.start = start
        self.path = path
        self.process = process

    def pids(self):
        return tree(self.process.pid) if self.process else []


def tree(pid):
    """A process and all that it has started."""
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                found += tree(int(child))
    except OSError:
        pass
    return found


def ticks(pid):
    """What it has had of the processors; nothing once it is gone."""
    try:
        return Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]
    except OSError:
        return ""


class Bench:
    """What is there to measure with."""

    def __init__(self, build):
        self.build = build
        # A socket's path has room for 107 bytes.
        room = os.environ.get("TMPDIR", "/tmp")
        self.place = Path(tempfile.mkdtemp(prefix="rb.", dir=room if len(room) < 60 else "/tmp"))
        self.relayd = os.environ.get("RELAYD") or str(build / "relayd/relayd")
        self.processes = []
        self.count = 0
        self.cpus = sorted(os.sched_getaffinity(0))[:2]

    def tool(self, name):
        return str(self.build / "tests/bench" / name)

    def missing(self, program):
        """Why a program cannot be measured here, or None."""
        if program == "proxyd":
            if not os.access(PROXYD, os.X_OK) or not shutil.which("systemd-socket-activate"):
                return "systemd-socket-proxyd is not installed"
        elif program == "socat" and not shutil.which("socat"):
            return "socat is not installed"
        return None

    def new_path(self, name):
        self.count += 1
        return str(self.place / f"{name}.{self.count}")

    def run_beside(self, words, **options):
        """A process that ends with this one, whatever becomes of it."""
        with open(self.place / "log", "ab") as log:
            options = {"stdout": log, "stderr": log, "stdin": subprocess.DEVNULL, **options}
            process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *words],
                                       start_new_session=True, **options)
        self.processes.append(process)
        return process

    def start(self, program, target, start=0, options=(), prefix=()):
        """One of NAMES, before the socket target; prefix is a command that runs it."""
        if program == "direct":
            return Instance(program, start, target)
        path = self.new_path(program)
        if program in ("floor", "duties", "loop"):
            words = [self.tool(program), path, target]
        elif program == "relayd":
            words = [self.relayd, "--dir", path, *options]
        elif program == "proxyd":
            words = ["systemd-socket-activate", "-l", path, PROXYD, "--connections-max=20000", target]
        else:
            words = ["socat", f"UNIX-LISTEN:{path},fork,backlog=4096", f"UNIX-CONNECT:{target}"]
        process = self.run_beside([*prefix, *words])
        instance = Instance(program, start, path + "/agent.sock" if program == "relayd" else path, process)
        door = control_socket(instance) if program == "relayd" else path
        wait_for(f"{program} ({self.place}/log)", 20, lambda: is_served(door))
        if program == "relayd":
            register(instance, target)
        return instance

    def agents(self, count):
        return Agents(self, count)

    def end(self, process):
        """And what it has started. It leads a session of its own."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        self.processes.remove(process)

    def close(self):
        for process in list(self.processes):
            self.end(process)
        shutil.rmtree(self.place, ignore_errors=True)

    def pin(self, instance, cpus):
        """The program and those behind it share so many CPUs."""
        for pid in instance.pids():
            set_cpus(pid, cpus)

    def pin_process(self, process, cpus):
        set_cpus(process.pid, cpus)

    def load(self, mode, path, count, question="list", clients=None, cpus=None, patience=PATIENCE):
        """Runs the clients. Returns what they measured, by name, and what happened instead."""
        process = self.begin_load(mode, path, count, question, clients, cpus, patience)
        return self.end_load(process)

    def begin_load(self, mode, path, count, question="list", clients=None, cpus=None, patience=PATIENCE):
        words = [self.tool("load"), "-t", str(patience), mode, path, str(count), question]
        words = words + [str(clients)] if clients else words
        if cpus:
            words = ["taskset", "-c", ",".join(map(str, cpus)), *words]
        return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def end_load(self, process):
        said = process.communicate()[0].split()
        if said[:1] == ["failed"]:
            return {}, " ".join(said[1:])
        if not said or process.returncode != 0:
            return {}, f"load ended with {process.returncode}"
        return dict(zip(said[0::2], map(float, said[1::2]))), None


def set_cpus(pid, cpus):
    try:
        os.sched_setaffinity(pid, cpus)
    except ProcessLookupError:
        pass


class Agents:
    """Fast agents, all in one process (agents.c)."""

    def __init__(self, bench, count):
        self.prefix = bench.new_path("agents") + "."
        self.count = count
        self.process = bench.run_beside([bench.tool("agents"), self.prefix, str(count)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def path(self, number=0):
        return f"{self.prefix}{number}"

    def be(self, behaviour, first=0, last=None):
        last = self.count - 1 if last is None else last
        self.process.stdin.write(f"{behaviour} {first} {last}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"


class RealAgent:
    """OpenSSH's ssh-agent, with one ed25519 key."""

    def __init__(self, bench):
        self.path = bench.new_path("ssh-agent")
        self.process = bench.run_beside(["ssh-agent", "-D", "-a", self.path])
        key = bench.new_path("key")
        wait_for("ssh-agent", 20, lambda: is_served(self.path))
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "somebody", "-f", key], check=True)
        subprocess.run(["ssh-add", "-q", key], check=True, env={**os.environ, "SSH_AUTH_SOCK": self.path})
        self.question = sign_question(key + ".pub")


def is_served(path):
    """A file that is there may not be listened at yet."""
    kind = socket.SOCK_SEQPACKET if path.endswith("/control.sock") else socket.SOCK_STREAM
    with socket.socket(socket.AF_UNIX, kind) as fd:
        return fd.connect_ex(path) == 0


def control_socket(relay):
    return relay.path.removesuffix("agent.sock") + "control.sock"


def sign_question(public_key):
    """For load, a signature by that key."""
    import base64
    blob = base64.b64decode(Path(public_key).read_text().split()[1])
    body = b"\x0d" + len(blob).to_bytes(4, "big") + blob + b"\0\0\0\4text" + bytes(4)
    return "hex:" + body.hex()


def register(relay, path, connection=None):
    """Registers a socket with a relayd, by its control protocol: a process for each would take most of
    the time. Returns the state that it is in."""
    lines = ["register", "path=" + path, "wait=1"] + (["connection=" + connection] if connection else [])
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as control:
        control.settimeout(20)
        control.connect(control_socket(relay))
        control.send("\n".join(lines).encode() + b"\n")
        said = []
        while not said or said[-1].split("\n")[0] not in ("ok", "error"):
            said.append(control.recv(65536).decode())
    fields = dict(line.split("=", 1) for packet in said for line in packet.split("\n") if "=" in line)
    if said[-1].startswith("error"):
        raise SystemExit(f"bench: relayd does not take {path}: {said[-1]}")
    return fields.get("state", "")


class Link:
    """A TCP connection on loopback that is there, as SSH_CONNECTION names it. From another address: one
    from a host to itself is no link."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.laptop = socket.create_connection(self.listener.getsockname(), source_address=("127.0.0.2", 0))
        self.server = self.listener.accept()[0]
        self.connection = "%s %d %s %d" % (*self.laptop.getsockname(), *self.laptop.getpeername())
