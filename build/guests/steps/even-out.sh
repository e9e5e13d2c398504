#!/bin/bash
# even-out.sh ROOT EXT4: every inode gets owner 0:0 (the guest's home 1000:1000) and the build's one time.
set -euo pipefail
root=$1 ext4=$2
first=11 last=$(dumpe2fs -h "$ext4" 2>/dev/null | awk -F: '/^Inode count/ { count = $2 } /^Free inodes/ { free = $2 } END { print count - free }')
{
  for inode in 2 $(seq "$first" "$last"); do
    for field in atime ctime mtime crtime; do echo "sif <$inode> $field @$SOURCE_DATE_EPOCH"; done
    for field in atime_extra ctime_extra mtime_extra crtime_extra uid gid; do echo "sif <$inode> $field 0"; done
  done
  cd "$root"
  # Files linked from outside the home (Wine's built-in DLLs) stay root's.
  find home/guest \( -type d -o -links 1 \) -printf '"/%p"\n' | sort | while IFS= read -r path; do
    echo "sif $path uid 1000"
    echo "sif $path gid 1000"
  done
  echo 'sif /tmp mode 041777'
} >"$ext4.commands"
E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH debugfs -w -f "$ext4.commands" "$ext4" 2>&1 >/dev/null | grep -v '^debugfs ' && exit 1
rm "$ext4.commands"
