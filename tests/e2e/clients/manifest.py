#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a home holds, to the byte.

    manifest.py take HOME FILE              writes it down
    manifest.py same BEFORE NOW             nothing differs, times included
    manifest.py undone BEFORE SET NOW       NOW is as BEFORE; what SET did not touch has its old time too
    manifest.py kept BEFORE SET             what is in both has the same kind, mode, owner and attributes
    manifest.py either BEFORE SET NOW       each file is as in one of them, and nothing else is there
    manifest.py changed BEFORE NOW          prints the paths that differ, times aside

Says what is wrong, one line each. A symlink that leads to an agent (its name is in AGENT_LINKS) is there or
not: where it leads changes with each login. What programs that run in the home keep for themselves is
left out, and so are temporary files of `either`.
"""
import hashlib
import json
import os
import re
import stat
import sys

LEFT_OUT = re.compile(r'(\.cache|\.local/share/fish|\.config/fish/fish_variables|\.ssh/agent|\.Xauthority|\.xauth.*'
                      r'|\.bash_history|\.zsh_history|\.python_history)(/|$)')
TEMPORARY = re.compile(r'(^|/)\.[^/]*\.relayd(\.[^/]*)?$')
LINKS = os.environ.get('AGENT_LINKS', '').split()


def look(path, name):
    st = os.lstat(path)
    entry = {'mode': oct(st.st_mode), 'owner': [st.st_uid, st.st_gid], 'time': st.st_mtime_ns}
    if stat.S_ISREG(st.st_mode):
        with open(path, 'rb') as file:
            entry['content'] = hashlib.sha256(file.read()).hexdigest()
        entry['links'] = st.st_nlink
    elif stat.S_ISLNK(st.st_mode):
        entry['content'] = '' if name in LINKS else os.readlink(path)
        if name in LINKS:
            entry['time'] = 0
    if not stat.S_ISSOCK(st.st_mode):
        names = sorted(os.listxattr(path, follow_symlinks=False))
        entry['xattrs'] = {n: os.getxattr(path, n, follow_symlinks=False).hex() for n in names}
    return entry


def take(home):
    found = {'.': look(home, '.')}
    for directory, dirs, files in os.walk(home):
        for file in dirs + files:
            path = os.path.join(directory, file)
            name = os.path.relpath(path, home)
            if not LEFT_OUT.match(name):
                found[name] = look(path, name)
        dirs[:] = [d for d in dirs if not LEFT_OUT.match(os.path.relpath(os.path.join(directory, d), home))]
    return found


def without_time(entry):
    return entry and {k: v for k, v in entry.items() if k != 'time'}


def touched(before, after):
    """What differs, and the directories whose entries were made, replaced or removed."""
    names = {n for n in before.keys() | after.keys() if without_time(before.get(n)) != without_time(after.get(n))}
    # An agent's symlink is replaced too.
    return names | {os.path.dirname(n) or '.' for n in names | set(LINKS)}


def differences(before, now, timeless=frozenset()):
    for name in sorted(before.keys() | now.keys()):
        was, is_now = before.get(name), now.get(name)
        if was is None or is_now is None:
            yield f'{name}: ' + ('is new' if was is None else 'is gone')
            continue
        for key in was:
            if was[key] != is_now.get(key) and not (key == 'time' and name in timeless):
                yield f'{name}: {key} was {was[key]}, is {is_now.get(key)}'


def lost(before, after):
    for name in sorted(before.keys() & after.keys()):
        for key in ('mode', 'owner', 'xattrs'):
            if before[name].get(key) != after[name].get(key):
                yield f'{name}: {key} was {before[name].get(key)}, is {after[name].get(key)}'


def neither(before, after, now):
    for name in sorted(before.keys() | after.keys() | now.keys()):
        if TEMPORARY.search(name):
            continue
        ways = [without_time(m.get(name)) for m in (before, after)]
        if without_time(now.get(name)) not in ways:
            yield f'{name}: is neither as before nor as set up: {now.get(name)}'


def main(what, *files):
    if what == 'take':
        with open(files[1], 'w') as out:
            json.dump(take(files[0]), out)
        return 0
    manifests = []
    for file in files:
        with open(file) as text:
            manifests.append(json.load(text))
    if what == 'same':
        wrong = differences(*manifests)
    elif what == 'undone':
        before, after, now = manifests
        wrong = differences(before, now, touched(before, after))
    elif what == 'kept':
        wrong = lost(*manifests)
    elif what == 'either':
        wrong = neither(*manifests)
    elif what == 'changed':
        before, now = manifests
        wrong = (n for n in sorted(before.keys() | now.keys())
                 if not stat.S_ISDIR(int((now.get(n) or before[n])['mode'], 8))
                 and without_time(before.get(n)) != without_time(now.get(n)))
    else:
        sys.exit(__doc__)
    wrong = list(wrong)
    print('\n'.join(wrong))
    return 1 if wrong and what != 'changed' else 0


sys.exit(main(*sys.argv[1:]))
