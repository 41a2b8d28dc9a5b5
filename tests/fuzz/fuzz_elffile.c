/*
 * A libFuzzer target: any bytes as a file that a process has mapped, of which the reader
 * tells what it is, what it defines and needs, and which allocator's version it has.
 */
#include "fuzz.h"
#include "reader/banner.h"
#include "reader/mapped.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum ra_banner banners[] = {RA_BANNER_JEMALLOC, RA_BANNER_GLIBC,
                                             RA_BANNER_GPERFTOOLS, RA_BANNER_MUSL};
    int file = fuzzed_file(data, size);
    struct ra_file_facts facts;
    char version[80];

    ra_file_facts_read(&facts, file);
    for (size_t i = 0; i < facts.needs.count; i++) {
        if (memchr(facts.needs.needed[i], '\0', RA_ELF_NAME_BYTES) == NULL) {
            abort();
        }
    }
    free(facts.needs.needed);
    for (size_t i = 0; i < sizeof(banners) / sizeof(banners[0]); i++) {
        if (ra_banner_find(file, banners[i], version, sizeof(version)) != (version[0] != '\0')) {
            abort();
        }
    }
    return 0;
}
