/*
 * Rows of the list: the model's processes, and in a tree a row more for each cluster (a
 * process and those it forked), which is the sum of those that live.
 *
 * Pages shared since a fork are in the RSS and among the live bytes of each that shares
 * them. In a cluster live and lost bytes are therefore an estimate: the share of PSS in RSS
 * of what the process itself counts, so that rows, sum and PSS are of one kind.
 */
#ifndef RA_TOP_ROWS_H
#define RA_TOP_ROWS_H

#include "top/model.h"

enum { RA_ROW_NONE = -1 };

/* Memory, in bytes; RA_UNKNOWN: not known. lost: what of RSS serves nobody. */
struct ra_amounts {
    int64_t rss, pss, live, lost, resident;
};

struct ra_row {
    const struct ra_member *member; /* of a sum: the process that all descend from */
    struct ra_amounts now, baseline;
    bool has_baseline;
    bool is_sum;
    bool is_estimate;        /* live and lost */
    size_t processes, ended; /* of a sum: those that live and are in it, and the others */
    int64_t threads;
    double rate, ratio, uptime; /* NAN: not known */
    int parent;                 /* a row; RA_ROW_NONE */
    size_t root;                /* the row that it descends from, or itself; of no sum */
    int cluster;                /* the row of its sum; RA_ROW_NONE */
    int first;                  /* of a sum: the row of member */
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
 * Rearrange order, which has count of the rows, sorted: each below its parent, or what of its
 * ancestors is among them, and the first process of a cluster before the others. A sum without
 * one of its processes is left out, and so are those of a cluster that is folded. Returns a
 * new array of *count rows, to be freed with free; NULL without memory.
 */
size_t *ra_rows_nest(struct ra_rows *rows, const size_t *order, size_t *count);

/* What a process has of memory that others may share with it: the estimate of above. */
struct ra_amounts ra_amounts_shared(const struct ra_report *report);

/* Add more; what one of the two doesn't know, the sum doesn't. */
void ra_amounts_add(struct ra_amounts *sum, const struct ra_amounts *more);

#endif
