/*
 * The command line of ruby_alloc_top: every option, every complaint, and that the
 * help tells of all of them.
 */
#include <check.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "top/keys.h"
#include "top/states.h"
#include "top/options.h"
#include "top/options_table.h"

#include "suite.h"

enum { MAX_ARGUMENTS = 8 };

static int parse(const char *const *arguments, struct ra_options *options, char *error, size_t size)
{
    char *argv[MAX_ARGUMENTS + 2] = {strdup("ruby_alloc_top")};
    int argc = 1, result;

    for (; argc <= MAX_ARGUMENTS && arguments[argc - 1]; argc++) {
        argv[argc] = strdup(arguments[argc - 1]);
    }
    result = ra_options_parse(options, argc, argv, error, size);
    for (int i = 0; i < argc; i++) {
        free(argv[i]); /* getopt may have put them in another order */
    }
    return result;
}

static const struct {
    const char *arguments[MAX_ARGUMENTS];
    struct ra_options expected;
} good[] = {
    {{NULL}, {.delay = 1}},
    {{"42"}, {.delay = 1, .pid = 42}},
    {{"2147483647"}, {.delay = 1, .pid = 2147483647}},
    {{"--once", "42"}, {.delay = 1, .pid = 42, .once = true}},
    {{"42", "--once"}, {.delay = 1, .pid = 42, .once = true}},
    {{"--onc", "42"}, {.delay = 1, .pid = 42, .once = true}},
    {{"--json"}, {.delay = 1, .json = true}},
    {{"--once", "--json", "42"}, {.delay = 1, .pid = 42, .once = true, .json = true}},
    {{"--batch", "42"}, {.delay = 1, .pid = 42, .batch = true}},
    {{"--batch", "-d", "0.25", "-n", "3", "42"},
     {.delay = 0.25, .pid = 42, .batch = true, .iterations = 3}},
    {{"--batch", "-d.5", "-n3", "42"}, {.delay = 0.5, .pid = 42, .batch = true, .iterations = 3}},
    {{"--batch", "--delay=86400", "--iterations=0", "42"},
     {.delay = 86400, .pid = 42, .batch = true}},
    {{"--batch", "--delay", "2", "--iterations", "7", "42"},
     {.delay = 2, .pid = 42, .batch = true, .iterations = 7}},
    {{"--prune"}, {.delay = 1, .prune = true}},
    {{"--json", "--prune"}, {.delay = 1, .prune = true, .json = true}},
    {{"--check"}, {.delay = 1, .check = true}},
    {{"--check", "--json", "42"}, {.delay = 1, .pid = 42, .check = true, .json = true}},
    {{"--purge", "42"}, {.delay = 1, .pid = 42, .action = RA_ACTION_purge}},
    {{"--purge", "42", "--json"}, {.delay = 1, .pid = 42, .action = RA_ACTION_purge, .json = true}},
    {{"--decay", "0", "42"}, {.delay = 1, .pid = 42, .action = RA_ACTION_decay}},
    {{"--decay=-1", "42"}, {.delay = 1, .pid = 42, .action = RA_ACTION_decay, .argument = -1}},
    {{"--decay", "-1", "42"}, {.delay = 1, .pid = 42, .action = RA_ACTION_decay, .argument = -1}},
    {{"--decay=1000", "42"}, {.delay = 1, .pid = 42, .action = RA_ACTION_decay, .argument = 1000}},
    {{"--tcache-flush", "42"}, {.delay = 1, .pid = 42, .action = RA_ACTION_tcache_flush}},
    {{"--malloc-trim", "42"}, {.delay = 1, .pid = 42, .action = RA_ACTION_malloc_trim}},
    {{"-d", "5", "42"}, {.delay = 5, .pid = 42}},
    {{"--record", "a", "-n", "3", "42"}, {.delay = 1, .pid = 42, .iterations = 3}},
    {{"--record", "a", "42", "43"}, {.delay = 1}},
    {{"--batch", "42", "43"}, {.delay = 1, .batch = true}},
    {{"--batch", "--sort", "rss", "42", "43"},
     {.delay = 1, .batch = true, .excerpt = {.sort = "rss"}}},
    {{"--csv", "42"}, {.delay = 1, .pid = 42}},
    {{"--html", "a", "42"}, {.delay = 1, .pid = 42}},
    {{"--html", "a", "b"}, {.delay = 1}},
    {{"--html", "-", "b", "42"}, {.delay = 1, .pid = 42}},
    {{"--compare", "a", "b"}, {.delay = 1, .compare = true}},
    {{"--compare", "42", "b", "43"}, {.delay = 1, .compare = true, .pid = 43}},
    {{"--view", "classes", "42"}, {.delay = 1, .pid = 42, .excerpt = {.view = "classes"}}},
    {{"--view=sizes", "--sort=-max", "--fields=min,max", "--limit=3", "--bytes", "42"},
     {.delay = 1,
      .pid = 42,
      .bytes = true,
      .excerpt = {.view = "sizes", .sort = "-max", .fields = "min,max", .limit = 3}}},
    {{"--sort", "rss", "--limit", "5"}, {.delay = 1, .excerpt = {.sort = "rss", .limit = 5}}},
    {{"--json", "--sort", "memory.pss"},
     {.delay = 1, .json = true, .excerpt = {.sort = "memory.pss"}}},
    {{"--view", "help"}, {.delay = 1, .excerpt = {.view = "help"}}},
    {{"--help", "metrics"}, {.delay = 1, .help = true, .topic = "metrics"}},
    {{"--help=metrics"}, {.delay = 1, .help = true, .topic = "metrics"}},
    {{"-h", "42"}, {.delay = 1, .help = true}},
    {{"-h"}, {.delay = 1, .help = true}},
    {{"--help"}, {.delay = 1, .help = true}},
    {{"--help", "--nonsense"}, {.delay = 1, .help = true}},
    {{"-V"}, {.delay = 1, .version = true}},
    {{"--version"}, {.delay = 1, .version = true}},
};

