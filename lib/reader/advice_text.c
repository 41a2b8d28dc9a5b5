/* Advice: weighing losses, naming classes, and turning a rule's template into a sentence. */
#include "reader/advice.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reader/text.h"

bool ra_advice_weigh(const struct ra_situation *situation, struct ra_finding *finding, int64_t loss)
{
    finding->weight = loss;
    return situation->is_measured && loss != RA_UNKNOWN && loss >= situation->floor;
}

void ra_advice_rank(struct ra_ranking *ranking, int64_t size, int64_t bytes)
{
    if (bytes > ranking->bytes[0]) {
        ranking->bytes[1] = ranking->bytes[0];
        ranking->sizes[1] = ranking->sizes[0];
        ranking->bytes[0] = bytes;
        ranking->sizes[0] = size;
    } else if (bytes > ranking->bytes[1]) {
        ranking->bytes[1] = bytes;
        ranking->sizes[1] = size;
    }
}

void ra_advice_name(struct ra_finding *finding, const struct ra_ranking *ranking)
{
    enum { TRIFLE = 4 }; /* of the first, a quarter */

    char first[RA_TEXT_BYTES_BYTES], second[RA_TEXT_BYTES_BYTES];

    if (ranking->bytes[0] <= 0) {
        return;
    }
    ra_text_size(first, ranking->sizes[0]);
    ra_text_size(second, ranking->sizes[1]);
    if (ranking->bytes[1] > ranking->bytes[0] / TRIFLE) {
        snprintf(finding->names, sizeof(finding->names), "classes %s and %s", first, second);
    } else {
        snprintf(finding->names, sizeof(finding->names), "class %s", first);
    }
}

/* A text that is being put together; what doesn't fit is left out. */
struct draft {
    char *text;
    size_t length;
};

static void put(struct draft *draft, const char *piece, size_t bytes)
{
    size_t room = RA_ADVICE_TEXT_BYTES - 1 - draft->length;

    if (bytes > room) {
        bytes = room;
    }
    memcpy(draft->text + draft->length, piece, bytes);
    draft->length += bytes;
    draft->text[draft->length] = '\0';
}

#define PUT(draft, ...)                                                                            \
    do {                                                                                           \
        char piece[RA_ADVICE_TEXT_BYTES];                                                          \
                                                                                                   \
        snprintf(piece, sizeof(piece), __VA_ARGS__);                                               \
        put(draft, piece, strlen(piece));                                                          \
    } while (0)

static void put_bytes(struct draft *draft, int64_t bytes)
{
    char text[RA_TEXT_BYTES_BYTES];

    put(draft, text, ra_text_bytes(text, bytes));
}

static void put_conf(struct draft *draft, struct ra_situation *situation, const char *pair)
{
    if (situation->takes_pairs) {
        PUT(draft, "%s added to MALLOC_CONF", pair);
    } else {
        PUT(draft, "MALLOC_CONF=%s", pair);
    }
    situation->takes_pairs = true;
}

/* The value of the name that template begins with, a brace before it. Its length with both braces. */
static size_t put_value(struct draft *draft, struct ra_situation *situation,
                        const struct ra_finding *finding, const char *template, const char *pair)
{
    size_t bytes = strcspn(template, "}") + 1;

#define NAMED(name) (strncmp(template, "{" name "}", bytes) == 0)
    if (NAMED("bytes")) {
        put_bytes(draft, finding->bytes);
    } else if (NAMED("loss")) {
        put_bytes(draft, finding->weight);
    } else if (NAMED("pid")) {
        PUT(draft, "%" PRId64, situation->report->process.pid);
    } else if (NAMED("count")) {
        PUT(draft, "%" PRId64, finding->count);
    } else if (NAMED("threads")) {
        PUT(draft, "%" PRId64 " thread%s", finding->count, finding->count == 1 ? "" : "s");
    } else if (NAMED("names")) {
        PUT(draft, "%s", finding->names);
    } else if (NAMED("share")) {
        PUT(draft, "%.0f%%", finding->number * 100);
    } else if (NAMED("time")) {
        PUT(draft, "%.0f s", finding->number);
    } else if (NAMED("conf")) {
        put_conf(draft, situation, pair);
    }
#undef NAMED
    return bytes;
}

void ra_advice_write(char out[RA_ADVICE_TEXT_BYTES], struct ra_situation *situation,
                     const struct ra_finding *finding, const char *template, const char *pair)
{
    struct draft draft = {.text = out};

    out[0] = '\0';
    while (*template != '\0') {
        size_t plain = strcspn(template, "{");

        put(&draft, template, plain);
        template += plain;
        if (*template == '{') {
            template += put_value(&draft, situation, finding, template, pair);
        }
    }
}
