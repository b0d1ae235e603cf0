/**
 * What a test runs in a sandbox: the script, for busybox, and what it finds in its working directory. All that it does
 * is told on its standard output, and is the same on every run.
 */

import { createCipheriv } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MIB = 1 << 20;

/** Files for the script to find; `big` MiB of them in one. */
export function plantWork(directory: string, big: number): void {
  mkdirSync(join(directory, 'planted', 'deep', 'deeper'), { recursive: true });
  writeFileSync(join(directory, 'planted', 'file'), 'planted on the host\n');
  writeFileSync(join(directory, 'planted', 'empty'), '');
  writeFileSync(join(directory, 'planted', 'deep', 'deeper', 'ü \u{1f4be}'), 'a name of many bytes\n');
  symlinkSync('deep/deeper', join(directory, 'planted', 'link'));
  symlinkSync('/nowhere', join(directory, 'planted', 'dangling'));
  linkSync(join(directory, 'planted', 'file'), join(directory, 'planted', 'hard'));
  chmodSync(join(directory, 'planted', 'file'), 0o640);
  writeFileSync(join(directory, 'big'), manyBytes(big));
}

/** MiB that repeat themselves nowhere, the same every time. */
function manyBytes(size: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(size * MIB));
}

/** How many files the script makes in a tree, and how many processes run at once. */
export const FILES_COUNT = 1000;
export const PROCESSES_COUNT = 8;
/** With what the script ends if all went well. */
export const STATUS = 7;

export const WORKLOAD = `
umask 022
cd /bound
say() { echo "== $*"; }
fails() { "$@" 2>/dev/null && echo "no failure: $*" || echo "fails: $*"; }

say reading
cat planted/file planted/empty planted/link/*
readlink planted/link && readlink planted/dangling
fails cat planted/dangling
fails cat planted/nothing
fails ls planted/file/x
stat -c '%n %F %a %h %s' planted/* | sort

say a large file
dd if=big of=copy bs=1M 2>/dev/null && sha256sum < copy
dd if=copy of=part bs=4096 skip=777 count=300 2>/dev/null && sha256sum < part
printf XX | dd of=copy bs=1 seek=3000001 conv=notrunc 2>/dev/null
cmp big copy; mv copy planted/moved
truncate -s 5000 part && truncate -s 9000 part && sha256sum < part

say names
mkdir -p one/two/three
echo first > one/file && echo second > one/two/file
mv one/file one/two/three/renamed && cat one/two/three/renamed
mv one/two uno && cat uno/file uno/three/renamed
mv -f uno/three/renamed uno/file && cat uno/file
fails cat uno/three/renamed
ln -s file uno/soft && cat uno/soft && echo through >> uno/soft && cat uno/file
ln -s ../uno one/up && ls one/up/
ln -sfn /bound/uno/file one/up && cat one/up
rm uno/soft && fails cat uno/soft
fails mkdir uno
fails rmdir uno
fails mv uno uno/three/uno
fails rm one
rmdir uno/three && ls uno
long=$(printf '%0255d' 0); echo long > "$long" && cat "$long" && mv "$long" short
fails touch "x$long"

say hard links
echo first > linked && ln linked hard && echo more >> hard && cat linked && stat -c %h linked
rm linked && cat hard && stat -c %h hard

say attributes
touch -d '2001-02-03 04:05:06' short && stat -c '%Y %a %u %g' short
chmod 4751 short && stat -c %a short
chown 12:34 short && stat -c '%u %g %a' short
chmod 700 uno && stat -c %a uno
echo x > sealed && chmod 0 sealed && cat sealed && stat -c %a sealed

say open and deleted
exec 3<> gone && echo kept >&3 && rm gone && fails cat gone
echo more >&3 && stat -L -c '%h %s' /proc/self/fd/3
exec 4< uno/file && mv uno/file uno/other && echo after >> uno/other && cat <&4
exec 3>&- 4<&-

say many files
i=0; while [ $i -lt ${FILES_COUNT} ]; do
  d=tree/$((i % 10))/$((i % 7)); [ -d $d ] || mkdir -p $d
  echo "file $i" > $d/$i; i=$((i + 1))
done
find tree -type f | wc -l
find tree -type f | sort | xargs cat | sha256sum
find tree -type f -name '*5' | xargs rm && find tree -type f | wc -l
mv tree/3 tree/4/three && find tree -type d | sort | sha256sum
cp -a tree/1 copied && diff -r tree/1 copied && echo copied
rm -r copied tree/4 tree/6 && ls tree

say executing
mkdir own && cp /bin/busybox own/busybox && own/busybox echo a binary of the mount
printf '#!/bin/sh\\necho a script of the mount, "$1"\\n' > script && chmod +x script && ./script started
chmod -x script; fails ./script
ln -s busybox own/tac && printf 'last\nfirst\n' | own/tac

say many processes
n=0; while [ $n -lt ${PROCESSES_COUNT} ]; do
  (
    mkdir own/$n && cd own/$n && i=0
    while [ $i -lt 60 ]; do
      echo "$n $i" > new$i && echo "$n $i" >> all && echo "$n" >> ../together
      read -r line < new$i && echo "$line" >> read
      [ $((i % 12)) != 0 ] || mv new$i renamed$i
      i=$((i + 1))
    done
    dd if=../../big bs=1M skip=$n count=8 2>/dev/null | sha256sum > sum
  ) &
  n=$((n + 1))
done
wait
sort -n own/together | uniq -c
cat own/*/sum | sort -u | wc -l
cmp own/0/all own/0/read && cat own/*/read | sort -n | sha256sum
ls own/7 | wc -l && ls own/7 | grep renamed
# In what order they came is nobody's business.
sort own/together > own/sorted && mv own/sorted own/together

say statuses
sh -c 'exit 3'; echo $?
sh -c 'kill -9 $$'; echo $?
nothing-like-it 2>/dev/null; echo $?

say in the end
find . -print0 | sort -z | xargs -0 stat -c '%N %F %a %u %g'
find . -type f -size -1000k -print0 | sort -z | xargs -0 sha256sum | sha256sum
exit ${STATUS}
`;

/** What the script said, by its sections. */
export function sectionsOf(stdout: string): Map<string, string> {
  const parts = stdout.split(/^== (.*)\n/mu).slice(1);
  return new Map(Array.from({ length: parts.length / 2 }, (_, i) => [parts[2 * i]!, parts[2 * i + 1]!]));
}