START_TEST(test_parse_good)
{
    struct ra_options options;
    const struct ra_options *expected = &good[_i].expected;
    char error[256] = "";

    ck_assert_msg(parse(good[_i].arguments, &options, error, sizeof error) == 0, "%s", error);
    ck_assert_int_eq(options.pid, expected->pid);
    ck_assert_int_eq(options.help, expected->help);
    ck_assert_int_eq(options.version, expected->version);
    ck_assert_int_eq(options.once, expected->once);
    ck_assert_int_eq(options.json, expected->json);
    ck_assert_int_eq(options.batch, expected->batch);
    ck_assert_int_eq(options.prune, expected->prune);
    ck_assert_int_eq(options.check, expected->check);
    ck_assert_double_eq(options.delay, expected->delay);
    ck_assert_int_eq(options.iterations, expected->iterations);
    ck_assert_int_eq(options.compare, expected->compare);
    ck_assert_int_eq(options.action, expected->action);
    ck_assert_int_eq(options.argument, expected->argument);
    ck_assert_int_eq(options.bytes, expected->bytes);
    ck_assert_int_eq(options.topic != NULL, expected->topic != NULL);
    ck_assert_int_eq(options.excerpt.limit, expected->excerpt.limit);
    ck_assert_int_eq(options.excerpt.view != NULL, expected->excerpt.view != NULL);
    ck_assert_int_eq(options.excerpt.sort != NULL, expected->excerpt.sort != NULL);
    ck_assert_int_eq(options.excerpt.fields != NULL, expected->excerpt.fields != NULL);
}
END_TEST

