# SPDX-License-Identifier: MIT
"""A client by paramiko: ACCOUNT PORT. Prints each key that the agent lists, in hexadecimal, logs in
to that account at that port of this host with one of them, and prints who it is there."""

import sys

import paramiko

account, port = sys.argv[1:]
for key in paramiko.Agent().get_keys():
    print(key.asbytes().hex())

client = paramiko.SSHClient()
client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
client.connect("localhost", int(port), account, look_for_keys=False)
print(client.exec_command("id -un")[1].read().decode(), end="")
client.close()
