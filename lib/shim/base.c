#include "base.h"

enum ra_mode ra_mode;
__thread struct ra_thread ra_thread;

/* Where the section begins. */
static char together[] RA_TOGETHER __attribute__((aligned(4096), used)) = "ruby_alloc";
