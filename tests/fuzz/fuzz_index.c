/*
 * A libFuzzer target: the index over any file: what it finds lies within the file, in order,
 * and is the same whether the file was there at once or grew meanwhile.
 */
#include "fuzz.h"
#include "top/recording_index.h"

static void check(const struct ra_recording_index *index, int64_t size)
{
    for (size_t i = 0; i < index->count; i++) {
        const struct ra_recorded *report = &index->reports[i];

        require(report->offset >= 0 && report->bytes > 0);
        require(report->offset + (int64_t)report->bytes <= size);
        require(i == 0 || report->offset >= report[-1].offset + (int64_t)report[-1].bytes);
        require(i == 0 || report->line > report[-1].line);
    }
    require(index->scanned <= size);
    if (index->faults.count > 0) {
        require_line(index->faults.why);
    }
    if (index->tail.count > 0) {
        require_line(index->tail.why);
    }
}

/* The first two bytes say where the file ends at first. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ra_recording_index at_once = {0}, grown = {0}, whole = {0};
    int64_t bytes = (int64_t)size - 2;
    int64_t first;
    int file;

    if (bytes < 1) {
        return 0;
    }
    first = (data[0] << 8 | data[1]) % bytes;
    file = fuzzed_file(data + 2, (size_t)first);
    require(ra_recording_index_scan(&grown, file, first, "fuzzed", NULL) == 0);
    check(&grown, first);
    file = fuzzed_file(data + 2, (size_t)bytes);
    require(ra_recording_index_scan(&grown, file, bytes, "fuzzed", NULL) == 0);
    check(&grown, bytes);
    require(ra_recording_index_scan(&at_once, file, bytes, "fuzzed", NULL) == 0);
    check(&at_once, bytes);
    require(ra_recording_index_whole(&whole, file, bytes) == 0);
    require(whole.count <= 1);
    check(&whole, bytes);
    free(grown.reports);
    free(at_once.reports);
    free(whole.reports);
    return 0;
}
