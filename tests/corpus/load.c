/* load.c -- loads the bad files of tests/corpus/make.py in the present folder,
 * and prints the message of each:
 *
 *     load csv|idx|image|folder PATH..
 *
 * What a file's name begins with says how it is loaded: a CSV file of labels
 * has them in the column y, and one of numbers has no header; IDX files are
 * images or labels; a folder of names may have the classes cat and dog. */
#include <gradus.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool begins(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

static gradus_dataset *load(const char *kind, const char *path)
{
    static uint8_t pixels[3 * 8 * 8];
    static gradus_dataset image;
    static const char *const names[] = { "cat", "dog" };
    gradus_csv_options csv = { 0 };
    gradus_image_folder_options folder = { 0 };
    const char *name = strrchr(path, '/') + 1;

    if (strcmp(kind, "idx") == 0)
        return begins(name, "images") ? gradus_load_idx(path,
                                                        "idx/good-labels")
                                      : gradus_load_idx("idx/good-images",
                                                        path);
    if (strcmp(kind, "image") == 0)
        return gradus_load_image(path, 3, 8, 8, pixels) ? NULL : &image;
    if (strcmp(kind, "folder") == 0) {
        if (begins(name, "names"))
            folder = (gradus_image_folder_options){ names, 2 };
        return gradus_load_image_folder(path, 3, 8, 8, &folder);
    }
    if (begins(name, "label"))
        csv.label = "y";
    if (begins(name, "numbers"))
        csv.header = GRADUS_CSV_NO_HEADER;
    return gradus_load_csv(path, &csv);
}

int main(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        gradus_dataset *d = load(argv[1], argv[i]);
        if (d || !strstr(gradus_error(), argv[i]))
            printf("%s: ", argv[i]); /* what is not in the message */
        puts(d ? "was loaded" : gradus_error());
        gradus_dataset_free(d);
    }
    return 0;
}
