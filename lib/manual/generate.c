/*
 * generate page TEMPLATE | bash | zsh | fish: writes it to standard output.
 */
#include <errno.h>
#include <string.h>

#include "manual/manual.h"

static int write_page(const char *path)
{
    FILE *template = fopen(path, "r");
    int result;

    if (!template) {
        fprintf(stderr, "generate: %s: %s\n", path, strerror(errno));
        return -1;
    }
    result = ra_manual_page(template, stdout);
    fclose(template);
    return result;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*write)(FILE *stream);
    } shells[] = {{"bash", ra_manual_bash}, {"zsh", ra_manual_zsh}, {"fish", ra_manual_fish}};
    int result = -1;

    if (argc == 3 && strcmp(argv[1], "page") == 0) {
        result = write_page(argv[2]);
    }
    for (size_t i = 0; argc == 2 && i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(argv[1], shells[i].name) == 0) {
            shells[i].write(stdout);
            result = 0;
        }
    }
    return result != 0 || fflush(stdout) != 0 || ferror(stdout);
}
