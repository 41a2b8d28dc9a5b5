/* Derivation: arithmetic and sums that all parts of the report are made of. */
#include "reader/derive.h"

#include <math.h>
#include <stdlib.h>

int64_t ra_derive_integer(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

int64_t ra_derive_difference(uint64_t more, uint64_t less)
{
    int64_t difference = (int64_t)(more - less);

    return difference < 0 ? 0 : difference;
}

double ra_derive_rate(const struct ra_derivation *derivation, uint64_t now, uint64_t before)
{
    if (derivation->before == NULL) {
        return NAN;
    }
    return (double)ra_derive_difference(now, before) / derivation->elapsed;
}

void *ra_derive_rows(struct ra_derivation *derivation, size_t count, size_t row_bytes)
{
    void *rows = calloc(count + 1, row_bytes);

    derivation->has_failed |= rows == NULL;
    return rows;
}

uint64_t ra_derive_class_size(const struct ra_image *image, uint64_t size)
{
    size_t low = 0;
    size_t high = image->header.class_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (image->classes[middle].size_bytes < size) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < image->header.class_count ? image->classes[low].size_bytes : size;
}

/* Go on from *index to the first class of at least size. Returns its size, or size if none is. */
static uint64_t advance(const struct ra_image *image, size_t *index, uint64_t size)
{
    while (*index < image->header.class_count && image->classes[*index].size_bytes < size) {
        ++*index;
    }
    return *index < image->header.class_count ? image->classes[*index].size_bytes : size;
}

/* By how much all small requests stay below the most that their buckets take in. */
struct slack {
    uint64_t bytes;
    uint64_t allocs;
};

static struct slack slack_of(const struct ra_tally *tally)
{
    struct slack slack = {0, 0};
    uint64_t most = 0, asked;

    for (unsigned bucket = 0; bucket < RA_SMALL_COUNT; bucket++) {
        slack.allocs += tally->alloc[bucket];
        most += tally->alloc[bucket] * ra_bucket_max(bucket);
    }
    if (tally->requested_less_1 != 0 &&
        !__builtin_add_overflow(tally->requested_less_1, slack.allocs, &asked) && asked < most) {
        slack.bytes = most - asked;
    }
    return slack;
}

/* Of so many small requests of at most max bytes: each object bears the same slack. */
static uint64_t requested(const struct slack *slack, uint64_t allocs, uint64_t max)
{
    uint64_t most = allocs * max;
    uint64_t less = slack->allocs == 0
                        ? 0
                        : (uint64_t)((unsigned __int128)slack->bytes * allocs / slack->allocs);

    return less < most ? most - less : 0;
}

void ra_derive_class_sums(struct ra_class_sum *sums, const struct ra_image *image,
                          const struct ra_tally *tally)
{
    struct slack slack = slack_of(tally);
    size_t index = 0;

    for (unsigned bucket = 0; bucket < RA_SMALL_COUNT; bucket++) {
        uint64_t size;

        if (tally->alloc[bucket] == 0) {
            continue; /* most are: a screen over many processes spends its time here */
        }
        size = advance(image, &index, ra_bucket_max(bucket));
        sums[index].allocs += tally->alloc[bucket];
        sums[index].requested_bytes +=
            requested(&slack, tally->alloc[bucket], ra_bucket_max(bucket));
        sums[index].usable_bytes += tally->alloc[bucket] * size;
    }
    for (unsigned large = 0; large < RA_LARGE_COUNT; large++) {
        advance(image, &index, ra_large_max(large));
        sums[index].allocs += tally->large[large].allocs;
        sums[index].frees += tally->large[large].frees;
        sums[index].requested_bytes += tally->large[large].requested_bytes;
        sums[index].usable_bytes += tally->large[large].usable_bytes;
        sums[index].freed_bytes += tally->large[large].freed_bytes;
    }
    index = 0;
    for (unsigned step = 0; step < RA_FREED_COUNT; step++) {
        uint64_t size = advance(image, &index, (uint64_t)step * RA_FREED_STEP);

        sums[index].frees += tally->freed[step];
        sums[index].freed_bytes += tally->freed[step] * size;
    }
}

int64_t ra_derive_live(const struct ra_class_sum *own, const struct ra_class_sum *inherited)
{
    return ra_derive_difference(own->usable_bytes + inherited->usable_bytes,
                                own->freed_bytes + inherited->freed_bytes);
}
