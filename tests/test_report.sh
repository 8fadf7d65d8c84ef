#!/bin/sh
# test_report.sh -- tests the pages that gradus report and gradus train --report
# write: that they are whole and need nothing else, that they say what --json
# says, that texts from outside are escaped, and what is refused.
. tests/verdict.sh

gradus=$BUILD/gradus
[ -x "$gradus" ] || {
    echo "$gradus is missing; run make first"
    exit 1
}

# A table with classes, one with numbers, and one with names that HTML would
# take for its own.
awk 'BEGIN { srand(1); print "age,height,place,outcome"
    for (i = 0; i < 300; i++) { a = int(rand() * 60); h = rand()
        print a "," h "," (i % 3 ? "town" : "") "," \
            (a + 30 * h > 45 ? "yes" : "no") } }' >"$dir/classes.csv"
awk 'BEGIN { srand(2); print "area,rooms,price"
    for (i = 0; i < 300; i++) { a = rand() * 100; r = int(rand() * 5)
        print a "," r "," 3 * a + 10 * r + rand() } }' >"$dir/numbers.csv"
odd='<script>alert(1)</script>'
awk -v odd="$odd" 'BEGIN { srand(3); print "\"<b>\"\"x\"\"</b>\",y,class"
    for (i = 0; i < 200; i++) { k = i % 2
        print rand() + k "," rand() "," (k ? odd : "R&D") } }' >"$dir/odd.csv"

# run STATUS TEXT COMMAND...: does the command end with this status, and with
# this text in what it prints?
run() {
    status=$1 text=$2
    shift 2
    "$@" >"$dir/out" 2>"$dir/err"
    got=$?
    [ $got -eq "$status" ] && cat "$dir/out" "$dir/err" | grep -qF -e "$text" ||
        { echo "status $got"; cat "$dir/out" "$dir/err"; false; }
}

# value KEY: prints the first value of a key in what --json has printed
value() {
    grep -o "\"$1\":[^,}]*" "$dir/out" | head -n 1 | sed 's/.*://'
}

# says FILE TEXT: does the page hold the text?
says() {
    grep -qF -e "$2" "$1" || { echo "it does not say: $2"; false; }
}

# whole FILE: is the page well-formed, and does it need nothing from outside?
cat >"$dir/whole.py" <<'END'
import html.parser, re, sys

VOID = {'meta', 'br', 'img', 'link', 'hr', 'input'}

class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.faults, self.count = [], [], {}
        self.level, self.header = 0, None

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        of = dict(attributes)
        if tag != 'title' or 'svg' not in self.open:
            self.count[tag] = self.count.get(tag, 0) + 1
        if len(set(names)) < len(names):
            self.faults.append(f'<{tag}> has an attribute twice')
        if tag == 'script' or any(n.startswith('on') for n in names):
            self.faults.append(f'<{tag}> has a script')
        if tag == 'img' and not of.get('alt'):
            self.faults.append('an <img> without alt')
        if tag == 'svg' and not (of.get('role') == 'img' and
                                 of.get('aria-label')):
            self.faults.append('an <svg> without a label')
        if tag == 'th' and of.get('scope') not in ('row', 'col'):
            self.faults.append('a <th> without scope')
        if tag == 'th':
            self.header = ''
        if tag == 'td' and 'thead' in self.open:
            self.faults.append('a <td> in a <thead>')
        if tag == 'html' and not of.get('lang'):
            self.faults.append('no language')
        if re.fullmatch('h[1-6]', tag):
            if int(tag[1]) > self.level + 1:
                self.faults.append(f'<{tag}> below a level of {self.level}')
            self.level = int(tag[1])
        for name in ('src', 'href'):
            if not of.get(name, 'data:').startswith('data:'):
                self.faults.append(f'<{tag}> refers to {of[name]}')
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_data(self, text):
        if self.header is not None:
            self.header += text

    def handle_endtag(self, tag):
        if tag == 'th' and not (self.header or '').strip():
            self.faults.append('an empty <th>')
        if not self.open or self.open.pop() != tag:
            self.faults.append(f'</{tag}> at line {self.getpos()[0]} closes '
                               'another element')

text = open(sys.argv[1], encoding='utf-8').read()
page = Page()
page.feed(text)
page.close()
if page.open:
    page.faults.append(f'left open: {page.open}')
if page.count.get('table') != page.count.get('caption'):
    page.faults.append('a table without a caption')
