/*
 * A libFuzzer target: any bytes as the file of a recording, of which every report is loaded
 * and shown: what is left out is told in one printable line.
 */
#include "fuzz_views.h"
#include "top/recording.h"

enum { SHOWN_MAX = 3 };

static void show_reports(struct ra_recording *recording, unsigned kind)
{
    size_t shown = 0;

    for (size_t i = 0; i < ra_recording_count(recording); i++) {
        struct ra_failure why = {0};
        const struct ra_report *report = ra_recording_report(recording, i, &why);

        if (!report) {
            require_line(why.message);
        } else if (shown++ < SHOWN_MAX) {
            require_printable(report->time, strlen(report->time));
            show(report, kind + (unsigned)i);
        }
    }
}

/* The first byte says what is shown of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ra_failure why = {0};
    struct ra_recording *recording;
    const int64_t *pids;
    const char *damage;
    char path[40];

    if (size == 0) {
        return 0;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fuzzed_file(data + 1, size - 1));
    recording = ra_recording_open(path, NULL, &why);
    if (!recording) {
        require_line(why.message);
        return 0;
    }
    require(ra_recording_count(recording) > 0);
    show_reports(recording, data[0]);
    for (size_t count = ra_recording_pids(recording, &pids), i = 0; i < count; i++) {
        require(i == 0 || pids[i - 1] < pids[i]);
    }
    damage = ra_recording_damage(recording);
    if (damage) {
        require_line(damage);
    }
    ra_recording_close(recording);
    return 0;
}
