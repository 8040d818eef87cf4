/* SPDX-License-Identifier: MIT */
/*
 * What a shell's file does with SSH_AUTH_SOCK, as far as its lines tell without running them: sh,
 * bash, zsh and fish. It is read as a person skims it: comments, our own blocks, here-documents and
 * text in single quotes are left out, what the files it reads do is not known. In doubt the answer
 * is yes, but for guard and reads_bashrc, where no is the safe one.
 */
#ifndef RELAYCTL_SCRIPT_H
#define RELAYCTL_SCRIPT_H

#include <stddef.h>

/* Each is the first line, from 1, that does so; 0: none. */
struct script {
    int guard;        /* ends a shell that is not interactive */
    int sets;         /* sets or unsets SSH_AUTH_SOCK, itself or by another agent's output */
    int links;        /* links its value, or an agent's socket that it looks for: ln, or a zsh module's name */
    int wants_tmp;    /* tests its value for /tmp/ssh-* or agent.*: with a relay's path that is false */
    int exits;        /* may end the script early: exit, return, exec of a program, set -e */
    int reads_bashrc; /* sources .bashrc */
    int other_agent;  /* starts or asks another agent: ssh-agent, keychain, gpgconf, gnome-keyring */
    int xauth;        /* handles the X11 cookie */
    int relay;        /* runs relayctl, outside of our blocks */
};

/* Pure. text may hold any byte and need not end with a newline. */
struct script script_read(const char *text, size_t size);

#endif
