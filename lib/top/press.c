/*
 * Keys and the mouse: what each of them does.
 */
#include "top/ui.h"

#include <curses.h>
#include <string.h>

#include "top/format.h"
#include "top/hits.h"
#include "top/keys.h"
#include "top/menu.h"
#include "top/sideways.h"
#include "top/tabs.h"

enum { WHEEL_LINES = 3 };
static const double fastest = 0.1, slowest = 60;

static unsigned screen_of(const struct ra_ui *ui)
{
    return ui->in_process ? RA_IN_PROCESS : RA_IN_LIST;
}

/* The list selects a process by its pid: a move has to let go of it first. */
static void move_by(struct ra_ui *ui, long lines)
{
    struct ra_grid_state *state = ui->shown_menu != RA_MENU_NONE ? &ui->menu : ra_ui_grid_state(ui);

    if (lines < 0 && state->selected < (size_t)-lines) {
        state->selected = 0;
    } else {
        state->selected += (size_t)lines;
    }
    if (state == &ui->list) {
        ui->selected_pid = 0;
    }
    ui->has_moved = true;
}

static void move_sideways(struct ra_ui *ui, int steps)
{
    ra_ui_grid_state(ui)->steps += steps;
    ui->has_moved = true;
}

static void move_place(struct ra_ui *ui, enum ra_key_id id)
{
    long page = LINES > 6 ? LINES - 5 : 1;
    const long far = 1 << 24;

    switch (id) {
    case RA_KEY_UP:
        move_by(ui, -1);
        break;
    case RA_KEY_DOWN:
        move_by(ui, 1);
        break;
    case RA_KEY_PAGE_UP:
        move_by(ui, -page);
        break;
    case RA_KEY_PAGE_DOWN:
        move_by(ui, page);
        break;
    case RA_KEY_SIDE_LEFT:
    case RA_KEY_SIDE_RIGHT:
        move_sideways(ui, id == RA_KEY_SIDE_LEFT ? -1 : 1);
        break;
    default:
        move_by(ui, id == RA_KEY_TOP ? -far : far);
        break;
    }
}

static void switch_tab(struct ra_ui *ui, size_t tab)
{
    ui->tab = tab % RA_UI_TABS;
}

static void back(struct ra_ui *ui)
{
    if (ui->in_process && !ui->is_straight) {
        ra_ui_back(ui);
    } else {
        ui->has_ended = true;
    }
}

static void escape(struct ra_ui *ui)
{
    struct ra_grid_state *state = ra_ui_grid_state(ui);

    bool is_chosen = ui->has_user && !ui->in_process;

    if (state->filter[0] || is_chosen) {
        state->filter[0] = '\0';
        ui->has_user = ui->has_user && !is_chosen;
        ui->has_moved = true;
    } else if (ui->in_process && !ui->is_straight) {
        ra_ui_back(ui);
    }
}

static void sort(struct ra_ui *ui, enum ra_key_id id)
{
    struct ra_grid grid = ra_ui_grid(ui);
    struct ra_grid_state *state = ra_ui_grid_state(ui);

    if (id == RA_KEY_SORT_MENU) {
        ra_menu_open(ui, RA_MENU_SORT);
    } else if (id >= RA_KEY_SORT_MEMORY && id <= RA_KEY_SORT_PID) {
        state->sort = ra_list_screen_sort(id);
        state->is_inverted = false;
    } else if (id == RA_KEY_INVERT) {
        state->is_inverted = !state->is_inverted;
    } else {
        ra_grid_move_sort(&grid, state, id == RA_KEY_SORT_LEFT ? -1 : 1);
    }
}

static void change_mode(struct ra_ui *ui, enum ra_key_id id)
{
    if (id == RA_KEY_BASELINE) {
        ra_ui_set_baseline(ui);
        ui->mode = RA_MODE_SINCE;
        ra_ui_say(ui, false, "growth is counted from now on; m shows totals again");
        return;
    }
    ui->mode = (ui->mode + 1) % RA_MODE_COUNT;
    if (ui->mode == RA_MODE_RATES && !ui->in_process) {
        ui->mode = RA_MODE_SINCE;
    }
    if (ui->mode == RA_MODE_SINCE && ui->model.baseline_count == 0) {
        ra_ui_say(ui, false, "growth: Space says from when on");
    }
}

static void change_speed(struct ra_ui *ui, enum ra_key_id id)
{
    double most = ui->delay > slowest ? ui->delay : slowest; /* as --delay has it */
    double delay = id == RA_KEY_FASTER ? ui->delay / 2 : ui->delay * 2;

    ui->delay = delay < fastest ? fastest : delay > most ? most : delay;
    ra_ui_say(ui, false, "every %gs", ui->delay);
}

static void freeze(struct ra_ui *ui)
{
    if (ui->replay) {
        ui->is_playing = !ui->is_playing;
    } else {
        ui->is_frozen = !ui->is_frozen;
    }
}

