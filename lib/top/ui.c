/*
 * The screen as a whole.
 */
#include "top/ui.h"

#include <curses.h>
#include <stdarg.h>
#include <stdio.h>

#include "top/footer.h"
#include "top/hits.h"
#include "top/menu.h"
#include "top/tabs.h"

struct ra_grid_state *ra_ui_grid_state(struct ra_ui *ui)
{
    if (ui->shows_help) {
        return &ui->help;
    }
    return ui->in_process ? &ui->tabs[ui->tab] : &ui->list;
}

struct ra_grid ra_ui_grid(const struct ra_ui *ui)
{
    return ui->in_process ? ra_tab_grid_columns(ui) : ra_list_grid_columns(ui);
}

void ra_ui_say(struct ra_ui *ui, bool is_warning, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(ui->message, sizeof ui->message, format, arguments);
    va_end(arguments);
    ui->is_warning = is_warning;
}

static void forget_shown(const struct ra_model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        model->members[i]->is_shown = false;
    }
}

void ra_ui_draw(struct ra_ui *ui)
{
    int end;

    erase();
    forget_shown(&ui->model);
    ra_hits_clear();
    end = ra_footer_draw(ui);
    if (ui->shows_help) {
        ra_help_screen_draw(ui, 0, end);
    } else if (ui->in_process) {
        ra_process_screen_draw(ui, 0, end);
    } else {
        ra_list_screen_draw(ui, 0, end);
    }
    if (ui->shown_menu != RA_MENU_NONE) {
        ra_menu_draw(ui, 1, end);
    }
    ui->has_moved = false;
}
