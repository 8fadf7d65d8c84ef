/* train_flags.c -- reads the command lines of `gradus train` and of `gradus
 * doctor`, which has the same options. */
#define _DEFAULT_SOURCE
#include "train_flags.h"

#include "common.h"

#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: gradus train DATA [options]\n"
    "Trains a net on DATA, validates it with rows that it has not seen, and\n"
    "ends with the weights that did best.  Brackets hold the defaults.\n"
    "\n"
    "DATA is a CSV file (.csv or .csv.gz), a folder that has a folder of PNG\n"
    "and JPEG files for each class, or a folder of four files in MNIST's\n"
    "format.\n"
    "\n"
    "What is learnt from a table:\n"
    "  --label COLUMN    classes: the texts of this column\n"
    "  --target COLUMN   numbers: those of this column; several with commas\n"
    "  --ignore A,B,..   leave these columns out\n"
    "  --missing HOW     what empty fields are taken for: error, mean (and of\n"
    "                    texts the most frequent) or most-frequent (error)\n"
    "  --indicators      a column with empty fields gets one more value, 1\n"
    "                    where its field is empty\n"
    "  --no-header       the first row is data; columns are 1, 2, ..\n"
    "\n"
    "Of a folder of images:\n"
    "  --size HxW        make all images of this size (32x32)\n"
    "  --grey            make them grey\n"
    "\n"
    "What it is held against:\n"
    "  --valid F|DATA    the fraction of the rows, or other data, to validate\n"
    "                    with after each epoch (0.2)\n"
    "  --group COLUMN    rows with the same text in this column, such as those\n"
    "                    of one patient, all train or all validate; the column\n"
    "                    itself is left out\n"
    "  --test DATA       other data, looked at once, at the end (of MNIST's\n"
    "                    format: the test images)\n"
    "  --patience N      stop after N epochs without a better validation loss,\n"
    "                    where 0 is never (a quarter of the epochs, at least 10)\n"
    "\n"
    "How it is trained:\n"
    "  --net NAME        mlp, lenet, convnet or residual (mlp; lenet of images)\n"
    "  --hidden N,N,...  units of each hidden layer of the mlp (100)\n"
    "  --from MODEL      begin with the net and the weights of MODEL\n"
    "  --augment, --flip change training images at random\n"
    "  --dropout F       the fraction of hidden units left out at random (0;\n"
    "                    tables of up to 10,000 rows 0.2, convnet 0.3)\n"
    "  --epochs N        how often the net sees every row (so that there are\n"
    "                    about 3,000 steps; 10 to 300, tables 30 to 300)\n"
    "  --batch N         rows per step (32; 64 of more than 5,000 rows)\n"
    "  --optim NAME      sgd, adam, adamw or rmsprop (adamw)\n"
    "  --lr F            the highest learning rate (0.002; sgd 0.05)\n"
    "  --schedule NAME   linear, constant, step, cosine or one-cycle (cosine)\n"
    "  --momentum F, --weight-decay F\n"
    "                    of the optimiser (sgd 0.9; adamw 0.01, or 0.5 with\n"
    "                    tables, sgd 0.0002)\n"
    "  --threads N       how many threads compute, where 0 is one for each\n"
    "                    core (0); the weights are the same with any number\n"
    "  --seed N          decides every random choice (1)\n"
    "\n"
    "What is kept:\n"
    "  --save FILE       write the model to FILE\n"
    "  --log FILE        write a line for each epoch to FILE, as CSV\n"
    "  --report FILE     write a page of HTML to FILE: how good the net is,\n"
    "                    and where it errs\n"
    "  --checkpoint FILE, --every N or Ns, --keep N, --resume\n"
    "                    as mnist-train has them: go on after a crash\n"
    "  --replay FILE     keep a step that fails, as numbers may overflow, in\n"
    "                    FILE: gradus replay FILE shows where it went wrong\n"
    "  --json            print one JSON object on stdout, and nothing else\n"
    "  -h, --help        print this\n"
    "\n"
    "Exit status: 0 on success, 1 on an error, 2 for a wrong command line,\n"
    "130 (Ctrl-C), 143 (SIGTERM) or 129 (SIGHUP) if a signal stopped it.\n";

