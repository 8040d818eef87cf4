# SPDX-License-Identifier: MIT
"""What is measured apart from the rounds: it takes programs of its own, or time."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from programs import ALL_ROUND, Link, register, ticks, wait_for

MANY_UPSTREAMS = {False: (64, 256), True: (4,)}  # in full, in quick form
SILENT = {False: (0, 8, 64, 255), True: (0, 8)}
HUNG = {False: 5, True: 1}  # after so many seconds a client that has no answer is given up


def present(bench):
    return [program for program in ALL_ROUND if not bench.missing(program)]


# --- many logins, of which the newest do not serve


class Logins:
    """A relayd with so many logins: the oldest is good, all others are as said."""

    def __init__(self, bench, name, agents, behaviour, start, link=None):
        self.name = name
        self.start = start
        self.agents = agents
        self.relay = bench.start("relayd", agents.path(0), start)
        if behaviour == "closing":
            agents.be("closing", 1)
        for number in range(1, agents.count):
            register(self.relay, agents.path(number), link.connection if link else None)


def many_logins(bench, figures, quick, tell):
    """Each new relayd has its first client when the newest logins no longer serve, then others."""
    link = Link()
    found, mute = [], []
    for start in range(1 if quick else 3):
        found.append(Logins(bench, "session, 1 upstream", bench.agents(1), "good", start))
        for count in SILENT[quick]:
            found.append(Logins(bench, f"session, {count} silent", bench.agents(count + 1), "closing", start, link))
        for behaviour in ("good", "refused", "missing", "mute"):
            for count in MANY_UPSTREAMS[quick]:
                name = f"session, {count} upstreams, all but the oldest {behaviour}"
                logins = Logins(bench, name, bench.agents(count), "good", start)
                logins.agents.be(behaviour, 1)
                (mute if behaviour == "mute" else found).append(logins)
    for turn in ("first", "second"):
        tell(f"many logins: the {turn} client")
        ask_all(bench, figures, turn, found + mute)
    tell("many logins: the next clients")
    for _ in range(1 if quick else 11):
        for logins in random.sample(found, len(found)):
            sessions(bench, figures, logins, 20 if quick else 1000)
    for logins in found + mute:
        bench.end(logins.relay.process)
        bench.end(logins.agents.process)


def ask_all(bench, figures, turn, found):
    """One client of each, all at the same time: most of it is waiting."""
    asking = [(logins, bench.begin_load("session", logins.relay.path, 1, patience=60)) for logins in found]
    for logins, process in asking:
        got, happened = bench.end_load(process)
        note(figures, f"{turn} {logins.name}", "relayd", got, happened, 1e6, "ms", logins.start)


def sessions(bench, figures, logins, count):
    cpus = bench.cpus[-1:]
    bench.pin(logins.relay, cpus)
    bench.pin_process(logins.agents.process, cpus)
    got, happened = bench.load("session", logins.relay.path, count, cpus=cpus)
    note(figures, logins.name, "relayd", got, happened, 1e3, "µs", logins.start)


def note(figures, case, program, got, happened, divisor, unit, start=0):
    if happened:
        figures.fail(case, program, happened, unit)
    else:
        figures.add(case, program, got["ns"] / divisor, unit, start)


# --- the newest login does not serve: what each program does


def newest_fails(bench, figures, quick, tell):
    tell("the newest login is silent, refused, missing")
    for behaviour in ("mute", "refused", "missing"):
        agents = bench.agents(2)
        others = [bench.start(program, agents.path(1)) for program in present(bench) if program != "relayd"]
        agents.be(behaviour, 1, 1)
        ask_others(bench, figures, others, behaviour, HUNG[quick])
        for instance in others:
            if instance.process:
                bench.end(instance.process)
        bench.end(agents.process)
        for _ in range(1 if quick else 11):
            ask_relayd(bench, figures, behaviour)


def ask_others(bench, figures, instances, behaviour, patience):
    """They know of one login only, the newest. All of them at the same time: it is waiting."""
    began = time.monotonic()
    asking = [(one, bench.begin_load("session", one.path, 1, patience=patience)) for one in instances]
    for instance, process in asking:
        got, happened = bench.end_load(process)
        happened = f"hung for {time.monotonic() - began:.0f} s" if happened == "hung" else happened
        for turn in ("first", "tenth"):
            note(figures, f"{turn} answer, newest {behaviour}", instance.program, got, happened, 1e6, "ms")


def ask_relayd(bench, figures, behaviour):
    agents = bench.agents(2)
    relay = bench.start("relayd", agents.path(0))
    register(relay, agents.path(1))
    bench.load("session", relay.path, 1)
    agents.be(behaviour, 1, 1)
    for number in range(1, 11):
        got, happened = bench.load("session", relay.path, 1)
        turn = {1: "first", 10: "tenth"}.get(number)
        if turn:
            note(figures, f"{turn} answer, newest {behaviour}", "relayd", got, happened, 1e6, "ms")
    bench.end(relay.process)
    bench.end(agents.process)


# --- memory


def sealed(program):
    """Why a program's insides cannot be seen, or None. relayd keeps keys from other programs of its user."""
    return "takes root" if program == "relayd" and os.geteuid() != 0 else None


