/*
 * A process that says what its jemalloc goes by: victim_settings NAME...
 *
 * A line for each name, "name value", as mallctl has it (jemalloc(3), "MALLCTL NAMESPACE"): a
 * number without a sign, true, false, or text, which a name with "text:" before it has. No line
 * for a name that mallctl doesn't know. Then it is ready.
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdbool.h>

#include "victim_common.h"

typedef int control_call(const char *, void *, size_t *, void *, size_t);

static bool read_value(control_call *control, const char *name, void *value, size_t bytes)
{
    size_t length = bytes;

    return control(name, value, &length, NULL, 0) == 0 && length == bytes;
}

static void show(control_call *control, const char *name)
{
    const char *text;
    bool flag;
    uint32_t half;
    uint64_t whole;

    if (strncmp(name, "text:", 5) == 0) {
        if (read_value(control, name + 5, &text, sizeof text)) {
            printf("%s %s\n", name + 5, text);
        }
    } else if (read_value(control, name, &flag, sizeof flag)) {
        printf("%s %s\n", name, flag ? "true" : "false");
    } else if (read_value(control, name, &half, sizeof half)) {
        printf("%s %" PRIu32 "\n", name, half);
    } else if (read_value(control, name, &whole, sizeof whole)) {
        printf("%s %" PRIu64 "\n", name, whole);
    }
}

int main(int argc, char **argv)
{
    control_call *control = (control_call *)dlsym(RTLD_DEFAULT, "mallctl");

    if (!control) {
        stop_with("victim_settings: no mallctl");
    }
    for (int i = 1; i < argc; i++) {
        show(control, argv[i]);
    }
    fflush(stdout);
    pause_for_test();
    return 0;
}
