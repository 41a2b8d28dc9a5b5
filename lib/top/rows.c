/*
 * Rows of the list: processes and clusters.
 */
#include "top/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "top/format.h"
#include "top/pids.h"

static void add(int64_t *sum, int64_t more)
{
    if (*sum == RA_UNKNOWN || more == RA_UNKNOWN || __builtin_add_overflow(*sum, more, sum)) {
        *sum = RA_UNKNOWN;
    }
}

/* thread_cache and stranded, also where their sum alone is known. */
static int64_t lost_beside_live(const struct ra_report *report)
{
    const struct ra_report_memory *memory = &report->memory;
    int64_t both = ra_format_difference(memory->allocated, memory->live);

    return both != RA_UNKNOWN && both < 0 ? 0 : both;
}

static int64_t lost(const struct ra_report *report)
{
    const struct ra_report_fragmentation *parts = &report->fragmentation;
    const int64_t bytes[] = {parts->rounding, lost_beside_live(report), parts->slab_gaps,
                             parts->dirty, parts->metadata};
    int64_t sum = 0;
    bool is_known = false;

    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
        if (bytes[i] != RA_UNKNOWN) {
            is_known = true;
            add(&sum, bytes[i]);
        }
    }
    return is_known ? sum : RA_UNKNOWN;
}

static struct ra_amounts amounts_of(const struct ra_report *report)
{
    return (struct ra_amounts){.rss = report->memory.rss,
                               .pss = report->memory.pss,
                               .live = report->memory.live,
                               .lost = lost(report),
                               .resident = report->memory.resident};
}

static void scale(int64_t *bytes, double share)
{
    double scaled = (double)*bytes * share + 0.5;

    if (*bytes != RA_UNKNOWN) {
        *bytes = fabs(scaled) < 9e18 ? (int64_t)scaled : RA_UNKNOWN; /* NAN neither */
    }
}

/* Above 1 the share can only be because the two were not read at the same moment. */
struct ra_amounts ra_amounts_shared(const struct ra_report *report)
{
    struct ra_amounts amounts = amounts_of(report);
    double share = NAN;

    if (amounts.pss != RA_UNKNOWN && amounts.rss > 0) {
        share = amounts.pss < amounts.rss ? (double)amounts.pss / (double)amounts.rss : 1;
    }
    scale(&amounts.live, share);
    scale(&amounts.lost, share);
    scale(&amounts.resident, share);
    return amounts;
}

void ra_amounts_add(struct ra_amounts *sum, const struct ra_amounts *more)
{
    add(&sum->rss, more->rss);
    add(&sum->pss, more->pss);
    add(&sum->live, more->live);
    add(&sum->lost, more->lost);
    add(&sum->resident, more->resident);
}

/* The parents of the first count rows, by pid. Without memory none has one. */
static void find_parents(struct ra_rows *rows, size_t count)
{
    struct ra_pids pids = {0};

    for (size_t i = 0; i < count; i++) {
        if (!ra_pids_put(&pids, rows->rows[i].member->pid, &rows->rows[i])) {
            break;
        }
    }
    for (size_t i = 0; i < count; i++) {
        const struct ra_row *parent =
            ra_pids_find(&pids, rows->rows[i].member->report->process.ppid);

        if (parent && parent != &rows->rows[i]) {
            rows->rows[i].parent = (int)(parent - rows->rows);
        }
    }
    ra_pids_free(&pids);
}

/* In the place of a root: it isn't known yet, or the way to it is being gone. */
static const size_t no_root = SIZE_MAX, under_way = SIZE_MAX - 1;

/*
 * The row that index descends from, for it and all between. Of a circle, which only a recording
 * can hold, none is the first: each in it or below it descends from nobody but itself.
 */
static void find_root(struct ra_rows *rows, size_t index)
{
    struct ra_row *row = rows->rows;
    size_t top = index, root;
    bool is_circle;

    while (row[top].root == no_root && row[top].parent >= 0) {
        row[top].root = under_way;
        top = (size_t)row[top].parent;
    }
    if (row[top].root == no_root) {
        row[top].root = top;
    }
    root = row[top].root;
    is_circle = root == under_way || (root == top && row[top].parent >= 0);
    while (row[index].root == under_way) {
        row[index].root = is_circle ? index : root;
        index = (size_t)row[index].parent;
    }
}

