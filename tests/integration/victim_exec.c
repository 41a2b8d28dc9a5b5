/*
 * Starts other programs in each way that C knows, and prints how they ended.
 * With OURS=1 there must be a region, of this process alone, all the while.
 */
#include <dirent.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "victim_common.h"

extern char **environ;

static size_t regions(void)
{
    DIR *entries = opendir(getenv("RUBY_ALLOC_DIR"));
    struct dirent *entry;
    size_t count = 0;

    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        count += strncmp(entry->d_name, "ruby_alloc.", 11) == 0;
    }
    closedir(entries);
    return count;
}

static void show(const char *what, int status)
{
    const char *ours = getenv("OURS");
    size_t expected = ours != NULL && ours[0] == '1';

    if (regions() != expected) {
        printf("%s: %zu regions\n", what, regions());
        exit(5);
    }
    printf("%s: wait status %#x\n", what, (unsigned)status);
    fflush(stdout);
}

static void show_child(const char *what, pid_t child)
{
    int status = -1;

    waitpid(child, &status, 0);
    show(what, status);
}

static void vfork_and_exec(void)
{
    pid_t child = vfork();

    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "echo vfork; exit 7", (char *)NULL);
        _exit(127);
    }
    show_child("vfork and exec", child);
    child = vfork();
    if (child == 0) {
        execl("/nowhere", "nowhere", (char *)NULL);
        _exit(8);
    }
    show_child("vfork and no exec", child);
}

static void spawn_program(void)
{
    char *arguments[] = {(char *)"sh", (char *)"-c", (char *)"echo spawned; exit 9", NULL};
    pid_t child;

    if (posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ) != 0) {
        stop_with("posix_spawn");
    }
    show_child("posix_spawn", child);
    printf("posix_spawn of nothing: %d\n",
           posix_spawn(&child, "/nowhere", NULL, NULL, arguments, environ));
}

static void fork_and_exec(void)
{
    pid_t child = fork();

    if (child == 0) {
        free(make_object(1000));
        execl("/bin/sh", "sh", "-c", "echo forked; kill -9 $$", (char *)NULL);
        _exit(127);
    }
    show_child("fork and exec", child);
}

static void open_pipe(void)
{
    FILE *pipe = popen("echo piped; exit 3", "r");
    char line[64] = "";

    if (pipe == NULL || fgets(line, sizeof line, pipe) == NULL) {
        stop_with("popen");
    }
    printf("%s", line);
    show("popen", pclose(pipe));
}

int main(void)
{
    unsetenv("RUBY_ALLOC_ALL"); /* the shells don't count, as under a Ruby */
    for (int turn = 0; turn < 2; turn++) {
        vfork_and_exec();
        spawn_program();
        show("system", system("echo system; exit 5"));
        fork_and_exec();
        open_pipe();
    }
    execl("/bin/sh", "sh", "-c", "echo replaced", (char *)NULL);
    return 6;
}
