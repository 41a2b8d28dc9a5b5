/*
 * Rows of the list: processes and clusters.
 *
 * Memory of a cluster is summed as PSS: pages that workers share since the fork would
 * count once in each of them.
 */
#include "top/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "top/fields.h"

int64_t ra_rows_lost(const struct ra_report *report)
{
    const struct ra_report_fragmentation *lost = &report->fragmentation;
    const int64_t parts[] = {lost->rounding, lost->thread_cache, lost->slab_gaps, lost->dirty,
                             lost->metadata};
    int64_t sum = 0;
    bool is_known = false;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        is_known |= parts[i] != RA_UNKNOWN;
        sum += parts[i] != RA_UNKNOWN ? parts[i] : 0;
    }
    return is_known ? sum : RA_UNKNOWN;
}

static bool adds_up(const struct ra_field *field)
{
    return field->type == RA_INT && (field->unit == RA_UNIT_BYTES || field->unit == RA_UNIT_COUNT);
}

/* Amounts are added where both are known. */
static void add_group(const struct ra_group *group, struct ra_report *sum,
                      const struct ra_report *report)
{
    char *record = (char *)sum + group->offset;

    for (size_t i = 0; i < group->field_count; i++) {
        const struct ra_field *field = &group->fields[i];
        const void *other = ra_group_record(group, report, 0);

        if (adds_up(field)) {
            int64_t a = ra_field_int(field, record), b = ra_field_int(field, other), value;

            if (b != RA_UNKNOWN && (a == RA_UNKNOWN || !__builtin_add_overflow(a, b, &value))) {
                value = a == RA_UNKNOWN ? b : a + b;
                memcpy(record + field->offset, &value, sizeof value);
            }
        }
    }
}

/* sum: NULL begins one, which has the texts of report as long as that lives. */
static struct ra_report *add(struct ra_report *sum, const struct ra_report *report)
{
    if (!sum) {
        sum = malloc(sizeof *sum);
        if (sum) {
            *sum = *report;
        }
        return sum;
    }
    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        if (group->row_bytes == 0) {
            add_group(group, sum, report);
        }
    }
    sum->fragmentation.ratio = NAN;
    if (sum->memory.live > 0 && sum->memory.resident != RA_UNKNOWN) {
        sum->fragmentation.ratio = (double)sum->memory.resident / (double)sum->memory.live;
    }
    return sum;
}

static int find_parent(const struct ra_rows *rows, size_t count, const struct ra_row *row)
{
    int64_t ppid = row->report->process.ppid;

    for (size_t i = 0; i < count; i++) {
        if (rows->rows[i].member->pid == ppid && &rows->rows[i] != row) {
            return (int)i;
        }
    }
    return RA_ROW_NONE;
}

/* The row that index descends from; of a circle, which only a recording can hold, any. */
static size_t find_root(const struct ra_rows *rows, size_t index, size_t count)
{
    for (size_t steps = 0; steps < count && rows->rows[index].parent >= 0; steps++) {
        index = (size_t)rows->rows[index].parent;
    }
    return index;
}

/* A row more for the cluster that begins with root, if it is one. */
static void add_cluster(struct ra_rows *rows, size_t root, size_t count)
{
    const struct ra_row *first = &rows->rows[root];
    struct ra_row sum = {.member = first->member, .rate = NAN, .parent = RA_ROW_NONE};

    for (size_t i = 0; i < count; i++) {
        const struct ra_row *row = &rows->rows[i];

        if (find_root(rows, i, count) != root) {
            continue;
        }
        sum.processes++;
        sum.threads += row->threads;
        sum.rate = isnan(sum.rate) ? row->rate : isnan(row->rate) ? sum.rate : sum.rate + row->rate;
        sum.sum = add(sum.sum, row->report);
        if (row->baseline) {
            sum.baseline_sum = add(sum.baseline_sum, row->baseline);
        }
    }
    if (sum.processes < 2 || !sum.sum) {
        free(sum.sum);
        free(sum.baseline_sum);
        return;
    }
    sum.sum->process = first->report->process; /* whichever was added first */
    sum.report = sum.sum;
    sum.baseline = sum.baseline_sum;
    rows->rows[rows->count++] = sum;
}

