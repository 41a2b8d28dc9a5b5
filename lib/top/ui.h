/*
 * The state of the screen: what is shown, and what the user chose. Drawing reads it and
 * corrects places in lists; keys change it.
 */
#ifndef RA_TOP_UI_H
#define RA_TOP_UI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "top/pick.h"
#include "top/grid.h"
#include "top/keys.h"
#include "top/live.h"
#include "top/model.h"
#include "top/options.h"
#include "top/purge.h"
#include "top/replay.h"

/* What numbers mean: as they are, each a second since the report before, growth. */
enum ra_ui_mode { RA_MODE_TOTALS, RA_MODE_RATES, RA_MODE_SINCE, RA_MODE_COUNT };

enum ra_ui_prompt { RA_PROMPT_NONE, RA_PROMPT_FILTER, RA_PROMPT_GOTO, RA_PROMPT_PURGE };

enum ra_ui_menu { RA_MENU_NONE, RA_MENU_SORT, RA_MENU_USER };

enum { RA_UI_TABS = 7, RA_UI_FIRST_SORT = 4 /* of the list: by memory */ };

struct ra_ui {
    const struct ra_options *options;
    struct ra_pick pick;
    struct ra_model model;
    struct ra_live *live; /* one of them: the model's feed */
    struct ra_replay *replay;

    double delay;
    bool is_frozen;  /* p; nothing new is read */
    bool is_playing; /* a recording */
    bool is_exact;   /* numbers in full, without units */
    bool has_ended;  /* the user has had enough */
    enum ra_ui_mode mode;

    bool in_process;  /* or the list */
    bool is_straight; /* a process was named: there is no list behind it */
    size_t tab;
    bool is_tree, shows_help;
    enum ra_ui_menu shown_menu;
    struct ra_grid_state list, tabs[RA_UI_TABS], help, menu;
    int64_t selected_pid; /* in the list; 0: the first */
    bool selected_sum;    /* the row of its cluster */
    bool has_user;        /* the list has only the processes of */
    int64_t user;         /* this uid */
    int64_t *users;       /* of the menu; NULL: not opened yet */
    size_t user_count;
    bool has_moved; /* a place, which drawing has yet to correct */

    enum ra_ui_prompt prompt;
    char input[RA_GRID_FILTER_BYTES];
    char message[512]; /* until the next key */
    bool is_warning;
    bool is_stale; /* something was asked for that needs reading anew */

    char question[80]; /* whether to purge */
    pid_t *purge_pids; /* of that question; NULL: none */
    size_t purge_count;
    struct ra_purge *purge; /* under way; NULL: none */
    char purging[64];       /* which */
};

/* What the keys for places move through: the list's or the tab's. */
struct ra_grid_state *ra_ui_grid_state(struct ra_ui *ui);

/* Say something in the last line, until the next key. */
void ra_ui_say(struct ra_ui *ui, bool is_warning, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Draw all; the screen is refreshed by the caller. */
void ra_ui_draw(struct ra_ui *ui);

/* Growth is counted from now on. */
void ra_ui_set_baseline(struct ra_ui *ui);

/*
 * Open a process, or go back to the list. What keeps it from being opened is said; by enter:
 * in why, and the status is not RA_OK.
 */
enum ra_status ra_ui_enter(struct ra_ui *ui, int64_t pid, struct ra_failure *why);
void ra_ui_open(struct ra_ui *ui, int64_t pid);
void ra_ui_back(struct ra_ui *ui);

/* The time for something new has come: read it. For a frozen screen that is is_stale alone. */
void ra_ui_update(struct ra_ui *ui);

/* Go on reading what takes several steps (live.h). */
void ra_ui_go_on(struct ra_ui *ui);

/* A key of curses', or a mouse event. */
void ra_ui_press(struct ra_ui *ui, int code);

/* Whether key has something to do just now. */
bool ra_ui_key_works(const struct ra_ui *ui, const struct ra_key *key);

/* Begin a prompt, and take a key for it. */
void ra_ui_ask(struct ra_ui *ui, enum ra_ui_prompt prompt, const char *input);
void ra_ui_type(struct ra_ui *ui, int code);

/*
 * Have the watched or selected process purge, or all of the selected cluster: ask whether to,
 * begin, and once it is done (purge.h) say what came of it; at the end let go of it.
 */
void ra_ui_ask_purge(struct ra_ui *ui);
void ra_ui_purge(struct ra_ui *ui);
void ra_ui_end_purge(struct ra_ui *ui);
void ra_ui_drop_purge(struct ra_ui *ui);

/* Save the watched process's report as a file, and say where. */
void ra_ui_save(struct ra_ui *ui);

/* The column by which one of the keys RA_KEY_SORT_... of the list sorts it. */
size_t ra_list_screen_sort(enum ra_key_id id);

/* Fold the cluster of the selected process in the tree, or unfold it. */
void ra_list_screen_fold(struct ra_ui *ui);

/* The parts of the screen: from line on, and not on the line end. */
void ra_list_screen_draw(struct ra_ui *ui, int line, int end);
void ra_process_screen_draw(struct ra_ui *ui, int line, int end);
void ra_overview_draw(struct ra_ui *ui, int line, int end);
void ra_help_screen_draw(struct ra_ui *ui, int line, int end);

/* The grid of the list, or of the tab that is shown; without columns where there is none. */
struct ra_grid ra_ui_grid(const struct ra_ui *ui);

#endif
