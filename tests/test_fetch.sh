#!/bin/sh
# test_fetch.sh -- tests data/fetch.sh with a local HTTP server.  It prints a
# line for each case, and exits with status 1 if one failed.  Run it from the
# repository's root.
#
# shellcheck disable=SC2016,SC2034  # check evaluates the conditions
set -u

root=$(pwd)
work=$(mktemp -d) || exit 1
server=
silent=
passed=0
failures=0
names='train-images-idx3-ubyte train-labels-idx1-ubyte
       t10k-images-idx3-ubyte t10k-labels-idx1-ubyte'

finish()
{
    for process in $server $silent; do
        kill "$process" 2>/dev/null
    done
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# Runs fetch.sh with the mirrors $1 and without npm.  Sets $status, and keeps
# what is printed for says.
fetch()
{
    status=0
    GRADUS_MNIST_NPM=0 GRADUS_MNIST_MIRRORS=$1 \
        "$root/data/fetch.sh" "$work/out" >"$work/printed" 2>&1 || status=$?
}

# Runs one case: $1 is its name, $2 the commands that must all succeed.
check()
{
    if eval "$2"; then
        passed=$((passed + 1))
        echo "ok      $1"
    else
        failures=$((failures + 1))
        echo "FAILED  $1"
        sed 's/^/        /' "$work/printed"
    fi
}

# Did fetch.sh print this?
says()
{
    grep -q -- "$1" "$work/printed"
}

# Waits until a condition holds, for at most ten seconds.
await()
{
    for _ in $(seq 100); do
        if eval "$1"; then return 0; fi
        sleep 0.1
    done
    echo "FAILED  waited for ten seconds in vain for: $1"
    exit 1
}

# Has fetch.sh left nothing behind, neither its folder nor a temporary one?
left_nothing()
{
    [ "$(find "$work" -path "$work/www" -prune -o -name 'out*' -print)" = '' ]
}

status=0
data/fetch.sh --help >"$work/printed" 2>&1 || status=$?
check '--help: status 0 and how to call it' \
    '[ $status = 0 ] && says "data/fetch.sh .FOLDER."'

status=0
data/fetch.sh --bogus >"$work/printed" 2>&1 || status=$?
check 'an unknown option: status 2 and where help is' \
    '[ $status = 2 ] && says "no option .--bogus.*fetch.sh --help"'

status=0
data/fetch.sh a b >"$work/printed" 2>&1 || status=$?
check 'two folders: status 2 and a message' \
    '[ $status = 2 ] && says "got 2 arguments; must be one folder at most"'

echo >"$work/out"
fetch ''
check 'a file for a folder: status 1 and a message' \
    '[ $status = 1 ] && says "out is a file; must be a folder"'
rm "$work/out"

fetch ''
check 'no source: status 1 and a message' \
    '[ $status = 1 ] && says "no mirror given" && left_nothing'

fetch 'http://127.0.0.1:1'
check 'a server that is not there: status 1 and a message' \
    '[ $status = 1 ] && says "127.0.0.1:1: " && left_nothing'

if ! command -v python3 >/dev/null 2>&1; then
    echo 'skipped: the cases with a server, which needs python3'
    echo "test_fetch: $passed passed, $failures failed"
    [ "$failures" = 0 ]
    exit
fi

mkdir -p "$work/www/empty" "$work/www/wrong" "$work/www/cut" "$work/www/html"
for name in $names; do
    echo 'wrong contents' | gzip -c >"$work/www/wrong/$name.gz"
    gzip -c <"$work/www/wrong/$name.gz" | head -c 40 >"$work/www/cut/$name.gz"
    echo '<html>' >"$work/www/html/$name.gz"
done

: >"$work/server"
# With port 0, the server takes a free port, which its first line names.
python3 -u -m http.server --bind 127.0.0.1 --directory "$work/www" 0 \
    >"$work/server" 2>&1 &
server=$!
await 'grep -q " port [0-9]" "$work/server"'
port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$work/server")
url=http://127.0.0.1:$port

fetch "$url/empty"
check '404: status 1 and a message' \
    '[ $status = 1 ] && says "empty: .*404" && left_nothing'

fetch "$url/wrong"
check 'a wrong checksum: status 1 and a message' \
    '[ $status = 1 ] && says "wrong: train-images.* wrong checksum" &&
     left_nothing'

fetch "$url/cut"
check 'a truncated file: status 1 and a message' \
    '[ $status = 1 ] && says "cut: .*cut short" && left_nothing'

fetch "$url/html"
check 'a page of HTML: status 1 and a message' \
    '[ $status = 1 ] && says "html: .*damaged" && left_nothing'

fetch "$url/empty $url/wrong
       $url/cut/"
check 'each source is tried in turn and named with its reason' \
    '[ $status = 1 ] && says "empty: .*404" && says "wrong: train-images" &&
     says "cut/: .*cut short" && left_nothing'

mkdir "$work/out"
echo 'my own' >"$work/out/train-images-idx3-ubyte"
fetch "$url/wrong"
check 'what was there before is left alone' \
    '[ $status = 1 ] &&
     [ "$(cat "$work/out/train-images-idx3-ubyte")" = "my own" ] &&
     [ "$(ls "$work/out")" = train-images-idx3-ubyte ]'
rm -rf "$work/out"

if command -v wget >/dev/null 2>&1; then
    mkdir "$work/bin"
    for tool in sh dirname sha256sum shasum openssl cut sed tr rm mkdir mv gzip \
                wget; do
        real=$(command -v "$tool") && ln -s "$real" "$work/bin/$tool"
    done
    path=$PATH
    PATH=$work/bin
    fetch "$url/wrong $url/empty"
    PATH=$path
    check 'without curl, fetch.sh uses wget' \
        '[ $status = 1 ] && says "wrong: .* wrong checksum" &&
         says "empty: .*404" && left_nothing'
else
    echo 'skipped: wget is not installed'
fi

# fetch.sh is stopped by a signal while it waits for a server that never
# answers.
python3 -u -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])
time.sleep(60)' >"$work/silent" &
silent=$!
await '[ -s "$work/silent" ]'
GRADUS_MNIST_NPM=0 GRADUS_MNIST_MIRRORS=http://127.0.0.1:$(cat "$work/silent") \
    "$root/data/fetch.sh" "$work/out" >"$work/printed" 2>&1 &
