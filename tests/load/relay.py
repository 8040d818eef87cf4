# SPDX-License-Identifier: MIT
"""The relay, seen from outside: its control socket, its memory and descriptors, and what starts it.

A manager has `start`, `restart`, `kill`, `stop`, `pid` and `look`. Manager does what systemd does for
the unit, by itself: it holds the two sockets, and keeps what a relay that is restarted leaves for the
next one. Systemd asks a real user manager for the same."""

import fcntl
import os
import pwd
import select
import signal
import socket
import subprocess
import time

LIMIT = 20  # seconds that a relay may take to start or to end
LOW = 1000  # stored descriptors are moved above this while a child is made


class Trouble(Exception):
    """Something that must not be."""


def wait_for(what, condition, seconds=LIMIT):
    until = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > until:
            raise Trouble(f"waited for {seconds} s: {what}")
        time.sleep(0.005)


class Control:
    """Requests at the control socket. Each has a connection of its own, as relayctl's."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "control.sock")

    def send(self, verb, **keys):
        """Returns the connection, with the request sent."""
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.settimeout(LIMIT)
        s.connect(self.path)
        s.send("\n".join([verb, *(f"{k}={v}" for k, v in keys.items())]).encode())
        return s

    @staticmethod
    def hear(s):
        """The records of the reply, the last one last: (verb, {key: value})."""
        records = []
        while not records or records[-1][0] not in ("ok", "error"):
            packet = s.recv(65536)
            if not packet:
                raise ConnectionError("the relay closed before its reply was whole")
            verb, *lines = packet.decode().split("\n")
            records.append((verb, dict(line.split("=", 1) for line in lines if line)))
        return records

    def ask(self, verb, **keys):
        with self.send(verb, **keys) as s:
            return self.hear(s)

    def status(self):
        """The daemon's record, and the list of its upstreams in their order."""
        records = self.ask("status")
        return records[0][1], [r[1] for r in records[1:] if r[0] == "upstream"]


def private_bytes(pid):
    """What the process has written to, and shares with no other."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith("Private_Dirty")) * 1024


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def listener(path, kind):
    s = socket.socket(socket.AF_UNIX, kind)
    s.bind(path)
    os.chmod(path, 0o600)
    s.listen(4096)
    return s


class Account:
    """Whose relay it is."""

    def __init__(self, name):
        entry = pwd.getpwnam(name)
        self.uid, self.gid, self.home = entry.pw_uid, entry.pw_gid, entry.pw_dir
        self.environment = {
            "HOME": entry.pw_dir, "USER": name, "LOGNAME": name, "PATH": "/usr/local/bin:/usr/bin:/bin",
            "XDG_RUNTIME_DIR": f"/run/user/{entry.pw_uid}",
            **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")},
        }
        self.directory = f"/run/user/{entry.pw_uid}/relayd"

    def run(self, *command, **options):
        """A process of theirs."""
        return subprocess.Popen(command, user=self.uid, group=self.gid, extra_groups=[], cwd=self.home,
                                env=self.environment, stdin=subprocess.DEVNULL, **options)


class Manager:
    """Does by itself what systemd does."""

    def __init__(self, account, log, *options):
        self.account, self.options = account, options
        self.pid = 0
        self.stored = []  # (name, descriptor)
        self.is_ready = False
        self.log = open(log, "ab")
        os.makedirs(account.directory, 0o700, exist_ok=True)
        os.chown(account.directory, account.uid, account.gid)
        self.sockets = [self.make("agent.sock", socket.SOCK_STREAM),
                        self.make("control.sock", socket.SOCK_SEQPACKET)]
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.bind(account.directory + ".notices")
        os.chmod(account.directory + ".notices", 0o666)
        self.notices.setblocking(False)

    def make(self, name, kind):
        path = os.path.join(self.account.directory, name)
        s = listener(path, kind)
        os.chown(path, self.account.uid, self.account.gid)
        return s

    def look(self):
        """Takes what the relay says. It must not have ended by itself."""
        while True:
            try:
                text, fds, _, _ = socket.recv_fds(self.notices, 4096, 8)
            except BlockingIOError:
                break
            self.take(dict(line.split("=", 1) for line in text.decode().splitlines()), fds)
        if self.pid and os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            raise Trouble(f"the relay has ended by itself: {os.waitpid(self.pid, 0)[1]:#x}")

    def take(self, fields, fds):
        name = fields.get("FDNAME", "stored")
        for fd in fds:
            os.set_inheritable(fd, False)
        if "FDSTORE" in fields:
            self.stored += [(name, fd) for fd in fds]
        elif "FDSTOREREMOVE" in fields:
            for it in [it for it in self.stored if it[0] == name]:
                os.close(it[1])
                self.stored.remove(it)
        self.is_ready |= "READY" in fields

    def start(self):
        self.is_ready = False
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.become_relay()
            finally:
                os._exit(127)
        wait_for("the relay is ready", lambda: self.look() or self.is_ready)

    def become_relay(self):
        passed = [(s.fileno(), "relayd.socket") for s in self.sockets] + [(fd, name) for name, fd in self.stored]
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, LOW) for fd, _ in passed]
        os.dup2(self.log.fileno(), 1)
        os.dup2(1, 2)
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i)
        os.setgroups([])
        os.setgid(self.account.gid)
        os.setuid(self.account.uid)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.execve("/usr/local/bin/relayd", ["relayd", *self.options], {
            **self.account.environment,
            "NOTIFY_SOCKET": self.account.directory + ".notices", "LISTEN_PID": str(os.getpid()),
            "LISTEN_FDS": str(len(passed)), "LISTEN_FDNAMES": ":".join(name for _, name in passed),
            "FDSTORE": "500"})

    def end(self, how):
        """Has the process end, and takes what it leaves meanwhile."""
        pidfd = os.pidfd_open(self.pid)
        pid, self.pid = self.pid, 0
        os.kill(pid, how)
        os.kill(pid, signal.SIGCONT)
        until = time.monotonic() + LIMIT
        while pidfd not in select.select([pidfd, self.notices], [], [], 1)[0]:
            self.look()
            if time.monotonic() > until:
                raise Trouble("the relay does not end")
        os.close(pidfd)
        self.look()
        status = os.waitpid(pid, 0)[1]
        if status not in (0, how):
            raise Trouble(f"the relay ends by {how}: {status:#x}")

    def restart(self):
        self.end(signal.SIGUSR2)
        self.start()

    def kill(self):
        self.end(signal.SIGKILL)
        self.start()

    def stop(self):
        self.end(signal.SIGTERM)


class Systemd:
    """The same by a user manager that is there already, with relayd's units."""

    def __init__(self, account):
        self.account = account

    def ask(self, *command):
        said = self.account.run("systemctl", "--user", *command, stdout=subprocess.PIPE)
        out = said.communicate(timeout=60)[0].decode().strip()
        if said.returncode != 0:
            raise Trouble(f"systemctl {' '.join(command)}: {said.returncode}")
        return out

    @property
    def pid(self):
        return int(self.ask("show", "-P", "MainPID", "relayd.service"))

    def look(self):
        state = self.ask("show", "-P", "Result", "relayd.service")
        if state not in ("success", "signal"):
            raise Trouble(f"the service: {state}")

    def start(self):
        self.ask("start", "relayd.socket", "relayd.service")

    def restart(self):
        self.ask("restart", "relayd.service")

    def kill(self):
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        wait_for("another relay", lambda: self.pid not in (0, pid))

    def stop(self):
        self.ask("stop", "relayd.service")
