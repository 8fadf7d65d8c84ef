/* ranks.c -- mnist-train is alone. */
#include "ranks.h"

gradus_communicator *ranks_start(void)
{
    return NULL;
}

int ranks_finish(int status)
{
    return status;
}
