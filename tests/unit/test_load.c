/* Reports loaded from JSON: what was written comes back, and what is wrong is refused. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "top/fields.h"
#include "top/json.h"
#include "top/load.h"

#include "suite.h"

/* A value for every field, told from its place alone. */
static void fill_record(const struct ra_group *group, char *record, int seed)
{
    for (size_t i = 0; i < group->field_count; i++) {
        const struct ra_field *field = &group->fields[i];
        bool unknown = (seed + (int)i) % 3 == 0;
        int64_t integer = unknown ? RA_UNKNOWN : INT64_MAX - seed - (int64_t)i;
        double real = unknown ? NAN : seed + (double)i / 4;
        const char *text = unknown ? NULL : field->help;
        int flag = unknown ? -1 : seed % 2;

        switch (field->type) {
        case RA_INT:
            memcpy(record + field->offset, &integer, sizeof integer);
            break;
        case RA_REAL:
            memcpy(record + field->offset, &real, sizeof real);
            break;
        case RA_TEXT:
            memcpy(record + field->offset, &text, sizeof text);
            break;
        case RA_FLAG:
            memcpy(record + field->offset, &flag, sizeof flag);
            break;
        }
    }
}

static struct ra_report *make_full(int seed)
{
    enum { ROWS = 3 };
    struct ra_report *report = calloc(1, sizeof *report);

    strcpy(report->time, "2026-11-23T09:30:00.123Z");
    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        size_t count = ROWS;
        char *rows;

        if (group->row_bytes == 0) {
            fill_record(group, (char *)report + group->offset, seed++);
            continue;
        }
        rows = calloc(ROWS, group->row_bytes);
        memcpy((char *)report + group->offset, &rows, sizeof rows);
        memcpy((char *)report + group->count_offset, &count, sizeof count);
        for (size_t i = 0; i < ROWS; i++) {
            fill_record(group, rows + i * group->row_bytes, seed++);
        }
    }
    return report;
}

static void free_full(struct ra_report *report)
{
    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        if (group->row_bytes > 0) {
            free((void *)ra_group_record(group, report, 0));
        }
    }
    free(report);
}

START_TEST(test_load_gives_back_what_was_written)
{
    struct ra_report *report = make_full(_i);
    json_t *written = ra_json_report(report), *again;
    struct ra_report *loaded;
    char error[256] = "";

    loaded = ra_load_report(written, error, sizeof error);
    ck_assert_msg(loaded != NULL, "%s", error);
    again = ra_json_report(loaded);
    ck_assert(json_equal(written, again));
    ra_load_free(loaded);
    json_decref(again);
    json_decref(written);
    free_full(report);
}
END_TEST

static const struct {
    const char *text, *error;
} refused[] = {
    {"", "it is not JSON"},
    {"{\"schema\": \"ruby_alloc.report/1\"", "it is not JSON"},
    {"[]", "its schema is 'none'"},
    {"{}", "its schema is 'none'"},
    {"{\"schema\": \"ruby_alloc.report/2\"}", "its schema is 'ruby_alloc.report/2'"},
    {"{\"schema\": \"ruby_alloc.report/1\", \"memory\": 1}", "memory.*"},
    {"{\"schema\": \"ruby_alloc.report/1\", \"memory\": {\"live\": \"1\"}}", "memory.live"},
    {"{\"schema\": \"ruby_alloc.report/1\", \"memory\": {\"live\": 1.5}}", "memory.live"},
    {"{\"schema\": \"ruby_alloc.report/1\", \"memory\": {\"sample_age\": true}}",
     "memory.sample_age"},
    {"{\"schema\": \"ruby_alloc.report/1\", \"process\": {\"comm\": 1}}", "process.comm"},
    {"{\"schema\": \"ruby_alloc.report/1\", \"process\": {\"forked\": 1}}", "process.forked"},
    {"{\"schema\": \"ruby_alloc.report/1\", \"process\": {\"jemalloc_conf\": []}}",
     "jemalloc_conf.*"},
    {"{\"schema\": \"ruby_alloc.report/1\", \"classes\": {}}", "classes.*"},
    {"{\"schema\": \"ruby_alloc.report/1\", \"classes\": [1]}", "classes.*"},
    {"{\"schema\": \"ruby_alloc.report/1\", \"classes\": [{\"size\": []}]}", "classes.size"},
};

