/*
 * A libFuzzer target: any bytes as a region, all the way to what the tool prints.
 * Whatever they are: a refusal in one printable line, or a report that is valid JSON
 * and text without a control character.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reader/image.h"
#include "reader/snapshot.h"
#include "ruby_alloc/reader.h"
#include "ruby_alloc/report.h"
#include "top/json.h"
#include "top/views.h"

enum { TEXT_COLUMNS = 80, BOOT_TIME = 1700000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

/* Lines of text that a terminal shows as they are. */
static void require_printable(const char *text, size_t bytes)
{
    const unsigned char *c = (const unsigned char *)text;

    for (size_t i = 0; i < bytes; i++) {
        require(c[i] >= ' ' || c[i] == '\n');
        require(c[i] != 0x7f);
        require(c[i] != 0xc2 || i + 1 == bytes || c[i + 1] >= 0xa0);
    }
}

static void require_valid(const char *text)
{
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    require(object != NULL);
    json_decref(object);
}

static void show_json(const struct ra_report *report, int again)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);

    require(stream != NULL && ra_json_print(report, stream) == 0);
    fclose(stream);
    require_printable(text, bytes);
    require(memchr(text, '\n', bytes) == text + bytes - 1);
    if (again) {
        require_valid(text);
    }
    free(text);
}

static void show_text(const struct ra_report *report)
{
    struct ra_page page = {.width = TEXT_COLUMNS};
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);

    require(stream != NULL);
    ra_views_draw_text(report, &page);
    ra_page_print(&page, stream);
    fclose(stream);
    require_printable(text, bytes);
    ra_page_clear(&page);
    free(text);
}

/* One of the outputs in turn, by a number from the region: each is dear. */
static void show(const struct ra_snapshot *now, const struct ra_snapshot *before, unsigned turn)
{
    struct ra_report *report = ruby_alloc_report_new(now, before);

    require(report != NULL);
    if (turn % 2 == 0) {
        show_json(report, turn % 8 == 0);
    } else {
        show_text(report);
    }
    ruby_alloc_report_free(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ra_failure why = {0};
    struct ra_snapshot now = {.monotonic_ns = 2000000000, .boottime_ns = 2000000000};
    struct ra_snapshot before = {.monotonic_ns = 1000000000};
    void *copy = malloc(size > 0 ? size : 1);
    enum ra_status status;

    require(copy != NULL);
    memcpy(copy, data, size);
    status = ra_image_parse(&now.image, copy, size, "fuzzed", &why);
    if (status == RA_OK) {
        require(ra_image_parse(&before.image, copy, size, "fuzzed", &why) == RA_OK);
        now.realtime_ns = (uint64_t)BOOT_TIME * 1000000000;
        now.boot_time = BOOT_TIME * INT64_C(1000000000);
        now.start_ticks = now.image.header.start_ticks;
        now.state = now.image.header.flags % 3;
        show(&now, now.image.header.interval_seconds % 3 == 0 ? NULL : &before,
             now.image.header.answered);
        ra_image_release(&now.image);
        ra_image_release(&before.image);
    } else {
        require(status == RA_DAMAGED);
        require(why.message[0] != '\0' && strchr(why.message, '\n') == NULL);
        require_printable(why.message, strlen(why.message));
    }
    free(copy);
    return 0;
}

/* A region is a hundred kilobytes of counters behind one of header: mostly change that. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    uint8_t head[sizeof(struct ra_header)];

    if (size < sizeof(head) || seed % 8 == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    memcpy(head, data, sizeof(head));
    LLVMFuzzerMutate(head, sizeof(head), sizeof(head));
    memcpy(data, head, sizeof(head));
    return size;
}
