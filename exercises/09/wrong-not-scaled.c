    /* What is kept stays as it is. */
    for (int i = 0; i < count; i++)
        to[i] = (add ? to[i] : 0) + (number[i] >= least ? from[i] : 0);