static void travel(struct ra_ui *ui, enum ra_key_id id)
{
    size_t at = ra_replay_position(ui->replay), count = ra_replay_count(ui->replay);
    size_t tenth = count / 10 > 0 ? count / 10 : 1;

    switch (id) {
    case RA_KEY_STEP:
        at++;
        break;
    case RA_KEY_STEP_BACK:
        at -= at > 0;
        break;
    case RA_KEY_JUMP:
        at += tenth;
        break;
    case RA_KEY_JUMP_BACK:
        at -= at < tenth ? at : tenth;
        break;
    default:
        at = id == RA_KEY_FIRST ? 0 : count;
        break;
    }
    ra_replay_go(ui->replay, at);
}

static void open_selected(struct ra_ui *ui)
{
    if (ra_model_find(&ui->model, ui->selected_pid)) {
        ra_ui_open(ui, ui->selected_pid);
    }
}

static void refresh_now(struct ra_ui *ui)
{
    clearok(curscr, TRUE);
    ui->is_stale = true;
}

/* Keys that go somewhere. */
static bool go(struct ra_ui *ui, enum ra_key_id id, int code)
{
    switch (id) {
    case RA_KEY_BACK:
        back(ui);
        return true;
    case RA_KEY_QUIT:
        ui->has_ended = true;
        return true;
    case RA_KEY_HELP:
        ui->help = (struct ra_grid_state){0};
        ui->shows_help = true;
        return true;
    case RA_KEY_OPEN:
        open_selected(ui);
        return true;
    case RA_KEY_ESCAPE:
        escape(ui);
        return true;
    case RA_KEY_NEXT_TAB:
    case RA_KEY_PREVIOUS_TAB:
        switch_tab(ui, ui->tab + (id == RA_KEY_NEXT_TAB ? 1 : RA_UI_TABS - 1));
        return true;
    case RA_KEY_TAB:
        switch_tab(ui, (size_t)(code - '1'));
        return true;
    default:
        return false;
    }
}

/* Keys that change what is seen of it. */
static bool change(struct ra_ui *ui, enum ra_key_id id)
{
    switch (id) {
    case RA_KEY_USER:
        ra_menu_open(ui, RA_MENU_USER);
        return true;
    case RA_KEY_TREE:
        ui->is_tree = !ui->is_tree;
        ui->has_moved = true;
        return true;
    case RA_KEY_FOLD:
        ra_list_screen_fold(ui);
        return true;
    case RA_KEY_SHIFT_LEFT:
    case RA_KEY_SHIFT_RIGHT:
        ui->list.shift += id == RA_KEY_SHIFT_LEFT ? -RA_SIDEWAYS_COLUMNS : RA_SIDEWAYS_COLUMNS;
        return true;
    case RA_KEY_UNITS:
        ui->is_exact = !ui->is_exact;
        ra_format_plain(ui->is_exact);
        return true;
    case RA_KEY_FREEZE:
        freeze(ui);
        return true;
    case RA_KEY_REFRESH:
        refresh_now(ui);
        return true;
    case RA_KEY_FILTER:
        ra_ui_ask(ui, RA_PROMPT_FILTER, ra_ui_grid_state(ui)->filter);
        return true;
    case RA_KEY_PURGE:
        ra_ui_ask_purge(ui);
        return true;
    case RA_KEY_GOTO:
        ra_ui_ask(ui, RA_PROMPT_GOTO, "");
        return true;
    case RA_KEY_SAVE:
        ra_ui_save(ui);
        return true;
    default:
        return false;
    }
}

/* The others come in families, each from its first to its last in the order of their ids. */
static void act(struct ra_ui *ui, enum ra_key_id id, int code)
{
    if (go(ui, id, code) || change(ui, id)) {
        return;
    }
    if (id <= RA_KEY_BOTTOM) {
        move_place(ui, id);
    } else if (id <= RA_KEY_INVERT) {
        sort(ui, id);
    } else if (id <= RA_KEY_MODE) {
        change_mode(ui, id);
    } else if (id <= RA_KEY_SLOWER) {
        change_speed(ui, id);
    } else {
        travel(ui, id);
    }
}

/* A row is selected by the first click, opened by the next one on it. */
static void click_row(struct ra_ui *ui, size_t row)
{
    struct ra_grid_state *state = ra_ui_grid_state(ui);

    if (!ui->in_process && state->selected == row) {
        open_selected(ui);
        return;
    }
    state->selected = row;
    ui->selected_pid = ui->in_process ? ui->selected_pid : 0;
    ui->has_moved = true;
}

static void click_column(struct ra_grid_state *state, size_t column)
{
    state->is_inverted = state->sort == column && !state->is_inverted;
    state->sort = column;
}

