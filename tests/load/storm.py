#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Everything at once, at random, and the same again by the same seed.

What is done, and in which order, follows from the seed and the names of the actions alone: each step
draws the same numbers whatever happened before it. Throughout, each answer must be the right one, no
unsafe question may come to two logins, and no honest client may wait too long, for one login lives
through all of it. In the end all must be as it was before."""

import argparse
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time

import relay

SLOTS = 6  # logins that come and go; beside them there is one that stays
BOUND = 30  # seconds that an answer may take; no login is stopped for nearly so long
# Those that never answer a first question as an agent does: what another one says is passed on.
BEHAVIOURS = ["silent", "closing", "closed", "half", "wrong", "oversized", "nonsense", "full"]


ECHO = """
import socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(4096):
            self.request.send(data)
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
Server(("", 7), Echo).serve_forever()
"""


class Login:
    """An agent's process, and its socket. A bad one has a behaviour of fake-agent. One from far away has
    a TCP connection as sshd's, which each question and each answer travels over."""

    def __init__(self, storm, number, behaviour=None, late=0, far=None):
        self.number = number
        self.path = f"{storm.home}/login.{number}"
        self.facts = {}
        command = ["agents", "-l", storm.ledger, "-i", str(number), "-a", str(late), f"{storm.home}/login.", "1"]
        if behaviour:
            command = ["fake-agent", behaviour, self.path]
        if far:
            with far:
                here = far.getsockname()
                self.facts["connection"] = " ".join(str(w) for w in far.getpeername() + here)
                command[1:1] = ["-c", str(far.fileno())]
                self.process = storm.run(*command, pass_fds=[far.fileno()])
        else:
            self.process = storm.run(*command)
        relay.wait_for(f"{self.path} is there", lambda: os.path.exists(self.path))

    def end(self, and_its_file):
        if and_its_file:
            os.unlink(self.path)
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Storm:
    def __init__(self, options):
        self.options = options
        self.account = relay.Account("pat")
        self.home = self.account.home
        self.log = open(options.log, "ab")
        self.ledger = f"{self.home}/ledger"
        self.control = relay.Control(self.account.directory)
        self.socket = f"{self.account.directory}/agent.sock"
        if options.manager == "systemd":
            self.manager = relay.Systemd(self.account)
        else:
            self.manager = relay.Manager(self.account, options.relay_log, "--verbose")
        self.random = random.Random(options.seed)
        self.trace = []
        self.began = time.monotonic()
        self.logins = [None] * SLOTS
        self.number = 0
        self.crowds = []
        self.watchers = []
        self.is_cut = False
        self.far = None
        self.paused = []  # (from, to): then clients may be refused
        self.counts = {}

    # --- what it is made of

    def run(self, *command, **options):
        options.setdefault("stdout", self.log)
        options.setdefault("stderr", subprocess.STDOUT)
        return self.account.run(*command, start_new_session=True, **options)

    def say(self, *words):
        self.trace.append(f"{time.monotonic() - self.began:8.3f} {' '.join(str(w) for w in words)}")

    def login(self, **options):
        self.number += 1
        login = Login(self, self.number, **options)
        self.register(login)
        return login

    def register(self, login, **keys):
        self.ask("register", path=login.path, **login.facts, **keys)

    def ask(self, verb, **keys):
        """The control socket may be gone for a moment, or the relay."""
        return relay.wait_for(f"an answer to {verb}", lambda: self.try_ask(verb, keys))

    def try_ask(self, verb, keys):
        try:
            return self.control.ask(verb, **keys)
        except (ConnectionError, FileNotFoundError):
            self.manager.look()
            return None

    def crowd(self, kind, n, *options):
        command = ["crowd", "-f", "-l", self.ledger, "-b", str(BOUND), "-s", "1000000000", "-n", str(n), *options,
                   kind, self.socket]
        process = self.run(*command, stdout=subprocess.PIPE)
        process.kind, process.command, process.heard = kind, " ".join(command), ""
        self.crowds.append(process)
        return process

    @staticmethod
    def hear_asking(crowd):
        """Waits until each of its clients has had an answer. What it says before that is kept."""
        until = time.monotonic() + BOUND * 2
        while not crowd.heard.endswith("asking\n"):
            if not select.select([crowd.stdout], [], [], max(0, until - time.monotonic()))[0]:
                raise relay.Trouble(f"`{crowd.command}` does not ask: {crowd.heard}")
            byte = os.read(crowd.stdout.fileno(), 1).decode()
            if not byte:
                raise relay.Trouble(f"`{crowd.command}` has ended: {crowd.heard}")
            crowd.heard += byte

    def connect_far(self):
        """A connection to the other network, while there is a link to it."""
        if self.options.far is None or self.is_cut:
            return None
        return relay.wait_for("the other network answers", self.try_far)

    def try_far(self):
        try:
            return socket.create_connection((self.options.far, 7), 1)
        except OSError:
            return None

    def set_link(self, state):
        subprocess.run(["ip", "link", "set", "storm", state], check=True)
        self.is_cut = state == "down"

    # --- actions: each has the same four random numbers below 1000

    def do_arrive(self, a, b, c, d):
        slot = a % SLOTS
        if self.logins[slot] is None:
            self.logins[slot] = self.login(late=(0, 0, 0, 5, 100)[b % 5], far=self.connect_far() if c % 2 else None)
        else:
            self.register(self.logins[slot])

    def do_arrive_bad(self, a, b, c, d):
        slot = a % SLOTS
        if self.logins[slot] is None:
            self.logins[slot] = self.login(behaviour=BEHAVIOURS[b % len(BEHAVIOURS)])

    def do_depart(self, a, b, c, d):
        slot = a % SLOTS
        if self.logins[slot] is not None:
            self.logins[slot].end(b % 2 == 0)
            self.logins[slot] = None

    def do_unregister(self, a, b, c, d):
        slot = a % SLOTS
        if self.logins[slot] is not None:
            self.ask("unregister", path=self.logins[slot].path)

    def do_use(self, a, b, c, d):
        slot = a % SLOTS
        if self.logins[slot] is None or b % 3 == 0:
            self.ask("use", auto=1)
        else:
            self.ask("use", path=self.logins[slot].path)

    def do_stop(self, a, b, c, d):
        """A login stands still, for up to five seconds."""
        login = self.logins[a % SLOTS]
        if login is not None:
            os.killpg(login.process.pid, signal.SIGSTOP)
            self.run("sh", "-c", f"sleep {b / 200}; kill -s CONT -- -{login.process.pid}", stderr=subprocess.DEVNULL)

    def do_link(self, a, b, c, d):
        """The link of all logins from far away breaks, or is mended."""
        if self.options.far is not None:
            self.set_link("up" if self.is_cut else "down")

    def do_clients(self, a, b, c, d):
        kind = ("any", "both", "odd", "deaf", "mute", "slow")[a % 6]
        if len(self.crowds) > 6:
            self.end_crowd(self.crowds[1 + b % (len(self.crowds) - 1)], c % 2 == 0)
        self.crowd(kind, 1 + d % 60, "-q", str(c % 4), "-e", str(b % 3 * 10), "-S", str(a * 1000 + b))

    def do_burst(self, a, b, c, d):
        """A relay that stands still while its backlog fills up. It takes 4096, and the rest wait."""
        pid = self.manager.pid
        clients = 4500 if c % 4 == 0 else 200 + a
        os.kill(pid, signal.SIGSTOP)
        crowd = self.crowd("list", clients, "-q", "1", "-j", "50", "-s", "0")
        time.sleep(0.05 + b / 5000)
        os.kill(pid, signal.SIGCONT)
        self.crowds.remove(crowd)
        self.check_said(crowd, crowd.communicate(timeout=BOUND * 3)[0].decode())

    def do_pause(self, a, b, c, d):
        began = time.monotonic()
        self.ask("pause")
        time.sleep(a / 5000)
        self.ask("resume")
        self.paused.append((began, time.monotonic()))

    def do_flood(self, a, b, c, d):
        """Requests whose answers nobody reads, and people who watch and look away."""
        for s in self.watchers[20:]:
            s.close()
        del self.watchers[20:]
        for i in range(a % 60):
            try:
                self.watchers.append(self.control.send("watch" if i % 3 == 0 else "status"))
            except (ConnectionError, FileNotFoundError):
                return

    def do_remove(self, a, b, c, d):
        """The sockets' files go; the relay makes them again."""
        name = ("agent.sock", "control.sock")[a % 2]
        path = os.path.join(self.account.directory, name)
        if os.path.exists(path):
            os.unlink(path)
        relay.wait_for(f"{path} is made again", lambda: self.manager.look() or os.path.exists(path))

    def do_restart(self, a, b, c, d):
        self.manager.restart()

    def do_kill(self, a, b, c, d):
        self.manager.kill()

    def step(self, names):
        name = self.random.choice(names)
        numbers = [self.random.randrange(1000) for _ in range(4)]
        pause = self.random.random() * 2 * self.options.every
        self.say(name, *numbers)
        getattr(self, "do_" + name)(*numbers)
        self.counts[name] = self.counts.get(name, 0) + 1
        self.manager.look()
        self.check_crowds()
        time.sleep(pause)

    # --- what must be so

    def check_crowds(self):
        for crowd in self.crowds:
            if crowd.poll() is not None:
                raise relay.Trouble(f"`{crowd.command}` has ended: {crowd.heard}{crowd.stdout.read().decode()}")

    def end_crowd(self, crowd, at_once):
        """At once: the clients vanish with what they are owed. Otherwise they wait for it."""
        self.crowds.remove(crowd)
        crowd.send_signal(signal.SIGKILL if at_once else signal.SIGTERM)
        said = crowd.heard + crowd.communicate(timeout=BOUND * 3)[0].decode()
        if not at_once:
            self.check_said(crowd, said)

    def check_said(self, crowd, said):
        if said == "" and crowd.returncode == -signal.SIGTERM:
            return  # it had not even begun
        said = "\n".join(self.since_began(line) for line in said.splitlines())
        self.say("ended:", crowd.command, "->", said.strip().splitlines()[-1])
        self.last_said = said
        if crowd.returncode != 0:
            raise relay.Trouble(f"`{crowd.command}` says: {said}")
        for line in said.splitlines():
            if line.startswith("refused between "):
                _, _, since, _, at = line.split()
                if not any(a <= float(at) and float(since) <= b for a, b in self.paused):
                    raise relay.Trouble(f"`{crowd.command}`: a client was refused at {float(at) - self.began:.3f}, "
                                        f"asked at {float(since) - self.began:.3f}")

    def since_began(self, line):
        """With the time as the trace has it."""
        words = line.split(" asked at ")
        if len(words) == 1:
            return line
        at, rest = words[1].split(",", 1)
        return f"{words[0]} asked at {float(at) - self.began:.3f},{rest}"

    def check_end(self, before):
        """All is quiet again."""
        def is_quiet():
            daemon, upstreams = self.control.status()
            return daemon["sessions"] == "0" and all(u["sessions"] == "0" for u in upstreams)
        relay.wait_for("no session is left", is_quiet)
        pid = self.manager.pid
        self.wait_for_descriptors(pid, before)
        if self.options.memory:
            relay.wait_for(f"it has 2 MiB or less again, not {relay.private_bytes(pid)}",
                           lambda: relay.private_bytes(pid) <= 2 << 20, 8)
            self.private = relay.private_bytes(pid)
        with open(self.ledger, "rb") as f:
            twice = int.from_bytes(f.read(16)[8:], sys.byteorder)
        if twice:
            raise relay.Trouble(f"{twice} signatures were asked of two logins")

    @staticmethod
    def wait_for_descriptors(pid, before):
        try:
            relay.wait_for("descriptors", lambda: relay.descriptors(pid) <= before)
        except relay.Trouble as trouble:
            there = [os.readlink(entry.path) for entry in os.scandir(f"/proc/{pid}/fd")]
            raise relay.Trouble(f"it had {before} descriptors and has {len(there)}: {sorted(there)}") from trouble

    # --- the whole

    def weather(self):
        if self.options.far is not None:
            self.far = subprocess.Popen(["nsenter", "--net=/run/netns/storm", "python3", "-c", ECHO],
                                        stderr=subprocess.DEVNULL)
        self.manager.start()
        self.anchor = self.login()
        # Whoever is stopped or bad is not asked first for ever: this one is always there.
        relay.wait_for("one is served", lambda: self.served())
        before = relay.descriptors(self.manager.pid)
        # Who is still looking for a login is not handed over at a restart.
        self.hear_asking(self.crowd("any" if self.options.any else "both", self.options.clients, "-q", "0", "-S",
                                    str(self.options.seed), "-e", "1"))
        names = self.options.only.split(",")
        until = time.monotonic() + self.options.seconds
        steps = 0
        while time.monotonic() < until and steps < self.options.steps:
            self.step(names)
            steps += 1
        self.calm()
        self.check_end(before)
        self.manager.stop()
        return steps

    def served(self):
        return subprocess.run(["crowd", "-n", "1", "list", self.socket], stdout=subprocess.DEVNULL,
                              check=False).returncode == 0

    def calm(self):
        """Everything that was begun ends. Clients have all that they are owed first."""
        self.say("calm")
        if self.is_cut:
            self.set_link("up")
        for login in self.logins:
            if login is not None:
                os.killpg(login.process.pid, signal.SIGCONT)
        for s in self.watchers:
            s.close()
        for crowd in self.crowds[::-1]:
            self.end_crowd(crowd, False)
        for slot, login in enumerate(self.logins):
            if login is not None:
                login.end(True)
                self.logins[slot] = None
        # A status looks who is there still.
        relay.wait_for("only one login is left", lambda: len(self.control.status()[1]) == 1)

    def end(self):
        for login in [*self.logins, getattr(self, "anchor", None)]:
            if login is not None:
                login.end(False)
        for crowd in self.crowds:
            crowd.kill()
        if self.far is not None:
            self.far.kill()
            self.far.wait()
        if self.options.manager == "own" and self.manager.pid:
            os.kill(self.manager.pid, signal.SIGKILL)