START_TEST(test_load_refuses)
{
    char error[256] = "";

    ck_assert_ptr_null(
        ra_load_text(refused[_i].text, strlen(refused[_i].text), error, sizeof error));
    ck_assert_msg(strncmp(error, refused[_i].error, strlen(refused[_i].error)) == 0, "%s", error);
}
END_TEST

START_TEST(test_load_of_another_version)
{
    static const char text[] = "{\"schema\": \"ruby_alloc.report/1\", \"new\": {\"a\": []}, "
                               "\"memory\": {\"live\": 7, \"later\": 1}}";
    char error[256] = "";
    struct ra_report *report = ra_load_text(text, sizeof text - 1, error, sizeof error);

    ck_assert_msg(report != NULL, "%s", error);
    ck_assert_int_eq(report->memory.live, 7);
    ck_assert_int_eq(report->memory.rss, RA_UNKNOWN);
    ck_assert(isnan(report->fragmentation.ratio));
    ck_assert_ptr_null(report->process.comm);
    ck_assert_int_eq(report->process.forked, -1);
    ck_assert_uint_eq(report->classes_count, 0);
    ra_load_free(report);
}
END_TEST

/* Escapes and what turns the direction of text are shown, not obeyed. */
START_TEST(test_load_hostile_text)
{
    static const char text[] = "{\"schema\": \"ruby_alloc.report/1\", \"process\": "
                               "{\"comm\": \"a\\u001b[31mb\\u202ec\", \"command\": \"é ok\"}}";
    char error[256] = "";
    struct ra_report *report = ra_load_text(text, sizeof text - 1, error, sizeof error);

    ck_assert_msg(report != NULL, "%s", error);
    ck_assert_str_eq(report->process.comm, "a\\x1b[31mb\\xe2\\x80\\xaec");
    ck_assert_str_eq(report->process.command, "é ok");
    ra_load_free(report);
}
END_TEST