static void use_mouse(struct ra_ui *ui)
{
    struct ra_hit hit;
    MEVENT event;

    if (getmouse(&event) != OK) {
        return;
    }
    if (event.bstate & (BUTTON4_PRESSED | BUTTON5_PRESSED)) {
        move_by(ui, event.bstate & BUTTON4_PRESSED ? -WHEEL_LINES : WHEEL_LINES);
        return;
    }
    hit = ra_hits_at(event.y, event.x);
    if (hit.kind == RA_HIT_CHOICE) {
        ra_menu_choose(ui, (size_t)hit.value);
    } else if (ui->shown_menu != RA_MENU_NONE) {
        ui->shown_menu = RA_MENU_NONE;
    } else if (hit.kind == RA_HIT_TAB) {
        switch_tab(ui, (size_t)hit.value);
    } else if (hit.kind == RA_HIT_COLUMN) {
        click_column(ra_ui_grid_state(ui), (size_t)hit.value);
    } else if (hit.kind == RA_HIT_ROW) {
        click_row(ui, (size_t)hit.value);
    } else if (hit.kind == RA_HIT_KEY) {
        ra_ui_press(ui, hit.value);
    }
}

static bool is_alive(const struct ra_ui *ui, int64_t pid)
{
    const struct ra_member *member = ra_model_find(&ui->model, pid);

    return member && !member->has_ended;
}

bool ra_ui_key_works(const struct ra_ui *ui, const struct ra_key *key)
{
    bool can_sort = !ui->in_process || ra_tab_can_sort(ui->tab);

    if (!ra_key_is_for(key, screen_of(ui), ui->replay ? RA_IN_REPLAY : RA_IN_LIVE)) {
        return false;
    }
    switch (key->id) {
    case RA_KEY_SORT_MENU:
    case RA_KEY_SORT_LEFT:
    case RA_KEY_SORT_RIGHT:
    case RA_KEY_INVERT:
        return can_sort;
    case RA_KEY_FILTER:
        return !ui->in_process || ra_tab_can_filter(ui->tab);
    case RA_KEY_PURGE:
        return is_alive(ui, ui->in_process ? ui->model.watched : ui->selected_pid) ||
               (!ui->in_process && ui->selected_sum);
    case RA_KEY_OPEN:
        return ui->model.count > 0;
    case RA_KEY_SAVE:
        return ui->model.report != NULL;
    default:
        return true;
    }
}

/* A key without a use here is told of, lest it seem broken. */
static void refuse(struct ra_ui *ui, const struct ra_key *key)
{
    if (key && key->id == RA_KEY_PURGE) {
        ra_ui_ask_purge(ui);
    } else if (key && key->id == RA_KEY_FILTER) {
        ra_ui_say(ui, false, "there is nothing to filter here");
    } else if (key && key->id >= RA_KEY_SORT_MENU && key->id <= RA_KEY_INVERT) {
        ra_ui_say(ui, false, "there is nothing to sort here");
    } else {
        ra_ui_say(ui, false, "no such key here: ? helps");
    }
}

/* Keys for places scroll the help, the others end it. */
static bool is_for_help(const struct ra_ui *ui, const struct ra_key *key)
{
    return ui->shows_help && (!key || key->id < RA_KEY_UP || key->id > RA_KEY_BOTTOM);
}

/* Keys mean there what they do in a list. */
static void press_in_menu(struct ra_ui *ui, int code)
{
    const struct ra_key *key = ra_key_find(code, RA_IN_LIST, RA_IN_LIVE);

    if (key && (key->id == RA_KEY_SIDE_LEFT || key->id == RA_KEY_SIDE_RIGHT)) {
        return; /* the table behind it stays where it is */
    }
    if (key && key->id >= RA_KEY_UP && key->id <= RA_KEY_BOTTOM) {
        move_place(ui, key->id);
    } else if (key && key->id == RA_KEY_OPEN) {
        ra_menu_choose(ui, ui->menu.selected);
    } else {
        ui->shown_menu = RA_MENU_NONE;
        ui->has_ended |= key && key->id == RA_KEY_QUIT;
    }
}

void ra_ui_press(struct ra_ui *ui, int code)
{
    const struct ra_key *key =
        ra_key_find(code, screen_of(ui), ui->replay ? RA_IN_REPLAY : RA_IN_LIVE);

    if (code == KEY_RESIZE) {
        return;
    }
    if (ui->has_moved) {
        ra_ui_draw(ui); /* keys come at once: where the last one came to */
    }
    ui->message[0] = '\0';
    if (ui->prompt != RA_PROMPT_NONE) {
        ra_ui_type(ui, code);
    } else if (code == KEY_MOUSE) {
        use_mouse(ui);
    } else if (is_for_help(ui, key) && !(key && key->id == RA_KEY_QUIT)) {
        ui->shows_help = false;
    } else if (ui->shown_menu != RA_MENU_NONE) {
        press_in_menu(ui, code);
    } else if (key && ra_ui_key_works(ui, key)) {
        act(ui, key->id, code);
    } else {
        refuse(ui, key);
    }
}
