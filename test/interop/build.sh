#!/usr/bin/env bash
# Builds the real gVisor peers that the tests start, from Go modules into .cache/ at the root of the repository:
#
#   runsc-current   gVisor's runsc, unmodified
#   goclient        gVisor's own client
#   goserver        gVisor's own file server behind a listening socket
#   govectors       prints test vectors that gVisor's own code marshals
#   gofer2021       gVisor's file server of October 2021, which speaks the 2021 dialect
#   goclient-debian gVisor's own client of 2022; by default only where its Debian packages are (golang-1.19-go and
#                   golang-gvisor-gvisor-dev), and in CI
#
# Usage: build.sh [NAME…]. What is up to date is left alone.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$(cd "$here/../.." && pwd)/.cache
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off

die() {
  echo "build.sh: $*" >&2
  exit 1
}

# What a peer is built from: its sources and the Go that builds them.
fingerprint() {
  {
    "$go" version
    find "$@" "${BASH_SOURCE[0]}" -type f -print0 | sort -z | xargs -0 sha256sum
  } | sha256sum
}

# build NAME SOURCE… : runs build_NAME with the file to make, unless that file was made from these sources.
build() {
  local name=$1 stamp
  shift
  stamp=$(fingerprint "$@")
  if [[ -x $cache/$name && $(cat "$cache/$name.stamp" 2>/dev/null) == "$stamp" ]]; then
    echo "$name: up to date"
    return
  fi
  echo "$name: building"
  "build_$name" "$cache/$name.new"
  mv "$cache/$name.new" "$cache/$name"
  echo "$stamp" >"$cache/$name.stamp"
}

build_runsc-current() {
  (cd "$here" && go build -trimpath -o "$1" gvisor.dev/gvisor/runsc)
}

build_goclient() {
  (cd "$here" && go build -trimpath -o "$1" ./goclient)
}

build_goserver() {
  (cd "$here" && go build -trimpath -o "$1" ./goserver)
}

build_govectors() {
  (cd "$here" && go build -trimpath -o "$1" ./govectors)
}

build_goclient-debian() {
  (cd "$here/goclient" && GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS= "$go" build -tags debian -o "$1" .)
}

# gVisor of 2021 refuses Go 1.19 and later in two small packages, which reach into the Go runtime. So they are replaced
# in a copy of the sources; pkg/lisafs, pkg/flipcall, pkg/fdchannel and runsc/fsgofer stay as they are.
build_gofer2021() {
  local work=$cache/gofer2021.src pkg=vendor/gvisor.dev/gvisor/pkg
  rm -rf "$work"
  cp -r "$here/gofer2021" "$work"
  (
    cd "$work"
    go mod vendor
    rm "$pkg"/sync/{mutex,rwmutex,runtime,gate,goyield,goyield_go113,checklocks_on}_unsafe.go "$pkg"/gohacks/*.go
    cp replacements/sync/sync.go "$pkg/sync/replacement.go"
    cp replacements/gohacks/gohacks.go "$pkg/gohacks/"
    go build -trimpath -mod=vendor -o "$1" .
  )
  rm -rf "$work"
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # Two builds at once would write the same files.

if [[ $# -eq 0 ]]; then
  set -- runsc-current goclient goserver govectors gofer2021
  [[ ! -x /usr/lib/go-1.19/bin/go && -z ${CI:-} ]] || set -- "$@" goclient-debian
fi
for name in "$@"; do
  go=go
  [[ $name != goclient-debian ]] || go=/usr/lib/go-1.19/bin/go
  command -v "$go" >/dev/null || die "$name needs Go, and there is no '$go': install $(
    [[ $go == go ]] && echo 'Go 1.26.3 or later (go.dev)' || echo "Debian's package golang-1.19-go"
  )"
  case $name in
    runsc-current) build "$name" "$here/go.mod" "$here/go.sum" ;;
    goclient | goclient-debian) build "$name" "$here/go.mod" "$here/go.sum" "$here/goclient" ;;
    goserver) build "$name" "$here/go.mod" "$here/go.sum" "$here/goserver" ;;
    govectors) build "$name" "$here/go.mod" "$here/go.sum" "$here/govectors" ;;
    gofer2021) build "$name" "$here/gofer2021" ;;
    *) die "cannot build '$name': runsc-current, goclient, goserver, govectors, gofer2021 and goclient-debian are known" ;;
  esac
done
