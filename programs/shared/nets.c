/* nets.c -- the nets that the programs can train.  The shapes beside the layers
 * are those for images of 28 x 28 pixels and ten classes. */
#include "nets.h"

#include "common.h"

/* Returns h with the dropout of the settings, or h itself if there is none. */
static gradus_node *drop(const settings *s, gradus_node *h)
{
    return s->dropout > 0 ? gradus_dropout(h, s->dropout) : h;
}

/* Dense layers with a ReLU behind each but the last.  --hidden sets how many
 * of these there are, and how wide they are. */
static gradus_node *mlp(const settings *s, gradus_node *h, int classes)
{
    for (int i = 0; i < s->layers; i++)                      /* [B,128] */
        h = drop(s, gradus_relu(gradus_dense(h, s->hidden[i])));
    return gradus_dense(h, classes);                         /* [B,10]  */
}

/* The net of LeCun et al. 1998, but with maxima, ReLU and more channels. */
static gradus_node *lenet(const settings *s, gradus_node *h, int classes)
{
    const gradus_conv2d_options same = { .padding = 2 };

    h = gradus_relu(gradus_conv2d(h, 16, 5, &same));         /* [B,16,28,28] */
    h = gradus_maxpool2d(h, 2, NULL);                        /* [B,16,14,14] */
    h = gradus_relu(gradus_conv2d(h, 32, 5, NULL));          /* [B,32,10,10] */
    h = gradus_maxpool2d(h, 2, NULL);                        /* [B,32,5,5]   */
    h = gradus_relu(gradus_dense(h, 128));                   /* [B,128]      */
    return gradus_dense(drop(s, h), classes);                /* [B,10]       */
}

/* A normalised convolution that keeps the height and width. */
static gradus_node *conv_norm(gradus_node *h, int channels, int kernel)
{
    const gradus_conv2d_options same = { .padding = kernel / 2, .no_bias = 1 };

    return gradus_batchnorm(gradus_conv2d(h, channels, kernel, &same));
}

/* Four convolutions and two dense layers, normalised but for the last. */
static gradus_node *convnet(const settings *s, gradus_node *h, int classes)
{
    h = gradus_relu(conv_norm(h, 24, 5));                    /* [B,24,28,28] */
    h = gradus_maxpool2d(h, 2, NULL);
    h = gradus_relu(conv_norm(h, 48, 3));                    /* [B,48,14,14] */
    h = gradus_relu(conv_norm(h, 48, 3));
    h = gradus_maxpool2d(h, 2, NULL);
    h = gradus_relu(conv_norm(h, 96, 3));                    /* [B,96,7,7]   */
    h = gradus_maxpool2d(h, 2, NULL);
    h = gradus_relu(gradus_batchnorm(gradus_dense(h, 128))); /* [B,128]      */
    return gradus_dense(drop(s, h), classes);                /* [B,10]       */
}

/* A residual block, relu(h + f(h)), as in He et al. 2016; here f is two
 * convolutions. */
static gradus_node *block(gradus_node *h, int channels)
{
    gradus_node *f = gradus_relu(conv_norm(h, channels, 3));

    return gradus_relu(gradus_add(h, conv_norm(f, channels, 3)));
}

/* A residual net of three blocks. */
static gradus_node *residual(const settings *s, gradus_node *h, int classes)
{
    h = block(gradus_relu(conv_norm(h, 16, 3)), 16);         /* [B,16,28,28] */
    h = gradus_maxpool2d(h, 2, NULL);
    h = block(gradus_relu(conv_norm(h, 32, 3)), 32);         /* [B,32,14,14] */
    h = gradus_maxpool2d(h, 2, NULL);
    h = block(gradus_relu(conv_norm(h, 64, 3)), 64);         /* [B,64,7,7]   */
    h = drop(s, gradus_global_avgpool2d(h));                 /* [B,64]       */
    return gradus_dense(h, classes);                         /* [B,10]       */
}

gradus_node *net_logits(const settings *s, gradus_node *x, int classes)
{
    switch (s->net) {
    case NET_LENET: return lenet(s, x, classes);
    case NET_CONVNET: return convnet(s, x, classes);
    case NET_RESIDUAL: return residual(s, x, classes);
    default: return mlp(s, x, classes);
    }
}

int net_takes(const settings *s, const gradus_dataset *d)
{
    const int least = s->net == NET_LENET      ? 12
                      : s->net == NET_CONVNET  ? 8
                      : s->net == NET_RESIDUAL ? 4
                                               : 1;

    if (!d->height || (d->height >= least && d->width >= least))
        return 1;
    complain("%s: --net %s takes images of %d x %d pixels or more; got %d x "
             "%d: take larger ones, or another net", s->data,
             net_name(s->net), least, least, d->height, d->width);
    return 0;
}
