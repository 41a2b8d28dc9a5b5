/*
 * The screen as a whole: what was chosen at the top, the footer, and how amounts look.
 */
#include "top/ui.h"

#include <curses.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "top/hits.h"
#include "top/keys.h"
#include "top/paint.h"
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
    return ui->in_process ? ra_tab_grid_columns(ui) : ra_list_grid_columns();
}

void ra_ui_say(struct ra_ui *ui, bool is_warning, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(ui->message, sizeof ui->message, format, arguments);
    va_end(arguments);
    ui->is_warning = is_warning;
}

/* What is not as it is at first: at the right of the footer. */
static void describe(struct ra_ui *ui, char *text, size_t size)
{
    const struct ra_grid_state *state = ra_ui_grid_state(ui);
    static const char *const modes[RA_MODE_COUNT] = {"", "rates  ", "since Space  "};
    char filter[RA_GRID_FILTER_BYTES + 16] = "", speed[64];

    if (state->filter[0]) {
        snprintf(filter, sizeof filter, "filter %s  ", state->filter);
    }
    snprintf(speed, sizeof speed, "every %gs", ui->delay);
    if (ui->replay) {
        snprintf(text, size, "%s%s%s %zu/%zu  %s", modes[ui->mode], filter,
                 ui->is_playing ? "PLAYS" : "PAUSED", ra_replay_position(ui->replay) + 1,
                 ra_replay_count(ui->replay), ra_replay_time(ui->replay));
        return;
    }
    snprintf(text, size, "%s%s%s", modes[ui->mode], filter, ui->is_frozen ? "FROZEN" : speed);
}

/* The key's name, and what it does here. */
static int draw_key(const struct ra_ui *ui, const struct ra_key *key, int line, int at, int end)
{
    bool is_back = key->id == RA_KEY_BACK && ui->in_process && !ui->is_straight;
    bool is_play = key->id == RA_KEY_FREEZE && ui->replay;
    const char *word = is_back ? "back" : is_play ? "play" : key->word;
    char label[16];
    int width;

    snprintf(label, sizeof label, "%.*s", (int)strcspn(key->label, " "), key->label);
    width = (int)(strlen(label) + 1 + strlen(word));
    if (at + width > end) {
        return 0;
    }
    ra_paint_text(line, at, width, RA_INK_LABEL, label);
    ra_paint_text(line, at + (int)strlen(label) + 1, width, RA_PLAIN, word);
    ra_hits_add(line, at, width, RA_HIT_KEY, key->codes[0]);
    return width + 2;
}

static const char *prompt_label(const struct ra_ui *ui)
{
    switch (ui->prompt) {
    case RA_PROMPT_FILTER:
        return "filter: ";
    case RA_PROMPT_GOTO:
        return "go to number, or time as 09:30: ";
    case RA_PROMPT_PURGE:
        return "have it give its unused pages back now? y/n ";
    case RA_PROMPT_NONE:
        break;
    }
    return "";
}

/* Something that needs saying now, before what is always true. */
static const char *urgent(const struct ra_ui *ui)
{
    const struct ra_member *member = ra_model_find(&ui->model, ui->model.watched);

    if (ui->message[0]) {
        return ui->message;
    }
    if (ui->in_process && member && member->has_ended) {
        return "ENDED: the process is gone, this is its last state";
    }
    return ui->in_process ? ui->model.note : "";
}

static void draw_footer(struct ra_ui *ui, int line)
{
    unsigned screen = ui->in_process ? RA_IN_PROCESS : RA_IN_LIST;
    unsigned feed = ui->replay ? RA_IN_REPLAY : RA_IN_LIVE;
    const char *message = urgent(ui);
    char text[512];
    int at = 0, end;

    if (ui->prompt != RA_PROMPT_NONE) {
        snprintf(text, sizeof text, "%s%s", prompt_label(ui), ui->input);
        at = ra_paint_text(line, 0, COLS, RA_STRONG, text);
        ra_paint_text(line, at, 1, RA_INK_SELECTED, " ");
        return;
    }
    describe(ui, text, sizeof text);
    end = COLS - (int)strlen(text) - 1;
    if (message[0]) {
        at += draw_key(ui, ra_keys, line, at, COLS);
        ra_paint_text(line, at, COLS, ui->message[0] && !ui->is_warning ? RA_STRONG : RA_WARNING,
                      message);
        return;
    }
    for (const struct ra_key *key = ra_keys; key->label; key++) {
        if (key->word && ra_key_is_for(key, screen, feed)) {
            at += draw_key(ui, key, line, at, key->id == RA_KEY_BACK ? COLS : end);
        }
    }
    ra_paint_text(line, end + 1 > at ? end + 1 : at, COLS,
                  ui->is_frozen || ui->replay ? RA_WARNING : RA_PLAIN, text);
}

void ra_ui_draw(struct ra_ui *ui)
{
    int end = LINES - 1;

    erase();
    ra_hits_clear();
    if (ui->shows_help) {
        ra_help_screen_draw(ui, 0, end);
    } else if (ui->in_process) {
        ra_process_screen_draw(ui, 0, end);
    } else {
        ra_list_screen_draw(ui, 0, end);
    }
    draw_footer(ui, end);
}
