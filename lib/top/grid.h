/*
 * Grids: tables on the screen, that can be sorted, filtered and scrolled. A grid asks its
 * source for cells; it keeps nothing but what the user chose.
 */
#ifndef RA_TOP_GRID_H
#define RA_TOP_GRID_H

#include <stdbool.h>
#include <stddef.h>

enum { RA_GRID_CELL_BYTES = 512, RA_GRID_COLUMNS_MAX = 16, RA_GRID_FILTER_BYTES = 64 };

struct ra_grid_column {
    const char *title;
    int width;    /* at least, with the space before it */
    bool is_left; /* and is text, sorted as such */
    bool is_last; /* takes the rest of the line */
    bool is_meter;
    int rank; /* of two columns, that with the higher one is left out first; 0: never */
};

/* What a grid shows. */
struct ra_grid {
    const struct ra_grid_column *columns;
    size_t column_count, row_count;
    const void *context;
    void (*cell)(const void *context, size_t row, size_t column, char *text, size_t size);
    double (*number)(const void *context, size_t row, size_t column); /* to sort by */
    bool (*hides)(const void *context, size_t row); /* whatever the filter; NULL: none */
    bool (*stays)(const void *context, size_t row); /* whatever the filter; NULL: none does */
    int (*ink)(const void *context, size_t row);    /* NULL: plain */
};

/* What the user chose. */
struct ra_grid_state {
    size_t sort; /* column; as many as there are columns, or more: as the rows come */
    bool is_inverted;
    size_t selected, top;
    int steps;   /* asked for since the last drawing: sideways.h; to the right, or less than 0 */
    int skipped; /* columns of the grid that are out of sight at the left */
    int shift;   /* columns of text that are out of sight at the left */
    unsigned hidden; /* a bit for each column that had no room when last drawn */
    char filter[RA_GRID_FILTER_BYTES];
};

/*
 * The rows that pass the filter, sorted: numbers from the largest on, texts from A on, the other
 * way round when inverted; what isn't known comes last either way. Returns an array of *count rows, to be freed with free; NULL
 * without memory.
 */
size_t *ra_grid_order(const struct ra_grid *grid, const struct ra_grid_state *state, size_t *count);

/*
 * Draw heads on line, and rows below it down to (not on) the line end, such that the
 * selected one is seen; state's place is corrected to what there is. What is drawn can be
 * clicked at (hits.h).
 */
void ra_grid_draw(const struct ra_grid *grid, struct ra_grid_state *state, const size_t *order,
                  size_t count, int line, int end);

/* Sort by the column that is shown beside the present one, by +1 or -1. */
void ra_grid_move_sort(const struct ra_grid *grid, struct ra_grid_state *state, int by);

/* Keep selected within count rows, and top such that selected is among rows shown. */
void ra_grid_settle(struct ra_grid_state *state, size_t count, int rows);

#endif
