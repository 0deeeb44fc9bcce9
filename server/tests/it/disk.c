/* Stands before the C library of a program under test: the disk under its database fails while the file that FAULTS names
   says "fsync" (fsync and fdatasync report an I/O error) or "full" (writes find no space). Compiled by disk.rs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int fails(int fd, const char *what)
{
    char link[64], path[4096], said[16];
    const char *faults = getenv("FAULTS");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (!faults || length < 0)
        return 0;
    path[length] = 0;
    if (!strstr(path, "guichet.db"))
        return 0;
    int file = open(faults, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    length = read(file, said, sizeof said);
    close(file);
    return length >= (ssize_t)strlen(what) && memcmp(said, what, strlen(what)) == 0;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int fd)
{
    if (fails(fd, "fsync")) { errno = EIO; return -1; }
    return NEXT(fsync)(fd);
}

int fdatasync(int fd)
{
    if (fails(fd, "fsync")) { errno = EIO; return -1; }
    return NEXT(fdatasync)(fd);
}

ssize_t write(int fd, const void *bytes, size_t count)
{
    if (fails(fd, "full")) { errno = ENOSPC; return -1; }
    return NEXT(write)(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at)
{
    if (fails(fd, "full")) { errno = ENOSPC; return -1; }
    return NEXT(pwrite)(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at)
{
    if (fails(fd, "full")) { errno = ENOSPC; return -1; }
    return NEXT(pwrite64)(fd, bytes, count, at);
}
