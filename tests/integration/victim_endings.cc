// A library with a thread_local object whose destructor frees, and allocates again.
#include <cstddef>
#include <cstdlib>

namespace
{

struct kept {
    void **objects = nullptr;
    std::size_t count = 0, size = 0;

    ~kept()
    {
        for (std::size_t i = 0; i < count; i++) {
            std::free(objects[i]);
            char *volatile object = static_cast<char *>(std::malloc(size));
            object[0] = 1;
            std::free(object);
        }
    }
};

thread_local kept mine;

} // namespace

// At the end of the calling thread: free these, and make and free as many others.
extern "C" void endings_keep(void **objects, std::size_t count, std::size_t size)
{
    mine.objects = objects;
    mine.count = count;
    mine.size = size;
}