/* Below the cluster's row: the first process and its children, side by side. */
static void hang_up(struct ra_rows *rows, size_t cluster, size_t count)
{
    size_t root = 0;

    while (rows->rows[root].member != rows->rows[cluster].member) {
        root++;
    }
    for (size_t i = 0; i < count; i++) {
        if (rows->rows[i].parent == (int)root) {
            rows->rows[i].parent = (int)cluster;
        }
    }
    rows->rows[root].parent = (int)cluster;
}

struct ra_rows ra_rows_make(const struct ra_model *model, bool is_tree)
{
    struct ra_rows rows = {.rows = calloc(2 * model->count + 1, sizeof *rows.rows)};
    size_t count;

    for (size_t i = 0; rows.rows && i < model->count; i++) {
        const struct ra_member *member = model->members[i];

        if (member->report) {
            rows.rows[rows.count++] = (struct ra_row){.member = member,
                                                      .report = member->report,
                                                      .baseline = member->baseline,
                                                      .processes = 1,
                                                      .threads = member->threads,
                                                      .rate = member->rate,
                                                      .parent = RA_ROW_NONE};
        }
    }
    count = rows.count;
    for (size_t i = 0; is_tree && i < count; i++) {
        rows.rows[i].parent = find_parent(&rows, count, &rows.rows[i]);
    }
    for (size_t i = 0; is_tree && i < count; i++) {
        if (find_root(&rows, i, count) == i) {
            add_cluster(&rows, i, count);
        }
    }
    for (size_t cluster = count; cluster < rows.count; cluster++) {
        hang_up(&rows, cluster, count);
    }
    return rows;
}

void ra_rows_free(struct ra_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        free(rows->rows[i].sum);
        free(rows->rows[i].baseline_sum);
    }
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
};

static void place(struct nest *nest, size_t row, unsigned depth)
{
    size_t last = SIZE_MAX;

    if (nest->is_placed[row] || !nest->is_wanted[row] || depth > DEPTH_MAX) {
        return;
    }
    nest->is_placed[row] = true;
    nest->rows->rows[row].depth = depth;
    nest->places[nest->count++] = row;
    for (size_t i = 0; i < nest->order_count; i++) {
        size_t child = nest->order[i];

        if (nest->rows->rows[child].parent == (int)row && nest->is_wanted[child]) {
            nest->rows->rows[child].is_last = false;
            last = nest->is_placed[child] ? last : child;
            place(nest, child, depth + 1);
        }
    }
    if (last != SIZE_MAX) {
        nest->rows->rows[last].is_last = true;
    }
}

size_t *ra_rows_nest(struct ra_rows *rows, const size_t *order, size_t *count)
{
    struct nest nest = {.rows = rows, .order = order, .order_count = *count};

    nest.is_wanted = calloc(rows->count + 1, 1);
    nest.is_placed = calloc(rows->count + 1, 1);
    nest.places = calloc(rows->count + 1, sizeof *nest.places);
    if (nest.is_wanted && nest.is_placed && nest.places) {
        for (size_t i = 0; i < *count; i++) {
            nest.is_wanted[order[i]] = true;
        }
        for (size_t i = 0; i < *count; i++) {
            int parent = rows->rows[order[i]].parent;

            if (parent < 0 || !nest.is_wanted[parent]) {
                place(&nest, order[i], 0);
            }
        }
        for (size_t i = 0; i < *count; i++) {
            place(&nest, order[i], 0); /* what a circle of parents kept out */
        }
    }
    free(nest.is_wanted);
    free(nest.is_placed);
    *count = nest.count;
    return nest.places;
}
