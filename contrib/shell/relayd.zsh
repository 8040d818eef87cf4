# For ~/.zshrc, or ~/.zshenv: an interactive zsh uses the relay.
if [[ -o interactive ]]; then
    # ~/.local/bin is often added to PATH only later.
    for relayctl in relayctl "$HOME/.local/bin/relayctl"; do
        command -v "$relayctl" >/dev/null || continue
        eval "$("$relayctl" env -s --register)"
        break
    done
    unset relayctl
fi
