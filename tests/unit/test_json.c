/* A report as JSON against the catalogue, key by key. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "top/fields.h"
#include "top/json.h"

#include "report_sample.h"
#include "suite.h"

/* A value of the report as JSON, told from its catalogue entry alone. */
static void check_value(const struct ra_field *field, const void *record, const json_t *object)
{
    const json_t *value = json_object_get(object, field->name);

    ck_assert_msg(value != NULL, "no %s", field->name);
    if (field->type == RA_INT && ra_field_int(field, record) != RA_UNKNOWN) {
        ck_assert_msg(json_is_integer(value), "%s", field->name);
        ck_assert_int_eq(json_integer_value(value), ra_field_int(field, record));
    } else if (field->type == RA_REAL && isfinite(ra_field_real(field, record))) {
        ck_assert_msg(json_is_real(value), "%s", field->name);
        ck_assert_double_eq_tol(json_real_value(value), ra_field_real(field, record), 1e-6);
    } else if (field->type == RA_TEXT && ra_field_text(field, record)) {
        ck_assert_str_eq(json_string_value(value), ra_field_text(field, record));
    } else if (field->type == RA_FLAG && ra_field_flag(field, record) >= 0) {
        ck_assert_msg(json_is_boolean(value), "%s", field->name);
        ck_assert_int_eq(json_is_true(value), ra_field_flag(field, record));
    } else {
        ck_assert_msg(json_is_null(value), "%s is known", field->name);
    }
}

static void check_record(const struct ra_group *group, const void *record, const json_t *object,
                         size_t more_keys)
{
    ck_assert_msg(json_is_object(object), "%s", group->name);
    ck_assert_uint_eq(json_object_size(object), group->field_count + more_keys);
    for (size_t i = 0; i < group->field_count; i++) {
        check_value(&group->fields[i], record, object);
    }
}

START_TEST(test_json_has_every_value)
{
    struct ra_report report = make_report();
    json_t *object = ra_json_report(&report);

    ck_assert_ptr_nonnull(object);
    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        bool nested = strcmp(group->name, "jemalloc_conf") == 0;
        json_t *parent = nested ? json_object_get(object, "process") : object;
        json_t *value = json_object_get(parent, group->name);

        if (group->row_bytes == 0) {
            bool nests = strcmp(group->name, "process") == 0;
            check_record(group, ra_group_record(group, &report, 0), value, nests);
            continue;
        }
        ck_assert_msg(json_is_array(value), "%s", group->name);
        ck_assert_uint_eq(json_array_size(value), ra_group_count(group, &report));
        for (size_t i = 0; i < json_array_size(value); i++) {
            check_record(group, ra_group_record(group, &report, i), json_array_get(value, i), 0);
        }
    }
    json_decref(object);
}
END_TEST

START_TEST(test_json_order_of_keys)
{
    static const char *const keys[] = {"schema", "tool",    "time",          "process", "calls",
                                       "totals", "memory",  "fragmentation", "glibc",   "classes",
                                       "sizes",  "threads", "arenas",        "advice",  "settings"};
    struct ra_report report = make_report();
    json_t *object = ra_json_report(&report);
    const char *key;
    json_t *value;
    size_t i = 0;

    json_object_foreach(object, key, value)
    {
        ck_assert_uint_lt(i, COUNT_OF(keys));
        ck_assert_str_eq(key, keys[i++]);
    }
    ck_assert_uint_eq(i, COUNT_OF(keys));
    ck_assert_str_eq(json_string_value(json_object_get(object, "schema")), "ruby_alloc.report/1");
    ck_assert_str_eq(json_string_value(json_object_get(object, "tool")),
                     "ruby_alloc_top " RUBY_ALLOC_VERSION);
    ck_assert_str_eq(json_string_value(json_object_get(object, "time")), report.time);
    json_decref(object);
}
END_TEST

START_TEST(test_json_is_one_line)
{
    struct ra_report report = make_report();
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    report.process.comm = "a\nb\x1b";
    ck_assert_int_eq(ra_json_print(&report, stream), 0);
    ck_assert_int_eq(fclose(stream), 0);
    ck_assert_ptr_eq(strchr(text, '\n'), text + size - 1);
    ck_assert_ptr_null(strchr(text, '\x1b'));
    ck_assert_ptr_nonnull(strstr(text, "\"comm\": \"a\\nb\\u001"));
    ck_assert_ptr_nonnull(strstr(text, "\"free\": 9223372036854775807"));
    ck_assert_ptr_nonnull(strstr(text, "\"sample_age\": 0.012"));
    ck_assert_ptr_nonnull(strstr(text, "\"swap\": null"));
    free(text);
}
END_TEST

START_TEST(test_unknown_is_null_in_json)
{
    struct ra_report report = make_unknown();
    json_t *object = ra_json_report(&report);
    json_t *memory = json_object_get(object, "memory");
    const char *key;
    json_t *value;

    json_object_foreach(memory, key, value)
    {
        ck_assert_msg(json_is_null(value), "%s", key);
    }
    json_decref(object);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *tests = tcase_create("report");

    tcase_add_test(tests, test_json_has_every_value);
    tcase_add_test(tests, test_json_order_of_keys);
    tcase_add_test(tests, test_json_is_one_line);
    tcase_add_test(tests, test_unknown_is_null_in_json);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
