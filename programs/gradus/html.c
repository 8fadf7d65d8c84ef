/* html.c -- writes a page of HTML that needs no other file.
 *
 * Every text has a contrast of at least 4.5 : 1 to what it stands on, on
 * the shaded cells of a confusion matrix and in dark surroundings. */
#include "html.h"

#include "common.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char style[] =
    ":root{color-scheme:light;--bg:#fff;--fg:#1b1e23;--soft:#50565e;"
    "--line:#d3d7dc;--card:#f4f6f8;--a:#1556b5;--b:#a83c00;"
    "--right:21 86 181;--wrong:200 80 0}\n"
    "@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;"
    "--bg:#15181c;--fg:#e7e9ec;--soft:#a8aeb6;--line:#3a4048;--card:#1f2329;"
    "--a:#82b4ff;--b:#ffa05c;--right:90 150 255;--wrong:240 130 50}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--bg);color:var(--fg);"
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',"
    "'DejaVu Sans',sans-serif;overflow-wrap:anywhere}\n"
    "main{max-width:68rem;margin:0 auto;padding:1.5rem 1rem 4rem}\n"
    "h1{font-size:1.9rem;line-height:1.2;margin:0 0 .5rem}\n"
    "h2{font-size:1.3rem;margin:2.75rem 0 .5rem;padding-top:.75rem;"
    "border-top:1px solid var(--line)}\n"
    "h3{font-size:1.02rem;margin:1.25rem 0 .25rem}\n"
    "p{margin:.4rem 0;max-width:46rem}\n"
    ".soft,caption,figcaption{color:var(--soft);font-size:.9rem}\n"
    ".score{background:var(--card);border:1px solid var(--line);"
    "border-left:.4rem solid var(--a);border-radius:.4rem;"
    "padding:1rem 1.25rem;margin:1.25rem 0;max-width:50rem}\n"
    ".big{font-size:3rem;line-height:1.1;font-weight:700;color:var(--a);"
    "margin:0}\n"
    ".big+p{font-size:1.15rem}\n"
    ".side{display:grid;gap:0 2rem;"
    "grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr))}\n"
    ".side>*{min-width:0;max-width:30rem}\n"
    "figure{margin:0 0 .75rem}\n"
    ".wide{overflow-x:auto;margin:.75rem 0}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;"
    "font-size:.93rem}\n"
    "caption{text-align:left;padding-bottom:.3rem}\n"
    "th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);"
    "text-align:right;vertical-align:top;overflow-wrap:break-word}\n"
    "th{font-weight:600}\n"
    "thead th{vertical-align:bottom}\n"
    "th[scope=row],td.t,th.t,thead th:first-child{text-align:left}\n"
    "td.t,th{overflow-wrap:break-word;max-width:24rem}\n"
    "td.t,th[scope=row]{min-width:5rem}\n"
    ".matrix td,.matrix th{text-align:center;min-width:2.4rem}\n"
    ".matrix th{max-width:12rem}\n"
    ".matrix th[scope=row]{text-align:right;min-width:0}\n"
    ".matrix thead th:first-child{white-space:nowrap}\n"
    ".matrix td{border:1px solid var(--bg)}\n"
    ".matrix .y{background:rgb(var(--right)/var(--s));font-weight:700}\n"
    ".matrix .n{background:rgb(var(--wrong)/var(--s))}\n"
    ".matrix .z{color:var(--soft)}\n"
    ".bar{display:block;height:.8rem;margin-top:.35rem;background:var(--a);"
    "border-radius:.15rem;min-width:1px;print-color-adjust:exact}\n"
    "td.b{width:60%;min-width:8rem}\n"
    ".bars{width:100%;max-width:46rem}\n"
    ".pictures{display:flex;flex-wrap:wrap;gap:.9rem;padding:0;"
    "margin:.75rem 0;list-style:none}\n"
    ".pictures li{width:7.5rem;font-size:.85rem;line-height:1.35}\n"
    ".pictures img{display:block;width:7.5rem;height:7.5rem;"
    "object-fit:contain;background:var(--card);border:1px solid var(--line);"
    "margin-bottom:.25rem}\n"
    ".small li{width:4.5rem}\n"
    ".small img{width:4.5rem;height:4.5rem}\n"
    "img{image-rendering:pixelated}\n"
    "code{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',"
    "monospace;font-size:.88em}\n"
    "svg{display:block;width:100%;height:auto;overflow:visible}\n"
    "svg text{fill:var(--fg);font-size:12px}\n"
    "svg .grid{stroke:var(--line);stroke-width:1}\n"
    "svg .mark{stroke:var(--soft);stroke-width:1.2;stroke-dasharray:2 3}\n"
    "svg .l0,svg .l1{fill:none;stroke-width:2;stroke-linejoin:round}\n"
    "svg .l0{stroke:var(--a)}\n"
    "svg .l1{stroke:var(--b);stroke-dasharray:6 3}\n"
    "svg .d0{fill:var(--a)}\n"
    "svg .d1{fill:var(--b)}\n"
    "svg .dot{fill:var(--a);fill-opacity:.7}\n"
    "svg .hist{fill:var(--a)}\n"
    "@media(max-width:30rem){h1{font-size:1.5rem}.big{font-size:2.4rem}"
    "th,td{padding:.2rem .4rem}}\n"
    "@media screen{.paper{display:none}}\n"
    "@media print{@page{margin:15mm}body{font-size:10.5pt}"
    "main{max-width:none;padding:0}"
    ".matrix td,.score{print-color-adjust:exact}"
    ".wide{overflow:visible}"
    "th,td{padding:.2rem .35rem}th,td.t{overflow-wrap:anywhere}"
    "td.t,th[scope=row]{min-width:0}"
    ".matrix td,.matrix th{min-width:0}.screen{display:none}"
    ".score,.wide,figure,tr,li,p{break-inside:avoid}"
    "h2,h3,caption,section>p:not(:last-child){break-after:avoid}}\n";

