/**
 * `ioeventfd completions`: scripts for shells, made from the table of commands.
 *
 * @module
 */
import type { Command, Context, OptionSpec } from "../command.ts";
import { commandSummaries } from "../command_summaries.ts";
import { UsageError } from "../cli_error.ts";
import { globalOptions } from "../parse_command_line.ts";
import { nearestName } from "../_nearest_name.ts";

const shells: Readonly<Record<string, (commands: readonly Command[]) => string>> = {
  bash,
  zsh,
  fish,
};

/** `ioeventfd completions`. */
export const completions: Command = {
  name: "completions",
  summary: commandSummaries.completions,
  usage: "bash|zsh|fish",
  description: `The script completes the command named ioeventfd, as \`deno install\` makes it:
  source <(ioeventfd completions bash)`,
  operands: [1, 1],
  operandChoices: Object.keys(shells),
  options: [],
  examples: [{ about: "for bash", line: "completions bash" }],
  run,
};

async function run({ operands, commands, stdout }: Context): Promise<number> {
  const shell = operands[0]!;
  const write = Object.hasOwn(shells, shell) ? shells[shell] : undefined;
  if (write === undefined) {
    const meant = nearestName(shell, Object.keys(shells));
    const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
    throw new UsageError(`completions: no script for "${shell}", only bash, zsh and fish${hint}`);
  }
  await stdout.write(write(commands));
  return 0;
}

function optionsOf(command: Command): OptionSpec[] {
  return [...command.options, ...globalOptions];
}

function spellings(spec: OptionSpec): string[] {
  const names = spec.negatable ? [spec.name, `no-${spec.name}`] : [spec.name];
  const short = spec.short === undefined ? [] : [`-${spec.short}`];
  return [...short, ...names.map((name) => `--${name}`)];
}

function bash(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const words = optionsOf(command).flatMap(spellings).join(" ");
    const operands = command.operandChoices?.join(" ") ?? "";
    return `    ${command.name}) words="${words}" operands="${operands}" ;;`;
  });
  const values = commands.flatMap((command) =>
    command.options.filter(({ choices }) => choices !== undefined).map((spec) => {
      const before = spellings(spec).map((name) => `"${command.name} ${name}"`).join(" | ");
      return `    ${before}) ${reply(spec.choices!)}; return ;;`;
    })
  );
  return `# bash completion of ioeventfd
_ioeventfd() {
  local name="\${COMP_WORDS[1]}" word="\${COMP_WORDS[COMP_CWORD]}" words="" operands="" before=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    ${reply(names(commands))}
    return
  fi
  # bash takes --kernel=4 apart into --kernel, = and 4.
  before="\${COMP_WORDS[COMP_CWORD-1]}"
  if [ "$before" = "=" ]; then before="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  if [ "$word" = "=" ]; then word=""; fi
  case "$name $before" in
${values.join("\n")}
    "help help") ${reply(names(commands))}; return ;;
  esac
  case "$name" in
${cases.join("\n")}
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
    *) if [ -n "$operands" ]; then COMPREPLY=($(compgen -W "$operands" -- "$word")); return; fi
      compopt -o filenames 2>/dev/null
      local IFS=$'\\n'
      COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -F _ioeventfd ioeventfd
`;
}

function reply(words: readonly string[]): string {
  return `COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$word"))`;
}

function zsh(commands: readonly Command[]): string {
  const described = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
  const cases = commands.map((command) => {
    const specs = optionsOf(command).flatMap((spec) =>
      spellings(spec).map((name) => {
        const list = spec.choices === undefined ? "_files" : `(${spec.choices.join(" ")})`;
        const value = spec.value === undefined ? "" : `:${spec.value}:${list}`;
        return quote(`${spec.repeat ? "*" : ""}${name}[${escape(spec.summary)}]${value}`);
      })
    );
    const operand = command.operandChoices === undefined
      ? "_files"
      : `(${command.operandChoices.join(" ")})`;
    return `    ${command.name}) _arguments ${specs.join(" ")} '*:operand:${operand}' ;;`;
  });
  return `#compdef ioeventfd
# zsh completion of ioeventfd
_ioeventfd() {
  local -a commands=(
${described.join("\n")}
    'help:Help of a command'
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$name" in
${cases.join("\n")}
    help) _describe command commands ;;
  esac
}
compdef _ioeventfd ioeventfd
`;
}

function fish(commands: readonly Command[]): string {
  const lines = [
    "# fish completion of ioeventfd",
    "complete -c ioeventfd -f -n __fish_use_subcommand",
  ];
  for (const { name, summary } of commands) {
    lines.push(`complete -c ioeventfd -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`);
  }
  const all = quote(names(commands).join(" "));
  lines.push(
    "complete -c ioeventfd -n __fish_use_subcommand -a help -d 'Help of a command'",
    `complete -c ioeventfd -n '__fish_seen_subcommand_from help' -f -a ${all}`,
  );
  for (const command of commands) {
    const here = quote(`__fish_seen_subcommand_from ${command.name}`);
    for (const spec of optionsOf(command)) {
      const list = spec.choices === undefined ? "-rF" : `-xa ${quote(spec.choices.join(" "))}`;
      const value = spec.value === undefined ? "" : ` ${list}`;
      for (const name of spellings(spec)) {
        const flag = name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`;
        lines.push(`complete -c ioeventfd -n ${here} ${flag}${value} -d ${quote(spec.summary)}`);
      }
    }
    if (command.operandChoices !== undefined) {
      lines.push(
        `complete -c ioeventfd -n ${here} -f -a ${quote(command.operandChoices.join(" "))}`,
      );
    }
  }
  return lines.join("\n") + "\n";
}

function names(commands: readonly Command[]): string[] {
  return [...commands.map(({ name }) => name), "help"];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function escape(text: string): string {
  return text.replaceAll("[", "\\[").replaceAll("]", "\\]").replaceAll(":", "\\:");
}
