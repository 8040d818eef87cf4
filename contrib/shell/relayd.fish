# For ~/.config/fish/conf.d: an interactive fish uses the relay.
if status is-interactive
    # ~/.local/bin is often added to PATH only later.
    for relayctl in relayctl ~/.local/bin/relayctl
        if command -v $relayctl >/dev/null
            $relayctl env --fish --register | source
            break
        end
    end
    # A file in conf.d is read at the top: its variables would stay.
    set -e relayctl
end
