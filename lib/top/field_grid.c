/*
 * Field grids: one report's tables and groups as grids.
 */
#include "top/field_grid.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "top/fields.h"
#include "top/format.h"

/* What says which row it is: the same in two reports, and not a number to subtract. */
static const char *const row_names[] = {"size",  "min", "max",   "class", "slab_regions",
                                        "index", "tid", "state", "key",   "threads"};

static bool names_row(const struct ra_field *field)
{
    for (size_t i = 0; i < sizeof row_names / sizeof *row_names; i++) {
        if (strcmp(field->name, row_names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_amount(const struct ra_field *field)
{
    return field->type == RA_INT && !names_row(field) &&
           (field->unit == RA_UNIT_BYTES || field->unit == RA_UNIT_COUNT);
}

void ra_field_grid_begin(struct ra_field_grid *fields, const struct ra_ui *ui)
{
    const struct ra_model *model = &ui->model;

    *fields = (struct ra_field_grid){.ui = ui, .report = model->report};
    if (ui->mode == RA_MODE_SINCE) {
        fields->from = model->baseline;
    } else if (ui->mode == RA_MODE_RATES && model->before) {
        fields->from = model->before;
        fields->seconds = ra_model_seconds(model->before, model->report);
    }
}

/* The same row in the report that differences are counted from; NULL if there was none. */
static const void *row_before(const struct ra_field_grid *fields, const struct ra_group *group,
                              const void *record)
{
    for (size_t i = 0; i < ra_group_count(group, fields->from); i++) {
        const void *before = ra_group_record(group, fields->from, i);
        bool is_same = true;

        for (size_t f = 0; is_same && f < group->field_count; f++) {
            const struct ra_field *field = &group->fields[f];

            if (group->row_bytes > 0 && names_row(field) && field->type == RA_INT &&
                field->unit != RA_UNIT_COUNT) {
                is_same = ra_field_int(field, before) == ra_field_int(field, record);
            } else if (group->row_bytes > 0 && names_row(field) && field->type == RA_TEXT) {
                const char *a = ra_field_text(field, before), *b = ra_field_text(field, record);
                is_same = a && b && strcmp(a, b) == 0;
            }
        }
        if (is_same) {
            return before;
        }
    }
    return NULL;
}

static bool is_difference(const struct ra_field_grid *fields, const struct ra_field *field)
{
    return fields->ui->mode != RA_MODE_TOTALS && is_amount(field);
}

/* A number of the grid; NAN if it can't be known. A row that is new grew from nothing. */
static double number_of(const struct ra_field_grid *fields, const struct ra_group *group,
                        const struct ra_field *field, const void *record)
{
    double value = ra_field_rank(field, record), before = 0;
    const void *earlier;

    if (field->type == RA_FLAG) {
        return ra_field_flag(field, record);
    }
    if (isinf(value) || !is_difference(fields, field)) {
        return isinf(value) ? NAN : value;
    }
    if (!fields->from) {
        return NAN;
    }
    earlier = row_before(fields, group, record);
    before = earlier ? ra_field_rank(field, earlier) : 0;
    value -= isinf(before) ? NAN : before;
    return fields->seconds != 0 ? value / fields->seconds : value;
}

static void format_difference(const struct ra_field_grid *fields, const struct ra_field *field,
                              double value, char *text, size_t size)
{
    const char *rate = fields->ui->mode == RA_MODE_RATES ? "/s" : "";
    bool is_bytes = field->unit == RA_UNIT_BYTES;
    int64_t whole = ra_format_whole(value);

    if (whole == RA_UNKNOWN) {
        snprintf(text, size, "-");
    } else if (is_bytes) {
        snprintf(text, size, "%s%s", ra_format_growth(ra_format_bytes, whole).text, rate);
    } else if (fields->ui->is_exact) {
        snprintf(text, size, "%s%.0f%s", value > 0 ? "+" : "", value, rate);
    } else {
        snprintf(text, size, "%s%s%s", value > 0 ? "+" : "", ra_format_count(whole).text, rate);
    }
}

static void format_value(const struct ra_field_grid *fields, const struct ra_group *group,
                         const struct ra_field *field, const void *record, char *text, size_t size)
{
    if (is_difference(fields, field)) {
        format_difference(fields, field, number_of(fields, group, field, record), text, size);
    } else if (field->type == RA_TEXT) {
        const char *value = ra_field_text(field, record);
        snprintf(text, size, "%s", value ? value : "-");
    } else {
        snprintf(text, size, "%s", ra_format_value(field, record).text);
    }
}

/* Tables ------------------------------------------------------------------- */

static const struct ra_field *column_field(const struct ra_field_grid *fields, size_t column)
{
    return ra_field_find(ra_group_find(fields->table->group), fields->table->columns[column].field);
}

static void table_cell(const void *context, size_t row, size_t column, char *text, size_t size)
{
    const struct ra_field_grid *fields = context;
    const struct ra_group *group = ra_group_find(fields->table->group);
    const void *record = ra_group_record(group, fields->report, row);
    const struct ra_column *shown = &fields->table->columns[column];
    const struct ra_field *field = column_field(fields, column);

    if (shown->cell && !is_difference(fields, field) &&
        !(fields->ui->is_exact && is_amount(field))) {
        snprintf(text, size, "%s", shown->cell(record).text);
    } else {
        format_value(fields, group, field, record, text, size);
    }
}

static double table_number(const void *context, size_t row, size_t column)
{
    const struct ra_field_grid *fields = context;
    const struct ra_group *group = ra_group_find(fields->table->group);

    return number_of(fields, group, column_field(fields, column),
                     ra_group_record(group, fields->report, row));
}

struct ra_grid ra_field_grid_table(struct ra_field_grid *fields)
{
    const struct ra_table *table = fields->table;
    size_t count = table->column_count;

    count = count < RA_GRID_COLUMNS_MAX ? count : RA_GRID_COLUMNS_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct ra_column *column = &table->columns[i];
        const struct ra_field *field = column_field(fields, i);

        fields->columns[i] = (struct ra_grid_column){
            .title = column->title ? column->title : column->field,
            .width = column->width,
            .is_left = column->left,
            .is_last = column->last,
            .is_meter = field->unit == RA_UNIT_SHARE,
            .rank = (int)i,
        };
    }
    return (struct ra_grid){
        .columns = fields->columns,
        .column_count = count,
        .row_count = fields->report ? ra_table_rows(table, fields->report) : 0,
        .context = fields,
        .cell = table_cell,
        .number = table_number,
    };
}

/* Groups ------------------------------------------------------------------- */

enum { GROUP_GROUP, GROUP_NAME, GROUP_VALUE, GROUP_HELP, GROUP_COLUMNS };

static const struct ra_grid_column group_columns[GROUP_COLUMNS] = {
    [GROUP_GROUP] = {.title = "group", .width = 9, .is_left = true, .rank = 2},
    [GROUP_NAME] = {.title = "name", .width = 20, .is_left = true},
    [GROUP_VALUE] = {.title = "value", .width = 14},
    [GROUP_HELP] = {.title = "meaning", .is_left = true, .is_last = true, .rank = 1},
};

/* The field that row stands for. */
static const struct ra_field *field_at(const struct ra_field_grid *fields, size_t row,
                                       const struct ra_group **group)
{
    for (size_t i = 0; i < fields->group_count; i++) {
        *group = fields->groups[i];
        if (row < fields->groups[i]->field_count) {
            return &fields->groups[i]->fields[row];
        }
        row -= fields->groups[i]->field_count;
    }
    return NULL;
}

static void group_cell(const void *context, size_t row, size_t column, char *text, size_t size)
{
    const struct ra_field_grid *fields = context;
    const struct ra_group *group = NULL;
    const struct ra_field *field = field_at(fields, row, &group);

    if (column == GROUP_GROUP) {
        snprintf(text, size, "%s", group->name);
    } else if (column == GROUP_NAME) {
        snprintf(text, size, "%s", field->name);
    } else if (column == GROUP_HELP) {
        snprintf(text, size, "%s", field->help);
    } else {
        format_value(fields, group, field, ra_group_record(group, fields->report, 0), text, size);
    }
}

static double group_number(const void *context, size_t row, size_t column)
{
    const struct ra_field_grid *fields = context;
    const struct ra_group *group = NULL;
    const struct ra_field *field = field_at(fields, row, &group);

    (void)column;
    return number_of(fields, group, field, ra_group_record(group, fields->report, 0));
}

struct ra_grid ra_field_grid_groups(struct ra_field_grid *fields)
{
    size_t rows = 0;

    for (size_t i = 0; fields->report && i < fields->group_count; i++) {
        rows += fields->groups[i]->field_count;
    }
    return (struct ra_grid){
        .columns = group_columns,
        .column_count = GROUP_COLUMNS,
        .row_count = rows,
        .context = fields,
        .cell = group_cell,
        .number = group_number,
    };
}
