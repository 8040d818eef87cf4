# SPDX-License-Identifier: MIT
"""An SSH server by asyncssh: PORT. It is one process for all its logins. It lets everybody in, and
runs what they ask as whoever started it."""

import asyncio
import os
import sys

import asyncssh


class Server(asyncssh.SSHServer):
    def begin_auth(self, username):
        return False


async def run(process):
    connection = process.channel.get_connection()
    remote = connection.get_extra_info("peername")[:2]
    local = connection.get_extra_info("sockname")[:2]
    environment = dict(os.environ, SSH_CONNECTION="%s %d %s %d" % (remote + local))
    if connection.get_agent_path():
        environment["SSH_AUTH_SOCK"] = connection.get_agent_path()
    shell = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", process.command, env=environment, stdin=asyncio.subprocess.DEVNULL)
    process.exit(await shell.wait())


async def main():
    key = asyncssh.generate_private_key("ssh-ed25519")
    await asyncssh.create_server(Server, "127.0.0.1", int(sys.argv[1]), server_host_keys=[key],
                                 process_factory=run, agent_forwarding=True)
    await asyncio.Event().wait()


asyncio.run(main())