/* The first is one of doctor alone. */
static const struct option options[] = {
    {"model", required_argument, NULL, 'U'},
    TRAINING_OPTIONS,
    {"label", required_argument, NULL, 'L'},
    {"target", required_argument, NULL, 'T'},
    {"ignore", required_argument, NULL, 'I'},
    {"group", required_argument, NULL, 'g'},
    {"missing", required_argument, NULL, 'M'},
    {"indicators", no_argument, NULL, 'D'},
    {"no-header", no_argument, NULL, 'N'},
    {"size", required_argument, NULL, 'Z'},
    {"grey", no_argument, NULL, 'G'},
    {"valid", required_argument, NULL, 'V'},
    {"test", required_argument, NULL, 'X'},
    {"patience", required_argument, NULL, 'P'},
    {"from", required_argument, NULL, 'F'},
    {"log", required_argument, NULL, 'O'},
    {"report", required_argument, NULL, 'Q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

/* A text that is a number is a fraction; any other names data. */
static void take_valid(train_flags *f, const char *text)
{
    if (!*text || text[strspn(text, "0123456789.eE+-")]) {
        f->valid = text;
        return;
    }
    f->fraction = real_number("--valid", text, 1);
    if (f->fraction == 0)
        usage_error("--valid 0: must be more than 0 and less than 1, or the "
                    "path of other data");
}

static gradus_missing missing_of(const char *text)
{
    static const char *const names[] = { "error", "mean", "most-frequent" };

    for (int i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0)
            return (gradus_missing)i;
    usage_error("--missing '%s': must be error, mean or most-frequent", text);
}

/* Takes an option that is not one of every training. */
static void take(train_flags *f, int letter, char *value)
{
    switch (letter) {
    case 'L': f->of.label = value; break;
    case 'T': take_columns("--target", value, f->of.targets); break;
    case 'I': take_columns("--ignore", value, f->of.ignore); break;
    case 'g': f->of.group = value; break;
    case 'M': f->of.missing = missing_of(value); break;
    case 'D': f->of.indicators = 1; break;
    case 'N': f->of.no_header = 1; break;
    case 'Z': take_size(value, &f->of); break;
    case 'G': f->of.grey = 1; break;
    case 'V': take_valid(f, value); break;
    case 'X': f->test = value; break;
    case 'P': f->patience = whole_int("--patience", value, 0, 100000); break;
    case 'F': f->from = value; break;
    case 'O': f->s.log = value; break;
    case 'Q': f->report = value; break;
    case 'U': f->model = path("--model", value, "a model file"); break;
    default: wrong_option();
    }
}

/* Leaves the column of the groups out of the inputs. */
static void leave_out_group(train_flags *f)
{
    const char *group = f->of.group;
    int n = 0;

    if (f->valid)
        usage_error("--group and --valid %s do not go together: other data "
                    "validate, so no rows are divided; leave one of them out",
                    f->valid);
    if (f->of.label && strcmp(f->of.label, group) == 0)
        usage_error("--group and --label are both '%s'; must be two columns",
                    group);
    for (int i = 0; f->of.targets[i]; i++)
        if (strcmp(f->of.targets[i], group) == 0)
            usage_error("--group and --target are both '%s'; must be two "
                        "columns", group);
    while (f->of.ignore[n] && strcmp(f->of.ignore[n], group) != 0)
        n++;
    if (n == MAX_COLUMNS)
        usage_error("--ignore: got %d columns; must be fewer, as --group "
                    "leaves one out, too", n);
    f->of.ignore[n] = group;
}

/* Refuses to write a file that is read, or two files with one name.  A model
 * that is saved may take the place of the one that it began with. */
static void refuse_files(const train_flags *f)
{
    const named_path read[] = { { "DATA", f->s.data }, { "--valid", f->valid },
                                { "--test", f->test }, { NULL, NULL } },
                     from[] = { { "--from", f->from }, { NULL, NULL } };
    settings others = f->s;

    refuse_overwriting(&f->s, f->report, read);
    others.save = NULL;
    refuse_overwriting(&others, f->report, from);
}

/* Reads the options into f; `text` is what --help prints. */
static void take_all(train_flags *f, int argc, char **argv,
                     const struct option *known, const char *text)
{
    int others = 0; /* that say how to train */

    for (int c; (c = next_option(argc, argv, "h", known)) != -1;) {
        if (c == 'h') {
            fputs(text, stdout);
            exit(finish_stdout());
        }
        f->net_given |= c == 'n';
        others |= c != 'U' && c != 'j' && c != 't';
        if (!take_option(&f->s, c, optarg))
            take(f, c, optarg);
    }
    if (f->model && others)
        usage_error("--model goes with --json and --threads alone: the model "
                    "says what its net and its data are; leave the other "
                    "options out");
}

static train_flags parse(int argc, char **argv, const struct option *known,
                         const char *text)
{
    train_flags f = {
        .s = { .optim = ADAMW, .schedule = COSINE, .lr = -1, .momentum = -1,
               .weight_decay = -1, .dropout = -1, .seed = 1 },
        .of = { .height = 32, .width = 32 }, .fraction = 0.2, .patience = -1 };

    take_all(&f, argc, argv, known, text);
    if (optind != argc - 1)
        usage_error("%s: got %s%s; must be one DATA: a CSV file or a folder",
                    argv[0], optind < argc ? "another argument, " : "no DATA",
                    optind < argc ? argv[optind + 1] : "");
    f.s.data = argv[optind];
    if (f.valid && is_one_file(f.valid, f.s.data))
        usage_error("--valid '%s': is DATA, too; must be other data, or a "
                    "fraction of the rows, or nothing tells whether the net "
                    "has only learnt them by heart", f.valid);
    if (f.test && is_one_file(f.test, f.s.data))
        usage_error("--test '%s': is DATA, too; must be other data, of which "
                    "the net has seen nothing", f.test);
    if (f.s.lr == 0)
        usage_error("--lr 0: must be more than 0, or nothing is learnt");
    if (f.of.label && f.of.targets[0])
        usage_error("--label and --target do not go together: a net learns "
                    "classes or numbers; leave one of them out");
    refuse_pairs(&f.s);
    refuse_files(&f);
    if (f.of.group)
        leave_out_group(&f);
    return f;
}

train_flags parse_train(int argc, char **argv)
{
    return parse(argc, argv, options + 1, help);
}

train_flags parse_doctor(int argc, char **argv, const char *text)
{
    return parse(argc, argv, options, text);
}
