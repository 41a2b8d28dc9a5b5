/*
 * A process that allocates exactly what it is told to, and nothing else, while
 * a test looks at it from outside. Usage: victim SCRIPT [CHILD_SCRIPT]
 *
 * A script is a list of words separated by spaces: NAME[:COUNT[:ARGUMENT...]].
 * Objects are kept on a stack: calls that make objects push them, calls that
 * free pop them, calls that resize replace the topmost COUNT. Other words:
 *
 *   /          print "ready", wait for a byte on stdin (end of file: leave)
 *   null:N     push N null pointers
 *   trace      from here on, print the outcome of every call
 *   nallocx:N:SIZE:FLAGS   print the allocator's size class for a request
 *   unset:NAME take a variable out of the environment
 *   load:PATH  dlopen a library in which names are looked up from here on
 *   fork       the child goes on with CHILD_SCRIPT, talking on descriptors 3, 4
 *   kill:SIG, exit:STATUS (by _exit)
 *   exec       replace the process by a victim that runs CHILD_SCRIPT
 *
 * The process allocates nothing between two words: the stack is mapped, names
 * are looked up before the first word, output goes out by write(2).
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "victim_calls.h"

enum { STACK_MAX = 1 << 20, ARGUMENT_MAX = 4, UNTOUCHED_ERRNO = 4711, TOUCH_BYTES = 8192 };

struct word {
    char name[48];
    const char *text; /* what follows the first colon, up to the next space */
    size_t count;
    size_t arguments[ARGUMENT_MAX];
};

static void **stack;
static size_t depth;
static bool tracing;
static int in = STDIN_FILENO, out = STDOUT_FILENO;
static size_t (*nallocx_call)(size_t, int);
static const char nothrow = 0; /* std::nothrow: an empty object, only its address is passed */

static void put(const char *text)
{
    size_t length = strlen(text);

    while (length > 0) {
        ssize_t n = write(out, text, length);

        if (n < 0) {
            _exit(4);
        }
        text += n;
        length -= (size_t)n;
    }
}

