/*
 * Makes a region look older than it is: victim_age FILE-SECONDS SAMPLE-SECONDS PATH [PID]
 *
 * The file was last changed, and the last sample taken, so many seconds ago. With PID the region
 * says that it is that process's.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ruby_alloc/region.h"

int main(int argc, char **argv)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (argc < 4) {
        fprintf(stderr, "victim_age: arguments?\n");
        return 2;
    }
    int file = open(argv[3], O_RDWR | O_CLOEXEC);
    uint64_t sampled_ns = (uint64_t)(now.tv_sec - atol(argv[2])) * 1000000000u;
    uint32_t pid = argc > 4 ? (uint32_t)atol(argv[4]) : 0;
    struct timespec changed = {.tv_sec = now.tv_sec - atol(argv[1])};
    const struct timespec times[] = {changed, changed};

    if (file < 0 ||
        pwrite(file, &sampled_ns, sizeof sampled_ns,
               offsetof(struct ra_region, sample.realtime_ns)) != sizeof sampled_ns ||
        (pid != 0 &&
         pwrite(file, &pid, sizeof pid, offsetof(struct ra_region, header.pid)) != sizeof pid) ||
        futimens(file, times) != 0 || close(file) != 0) {
        perror(argv[3]);
        return 1;
    }
    return 0;
}