for wanted in ('h1', 'title', 'main'):
    if page.count.get(wanted) != 1:
        page.faults.append(f'{page.count.get(wanted, 0)} of <{wanted}>')
if re.search(r'https?://|url\(|@import', text):
    page.faults.append('it refers to the outside')
if re.search(r'[\x00-\x08\x0b-\x1f\x7f]', text):
    page.faults.append('it has a control character')
if re.search(r'\bnan\b|\binf\b|HUGE', re.sub(r'base64,[^"]*', '', text)):
    page.faults.append('it has a number that is not finite')
print('\n'.join(page.faults), end='\n' if page.faults else '')
sys.exit(bool(page.faults))
END
# colours FILE: can all texts and marks of the page be told from what they stand
# on?  A text needs a contrast of 4.5, a mark one of 3 (WCAG 2.2).  On paper, the
# page must not be dark.
cat >"$dir/colours.py" <<'END'
import re, sys

text = open(sys.argv[1], encoding='utf-8').read()

def colours(css):
    found = {}
    for name, value in re.findall(r'--(\w+):([^;}]+)', css):
        if value[0] == '#':
            digits = value[1:] if len(value) == 7 else \
                ''.join(2 * d for d in value[1:])
            found[name] = [int(digits[i:i + 2], 16) for i in (0, 2, 4)]
        else:
            found[name] = [int(v) for v in value.split()]
    return found

def over(colour, ground, part):
    return [part * c + (1 - part) * g for c, g in zip(colour, ground)]