static const struct {
    const char *arguments[MAX_ARGUMENTS];
    const char *error;
} bad[] = {
    {{"ruby"}, "'ruby' is not a process id; -- goes before a command to run"},
    {{"0"}, "'0' is not a process id"},
    {{"--"}, "-- needs a command to run"},
    {{"42", "--", "ruby"}, "a PID and a command to run exclude each other"},
    {{"--batch", "--", "ruby"}, "a command goes with --json, --delay, --output and --top alone"},
    {{"--record", "a", "--", "ruby"},
     "a command goes with --json, --delay, --output and --top alone"},
    {{"-o", "--", "42"}, "--output needs a command to run: -- COMMAND"},
    {{"--top", "42"}, "--top needs a command to run: -- COMMAND"},
    {{""}, "'' is not a process id"},
    {{"42x"}, "'42x' is not a process id"},
    {{" 42"}, "' 42' is not a process id"},
    {{"2147483648"}, "'2147483648' is not a process id"},
    {{"99999999999999999999"}, "'99999999999999999999' is not a process id"},
    {{"4\n2"}, "'4?2' is not a process id"},
    {{"--nonsense"}, "unknown or ambiguous option '--nonsense'"},
    {{"-x"}, "unknown option '-x'"},
    {{"--once=1"}, "--once takes no value"},
    {{"--delay"}, "--delay needs a value: SECONDS"},
    {{"42", "-d"}, "--delay needs a value: SECONDS"},
    {{"-n"}, "--iterations needs a value: COUNT"},
    {{"-d", "0"}, "--delay takes seconds above 0, up to 86400, not '0'"},
    {{"-d", "0.0"}, "--delay takes seconds above 0, up to 86400, not '0.0'"},
    {{"-d", "-1"}, "--delay takes seconds above 0, up to 86400, not '-1'"},
    {{"-d", ""}, "--delay takes seconds above 0, up to 86400, not ''"},
    {{"-d", "."}, "--delay takes seconds above 0, up to 86400, not '.'"},
    {{"-d", "1.2.3"}, "--delay takes seconds above 0, up to 86400, not '1.2.3'"},
    {{"-d", "1s"}, "--delay takes seconds above 0, up to 86400, not '1s'"},
    {{"-d", "nan"}, "--delay takes seconds above 0, up to 86400, not 'nan'"},
    {{"-d", "inf"}, "--delay takes seconds above 0, up to 86400, not 'inf'"},
    {{"-d", "0x1"}, "--delay takes seconds above 0, up to 86400, not '0x1'"},
    {{"-d", "86401"}, "--delay takes seconds above 0, up to 86400, not '86401'"},
    {{"--batch", "-n", "-1", "42"}, "--iterations takes a number, 0 or more, not '-1'"},
    {{"--batch", "-n", "1.5", "42"}, "--iterations takes a number, 0 or more, not '1.5'"},
    {{"--batch", "-n", "", "42"}, "--iterations takes a number, 0 or more, not ''"},
    {{"--batch", "-n", "9223372036854775808", "42"},
     "--iterations takes a number, 0 or more, not '9223372036854775808'"},
    {{"-n", "3", "42"}, "--iterations needs --batch or --record"},
    {{"--once", "--batch", "42"}, "--once and --batch exclude each other"},
    {{"--batch"}, "--batch needs a PID"},
    {{"--check", "--once", "42"}, "--check goes with --json and a PID alone"},
    {{"--check", "--batch", "42"}, "--check goes with --json and a PID alone"},
    {{"--check", "--prune"}, "--check goes with --json and a PID alone"},
    {{"--prune", "42"}, "--prune goes with --json alone"},
    {{"--record", "-", "42"},
     "--record needs the name of a file; --batch --json writes to standard output"},
    {{"--record", "", "42"},
     "--record needs the name of a file; --batch --json writes to standard output"},
    {{"--record", "a"}, "--record needs a PID"},
    {{"--record", "a", "--json", "42"},
     "--record goes with --delay, --iterations, --max-size and a PID"},
    {{"--record", "a", "--compare", "b", "c"},
     "--record goes with --delay, --iterations, --max-size and a PID"},
    {{"--max-size", "1", "42"}, "--max-size needs --record"},
    {{"--csv", "--json", "42"}, "--csv goes with --once, --batch and --view alone"},
    {{"--csv", "--record", "a", "42"}, "--csv goes with --once, --batch and --view alone"},
    {{"--html", "a"}, "--html needs a PID or a recording"},
    {{"--html", "", "42"}, "--html needs the name of a file"},
    {{"--html", "a", "--once", "42"}, "--html goes with a PID or a recording alone"},
    {{"--html", "a", "b", "c"}, "'c' is not a process id"},
    {{"--compare", "a"}, "--compare takes two, A and B: files of reports or PIDs"},
    {{"--compare", "a", "b", "c"}, "'c' is not a process id"},
    {{"--compare", "--once", "a", "b"}, "--compare goes with --json and --fail-over alone"},
    {{"--fail-over", "0", "42"}, "--fail-over needs --compare"},
    {{"--fail-over", "1T"}, "--fail-over takes bytes, as in 10M, not '1T'"},
    {{"--fail-over", "-1"}, "--fail-over takes bytes, as in 10M, not '-1'"},
    {{"--max-size", "0"}, "--max-size takes bytes above 0, as in 10M, not '0'"},
    {{"--prune", "--once"}, "--prune goes with --json alone"},
    {{"--prune", "--batch", "42"}, "--prune goes with --json alone"},
    {{"--purge"}, "what acts on a process needs a PID"},
    {{"--purge", "42", "43"}, "one PID at a time, not also '43'"},
    {{"--purge", "--once", "42"}, "what acts on a process goes with --json alone"},
    {{"--tcache-flush", "--batch", "42"}, "what acts on a process goes with --json alone"},
    {{"--malloc-trim", "--check", "42"}, "what acts on a process goes with --json alone"},
    {{"--purge", "--malloc-trim", "42"},
     "--purge, --decay, --tcache-flush and --malloc-trim exclude each other"},
    {{"--view"}, "--view needs a value: NAME"},
    {{"--view", "nothing", "42"}, "no view 'nothing'; --view help lists them"},
    {{"--view", "classes"}, "--view needs a PID"},
    {{"--view", "classes", "--batch", "42", "43"}, "--view needs a PID, one at a time"},
    {{"--html", "a", "42", "43"}, "one PID at a time, not also '43'"},
    {{"--view", "classes", "--sort", "tid", "42"},
     "no field 'tid' in classes; --view help lists them"},
    {{"--view", "classes", "--fields", "size,,slabs", "42"},
     "no field '' in classes; --view help lists them"},
    {{"--view", "calls", "--limit", "1", "42"},
     "--sort, --fields and --limit need a --view that is a table, or no PID"},
    {{"--sort", "classes.size"},
     "no field 'classes.size' in the list of processes; --view help lists them"},
    {{"--sort", "-"}, "no field '' in the list of processes; --view help lists them"},
    {{"--limit", "0"}, "--limit takes a number above 0, not '0'"},
    {{"--limit", "-1"}, "--limit takes a number above 0, not '-1'"},
    {{"--json", "--view", "classes", "42"}, "JSON has everything: no --view or --fields with it"},
    {{"--check", "--limit", "1"}, "--view, --sort, --fields and --limit go with reports alone"},
    {{"--help=nonsense"}, "--help knows the topic metrics, not 'nonsense'"},
    {{"--decay"}, "--decay needs a value: MS"},
    {{"--decay=-2", "42"}, "--decay takes milliseconds, 0 or more, or -1 for never, not '-2'"},
    {{"--decay=1s", "42"}, "--decay takes milliseconds, 0 or more, or -1 for never, not '1s'"},
    {{"--decay=", "42"}, "--decay takes milliseconds, 0 or more, or -1 for never, not ''"},
};

