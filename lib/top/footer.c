/*
 * The footer of the screen.
 */
#include "top/footer.h"

#include <curses.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "top/format.h"
#include "top/hits.h"
#include "top/keys.h"
#include "top/menu.h"
#include "top/paint.h"

enum { NOTICE_LINES = 3, WIDE = 72 /* there is room for all of a time */ };

static bool is_over(const struct ra_ui *ui)
{
    const struct ra_member *member = ra_model_find(&ui->model, ui->model.watched);

    return ui->in_process && !ui->replay && member && member->has_ended;
}

/* Where a report of a recording is from: of 2026-11-23T09:30:00.123Z what there is room for. */
static void write_place(const struct ra_ui *ui, char *text, size_t size)
{
    const char *time = ra_replay_time(ui->replay);
    const char *clock = strchr(time, 'T');
    char place[64];

    snprintf(place, sizeof place, "%s %zu/%zu", ui->is_playing ? "PLAYS" : "PAUSED",
             ra_replay_position(ui->replay) + 1, ra_replay_count(ui->replay));
    if (COLS < WIDE && clock) {
        snprintf(text, size, "%s  %.8sZ", place, clock + 1);
    } else {
        snprintf(text, size, "%s  %s", place, time);
    }
}

/* What is not as it is at first: at the right of the footer. */
static void describe(struct ra_ui *ui, char *text, size_t size)
{
    const struct ra_grid_state *state = ra_ui_grid_state(ui);
    static const char *const modes[RA_MODE_COUNT] = {"", "rates  ", "since Space  "};
    char filter[RA_GRID_FILTER_BYTES + 16] = "", user[64] = "", speed[64];

    if (state->filter[0]) {
        snprintf(filter, sizeof filter, "filter %s  ", state->filter);
    }
    if (ui->has_user && !ui->in_process) {
        snprintf(user, sizeof user, "user %.40s  ", ra_format_user(ui->user).text);
    }
    snprintf(speed, sizeof speed, "every %gs", ui->delay);
    if (ui->replay) {
        char place[128];

        write_place(ui, place, sizeof place);
        snprintf(text, size, "%s%s%s%s", modes[ui->mode], user, filter, place);
        return;
    }
    snprintf(text, size, "%s%s%s%s", modes[ui->mode], user, filter,
             is_over(ui)     ? "ENDED"
             : ui->is_frozen ? "FROZEN"
                             : speed);
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

/* The first key is how one gets out: it is there at any width. */
static void draw_keys(struct ra_ui *ui, int line)
{
    char text[512];
    int at = 0, end;

    describe(ui, text, sizeof text);
    end = COLS - ra_format_columns(text) - 1;
    for (const struct ra_key *key = ra_keys; key->label; key++) {
        if (key->word && ra_ui_key_works(ui, key)) {
            at += draw_key(ui, key, line, at, key == ra_keys ? COLS : end - 1);
        }
    }
    ra_paint_text(line, end + 1 > at ? end + 1 : at, COLS,
                  ui->is_frozen || ui->replay || is_over(ui) ? RA_WARNING : RA_PLAIN, text);
}

static const char *prompt_label(const struct ra_ui *ui)
{
    switch (ui->prompt) {
    case RA_PROMPT_FILTER:
        return "filter: ";
    case RA_PROMPT_GOTO:
        return "go to number, or time as 09:30: ";
    case RA_PROMPT_PURGE:
        return ui->question;
    case RA_PROMPT_NONE:
        break;
    }
    return "";
}

/* Of what is too long the end is there: what one types, and what to answer. */
static void draw_prompt(const struct ra_ui *ui, int line)
{
    char text[512];
    int at, over;

    snprintf(text, sizeof text, "%s%s", prompt_label(ui), ui->input);
    over = ra_format_columns(text) - (COLS - 1);
    ra_format_cut(text, over > 0 ? over : 0);
    at = ra_paint_text(line, 0, COLS, RA_STRONG, text);
    ra_paint_text(line, at, 1, RA_INK_SELECTED, " ");
}

/* Something that needs saying: now, or as long as it is so. */
static const char *notice(const struct ra_ui *ui)
{
    if (ui->message[0]) {
        return ui->message;
    }
    if (ui->purge) {
        return ui->purging;
    }
    return ui->in_process && !is_over(ui) ? ui->model.note : "";
}

/* Bytes of text for a line of that width: up to a space, if there is one in its second half. */
static size_t line_of(const char *text, int width)
{
    char fitted[sizeof((struct ra_ui *)NULL)->message];
    size_t bytes, space;

    ra_format_fit(fitted, sizeof fitted, text, width);
    bytes = strlen(fitted);
    for (space = bytes; text[bytes] && space > bytes / 2; space--) {
        if (text[space] == ' ') {
            return space;
        }
    }
    return bytes;
}

/* Break text, which is printable as it is, into lines. Returns how many; the last may be too long. */
static int wrap(const char *text, const char **lines, int most)
{
    int count = 0;

    while (*text && count < most) {
        size_t bytes = line_of(text, COLS);

        lines[count++] = text;
        text += bytes > 0 ? bytes : strlen(text);
        text += strspn(text, " ");
    }
    return count;
}

/* Draw the notice such that it ends before the line end. Returns its first line. */
static int draw_notice(const struct ra_ui *ui, const char *text, int end)
{
    int ink = ui->message[0] && !ui->is_warning ? RA_STRONG : RA_WARNING;
    int most = LINES / 3 < NOTICE_LINES ? LINES / 3 : NOTICE_LINES, count;
    char printable[sizeof ui->message];
    const char *lines[NOTICE_LINES];

    ra_format_fit(printable, sizeof printable, text, INT_MAX);
    count = wrap(printable, lines, most);
    for (int i = 0; i < count; i++) {
        char line[sizeof printable];
        size_t bytes = i + 1 < count ? (size_t)(lines[i + 1] - lines[i]) : strlen(lines[i]);

        snprintf(line, sizeof line, "%.*s", (int)bytes, lines[i]);
        ra_paint_text(end - count + i, 0, COLS, ink, line);
    }
    return end - count;
}

int ra_footer_draw(struct ra_ui *ui)
{
    const char *text = notice(ui);
    int line = LINES - 1;

    if (ui->prompt != RA_PROMPT_NONE) {
        draw_prompt(ui, line);
    } else if (ui->shown_menu != RA_MENU_NONE) {
        ra_paint_text(line, 0, COLS, RA_STRONG, ra_menu_hint(ui));
    } else if (text[0] && LINES < NOTICE_LINES) {
        ra_paint_text(line, 0, COLS, RA_WARNING, text); /* there is no other line */
    } else {
        draw_keys(ui, line);
    }
    return text[0] ? draw_notice(ui, text, line) : line;
}
