# shellcheck shell=bash
# For ~/.bashrc, anywhere in it: an interactive bash uses the relay.
if [[ $- == *i* ]]; then
    # ~/.profile often adds ~/.local/bin to PATH only after ~/.bashrc.
    for relayctl_path in relayctl "$HOME/.local/bin/relayctl"; do
        command -v "$relayctl_path" >/dev/null || continue
        eval "$("$relayctl_path" env -s --register)"
        break
    done
    unset relayctl_path
fi
