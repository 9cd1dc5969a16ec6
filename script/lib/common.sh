# What the scripts share; they source it first, after `set -euo pipefail`.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
script=$root/script/$(basename "$0")
cd "$root" || exit

say() { printf '%s\n' "$*"; }

complain() { printf '%s\n' "$*" >&2; }

fail() {
  complain "$@"
  exit 1
}

# The comment at the head of the script, as its help.
print_help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$script"; }

# How many compilers may run at once: one for each core, but no more than fit in memory at about
# 1.5 GB each.
compile_jobs() {
  local cores available limit used
  cores=$(nproc)
  available=$(awk '/^MemAvailable:/ {print int($2 / 1024)}' /proc/meminfo)
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
  if [[ $limit =~ ^[0-9]+$ ]]; then
    used=$(cat /sys/fs/cgroup/memory.current 2>/dev/null || echo 0)
    limit=$(((limit - used) / 1024 / 1024))
    available=$((limit < available ? limit : available))
  fi
  local fitting=$((available / 1536))
  local jobs=$((fitting < cores ? fitting : cores))
  echo $((jobs < 1 ? 1 : jobs))
}

# configure PRESET: makes build/PRESET ready. CMake itself notices later changes of its files.
configure() {
  local preset=$1 log=build/configure-$1.log
  [[ -e build/$preset/build.ninja && ! CMakePresets.json -nt build/$preset/build.ninja ]] && return
  mkdir -p build
  say "Configuring build/$preset."
  cmake --preset "$preset" >"$log" 2>&1 || {
    cat "$log" >&2
    fail "CMake could not configure the preset $preset (its output is in $log)."
  }
}
