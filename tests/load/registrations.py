#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""registrations.py COUNT RATE SEED DIRECTORY PREFIX AGENTS CLOSING...

Registers and unregisters, so many times and so often in a second, the agents that listen at PREFIX1,
PREFIX2 and so on; PREFIX0 is registered again and again, and preferred. The CLOSING ones are agents that
close whatever they are asked. The relay must keep at most 256, and push out by the rule: the oldest that
is silent, else the oldest. What it keeps is held against a model of that, name by name."""

import random
import sys
import time

import relay

MOST = 256


class Model:
    def __init__(self, silent):
        self.kept = []  # newest first
        self.silent = silent
        self.pushed_out = 0

    def register(self, path):
        if path in self.kept:
            self.kept.remove(path)
        elif len(self.kept) == MOST:
            silent = [p for p in self.kept if p in self.silent]
            self.kept.remove((silent or self.kept)[-1])
            self.pushed_out += 1
        self.kept.insert(0, path)

    def unregister(self, path):
        if path in self.kept:
            self.kept.remove(path)

    def order(self, preferred):
        """As it would be tried."""
        first = [preferred] if preferred in self.kept else []
        alive = [p for p in self.kept if p not in self.silent and p not in first]
        return first + alive + [p for p in self.kept if p in self.silent]


def main():
    count, rate, seed = (int(a) for a in sys.argv[1:4])
    control = relay.Control(sys.argv[4])
    paths = [f"{sys.argv[5]}{n}" for n in range(int(sys.argv[6]) + 1)]
    closing = sys.argv[7:]
    model = Model(set(closing))
    chance = random.Random(seed)

    def register(path, **keys):
        model.register(path)
        control.ask("register", path=path, **keys)

    def check():
        got = [u["path"] for u in relay.wait_for("the status", control.status)[1]]
        wanted = model.order(paths[0])
        if got != wanted:
            where = next(i for i, (a, b) in enumerate(zip(got + [""], wanted + [""])) if a != b)
            raise relay.Trouble(f"{len(got)} are kept, {len(wanted)} should be; place {where}: "
                                f"{(got + ['none'])[where]} is there, not {(wanted + ['none'])[where]}")

    register(paths[0])
    control.ask("use", path=paths[0])
    for path in paths[1:MOST - len(closing)]:
        register(path)
    for path in closing:
        register(path, wait=1)
    # The verdict on each is waited for no longer than a second.
    relay.wait_for("those that close are silent", lambda: sum(
        u["path"] in closing and u["state"] == "silent" for u in control.status()[1]) == len(closing))
    check()
    began = time.monotonic()
    for i in range(count):
        if i % 50 == 0:
            register(paths[0])
        path = chance.choice(paths[1:])
        if chance.random() < 0.8:
            register(path)
        else:
            model.unregister(path)
            control.ask("unregister", path=path)
        if i % 500 == 499:
            check()
        time.sleep(max(0, began + i / rate - time.monotonic()))
    seconds = time.monotonic() - began
    check()
    print(f"{count / seconds:.0f} a second, {len(model.kept)} kept, {model.pushed_out} pushed out")
    if not 0 < model.pushed_out:
        raise relay.Trouble("none was pushed out")


main()
