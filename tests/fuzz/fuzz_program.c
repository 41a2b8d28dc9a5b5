/*
 * A libFuzzer target: any bytes as the executable of a process, in which the reader
 * looks for an allocator.
 */
#include "fuzz.h"
#include "reader/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int file = fuzzed_file(data, size);
    int found;

    found = ra_program_defines(file, "malloc");
    if (found < -1 || found > 1) {
        abort();
    }
    return 0;
}
