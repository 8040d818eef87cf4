#!/bin/sh
# SPDX-License-Identifier: MIT
# What the unit takes away from the relay is gone, and nothing that the relay needs.

. "$(dirname "$0")/lib.sh"
world sshd systemd python3
user_manager pat
home=$E2E/home/pat
registry=/run/user/$(id -u pat)/relayd/upstreams

# Another program in the relay's place tells what it may not do.
cat >"$home/probe" <<'END'
import ctypes, mmap, os, platform, resource, socket
libc = ctypes.CDLL(None, use_errno=True)
keyctl = 250 if platform.machine() == 'x86_64' else 219
def call(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), '')
tries = {
    'address families': lambda: socket.socket(socket.AF_INET),
    'namespaces': lambda: call(libc.unshare(0x10000000)),
    'suid': lambda: os.chmod('said', 0o4755),
    'personality': lambda: call(libc.personality(0x0800000)),
    'executable memory': lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC),
    'chown': lambda: os.chown('said', -1, -1),
    'nice': lambda: os.setpriority(os.PRIO_PROCESS, 0, 1),
    'keyrings': lambda: call(libc.syscall(keyctl, 0, -3, 0)),
    'io_uring': lambda: call(libc.syscall(425, 0, 0)),
}
for what, attempt in tries.items():
    try:
        attempt()
    except PermissionError:
        print('not allowed:', what)
    except OSError as error:
        print('not there:' if what == 'address families' else 'failed:', what)
print('core files:', *resource.getrlimit(resource.RLIMIT_CORE))
END
sed -e '/^\(Type\|WatchdogSec\|Restart\|Requires\|After\)=/d' \
    -e "s|^ExecStart=.*|Type=oneshot\nWorkingDirectory=$home\nExecStart=/usr/bin/python3 probe\nStandardOutput=file:$home/said|" \
    /etc/systemd/user/relayd.service >/etc/systemd/user/probe.service
systemctl_of pat daemon-reload
ok 'a probe runs as the relay would' systemctl_of pat start probe.service
is "$(cat "$home/said")" 'not there: address families
not allowed: namespaces
not allowed: suid
not allowed: personality
not allowed: executable memory
not allowed: chown
not allowed: nice
not allowed: keyrings
not allowed: io_uring
core files: 0 0' 'it may do nothing of what the relay does not'

systemctl_of pat start relayd.socket
# Where the versions of OpenSSH put their sockets.
for socket in /tmp/ssh-XXXXXX/agent.1 .ssh/agent/s.1; do
    as pat mkdir -m 700 "$(dirname "$socket")"
    start agent pat ssh-agent -D -a "$socket"
    wait_for 20 answers "$socket" pat
    ok "the relay sees $socket" knows as pat relayctl register "$socket"
    like "$(keys pat)" 'no identities' 'and serves from there'
    end agent
done

sshd 22
far train
rc pat
login_from train one
ok 'a login comes from another network' wait_for 20 newest pat "$(upstream one)"
is "$(keys pat)" one 'it serves'
is "$(status pat link)" up 'and its connection can be seen'
ok 'it is saved' grep -Fq "$(upstream one)" "$registry"
logout one
ok 'its end is noticed, with no client' wait_for 20 not grep -Fq "$(upstream one)" "$registry"

finish
