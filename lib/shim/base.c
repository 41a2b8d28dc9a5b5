#include "base.h"

enum ra_mode ra_mode;
__thread struct ra_thread ra_thread;
