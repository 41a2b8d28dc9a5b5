/*
 * Menus: of the columns to sort by, of users.
 */
#include "top/menu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "top/format.h"
#include "top/hits.h"
#include "top/paint.h"

enum { CHOICE_BYTES = 80 };

static int compare_users(const void *left, const void *right)
{
    struct ra_cell a = ra_format_user(*(const int64_t *)left);
    struct ra_cell b = ra_format_user(*(const int64_t *)right);

    return strcmp(a.text, b.text);
}

/* Of the processes that there are, by name. They stay as they are until it is opened anew. */
static void collect_users(struct ra_ui *ui)
{
    size_t count = 0;

    free(ui->users);
    ui->users = calloc(ui->model.count + 1, sizeof *ui->users);
    for (size_t i = 0; ui->users && i < ui->model.count; i++) {
        const struct ra_report *report = ui->model.members[i]->report;
        int64_t uid = report ? report->process.uid : RA_UNKNOWN;
        size_t known = 0;

        while (known < count && ui->users[known] != uid) {
            known++;
        }
        ui->users[known] = uid;
        count += known == count;
    }
    if (ui->users) {
        qsort(ui->users, count, sizeof *ui->users, compare_users);
    }
    ui->user_count = count;
}

/* The first choice is everyone. */
static size_t count_choices(const struct ra_ui *ui)
{
    return ui->shown_menu == RA_MENU_USER ? ui->user_count + 1 : ra_ui_grid(ui).column_count;
}

static bool is_chosen(struct ra_ui *ui, size_t choice)
{
    if (ui->shown_menu == RA_MENU_SORT) {
        return ra_ui_grid_state(ui)->sort == choice;
    }
    return choice == 0 ? !ui->has_user : ui->has_user && ui->users[choice - 1] == ui->user;
}

static void write_choice(struct ra_ui *ui, size_t choice, char *text, size_t size)
{
    const char *name;
    struct ra_cell user;

    if (ui->shown_menu == RA_MENU_SORT) {
        name = ra_ui_grid(ui).columns[choice].title;
    } else if (choice == 0) {
        name = "all users";
    } else {
        user = ra_format_user(ui->users[choice - 1]);
        name = user.text;
    }
    snprintf(text, size, " %c %s", is_chosen(ui, choice) ? '*' : ' ', name);
}

void ra_menu_open(struct ra_ui *ui, enum ra_ui_menu menu)
{
    ui->menu = (struct ra_grid_state){0};
    ui->shown_menu = menu;
    if (menu == RA_MENU_USER) {
        collect_users(ui);
    }
    for (size_t i = 0; i < count_choices(ui); i++) {
        ui->menu.selected = is_chosen(ui, i) ? i : ui->menu.selected;
    }
}

static void sort_by(struct ra_grid_state *state, size_t column)
{
    if (state->sort != column) {
        state->is_inverted = false;
    }
    state->sort = column;
}

void ra_menu_choose(struct ra_ui *ui, size_t choice)
{
    if (ui->shown_menu == RA_MENU_SORT) {
        sort_by(ra_ui_grid_state(ui), choice);
    } else if (choice <= ui->user_count) {
        ui->has_user = choice > 0;
        ui->user = choice > 0 ? ui->users[choice - 1] : 0;
        ui->has_moved = true;
    }
    ui->shown_menu = RA_MENU_NONE;
}

const char *ra_menu_hint(const struct ra_ui *ui)
{
    return ui->shown_menu == RA_MENU_SORT
               ? ra_paint_choose("Enter: sort by it  Esc: leave it", "Enter sorts, Esc not")
               : ra_paint_choose("Enter: show those of this user  Esc: leave it",
                                 "Enter chooses, Esc not");
}

void ra_menu_draw(struct ra_ui *ui, int line, int end)
{
    const char *heading = ui->shown_menu == RA_MENU_SORT ? " Sort by " : " Show those of ";
    int width = ra_format_columns(heading);
    size_t count = count_choices(ui);
    char text[CHOICE_BYTES];

    for (size_t i = 0; i < count; i++) {
        int needed;

        write_choice(ui, i, text, sizeof text);
        needed = ra_format_columns(text) + 1;
        width = needed > width ? needed : width;
    }
    ra_grid_settle(&ui->menu, count, end - line - 1);
    ra_paint_bar(line, 0, width, RA_HEADING, heading);
    for (size_t i = ui->menu.top; i < count && ++line < end; i++) {
        write_choice(ui, i, text, sizeof text);
        ra_paint_bar(line, 0, width, i == ui->menu.selected ? RA_INK_SELECTED : RA_PLAIN, text);
        ra_hits_add(line, 0, width, RA_HIT_CHOICE, (int)i);
    }
}