/* One that had ended when the baseline was set took nothing then. */
static void add_baseline(struct ra_row *sum, struct ra_row *row)
{
    const struct ra_report *baseline = row->member->baseline;

    if (!baseline) {
        return;
    }
    row->baseline = ra_amounts_shared(baseline);
    sum->has_baseline = true;
    if (!baseline->process.state || strcmp(baseline->process.state, "exited") != 0) {
        ra_amounts_add(&sum->baseline, &row->baseline);
    }
}

static void add_to_cluster(struct ra_row *sum, struct ra_row *row)
{
    row->is_estimate = true;
    row->now = ra_amounts_shared(row->member->report);
    add_baseline(sum, row);
    if (row->member->has_ended) {
        sum->ended++;
        return;
    }
    ra_amounts_add(&sum->now, &row->now);
    sum->processes++;
    sum->threads += row->threads;
    sum->rate = isnan(sum->rate) ? row->rate : isnan(row->rate) ? sum->rate : sum->rate + row->rate;
}

/* A row more for the cluster that begins with root. */
static void begin_cluster(struct ra_rows *rows, size_t root)
{
    struct ra_row *first = &rows->rows[root];
    struct ra_row sum = {.member = first->member,
                         .is_sum = true,
                         .is_estimate = true,
                         .rate = NAN,
                         .ratio = NAN,
                         .uptime = first->uptime,
                         .parent = RA_ROW_NONE,
                         .cluster = RA_ROW_NONE,
                         .first = (int)root};

    first->cluster = (int)rows->count;
    rows->rows[rows->count++] = sum;
}

/* Clusters, of all roots with another process, in their order. sizes: of each row, how many
 * descend from it. */
static void add_clusters(struct ra_rows *rows, const size_t *sizes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rows->rows[i].root == i && sizes[i] >= 2) {
            begin_cluster(rows, i);
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct ra_row *row = &rows->rows[i];

        row->cluster = rows->rows[row->root].cluster;
        if (row->cluster >= 0) {
            add_to_cluster(&rows->rows[row->cluster], row);
        }
    }
    for (size_t i = count; i < rows->count; i++) {
        struct ra_row *sum = &rows->rows[i];

        if (sum->now.live > 0 && sum->now.resident != RA_UNKNOWN) {
            sum->ratio = (double)sum->now.resident / (double)sum->now.live;
        }
    }
}

/* Below the cluster's row: the first process and its children, side by side. */
static void hang_up(struct ra_rows *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ra_row *row = &rows->rows[i];
        int first = row->cluster >= 0 ? rows->rows[row->cluster].first : RA_ROW_NONE;

        if (row->cluster >= 0 && (row->parent == first || (int)i == first)) {
            row->parent = row->cluster;
        }
    }
}

/* Without memory there are no clusters. */
static void make_tree(struct ra_rows *rows)
{
    size_t count = rows->count;
    size_t *sizes = calloc(count + 1, sizeof *sizes);

    find_parents(rows, count);
    for (size_t i = 0; i < count; i++) {
        rows->rows[i].root = no_root;
    }
    for (size_t i = 0; i < count; i++) {
        find_root(rows, i);
    }
    for (size_t i = 0; sizes && i < count; i++) {
        sizes[rows->rows[i].root]++;
    }
    if (sizes) {
        add_clusters(rows, sizes, count);
        hang_up(rows, count);
    }
    free(sizes);
}

static struct ra_row row_of(const struct ra_member *member)
{
    struct ra_row row = {.member = member,
                         .now = amounts_of(member->report),
                         .has_baseline = member->baseline != NULL,
                         .processes = 1,
                         .threads = member->has_ended ? 0 : member->threads,
                         .rate = member->has_ended ? 0 : member->rate,
                         .ratio = member->report->fragmentation.ratio,
                         .uptime = member->report->process.uptime + member->age,
                         .parent = RA_ROW_NONE,
                         .cluster = RA_ROW_NONE,
                         .first = RA_ROW_NONE};

    if (member->baseline) {
        row.baseline = amounts_of(member->baseline);
    }
    return row;
}

struct ra_rows ra_rows_make(const struct ra_model *model, bool is_tree)
{
    struct ra_rows rows = {.rows = calloc(2 * model->count + 1, sizeof *rows.rows)};

    for (size_t i = 0; rows.rows && i < model->count; i++) {
        if (model->members[i]->report) {
            rows.rows[rows.count++] = row_of(model->members[i]);
        }
    }
    if (rows.rows && is_tree) {
        make_tree(&rows);
    }
    return rows;
}

void ra_rows_free(struct ra_rows *rows)
{
    free(rows->rows);
    *rows = (struct ra_rows){0};
}

