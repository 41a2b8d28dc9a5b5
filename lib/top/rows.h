/*
 * Rows of the list: the model's processes, and in a tree a row more for each cluster (a
 * process and those it forked), which is the sum of them.
 */
#ifndef RA_TOP_ROWS_H
#define RA_TOP_ROWS_H

#include "top/model.h"

enum { RA_ROW_NONE = -1 };

struct ra_row {
    const struct ra_member *member; /* of a sum: the process that all descend from */
    const struct ra_report *report;
    const struct ra_report *baseline;     /* NULL: none */
    struct ra_report *sum, *baseline_sum; /* own; NULL: the row of one process */
    size_t processes;
    int64_t threads;
    double rate;
    int parent; /* a row; RA_ROW_NONE */
    unsigned depth;
    bool is_last; /* of its parent's */
};

struct ra_rows {
    struct ra_row *rows;
    size_t count;
};

/* Make the rows. Without memory there are none. */
struct ra_rows ra_rows_make(const struct ra_model *model, bool is_tree);
void ra_rows_free(struct ra_rows *rows);

/*
 * Rearrange order, which has count of the rows, sorted: each below its parent, if that is
 * among them. Returns a new array of *count rows, to be freed with free; NULL without memory.
 */
size_t *ra_rows_nest(struct ra_rows *rows, const size_t *order, size_t *count);

/* Bytes lost to the allocator: what of RSS serves nobody, as far as that is known. */
int64_t ra_rows_lost(const struct ra_report *report);

#endif
