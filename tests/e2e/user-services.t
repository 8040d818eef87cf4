#!/bin/sh
# Services of the user find the relay by one file in ~/.config/environment.d.

. "$(dirname "$0")/lib.sh"
world sshd systemd
user_manager pat
as pat install -D -m 644 "$E2E/contrib/systemd/environment.conf" .config/environment.d/relayd.conf
systemctl_of pat start relayd.socket
sshd 22
rc pat
arrives one

cat >/etc/systemd/user/backup.service <<END
[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-add -l
StandardOutput=file:$E2E/home/pat/said
END
systemctl_of pat daemon-reload
ok 'a service runs ssh-add' systemctl_of pat start backup.service
is "$(names <"$E2E/home/pat/said")" one 'and has the keys of the login'

finish
