/* SPDX-License-Identifier: MIT */
/* When a file was made, for a C library without statx(2): musl before 1.2.5. */
#include "config.h"

#include "relayd/base/birth.h"

#include <errno.h>

int birth_of(int fd, struct timespec *birth)
{
    return -ENOTSUP;
}
