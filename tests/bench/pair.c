/* The pair that the budget is about: malloc(40) and its free, as often as asked. */
#include <stdlib.h>

int main(int count, char **arguments)
{
    long pairs = count > 1 ? atol(arguments[1]) : 0;

    for (long i = 0; i < pairs; i++) {
        void *volatile object = malloc(40);

        free(object);
    }
    return 0;
}
