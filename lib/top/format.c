/*
 * Numbers and text for people: units, durations, and what a terminal can show.
 */
#include "top/format.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "reader/text.h"
#include "top/fields.h"

static const struct ra_cell unknown = {.text = "-"};

enum { USERS_KNOWN = 64 };

#define CELL(...)                                                                                  \
    ({                                                                                             \
        struct ra_cell cell;                                                                       \
        snprintf(cell.text, sizeof cell.text, __VA_ARGS__);                                        \
        cell;                                                                                      \
    })

static bool are_plain;

void ra_format_plain(bool plain)
{
    are_plain = plain;
}

struct ra_cell ra_format_bytes(int64_t bytes)
{
    struct ra_cell cell;

    if (are_plain && bytes != RA_UNKNOWN) {
        return CELL("%" PRId64, bytes);
    }
    ra_text_bytes(cell.text, bytes);
    return cell;
}

struct ra_cell ra_format_size(int64_t bytes)
{
    struct ra_cell cell;

    if (are_plain && bytes != RA_UNKNOWN) {
        return CELL("%" PRId64, bytes);
    }
    ra_text_size(cell.text, bytes);
    return cell;
}

struct ra_cell ra_format_count(int64_t count)
{
    static const char units[] = "MGTPE";
    double amount = (double)count / 1e6;
    size_t unit = 0;

    if (count == RA_UNKNOWN) {
        return unknown;
    }
    if (are_plain || (count > -1000000 && count < 1000000)) {
        return CELL("%" PRId64, count);
    }
    while (fabs(amount) >= 999.5 && unit + 1 < sizeof units - 1) {
        amount /= 1000;
        unit++;
    }
    return CELL("%.*f%c",
                fabs(amount) < 9.995   ? 2
                : fabs(amount) < 99.95 ? 1
                                       : 0,
                amount, units[unit]);
}

struct ra_cell ra_format_growth(struct ra_cell (*format)(int64_t value), int64_t value)
{
    if (value == RA_UNKNOWN || value == 0) {
        return format(value);
    }
    return CELL("%c%.60s", value < 0 ? '-' : '+', format(value < 0 ? -value : value).text);
}