/* The time is a text like the others; it is cut where it doesn't fit, between characters. */
START_TEST(test_load_hostile_time)
{
    static const struct {
        const char *time, *shown;
    } times[] = {
        {"2026\\u009b31m", "2026\\xc2\\x9b31m"},
        {"\x7fnow\\u2066", "\\x7fnow\\xe2\\x81\\xa6"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9"},
    };
    char text[200], error[256] = "";
    struct ra_report *report;

    snprintf(text, sizeof text, "{\"schema\": \"ruby_alloc.report/1\", \"time\": \"%s\"}",
             times[_i].time);
    report = ra_load_text(text, strlen(text), error, sizeof error);
    ck_assert_msg(report != NULL, "%s", error);
    ck_assert_str_eq(report->time, times[_i].shown);
    ra_load_free(report);
}
END_TEST

/* A refusal quotes the text: printable, and cut between characters. */
START_TEST(test_load_quotes_printably)
{
    static const char text[] =
        "{\"schema\": \"\\u009b2Jaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9\xc3\xa9\xc3\xa9\"}";
    char error[256] = "";

    ck_assert_ptr_null(ra_load_text(text, sizeof text - 1, error, sizeof error));
    ck_assert_str_eq(error,
                     "its schema is '\\xc2\\x9b2Jaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9', "
                     "not ruby_alloc.report/1");
}
END_TEST

/* What has to be escaped makes no text much longer. */
START_TEST(test_load_long_text)
{
    enum { LONG = 1 << 18 };
    static const char head[] = "{\"schema\": \"ruby_alloc.report/1\", \"process\": {\"comm\": \"";
    char *text = malloc(LONG + sizeof head + 8), error[256] = "";
    struct ra_report *report;

    strcpy(text, head);
    memset(text + strlen(text), 0x7f, LONG);
    strcpy(text + strlen(head) + LONG, "\"}}");
    report = ra_load_text(text, strlen(text), error, sizeof error);
    ck_assert_msg(report != NULL, "%s", error);
    ck_assert_uint_eq(strlen(report->process.comm), LONG + (1 << 16));
    ra_load_free(report);
    free(text);
}
END_TEST

/* What a line is made of, over and over. */
static const struct {
    const char *opening, *piece;
    bool is_nested;
} dense[] = {
    {"\"new\": [", "{},", false},
    {"\"new\": [", "[],", false},
    {"\"new\": [", "0,", false},
    {"\"new\": [", "\"\",", false},
    {"\"new\": {", "\"\":0,", false},
    {"\"classes\": [", "{},", false},
    {"\"threads\": [", "{\"name\":\"\"},", false},
    {"\"new\": ", "[{\"\":", true},
};

/* Held while a text is loaded; the most of it in most_held. */
static size_t held, most_held;

static void *hold(size_t bytes)
{
    size_t *block = malloc(bytes + 16);

    held += bytes + 16;
    most_held = held > most_held ? held : most_held;
    *block = bytes + 16;
    return block + 2;
}

static void let_go(void *data)
{
    size_t *block = data;

    if (block) {
        held -= block[-2];
        free(block - 2);
    }
}

/* Whatever it is made of, a text doesn't take more than ten times its length. */
START_TEST(test_load_takes_no_more_than_ten_times_the_text)
{
    enum { BYTES = 8 << 20 };
    static const char head[] = "{\"schema\":\"ruby_alloc.report/1\",";
    char *text = malloc(BYTES), error[256] = "";
    size_t length = (size_t)snprintf(text, BYTES, "%s%s", head, dense[_i].opening);
    size_t piece = strlen(dense[_i].piece);

    while (length + piece + 8 < BYTES) {
        memcpy(text + length, dense[_i].piece, piece);
        length += piece;
    }
    if (!dense[_i].is_nested) {
        length -= 1; /* the last comma */
        length += (size_t)sprintf(text + length, strchr(dense[_i].opening, '[') ? "]}" : "}}");
    }
    json_set_alloc_funcs(hold, let_go);
    ck_assert_ptr_null(ra_load_text(text, length, error, sizeof error));
    ck_assert_msg(most_held <= (size_t)9 * BYTES, "built %zu bytes of %d: %s", most_held, BYTES,
                  error);
    ck_assert_msg(error[0] != '\0', "no word of why");
    free(text);
}
END_TEST

/* A report of as many threads as there can be, with the fewest letters, is taken. */
START_TEST(test_load_of_all_threads)
{
    enum { THREADS = 1024 };
    char *text = malloc(THREADS * 120 + 200), error[256] = "";
    size_t length = (size_t)sprintf(text, "{\"schema\":\"ruby_alloc.report/1\",\"threads\":[");
    struct ra_report *report;

    for (int i = 0; i < THREADS; i++) {
        length +=
            (size_t)sprintf(text + length,
                            "%s{\"tid\":%d,\"name\":\"a\",\"state\":\"live\",\"allocations\":1,"
                            "\"frees\":1,\"allocation_rate\":1.5}",
                            i ? "," : "", i + 1);
    }
    length += (size_t)sprintf(text + length, "]}");
    report = ra_load_text(text, length, error, sizeof error);
    ck_assert_msg(report != NULL, "%s", error);
    ck_assert_uint_eq(report->threads_count, THREADS);
    ra_load_free(report);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load");
    TCase *tests = tcase_create("load");

    tcase_add_loop_test(tests, test_load_gives_back_what_was_written, 0, 3);
    tcase_add_loop_test(tests, test_load_refuses, 0, sizeof refused / sizeof *refused);
    tcase_add_test(tests, test_load_of_another_version);
    tcase_add_test(tests, test_load_hostile_text);
    tcase_add_loop_test(tests, test_load_hostile_time, 0, 4);
    tcase_add_test(tests, test_load_quotes_printably);
    tcase_add_test(tests, test_load_long_text);
    tcase_add_loop_test(tests, test_load_takes_no_more_than_ten_times_the_text, 0,
                        sizeof dense / sizeof *dense);
    tcase_add_test(tests, test_load_of_all_threads);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
