/*
 * The list of processes on the screen.
 */
#include "top/ui.h"

#include <curses.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "top/fields.h"
#include "top/format.h"
#include "top/paint.h"
#include "top/rows.h"
#include "top/states.h"
#include "top/tabs.h"

enum list_column {
    LIST_PID,
    LIST_USER,
    LIST_STATE,
    LIST_UPTIME,
    LIST_RSS,
    LIST_LIVE,
    LIST_RATIO,
    LIST_LOST,
    LIST_RATE,
    LIST_THREADS,
    LIST_COMMAND,
    LIST_COLUMNS
};

static const struct ra_grid_column columns[LIST_COLUMNS] = {
    [LIST_PID] = {.title = "PID", .width = 7},
    [LIST_USER] = {.title = "USER", .width = 5, .is_left = true, .rank = 8},
    [LIST_STATE] = {.title = "S", .width = 2, .is_left = true, .rank = 3},
    [LIST_UPTIME] = {.title = "UPTIME", .width = 7, .rank = 7},
    [LIST_RSS] = {.title = "RSS", .width = 8},
    [LIST_LIVE] = {.title = "LIVE", .width = 8, .rank = 4},
    [LIST_RATIO] = {.title = "RATIO", .width = 6, .rank = 2},
    [LIST_LOST] = {.title = "LOST", .width = 8, .rank = 5},
    [LIST_RATE] = {.title = "ALLOC/s", .width = 8, .rank = 6},
    [LIST_THREADS] = {.title = "THR", .width = 4, .rank = 9},
    [LIST_COMMAND] = {.title = "COMMAND", .is_left = true, .is_last = true, .rank = 1},
};

/* The same, but of memory this process's share: what others use too is split among them. */
static struct ra_grid_column tree_columns[LIST_COLUMNS];

/* The context of the list's grid. */
struct list {
    const struct ra_ui *ui;
    struct ra_rows rows;
};

static int64_t amount(const struct ra_ui *ui, const struct ra_amounts *amounts, size_t column)
{
    switch (column) {
    case LIST_RSS:
        return ui->is_tree ? amounts->pss : amounts->rss;
    case LIST_LIVE:
        return amounts->live;
    default:
        return amounts->lost;
    }
}

static bool is_amount(size_t column)
{
    return column == LIST_RSS || column == LIST_LIVE || column == LIST_LOST;
}

/* Growth where that is asked for. */
static int64_t amount_of(const struct list *list, const struct ra_row *row, size_t column)
{
    int64_t now = row->processes > 0 ? amount(list->ui, &row->now, column) : RA_UNKNOWN, before;

    if (list->ui->mode != RA_MODE_SINCE) {
        return now;
    }
    before = row->has_baseline ? amount(list->ui, &row->baseline, column) : RA_UNKNOWN;
    return ra_format_difference(now, before);
}

/* "12.0MiB" as "12.0M": every column of the width counts here. */
static struct ra_cell shorten(struct ra_cell cell)
{
    char *unit = strstr(cell.text, "iB");

    if (unit) {
        *unit = '\0';
    }
    return cell;
}

static enum ra_state_id state_of(const struct ra_row *row)
{
    const char *state = row->member->report->process.state;

    if (row->is_sum && row->processes > 0) {
        return RA_STATE_SUM;
    }
    if (row->member->has_ended) {
        return RA_STATE_ENDED;
    }
    if (row->member->is_stopped) {
        return RA_STATE_STOPPED;
    }
    return state && strcmp(state, "detached") == 0 ? RA_STATE_DETACHED : RA_STATE_RUNNING;
}

/* How many a sum is of. */
static int write_sum(const struct ra_row *row, char *text, size_t size)
{
    const char *fold = row->member->is_folded ? "[+] " : "";

    return row->ended > 0 ? snprintf(text, size, "%ssum of %zu (%zu ended): ", fold, row->processes,
                                     row->ended)
                          : snprintf(text, size, "%ssum of %zu: ", fold, row->processes);
}

