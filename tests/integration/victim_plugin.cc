// A plugin as a gem ships it: what libc has made for it, and what it has made, it frees.
#include <cstdlib>
#include <cstring>

extern "C" void *plugin_work(const char *text)
{
    free(strdup(text));
    free(realloc(malloc(10), 20));
    return calloc(1, strlen(text) + 1);
}
