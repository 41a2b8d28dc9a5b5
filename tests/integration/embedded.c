/* A program that embeds Ruby and runs its arguments one after the other. */
#include <ruby.h>

int main(int argc, char **argv)
{
    /* An empty program: what Ruby itself has in Ruby is there once options were read. */
    char name[] = "embedded", option[] = "-e", nothing[] = "";
    char *options[] = {name, option, nothing, NULL};
    int state = 0;

    ruby_sysinit(&argc, &argv);
    RUBY_INIT_STACK;
    ruby_init();
    state = ruby_exec_node(ruby_options(3, options));
    for (int i = 1; i < argc && state == 0; i++) {
        rb_eval_string_protect(argv[i], &state);
    }
    return ruby_cleanup(state);
}
