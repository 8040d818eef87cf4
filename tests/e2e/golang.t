#!/bin/sh
# SPDX-License-Identifier: MIT
# A client by Go, and the relay.

. "$(dirname "$0")/lib.sh"
world sshd golang
GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$E2E/go" \
    go build -o "$E2E/bin/client" "$E2E/clients/by-go.go"
other_client client

finish
