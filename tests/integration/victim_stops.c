/*
 * A process that a debugger stops at the stores of the library and sends a signal there
 * (stops.py), with a handler that allocates, or forks and returns in both processes.
 *
 *     victim_stops allocate|fork once|chain
 *
 * Each round is a thread that takes a slot, allocates, forks, and hands its slot on. After it
 * the process reads its own region: every object of SIZE that it or its ancestors made or freed
 * is in there, and no slot was lost. Ends with 0, or says what is wrong and ends with 1.
 *
 * chain: the next round is the child's, for the stores of a child.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>

#include "ruby_alloc/region.h"

#include "victim_common.h"

enum { SIZE = 1000, CLASS = 1024, SLOTS = 4, WAIT_SECONDS = 60, ROUNDS = 60 };

/* For the debugger: whether this is no place to stop; to end after this round. */
volatile sig_atomic_t in_handler, enough;
volatile int rounds;

static volatile long made, freed; /* by this process and its ancestors */
static bool forks, chain;
static volatile bool is_other;  /* the child of a handler: it may go on in the midst of a fork */
static volatile bool on_thread; /* in a child: nobody joins the thread */
static pthread_t main_thread;
static pthread_key_t last_key;
static struct ra_region *copy;

static void fail(const char *what, long found, long expected)
{
    fprintf(stderr, "process %d, round %d: %s %ld, expected %ld\n", (int)getpid(), rounds, what,
            found, expected);
    _exit(1);
}

/* The region of this process; the number of bytes read. */
static size_t read_region(void)
{
    const char *place = getenv("RUBY_ALLOC_DIR");
    DIR *directory = opendir(place);
    char prefix[64], path[4096] = "";
    struct dirent *entry;
    ssize_t bytes = -1;

    snprintf(prefix, sizeof prefix, RA_REGION_PREFIX "%d.", (int)getpid());
    while (directory && (entry = readdir(directory))) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            snprintf(path, sizeof path, "%s/%.256s", place, entry->d_name);
        }
    }
    closedir(directory);
    int file = open(path, O_RDONLY);
    if (file >= 0) {
        bytes = pread(file, copy, sizeof *copy + SLOTS * RA_SLOT_BYTES, 0);
        close(file);
    }
    if (bytes < (ssize_t)sizeof *copy) {
        fail("bytes in the region:", bytes, sizeof *copy);
    }
    return (size_t)bytes;
}

static void require_exact(unsigned live_slots)
{
    in_handler++; /* a directory being read is shared with a forked child */
    size_t bytes = read_region();
    in_handler--;
    unsigned slots = copy->header.slots_ready, live = 0;
    const struct ra_slot *shared[] = {&copy->shared.slot, &copy->inherited.slot};
    unsigned by_request = ra_bucket_of(SIZE), by_usable = ra_freed_of(CLASS);
    uint64_t allocs = 0, frees = 0;

    if (slots > SLOTS || bytes < sizeof *copy + slots * RA_SLOT_BYTES) {
        fail("slots, as some were lost:", slots, SLOTS);
    }
    for (unsigned i = 0; i < slots; i++) {
        allocs += copy->slots[i].alloc[by_request];
        frees += copy->slots[i].freed[by_usable];
        live += copy->slots[i].state == RA_SLOT_LIVE;
    }
    for (unsigned i = 0; i < 2; i++) {
        allocs += shared[i]->alloc[by_request];
        frees += shared[i]->freed[by_usable];
    }
    if (allocs != (uint64_t)made) {
        fail("objects made:", (long)allocs, made);
    }
    if (frees != (uint64_t)freed) {
        fail("objects freed:", (long)frees, freed);
    }
    if (live != live_slots) {
        fail("slots in use:", live, live_slots);
    }
}

static void make_and_free(void)
{
    void *volatile object = malloc(SIZE);

    made++;
    free(object);
    freed++;
}

static void require_success(pid_t child)
{
    int status = 0;
    pid_t ended = waitpid(child, &status, 0);

    if (ended == -1 && is_other) {
        return; /* it is its parent's child, and looked after there */
    }
    if (ended != child || status != 0) {
        fail("wait status of a child:", status, 0);
    }
}

static void handle(int signal)
{
    (void)signal;
    in_handler++;
    if (!forks) {
        make_and_free();
    } else {
        pid_t child = fork();

        if (child == 0) {
            alarm(WAIT_SECONDS);
            is_other = true;
            on_thread = !pthread_equal(main_thread, pthread_self());
            enough = 1;
        } else {
            require_success(child);
        }
    }
    in_handler--;
}

/* After the library has taken the thread's slot: its key is the older one. */
static void look_behind(void *unused)
{
    (void)unused;
    if (on_thread) {
        require_exact(0);
        _exit(0);
    }
}

static void run_round(void);

static void *work(void *unused)
{
    pthread_setspecific(last_key, &last_key);
    for (int i = 0; i < 2; i++) {
        make_and_free();
    }
    pid_t child = fork();
    if (child == 0) {
        alarm(WAIT_SECONDS);
        make_and_free();
        on_thread = true;
        if (chain && !enough && rounds < ROUNDS) {
            run_round();
        }
        require_exact(1);
        return unused;
    }
    require_success(child);
    make_and_free();
    return unused;
}

static void run_round(void)
{
    pthread_t thread;

    rounds++;
    if (pthread_create(&thread, NULL, work, NULL) != 0) {
        stop_with("pthread_create");
    }
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        return 2;
    }
    forks = strcmp(argv[1], "fork") == 0;
    chain = strcmp(argv[2], "chain") == 0;
    copy = map_shared(sizeof *copy + SLOTS * RA_SLOT_BYTES);
    copy = mmap(copy, sizeof *copy + SLOTS * RA_SLOT_BYTES, PROT_READ | PROT_WRITE,
                MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    main_thread = pthread_self();
    signal(SIGUSR1, handle);
    alarm(WAIT_SECONDS);
    make_and_free();
    if (pthread_key_create(&last_key, look_behind) != 0) {
        stop_with("pthread_key_create");
    }
    do {
        run_round();
        require_exact(1);
    } while (!enough && !chain && rounds < ROUNDS);
    return 0;
}
