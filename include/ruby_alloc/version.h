/*
 * The version of ruby_alloc: of the library, the tool and this reader API together.
 * The layout of the region has a version of its own (region.h).
 */
#ifndef RUBY_ALLOC_VERSION_H
#define RUBY_ALLOC_VERSION_H

#define RUBY_ALLOC_VERSION "0.1.0"

#endif
