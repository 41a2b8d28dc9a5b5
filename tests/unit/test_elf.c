/* Symbol look-up: against what dlsym says of the same libraries. */
#include <check.h>
#include <dlfcn.h>
#include <stdlib.h>

#include "shim/elf.h"

#include "suite.h"

static const char *const libc_names[] = {"malloc", "free",    "calloc",  "realloc", "reallocarray",
                                         "memcpy", "environ", "qsort_r", "printf",  "stdout"};

START_TEST(test_symbol_same_as_dlsym)
{
    const char *name = libc_names[_i];
    const struct link_map *libc = ra_elf_library("libc.so.6");
    void *handle = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);

    ck_assert_ptr_nonnull(libc);
    void *found = ra_elf_symbol(libc, name);
    Dl_info info;

    if (found) {
        ck_assert_int_ne(dladdr(found, &info), 0);
        ck_assert_ptr_eq(info.dli_fbase, (void *)libc->l_addr);
        ck_assert_ptr_eq(found, dlsym(handle, name));
    } else {
        /* memcpy is chosen at run time: no plain address, and so not ours to call. */
        ck_assert_str_eq(name, "memcpy");
    }
    dlclose(handle);
}
END_TEST

START_TEST(test_library_absent)
{
    ck_assert_ptr_null(ra_elf_library("libnothing.so.1"));
    ck_assert_ptr_null(ra_elf_library(""));
}
END_TEST

START_TEST(test_symbol_absent)
{
    const struct link_map *libc = ra_elf_library("libc.so.6");

    ck_assert_ptr_null(ra_elf_symbol(libc, "no_such_function"));
    ck_assert_ptr_null(ra_elf_symbol(libc, ""));
    ck_assert_ptr_null(ra_elf_symbol_anywhere("no_such_function"));
}
END_TEST

static const struct {
    const char *text;
    bool is_there;
} texts[] = {
    {"/bin/sh", true},
    {"/bin/s", false}, /* a part of one */
    {"bin/sh", true},  /* its end */
    {"no such text is in libc", false},
};

START_TEST(test_has_text)
{
    ck_assert_int_eq(ra_elf_has_text(ra_elf_library("libc.so.6"), texts[_i].text),
                     texts[_i].is_there);
}
END_TEST

/* What has no address of its own to begin at. */
START_TEST(test_has_text_nowhere)
{
    const struct link_map nothing = {0};

    ck_assert(!ra_elf_has_text(&nothing, "/bin/sh"));
}
END_TEST

/* libc imports this one from ld.so: an import is not a definition. */
START_TEST(test_symbol_imported)
{
    const struct link_map *libc = ra_elf_library("libc.so.6");

    ck_assert_ptr_null(ra_elf_symbol(libc, "_rtld_global"));
    ck_assert_ptr_nonnull(ra_elf_symbol_anywhere("_rtld_global"));
}
END_TEST

START_TEST(test_symbol_anywhere)
{
    ck_assert_ptr_eq(ra_elf_symbol_anywhere("qsort"), dlsym(RTLD_DEFAULT, "qsort"));
    ck_assert_ptr_nonnull(ra_elf_symbol_anywhere("_r_debug"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("elf");
    TCase *tests = tcase_create("look-up");

    tcase_add_loop_test(tests, test_symbol_same_as_dlsym, 0,
                        sizeof libc_names / sizeof *libc_names);
    tcase_add_test(tests, test_library_absent);
    tcase_add_test(tests, test_symbol_absent);
    tcase_add_loop_test(tests, test_has_text, 0, sizeof texts / sizeof *texts);
    tcase_add_test(tests, test_has_text_nowhere);
    tcase_add_test(tests, test_symbol_imported);
    tcase_add_test(tests, test_symbol_anywhere);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
