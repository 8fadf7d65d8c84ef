    /* eps is divided among the other classes. */
    if (label)
        return *label == k ? n->on
                           : n->off * l->classes / (l->classes - 1);
    return l->node.in[1]->y[place(l, i, s, k)];
