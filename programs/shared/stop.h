/* stop.h -- ends a training when the user asks for it. */
#ifndef STOP_H
#define STOP_H

/* From now on Ctrl-C, SIGTERM and SIGHUP (unless it is ignored, as under
 * nohup) are noted, and a second one ends the program at once.  A closed pipe
 * and a file that is too big become errors in place of signals. */
void catch_signals(void);

/* The signal that has come, or 0. */
int stop_signal(void);

#endif
