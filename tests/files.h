/* files.h -- a temporary folder for a test, and files in it. */
#ifndef FILES_H
#define FILES_H

#include <stddef.h>

/* For EACH_TEST: makes the folder before a test, and removes it with
 * everything in it after the test. */
void files_begin(void);
void files_end(void);

/* Returns the path of this name in the folder.  It is valid for the next seven
 * calls of a function that returns a path. */
const char *files_path(const char *name);
/* Writes n bytes to a file of this name, plain or compressed by gzip, and
 * returns its path. */
const char *files_write(const char *name, const void *bytes, size_t n);
const char *files_write_gz(const char *name, const void *bytes, size_t n);
/* Makes a folder of this name. */
void files_folder(const char *name);

/* Names a case of a loop for messages, such as "cut at 7".  The name is valid
 * until the next call. */
const char *files_case(const char *what, size_t where);

/* Takes away this process's right to read the file, even if it runs as root,
 * until files_readable is called.  Returns 0 where that is not possible. */
int files_unreadable(const char *path);
void files_readable(void);

/* Sets a locale whose numbers have a decimal comma, until files_point_locale
 * is called.  Returns 0 where there is no such locale. */
int files_comma_locale(void);
void files_point_locale(void);

#endif
