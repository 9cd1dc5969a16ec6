#!/usr/bin/python3
"""Writes what shells need to complete the built programs' words, from what those say of themselves.

Usage: tools/make_completions.py BIN OUT

BIN holds parley, websocket_server and webtransport_server. OUT gets a folder for each shell: bash/NAME,
zsh/_NAME and fish/NAME.fish.
"""

import sys
from pathlib import Path

from program_help import read_program, read_settings, with_allowed

PROGRAMS = ("parley", "websocket_server", "webtransport_server")


def quoted(text):
    """In single quotes, as all three shells read it."""
    return "'" + text.replace("'", "'\\''") + "'"


def path_of(command):
    """"token create"; empty for the program itself."""
    return " ".join(command.words[1:])


def flags_of(command):
    """[(flag, Option)] of all names with two dashes."""
    return [(name, option) for option in command.options for name in option.names
            if name.startswith("--")]


def default_of(program):
    """What stands in for the program's own flags: it serves when no command is named."""
    return program.commands.get("serve", program)


# --- bash

BASH = """\
# Completes {name}'s words; made from its --help.
{function}() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} command='' word
  # The line is cut at each "=", too.
  if [[ $current == '=' ]]; then current=''; fi
  if [[ $previous == '=' ]]; then previous=${{COMP_WORDS[COMP_CWORD - 2]}}; fi
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD - 1}}"; do
    case "$command/$word" in
{steps}
    esac
  done
  COMPREPLY=()
  case "$command $previous" in
{values}
  esac
  case "$command/$current" in
{words}
  esac
}}
complete -F {function} {name}
"""


def bash_steps(program):
    lines = [f"      {quoted(path_of(above) + '/' + word)}) command={quoted(path_of(command))} ;;"
             for above in program.all() for word, command in above.commands.items()]
    return "\n".join(lines) or "      *) ;;"


def bash_values(program):
    """What comes behind each flag that takes a value: files, words, or nothing we know."""
    lines = []
    for command in program.all():
        source = command if command is not program else default_of(program)
        kinds = {}
        for flag, option in flags_of(source):
            if not option.value:
                continue
            if option.takes_file:
                kind = "-f"
            else:
                kind = f"-W {quoted(' '.join(option.allowed))}" if option.allowed else ""
            kinds.setdefault(kind, []).append(quoted(f"{path_of(command)} {flag}"))
        for kind, patterns in kinds.items():
            lines.append(f"    {' | '.join(patterns)})")
            if kind:
                lines.append(f"      mapfile -t COMPREPLY < <(compgen {kind} -- \"$current\")")
            lines += ["      return", "      ;;"]
    return "\n".join(lines)


def bash_words(program):
    lines = []
    for command in program.all():
        source = command if command is not program else default_of(program)
        flags = " ".join(flag for flag, _ in flags_of(source))
        for pattern, words in ((f"{quoted(path_of(command) + '/-')}*", flags),
                               (f"{quoted(path_of(command) + '/')}*", " ".join(command.commands))):
            if words:
                lines += [f"    {pattern})",
                          f"      mapfile -t COMPREPLY < <(compgen -W {quoted(words)} -- \"$current\")",
                          "      ;;"]
            else:
                lines += [f"    {pattern}) ;;"]
    return "\n".join(lines)


def bash_of(program):
    name = program.words[0]
    return BASH.format(name=name, function=f"_{name}", steps=bash_steps(program),
                       values=bash_values(program), words=bash_words(program))


# --- zsh

ZSH = """\
#compdef {name}
# Completes {name}'s words; made from its --help.
local command='' word
local -i index=2 start=1
for word in "${{(@)words[2,CURRENT-1]}}"; do
  case "$command/$word" in
{steps}
  esac
  (( index++ ))
done
# What follows is completed as if the command were a program.
words=("${{(@)words[start,-1]}}")
(( CURRENT -= start - 1 ))
case $command in
{cases}
esac
"""


def zsh_spec(flag, option):
    """One argument of _arguments."""
    text = option.help.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    spec = f"{flag}[{text}]"
    if option.value:
        action = "_files" if option.takes_file else f"({' '.join(option.allowed)})"
        spec = f"{flag}=[{text}]:{option.value.replace(':', ' ')}:{action if action != '()' else ' '}"
    return quoted(spec)


def zsh_case(program, command):
    source = command if command is not program else default_of(program)
    lines = []
    if command.commands:
        listed = " ".join(quoted(f"{word}:{one.summary.replace(':', ' ')}")
                          for word, one in command.commands.items())
        lines += ["    if [[ $words[CURRENT] != -* ]]; then", f"      local -a commands=({listed})",
                  "      _describe command commands", "      return", "    fi"]
    specs = " \\\n      ".join(zsh_spec(flag, option) for flag, option in flags_of(source))
    lines.append(f"    _arguments {specs}")
    return f"  {quoted(path_of(command))})\n" + "\n".join(lines) + "\n    ;;"


def zsh_of(program):
    steps = [f"    {quoted(path_of(above) + '/' + word)}) command={quoted(path_of(command))}; "
             "start=index ;;"
             for above in program.all() for word, command in above.commands.items()]
    cases = [zsh_case(program, command) for command in program.all()]
    return ZSH.format(name=program.words[0], steps="\n".join(steps) or "    *) ;;",
                      cases="\n".join(cases))


# --- fish

FISH = """\
# Completes {name}'s words; made from its --help.
function __{name}_command --description 'Which command of {name} the line is about'
    set --local command
    for word in (commandline --tokenize --current-process --cut-at-cursor)[2..]
        switch "$command/$word"
{steps}
        end
    end
    echo "$command"
end

function __{name}_is
    test (__{name}_command) = "$argv"
end

complete --command {name} --no-files
"""


def fish_option(name, condition, flag, option):
    words = [f"complete --command {name} --condition {quoted(condition)}",
             f"--long-option {flag[2:]} --description {quoted(option.help)}"]
    if option.takes_file:
        words.append("--require-parameter --force-files")
    elif option.value:
        words.append(f"--exclusive --arguments {quoted(' '.join(option.allowed))}")
    return " ".join(words)


def fish_of(program):
    name = program.words[0]
    steps = "\n".join(f"            case {quoted(path_of(above) + '/' + word)}\n"
                      f"                set command {quoted(path_of(command))}"
                      for above in program.all() for word, command in above.commands.items())
    lines = [FISH.format(name=name, steps=steps or "            case ''")]
    for command in program.all():
        condition = f'__{name}_is "{path_of(command)}"'
        for word, one in command.commands.items():
            lines.append(f"complete --command {name} --condition {quoted(condition)} "
                         f"--arguments {word} --description {quoted(one.summary)}")
        source = command if command is not program else default_of(program)
        lines += [fish_option(name, condition, flag, option) for flag, option in flags_of(source)]
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    programs, out = map(Path, sys.argv[1:])
    _, settings = read_settings(str(programs / "parley"))
    for shell in ("bash", "zsh", "fish"):
        (out / shell).mkdir(parents=True, exist_ok=True)
    for name in PROGRAMS:
        program = with_allowed(read_program(str(programs / name), name), settings)
        (out / "bash" / name).write_text(bash_of(program))
        (out / "zsh" / f"_{name}").write_text(zsh_of(program))
        (out / "fish" / f"{name}.fish").write_text(fish_of(program))


if __name__ == "__main__":
    main()
