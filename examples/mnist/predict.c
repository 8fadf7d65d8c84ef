/* predict.c -- mnist-predict: says what a model from mnist-train sees in
 * images. */
#define _DEFAULT_SOURCE
#include "common.h"
#include "draw.h"
#include "gradus.h"
#include "openblas.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

const char program[] = "mnist-predict";

static const char help[] =
    "usage: mnist-predict MODEL IMAGE... [options]\n"
    "Says what MODEL, a file that mnist-train saved, sees in each IMAGE, a\n"
    "PNG or JPEG file.  An image is first made grey (or RGB, if the model\n"
    "takes that) and resized.\n"
    "\n"
    "  --show    draw the pixels that the net sees, and every probability\n"
    "  --invert  swap light and dark: MNIST is light on dark\n"
    "  --json    print one JSON object on stdout, and nothing else:\n"
    "              {\"images\": [{\"file\": \"7.png\", \"class\": \"7\",\n"
    "                           \"probability\": 0.998,\n"
    "                           \"probabilities\": [0.001, ...]}, ...]}\n"
    "            The probabilities are in the order of the model's classes.\n"
    "            An image that cannot be read is left out.\n"
    "  --help    print this\n"
    "\n"
    "Exit status: 0 on success, 1 if the model or any of the images could\n"
    "not be read, 2 for a wrong command line.\n";

typedef struct {
    int json, show, invert;
} settings;

/* A model that is ready to read one image at a time. */
typedef struct {
    gradus_graph *graph;
    gradus_workspace *workspace;
    int channels, height, width, classes;
    int name_width;  /* bytes of the longest class name */
    uint8_t *pixels; /* [channels,height,width] */
} reader;

static settings parse_options(int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"show", no_argument, NULL, 's'},
                                            {"invert", no_argument, NULL, 'i'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    settings s = {0};
    for (int c; (c = next_option(argc, argv, "", options)) != -1;)
        switch (c) {
        case 'j': s.json = 1; break;
        case 's': s.show = 1; break;
        case 'i': s.invert = 1; break;
        case 'h':
            fputs(help, stdout);
            exit(finish_stdout());
        default: wrong_option();
        }
    if (argc - optind < 2)
        usage_error("got %s; must get a MODEL that mnist-train saved, and at "
                    "least one IMAGE",
                    argc > optind ? "a MODEL and no IMAGE" : "no files");
    for (int i = optind; i < argc; i++)
        if (!*argv[i])
            usage_error("the name of %s is empty; must name a file",
                        i == optind ? "MODEL" : "an IMAGE");
    return s;
}

/* The name of class k as the file has it, which JSON can hold.  On a terminal
 * its control characters would act, so there it is made printable. */
static const char *class_name(const reader *r, int k)
{
    static char number[16];
    if (gradus_class_count(r->graph) == r->classes)
        return gradus_class_name(r->graph, k);
    snprintf(number, sizeof number, "%d", k);
    return number;
}

/* Opens the model at the path; `image` is the first image.  Returns 0, or 1
 * with a message, which says so if the two are swapped. */
static int open_model(reader *r, const char *path, const char *image)
{
    r->graph = gradus_load(path, 1, 1, NULL);
    if (!r->graph) {
        complain("%s; MODEL must be a file that mnist-train saved",
                 gradus_error());
        gradus_graph *swapped = gradus_load(image, 1, 1, NULL);
        if (swapped)
            complain("MODEL and IMAGE seem to be swapped: %s is a model",
                     image);
        gradus_graph_free(swapped);
        return 1;
    }
    gradus_node *in = gradus_node_at(r->graph, 0);
    int inputs = 0;
    for (int i = 0; i < gradus_node_count(r->graph); i++) {
        const char *op = gradus_node_op(gradus_node_at(r->graph, i));
        inputs += strcmp(op, "input") == 0;
    }
    gradus_node *out =
        gradus_node_at(r->graph, gradus_node_count(r->graph) - 1);
    int shape[GRADUS_MAX_RANK];
    if (strcmp(gradus_node_op(in), "input") != 0 || inputs != 1 ||
        gradus_node_shape(in, shape) != 3 ||
        strcmp(gradus_node_op(out), "softmax_ce") != 0 ||
        gradus_node_shape(out, NULL) != 1) {
        complain("%s: this model does not sort images into classes; MODEL "
                 "must be a file that mnist-train saved", path);
        return 1;
    }
    r->channels = shape[0];
    r->height = shape[1];
    r->width = shape[2];
    r->classes = gradus_node_size(out);
    for (int k = 0; k < r->classes; k++) {
        int width = (int)strlen(printable(class_name(r, k)));
        r->name_width = width > r->name_width ? width : r->name_width;
    }
    r->pixels = malloc((size_t)gradus_node_size(in));
    r->workspace = gradus_workspace_new(r->graph, 1);
    if (!r->pixels || !r->workspace)
        complain("%s", r->pixels ? gradus_error() : "out of memory");
    return !r->pixels || !r->workspace;
}

/* ---- Pixels ---- */

