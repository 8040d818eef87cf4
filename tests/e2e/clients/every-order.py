# SPDX-License-Identifier: MIT
"""Tries the good upstream behind bad ones in every order: DEPTH SHARE SHARES AGENT CONTROL KIND=PID...

The orders are all of up to DEPTH of the kinds; those whose number is SHARE modulo SHARES are tried
here. Kinds and `good` are sockets of fake-agent in this directory, which SIGUSR2 makes good and
SIGUSR1 bad. Prints for each order the question, the milliseconds its answer took, and the kinds;
what is wrong goes to stderr. One process does it all, since there are many."""

import itertools
import os
import signal
import socket
import sys
import time

# Each with its number, and with the number and length of the good one's answer.
QUESTIONS = ("list", 11, "12 73"), ("sign", 13, "14 14")


def request(*lines):
    """What relayctl sends, and all the packets that come back."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
        asking.settimeout(60)
        asking.connect(control)
        asking.send("\n".join(lines).encode())
        packets = []
        while not packets or not packets[-1].startswith(("ok", "error")):
            packets.append(asking.recv(65536).decode())
            if not packets[-1]:
                raise EOFError("the relay has closed the connection")
        return packets


def exactly(stream, size):
    got = b""
    while len(got) < size:
        some = stream.recv(size - len(got))
        if not some:
            raise EOFError
        got += some
    return got


def ask(number):
    """Number and length of the answer, or why there is none."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(60)
        asking.connect(agent)
        # To sign takes a key, data and flags, here of no bytes and none.
        body = bytes([number]) + (bytes(12) if number == 13 else b"")
        asking.sendall(len(body).to_bytes(4, "big") + body)
        try:
            answer = exactly(asking, int.from_bytes(exactly(asking, 4), "big"))
        except (EOFError, OSError) as error:
            return repr(error)
        return f"{answer[0]} {len(answer)}"


def upstreams():
    """Name and state of each, in the order in which they would be tried."""
    for packet in request("status"):
        fields = dict(line.split("=", 1) for line in packet.split("\n")[1:] if line)
        if "path" in fields:
            yield os.path.basename(fields["path"]), fields["state"]


def turn(number, order):
    for kind in order:
        os.kill(processes[kind], number)


def check(order, question, number, wanted):
    def wrong(*what):
        print(*order, "asked", question, *what, file=sys.stderr)

    turn(signal.SIGUSR2, order)
    for name in ("good", *reversed(order)):
        said = request("register", f"path={os.path.abspath(name)}", "wait=1")[-1]
        if not said.startswith("ok") or "silent" in said:
            wrong(name, "is registered:", said)
    turn(signal.SIGUSR1, order)

    began = time.monotonic()
    answer = ask(number)
    took = time.monotonic() - began
    if answer != wanted:
        wrong("is answered", answer)
    print(question, round(took * 1000), *order)

    states = list(upstreams())
    if states[0] != ("good", "alive"):
        wrong("first is now", states[0])
    if [state for state in states if state[0] in order] != [(kind, "silent") for kind in order]:
        wrong("afterwards", states)


depth, share, shares = map(int, sys.argv[1:4])
agent, control = sys.argv[4:6]
processes = {kind: int(pid) for kind, pid in (word.split("=") for word in sys.argv[6:])}
orders = itertools.chain.from_iterable(
    itertools.permutations(processes, n) for n in range(1, depth + 1)
)
for number, order in enumerate(orders):
    if number % shares == share:
        check(order, *QUESTIONS[number // shares % 2])
