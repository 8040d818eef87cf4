# SPDX-License-Identifier: MIT
"""The cases that are short enough to be measured many times, in any order."""

from collections import namedtuple

from programs import ALL_ROUND, NAMES

# place: what stands behind the programs (see places() in rounds.py); cpus: how many they share.
Case = namedtuple("Case", "name mode count question clients place cpus programs starts")

CROWDS = (1, 16, 200, 1000, 4000)
# So many at once take seconds: their programs are started once.
MANY = 1000


def cases(quick, cpus):
    """In quick form, each takes a moment, and only the largest crowd is left out."""
    short = 20 if quick else 1
    found = []

    def add(name, mode, count, question="list", clients=None, place="fast", n_cpus=(1, 2),
            programs=ALL_ROUND, starts=3):
        for n in n_cpus:
            if n <= len(cpus):
                full_name = f"{name}, {n} CPU{'s' if n > 1 else ''}"
                found.append(Case(full_name, mode, max(count // short, 1), question, clients, place, n,
                                  programs, 1 if quick else starts))

    add("session", "session", 400)
    add("question", "question", 4000, programs=NAMES)
    for clients in CROWDS:
        if quick and clients > MANY:
            continue
        is_many = clients >= MANY
        add(f"list {clients}", "crowd", 4000, "list", clients, starts=1 if is_many else 3,
            programs=ALL_ROUND if is_many else NAMES)
        # Nearly all of it is ssh-agent's time, and with one CPU there is nothing else to see.
        add(f"sign {clients}", "crowd", max(clients, 100), "sign", clients, place="real",
            n_cpus=(2,) if is_many else (1, 2), starts=1)
    add("frame 4K", "question", 600, "frame:4096")
    add("frame 256K", "question", 40, "frame:262144")
    add("session, link known", "session", 400,
        place="link", n_cpus=(1,), programs=("relayd",))
    add("question, link known", "question", 4000,
        place="link", n_cpus=(1,), programs=("relayd",))
    add("list 200, link known", "crowd", 4000, "list", 200,
        place="link", n_cpus=(1,), programs=("relayd",))
    add("session of 4000", "session", 400,
        place="crowded", n_cpus=(1,), programs=("duties", "relayd"), starts=1)
    return found
