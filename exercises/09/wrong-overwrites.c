    /* Nothing is added up; forward, nothing has to be. */
    for (int i = 0; i < count; i++)
        to[i] = number[i] >= least ? scale * from[i] : 0;