/* Returns the mean of the outermost rows and columns, over all channels. */
static double border_mean(const reader *r)
{
    double sum = 0, count = 0;
    for (int c = 0; c < r->channels; c++)
        for (int i = 0; i < r->height; i++)
            for (int j = 0; j < r->width; j++)
                if (!i || !j || i == r->height - 1 || j == r->width - 1) {
                    sum += r->pixels[(c * r->height + i) * r->width + j];
                    count++;
                }
    return sum / count;
}

/* Reads the image into r->pixels, and gives a hint if a grey image has a light
 * border.  Returns 0, or 1 with a message if it cannot be read. */
static int load_pixels(const reader *r, const char *path, int invert)
{
    if (gradus_load_image(path, r->channels, r->height, r->width, r->pixels)) {
        complain("%s", gradus_error());
        return 1;
    }
    for (int i = 0; invert && i < r->channels * r->height * r->width; i++)
        r->pixels[i] = (uint8_t)(255 - r->pixels[i]);
    if (r->channels == 1 && border_mean(r) > 127)
        complain("%s: seems to be dark on light; MNIST is light on dark, so "
                 "try with%s --invert", path, invert ? "out" : "");
    return 0;
}

/* ---- --show ---- */

static void draw_probability(const reader *r, FILE *out, int k, double p)
{
    static const char bar[] = "####################";
    fprintf(out, "  %-*s %5.1f %%  %.*s", r->name_width,
            printable(class_name(r, k)), 100 * p, (int)(p * (sizeof bar - 1) + 0.5), bar);
}

/* Draws the pixels, and beside them the probability p[k] of each class. */
static void show(const reader *r, FILE *out, int blocks, const gradus_real *p)
{
    const drawing d = {.pixels = r->pixels, .channels = r->channels,
                       .height = r->height, .width = r->width,
                       .blocks = blocks};
    for (int i = 0; i < draw_lines(&d) || i < r->classes; i++) {
        draw_line(out, &d, i);
        if (i < r->classes)
            draw_probability(r, out, i, p[i]);
        fputc('\n', out);
    }
}

/* ---- Answers ---- */

/* Returns the class, other than `except`, with the largest p [classes]. */
static int best_of(const gradus_real *p, int classes, int except)
{
    int best = except == 0 && classes > 1 ? 1 : 0;
    for (int k = 0; k < classes; k++)
        if (k != except && p[k] > p[best])
            best = k;
    return best;
}

/* Prints a line such as "7.png: 7 (99.8 %), else 9 (0.1 %)". */
static void print_answer(const reader *r, const char *path,
                         const gradus_real *p)
{
    int first = best_of(p, r->classes, -1);
    int second = best_of(p, r->classes, first);
    printf("%s: %s (%.1f %%)", printable(path),
           printable(class_name(r, first)), 100 * p[first]);
    if (second != first)
        printf(", else %s (%.1f %%)", printable(class_name(r, second)),
               100 * p[second]);
    putchar('\n');
}

/* Appends the answer to the JSON array.  Returns 0, or 1 with a message. */
static int add_answer(const reader *r, const char *path, const gradus_real *p,
                      json_t *list)
{
    int first = best_of(p, r->classes, -1), failed = 0;
    json_t *all = json_array();
    for (int k = 0; k < r->classes; k++)
        failed |= json_array_append_new(all, json_real(p[k]));
    failed |= json_array_append_new(
        list, json_pack("{s:o, s:s, s:f, s:o}", "file", json_text(path), "class",
                        class_name(r, first), "probability", (double)p[first],
                        "probabilities", all));
    if (failed)
        complain("%s: left out of the JSON, as memory ran out", path);
    return failed ? 1 : 0;
}

/* Reads one image and gives the answer: into the JSON array `list` or, if that
 * is NULL, in words. */
static int read_image(const reader *r, const settings *s, const char *path,
                      int utf8, json_t *list)
{
    if (load_pixels(r, path, s->invert))
        return 1;
    const gradus_real *p = gradus_infer_u8(r->workspace, r->pixels, 1);
    if (!p) {
        complain("%s: %s", path, gradus_error());
        return 1;
    }
    FILE *out = list ? stderr : stdout; /* where the picture is drawn */
    if (s->show)
        show(r, out, utf8 && may_colour(out), p);
    if (list)
        return add_answer(r, path, p, list);
    print_answer(r, path, p);
    return 0;
}

int main(int argc, char **argv)
{
    openblas_may_hang();
    settings s = parse_options(argc, argv);
    int utf8 = use_utf8();
    reader r = {0};
    signal(SIGPIPE, SIG_IGN); /* finish_stdout notices a closed pipe */
    int failed = open_model(&r, argv[optind], argv[optind + 1]) ||
                 !openblas_has_room(1);
    if (!failed) {
        json_t *list = s.json ? json_array() : NULL;
        for (int i = optind + 1; i < argc; i++)
            failed |= read_image(&r, &s, argv[i], utf8, list);
        if (s.json)
            failed |= print_json(json_pack("{s:o}", "images", list));
    }
    gradus_workspace_free(r.workspace);
    gradus_graph_free(r.graph);
    free(r.pixels);
    failed |= finish_stdout();
    return failed;
}