def private(instance):
    """What its processes have written to, and nobody shares. What was only read of a library is not
    among it: that counts as a process's own where no other uses the library."""
    total = 0
    for pid in instance.pids():
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        total += sum(map(int, re.findall(r"^Private_Dirty: *(\d+)", text, re.M)))
    return total * 1024


def settled(instance, seconds, every=0.2):
    """Its memory once that no longer changes."""
    end = time.monotonic() + seconds
    before = -1
    while time.monotonic() < end:
        now = private(instance)
        if now == before:
            return now
        before = now
        time.sleep(every)
    return before


def memory(bench, figures, quick, tell):
    clients = 100 if quick else 1000
    for program in present(bench):
        if program == "direct":
            continue
        if sealed(program):
            figures.skip("memory, idle", program, sealed(program), "KiB")
            continue
        tell(f"memory of {program}")
        memory_of(bench, figures, program, clients)
    if not sealed("relayd"):
        tell("memory of relayd with a crowd")
        memory_of(bench, figures, "relayd", 400 if quick else 4000)


def memory_of(bench, figures, program, clients):
    for mode, behaviour, case in (("connected", "good", "connected"), ("asked", "good", "asked in a burst"),
                                  ("asking", "mute", "waiting at a mute upstream")):
        agents = bench.agents(1)
        instance = bench.start(program, agents.path())
        bench.load("session", instance.path, 3)
        every = 0.2 if clients >= 1000 else 0.05
        before = settled(instance, 3, every)
        figures.add("memory, idle", program, before / 1024, "KiB")
        agents.be(behaviour)
        there = bench.begin_load(mode, instance.path, clients, patience=20)
        said = there.stdout.readline()
        case = f"memory for each of {clients}, {case}"
        if said.startswith("here"):
            figures.add(case, program, (settled(instance, 10, every) - before) / clients, "bytes")
        else:
            figures.fail(case, program, said.removeprefix("failed ").strip() or "ended", "bytes")
        there.communicate()
        gone(figures, instance, f"memory 2 s after {clients} have gone", clients)
        bench.end(instance.process)
        bench.end(agents.process)


def gone(figures, instance, case, clients):
    """What it has two seconds after the last of a crowd; a small one, of the quick form, has no such time."""
    time.sleep(2 if clients >= 1000 else 0.2)
    figures.add(case, instance.program, private(instance) / 1024, "KiB")


class Idle:
    """A relayd with one login that nobody asks anything, for as long as all else takes."""

    def __init__(self, bench):
        self.bench = bench
        self.agents = bench.agents(1)
        self.relay = bench.start("relayd", self.agents.path())
        bench.load("session", self.relay.path, 3)
        settled(self.relay, 3)
        self.began = time.monotonic()
        self.switches = self.count()

    def count(self):
        text = Path(f"/proc/{self.relay.process.pid}/status").read_text(encoding="ascii")
        return sum(map(int, re.findall(r"^voluntary_ctxt_switches:\s*(\d+)", text, re.M)))

    def close(self, figures):
        figures.add("wake-ups while idle", "relayd", self.count() - self.switches, "wake-ups")
        figures.add("seconds of being idle", "relayd", time.monotonic() - self.began, "s")
        self.bench.end(self.relay.process)


# --- system calls


def calls(bench, figures, quick, tell):
    tell("system calls")
    for program in present(bench):
        if program != "direct":
            calls_of(bench, figures, program, 1 if quick else 5)


# Whether an answer is there by the time that a relay looks for it is the machine's mood. So those that may
# look are counted where whoever they talk to is quicker (tests/e2e/swift.c); it waits by select(2), which
# they do not call.
SWIFT = ("floor", "duties", "relayd")
WAITS = {"select", "pselect6", "pselect6_time64"}


def swift(bench, program, patience):
    if program not in SWIFT:
        return ()
    return ("env", f"LD_PRELOAD={bench.build}/tests/e2e/swift.so", f"SWIFT_MS={patience}")


def calls_of(bench, figures, program, many):
    agents = bench.agents(1)
    session = 0
    # Of a crowd most wait for others: they have nothing to say, and are not waited for long.
    for case, mode, count, clients, patience in (("a session", "session", 40 * many, None, 999),
                                                 ("a question", "question", 100 * many, None, 999),
                                                 ("a question of 200", "crowd", 1000 * many, 200, 2)):
        instance = bench.start(program, agents.path(), prefix=swift(bench, program, patience))
        bench.pin(instance, bench.cpus[-1:])
        bench.load("session", instance.path, 3)
        why = sealed(program) or (None if shutil.which("strace") else "strace is not installed")
        total = None if why else traced(bench, instance, mode, count, clients)
        bench.end(instance.process)
        if total is None:
            figures.skip("system calls, " + case, program, why or "strace may not", "calls")
            continue
        if mode == "session":
            session = total / count
        else:
            # Each client connects, lists, and closes in the end.
            total -= session * (clients or 1)
        figures.add("system calls, " + case, program, total / count, "calls")
    bench.end(agents.process)


