# SPDX-License-Identifier: MIT
"""The numbers to hold: all of them stand here, and nowhere else."""

from collections import namedtuple

from phases import LONG_ROUND_TRIP, ROUND_TRIP

# what: for people. figure: how it is found among the figures. most: what it may be. moody: whether another
# program on the machine can move it, as it does times; then it is only told. unit: how it is written.
Gate = namedtuple("Gate", "what figure most moody unit")

SESSION, QUESTION, CROWD = "session, 1 CPU", "question, 1 CPU", "list 200, 1 CPU"


def ratio(case, to="duties", to_case=None):
    return lambda f: f.ratio(case, "relayd", to, to_case)


def median(case, program="relayd"):
    return lambda f: f.median(case, program)


def largest(prefix, suffix=""):
    """Of all cases so called."""
    def find(f):
        found = [f.median(case, "relayd") for case in f.cases() if case.startswith(prefix) and case.endswith(suffix)]
        found = [value for value in found if value is not None]
        return max(found) if found else None
    return find


def growth(case):
    """How much more than a relayd with one login, none of them silent, needs."""
    return lambda f: f.ratio(case, "relayd", "relayd", "session, 1 upstream")


def difference(case, to="direct", per=1):
    def find(f):
        mine, theirs = f.median(case, "relayd"), f.median(case, to)
        return (mine - theirs) / per if mine is not None and theirs is not None else None
    return find


def failures(f):
    return f.failures("relayd")


def unanswered(f):
    for case in f.cases():
        if case.startswith("answered of 10000 "):
            answered = f.median(case, "relayd")
            return 10000 - answered if answered is not None else None
    return None


GATES = (
    Gate("cases that relayd did not do", failures, 0, False, ""),
    Gate("idle: wake-ups", median("wake-ups while idle"), 0, False, ""),
    Gate("idle: private memory", median("memory, idle"), 1024, False, " KiB"),
    Gate("each of 4000 that asked in one burst",
         median("memory for each of 4000, asked in a burst"), 1024, False, " bytes"),
    Gate("each of 4000 that wait at a mute upstream",
         median("memory for each of 4000, waiting at a mute upstream"), 1638, False, " bytes"),
    Gate("2 s after a crowd of 4000 has gone", largest("memory 2 s after 4000"), 2048, False, " KiB"),
    Gate("connect + list + close, to the barest relay with relayd's duties", ratio(SESSION), 1.10, True, " ×"),
    Gate("one question, likewise", ratio(QUESTION), 1.06, True, " ×"),
    Gate("200 clients at once, likewise", ratio(CROWD), 1.15, True, " ×"),
    Gate("one question, to the barest relay on libev", ratio(QUESTION, "loop"), 1.06, True, " ×"),
    Gate("connect + list + close where the link is known",
         ratio("session, link known, 1 CPU", to_case=SESSION), 1.10, True, " ×"),
    Gate("one question where the link is known",
         ratio("question, link known, 1 CPU", to_case=QUESTION), 1.06, True, " ×"),
    Gate("200 clients at once where the link is known",
         ratio("list 200, link known, 1 CPU", to_case=CROWD), 1.15, True, " ×"),
    Gate("connect + list + close, to systemd-socket-proxyd", ratio(SESSION, "proxyd"), 1, True, " ×"),
    Gate("one question, to systemd-socket-proxyd", ratio(QUESTION, "proxyd"), 1, True, " ×"),
    Gate("200 clients at once, to systemd-socket-proxyd", ratio(CROWD, "proxyd"), 1, True, " ×"),
    Gate("system calls of a short session", median("system calls, a session"), 16, False, ""),
    Gate("system calls of a question", median("system calls, a question"), 5.5, False, ""),
    Gate("system calls of a question, 200 clients at once",
         median("system calls, a question of 200"), 4.5, False, ""),
    Gate("a session beside 4000 others, to one alone",
         ratio("session of 4000, 1 CPU", "relayd", SESSION), 1.10, True, " ×"),
    Gate("a session with 256 logins, all alive, to one",
         growth("session, 256 upstreams, all but the oldest good"), 1.10, True, " ×"),
    Gate("a session with 255 silent logins, to none", growth("session, 255 silent"), 1.10, True, " ×"),
    Gate("a listing over 25 ms one way, to direct", ratio("list over 25 ms", "direct"), 1.02, True, " ×"),
    Gate("a signature over 25 ms one way, to direct", ratio("sign over 25 ms", "direct"), 1.02, True, " ×"),
    # Half a round trip is noise, a whole one is not.
    Gate("round trips of a listing beyond direct", difference("list over 25 ms", per=ROUND_TRIP), 0.5, False, ""),
    Gate("round trips of a signature beyond direct", difference("sign over 25 ms", per=ROUND_TRIP), 0.5, False, ""),
    Gate("round trips of an onward login beyond direct",
         difference("onward login over 250 ms", per=LONG_ROUND_TRIP), 0.5, False, ""),
    Gate("questions at the agent beyond direct",
         difference("questions at the agent, in five sessions"), 0, False, ""),
    Gate("newest link down, older alive: the first answer",
         median("first answer, newest link down"), 1500, False, " ms"),
    Gate("newest link down: the tenth, to direct",
         ratio("tenth answer, newest link down", "direct"), 1.10, True, " ×"),
    Gate("10000 clients at once: not answered", unanswered, 0, False, ""),
)


class Verdict:
    """One gate, and what was found."""

    def __init__(self, gate, value):
        self.gate = gate
        self.value = value

    def word(self):
        if self.value is None:
            return "not measured"
        return "held" if self.value <= self.gate.most else "NOT held"

    def is_fatal(self):
        return self.word() == "NOT held" and not self.gate.moody

    def number(self, value):
        text = f"{value:.2f}" if isinstance(value, float) and value < 100 and value % 1 else f"{value:.0f}"
        return text + self.gate.unit

    def found(self):
        return "" if self.value is None else self.number(self.value)

    def __str__(self):
        mood = " (a time)" if self.gate.moody else ""
        return f"{self.word():12}  {self.found():>11}, at most {self.number(self.gate.most)}: {self.gate.what}{mood}"


def judge(figures):
    return [Verdict(gate, gate.figure(figures)) for gate in GATES]
