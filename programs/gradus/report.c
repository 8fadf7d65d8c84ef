/* report.c -- gradus report: a page of HTML about a net and how good it is. */
#define _DEFAULT_SOURCE
#include "report.h"

#include "command.h"
#include "common.h"
#include "model.h"
#include "openblas.h"
#include "source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "usage: gradus report MODEL DATA [options]\n"
    "Writes a page of HTML about the net MODEL: how well it predicts DATA,\n"
    "where it errs, and what it looks at.  The page is one file that needs\n"
    "no other; any browser shows it.  Brackets hold the defaults.\n"
    "\n"
    "MODEL is what gradus train or mnist-train has saved.  DATA is of the\n"
    "kind that it was trained on, and says what is right; of a folder in\n"
    "MNIST's format, it is the test images.\n"
    "\n"
    "  --log FILE  the log of the training (--log of gradus train), for\n"
    "              curves of its epochs\n"
    "  --out FILE  the page (report.html)\n"
    "  -h, --help  print this\n"
    "\n"
    "gradus train --report FILE writes such a page when it has trained.\n"
    "Exit status: 0 on success, 1 on an error, 2 for a wrong command line.\n";

/* ---- the file ----------------------------------------------------------- */

/* A file that is written, and then gets its name. */
typedef struct {
    const char *path;
    char temporary[4096]; /* "" if the path is a device, say, and is written
                             itself */
    FILE *f;
} output;

static int open_output(output *o, const char *path)
{
    struct stat st;
    const int plain = stat(path, &st) || S_ISREG(st.st_mode);
    const int n = snprintf(o->temporary, sizeof o->temporary, "%s.%ld.tmp",
                           plain ? path : "", (long)getpid());

    o->path = path;
    if (!plain)
        *o->temporary = '\0';
    errno = ENAMETOOLONG;
    o->f = n >= (int)sizeof o->temporary
               ? NULL : fopen(plain ? o->temporary : path, "w");
    if (!o->f)
        complain("%s: the report cannot be written: %s", path,
                 strerror(errno));
    return o->f ? 0 : -1;
}

/* Ends the file; if keep is 0, it is removed. */
static int close_output(output *o, int keep)
{
    int failed = ferror(o->f);

    failed = fclose(o->f) || failed;
    if (keep && !failed && *o->temporary)
        failed = rename(o->temporary, o->path);
    if (keep && failed)
        complain("%s: the report was not written: %s", o->path,
                 strerror(errno));
    if ((!keep || failed) && *o->temporary)
        unlink(o->temporary);
    return failed ? -1 : 0;
}

int report_try(const char *path)
{
    output o;

    return open_output(&o, path) ? -1 : close_output(&o, 0);
}

int report_write(const report *r, const char *path)
{
    output o;

    if (open_output(&o, path))
        return -1;
    int failed = report_page(o.f, r);
    return close_output(&o, !failed) || failed ? -1 : 0;
}

/* ---- the command -------------------------------------------------------- */

typedef struct {
    const char *model, *data, *log, *out;
} arguments;

static arguments parse(int argc, char **argv)
{
    static const struct option options[] = {
        { "log", required_argument, NULL, 'l' },
        { "out", required_argument, NULL, 'o' },
        { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
    arguments a = { .out = "report.html" };

    for (int c; (c = next_option(argc, argv, "h", options)) != -1;)
        switch (c) {
        case 'l': a.log = optarg; break;
        case 'o': a.out = optarg; break;
        case 'h':
            fputs(help, stdout);
            exit(finish_stdout());
        default: wrong_option();
        }
    if (optind != argc - 2)
        usage_error("report: got %d argument%s; must be two, MODEL and DATA",
                    argc - optind, argc - optind == 1 ? "" : "s");
    a.model = argv[optind];
    a.data = argv[optind + 1];
    refuse_one_file("--out", a.out, "MODEL", a.model);
    refuse_one_file("--out", a.out, "DATA", a.data);
    refuse_one_file("--out", a.out, "--log", a.log);
    return a;
}

/* Do the data say what is right? */
static int says_what_is_right(const model *m, const gradus_dataset *d,
                              const char *path)
{
    if (m->classes ? d->labels != NULL : d->targets != NULL)
        return 1;
    complain("%s: does not have the column that the net predicts; must have "
             "it, so that the predictions can be compared with it", path);
    return 0;
}

/* Fills in the report on a net and its data, and writes it. */
static int make(const arguments *a, const model *m, const source *from)
{
    gradus_graph *g = m->graph;
    const gradus_dataset *d = from->test ? from->test : from->data;
    const char *trained = gradus_metadata(g, "data");
    const char *rows = gradus_metadata(g, "rows");
    score s = { 0 };
    report r = { .graph = g, .table = m->table, .model = a->model,
                 .data = a->data,
                 .shown = { .data = d, .score = &s, .numbered = 1,
                            .unseen = from->test != NULL,
                            .name = from->test  ? "test images"
                                    : d->height ? "images" : "rows" } };
    r.trained_on = !from->test && trained &&
                   strcmp(trained, printable(a->data)) == 0;
    int failed = !says_what_is_right(m, d, a->data) ||
                 (a->log && history_read(&r.history, a->log));
    failed = failed || score_data(&s, g, d, a->data);
    if (rows)
        r.samples = strtoull(rows, NULL, 10) * (size_t)r.history.n;
    failed = failed || report_write(&r, a->out);
    score_free(&s);
    history_free(&r.history);
    return failed;
}

int command_report(int argc, char **argv)
{
    const arguments a = parse(argc, argv);
    source from = { 0 };
    model m = { 0 };
    int failed = report_try(a.out) || open_model(&m, a.model, 0) ||
                 understand_model(&m) ||
                 !openblas_has_room(gradus_threads(m.graph)) ||
                 open_source_for(&from, a.data, &m) || make(&a, &m, &from);

    if (!failed && strcmp(a.out, "/dev/stdout") != 0)
        printf("the report is in %s\n", printable(a.out));
    close_source(&from);
    close_model(&m);
    return failed;
}