START_TEST(test_parse_bad)
{
    struct ra_options options;
    char error[256] = "";

    ck_assert_int_eq(parse(bad[_i].arguments, &options, error, sizeof error), -1);
    ck_assert_str_eq(error, bad[_i].error);
}
END_TEST

static const struct {
    const char *text;
    int64_t bytes; /* -1: refused */
} amounts[] = {
    {"0", 0},
    {"1000", 1000},
    {"1K", 1024},
    {"10m", 10 << 20},
    {"2G", INT64_C(2) << 30},
    {"9223372036854775807", INT64_MAX},
    {"8589934591G", INT64_C(8589934591) << 30},
    {"8589934592G", -1},
    {"9223372036854775808", -1},
    {"0000000000000000000000000000000000001", -1},
    {"", -1},
    {"K", -1},
    {"1KB", -1},
    {"1.5M", -1},
    {" 1", -1},
    {"0x1", -1},
};

START_TEST(test_parse_amount)
{
    const char *const arguments[] = {"--compare", "a", "b", "--fail-over", amounts[_i].text, NULL};
    struct ra_options options;
    char error[256] = "";
    int result = parse(arguments, &options, error, sizeof error);

    ck_assert_msg(result == (amounts[_i].bytes < 0 ? -1 : 0), "%s", error);
    if (result == 0) {
        ck_assert_int_eq(options.fail_over, amounts[_i].bytes);
    }
}
END_TEST

START_TEST(test_parse_command)
{
    char words[][8] = {"top", "--json", "-o", "--", "-d", "2", "--", "ruby", "-d", "--", "42"};
    enum { COUNT = sizeof words / sizeof *words, COMMAND = 7 };
    char *argv[COUNT + 1] = {NULL}, error[256] = "";
    struct ra_options options;

    for (int i = 0; i < COUNT; i++) {
        argv[i] = words[i];
    }
    ck_assert_msg(ra_options_parse(&options, COUNT, argv, error, sizeof error) == 0, "%s", error);
    ck_assert_ptr_nonnull(options.command);
    for (int i = COMMAND; i < COUNT; i++) {
        ck_assert_str_eq(options.command[i - COMMAND], words[i]);
    }
    ck_assert_ptr_null(options.command[COUNT - COMMAND]);
    ck_assert(options.json);
    ck_assert_str_eq(options.output, "--");
    ck_assert_double_eq(options.delay, 2);
}
END_TEST