void html_head(FILE *f, const char *title)
{
    fprintf(f, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
            "<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" "
            "content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"color-scheme\" content=\"light dark\">\n"
            "<title>%s</title>\n<style>\n%s</style>\n</head>\n<body>\n"
            "<main>\n", escaped(title), style);
}

void html_tail(FILE *f)
{
    fputs("</main>\n</body>\n</html>\n", f);
}

/* Keeps a text, which it then owns, until eight others have been kept. */
static const char *keep(char *text)
{
    static char *kept[8];
    static int next;

    next = (next + 1) % 8;
    free(kept[next]);
    kept[next] = text;
    return text ? text : "(out of memory)";
}

static const char *entity(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

const char *escaped(const char *text)
{
    const char *from = printable(text);
    char *result = malloc(6 * strlen(from) + 1), *to = result;

    for (; result && *from; from++)
        if (entity(*from))
            to += sprintf(to, "%s", entity(*from));
        else
            *to++ = *from;
    if (result)
        *to = '\0';
    return keep(result);
}

const char *grouped(size_t n)
{
    char digits[24], *text = malloc(32), *to = text;
    int left = snprintf(digits, sizeof digits, "%zu", n);

    for (const char *d = digits; text && *d; d++) {
        *to++ = *d;
        if (--left && left % 3 == 0)
            *to++ = ',';
    }
    if (text)
        *to = '\0';
    return keep(text);
}

/* Prints a number in a new text. */
static const char *print(const char *format, int digits, double v)
{
    char *text = malloc(512);

    if (text)
        snprintf(text, 512, format, digits, v);
    return keep(text);
}

const char *measured(double v)
{
    const double size = fabs(v);

    if (!isfinite(v))
        return "–";
    if (size >= 1e7 || (size < 1e-4 && size > 0))
        return print("%.*g", 3, v);
    return print("%.*f", size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2
                         : size >= 1 ? 3 : 4, v);
}

const char *exact(double v)
{
    return isfinite(v) ? print("%.*g", 7, v) : "–";
}

void table_begin(FILE *f, const char *caption)
{
    fprintf(f, "<div class=\"wide\" tabindex=\"0\" role=\"region\" "
            "aria-label=\"%s\">\n<table>\n<caption>%s</caption>\n",
            escaped(caption), escaped(caption));
}

void table_end(FILE *f)
{
    fputs("</tbody>\n</table>\n</div>\n", f);
}

void table_head(FILE *f, const char *const *names)
{
    fputs("<thead>\n<tr>", f);
    for (; *names; names++)
        fprintf(f, "<th scope=\"col\"%s>%s</th>",
                **names == '|' ? " class=\"t\"" : "",
                escaped(*names + (**names == '|')));
    fputs("</tr>\n</thead>\n<tbody>\n", f);
}

void table_row(FILE *f, const char *name, const char *text)
{
    if (text)
        fprintf(f, "<tr><th scope=\"row\">%s</th><td class=\"t\">%s</td></tr>"
                "\n", escaped(name), escaped(text));
}
