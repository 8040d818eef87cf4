#!/bin/sh
# SPDX-License-Identifier: MIT
# Services of the user find the relay by a drop-in of relayd.socket, also where another agent is put
# into the manager's environment.

. "$(dirname "$0")/lib.sh"
world sshd systemd
units=/etc/systemd/user
mkdir -p "$units/sockets.target.wants"
# Debian 13 has one like this. Here it takes its time.
cat >"$units/ssh-agent.socket" <<'END'
[Socket]
ListenStream=%t/openssh_agent
ExecStartPost=/bin/sleep 1
ExecStartPost=systemctl --user set-environment SSH_AUTH_SOCK=%t/openssh_agent
END
printf '[Service]\nExecStart=/bin/false\n' >"$units/ssh-agent.service"
for unit in ssh-agent.socket relayd.socket; do
    ln -sf "../$unit" "$units/sockets.target.wants"
done
cat >"$units/backup.service" <<END
[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-add -l
StandardOutput=file:$E2E/home/pat/said
END
as pat install -D -m 644 "$E2E/contrib/systemd/services.conf" .config/systemd/user/relayd.socket.d/services.conf
user_manager pat
sshd 22
rc pat
arrives one

# backup WHEN
backup() {
    rm -f "$E2E/home/pat/said"
    ok "$1 a service runs ssh-add" systemctl_of pat start backup.service
    is "$(names <"$E2E/home/pat/said")" one 'and has the keys of the login'
}
environment() {
    systemctl_of pat show-environment | grep ^SSH_AUTH_SOCK
}
backup 'with the manager new,'
systemctl_of pat restart relayd.socket
backup 'with the sockets new,'
systemctl_of pat stop relayd.socket relayd.service 2>/dev/null
is "$(environment)" '' 'without the sockets, nothing leads there'

finish