def parse():
    actions = [name[3:] for name in dir(Storm) if name.startswith("do_")]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(actions), help="these actions, with commas")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--steps", type=int, default=1 << 30, help="no more than so many")
    parser.add_argument("--every", type=float, default=0.05, help="seconds between two, on average")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=50, help="honest ones, who stay throughout")
    parser.add_argument("--any", action="store_true", help="these do all that a client may do")
    parser.add_argument("--manager", choices=["own", "systemd"], default="own")
    parser.add_argument("--far", help="an address in the network `storm`, whose link may break")
    parser.add_argument("--memory", action="store_true", help="look at the relay's memory in the end")
    parser.add_argument("--log", default="/dev/stderr")
    parser.add_argument("--relay-log", default="/dev/stderr")
    options = parser.parse_args()
    for name in options.only.split(","):
        if name not in actions:
            parser.error(f"{name}: no such action")
    return options


def main():
    options = parse()
    storm = Storm(options)
    try:
        steps = storm.weather()
    except Exception as trouble:
        print(*storm.trace, sep="\n")
        print(f"seed {options.seed}: {trouble!r}")
        raise
    finally:
        storm.end()
    print(storm.last_said, end="")
    if options.memory:
        print(f"{storm.private} bytes private in the end")
    print(f"seed {options.seed}: {steps} steps:", ", ".join(f"{n} {name}" for name, n in sorted(storm.counts.items())))


main()