int64_t ra_format_whole(double value)
{
    if (isnan(value) || fabs(value) > 9e18) {
        return RA_UNKNOWN;
    }
    return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

int64_t ra_format_difference(int64_t now, int64_t before)
{
    int64_t more;

    return now == RA_UNKNOWN || before == RA_UNKNOWN || __builtin_sub_overflow(now, before, &more)
               ? RA_UNKNOWN
               : more;
}

struct ra_cell ra_format_rate(double per_second)
{
    if (!isfinite(per_second)) {
        return unknown;
    }
    if (are_plain && fabs(per_second) < 1e18) {
        return CELL("%.1f", per_second);
    }
    if (per_second > 0 && per_second < 9.95) {
        return CELL("%.1f/s", per_second);
    }
    if (fabs(per_second) > 1e18) {
        return CELL("%.2g/s", per_second);
    }
    return CELL("%.50s/s", ra_format_count((int64_t)(per_second + 0.5)).text);
}

struct ra_cell ra_format_share(double share)
{
    return isfinite(share) ? CELL("%.1f%%", share * 100) : unknown;
}

struct ra_cell ra_format_duration(double seconds)
{
    if (!isfinite(seconds) || fabs(seconds) > 1e15) {
        return unknown;
    }
    if (seconds < 0.9995) {
        return CELL("%.3fs", seconds);
    }

    int64_t whole = (int64_t)(seconds + 0.5);

    if (whole < 60) {
        return CELL("%" PRId64 "s", whole);
    }
    if (whole < 3600) {
        return CELL("%" PRId64 "m%02" PRId64 "s", whole / 60, whole % 60);
    }
    if (whole < 86400) {
        return CELL("%" PRId64 "h%02" PRId64 "m", whole / 3600, whole / 60 % 60);
    }
    return CELL("%" PRId64 "d%02" PRId64 "h", whole / 86400, whole / 3600 % 24);
}

static struct ra_cell format_int(int64_t value, enum ra_unit unit)
{
    if (unit == RA_UNIT_BYTES) {
        return ra_format_bytes(value);
    }
    if (unit == RA_UNIT_COUNT) {
        return ra_format_count(value);
    }
    return value == RA_UNKNOWN ? unknown : CELL("%" PRId64, value);
}

static struct ra_cell format_real(double value, enum ra_unit unit)
{
    if (unit == RA_UNIT_SECONDS) {
        return ra_format_duration(value);
    }
    if (unit == RA_UNIT_SHARE) {
        return ra_format_share(value);
    }
    if (unit == RA_UNIT_RATE) {
        return ra_format_rate(value);
    }
    return isfinite(value) ? CELL("%.2f", value) : unknown;
}

struct ra_cell ra_format_value(const struct ra_field *field, const void *record)
{
    switch (field->type) {
    case RA_INT:
        return format_int(ra_field_int(field, record), field->unit);
    case RA_REAL:
        return format_real(ra_field_real(field, record), field->unit);
    case RA_TEXT: {
        const char *text = ra_field_text(field, record);
        return text ? CELL("%s", text) : unknown;
    }
    case RA_FLAG: {
        int flag = ra_field_flag(field, record);
        return flag < 0 ? unknown : CELL("%s", flag ? "yes" : "no");
    }
    }
    return unknown;
}

/*
 * The last users that were asked for: the list has them in each row, and who knows their names
 * may be a server somewhere.
 */
struct ra_cell ra_format_user(int64_t uid)
{
    static struct {
        int64_t uid;
        struct ra_cell name;
    } known[USERS_KNOWN];
    static size_t count;
    const struct passwd *user;
    size_t place;

    if (uid == RA_UNKNOWN) {
        return unknown;
    }
    for (size_t i = 0; i < count && i < USERS_KNOWN; i++) {
        if (known[i].uid == uid) {
            return known[i].name;
        }
    }
    place = count++ % USERS_KNOWN;
    user = getpwuid((uid_t)uid);
    known[place].uid = uid;
    known[place].name = user ? CELL("%s", user->pw_name) : CELL("%" PRId64, uid);
    return known[place].name;
}

/* Bytes of the first character of text, and the columns it takes; -1: it can't be shown. */
static size_t measure(const char *text, size_t left, int *width)
{
    mbstate_t state = {0};
    wchar_t wide;
    size_t bytes;

    if (*text >= ' ' && *text <= '~') { /* nearly all that is ever drawn */
        *width = 1;
        return 1;
    }
    bytes = mbrtowc(&wide, text, left, &state);
    if (bytes == (size_t)-1 || bytes == (size_t)-2 || bytes == 0) {
        *width = -1;
        return 1;
    }
    *width = iswprint((wint_t)wide) ? wcwidth(wide) : -1;
    return bytes;
}

/* What can't be shown becomes a '?'. */
static int columns_of(int width)
{
    return width < 0 ? 1 : width;
}

char *ra_format_clean(const char *text)
{
    size_t length = strlen(text), capacity = 4 * length + 1;
    char *clean = malloc(capacity);

    if (clean) {
        ra_text_clean(clean, capacity, text, length);
    }
    return clean;
}

int ra_format_fit(char *out, size_t size, const char *text, int columns)
{
    size_t left = strlen(text);
    int used = 0;

    while (left > 0) {
        int width;
        size_t bytes = measure(text, left, &width);

        if (used + columns_of(width) > columns || bytes + 1 > size) {
            break;
        }
        if (width < 0) {
            *out++ = '?';
            size--;
        } else {
            out = mempcpy(out, text, bytes);
            size -= bytes;
        }
        used += columns_of(width);
        text += bytes;
        left -= bytes;
    }
    if (size > 0) {
        *out = '\0';
    }
    return used;
}

/* Bytes of text whose columns begin before that many; *used: the columns that they take. */
static size_t walk(const char *text, int columns, int *used)
{
    size_t left = strlen(text), at = 0;

    *used = 0;
    while (at < left && *used < columns) {
        int width;

        at += measure(text + at, left - at, &width);
        *used += columns_of(width);
    }
    return at;
}

int ra_format_columns(const char *text)
{
    int used;

    walk(text, INT_MAX, &used);
    return used;
}

/* Bytes of the rest of a number that stands at cut; 0: there is none. */
static size_t cut_number(const char *text, size_t cut)
{
    size_t start = cut, digit;

    while (start > 0 && text[start - 1] != ' ') {
        start--;
    }
    digit = start + strspn(text + start, "~+-");
    return start < cut && text[digit] >= '0' && text[digit] <= '9' ? strcspn(text + cut, " ") : 0;
}

void ra_format_cut(char *text, int columns)
{
    int used;
    size_t cut = walk(text, columns, &used), blank;

    blank = cut_number(text, cut);
    memmove(text, text + cut, strlen(text + cut) + 1);
    memset(text, ' ', blank);
}