START_TEST(test_parse_long_argument_is_cut)
{
    char word[4096];
    const char *const arguments[] = {word, NULL};
    struct ra_options options;
    char error[256] = "";

    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    ck_assert_int_eq(parse(arguments, &options, error, sizeof error), -1);
    ck_assert_uint_lt(strlen(error), sizeof error - 1);
}
END_TEST

static char *printed(void (*print)(FILE *))
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(stream);
    print(stream);
    ck_assert_int_eq(fclose(stream), 0);
    return text;
}

START_TEST(test_help_names_every_option_and_key)
{
    char *help = printed(ra_options_print_help);

    for (int i = 0; i < RA_OPTION_COUNT; i++) {
        char name[64];
        snprintf(name, sizeof name, "--%s", ra_option_table[i].name);
        ck_assert_msg(strstr(help, name), "%s is not in the help", name);
    }
    for (const struct ra_key *key = ra_keys; key->label; key++) {
        ck_assert_ptr_nonnull(strstr(help, key->help));
    }
    for (int i = 0; i < RA_STATE_COUNT; i++) {
        ck_assert_ptr_nonnull(strstr(help, ra_states[i].meaning));
    }
    free(help);
}
END_TEST

/* What is typed as itself. Digits are told as "1-7". */
START_TEST(test_labels_name_every_character)
{
    for (const struct ra_key *key = ra_keys; key->label; key++) {
        for (size_t i = 0; i < RA_KEY_CODES_MAX && key->codes[i] != 0; i++) {
            int code = key->codes[i];

            if (code > ' ' && code < 127 && !isdigit(code)) {
                ck_assert_msg(strchr(key->label, code), "%c is not in '%s'", code, key->label);
            }
        }
    }
}
END_TEST

START_TEST(test_help_names_every_exit_status)
{
    static const char *const lines[] = {"\n  0  ", "\n  1  ", "\n  2  ", "\n  3  ",
                                        "\n  4  ", "\n  5  ", "\n  6  "};
    char *help = printed(ra_options_print_help);

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        ck_assert_msg(strstr(help, lines[i]), "no line for status %zu", i);
    }
    free(help);
}
END_TEST

START_TEST(test_help_fits_80_columns)
{
    char *help = printed(ra_options_print_help);

    for (char *line = strtok(help, "\n"); line; line = strtok(NULL, "\n")) {
        ck_assert_msg(strlen(line) <= 80, "too long: %s", line);
    }
    free(help);
}
END_TEST

START_TEST(test_options_have_unique_letters)
{
    for (int i = 0; i < RA_OPTION_COUNT; i++) {
        ck_assert_int_eq((int)ra_option_table[i].id, i);
        for (int j = 0; j < i; j++) {
            ck_assert_str_ne(ra_option_table[i].name, ra_option_table[j].name);
            ck_assert(!ra_option_table[i].letter ||
                      ra_option_table[i].letter != ra_option_table[j].letter);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *parsing = tcase_create("parse");
    TCase *help = tcase_create("help");

    tcase_add_loop_test(parsing, test_parse_good, 0, (int)(sizeof good / sizeof *good));
    tcase_add_loop_test(parsing, test_parse_amount, 0, (int)(sizeof amounts / sizeof *amounts));
    tcase_add_loop_test(parsing, test_parse_bad, 0, (int)(sizeof bad / sizeof *bad));
    tcase_add_test(parsing, test_parse_command);
    tcase_add_test(parsing, test_parse_long_argument_is_cut);
    suite_add_tcase(suite, parsing);

    tcase_add_test(help, test_help_names_every_option_and_key);
    tcase_add_test(help, test_labels_name_every_character);
    tcase_add_test(help, test_help_names_every_exit_status);
    tcase_add_test(help, test_help_fits_80_columns);
    tcase_add_test(help, test_options_have_unique_letters);
    suite_add_tcase(suite, help);

    return run_suite(suite);
}