/* The lines by which a process hangs below its parent. */
static void write_command(const struct ra_row *row, char *text, size_t size)
{
    const struct ra_report_process *process = &row->member->report->process;
    const char *command = process->command ? process->command : process->comm;
    bool blocks = ra_paint_has_blocks();
    size_t used = 0;

    for (unsigned i = 1; i < row->depth && used + 4 < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "   ");
    }
    if (row->depth > 0) {
        const char *last = blocks ? "└─ " : "`- ", *other = blocks ? "├─ " : "|- ";
        used += (size_t)snprintf(text + used, size - used, "%s", row->is_last ? last : other);
    }
    if (row->is_sum) {
        used += (size_t)write_sum(row, text + used, size - used);
    }
    snprintf(text + used, size - used, "%s", command ? command : "-");
}

/* "~" stands before what is an estimate. */
static void write_amount(const struct list *list, const struct ra_row *row, size_t column,
                         char *text, size_t size)
{
    int64_t bytes = amount_of(list, row, column);
    bool grows = list->ui->mode == RA_MODE_SINCE;
    bool is_estimate = row->is_estimate && column != LIST_RSS && bytes != RA_UNKNOWN;
    struct ra_cell value =
        shorten(grows ? ra_format_growth(ra_format_bytes, bytes) : ra_format_bytes(bytes));

    snprintf(text, size, "%s%s", is_estimate ? "~" : "", value.text);
}

static void cell(const void *context, size_t index, size_t column, char *text, size_t size)
{
    const struct list *list = context;
    const struct ra_row *row = &list->rows.rows[index];
    struct ra_cell value = {""};

    if (column == LIST_COMMAND) {
        write_command(row, text, size);
        return;
    }
    if (is_amount(column)) {
        write_amount(list, row, column, text, size);
        return;
    }
    if (column == LIST_PID) {
        snprintf(value.text, sizeof value.text, "%lld", (long long)row->member->pid);
    } else if (column == LIST_USER) {
        value = ra_format_user(row->member->report->process.uid);
    } else if (column == LIST_STATE) {
        snprintf(value.text, sizeof value.text, "%s", ra_states[state_of(row)].letter);
    } else if (column == LIST_UPTIME) {
        value = ra_format_duration(row->uptime);
    } else if (column == LIST_RATIO && isfinite(row->ratio)) {
        snprintf(value.text, sizeof value.text, "%.2f", row->ratio);
    } else if (column == LIST_RATE) {
        value = ra_format_count(ra_format_whole(row->rate));
    } else if (column == LIST_THREADS) {
        value = ra_format_count(row->threads);
    } else {
        snprintf(value.text, sizeof value.text, "-");
    }
    snprintf(text, size, "%s", value.text);
}

static double number(const void *context, size_t index, size_t column)
{
    const struct list *list = context;
    const struct ra_row *row = &list->rows.rows[index];
    int64_t bytes;

    switch (column) {
    case LIST_PID:
        return -(double)row->member->pid; /* the least first */
    case LIST_UPTIME:
        return row->uptime;
    case LIST_RATIO:
        return row->ratio;
    case LIST_RATE:
        return row->rate;
    case LIST_THREADS:
        return (double)row->threads;
    default:
        bytes = amount_of(list, row, column);
        return bytes == RA_UNKNOWN ? NAN : (double)bytes;
    }
}

static int ink(const void *context, size_t index)
{
    const struct ra_row *row = &((const struct list *)context)->rows.rows[index];

    return row->is_sum && row->processes > 0 ? RA_INK_VALUE
           : row->member->has_ended          ? RA_INK_FADED
                                             : RA_PLAIN;
}

/* What is not of the user that was chosen. */
static bool hides(const void *context, size_t index)
{
    const struct list *list = context;
    const struct ra_row *row = &list->rows.rows[index];

    return list->ui->has_user && !row->is_sum && row->member->report->process.uid != list->ui->user;
}

/* A sum is shown with any of its processes. */
static bool stays(const void *context, size_t index)
{
    return ((const struct list *)context)->rows.rows[index].is_sum;
}

