# For ~/.config/fish/conf.d: an interactive fish uses the relay.
if status is-interactive
    # ~/.local/bin is often added to PATH only later.
    for relayctl_path in relayctl ~/.local/bin/relayctl
        if command -v $relayctl_path >/dev/null
            $relayctl_path env --fish --register | source
            break
        end
    end
    # A file in conf.d is read at the top: its variables would stay.
    set -e relayctl_path
end
