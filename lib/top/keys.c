/*
 * The keys of the screen: as in htop and top where those have one.
 */
#include "top/keys.h"

#include <curses.h>
#include <stddef.h>

enum { CONTROL_L = 12 };

#define LIVE (RA_IN_LIST | RA_IN_PROCESS | RA_IN_LIVE)
#define REPLAY (RA_IN_LIST | RA_IN_PROCESS | RA_IN_REPLAY)
#define LIST (RA_IN_LIST | RA_IN_LIVE | RA_IN_REPLAY)
#define PROCESS (RA_IN_PROCESS | RA_IN_LIVE | RA_IN_REPLAY)

/*
 * In the order of the help; the footer shows those with a word, as far as there is room. A
 * label names every code.
 */
const struct ra_key ra_keys[] = {
    {RA_KEY_BACK, {'q'}, "q", "back to the list, from there quit", "quit", RA_ANYWHERE},
    {RA_KEY_QUIT, {KEY_F(10)}, "F10 ^C", "quit", NULL, RA_ANYWHERE},
    {RA_KEY_HELP, {'?', KEY_F(1), 'h'}, "? F1 h", "this help", "help", RA_ANYWHERE},
    {RA_KEY_OPEN, {'\r', '\n', KEY_ENTER}, "Enter", "open the selected process", "open", LIST},
    {RA_KEY_ESCAPE,
     {RA_CODE_ESCAPE},
     "Esc",
     "end filter and choice of user, then back to the list",
     NULL,
     RA_ANYWHERE},
    {RA_KEY_NEXT_TAB, {'\t', KEY_RIGHT}, "Tab", "next tab", "next", PROCESS},
    {RA_KEY_PREVIOUS_TAB, {KEY_BTAB, KEY_LEFT}, "S-Tab", "previous tab", NULL, PROCESS},
    {RA_KEY_TAB, {'1', '2', '3', '4', '5', '6', '7'}, "1-7", "that tab", NULL, PROCESS},
    {RA_KEY_UP, {KEY_UP, 'k'}, "Up k", "one line up; the mouse wheel, too", NULL, RA_ANYWHERE},
    {RA_KEY_DOWN, {KEY_DOWN, 'j'}, "Down j", "one line down", NULL, RA_ANYWHERE},
    {RA_KEY_PAGE_UP, {KEY_PPAGE}, "PgUp", "one screen up", NULL, RA_ANYWHERE},
    {RA_KEY_PAGE_DOWN, {KEY_NPAGE}, "PgDn", "one screen down", NULL, RA_ANYWHERE},
    {RA_KEY_SIDE_RIGHT,
     {')', KEY_SRIGHT},
     ") S-Right",
     "to columns and words beyond the right edge",
     NULL,
     RA_ANYWHERE},
    {RA_KEY_SIDE_LEFT,
     {'(', KEY_SLEFT},
     "( S-Left",
     "back to those at the left",
     NULL,
     RA_ANYWHERE},
    {RA_KEY_TOP, {KEY_HOME}, "Home", "to the first line", NULL, RA_ANYWHERE},
    {RA_KEY_BOTTOM, {KEY_END}, "End", "to the last line", NULL, RA_ANYWHERE},
    {RA_KEY_FILTER,
     {'/', KEY_F(4), '\\', KEY_F(3)},
     "/ F4 \\ F3",
     "show only lines with some text",
     "filter",
     RA_ANYWHERE},
    {RA_KEY_SORT_MENU, {KEY_F(6)}, "F6", "choose the column to sort by", "sort", RA_ANYWHERE},
    {RA_KEY_SORT_LEFT, {'<', ','}, "< ,", "sort by the column to the left", NULL, RA_ANYWHERE},
    {RA_KEY_SORT_RIGHT, {'>', '.'}, "> .", "sort by the column to the right", NULL, RA_ANYWHERE},
    {RA_KEY_SORT_MEMORY, {'M'}, "M", "sort by memory", NULL, LIST},
    {RA_KEY_SORT_TIME, {'T'}, "T", "sort by uptime", NULL, LIST},
    {RA_KEY_SORT_PID, {'N'}, "N", "sort by pid", NULL, LIST},
    {RA_KEY_INVERT, {'I', 'R'}, "I R", "the other way round", NULL, RA_ANYWHERE},
    {RA_KEY_USER, {'u'}, "u", "choose the user whose processes are shown", NULL, LIST},
    {RA_KEY_TREE,
     {'t', KEY_F(5)},
     "t F5",
     "tree: clusters and sums; PSS, P-: shared pages once",
     "tree",
     LIST},
    {RA_KEY_FOLD, {'z'}, "z", "tree: fold or unfold the cluster", NULL, LIST},
    {RA_KEY_SHIFT_LEFT,
     {KEY_LEFT},
     "Left",
     "back from the end of long commands",
     NULL,
     RA_IN_LIST | RA_IN_LIVE},
    {RA_KEY_SHIFT_RIGHT,
     {KEY_RIGHT},
     "Right",
     "to the end of long commands",
     NULL,
     RA_IN_LIST | RA_IN_LIVE},
    {RA_KEY_PURGE, {'P'}, "P", "purge: have it give unused pages back (asks)", "purge", LIVE},
    {RA_KEY_SAVE,
     {'s'},
     "s",
     "save the report as a file, for --compare and --replay",
     "save",
     PROCESS},
    {RA_KEY_FREEZE,
     {'p', 'Z'},
     "p Z",
     "freeze; in a recording: play or pause",
     "freeze",
     RA_ANYWHERE},
    {RA_KEY_BASELINE, {' '}, "Space", "count growth from now on", "growth", RA_ANYWHERE},
    {RA_KEY_MODE, {'m'}, "m", "totals, rates a second, growth since Space", NULL, RA_ANYWHERE},
    {RA_KEY_UNITS, {'b'}, "b", "numbers in full, or with units", NULL, RA_ANYWHERE},
    {RA_KEY_FASTER, {'+', '='}, "+ =", "faster", NULL, RA_ANYWHERE},
    {RA_KEY_SLOWER, {'-', '_'}, "- _", "slower", NULL, RA_ANYWHERE},
    {RA_KEY_REFRESH,
     {'r', CONTROL_L},
     "r ^L",
     "read anew now, and draw the screen anew",
     NULL,
     RA_ANYWHERE},
    {RA_KEY_STEP_BACK, {KEY_LEFT}, "Left", "recording: the report before", NULL, REPLAY},
    {RA_KEY_STEP, {KEY_RIGHT}, "Right", "recording: the next report", "step", REPLAY},
    {RA_KEY_JUMP_BACK, {'['}, "[", "recording: a tenth of it back", NULL, REPLAY},
    {RA_KEY_JUMP, {']'}, "]", "recording: a tenth of it on", NULL, REPLAY},
    {RA_KEY_FIRST, {'g'}, "g", "recording: the first report", NULL, REPLAY},
    {RA_KEY_LAST, {'G'}, "G", "recording: the last report", NULL, REPLAY},
    {RA_KEY_GOTO, {':'}, ":", "recording: go to a number, or a time as 09:30", NULL, REPLAY},
    {0},
};

int ra_key_is_for(const struct ra_key *key, unsigned screen, unsigned feed)
{
    return (key->where & screen) && (key->where & feed);
}

/* Of two keys that share a code the later one, which is for recordings, comes first there. */
const struct ra_key *ra_key_find(int code, unsigned screen, unsigned feed)
{
    const struct ra_key *found = NULL;

    for (const struct ra_key *key = ra_keys; key->label; key++) {
        for (size_t i = 0; i < RA_KEY_CODES_MAX && key->codes[i] != 0; i++) {
            if (key->codes[i] == code && ra_key_is_for(key, screen, feed)) {
                found = key;
            }
        }
    }
    return found;
}