fetching=$!
await '[ -n "$(find "$work" -name "out.*.tmp")" ]'
kill -TERM "$fetching"
status=0
wait "$fetching" || status=$?
kill "$silent"
silent=
check 'a signal: status 143, and nothing is left behind' \
    '[ $status = 143 ] && left_nothing'

if [ -f data/mnist/t10k-images-idx3-ubyte ]; then
    mkdir "$work/www/good"
    for name in $names; do
        gzip -1 -c <"data/mnist/$name" >"$work/www/good/$name.gz"
    done
    fetch "$url/wrong $url/good"
    check 'a wrong source is passed over for a good one' \
        '[ $status = 0 ] && says "files are now in" &&
         cmp -s data/mnist/train-images-idx3-ubyte \
             "$work/out/train-images-idx3-ubyte" &&
         [ "$(ls "$work/out" | wc -l)" -eq 4 ] &&
         [ "$(ls -d "$work"/out*)" = "$work/out" ]'
    : >"$work/server"
    fetch "$url/good"
    check 'when the files are there, nothing is asked for' \
        '[ $status = 0 ] && says "nothing to do" && [ ! -s "$work/server" ]'
    echo >>"$work/out/t10k-labels-idx1-ubyte"
    fetch "$url/good"
    check 'a wrong file that is there is replaced' \
        '[ $status = 0 ] && cmp -s data/mnist/t10k-labels-idx1-ubyte \
             "$work/out/t10k-labels-idx1-ubyte"'
else
    echo 'skipped: the cases with right files, which data/mnist does not hold'
fi

echo "test_fetch: $passed passed, $failures failed"
[ "$failures" = 0 ]
