/*
 * A libFuzzer target: any bytes as a region, all the way to what the tool prints: valid
 * JSON, and text without a control character.
 */
#include "fuzz_region.h"
#include "fuzz_views.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzzed fuzzed;
    struct ra_report *report;

    if (!take_region(&fuzzed, data, size)) {
        return 0;
    }
    report = derive_region(&fuzzed);
    show(report, fuzzed.now.image.header.answered);
    ruby_alloc_report_free(report);
    drop_region(&fuzzed);
    return 0;
}
