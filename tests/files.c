/* files.c -- a temporary folder for a test, and files in it. */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#include "files.h"

#include <check.h>
#include <ftw.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static char folder[64];

void files_begin(void)
{
    strcpy(folder, "/tmp/gradus-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    chmod(folder, 0755);
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void files_end(void)
{
    ck_assert_int_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

const char *files_path(const char *name)
{
    static _Thread_local char path[8][512];
    static _Thread_local int next;
    next = (next + 1) % 8;
    snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
    return path[next];
}

const char *files_write(const char *name, const void *bytes, size_t n)
{
    const char *path = files_path(name);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

const char *files_write_gz(const char *name, const void *bytes, size_t n)
{
    const char *path = files_path(name);
    gzFile f = gzopen(path, "wb9");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(gzfwrite(bytes, 1, n, f), n);
    ck_assert_int_eq(gzclose(f), Z_OK);
    return path;
}

void files_folder(const char *name)
{
    ck_assert_int_eq(mkdir(files_path(name), 0755), 0);
}

const char *files_case(const char *what, size_t where)
{
    static char name[64];

    snprintf(name, sizeof name, "%s at %zu", what, where);
    return name;
}

int files_unreadable(const char *path)
{
    ck_assert_int_eq(chmod(path, 0), 0);
    if (geteuid() == 0 && seteuid(65534) != 0)
        return 0;
    return access(path, R_OK) != 0 || geteuid() != getuid();
}

void files_readable(void)
{
    if (geteuid() != getuid())
        ck_assert_int_eq(seteuid(getuid()), 0);
}

/* Where no such locale is installed, localedef makes one, if the package
 * locales is installed. */
int files_comma_locale(void)
{
    char command[600];

    if (setlocale(LC_ALL, "de_DE.UTF-8") || setlocale(LC_ALL, "fr_FR.UTF-8"))
        return 1;
    snprintf(command, sizeof command,
             "localedef --no-archive -i de_DE -f UTF-8 %s >/dev/null 2>&1",
             files_path("de_DE.UTF-8"));
    if (system(command) != 0)
        return 0;
    setenv("LOCPATH", files_path(""), 1);
    return setlocale(LC_ALL, "de_DE.UTF-8") != NULL;
}

void files_point_locale(void)
{
    setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
}
