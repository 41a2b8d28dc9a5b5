/* Copies of a region whose sample is being written all the while: none is half old, half new. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "reader/copy.h"

#include "region_builder.h"

enum { COPIES = 3000 };

static atomic_bool over;

/* As the sampler does it: the same number everywhere, under the lock. */
static void *write_samples(void *mapped)
{
    struct ra_region *region = mapped;
    volatile struct ra_arena *arenas = region->arenas;
    volatile struct ra_setting *settings = region->settings;

    for (uint32_t number = 1; !over; number++) {
        uint32_t sequence = region->sample.sequence;

        __atomic_store_n(&region->sample.sequence, sequence + 1, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_RELEASE);
        region->sample.arena_count = number;
        for (int i = 0; i < RA_ARENA_MAX; i++) {
            arenas[i].index = number;
        }
        for (int i = 0; i < RA_SETTING_MAX; i++) {
            settings[i].source = number;
        }
        __atomic_store_n(&region->sample.sequence, sequence + 2, __ATOMIC_RELEASE);
    }
    return NULL;
}

static struct ra_region *map_region(int *fd)
{
    struct ra_region *built = build_region();
    const char *path = region_path(getpid(), 1);
    void *mapped;

    write_region(path, built, BUILT_BYTES);
    free(built);
    *fd = open(path, O_RDWR | O_CLOEXEC);
    mapped = mmap(NULL, BUILT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    ck_assert(mapped != MAP_FAILED);
    return mapped;
}

/* Returns whether the copy has a sample, which must then be whole. */
static bool require_whole(const struct ra_region *copy)
{
    if (copy->sample.sequence % 2 != 0) {
        return false;
    }
    for (int i = 0; i < RA_ARENA_MAX; i++) {
        ck_assert_uint_eq(copy->arenas[i].index, copy->sample.arena_count);
    }
    for (int i = 0; i < RA_SETTING_MAX; i++) {
        ck_assert_uint_eq(copy->settings[i].source, copy->sample.arena_count);
    }
    return true;
}

START_TEST(test_sample_arenas_and_settings_agree)
{
    struct ra_copy copy = {0};
    struct ra_failure why;
    pthread_t writer;
    int fd, whole = 0;
    struct ra_region *region = map_region(&fd);

    ck_assert_int_eq(pthread_create(&writer, NULL, write_samples, region), 0);
    for (int i = 0; i < COPIES; i++) {
        ck_assert_int_eq(ra_copy_take(&copy, fd, "here", 0, &why), RA_OK);
        whole += require_whole(copy.data);
    }
    over = true;
    pthread_join(writer, NULL);
    ck_assert_int_eq(ra_copy_take(&copy, fd, "here", 0, &why), RA_OK);
    ck_assert(require_whole(copy.data));
    ck_assert_int_gt(whole, 0);
    ra_copy_release(&copy);
    munmap(region, BUILT_BYTES);
    close(fd);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("copy");
    TCase *tests = tcase_create("sample");

    tcase_add_checked_fixture(tests, builder_set_up, builder_tear_down);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, test_sample_arenas_and_settings_agree);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
