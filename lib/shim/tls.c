#include "tls.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "elf.h"
#include "road.h"
#include "system.h"

/*
 * libc's vector of where each module's data lies: the number of entries that follow, a
 * generation, and one entry a module (elf/dl-tls.c of glibc). One of ours is longer than any
 * process's, so that ld.so never has it resized, as if it were an object of malloc's.
 */
struct entry {
    uintptr_t value;
    void *object;
};

enum {
    ENTRIES = 4096,
    VECTOR_BYTES = ENTRIES * sizeof(struct entry),
    STACK_BYTES = 64 * 1024,
    IMAGE_BYTES = 4096,    /* two thirds of it are used here */
    TID_SCAN_BYTES = 1024, /* of libc's description of a thread, of which it has 1.7 KiB or more */
    TID_NONE = -1,
    WAIT_SECONDS = 10
};

/* Words at the thread pointer, by their index: see tcbhead_t of glibc. */
#if defined(__x86_64__)
enum { VECTOR_WORD = 1 };
#else
enum { VECTOR_WORD = 0 };
#endif

typedef void get_static_info(size_t *bytes, size_t *alignment);
typedef void *allocate_tls(void *place);

/* The image: from first on, relative to the pointer that it was made for. */
static struct {
    char *content;
    ptrdiff_t first;
    size_t bytes;
    uintptr_t made_for;
    const struct entry *vector;
} image;

static size_t static_bytes, alignment;
static ptrdiff_t tid_at = TID_NONE; /* in libc's description of a thread */
static ptrdiff_t description_at;    /* from the thread pointer */
static ptrdiff_t rseq_at;           /* from the thread pointer; 0: none */

bool ra_tls_is_known(void)
{
    return image.content != NULL;
}

struct ra_tls_room ra_tls_room(void)
{
    size_t side = static_bytes + (size_t)-description_at + alignment;

    return (struct ra_tls_room){VECTOR_BYTES + side, side, alignment};
}

uint32_t *ra_tls_tid(char *pointer)
{
    return (uint32_t *)(pointer + description_at + tid_at);
}

/* Offsets at which a description holds its thread's number, one bit each. */
struct tids {
    uint32_t words[TID_SCAN_BYTES / sizeof(uint32_t) / 32];
};

static struct tids find_tid(void)
{
    const uint32_t *description = (const uint32_t *)pthread_self();
    uint32_t tid = (uint32_t)ra_system_thread();
    struct tids found = {{0}};

    for (unsigned i = 0; i < TID_SCAN_BYTES / sizeof(uint32_t); i++) {
        found.words[i / 32] |= (uint32_t)(description[i] == tid) << i % 32;
    }
    return found;
}

static void *be_herald(void *place)
{
    *(struct tids *)place = find_tid();
    return NULL;
}

/* One place that holds the number of either thread, or TID_NONE. */
static ptrdiff_t common_place(const struct tids *one, const struct tids *other)
{
    ptrdiff_t place = TID_NONE;

    for (unsigned i = 0; i < TID_SCAN_BYTES / sizeof(uint32_t); i++) {
        if (one->words[i / 32] & other->words[i / 32] & UINT32_C(1) << i % 32) {
            if (place != TID_NONE) {
                return TID_NONE;
            }
            place = (ptrdiff_t)(i * sizeof(uint32_t));
        }
    }
    return place;
}

/* The thread of libc's that comes before ours. Returns 0 or an errno. */
static int send_herald(void *stack, size_t bytes)
{
    static struct tids theirs; /* if it is too late, it still writes somewhere */
    struct timespec deadline;
    pthread_attr_t attributes;
    pthread_t thread;
    int error = pthread_attr_init(&attributes);

    if (error != 0) {
        return error;
    }
    error = pthread_attr_setstack(&attributes, stack, bytes);
    if (error == 0) {
        error = pthread_create(&thread, &attributes, be_herald, &theirs);
    }
    pthread_attr_destroy(&attributes);
    if (error == 0) {
        clock_gettime(CLOCK_REALTIME, &deadline);
        deadline.tv_sec += WAIT_SECONDS;
        error = pthread_timedjoin_np(thread, NULL, &deadline);
    }
    if (error == 0) {
        struct tids ours = find_tid();

        tid_at = common_place(&ours, &theirs);
    }
    return error;
}

