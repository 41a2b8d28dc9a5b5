/*
 * Hits: what lies where on the screen.
 */
#include "top/hits.h"

#include <stddef.h>

enum { HITS_MAX = 512 };

static struct place {
    int line, column, width;
    struct ra_hit hit;
} places[HITS_MAX];

static size_t place_count;

void ra_hits_clear(void)
{
    place_count = 0;
}

void ra_hits_add(int line, int column, int width, enum ra_hit_kind kind, int value)
{
    if (place_count < HITS_MAX) {
        places[place_count++] = (struct place){
            .line = line, .column = column, .width = width, .hit = {.kind = kind, .value = value}};
    }
}

struct ra_hit ra_hits_at(int line, int column)
{
    for (size_t i = place_count; i-- > 0;) {
        const struct place *place = &places[i];

        if (line == place->line && column >= place->column &&
            column < place->column + place->width) {
            return place->hit;
        }
    }
    return (struct ra_hit){RA_HIT_NOTHING, 0};
}
