/* SPDX-License-Identifier: MIT */
/* When a file was made, by statx(2). */
#include "config.h"

#include "relayd/base/birth.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

int birth_of(int fd, struct timespec *birth)
{
    struct statx stx;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &stx) < 0)
        return -errno;
    if ((stx.stx_mask & STATX_BTIME) == 0)
        return -ENOTSUP;
    *birth = (struct timespec){stx.stx_btime.tv_sec, stx.stx_btime.tv_nsec};
    return 0;
}