/* Of a tree of processes; only a forged recording has deeper ones, which go on at the left. */
enum { DEPTH_MAX = 32 };

struct nest {
    struct ra_rows *rows;
    const size_t *order;
    size_t order_count;
    bool *is_wanted, *is_placed;
    size_t *places;
    size_t count;
    size_t *child, *next; /* the first child of a row, and the next one of its parent; SIZE_MAX */
};

static void hide_cluster(const struct nest *nest, size_t sum)
{
    for (size_t i = 0; i < nest->rows->count; i++) {
        nest->is_placed[i] |= nest->rows->rows[i].cluster == (int)sum;
    }
}

static void place(struct nest *nest, size_t row, unsigned depth);

/* Place child if it is one of row's. Returns whichever is the last by now. */
static size_t place_child(struct nest *nest, size_t child, size_t row, size_t last)
{
    struct ra_row *rows = nest->rows->rows;

    if (rows[child].parent != (int)row || !nest->is_wanted[child] || nest->is_placed[child]) {
        return last;
    }
    rows[child].is_last = false;
    place(nest, child, rows[row].depth + 1);
    return child;
}

static void place(struct nest *nest, size_t row, unsigned depth)
{
    struct ra_row *rows = nest->rows->rows;
    size_t last = SIZE_MAX;

    if (nest->is_placed[row] || !nest->is_wanted[row] || depth > DEPTH_MAX) {
        return;
    }
    nest->is_placed[row] = true;
    rows[row].depth = depth;
    nest->places[nest->count++] = row;
    if (rows[row].is_sum && rows[row].member->is_folded) {
        hide_cluster(nest, row);
        return;
    }
    if (rows[row].is_sum) {
        last = place_child(nest, (size_t)rows[row].first, row, last);
    }
    for (size_t child = nest->child[row]; child != SIZE_MAX; child = nest->next[child]) {
        last = place_child(nest, child, row, last);
    }
    if (last != SIZE_MAX) {
        rows[last].is_last = true;
    }
}

/* All of order, but for the sums of which there is no process. */
static void want(struct nest *nest)
{
    const struct ra_row *rows = nest->rows->rows;

    for (size_t i = 0; i < nest->order_count; i++) {
        size_t row = nest->order[i];

        nest->is_wanted[row] |= !rows[row].is_sum;
        if (rows[row].cluster >= 0) {
            nest->is_wanted[rows[row].cluster] = true;
        }
    }
}

/* What isn't wanted has no children: they go to its own parent. */
static void adopt(struct nest *nest)
{
    struct ra_row *rows = nest->rows->rows;

    for (size_t i = 0; i < nest->rows->count; i++) {
        int parent = rows[i].parent;

        for (size_t steps = 0; parent >= 0 && !nest->is_wanted[parent]; steps++) {
            parent = steps < nest->rows->count ? rows[parent].parent : RA_ROW_NONE;
        }
        rows[i].parent = parent;
    }
}

/* Who is whose child, in order. */
static void note_children(struct nest *nest)
{
    for (size_t i = 0; i < nest->rows->count; i++) {
        nest->child[i] = nest->next[i] = SIZE_MAX;
    }
    for (size_t i = nest->order_count; i-- > 0;) {
        size_t row = nest->order[i];
        int parent = nest->rows->rows[row].parent;

        if (parent >= 0) {
            nest->next[row] = nest->child[parent];
            nest->child[parent] = row;
        }
    }
}

size_t *ra_rows_nest(struct ra_rows *rows, const size_t *order, size_t *count)
{
    struct nest nest = {.rows = rows, .order = order, .order_count = *count};

    nest.is_wanted = calloc(rows->count + 1, 1);
    nest.is_placed = calloc(rows->count + 1, 1);
    nest.places = calloc(rows->count + 1, sizeof *nest.places);
    nest.child = calloc(rows->count + 1, sizeof *nest.child);
    nest.next = calloc(rows->count + 1, sizeof *nest.next);
    if (nest.is_wanted && nest.is_placed && nest.places && nest.child && nest.next) {
        want(&nest);
        adopt(&nest);
        note_children(&nest);
        for (size_t i = 0; i < *count; i++) {
            if (rows->rows[order[i]].parent < 0) {
                place(&nest, order[i], 0);
            }
        }
        for (size_t i = 0; i < *count; i++) {
            place(&nest, order[i], 0); /* what a circle of parents kept out */
        }
    }
    free(nest.is_wanted);
    free(nest.is_placed);
    free(nest.child);
    free(nest.next);
    *count = nest.count;
    return nest.places;
}
