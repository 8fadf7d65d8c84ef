/* twin.h -- gradus-double, the same program with numbers of double precision,
 * which differences need: in floats, their digits cancel. */
#ifndef TWIN_H
#define TWIN_H

/* Keeps the name by which this program was called, argv[0] of main: if it has
 * a slash, it tells where gradus-double is. */
void remember_name(const char *name);

/* If this program computes in floats, replaces it by gradus-double, which gets
 * the same arguments; argv[0] is the name of the command.  Returns 0 if it
 * computes in doubles, or -1 with a message on stderr if gradus-double cannot
 * be run. */
int run_in_double(int argc, char **argv);

#endif
