    /* What is dropped is left as it is. */
    for (int i = 0; i < count; i++)
        if (number[i] >= least)
            to[i] = (add ? to[i] : 0) + scale * from[i];