def light(colour):  # relative luminance
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
              for v in (c / 255 for c in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

def check(what, a, b, least):
    low, high = sorted([light(a), light(b)])
    contrast = (high + 0.05) / (low + 0.05)
    if contrast < least:
        print(f'{what}: a contrast of {contrast:.2f}')
        sys.exit(1)

dark_at = '@media screen and (prefers-color-scheme:dark){:root{'
before, dark = text.split(dark_at)  # there is no other
dark = dark[:dark.index('}')]
schemes = [('light', colours(before))]
schemes.append(('dark', {**schemes[0][1], **colours(dark)}))
strongest = max(map(float, re.findall(r'--s:([.\d]+)', text)), default=1)
dot = float(re.search(r'fill-opacity:([.\d]+)', text)[1])
for scheme, c in schemes:
    for ground in ('bg', 'card'):
        for name in ('fg', 'soft', 'a'):
            check(f'{scheme} {name} on {ground}', c[name], c[ground], 4.5)
    for name in ('right', 'wrong'):
        check(f'{scheme} cell, {name}', c['fg'],
              over(c[name], c['bg'], strongest), 4.5)
    check(f'{scheme} line b', c['b'], c['bg'], 3)
    check(f'{scheme} dot', over(c['a'], c['bg'], dot), c['bg'], 3)
if schemes[0][1]['bg'] != [255, 255, 255] or '@media print{' not in text:
    print('paper is not white')
    sys.exit(1)
END
whole() {
    if command -v python3 >/dev/null; then
        python3 "$dir/whole.py" "$1"
    else
        grep -q '^</html>$' "$1"
    fi
}
command -v python3 >/dev/null ||
    echo "skipped: whether pages are well-formed: there is no python3"

# ---- what is written ----

quick="--epochs 12 --hidden 16"
# shellcheck disable=SC2086 # options are meant to be split
run 0 '"accuracy"' "$gradus" train "$dir/classes.csv" --label outcome \
    --missing mean $quick --save "$dir/classes" --log "$dir/log.csv" \
    --report "$dir/classes.html" --json
verdict "train --report writes a page beside --json" $?
whole "$dir/classes.html"
verdict "a page about classes is whole, and needs nothing else" $?
if command -v python3 >/dev/null; then
    python3 "$dir/colours.py" "$dir/classes.html"
    verdict "its texts and marks have contrast, and on paper it is white" $?
fi
says "$dir/classes.html" "$(awk -v v="$(value accuracy)" \
    'BEGIN { printf "<td>%.2f %%</td>", 100 * v }')" &&
    says "$dir/classes.html" "$(awk -v v="$(value loss)" \
        'BEGIN { printf "<td>%.4f</td>", v }')" &&
    says "$dir/classes.html" "of $(value rows) validation rows that it had not seen" &&
    says "$dir/classes.html" "$(value weights_hash | tr -d '"')" &&
    says "$dir/classes.html" "Epoch $(value best_epoch) of"
verdict "it says what the JSON says" $?
says "$dir/classes.html" "--label outcome --missing mean --epochs 12"
verdict "it says with which command the net was trained" $?

run 0 "the report is in $dir/again.html" "$gradus" report "$dir/classes" \
    "$dir/classes.csv" --log "$dir/log.csv" --out "$dir/again.html"
verdict "report writes a page about a saved model" $?
whole "$dir/again.html"
verdict "that page is whole" $?
says "$dir/again.html" "was trained on this file"
verdict "it warns that the net has seen these rows" $?
curves() {
    grep -o 'aria-label="\(Loss\|Accuracy\|Learning rate\)[^"]*"' "$1"
}
curves "$dir/classes.html" >"$dir/curves"
[ "$(wc -l <"$dir/curves")" -eq 3 ] &&
    curves "$dir/again.html" | diff "$dir/curves" -
verdict "the log gives the same curves as the training itself" $?

cp "$dir/numbers.csv" "$dir/other.csv"
# shellcheck disable=SC2086
run 0 '"mae"' "$gradus" train "$dir/numbers.csv" --target price $quick \
    --test "$dir/other.csv" --report "$dir/numbers.html" --json
verdict "a page about numbers is written" $?
whole "$dir/numbers.html"
verdict "it is whole" $?
mae=$(sed 's/.*"test"//' "$dir/out" | grep -o '"mae":[0-9.]*' | sed 's/.*://')
says "$dir/numbers.html" "± $(awk -v v="$mae" \
    'BEGIN { printf "%." (v < 10 ? 3 : v < 100 ? 2 : 1) "f", v }')" &&
    says "$dir/numbers.html" "were looked at once"
verdict "its headline is the error on the test data" $?
# shellcheck disable=SC2086
run 0 '"mae"' "$gradus" train "$dir/numbers.csv" --target price,area $quick \
    --report "$dir/two.html" --json &&
    whole "$dir/two.html" && says "$dir/two.html" 'area: errors'
verdict "a page about two numbers shows both" $?

printf 'data' >"$dir/odd.html"
# shellcheck disable=SC2086
run 0 'the report is in' "$gradus" train "$dir/odd.csv" --label class $quick \
    --report "$dir/odd.html"
verdict "a page that is there is replaced" $?
whole "$dir/odd.html"
verdict "a page of names with signs of HTML is whole" $?
says "$dir/odd.html" '&lt;script&gt;alert(1)&lt;/script&gt;' &&
    says "$dir/odd.html" '&lt;b&gt;&quot;x&quot;&lt;/b&gt;' &&
    says "$dir/odd.html" 'R&amp;D' && ! grep -q '<script\|<b>' "$dir/odd.html"
verdict "names of classes and columns are escaped" $?
strange=$dir/$(printf 'a\033[2J\377<i>.csv')
if cp "$dir/odd.csv" "$strange" 2>/dev/null; then
    # shellcheck disable=SC2086
    run 0 '' "$gradus" train "$strange" --label class $quick \
        --report "$dir/path.html" && whole "$dir/path.html" &&
        says "$dir/path.html" 'a\x1b[2J\xff&lt;i&gt;.csv&#39; --label class'
    verdict "a path with control characters and no UTF-8 is shown so" $?
else
    echo "skipped: names not in UTF-8: this file system refuses them"
fi

# A table of more columns than paper has room for.
awk 'BEGIN { srand(4); for (j = 0; j < 9; j++) printf "column_%d,", j; print "y"
    for (i = 0; i < 100; i++) {
        for (j = 0; j < 9; j++) printf "%.3f,", 1000 * rand()
        print rand() } }' >"$dir/wide.csv"
# shellcheck disable=SC2086
run 0 '' "$gradus" train "$dir/wide.csv" --target y $quick \
    --report "$dir/wide.html" && whole "$dir/wide.html" &&
    says "$dir/wide.html" 'has the first 6 of these columns; on a screen it has 9' &&
    [ "$(grep -c '<th scope="col" class="screen">' "$dir/wide.html")" -eq 1 ] &&
    [ "$(grep -o 'class="screen"' "$dir/wide.html" | wc -l)" -eq 39 ]
verdict "columns that have no room on paper are on the screen alone" $?

# ---- images ----

