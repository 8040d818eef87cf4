# SPDX-License-Identifier: MIT
"""Rounds: each case with each program, again and again, in an order that is drawn anew each time, so that
what the machine does meanwhile falls on all alike."""

import random
import time

from cases import CROWDS, cases
from programs import Link, RealAgent, register, ticks

ROUNDS = 11
# What one case of one program may take in all. A slower one has fewer rounds, at least MIN_ROUNDS.
BUDGET = 4
MIN_ROUNDS = 3


class Places:
    """What stands behind the programs, and the programs before it, started when first asked for."""

    def __init__(self, bench, crowd):
        self.bench = bench
        self.crowd = crowd
        self.fast = bench.agents(1)
        self.real = RealAgent(bench)
        self.link = Link()
        self.started = {}
        self.crowds = []

    def behind(self, place):
        """The process that serves there."""
        return self.real.process if place == "real" else self.fast.process

    def question(self, case):
        return self.real.question if case.question == "sign" else case.question

    def instance(self, program, start, place):
        key = (program, start, place)
        if key not in self.started:
            target = self.real.path if place == "real" else self.fast.path()
            instance = self.bench.start(program, target, start)
            if place == "link":
                register(instance, target, self.link.connection)
            if place == "crowded":
                self.crowds.append(hold(self.bench, instance.path, self.crowd))
            self.started[key] = instance
        return self.started[key]

    def close(self):
        for crowd in self.crowds:
            crowd.communicate()
        for instance in self.started.values():
            if instance.process:
                self.bench.end(instance.process)


def hold(bench, path, clients, mode="connected"):
    """So many clients that stay until this process is let go by communicate()."""
    process = bench.begin_load(mode, path, clients)
    said = process.stdout.readline()
    if not said.startswith("here"):
        raise SystemExit(f"bench: a crowd of {clients} cannot be had: {said}")
    return process


class Round:
    """One case with one start of one program."""

    def __init__(self, case, program, start):
        self.case = case
        self.program = program
        self.start = start
        self.took = 0
        self.done = 0
        self.failures = 0

    def is_over(self):
        return self.failures >= 2 or (self.done >= MIN_ROUNDS and self.took > BUDGET)

    def run(self, bench, places, figures):
        case, cpus = self.case, bench.cpus[-self.case.cpus:]
        instance = places.instance(self.program, self.start, case.place)
        bench.pin(instance, cpus)
        bench.pin_process(places.behind(case.place), cpus)
        began = time.monotonic()
        found, happened = bench.load(case.mode, instance.path, case.count, places.question(case), case.clients, cpus)
        if case.clients and case.clients > 500:
            settle(instance)
        self.took += time.monotonic() - began
        self.done += 1
        if happened:
            self.failures += 1
            figures.fail(case.name, self.program, f"{happened} after {time.monotonic() - began:.1f} s", "µs")
        else:
            figures.add(case.name, self.program, found["ns"] / 1000, "µs", self.start)


def settle(instance):
    """What a crowd leaves behind is cleared away before the next round: processes that end, memory."""
    end = time.monotonic() + 5
    used = -1
    while instance.process and time.monotonic() < end:
        now = (len(instance.pids()), ticks(instance.process.pid))
        if now == used:
            return
        used = now
        time.sleep(0.05)


def run(bench, figures, quick, tell):
    places = Places(bench, 400 if quick else max(CROWDS))
    all_cases = cases(quick, bench.cpus)
    rounds = [Round(case, program, start) for case in all_cases for program in case.programs
              if not bench.missing(program) for start in range(case.starts)]
    many = 1 if quick else ROUNDS
    for case in all_cases:
        for program in case.programs:
            if bench.missing(program):
                figures.skip(case.name, program, bench.missing(program), "µs")
    for number in range(many):
        tell(f"round {number + 1} of {many}")
        random.shuffle(rounds)
        for one in rounds:
            if not one.is_over():
                one.run(bench, places, figures)
    places.close()
