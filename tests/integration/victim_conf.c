/* A program that looks like a Ruby and brings settings of its own for jemalloc. */
#include <unistd.h>

extern const char *malloc_conf;
extern const char ruby_version[];
const char *malloc_conf = "narenas:7";
const char ruby_version[] = "3.1.7";

int main(void)
{
    pause();
    return 0;
}