struct ra_grid ra_list_grid_columns(const struct ra_ui *ui)
{
    if (ui->is_tree) {
        memcpy(tree_columns, columns, sizeof columns);
        tree_columns[LIST_RSS].title = "PSS";
        tree_columns[LIST_LIVE].title = "P-LIVE";
        tree_columns[LIST_LOST].title = "P-LOST";
    }
    return (struct ra_grid){.columns = ui->is_tree ? tree_columns : columns,
                            .column_count = LIST_COLUMNS};
}

size_t ra_list_screen_sort(enum ra_key_id id)
{
    return id == RA_KEY_SORT_MEMORY ? LIST_RSS : id == RA_KEY_SORT_TIME ? LIST_UPTIME : LIST_PID;
}

static struct ra_grid grid_of(const struct list *list)
{
    struct ra_grid grid = ra_list_grid_columns(list->ui);

    grid.row_count = list->rows.count;
    grid.context = list;
    grid.cell = cell;
    grid.number = number;
    grid.hides = hides;
    grid.stays = stays;
    grid.ink = ink;
    return grid;
}

/*
 * The place of the selected process, which may have moved; and of none, the first. Of a sum
 * that is gone, as outside of the tree, its process.
 */
static void follow_selected(struct ra_ui *ui, const struct list *list, const size_t *order,
                            size_t count)
{
    for (size_t i = 0; i < count && ui->selected_pid != 0; i++) {
        const struct ra_row *row = &list->rows.rows[order[i]];

        if (row->member->pid == ui->selected_pid) {
            ui->list.selected = i;
            if (row->is_sum == ui->selected_sum) {
                return;
            }
        }
    }
}

static void remember_selected(struct ra_ui *ui, const struct list *list, const size_t *order,
                              size_t count)
{
    if (ui->list.selected < count) {
        const struct ra_row *row = &list->rows.rows[order[ui->list.selected]];

        ui->selected_pid = row->member->pid;
        ui->selected_sum = row->is_sum;
    } else {
        ui->selected_pid = 0;
        ui->selected_sum = false;
    }
}

/* What the filter lets pass: processes, and what those that live take together. */
struct summary {
    size_t running, ended, all;
    struct ra_amounts together;
};

static struct summary sum_up(const struct list *list, const size_t *order, size_t count)
{
    struct summary summary = {0};

    for (size_t i = 0; i < list->rows.count; i++) {
        summary.all += !list->rows.rows[i].is_sum;
    }
    for (size_t i = 0; i < count; i++) {
        const struct ra_row *row = &list->rows.rows[order[i]];

        if (!row->is_sum && row->member->has_ended) {
            summary.ended++;
        } else if (!row->is_sum) {
            struct ra_amounts amounts = ra_amounts_shared(row->member->report);
            summary.running++;
            ra_amounts_add(&summary.together, &amounts);
        }
    }
    return summary;
}

/* How many there are. */
static void write_counts(const struct ra_ui *ui, const struct summary *summary, char *text,
                         size_t size)
{
    size_t used = (size_t)snprintf(text, size, "%zu running", summary->running);

    if (summary->ended > 0) {
        used += (size_t)snprintf(text + used, size - used, ", %zu ended", summary->ended);
    }
    if (summary->running + summary->ended < summary->all) {
        used += (size_t)snprintf(text + used, size - used, " of %zu", summary->all);
    }
    if (ui->model.denied > 0) {
        used +=
            (size_t)snprintf(text + used, size - used, ", %zu may not be read", ui->model.denied);
    }
    if (ui->model.strangers > 0) {
        snprintf(text + used, size - used, ", %zu are no regions", ui->model.strangers);
    }
}

