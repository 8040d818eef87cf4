# SPDX-License-Identifier: MIT
"""The cases that are short enough to be measured many times, in any order."""

from collections import namedtuple

from programs import NAMES

# place: what stands behind the programs (see places() in rounds.py); cpus: how many they share.
Case = namedtuple("Case", "name title mode count question clients place cpus programs starts")

CROWDS = (1, 16, 200, 1000, 4000)
# So many at once take seconds: their programs are started once.
MANY = 1000


def cases(quick, cpus):
    """In quick form, each takes a moment, and only the largest crowd is left out."""
    short = 20 if quick else 1
    found = []

    def add(name, title, mode, count, question="list", clients=None, place="fast", n_cpus=(1, 2),
            programs=NAMES, starts=3):
        for n in n_cpus:
            if n <= len(cpus):
                found.append(Case(f"{name}, {n} CPU{'s' if n > 1 else ''}", title, mode, max(count // short, 1), question,
                                  clients, place, n, programs, 1 if quick else starts))

    add("session", "connect, list, close", "session", 400)
    add("question", "one question on an open connection", "question", 1000)
    for clients in CROWDS:
        if quick and clients > MANY:
            continue
        is_many = clients >= MANY
        title = f"{clients} client{'s' if clients > 1 else ''} at once"
        add(f"list {clients}", f"{title}, listing", "crowd", 4000, "list", clients, starts=1 if is_many else 3)
        # Nearly all of it is ssh-agent's time, and with one CPU there is nothing else to see.
        add(f"sign {clients}", f"{title}, signing", "crowd", max(clients, 100), "sign", clients, place="real",
            n_cpus=(2,) if is_many else (1, 2), starts=1)
    add("frame 4K", "a question and an answer of 4 KiB", "question", 600, "frame:4096")
    add("frame 256K", "a question and an answer of 256 KiB", "question", 40, "frame:262144")
    add("session, link known", "connect, list, close; the login's link is known", "session", 400,
        place="link", n_cpus=(1,), programs=("relayd",))
    add("question, link known", "one question on an open connection; the login's link is known", "question", 1000,
        place="link", n_cpus=(1,), programs=("relayd",))
    add("list 200, link known", "200 clients at once, listing; the login's link is known", "crowd", 4000, "list", 200,
        place="link", n_cpus=(1,), programs=("relayd",))
    add("session of 4000", "connect, list, close, while 4000 others are connected", "session", 400,
        place="crowded", n_cpus=(1,), programs=("duties", "relayd"), starts=1)
    return found
