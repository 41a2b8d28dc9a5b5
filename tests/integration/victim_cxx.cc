// A C++ library as a gem brings it: loaded with dlopen, its operators bound to
// whatever the process has. Functions that victim.c calls by name.
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <sys/resource.h>

struct alignas(256) aligned_thing {
    char bytes[256];
};

extern "C" {

void *cxx_new(size_t bytes)
{
    return ::operator new(bytes);
}

void *cxx_new_array(size_t bytes)
{
    return new char[bytes];
}

void *cxx_new_aligned()
{
    return new aligned_thing;
}

// NULL when std::bad_alloc was thrown and could be caught.
void *cxx_new_caught(size_t bytes)
{
    try {
        return ::operator new(bytes);
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

// As cxx_new_caught, and a new-handler takes part that gives up at its second call.
static int handler_calls;

static void give_up_at_second_call()
{
    if (++handler_calls == 2) {
        std::set_new_handler(nullptr);
    }
}

void *cxx_new_handler(size_t bytes)
{
    handler_calls = 0;
    std::set_new_handler(give_up_at_second_call);
    void *object = cxx_new_caught(bytes);
    return handler_calls == 2 ? object : &handler_calls;
}

// An array that there is room for only once the new-handler has run.
static struct rlimit room;

static void make_room()
{
    setrlimit(RLIMIT_AS, &room);
}

void *cxx_new_rescued(size_t bytes)
{
    getrlimit(RLIMIT_AS, &room);
    const struct rlimit none = {bytes, room.rlim_max};
    setrlimit(RLIMIT_AS, &none);
    std::set_new_handler(make_room);
    return new (std::nothrow) char[bytes];
}

// A std::string of that many characters: 32 bytes for itself, characters + 1 for the rest.
void *cxx_string(size_t characters)
{
    return new std::string(characters, 'x');
}

void cxx_delete(void *object)
{
    ::operator delete(object);
}

void cxx_delete_array(char *object)
{
    delete[] object;
}

void cxx_delete_aligned(aligned_thing *object)
{
    delete object;
}

void cxx_delete_string(std::string *object)
{
    delete object;
}
}
