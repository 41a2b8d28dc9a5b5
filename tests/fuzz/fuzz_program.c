/*
 * A libFuzzer target: any bytes as the executable of a process, in which the reader
 * looks for an allocator.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reader/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    int found;

    if (file < 0) {
        file = memfd_create("fuzzed", MFD_CLOEXEC);
    }
    if (file < 0 || ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t)size) {
        abort();
    }
    found = ra_program_defines(file, "malloc");
    if (found < -1 || found > 1) {
        abort();
    }
    return 0;
}
