/*
 * Asks libc's introspection calls and compares their answers with what it holds.
 * Run under the library with MALLOC_CONF=dirty_decay_ms:-1, so that nothing but
 * malloc_trim gives memory back. Exit status 0: all as expected.
 */
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCKS = 6400, BLOCK_BYTES = 10240, TOTAL_BYTES = BLOCKS * BLOCK_BYTES };

static bool failed;

static void require(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "victim_info: not so: %s\n", what);
        failed = true;
    }
}

static size_t resident_bytes(void)
{
    size_t size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    require(file != NULL && fscanf(file, "%zu %zu", &size, &resident) == 2, "statm can be read");
    if (file != NULL) {
        fclose(file);
    }
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static bool is_near(size_t value, size_t expected)
{
    return value >= expected - expected / 10 && value <= expected + expected / 10;
}

static void check_mallinfo(const struct mallinfo2 *before, const struct mallinfo *before_ints)
{
    struct mallinfo2 info = mallinfo2();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    struct mallinfo ints = mallinfo();
#pragma GCC diagnostic pop

    require(is_near(info.uordblks - before->uordblks, TOTAL_BYTES), "mallinfo2 sees live data");
    require(is_near((size_t)(ints.uordblks - before_ints->uordblks), TOTAL_BYTES),
            "mallinfo sees live data");
    require(info.arena >= info.uordblks, "mallinfo2's total is above what is in use");
}

static void check_trim(void **blocks)
{
    size_t before = resident_bytes(), after;

    for (size_t i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
    }
    require(resident_bytes() + TOTAL_BYTES / 4 > before, "freed pages stay until malloc_trim");
    errno = 4711;
    require(malloc_trim(0) == 1, "malloc_trim gave something back");
    require(errno == 4711, "malloc_trim leaves errno alone");
    after = resident_bytes();
    require(before - after > TOTAL_BYTES / 10 * 9, "malloc_trim lowers RSS");
    require(malloc_trim(0) == 0, "there is nothing left for a second malloc_trim");
}

static void check_texts(void)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    require(stream != NULL && malloc_info(0, stream) == 0, "malloc_info answers");
    if (stream != NULL) {
        fclose(stream);
    }
    require(text != NULL && strstr(text, "<malloc") != NULL && strstr(text, "jemalloc") != NULL,
            "malloc_info speaks of jemalloc");
    free(text);
    errno = 0;
    require(malloc_info(1, stdout) != 0, "malloc_info refuses options");
    require(mallopt(M_ARENA_MAX, 2) == 1, "mallopt accepts glibc's parameters");
    malloc_stats();
}

int main(void)
{
    static void *blocks[BLOCKS];
    struct mallinfo2 before = mallinfo2();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    struct mallinfo before_ints = mallinfo();
#pragma GCC diagnostic pop

    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(BLOCK_BYTES);
        memset(blocks[i], 1, BLOCK_BYTES);
    }
    check_mallinfo(&before, &before_ints);
    check_trim(blocks);
    check_texts();
    return failed ? 1 : 0;
}
