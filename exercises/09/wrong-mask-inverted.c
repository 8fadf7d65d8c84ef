    /* What is below `least` is kept. */
    for (int i = 0; i < count; i++)
        to[i] = (add ? to[i] : 0) +
                (number[i] < least ? scale * from[i] : 0);
