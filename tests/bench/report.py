# SPDX-License-Identifier: MIT
"""What was measured, as people read it: all of it in RESULTS.md, what matters in README.md, the table of
results.tsv for programs. Nobody types a number."""

import os
import re
import subprocess
import time
from pathlib import Path

import picture
from programs import NAMES, TITLES

TREE = Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"

# README's rows: what they are called, and the case.
CHOSEN = (
    ("connect, list, close", "session, 1 CPU"),
    ("one question on an open connection", "question, 1 CPU"),
    ("a question, 200 clients at once", "list 200, 1 CPU"),
    ("a listing by `ssh -A`, 25 ms away", "list over 25 ms"),
    ("an onward login, its agent 25 ms away", "onward login over 25 ms"),
    ("a login (relayd: registered by `~/.ssh/rc`)", "a login, relayd in its rc"),
    ("newest login silent: first answer", "first answer, newest mute"),
    ("newest login silent: tenth answer", "tenth answer, newest mute"),
    ("memory, idle", "memory, idle"),
    ("memory for each of 1000 clients", "memory for each of 1000, asked in a burst"),
    ("system calls of a short session", "system calls, a session"),
)
COLUMNS = ("direct", "duties", "relayd", "proxyd", "socat")

GROUPS = (
    ("On the host", lambda case: "CPU" in case, """\
`session`: connect, list, close. `question`: one more on an open connection. `list N`, `sign N`: N clients, each
of which asks again when it has its answer; the time is that of one question. `frame`: a question and an answer
of that size. Listings and frames are answered by an agent that costs next to nothing (agents.c), signatures are
made by OpenSSH's ssh-agent."""),
    ("Many logins", lambda case: re.match(r"(first |second )?session, ", case) and "CPU" not in case, """\
relayd alone, for the others know of one: with so many upstreams that serve, or do not, or logins that are
silent already. The first and the second client, then what a session costs, on one CPU."""),
    ("The newest login does not serve", lambda case: "answer, newest" in case, """\
Two logins; the others can be given only one, the newest. `link down`: the laptop's network is cut, with `ssh -A` over
it."""),
    ("Over `ssh -A`", lambda case: re.search(" 250? ms", case) or "five sessions" in case or "rc" in case.split(), """\
Real sshd and ssh, the laptop 25 ms away, one way: a round trip is 50 ms. `near`: an agent on the host, for an
onward login without any way to it. Over 25 ms the time of an onward login is as much the machine's as the
line's; its round trips are counted over 250 ms. The last row is a login from the host itself, whose `~/.ssh/rc`
registers it, and one without."""),
    ("Memory", lambda case: case.startswith("memory"), """\
Private bytes (smaps_rollup: what was written to), of all its processes. Each kind of client meets a program
that was just started."""),
    ("System calls", lambda case: case.startswith("system calls"), """\
Counted by strace, on one CPU. Whoever relayd and the floors talk to is quicker than they are: an answer is
there when they look for it."""),
    ("All at the same time", lambda case: case.startswith("answered of"),
     "How many of them had an answer within 20 s."),
    ("Idle", lambda case: case.endswith(("while idle", "being idle")),
     "A relayd with one login that nobody asks anything, while all else was measured."),
)


def number(value):
    if value >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def quantity(value, unit):
    """As people say it."""
    if unit == "bytes":
        return f"{value / 1024:.1f} KiB"
    if unit == "ms" and value >= 1000:
        return f"{value / 1000:.2f} s"
    if unit in ("µs", "ms", "KiB", "s"):
        return f"{number(value)} {unit}"
    return number(value)


def cell(figure, spread=False):
    if figure is None:
        return "–"
    if figure.said:
        return figure.said
    text = quantity(figure.median, figure.unit)
    if spread and figure.n > 1:
        low, high = figure.quartiles
        text += f" ({number(low)}–{number(high)})"
    return text + (f", {figure.n} times" if spread and 1 < figure.n < 11 else "")


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


# --- where and when


def machine():
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.M)
    model = re.sub(r"\((R|TM)\)", "", cpu.group(1)).strip() if cpu else os.uname().machine
    return f"Linux {os.uname().release}, {model}, {len(os.sched_getaffinity(0))} CPUs"


def version(bench_build):
    return subprocess.run([str(bench_build / "relayd/relayd"), "--version"], capture_output=True, text=True,
                          check=True).stdout.strip()


# --- all of it


