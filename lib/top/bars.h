/*
 * Bars: small drawings made of characters, for a page or the screen.
 */
#ifndef RA_TOP_BARS_H
#define RA_TOP_BARS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Values as a line of as many characters, from the lowest to the highest level; the
 * levels go from the least of the values to the greatest, and values that differ by less
 * than a hundredth are all in the middle. NAN is a space. blocks: or ASCII.
 */
void ra_bars_line(char *text, size_t size, const double *values, size_t count, bool blocks);

/* The least and the greatest of values; INFINITY and -INFINITY where none is known. */
void ra_bars_bounds(const double *values, size_t count, double *least, double *greatest);

/* A share as "[||||    50.0%]", width columns wide; "-" inside where it is NAN. */
void ra_bars_meter(char *text, size_t size, double share, int width);

/*
 * Deal out width columns to parts by their size, so that they add up to width and each
 * part above 0 has one at least, if there are columns enough. columns: count of them.
 */
void ra_bars_share(int *columns, const double *parts, size_t count, int width);

#endif
