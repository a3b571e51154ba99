import { counted } from "@ioeventfd/capture/counted";
import { textTable } from "@ioeventfd/capture/text-table";
import type { Plan, PlanProblem, PlanStep, PlanWindow } from "@ioeventfd/advisor";
import { busFromFlags, hex } from "@ioeventfd/uapi";
import type { Registration } from "@ioeventfd/uapi";
import type { Style } from "../style.ts";
import { datamatchText, registrationJson } from "./_registration_json.ts";

/** As JSON: u64s as hex strings. */
export function planJson(plan: Plan): Record<string, unknown> {
  return {
    ...plan,
    steps: plan.steps.map(({ op, registration, eventfd, old, new: next, other }, i) => ({
      step: i + 1,
      op,
      ...withFlags(registration),
      eventfd,
      old,
      new: next,
      other,
    })),
    windows: plan.windows.map(({ registration, ...window }) => ({
      ...window,
      registration: withFlags(registration),
    })),
  };
}

function withFlags(registration: Registration): object {
  return { ...registrationJson(registration), flags: registration.flags };
}

/** As text: the steps, then what is to be known about them. */
export function planText(plan: Plan, style: Style): string {
  return [...sections(plan, style)].map((lines) => lines.join("\n") + "\n").join("\n");
}

function* sections(plan: Plan, style: Style): Generator<readonly string[]> {
  yield [style.bold(summary(plan))];
  if (plan.steps.length > 0) yield stepLines(plan.steps, style);
  if (plan.windows.length > 0) {
    yield [
      style.bold("Windows"),
      ...plan.windows.flatMap((window) => windowLines(plan, window, style)),
      style.dim(
        "In a window the writes exit to userspace: signal the eventfd there, or stop the vCPUs",
      ),
    ];
  }
  if (plan.problems.length > 0) {
    yield [
      style.bold("Problems"),
      ...plan.problems.map((problem) => problemLine(plan, problem, style)),
    ];
  }
  yield [...plan.notes.map((note) => `Note: ${note}`), verdict(plan, style)];
}

function summary({ steps, kept, checked, kernels }: Plan): string {
  const count = (op: PlanStep["op"]): number => steps.filter((step) => step.op === op).length;
  const on = checked.length === 0
    ? kernels.length === 1
      ? `Linux ${kernels[0]} refuses a part of the sets`
      : `each of Linux ${kernels.join(", ")} refuses a part of the sets`
    : `each step made on the model of Linux ${checked.join(", ")}`;
  return `${counted(steps.length, "ioctl")}: ${counted(count("assign"), "assign")}, ` +
    `${counted(count("deassign"), "deassign")}; ${counted(kept.length, "registration")} ` +
    `${kept.length === 1 ? "stays" : "stay"}; ${on}`;
}

function stepLines(steps: readonly PlanStep[], style: Style): string[] {
  const [heading, ...rows] = textTable(
    [
      { title: "step", align: "right" },
      { title: "" },
      { title: "bus" },
      { title: "address" },
      { title: "len", align: "right" },
      { title: "datamatch" },
      { title: "eventfd" },
      { title: "is" },
      { title: "other half", align: "right", spare: 1 },
    ],
    steps.map(({ op, registration, eventfd, old, new: next, other }, i) => [
      String(i + 1),
      op === "assign" ? style.green(op) : style.yellow(op),
      busFromFlags(registration.flags),
      hex(registration.addr),
      registration.len === 0 ? "any" : String(registration.len),
      datamatchText(registration),
      eventfd,
      old === null ? `new #${next}` : `old #${old}`,
      other === null ? "" : String(other),
    ]),
    { room: style.room },
  );
  return [style.bold(heading!), ...rows];
}

function windowLines(plan: Plan, window: PlanWindow, style: Style): string[] {
  const { opens, closes, writes, registration, eventfd, why, kind, unavoidable } = window;
  const when = closes === null ? `from step ${opens} on` : `step ${opens} to ${closes}`;
  const what = writes.length === 0
    ? `eventfd ${eventfd} has no doorbell`
    : `writes of ${writes.join(", ")} bytes to ${hex(registration.addr)} exit`;
  const sure = unavoidable ? "no order avoids it" : "no order was found that avoids it";
  return [
    `  ${style.yellow(when)}, ${kind}${kernelsText(plan, window.kernels)}: ${what}; ${sure}`,
    `    ${why}`,
  ];
}

function problemLine(plan: Plan, { why, kernels }: PlanProblem, style: Style): string {
  const on = kernelsText(plan, kernels);
  return `  ${style.red(on === "" ? "" : `${on.trim()}: `)}${why}`;
}

function kernelsText({ kernels: all }: Plan, kernels: readonly string[]): string {
  return kernels.length === all.length ? "" : ` on ${kernels.join(", ")}`;
}

function verdict({ windows, problems, optimal, steps }: Plan, style: Style): string {
  if (problems.length > 0) {
    return style.red(
      `${counted(problems.length, "problem")}, ${counted(windows.length, "window")}`,
    );
  }
  if (windows.length > 0) {
    const least = optimal ? ": no order has fewer" : "";
    return style.yellow(`${counted(windows.length, "window")}${least}`);
  }
  if (steps.length === 0) return style.green("Nothing to do");
  return style.green("No window: what both sets signal is signalled after every step");
}
