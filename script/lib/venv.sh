# make_venv: build/venv holds the packages of test/requirements.txt, exactly those (by hash).
# shellcheck shell=bash

# The system's Python, as for all tests in Python: the packages are compiled for one of its kind.
venv_python=/usr/bin/python3

# Does nothing when the environment was made from the present list by the present Python.
make_venv() {
  local list=test/requirements.txt stamp=build/venv/made-from log=build/venv.log made_from
  made_from=$("$venv_python" --version && sha256sum "$list")
  [[ -e $stamp && $(<"$stamp") == "$made_from" ]] && return
  say "Making build/venv with the packages of $list."
  rm -rf build/venv
  mkdir -p build
  if ! {
    "$venv_python" -m venv build/venv &&
      build/venv/bin/pip install --quiet --disable-pip-version-check --no-input --no-deps \
        --only-binary :all: --require-hashes --requirement "$list"
  } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    fail "build/venv could not be made (all that was said is in $log)."
  fi
  printf '%s' "$made_from" >"$stamp"
}
