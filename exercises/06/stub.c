    /* Exercise 06.  Return t_k before any weight multiplies it.  If there is a
     * label (label is not NULL), that is, by (S5),
     *
     *   (1 - eps) [k = *label] + eps / K
     *
     * where [..] is 1 if it is true and 0 if not, n->on is 1 - eps, and n->off
     * is eps / K.  If there is none, the targets were fed, and t_k is the
     * number at place(l, i, s, k) of l->node.in[1]->y. */
    return 0;
