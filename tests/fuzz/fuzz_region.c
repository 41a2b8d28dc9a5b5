/*
 * A libFuzzer target: any bytes as a region, as far as the report: a refusal in one
 * printable line, or a report whose texts are printable.
 */
#include "fuzz_region.h"

#include "top/fields.h"

static void check_texts(const struct ra_group *group, const void *record)
{
    for (size_t i = 0; i < group->field_count; i++) {
        const char *text =
            group->fields[i].type == RA_TEXT ? ra_field_text(&group->fields[i], record) : NULL;

        if (text != NULL) {
            require_printable(text, strlen(text));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzzed fuzzed;
    struct ra_report *report;

    if (!take_region(&fuzzed, data, size)) {
        return 0;
    }
    report = derive_region(&fuzzed);
    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        for (size_t i = 0; i < ra_group_count(group, report); i++) {
            check_texts(group, ra_group_record(group, report, i));
        }
    }
    ruby_alloc_report_free(report);
    drop_region(&fuzzed);
    return 0;
}
