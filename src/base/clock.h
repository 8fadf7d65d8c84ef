/* clock.h -- the time that has passed. */
#ifndef GRADUS_CLOCK_H
#define GRADUS_CLOCK_H

/* Seconds since some fixed moment. */
double gradus_now(void);

#endif