def traced(bench, instance, mode, count, clients):
    """How many calls the program makes meanwhile, or None."""
    summary = Path(bench.new_path("strace"))
    pids = instance.pids()
    targets = [word for pid in pids for word in ("-p", str(pid))]
    strace = bench.run_beside(["strace", "-f", "-c", "-o", str(summary), *targets])
    try:
        wait_for("strace", 10, lambda: strace.poll() is not None or is_traced(pids[0]))
        if strace.poll() is not None:
            return None
        bench.load(mode, instance.path, count, clients=clients, cpus=bench.cpus[-1:], patience=60)
        idle(instance)
        os.kill(strace.pid, signal.SIGINT)
        strace.wait(20)
    finally:
        bench.end(strace)
    found = re.findall(r"^ *[\d.]+ +\S+ +\S+ +(\d+) (?: *\d+)? *(\w+)$", summary.read_text(encoding="ascii"), re.M)
    ignored = {"total"} | (WAITS if instance.program in SWIFT else set())
    return sum(int(calls) for calls, name in found if name not in ignored) if found else None


def is_traced(pid):
    return not re.search(r"^TracerPid:\s*0$", Path(f"/proc/{pid}/status").read_text(encoding="ascii"), re.M)


def idle(instance):
    """Until the program has nothing more to do."""
    used = None
    while used != (now := [ticks(pid) for pid in instance.pids()]):
        used = now
        time.sleep(0.05)


# --- ten thousand at once


def wave(bench, figures, quick, tell):
    clients = 500 if quick else 10000
    for program in present(bench):
        tell(f"{clients} clients of {program} at the same time")
        agents = bench.agents(1)
        instance = bench.start(program, agents.path())
        bench.load("session", instance.path, 3)
        case = f"answered of {clients} at the same time"
        got, happened = bench.load("wave", instance.path, clients, patience=20)
        if happened:
            # So many threads are not to be had everywhere; that is not the relay's fault.
            (figures.skip if happened.startswith("only") else figures.fail)(case, program, happened, "clients")
        else:
            figures.add(case, program, got["answered"], "clients")
        if instance.process:
            bench.end(instance.process)
        bench.end(agents.process)


# --- over ssh, the laptop 25 ms away, one way


class Far:
    """By a shell script, in a world of its own where sshd has accounts to log in to (far.sh)."""

    def __init__(self, bench, quick):
        env = {**os.environ, "RELAYD": bench.relayd, "RELAYCTL": str(bench.build / "relayctl/relayctl"),
               "abs_top_builddir": str(bench.build), "ROUNDS": "1" if quick else "11"}
        self.said = open(bench.place / "far", "w+", encoding="utf-8")
        self.script = subprocess.Popen([str(Path(__file__).parent / "far.sh")], stdout=self.said,
                                       stdin=subprocess.DEVNULL, env=env)

    def close(self):
        """It takes its world with it when it is told to end."""
        if self.script.poll() is None:
            self.script.terminate()
        self.script.wait()
        self.said.close()

    def finish(self, figures, tell):
        """Returns why it was skipped, or None."""
        self.script.wait()
        self.said.seek(0)
        lines = self.said.read().splitlines()
        for line in lines:
            if line.startswith("data\t"):
                _, case, program, value, unit = line.split("\t")
                if value.replace(".", "").isdigit():
                    figures.add(case, program, float(value), unit)
                else:
                    figures.fail(case, program, value, unit)
        if self.script.returncode != 0:
            for line in lines:
                tell(line)
            raise SystemExit("bench: what is measured over ssh failed")
        count_round_trips(figures)
        return next((line.removeprefix("1..0 # SKIP ") for line in lines if line.startswith("1..0 # SKIP ")), None)


ROUND_TRIP = 50  # ms
LONG_ROUND_TRIP = 500


def count_round_trips(figures):
    """What is not the way to the agent takes less than half of one; of an onward login it is known."""
    near = figures.median("onward login over 25 ms", "near") or 0
    for case, per, other in (("list over 25 ms", ROUND_TRIP, 0), ("sign over 25 ms", ROUND_TRIP, 0),
                             ("onward login over 250 ms", LONG_ROUND_TRIP, near)):
        for program in ALL_ROUND:
            took = figures.median(case, program)
            if took is not None:
                figures.add(f"{case}, round trips", program, max(round((took - other) / per), 0), "round trips")
