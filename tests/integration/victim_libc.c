/*
 * A process that keeps a ledger of what it allocates, by asking for each object's size, and
 * shows it beside glibc's own figures. Usage: victim_libc THREADS
 *
 * Each step begins at a byte on stdin: all threads (0: the main one) make and free objects
 * at random by every call there is; then they free what is left. Each step ends with the
 * numbers of struct ledger since the start, one a line, those of struct figures, and "ready".
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>

#include "ruby_alloc/buckets.h"
#include "victim_common.h"
#include "victim_libc.h"

enum { MALLOCX_ZEROED = 0x40, THREAD_MAX = 64, PLACES = 512, ROUNDS = 4000, TEXT_BYTES = 1 << 20 };

static struct {
    void *(*mallocx)(size_t, int);
    void *(*rallocx)(void *, size_t, int);
    size_t (*sallocx)(const void *, int);
    size_t (*xallocx)(void *, size_t, size_t, int);
    void (*sdallocx)(void *, size_t, int);
    void *(*new_plain)(size_t);
    void (*delete_sized)(void *, size_t);
    struct mallinfo2 (*libc_mallinfo2)(void);
} found;

struct worker {
    struct ledger ledger;
    uint64_t random;
    void *objects[PLACES];
};

static struct worker *workers;
static size_t thread_count;
static pthread_barrier_t barrier;
static FILE *stream;
static char *stream_text;

/* Mostly small, some pages, seldom more than threads count apart. */
static size_t pick_size(uint64_t random)
{
    static const size_t limits[] = {64, 64, 600, 600, 5000, 5000, 40000, 300000};
    unsigned kind = (unsigned)(random >> 32) % 512;

    return kind == 511 ? 9000000 : (size_t)(random >> 8) % limits[kind % 8];
}

/* A small object with pages of its own is sorted with the smallest large ones. */
static unsigned bucket_of_usable(size_t usable)
{
    return ra_bucket_of(usable <= RA_SMALL_MAX && usable % 16 == 0 ? RA_SMALL_MAX + 1 : usable);
}

static void note_made(struct ledger *ledger, void *object, size_t size)
{
    size_t usable = malloc_usable_size(object);

    if (object == NULL) {
        stop_with("an allocation");
    }
    memset(object, 0x5a, usable < 64 ? usable : 64);
    ledger->made++;
    ledger->made_bytes += usable;
    if (size > RA_SMALL_MAX || bucket_of_usable(usable) < RA_SMALL_COUNT) {
        ledger->requested_bytes += size;
    }
    ledger->requests[ra_bucket_of(size)]++;
    ledger->made_by_usable[bucket_of_usable(usable)]++;
}

static void note_freed(struct ledger *ledger, size_t usable)
{
    ledger->freed++;
    ledger->freed_bytes += usable;
    ledger->freed_by_usable[bucket_of_usable(usable)]++;
}

/* jemalloc's flags: the alignment's logarithm, and that what is new is zeroed. */
static void require_flags(void *object, size_t old_bytes, size_t bytes, int flags)
{
    size_t alignment = (size_t)1 << (flags & 63);
    bool good = object != NULL && (uintptr_t)object % alignment == 0;

    for (size_t i = old_bytes; good && flags & MALLOCX_ZEROED && i < bytes; i++) {
        good = ((char *)object)[i] == 0;
    }
    if (!good) {
        stop_with("mallocx's flags");
    }
}

static void *make(struct ledger *ledger, unsigned way, size_t size)
{
    size_t page = 4096, asked = size;
    void *object = NULL;
    int flags;

    switch (way % 8) {
    case 0:
        object = calloc(1, size);
        ledger->calls[CALLOC]++;
        break;
    case 1:
        object = memalign((size_t)32 << way % 5, size);
        ledger->calls[ALIGNED]++;
        break;
    case 2:
        asked = (size + page - 1) / page * page;
        asked = asked > 0 ? asked : page;
        object = pvalloc(size);
        ledger->calls[ALIGNED]++;
        break;
    case 3:
        object = found.new_plain(size);
        ledger->calls[NEW]++;
        break;
    case 4:
        asked = size > 0 ? size : 1;
        flags = (way >> 3) % 2 == 0 ? MALLOCX_ZEROED : 7 | MALLOCX_ZEROED;
        object = found.mallocx(asked, flags);
        require_flags(object, 0, asked, flags);
        ledger->calls[OTHER]++;
        break;
    case 5:
        object = reallocarray(NULL, size, 1);
        ledger->calls[REALLOC]++;
        break;
    default:
        object = malloc(size);
        ledger->calls[MALLOC]++;
    }
    note_made(ledger, object, asked);
    return object;
}

static void *resize(struct ledger *ledger, unsigned way, void *old, size_t size)
{
    size_t usable = malloc_usable_size(old);
    void *object;
    int flags;

    if (way % 4 == 0) {
        size = size > 0 ? size : 1;
        flags = (way >> 5) % 2 == 0 ? MALLOCX_ZEROED : 6 | MALLOCX_ZEROED;
        object = found.rallocx(old, size, flags);
        require_flags(object, usable, size, flags);
        ledger->calls[OTHER]++;
    } else {
        object = realloc(old, size);
        ledger->calls[REALLOC]++;
    }
    note_freed(ledger, usable);
    if (object != NULL) {
        note_made(ledger, object, size);
    }
    return object;
}

