/*
 * Prompts in the last line: text for the filter, a place in a recording, yes or no. The
 * screen goes on meanwhile; the filter acts as one types.
 */
#include "top/ui.h"

#include <ctype.h>
#include <curses.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

enum { DELETE = 127, CONTROL_H = 8, CONTROL_U = 21 };

void ra_ui_ask(struct ra_ui *ui, enum ra_ui_prompt prompt, const char *input)
{
    ui->prompt = prompt;
    snprintf(ui->input, sizeof ui->input, "%s", input);
}

/* Milliseconds since 1970 of this time of the day, on the day of the report that is shown. */
static int64_t time_of_day(const struct ra_ui *ui, int hour, int minute, int second)
{
    struct tm day = {0};

    if (!strptime(ra_replay_time(ui->replay), "%Y-%m-%d", &day)) {
        return 0;
    }
    day.tm_hour = hour;
    day.tm_min = minute;
    day.tm_sec = second;
    return (int64_t)timegm(&day) * 1000;
}

static void go(struct ra_ui *ui)
{
    int hour, minute, second = 0;
    size_t length = strlen(ui->input);

    if (sscanf(ui->input, "%2d:%2d:%2d", &hour, &minute, &second) >= 2 && hour < 24 &&
        minute < 60 && second < 60) {
        int64_t time = time_of_day(ui, hour, minute, second);
        ra_replay_go(ui->replay, ra_replay_find_time(ui->replay, time));
    } else if (length > 0 && strspn(ui->input, "0123456789") == length) {
        size_t number = strtoul(ui->input, NULL, 10);
        ra_replay_go(ui->replay, number > 0 ? number - 1 : 0);
    } else if (length > 0) {
        ra_ui_say(ui, true, "'%s' is neither a number nor a time as 09:30 (UTC)", ui->input);
    }
}

static void finish(struct ra_ui *ui)
{
    enum ra_ui_prompt prompt = ui->prompt;

    ui->prompt = RA_PROMPT_NONE;
    ui->has_moved = true;
    if (prompt == RA_PROMPT_GOTO) {
        go(ui);
    }
}

/*
 * Where the last character of text begins, as the locale has it; a byte that is of none counts
 * as one. is_whole: whether the character is, or lacks bytes that are yet to be typed.
 */
static size_t last_character(const char *text, bool *is_whole)
{
    size_t left = strlen(text), bytes = 0;
    const char *last = text;

    *is_whole = true;
    for (const char *next = text; left > 0; next += bytes, left -= bytes) {
        bytes = mbrlen(next, left, &(mbstate_t){0});
        *is_whole = bytes != (size_t)-2;
        bytes = bytes == (size_t)-2 ? left : bytes == (size_t)-1 ? 1 : bytes;
        last = next;
    }
    return (size_t)(last - text);
}

static void erase_character(char *text)
{
    bool is_whole;

    text[last_character(text, &is_whole)] = '\0';
}

/* Bytes at the end of text that are the start of a character which is not whole yet. */
static size_t begun(const char *text)
{
    bool is_whole;
    size_t last = last_character(text, &is_whole);

    return is_whole ? 0 : strlen(text + last);
}

/* One byte of what is typed. A character that has no room as a whole is not taken at all. */
static void append(char *text, size_t size, char byte)
{
    size_t length = strlen(text), tail = begun(text), bytes, needed;
    char character[MB_LEN_MAX + 1];

    memcpy(character, text + length - tail, tail);
    character[tail] = byte;
    bytes = MB_CUR_MAX == 1 ? 1 : mbrlen(character, tail + 1, &(mbstate_t){0});
    if (bytes == (size_t)-1 && tail == 0) {
        return;
    }
    if (bytes == (size_t)-1) {
        text[length - tail] = '\0'; /* it will never be whole */
        append(text, size, byte);
        return;
    }
    needed = bytes == (size_t)-2 && tail == 0 ? MB_CUR_MAX : 1;
    if (length + needed < size) {
        text[length] = byte;
        text[length + 1] = '\0';
    }
}

static void edit(struct ra_ui *ui, int code)
{
    if (code == KEY_BACKSPACE || code == DELETE || code == CONTROL_H) {
        erase_character(ui->input);
    } else if (code == CONTROL_U) {
        ui->input[0] = '\0';
    } else if (code >= ' ' && code < 256) {
        append(ui->input, sizeof ui->input, (char)code);
    }
}

static bool is_enter(int code)
{
    return code == '\r' || code == '\n' || code == KEY_ENTER;
}

/* Only what is an answer ends the question, not the wheel of the mouse or a slip. */
static void answer(struct ra_ui *ui, int code)
{
    bool is_yes = code == 'y' || code == 'Y';

    if (is_yes || code == 'n' || code == 'N' || code == 'q' || code == RA_CODE_ESCAPE ||
        is_enter(code)) {
        ui->prompt = RA_PROMPT_NONE;
    }
    if (is_yes) {
        ra_ui_purge(ui);
    } else if (ui->prompt == RA_PROMPT_NONE) {
        ra_ui_say(ui, false, "nothing was purged");
    }
}

void ra_ui_type(struct ra_ui *ui, int code)
{
    struct ra_grid_state *state = ra_ui_grid_state(ui);

    if (ui->prompt == RA_PROMPT_PURGE) {
        answer(ui, code);
        return;
    }
    if (code == RA_CODE_ESCAPE) {
        ui->input[0] = '\0';
        state->filter[0] = ui->prompt == RA_PROMPT_FILTER ? '\0' : state->filter[0];
        ui->prompt = RA_PROMPT_NONE;
        ui->has_moved = true;
        return;
    }
    if (is_enter(code)) {
        finish(ui);
        return;
    }
    edit(ui, code);
    if (ui->prompt == RA_PROMPT_FILTER) {
        memcpy(state->filter, ui->input, sizeof state->filter);
        state->selected = 0;
    }
}
