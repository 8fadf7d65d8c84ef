/* html.h -- writes a page of HTML that needs no other file: its head, texts
 * from outside, numbers.  What is called f is the page. */
#ifndef HTML_H
#define HTML_H

#include <stdio.h>

/* The head of a page with this title, up to <main>, and its end. */
void html_head(FILE *f, const char *title);
void html_tail(FILE *f);

/* The text as it may stand in HTML, also within quotes; control characters and
 * bytes that are no UTF-8 are shown as \x1b.  Valid for the next seven calls,
 * as are the three below. */
const char *escaped(const char *text);

/* A count, such as 10,000. */
const char *grouped(size_t n);
/* What was measured, with about four digits; "–" if it is not finite. */
const char *measured(double v);
/* A value of a table, with all digits of a float; "–" if it is missing. */
const char *exact(double v);

/* The start of a table with this caption, which can be scrolled sideways where
 * it is too wide, and its end. */
void table_begin(FILE *f, const char *caption);
void table_end(FILE *f);

/* Its head: one row of names, which the list ends with NULL.  That of a column
 * of texts, which stand at the left, begins with |. */
void table_head(FILE *f, const char *const *names);

/* A row of a name and a text, unless the text is NULL. */
void table_row(FILE *f, const char *name, const char *text);

#endif
