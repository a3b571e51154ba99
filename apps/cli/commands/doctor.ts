/**
 * `ioeventfd doctor`: what this host can do.
 *
 * @module
 */
import { hasFastMmio } from "@ioeventfd/conform";
import { LiveBackend } from "@ioeventfd/kvm-live";
import { capabilities, KVM_API_VERSION } from "@ioeventfd/uapi";
import { EnvironmentError } from "../cli_error.ts";
import type { Command, Context } from "../command.ts";
import { commandSummaries } from "../command_summaries.ts";
import { fitText } from "../fit_text.ts";
import { type HostFacts, hostFacts, parseHostFacts } from "../_host_facts.ts";
import { jsonDocument, jsonOption } from "../json_output.ts";
import { diagnosisJson, diagnosisText, type KvmAnswers } from "./_doctor_report.ts";

/** `ioeventfd doctor`. */
export const doctor: Command = {
  name: "doctor",
  summary: commandSummaries.doctor,
  usage: "[--json]",
  description:
    `Looks at /dev/kvm, its answers and its modules, at tracefs and its events, and at programs that
parts of the command use, and says what works here and what is missing. It changes nothing; of KVM
it asks with a guest of three instructions whether a store gets to the fast MMIO bus.`,
  operands: [0, 0],
  options: [jsonOption],
  examples: [
    { about: "one screen", line: "doctor" },
    { about: "for a script", line: "doctor --json" },
  ],
  run,
};

async function run(context: Context): Promise<number> {
  const { options, stdout, style } = context;
  const diagnosis = {
    facts: await factsOrNone(context),
    kvm: askKvm(),
    deno: Deno.version.deno,
  };
  await stdout.write(
    options.flag("json")
      ? jsonDocument(diagnosisJson(diagnosis))
      : fitText(diagnosisText(diagnosis, style), stdout),
  );
  return 0;
}

async function factsOrNone(context: Context): Promise<HostFacts> {
  try {
    return await hostFacts(context);
  } catch (error) {
    if (error instanceof EnvironmentError) return parseHostFacts("");
    throw error;
  }
}

function askKvm(): KvmAnswers {
  const backend = new LiveBackend();
  const available = backend.available();
  if (!available.ok) return available;
  using system = backend.open();
  const answers = Object.entries(capabilities).map(([name, number]) =>
    [name, system.checkExtension(number)] as const
  );
  return {
    ok: true,
    apiVersion: KVM_API_VERSION,
    capabilities: Object.fromEntries(answers),
    fastMmio: hasFastMmio(backend),
  };
}
