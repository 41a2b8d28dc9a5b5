/* Everything that is printed of a report, each kind of it printable. */
#ifndef RUBY_ALLOC_TESTS_FUZZ_VIEWS_H
#define RUBY_ALLOC_TESTS_FUZZ_VIEWS_H

#include "fuzz.h"
#include "top/compare.h"
#include "top/csv.h"
#include "top/excerpt.h"
#include "top/html.h"
#include "top/json.h"
#include "top/views.h"

enum { TEXT_COLUMNS = 80, VIEW_KINDS = 5 };

static inline void show_json(const struct ra_report *report, FILE *stream)
{
    require(ra_json_print(report, stream) == 0);
}

static inline void show_text(const struct ra_report *report, FILE *stream)
{
    struct ra_page page = {.width = TEXT_COLUMNS};

    ra_views_draw_text(report, &page);
    for (const struct ra_view *view = ra_views; view->name; view++) {
        ra_view_draw_text(view, report, &page);
    }
    ra_page_print(&page, stream);
    ra_page_clear(&page);
}

static inline void show_html(const struct ra_report *report, FILE *stream)
{
    require(ra_html_print(&(struct ra_html){.report = report}, stream) == 0);
}

static inline void show_comparison(const struct ra_report *report, FILE *stream)
{
    const struct ra_compare_side side = {.report = report, .source = "a", .number = 1, .of = 2};
    struct ra_page page = {.width = TEXT_COLUMNS};
    json_t *object = ra_compare_json(&side, &side, -1);

    require(object != NULL);
    json_decref(object);
    ra_compare_draw(&side, &side, &page);
    ra_page_print(&page, stream);
    ra_page_clear(&page);
}

static inline void show_csv(const struct ra_report *report, FILE *stream)
{
    const struct ra_excerpt excerpt = {0};
    char error[128];
    struct ra_csv *csv = ra_csv_new(&excerpt, false, error, sizeof error);

    require(csv != NULL);
    ra_csv_print_head(csv, stream);
    require(ra_csv_print(csv, report, stream) == 0);
    ra_csv_free(csv);
}

/* One kind by its number: each is dear. */
static inline void show(const struct ra_report *report, unsigned kind)
{
    static void (*const kinds[VIEW_KINDS])(const struct ra_report *, FILE *) = {
        show_json, show_text, show_html, show_comparison, show_csv};
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);

    require(stream != NULL);
    kinds[kind % VIEW_KINDS](report, stream);
    fclose(stream);
    require_printable(text, bytes);
    if (kind % VIEW_KINDS == 0) {
        require(memchr(text, '\n', bytes) == text + bytes - 1);
        require_json(text, bytes);
    }
    free(text);
}

#endif
