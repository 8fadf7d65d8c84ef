    /* Exercise 11.  One number, dy[o,i,j], comes back.  Its y was
     *
     *   y[o,i,j] = b[o] + sum_{ch,u,v} W[o,ch,u,v] x[ch, s i + u - p,
     *                                                s j + v - p]
     *
     * so add what it contributes to the gradient of b[o], and to those of the
     * W and the x of every product: to s->db[o], s->dW[w] and s->dx[at], where
     *
     *   w  = gradus_conv_in_W(c, o, ch, u, v)    is the place of W[o,ch,u,v],
     *   at = in_x(c, ch, i, u, j, v)             that of x, in s->x and s->dx;
     *                                            below 0 if x has none there
     *
     * for all ch below c->in, and u and v below c->kernel.  s->db and s->dx
     * may be NULL: then they are not wanted. */