run 0 '' "$gradus" train data/sample --net mlp --hidden 16 --epochs 2 \
    --report "$dir/idx.html" && whole "$dir/idx.html" &&
    says "$dir/idx.html" '1,000 test images that it had not seen' &&
    [ "$(grep -o 'data:image/png;base64,iVBORw0KGgo' "$dir/idx.html" |
        wc -l)" -eq 40 ]
verdict "a page about images has 24 mistakes and 16 units as pictures" $?
run 0 '' "$BUILD/mnist-train" --data data/sample --net lenet --epochs 1 \
    --save "$dir/mnist" --log "$dir/mnist.csv" &&
    run 0 '' "$gradus" report "$dir/mnist" data/sample --log "$dir/mnist.csv" \
        --out "$dir/mnist.html" && whole "$dir/mnist.html" &&
    [ "$(grep -c 'alt="Weights of unit' "$dir/mnist.html")" -eq 16 ]
verdict "a page about a net of mnist-train has its kernels as pictures" $?
says "$dir/mnist.html" "mnist-train --data data/sample --net lenet --epochs 1" &&
    says "$dir/mnist.html" 'Seed</th><td class="t">1</td>' &&
    says "$dir/mnist.html" 'Trained with gradus version' &&
    says "$dir/mnist.html" 'trained on 6,000 images'
verdict "and says how mnist-train has made it" $?
for k in 1 2 3; do
    mkdir -p "$dir/folder/$k"
    for i in 1 2 3 4; do
        cp "data/digits/$k-a.png" "$dir/folder/$k/$i.png"
    done
done
run 0 '' "$gradus" train "$dir/folder" --size 9x11 --net mlp --hidden 4 \
    --epochs 1 --report "$dir/folder.html" && whole "$dir/folder.html"
verdict "a page about a folder of images is whole" $?

# ---- what is refused ----

run 2 'must be two, MODEL and DATA' "$gradus" report "$dir/classes"
verdict "a missing argument is a usage error" $?
run 0 'usage: gradus report' "$gradus" report --help
verdict "--help is on stdout" $?
run 1 'MODEL must be a file that' "$gradus" report "$dir/odd.csv" "$dir/odd.csv"
verdict "what is no model is refused" $?
run 1 'ends with ' "$gradus" report tests/models/tokens.safetensors \
    "$dir/odd.csv" --out "$dir/none.html"
verdict "a model that predicts neither a class nor numbers is refused" $?
cut -d, -f1-3 "$dir/classes.csv" >"$dir/unlabelled.csv"
run 1 'does not have the column that the net predicts' "$gradus" report \
    "$dir/classes" "$dir/unlabelled.csv" --out "$dir/none.html"
verdict "data that do not say what is right are refused" $?
run 1 'must be the epoch log of a training' "$gradus" report "$dir/classes" \
    "$dir/classes.csv" --log "$dir/odd.csv" --out "$dir/none.html"
verdict "what is no log is refused" $?
run 1 'No such file' "$gradus" report "$dir/classes" "$dir/classes.csv" \
    --log "$dir/missing.csv" --out "$dir/none.html"
verdict "a missing log is an error" $?
run 1 'the report cannot be written: No such file' "$gradus" train \
    "$dir/classes.csv" --label outcome --missing mean \
    --report "$dir/no/such.html" && ! grep -q '^epoch' "$dir/err"
verdict "a folder that is missing is noticed before training" $?
if [ -c /dev/full ]; then
    run 1 'the report was not written: No space left' "$gradus" report \
        "$dir/classes" "$dir/classes.csv" --out /dev/full
    verdict "a full disk is an error" $?
fi
[ ! -e "$dir/none.html" ] && [ -z "$(find "$dir" -name '*.tmp')" ]
verdict "a page that is not written leaves nothing behind" $?

# ---- a browser ----

browser=$(command -v chromium || command -v chromium-browser ||
    command -v google-chrome)
if [ -n "$browser" ]; then
    for page in classes numbers odd idx; do
        "$browser" --headless --no-sandbox --disable-gpu \
            --user-data-dir="$dir/profile" --dump-dom \
            "file://$dir/$page.html" >"$dir/dom" 2>"$dir/err"
        title=$(sed -n 's|<title>\(.*\)</title>$|\1|p' "$dir/$page.html" |
            head -n 1)
        [ -n "$title" ] && says "$dir/dom" "<title>$title</title>" &&
            says "$dir/dom" "</main>"
        verdict "a browser opens the page $page" $?
    done
else
    echo "skipped: a browser opens the pages: there is no chromium"
fi

finish
