#!/bin/sh
# deps.sh -- installs what gradus needs to be built and tested, on Debian and
# Ubuntu; elsewhere it prints the command to type.
#
#   tools/deps.sh            the libraries and tools of make and make test
#   tools/deps.sh TOOL ..    further tools, such as valgrind and clang: commands
#                            whose Debian packages have the same name, the
#                            compilers of MPI: mpicc, mpicc.mpich, and the
#                            library onednn; with clang, its sanitisers, too
set -eu

packages='gcc libc6-dev make pkg-config libopenblas-dev zlib1g-dev
    libjansson-dev libstb-dev check'

# Installs Debian packages, as root.
install() {
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "deps: you are not root and there is no sudo; as root, type:"
            echo "  apt-get install" "$@"
            exit 1
        }
        as_root=sudo
    fi
    $as_root apt-get update -qq
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends "$@"
}

# has_header FILE: is this header there?
has_header() {
    for dir in /usr/include /usr/local/include /opt/homebrew/include; do
        [ -f "$dir/$1" ] && return 0
    done
    return 1
}

# can_sanitise: can clang link a program with its sanitisers?  On Debian, they
# are in a package of their own.
can_sanitise() {
    program=$(mktemp) || return
    linked=1
    echo 'int main(void) { return 0; }' |
        clang -fsanitize=address,undefined -x c - -o "$program" 2>/dev/null &&
        linked=0
    rm -f "$program"
    return $linked
}

# has_tool TOOL: is it there?
has_tool() {
    case $1 in
    clang) can_sanitise ;;
    onednn) has_header oneapi/dnnl/dnnl.h ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

if [ $# -gt 0 ]; then
    missing=
    for tool; do
        has_tool "$tool" && continue
        case $tool in
        clang) missing="$missing clang libclang-rt-dev" ;;
        onednn) missing="$missing libdnnl-dev" ;;
        mpicc | mpicc.openmpi) missing="$missing libopenmpi-dev openmpi-bin" ;;
        mpicc.mpich) missing="$missing libmpich-dev mpich" ;;
        *) missing="$missing $tool" ;;
        esac
    done
    [ -n "$missing" ] || exit 0
    echo "deps: missing:$missing"
    command -v apt-get >/dev/null || {
        echo "deps: this machine has no apt-get; install$missing by hand"
        exit 1
    }
    # shellcheck disable=SC2086 # several packages
    install $missing
    exit
fi

missing=
cc=${CC:-cc}
command -v "${cc%% *}" >/dev/null || missing="$missing compiler"
command -v pkg-config >/dev/null || missing="$missing pkg-config"
for package in openblas zlib jansson check; do
    pkg-config --exists "$package" 2>/dev/null || missing="$missing $package"
done
has_header stb/stb_image.h || missing="$missing stb"

if [ -z "$missing" ]; then
    echo "deps: nothing is missing"
    exit 0
fi
echo "deps: missing:$missing"

if ! command -v apt-get >/dev/null; then
    cat <<'TEXT'
deps: this machine has no apt-get; one of these installs what is missing:
  Fedora    sudo dnf install gcc libasan libubsan make pkgconf openblas-devel zlib-devel jansson-devel check-devel stb_image-devel stb_image_resize-devel stb_image_write-devel
  Arch      sudo pacman -S --needed gcc make pkgconf openblas zlib jansson check stb
  macOS     brew install pkg-config openblas zlib jansson check   (and stb's headers into /usr/local/include/stb)
TEXT
    exit 1
fi

# shellcheck disable=SC2086 # several packages
install $packages
