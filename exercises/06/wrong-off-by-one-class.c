    /* Classes are counted from 1. */
    if (label)
        return n->off + (*label == k + 1 ? n->on : 0);
    return l->node.in[1]->y[place(l, i, s, k)];
