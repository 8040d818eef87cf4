# shellcheck shell=bash
# For ~/.bashrc, anywhere in it: an interactive bash uses the relay.
if [[ $- == *i* ]]; then
    # ~/.profile often adds ~/.local/bin to PATH only after ~/.bashrc.
    for relayctl in relayctl "$HOME/.local/bin/relayctl"; do
        command -v "$relayctl" >/dev/null || continue
        eval "$("$relayctl" env -s --register)"
        break
    done
    unset relayctl
fi