static void *release(struct ledger *ledger, unsigned way, void *object)
{
    size_t usable = malloc_usable_size(object);

    if (found.sallocx(object, 0) != usable || found.xallocx(object, 2 * usable, 0, 0) != usable) {
        stop_with("a size isn't the usable one");
    }
    if (way % 3 == 0) {
        found.sdallocx(object, usable, 0);
    } else if (way % 3 == 1) {
        found.delete_sized(object, usable);
    } else {
        free(object);
    }
    ledger->calls[FREE]++;
    note_freed(ledger, usable);
    return NULL;
}

static void work(struct worker *worker)
{
    volatile size_t beyond = SIZE_MAX; /* what glibc might have in another arena it tries there */

    for (int i = 0; i < ROUNDS; i++) {
        worker->random = worker->random * 6364136223846793005u + 1442695040888963407u;
        uint64_t random = worker->random >> 7;
        void **place = &worker->objects[random % PLACES];
        unsigned way = (unsigned)(random >> 40);
        size_t size = pick_size(random);

        *place = *place == NULL ? make(&worker->ledger, way, size)
                 : way % 16 < 5 ? resize(&worker->ledger, way, *place, size)
                                : release(&worker->ledger, way, *place);
    }
    if (malloc(beyond) == NULL) {
        worker->ledger.calls[FAILED]++;
    }
}

static void clear(struct worker *worker)
{
    for (unsigned i = 0; i < PLACES; i++) {
        if (worker->objects[i] != NULL) {
            worker->objects[i] = release(&worker->ledger, i, worker->objects[i]);
        }
    }
}

static void *run(void *argument)
{
    struct worker *worker = argument;

    free(malloc(1)); /* takes its arena */
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    work(worker);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    clear(worker);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return NULL;
}

static void start_threads(pthread_t *threads)
{
    pthread_barrier_init(&barrier, NULL, (unsigned)thread_count + 1);
    for (size_t i = 0; i < thread_count; i++) {
        if (pthread_create(&threads[i], NULL, run, &workers[i]) != 0) {
            stop_with("pthread_create");
        }
    }
    pthread_barrier_wait(&barrier);
}

static void step(void (*own)(struct worker *))
{
    if (thread_count == 0) {
        own(&workers[0]);
        return;
    }
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
}

static void show_ledger(void)
{
    static uint64_t sum[sizeof(struct ledger) / sizeof(uint64_t)];

    memset(sum, 0, sizeof sum);
    for (size_t i = 0; i == 0 || i < thread_count; i++) {
        for (size_t word = 0; word < sizeof sum / sizeof *sum; word++) {
            sum[word] += ((uint64_t *)&workers[i].ledger)[word];
        }
    }
    for (size_t word = 0; word < sizeof sum / sizeof *sum; word++) {
        put_number((long)sum[word]);
    }
}

static long count_heaps(void)
{
    long count = 0;

    memset(stream_text, 0, TEXT_BYTES);
    rewind(stream);
    if (malloc_info(0, stream) != 0 || fflush(stream) != 0) {
        stop_with("malloc_info");
    }
    for (const char *p = stream_text; (p = strstr(p, "<heap nr=")) != NULL; p++) {
        count++;
    }
    return count;
}

/* By the symbol, which is the library's, and by libc's own. */
static void show_figures(void)
{
    struct mallinfo2 info = mallinfo2(), real = found.libc_mallinfo2();

    if (memcmp(&info, &real, sizeof info) != 0) {
        errno = 0;
        stop_with("mallinfo2 isn't glibc's");
    }
    put_number(count_heaps());
    put_number((long)info.arena);
    put_number((long)info.uordblks);
    put_number((long)info.fordblks);
    put_number((long)info.fsmblks);
    put_number((long)info.keepcost);
    put_number((long)info.hblkhd);
}

static void look_up(void)
{
    void *libc = dlopen("libc.so.6", RTLD_NOW);

    *(void **)&found.mallocx = dlsym(RTLD_DEFAULT, "mallocx");
    *(void **)&found.rallocx = dlsym(RTLD_DEFAULT, "rallocx");
    *(void **)&found.sallocx = dlsym(RTLD_DEFAULT, "sallocx");
    *(void **)&found.xallocx = dlsym(RTLD_DEFAULT, "xallocx");
    *(void **)&found.sdallocx = dlsym(RTLD_DEFAULT, "sdallocx");
    *(void **)&found.new_plain = dlsym(RTLD_DEFAULT, "_Znwm");
    *(void **)&found.delete_sized = dlsym(RTLD_DEFAULT, "_ZdlPvm");
    *(void **)&found.libc_mallinfo2 = dlsym(libc, "mallinfo2");
    if (found.sdallocx == NULL || found.new_plain == NULL || found.libc_mallinfo2 == NULL) {
        stop_with("a function is missing");
    }
}

int main(int argc, char **argv)
{
    static pthread_t threads[THREAD_MAX];
    static char buffer[4096];

    thread_count = argc == 2 ? strtoul(argv[1], NULL, 10) : THREAD_MAX + 1;
    if (thread_count > THREAD_MAX) {
        return 2;
    }
    workers = map_shared((thread_count + 1) * sizeof *workers);
    stream_text = map_shared(TEXT_BYTES);
    stream = fmemopen(stream_text, TEXT_BYTES, "w");
    setvbuf(stream, buffer, _IOFBF, sizeof buffer);
    look_up();
    for (size_t i = 0; i <= thread_count; i++) {
        workers[i].random = i + 1;
    }
    start_threads(threads);
    pause_for_test();
    step(work);
    show_ledger();
    show_figures();
    pause_for_test();
    step(clear);
    show_ledger();
    show_figures();
    pause_for_test();
    step(clear);
    for (size_t i = 0; i < thread_count; i++) {
        pthread_join(threads[i], NULL);
    }
    return 0;
}