static void put_number(size_t number)
{
    char digits[24], *p = digits + sizeof digits;

    *--p = 0;
    do {
        *--p = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put(" ");
    put(p);
}

static void fail(const char *what, const char *name)
{
    out = STDERR_FILENO;
    put("victim: ");
    put(what);
    put(": ");
    put(name);
    put("\n");
    _exit(3);
}

static void pause_for_test(void)
{
    char byte;

    put("ready\n");
    if (read(in, &byte, 1) != 1) {
        exit(0);
    }
}

static void look_up(void *library)
{
    for (size_t i = 0; i < CALL_COUNT; i++) {
        if (calls[i].function == NULL) {
            calls[i].function = dlsym(library, calls[i].name);
        }
    }
    *(void **)&nallocx_call = dlsym(RTLD_DEFAULT, "nallocx");
}

/* The first and last bytes of each object hold a pattern, to see that no resize loses it. */
static void fill(void *object, size_t bytes)
{
    if (bytes > 0) {
        memset(object, 0x5a, bytes < TOUCH_BYTES ? bytes : TOUCH_BYTES);
        ((unsigned char *)object)[bytes - 1] = 0x5a;
    }
}

static void require_bytes(const unsigned char *object, size_t bytes, unsigned char value,
                          const char *name)
{
    for (size_t i = 0; i < bytes && i < TOUCH_BYTES; i++) {
        if (object[i] != value) {
            fail("wrong contents", name);
        }
    }
}

/* What the call promises: operators take it second, jemalloc as a logarithm. */
static size_t alignment_of(const struct word *word)
{
    if (strncmp(word->name, "_Zn", 3) == 0 && strstr(word->name, "align") != NULL) {
        return word->arguments[1];
    }
    if (strcmp(word->name, "mallocx") == 0) {
        return (size_t)1 << (word->arguments[1] & 0x3f);
    }
    return strstr(word->name, "align") != NULL ? word->arguments[0] : 8;
}

static void trace(const struct word *word, const struct call *call, void *object, size_t answer,
                  int error)
{
    put(word->name);
    for (size_t i = 0; i < ARGUMENT_MAX; i++) {
        put_number(word->arguments[i]);
    }
    if (call->effect != FREE && call->effect != ASK) {
        size_t align = alignment_of(word);

        put(object != NULL ? ": object" : ": null");
        put_number(object != NULL ? malloc_usable_size(object) : 0);
        put(align > 0 && (uintptr_t)object % align == 0 ? " aligned" : " not aligned");
    }
    if (call->effect == ASK || call->effect == MAKE_OUT) {
        put(", answer");
        put_number(answer);
    }
    put(", errno");
    put_number((size_t)error);
    put("\n");
}

static void **place_of(const struct call *call, const struct word *word, size_t turn)
{
    switch (call->effect) {
    case FREE:
        if (depth == 0) {
            fail("nothing to free", word->name);
        }
        return &stack[--depth];
    case RESIZE:
    case ASK:
        if (depth < word->count) {
            fail("too few objects", word->name);
        }
        return &stack[depth - word->count + turn];
    default:
        if (depth == STACK_MAX) {
            fail("too many objects", word->name);
        }
        stack[depth] = NULL;
        return &stack[depth++];
    }
}

static void settle(const struct call *call, const struct word *word, void **place, void *object,
                   size_t old_bytes, int error)
{
    size_t bytes = object != NULL ? malloc_usable_size(object) : 0;

    if (call->effect == RESIZE) {
        if (object == NULL && (error == ENOMEM || strcmp(word->name, "rallocx") == 0)) {
            return; /* the old object is still there */
        }
        require_bytes(object, old_bytes < bytes ? old_bytes : bytes, 0x5a, word->name);
    } else if (strcmp(word->name, "calloc") == 0) {
        require_bytes(object, bytes, 0, word->name);
    }
    fill(object, bytes);
    *place = object;
}

static void call_once(const struct word *word, const struct call *call, size_t turn)
{
    void **place = place_of(call, word, turn);
    uintptr_t values[ARGUMENT_MAX] = {0};
    size_t old_bytes = call->effect == RESIZE && *place ? malloc_usable_size(*place) : 0;
    uintptr_t answer;
    void *object;
    int error;

    for (size_t i = 0; call->parameters[i] != 0; i++) {
        char parameter = call->parameters[i];

        values[i] = parameter == 'p'   ? (uintptr_t)*place
                    : parameter == 'o' ? (uintptr_t)place
                    : parameter == 'n' ? (uintptr_t)&nothrow
                                       : word->arguments[parameter - '0'];
    }
    errno = UNTOUCHED_ERRNO;
    answer = ((any_call *)call->function)(values[0], values[1], values[2], values[3]);
    error = errno;
    object = call->effect == MAKE_OUT ? *place : (void *)answer;
    if (tracing) {
        trace(word, call, object, answer, error);
    }
    if (call->effect == MAKE_FILLED) {
        *place = object;
    } else if (call->effect == MAKE || call->effect == MAKE_OUT || call->effect == RESIZE) {
        settle(call, word, place, object, old_bytes, error);
    }
}

static void call_by_name(const struct word *word)
{
    for (size_t i = 0; i < CALL_COUNT; i++) {
        if (strcmp(calls[i].name, word->name) == 0) {
            if (calls[i].function == NULL) {
                fail("no such function", word->name);
            }
            for (size_t turn = 0; turn < word->count; turn++) {
                call_once(word, &calls[i], turn);
            }
            return;
        }
    }
    fail("unknown word", word->name);
}

static const char *parse(const char *p, struct word *word)
{
    size_t length, i = 0;

    p += strspn(p, " ");
    length = strcspn(p, ": ");
    memset(word, 0, sizeof *word);
    if (length >= sizeof word->name) {
        fail("word too long", p);
    }
    memcpy(word->name, p, length);
    p += length;
    word->text = *p == ':' ? p + 1 : p;
    word->count = 1;
    if (*p == ':') {
        char *end;

        for (word->count = strtoul(p + 1, &end, 0); *end == ':' && i < ARGUMENT_MAX; i++) {
            word->arguments[i] = strtoul(end + 1, &end, 0);
        }
    }
    p += strcspn(p, " ");
    return p + strspn(p, " ");
}

/* The text behind the colon, up to the next space. */
static const char *text_of(const struct word *word)
{
    static char text[4096];
    size_t length = strcspn(word->text, " ");

    if (length >= sizeof text) {
        fail("text too long", word->text);
    }
    memcpy(text, word->text, length);
    text[length] = 0;
    return text;
}

static void load(const struct word *word)
{
    void *library = dlopen(text_of(word), RTLD_NOW);

    if (library == NULL) {
        fail("dlopen", dlerror());
    }
    look_up(library);
}

static void fork_child(const char *child_script);

/* Words that concern the process rather than the allocator. Returns whether it is one. */
static bool run_process_word(const struct word *word, const char *child_script)
{
    if (strcmp(word->name, "load") == 0) {
        load(word);
    } else if (strcmp(word->name, "unset") == 0) {
        unsetenv(text_of(word));
    } else if (strcmp(word->name, "kill") == 0) {
        kill(getpid(), (int)word->count);
    } else if (strcmp(word->name, "exit") == 0) {
        _exit((int)word->count);
    } else if (strcmp(word->name, "exec") == 0) {
        execl("/proc/self/exe", "victim", child_script, (char *)NULL);
        fail("exec", strerror(errno));
    } else if (strcmp(word->name, "fork") == 0) {
        fork_child(child_script);
    } else {
        return false;
    }
    return true;
}

/* What a request gets: jemalloc says so; glibc has steps of 16, of which it keeps 8. */
static size_t class_of(const struct word *word)
{
    const char *backend = getenv("RUBY_ALLOC_BACKEND");
    size_t size = word->arguments[0];

    if (backend == NULL || strcmp(backend, "libc") != 0) {
        return nallocx_call(size, (int)word->arguments[1]);
    }
    return size <= 24 ? 24 : (size + 8 + 15) / 16 * 16 - 8;
}

static void run(const char *script, const char *child_script)
{
    struct word word;

    for (const char *p = script; *p != 0;) {
        p = parse(p, &word);
        if (strcmp(word.name, "/") == 0) {
            pause_for_test();
        } else if (strcmp(word.name, "null") == 0) {
            for (size_t i = 0; i < word.count; i++) {
                stack[depth++] = NULL;
            }
        } else if (strcmp(word.name, "trace") == 0) {
            tracing = true;
        } else if (strcmp(word.name, "nallocx") == 0) {
            put_number(class_of(&word));
            put("\n");
        } else if (!run_process_word(&word, child_script)) {
            call_by_name(&word);
        }
    }
}

static void fork_child(const char *child_script)
{
    pid_t child = fork();

    if (child == 0) {
        in = 3;
        out = 4;
        run(child_script, "");
        exit(0);
    }
    close(3);
    close(4);
    put_number((size_t)child);
    put("\n");
}

int main(int argc, char **argv)
{
    stack = mmap(NULL, STACK_MAX * sizeof *stack, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED || argc < 2) {
        fail("usage", "victim SCRIPT [CHILD_SCRIPT]");
    }
    look_up(RTLD_DEFAULT);
    run(argv[1], argc > 2 ? argv[2] : "");
    return 0;
}
