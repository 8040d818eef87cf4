# SPDX-License-Identifier: MIT
"""One process that is many agents: COUNT PREFIX. Each agent N listens on PREFIXN and lists one key,
whose comment is its path. Prints a line for each connection. SIGUSR1 has all agents but the first end:
nobody listens there any more, and the process stays."""

import asyncio
import signal
import sys

count, prefix = int(sys.argv[1]), sys.argv[2]


def string(value):
    return len(value).to_bytes(4, "big") + value


def answer(kind, path):
    if kind != 11:
        return b"\x05"
    key = string(b"ssh-ed25519") + string(bytes(32))
    return b"\x0c" + (1).to_bytes(4, "big") + string(key) + string(path.encode())


async def talk(path, reader, writer):
    print("connection", path, flush=True)
    try:
        while True:
            size = int.from_bytes(await reader.readexactly(4), "big")
            question = await reader.readexactly(size)
            writer.write(string(answer(question[0], path)))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def listen(path):
    return await asyncio.start_unix_server(lambda r, w: talk(path, r, w), path)


async def main():
    agents = [await listen(f"{prefix}{number}") for number in range(count)]

    def end():
        for agent in agents[1:]:
            agent.close()
        print("ended", flush=True)

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, end)
    print("listening", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
