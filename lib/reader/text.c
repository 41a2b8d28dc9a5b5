/*
 * Text: makes strings that came from a process fit for a terminal and for JSON.
 */
#include "reader/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ruby_alloc/report.h"

/* Beyond ASCII. */
static const struct {
    uint32_t first, last;
} unprintable[] = {
    {0x0080, 0x009f}, {0x061c, 0x061c}, {0x200e, 0x200f}, {0x2028, 0x202e},
    {0x2066, 0x2069}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
};

static bool is_printable(uint32_t character)
{
    for (size_t i = 0; i < sizeof(unprintable) / sizeof(unprintable[0]); i++) {
        if (character >= unprintable[i].first && character <= unprintable[i].last) {
            return false;
        }
    }
    return character <= 0x10ffff && !(character >= 0xd800 && character <= 0xdfff) &&
           (character & 0xfffe) != 0xfffe;
}

/* Length in bytes of the character at text; 0: invalid or not printable. */
static size_t character_bytes(const unsigned char *text, size_t length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t bytes;
    uint32_t character;

    if (text[0] < 0x80) {
        return text[0] >= 0x20 && text[0] != 0x7f ? 1 : 0;
    }
    if (text[0] < 0xc0 || text[0] >= 0xf8) {
        return 0;
    }
    bytes = text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    if (bytes > length) {
        return 0;
    }
    character = text[0] & (0xffu >> (bytes + 1));
    for (size_t i = 1; i < bytes; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
        character = character << 6 | (text[i] & 0x3f);
    }
    return character >= least[bytes] && is_printable(character) ? bytes : 0;
}

size_t ra_text_clean(char *out, size_t capacity, const char *text, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *from = (const unsigned char *)text;
    size_t written = 0;
    size_t bytes;

    for (size_t i = 0; i < length && from[i] != '\0'; i += bytes) {
        char escape[4];
        const char *piece = text + i;
        size_t piece_bytes;

        bytes = character_bytes(from + i, length - i);
        piece_bytes = bytes;
        if (bytes == 0) {
            memcpy(escape, "\\x", 2);
            escape[2] = digits[from[i] >> 4];
            escape[3] = digits[from[i] & 15];
            piece = escape;
            piece_bytes = sizeof(escape);
            bytes = 1;
        }
        if (piece_bytes >= capacity - written) {
            break;
        }
        memcpy(out + written, piece, piece_bytes);
        written += piece_bytes;
    }
    out[written] = '\0';
    return written;
}

size_t ra_text_time(char out[RA_TEXT_TIME_BYTES], double seconds)
{
    const double last = 253402300799.0; /* of the year 9999 */
    struct tm parts;
    time_t whole;

    out[0] = '\0';
    if (!(seconds >= 0 && seconds <= last)) {
        return 0;
    }
    whole = (time_t)seconds;
    return gmtime_r(&whole, &parts) == NULL
               ? 0
               : strftime(out, RA_TEXT_TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

void ra_text_time_ms(char *out, size_t capacity, uint64_t realtime_ns)
{
    time_t whole = (time_t)(realtime_ns / 1000000000u);
    struct tm parts;
    size_t length;

    if (gmtime_r(&whole, &parts) != NULL) {
        length = strftime(out, capacity, "%Y-%m-%dT%H:%M:%S", &parts);
        snprintf(out + length, capacity - length, ".%03uZ",
                 (unsigned)(realtime_ns / 1000000u % 1000u));
    }
}

size_t ra_text_bytes(char out[RA_TEXT_BYTES_BYTES], int64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double amount = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes == RA_UNKNOWN) {
        return (size_t)snprintf(out, RA_TEXT_BYTES_BYTES, "-");
    }
    if (bytes > -1024 && bytes < 1024) {
        return (size_t)snprintf(out, RA_TEXT_BYTES_BYTES, "%" PRId64 "B", bytes);
    }
    /* 1023.95 would be printed as 1024.0 */
    while (fabs(amount) >= 1023.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        amount /= 1024;
        unit++;
    }
    return (size_t)snprintf(out, RA_TEXT_BYTES_BYTES, "%.1f%s", amount, units[unit]);
}

size_t ra_text_size(char out[RA_TEXT_BYTES_BYTES], int64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB"};
    const int64_t kib = 1024;
    const char *above = "";
    size_t unit = 0;

    if (bytes == RA_UNKNOWN) {
        return (size_t)snprintf(out, RA_TEXT_BYTES_BYTES, "-");
    }
    if (bytes < 16 * kib || (bytes % kib != 0 && bytes % kib != 1)) {
        return (size_t)snprintf(out, RA_TEXT_BYTES_BYTES, "%" PRId64, bytes);
    }
    if (bytes % kib == 1) {
        above = ">";
        bytes--;
    }
    bytes /= kib;
    while (bytes % kib == 0 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        bytes /= kib;
        unit++;
    }
    return (size_t)snprintf(out, RA_TEXT_BYTES_BYTES, "%s%" PRId64 "%s", above, bytes, units[unit]);
}
