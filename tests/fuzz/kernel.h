/* SPDX-License-Identifier: MIT */
/*
 * A kernel for fuzzers, within the process: stream sockets, listeners and their files, epoll, what
 * netlink says of links, and the clock. syscalls.c puts it under the functions of the C library
 * that relayd and libev call. So a script decides what comes when, and how long time passes; a run
 * costs no system call, and is the same each time.
 *
 * Its sockets behave as those of unix(7) on Linux do: what is read and written in part, who is
 * told of an end, and how. A descriptor is *inside* where relayd holds it, and outside where the
 * fuzzer does, which plays the clients and the agents.
 */
#ifndef RELAYD_KERNEL_H
#define RELAYD_KERNEL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

/* Its descriptors; those below are the process's own. */
#define KERNEL_FIRST 64
#define KERNEL_FDS 256
/* How much a socket holds at most for its reader. */
#define KERNEL_ROOM 65536
#define KERNEL_BACKLOG 8
/* Files that an agent may listen on: /agents/0 and so on. */
#define KERNEL_FILES 8

enum kernel_type {
    KERNEL_FREE,
    KERNEL_STREAM,
    KERNEL_LISTENER,
    KERNEL_FILE, /* opened with O_PATH */
    KERNEL_EPOLL,
    KERNEL_PROCESS, /* a pidfd */
    KERNEL_NETLINK,
};

enum kernel_link {
    KERNEL_LINK_UNKNOWN,
    KERNEL_LINK_UP,
    KERNEL_LINK_DOWN,
};

/* What a descriptor stands for. */
struct kernel_fd {
    enum kernel_type type;
    bool is_inside;
    int peer;              /* a stream's other end; -1: closed, or not connected yet */
    bool is_in_over;       /* no more comes: the other end has shut down, or closed */
    bool is_out_over;      /* no more goes */
    int error;             /* ECONNRESET, told once */
    pid_t peer_pid;        /* SO_PEERCRED */
    uid_t peer_uid;
    size_t start, n, room; /* what has come: bytes[start, start + n) */
    uint64_t read, written; /* how much has been read of it, and put there, in all */
    int queue[KERNEL_BACKLOG]; /* a listener's: ends to be accepted */
    unsigned queued, backlog;
    unsigned file;         /* of a file or a listener: its number; of a process: its upstream's */
    uint64_t inode;
    int epoll;             /* -1: not watched */
    struct epoll_event watch;
    uint8_t *bytes;        /* room for KERNEL_ROOM */
};

struct kernel_file {
    uint64_t inode; /* 0: the path is missing */
    int listener;   /* -1: nobody listens */
    pid_t pid;
    uid_t uid;
    bool is_process_over;
    enum kernel_link link;
    double data_at; /* when its link brought the last data */
};

struct kernel {
    bool is_on;
    bool was_up; /* a link has been called up */
    double now; /* CLOCK_MONOTONIC */
    uint64_t waits; /* how often epoll_wait() was called */
    unsigned lacks_fds, lacks_watches; /* so many calls more fail for want of them */
    bool is_backwards; /* epoll_wait() tells of the highest descriptor first */
    uint64_t last_inode;
    /* Called before each read and write of relayd's: others run at the same time. Or NULL. */
    void (*on_call)(void);
    int top; /* no descriptor as high is open */
    struct kernel_file files[KERNEL_FILES];
};

extern struct kernel kernel;

/* Begins a run: nothing is open, and time stands at its beginning. */
void kernel_begin(void);
void kernel_end(void);

/* How many descriptors relayd still holds. */
unsigned kernel_inside(void);

/* The descriptor, or NULL where it is none of ours. */
struct kernel_fd *kernel_get(int fd);
/* A new one, or -1 with errno set. */
int kernel_new(enum kernel_type type, bool is_inside);
int kernel_close(int fd);

/* Two connected ends: fd[0] is outside, fd[1] inside. Either holds at most `room`. */
void kernel_pair(int fd[2], size_t room);

/* Somebody listens at file from now on, with that backlog: it is made anew where it is missing. */
void kernel_listen(unsigned file, unsigned backlog);
/* Nobody does any more: its connections that were not accepted are reset. */
void kernel_deafen(unsigned file);
/* The file goes; who listens there still does, for who has it open. */
void kernel_unlink(unsigned file);
/* A connection that waits there: the outer end, or -1. */
int kernel_accept(unsigned file);

/* As recv(2), send(2), shutdown(2) and connect(2), and with their errno. */
ssize_t kernel_recv(struct kernel_fd *k, void *out, size_t n, int flags);
ssize_t kernel_send(struct kernel_fd *k, const void *bytes, size_t n);
void kernel_shut(struct kernel_fd *k);
int kernel_connect(struct kernel_fd *k, struct kernel_fd *to);

/* What epoll_wait(2) would say of it, whatever it was asked for. */
uint32_t kernel_events(const struct kernel_fd *k);
/* As poll(2) for one descriptor; -1: it is none of ours. */
int kernel_poll(struct pollfd *one);

/* What netlink answers to a request. */
ssize_t kernel_ask_netlink(struct kernel_fd *k, const void *bytes, size_t n);

/* What has come, from the oldest byte on, without taking it. */
const uint8_t *kernel_peek(const struct kernel_fd *k);

#endif
