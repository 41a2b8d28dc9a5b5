/*
 * Text: makes strings that came from a process fit for a terminal and for JSON.
 *
 * All functions are pure but for their out parameter; no allocation, no errors.
 */
#ifndef RUBY_ALLOC_READER_TEXT_H
#define RUBY_ALLOC_READER_TEXT_H

#include <stddef.h>

/*
 * Write the first length bytes of text, or up to a NUL in them, into
 * out[capacity] as printable, valid UTF-8: what is none, control characters and
 * those that turn the direction of text or break lines are written as \xNN, byte
 * by byte. The result is cut off between two characters if it would not fit, and
 * always terminated (capacity must be at least 1).
 *
 * Returns its length without the terminator, at most 4 * length.
 */
size_t ra_text_clean(char *out, size_t capacity, const char *text, size_t length);

#endif
