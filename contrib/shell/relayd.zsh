# For ~/.zshrc, or ~/.zshenv: an interactive zsh uses the relay.
if [[ -o interactive ]]; then
    # ~/.local/bin is often added to PATH only later.
    for relayctl_path in relayctl "$HOME/.local/bin/relayctl"; do
        command -v "$relayctl_path" >/dev/null || continue
        eval "$("$relayctl_path" env -s --register)"
        break
    done
    unset relayctl_path
fi