def results(figures, verdicts, skipped, context):
    parts = ["# What a relay costs, measured", "",
             f"{context}. Written by `make bench`; [README](README.md) says how it is measured.", "",
             "Medians, with the quartiles in brackets; of each program's three starts the middle one. "
             "Fewer than eleven rounds are said.", "", "## Numbers to hold", "",
             held(verdicts)]
    for title, belongs, about in GROUPS:
        cases = [case for case in figures.cases() if belongs(case)]
        if cases:
            parts += ["", f"## {title}", "", about, "", group(figures, sorted(cases, key=natural))]
        if title == "On the host" and cases:
            parts += ["", "As ratios: to direct, to the barest relay, to the barest relay with relayd's duties.", "",
                      ratios(figures, sorted(cases, key=natural))]
    parts += ["", *[f"Skipped: {why}." for why in skipped]]
    return "\n".join(parts).rstrip() + "\n"


def held(verdicts):
    """The gates. What is a time depends on what else the machine does."""
    rows = [(verdict.gate.what + (" (a time)" if verdict.gate.moody else ""), verdict.found() or "–",
             verdict.number(verdict.gate.most), verdict.word().replace("NOT held", "**not held**"))
            for verdict in verdicts]
    return table(("", "found", "at most", ""), rows)


def natural(case):
    """Numbers in order, and one CPU before two."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", case)]


def group(figures, cases):
    programs = [name for name in (*NAMES, "near") if any(figures.of(case, name) for case in cases)]
    return table(["", *[TITLES.get(name, name) for name in programs]],
                 [[case, *[cell(figures.of(case, name), True) for name in programs]] for case in cases])


def ratios(figures, cases):
    programs = [name for name in NAMES[1:] if any(figures.of(case, name) for case in cases)]
    rows = []
    for case in cases:
        row = [case]
        for program in programs:
            # What has no other of its own is held against the same without the link, or the crowd.
            found = [figures.ratio(case, program, other) or figures.ratio(case, program, other, plain(case))
                     for other in ("direct", "floor", "duties")]
            row.append(" / ".join("–" if value is None else f"{value:.2f}" for value in found)
                       if figures.median(case, program) is not None else "–")
        rows.append(row)
    return table(["", *[TITLES[name] for name in programs]], rows)


def plain(case):
    return case.replace(", link known", "").replace(" of 4000", "")


# --- what README shows


def summary(figures, context, pictures, whole):
    rows = [[name, *[cell(figures.of(case, program)) for program in COLUMNS]] for name, case in CHOSEN
            if any(figures.of(case, program) for program in COLUMNS)]
    return f"""\
What a relay costs, beside the agent's own socket (*direct*), beside the barest relay that does what
relayd has to (checks both sides, asks nobody before there is a question), and beside others. Medians;
microseconds are of one CPU. `make bench` measures it and writes this; [all of it]({whole}).

<picture>
  <source media="(prefers-color-scheme: dark)" srcset="{pictures}bench-dark.svg">
  <img src="{pictures}bench-light.svg" width="{picture.WIDTH}" alt="{picture.about(figures)}">
</picture>

{table(["", *[TITLES[program] for program in COLUMNS]], rows)}

{context}."""


def put_between(text, part):
    """README with the part in its place."""
    before, found, rest = text.partition(BEGIN)
    _, found_too, after = rest.partition(END)
    if not found or not found_too:
        raise SystemExit(f"bench: README.md has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{part}\n{END}{after}"


def write(figures, verdicts, skipped, chosen, took):
    date = time.strftime("%Y-%m-%d", time.gmtime())
    context = f"{version(chosen.build)} on {machine()}, {date}, in {took / 60:.1f} minutes"
    out = chosen.out
    if out:
        out.mkdir(parents=True, exist_ok=True)
    here, pictures = out or TREE / "tests/bench", out or TREE / "contrib/pictures"
    figures.write(here / "results.tsv")
    (here / "RESULTS.md").write_text(results(figures, verdicts, skipped, context), encoding="utf-8")
    for name, drawn in picture.both(figures, f"medians, one CPU · {machine()} · {date} · make bench").items():
        (pictures / f"bench-{name}.svg").write_text(drawn, encoding="utf-8")
    readme = (TREE / "README.md").read_text(encoding="utf-8")
    if os.environ.get("PROOF_REPORT"):
        with open(os.environ["PROOF_REPORT"], "a", encoding="utf-8") as proof:
            proof.write(f"## What a relay costs\n\n`make bench`, {took:.0f} s; all of it in tests/bench/RESULTS.md.\n\n"
                        f"{held(verdicts)}\n\n")
    paths = ("", "RESULTS.md") if out else ("contrib/pictures/", "tests/bench/RESULTS.md")
    part = summary(figures, context, *paths)
    ((out or TREE) / "README.md").write_text(put_between(readme, part), encoding="utf-8")