/* Not of malloc's, whose figures are to be the application's. */
static char *image_room(size_t bytes)
{
    static char room[IMAGE_BYTES] __attribute__((aligned(sizeof(uint64_t))));

    if (bytes <= sizeof room) {
        return room;
    }
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

/*
 * What isn't zero, which is little: the rest is room for libraries to come. By words, as all
 * that is laid out there begins with one.
 */
static bool keep_image(const char *pointer)
{
    const uint64_t *first = (const uint64_t *)(pointer + description_at - static_bytes);
    const uint64_t *end = (const uint64_t *)(pointer + static_bytes);

    while (first < end && *first == 0) {
        first++;
    }
    while (end > first && end[-1] == 0) {
        end--;
    }
    image.bytes = (size_t)((const char *)end - (const char *)first);
    char *content = image_room(image.bytes);
    if (!content) {
        return false;
    }
    image.content = memcpy(content, first, image.bytes);
    image.first = (const char *)first - pointer;
    image.made_for = (uintptr_t)pointer;
    return true;
}

static int have_image_made(char *pointer, allocate_tls *allocate)
{
    if (!allocate(pointer)) {
        return ENOMEM;
    }
    const struct entry *vector = ((struct entry **)pointer)[VECTOR_WORD] - 1;
    if (vector->value > ENTRIES - 2) {
        return E2BIG;
    }
    image.vector = vector;
    return keep_image(pointer) ? 0 : ENOMEM;
}

static int learn_in(char *memory, size_t bytes, allocate_tls *allocate)
{
    int error = send_herald(memory, bytes);

    if (error != 0) {
        return error;
    }
    if (tid_at == TID_NONE) {
        return ENOTSUP;
    }
    if (madvise(memory, bytes, MADV_DONTNEED) != 0) {
        return errno;
    }
    uintptr_t pointer = (uintptr_t)memory + bytes - ra_tls_room().above;
    return have_image_made((char *)(pointer - pointer % alignment), allocate);
}

int ra_tls_learn(void)
{
    get_static_info *get = (get_static_info *)ra_elf_symbol_anywhere("_dl_get_tls_static_info");
    allocate_tls *allocate = (allocate_tls *)ra_elf_symbol_anywhere("_dl_allocate_tls");
    const ptrdiff_t *rseq = ra_elf_symbol_anywhere("__rseq_offset");

    if (!get || !allocate) {
        return ENOSYS;
    }
    get(&static_bytes, &alignment);
    static_bytes = (static_bytes + sizeof(uint64_t) - 1) & ~(sizeof(uint64_t) - 1);
    rseq_at = rseq ? *rseq : 0;
    description_at = (char *)pthread_self() - (char *)__builtin_thread_pointer();
    struct ra_tls_room room = ra_tls_room();
    size_t bytes = (room.below + room.above + STACK_BYTES + 4095) & ~(size_t)4095;
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        return errno;
    }
    int error = learn_in(memory, bytes, allocate);
    munmap(memory, bytes);
    return error;
}

/* What lay in the image's memory lies in the new one's. */
static struct entry *make_vector(char *pointer)
{
    struct entry *vector = (struct entry *)(pointer - ra_tls_room().below);
    uintptr_t low = image.made_for + (uintptr_t)description_at - static_bytes;

    memcpy(vector, image.vector, (image.vector->value + 2) * sizeof *vector);
    for (size_t i = 2; i < image.vector->value + 2; i++) {
        if (vector[i].value - low < image.made_for + static_bytes - low) {
            vector[i].value += (uintptr_t)pointer - image.made_for;
        }
    }
    vector->value = ENTRIES - 2;
    return vector + 1;
}

/* What each thread has of its own, and what it has in common with all others. */
static void fill_head(char *pointer)
{
    const char *self = __builtin_thread_pointer();

    ((void **)pointer)[VECTOR_WORD] = make_vector(pointer);
#if defined(__x86_64__)
    enum { HEAD = 0, SELF = 16, MANY = 24, STACK_GUARD = 40, POINTER_GUARD = 48, FEATURES = 72 };

    *(char **)(pointer + HEAD) = *(char **)(pointer + SELF) = pointer;
    memcpy(pointer + MANY, self + MANY, sizeof(int));
    memcpy(pointer + STACK_GUARD, self + STACK_GUARD, sizeof(uintptr_t));
    memcpy(pointer + POINTER_GUARD, self + POINTER_GUARD, sizeof(uintptr_t));
    memcpy(pointer + FEATURES, self + FEATURES, sizeof(int));
#else
    memcpy(pointer + description_at, self + description_at, sizeof(int)); /* whether many */
#endif
}

/* The kernel isn't told of it: libc asks the kernel for the processor then. */
static void fill_rseq(char *pointer)
{
    enum { PROCESSOR_AT = 4 };
    const int32_t unknown = -1;

    if (rseq_at != 0) {
        memcpy(pointer + rseq_at + PROCESSOR_AT, &unknown, sizeof unknown);
    }
}

void ra_tls_fill(char *pointer)
{
    memcpy(pointer + image.first, image.content, image.bytes);
    fill_head(pointer);
    fill_rseq(pointer);
}
