/* How many objects the handlers of victim_handlers make, each number at most once a fork. */
#ifndef RUBY_ALLOC_TESTS_VICTIM_HANDLERS_H
#define RUBY_ALLOC_TESTS_VICTIM_HANDLERS_H

enum { FORKS = 3, BEFORE = 5, IN_PARENT = 70, IN_CHILD = 900 };

#endif
