/* A library with thread-local data. */
static thread_local int number;

extern "C" int *victim_number()
{
    return &number;
}
