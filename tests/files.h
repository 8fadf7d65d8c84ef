/* files.h -- a temporary folder for a test, and files in it. */
#ifndef FILES_H
#define FILES_H

#include <stddef.h>

/* A checked fixture: makes the folder; removes it with all that is in it. */
void files_begin(void);
void files_end(void);

/* The path of a name in the folder; valid for the next few calls. */
const char *files_path(const char *name);
/* Writes a file; its path. */
const char *files_write(const char *name, const void *bytes, size_t n);
const char *files_write_gz(const char *name, const void *bytes, size_t n);
void files_folder(const char *name);

/* Until files_readable, this process may not read the file, not even as root.
 * 0 where that cannot be had. */
int files_unreadable(const char *path);
void files_readable(void);

/* Until files_point_locale, numbers have a decimal comma; 0 where that cannot
 * be had. */
int files_comma_locale(void);
void files_point_locale(void);

#endif
