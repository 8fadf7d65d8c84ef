#!/bin/sh
# test_interface.sh -- tests what users of the library rely on: the headers in
# C11 and C++17, the names that the shared library exports, and make install.
. tests/verdict.sh

cat >"$dir/use.c" <<'TEXT'
#include <gradus_layer.h>
#ifdef I
#error "the headers define I"
#endif
int main(void) { return gradus_error()[0]; }
TEXT
cp "$dir/use.c" "$dir/use.cc"
strict="-Wall -Wextra -Wpedantic -Wshadow -Werror -fsyntax-only"
# shellcheck disable=SC2086 # flags are meant to be split
$CC -std=c11 $strict -Iinclude "$dir/use.c"
verdict "the headers are C11" $?
if command -v c++ >/dev/null; then
    # shellcheck disable=SC2086
    c++ -std=c++17 $strict -Iinclude "$dir/use.cc"
    verdict "the headers are C++17" $?
else
    echo "skipped: the headers are C++17: there is no c++ compiler"
fi

nm -D --defined-only "$BUILD/libgradus.so" | awk '$2 ~ /[TDBR]/ { print $3 }' |
    grep '^gradus_' | sort >"$dir/exported"
[ "$(nm -D --defined-only "$BUILD/libgradus.so" | awk '$2 ~ /[TDBR]/' |
    grep -cvE ' (gradus_|__(asan|ubsan|tsan|odr_asan))')" -eq 0 ]
verdict "the shared library exports only gradus_ names" $?
printf '#include <gradus_layer.h>\n' | $CC -E -P -Iinclude - |
    grep -oE '\bgradus_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u >"$dir/declared"
printf "%s\n" gradus_row gradus_count gradus_as_loss gradus_share gradus_sums \
    >>"$dir/exported" # inline, in gradus_layer.h
sort -o "$dir/exported" "$dir/exported"
diff "$dir/declared" "$dir/exported"
verdict "what the headers declare is what the library exports" $?

# shellcheck disable=SC2046,SC2086 # flags are meant to be split
MAKEFLAGS='' make -s install DESTDIR="$dir/stage" PREFIX=/usr BUILD="$BUILD" >"$dir/said" &&
    PKG_CONFIG_SYSROOT_DIR="$dir/stage" \
    PKG_CONFIG_PATH="$dir/stage/usr/lib/pkgconfig" \
    pkg-config --cflags --libs gradus >"$dir/flags" 2>&1 &&
    $CC -std=c11 "$dir/use.c" ${CFLAGS-} $(cat "$dir/flags") -o "$dir/use" &&
    LD_LIBRARY_PATH="$dir/stage/usr/lib" "$dir/use"
verdict "an installed library is found by pkg-config, links and runs" $?
MAKEFLAGS='' make -s uninstall DESTDIR="$dir/stage" PREFIX=/usr &&
    [ -z "$(find "$dir/stage" ! -type d)" ]
verdict "make uninstall leaves nothing" $?

# notice ARCH: what make install says first with this ARCH
notice() {
    MAKEFLAGS='' make -s install-notice ARCH="$1"
}
[ "$(MAKEFLAGS='' make -s install-notice | sed -n 1p)" = "$(sed -n 1p "$dir/said")" ]
verdict "make install begins with its notice, if there is one" $?
for arch in -march=native "-O2 -march=native -mprefer-vector-width=512" \
    -mcpu=native; do
    notice "$arch" | grep -q 'type: make install ARCH=$'
    verdict "make install with ARCH='$arch' says that it is for one processor" $?
done
for arch in "" -march=x86-64-v3 "-mtune=native"; do
    [ -z "$(notice "$arch")" ]
    verdict "make install with ARCH='$arch' has nothing to say" $?
done

finish
