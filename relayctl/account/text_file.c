/* SPDX-License-Identifier: MIT */
/* Reading a file that is only looked at. A FIFO of that name must not hold us up. */
#include "config.h"

#include "relayctl/account/text_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (16 << 20) /* shells read files that are too large for setup, too */

static size_t read_all(int fd, char *text, size_t size)
{
    size_t n = 0;
    ssize_t got;

    while (n < size && (got = read(fd, text + n, size - n)) > 0)
        n += (size_t)got;
    text[n] = '\0';
    return n;
}

struct text_file text_file_read(const char *path)
{
    struct text_file file = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0)
        return file;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < FILE_MAX)
        file.text = malloc((size_t)st.st_size + 1);
    if (file.text != NULL)
        file.size = read_all(fd, file.text, (size_t)st.st_size);
    close(fd);
    return file;
}
