# verdict.sh -- for test scripts to source: counts the cases that pass and
# fail, and makes a temporary folder, $dir.
# shellcheck shell=sh
set -u
BUILD=${BUILD:-build}
CC=${CC:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0

# verdict NAME STATUS: prints and counts a case, which passes if STATUS is 0
verdict() {
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok      $1"
    else
        failed=$((failed + 1))
        echo "FAILED  $1"
    fi
}

# finish: prints the last line, and exits with the script's status
finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit
}