/* How many there are, and what they take together: in as many words as there is room for. */
static void draw_summary(const struct ra_ui *ui, const struct summary *summary, int line)
{
    static const char *const forms[] = {
        "%s   together: %s PSS (shared pages once), %s%s lost",
        "%s   together: %s PSS, %s%s lost",
        "%s  PSS %s  lost %s%s",
        "%s  PSS %s",
        "%s",
    };
    const struct ra_amounts *together = &summary->together;
    char counts[128], text[256];

    write_counts(ui, summary, counts, sizeof counts);
    if (summary->running == 0) {
        ra_paint_text(line, 0, COLS, RA_PLAIN, counts);
        return;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        snprintf(text, sizeof text, forms[i], counts, ra_format_bytes(together->pss).text,
                 together->lost == RA_UNKNOWN ? "" : "~", ra_format_bytes(together->lost).text);
        if (ra_format_columns(text) <= COLS) {
            break;
        }
    }
    ra_paint_text(line, 0, COLS, RA_PLAIN, text);
}

static void draw_empty(const struct ra_ui *ui, int line)
{
    const struct ra_pick *pick = &ui->pick;
    bool is_choice = pick->pid_count > 0 || pick->has_user || pick->has_match;
    const char *text = ui->live && !ra_live_has_looked(ui->live) ? "looking for processes ..."
                       : ui->list.filter[0] ? "no process matches the filter; / and Esc end it"
                       : ui->has_user       ? "no process of this user; Esc shows all"
                       : is_choice          ? "no process matches -p, --user, --match"
                       : ui->model.denied > 0
                           ? "processes of other users can't be read: be that user, or root"
                           : "no process yet: start a Ruby with LD_PRELOAD=libruby_alloc.so";

    ra_paint_text(line, 1, COLS - 1, RA_WARNING, text);
}

/* The row of the selected process's cluster; NULL: it is in none. */
static const struct ra_row *selected_cluster(const struct ra_ui *ui, const struct ra_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct ra_row *row = &rows->rows[i];

        if (row->member->pid == ui->selected_pid && row->cluster >= 0) {
            return &rows->rows[row->cluster];
        }
    }
    return NULL;
}

void ra_list_screen_fold(struct ra_ui *ui)
{
    struct ra_rows rows = ra_rows_make(&ui->model, ui->is_tree);
    const struct ra_row *cluster = selected_cluster(ui, &rows);
    struct ra_member *member = cluster ? ra_model_find(&ui->model, cluster->member->pid) : NULL;

    if (member) {
        member->is_folded = !member->is_folded;
        ui->selected_pid = member->pid;
        ui->selected_sum = true;
    } else {
        ra_ui_say(ui, false,
                  ui->is_tree ? "it is in no cluster" : "only the tree (t) can be folded");
    }
    ra_rows_free(&rows);
}

/* Whoever has a row on the screen, or is in the sum of one. */
static void note_shown(struct ra_ui *ui, const struct ra_rows *rows, const size_t *order,
                       size_t count, size_t lines)
{
    size_t end = count - ui->list.top < lines ? count : ui->list.top + lines;

    for (size_t i = ui->list.top; i < end; i++) {
        for (size_t j = 0; j < rows->count; j++) {
            if (j == order[i] || rows->rows[j].cluster == (int)order[i]) {
                ra_model_find(&ui->model, rows->rows[j].member->pid)->is_shown = true;
            }
        }
    }
}

void ra_list_screen_draw(struct ra_ui *ui, int line, int end)
{
    struct list list = {.ui = ui, .rows = ra_rows_make(&ui->model, ui->is_tree)};
    struct ra_grid grid = grid_of(&list);
    size_t count = 0;
    size_t *order = ra_grid_order(&grid, &ui->list, &count);
    struct summary summary = sum_up(&list, order, count);

    if (order && ui->is_tree) {
        size_t *nested = ra_rows_nest(&list.rows, order, &count);
        free(order);
        order = nested;
    }
    if (end - line > 8) {
        draw_summary(ui, &summary, line);
        line += 1;
    }
    if (order) {
        follow_selected(ui, &list, order, count);
        ra_grid_draw(&grid, &ui->list, order, count, line, end);
        remember_selected(ui, &list, order, count);
        note_shown(ui, &list.rows, order, count, end > line + 1 ? (size_t)(end - line - 1) : 0);
    }
    if (count == 0 && line + 1 < end) {
        draw_empty(ui, line + 1);
    }
    free(order);
    ra_rows_free(&list.rows);
}
