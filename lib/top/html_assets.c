/*
 * The page's style and script, as they stand in html.css and html.js. The Makefile names
 * them as what this file depends on.
 */
#include "top/html_parts.h"

#define EMBED(name, file)                                                                          \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global " #name "\n"                                                                  \
            ".type " #name ", %object\n" #name ":\n"                                               \
            ".incbin \"lib/top/" file "\"\n"                                                       \
            ".byte 0\n"                                                                            \
            ".size " #name ", . - " #name "\n"                                                     \
            ".popsection\n")

EMBED(ra_html_css, "html.css");
EMBED(ra_html_js, "html.js");
