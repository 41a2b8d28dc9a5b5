/*
 * Text: makes strings that came from a process fit for a terminal and for JSON.
 *
 * All functions are pure but for their out parameter; no allocation, no errors.
 */
#ifndef RUBY_ALLOC_READER_TEXT_H
#define RUBY_ALLOC_READER_TEXT_H

#include <stddef.h>
#include <stdint.h>

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

enum { RA_TEXT_TIME_BYTES = 32 };

/*
 * Write a time in seconds since the epoch as "2026-11-23T09:30:00Z". Returns its
 * length; 0 and an empty text where there is no such time before the year 10000.
 */
size_t ra_text_time(char out[RA_TEXT_TIME_BYTES], double seconds);

/*
 * Write a time in nanoseconds since the epoch as "2026-11-23T09:30:00.123Z". capacity
 * must be at least RA_TEXT_TIME_BYTES; out stays as it is where there is no such time.
 */
void ra_text_time_ms(char *out, size_t capacity, uint64_t realtime_ns);

enum { RA_TEXT_BYTES_BYTES = 24 };

/*
 * Write an amount of memory for people, in IEC units: 0B, 640B, 1.5KiB, 12.0MiB; "-" for
 * RA_UNKNOWN. Returns its length.
 */
size_t ra_text_bytes(char out[RA_TEXT_BYTES_BYTES], int64_t bytes);

/*
 * Write the size of an object, always exact: 40, 4096, 20KiB, and >16KiB for the smallest
 * size of a bucket (one byte more); "-" for RA_UNKNOWN. Returns its length.
 */
size_t ra_text_size(char out[RA_TEXT_BYTES_BYTES], int64_t bytes);

#endif
